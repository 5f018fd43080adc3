"""A process that becomes another program: this script again, or `sh`."""
import os
import sys

print("before", flush=True)  # BREAK:before
if sys.argv[1:] == ["python"]:
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__)])
elif sys.argv[1:] == ["sh"]:
    os.execv("/bin/sh", ["sh", "-c", "echo after; exit 3"])
print("after", flush=True)  # BREAK:after
sys.exit(3)
