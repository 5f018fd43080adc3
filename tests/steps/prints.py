"""Writes to both streams, after a line to stop at."""
import sys

ready = True                        # BREAK:ready
print("to stdout: \u00e9\u20ac", flush=True)
sys.stderr.write("to stderr\n")
sys.stderr.flush()
last = True                         # BREAK:last
