"""Prints argv[1] lines of argv[2] bytes, its standard output being the file
argv[3], with pauses of argv[4] seconds."""
import os
import sys
import time

lines, size, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[4])
out = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
os.dup2(out, 1)
line = "x" * (size - 1)
ready = True                        # BREAK:ready
for i in range(lines):
    print(line)                     # BREAK:print
    if pause:
        time.sleep(pause)
sys.stdout.flush()
os.write(2, b"printed\n")
last = True                         # BREAK:last
sys.exit(6)
