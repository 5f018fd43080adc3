"""A step that runs another script."""
import os
import subprocess
import sys

print("outer", flush=True)          # BREAK:outer
folder = os.path.dirname(os.path.abspath(__file__))
subprocess.check_call([sys.executable, os.path.join(folder, "rank.py")])
