"""Becomes another Python by exec()."""
import os
import sys

if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, sys.argv[0], "x"])
print("again")
sys.exit(3)
