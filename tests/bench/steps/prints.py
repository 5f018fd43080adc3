"""Prints argv[1] lines of argv[2] bytes, then stands at its last line."""
import os
import sys

lines, size = int(sys.argv[1]), int(sys.argv[2])
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
line = "x" * (size - 1)
first = True
for i in range(lines):
    print(line)
last = True
