"""stuck.py KIND FOLDER [MS]: ranks that wait for each other in a file of the folder,
and one of which does not come (`rank`); or a call that keeps the interpreter
lock for MS milliseconds, and then the same (`native`)."""
import ctypes
import os
import sys
import time

kind, folder = sys.argv[1:3]


def all_reduce():
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.02)                # BREAK:all_reduce


def load_batch():
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.02)                # BREAK:load_batch


if kind == "rank":
    print("rank", flush=True)
    load_batch() if os.environ["RANK"] == "2" else all_reduce()
else:
    print("native", flush=True)
    ctypes.PyDLL(None).poll(None, 0, int(sys.argv[3]))  # BREAK:native
    all_reduce()
print("end\n", end="", flush=True)
