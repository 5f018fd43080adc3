"""Starts a child that it does not wait for; the shell that started it does."""
import subprocess
import sys

if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, sys.argv[0], "x"])
print("parent" if len(sys.argv) == 1 else "child")
