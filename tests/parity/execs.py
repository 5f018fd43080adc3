"""A program that becomes another, twice."""
import os
import sys

left = int(sys.argv[1]) if sys.argv[1:] else 2
print(left, os.open("/dev/null", os.O_RDONLY), flush=True)
if left:
    os.execv(sys.executable, [sys.executable, __file__, str(left - 1)])
os.execvp("sh", ["sh", "-c", "echo shell; exit 3"])
