import sys
for number, line in enumerate(sys.stdin, 1):
    sys.stdout.write("%d %s" % (number, line.upper()))
print("read to the end", file=sys.stderr)
