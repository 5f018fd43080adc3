"""stuck.py KIND FILE [MS]: ranks that wait for each other, as long as another
has the file's lock, and one of which is elsewhere (`rank`); or a call that
keeps the interpreter lock for MS milliseconds, and then the same (`native`)."""
import ctypes
import fcntl
import os
import sys

kind, path = sys.argv[1:3]
file = open(path)


def all_reduce():
    fcntl.flock(file, fcntl.LOCK_SH)    # BREAK:all_reduce


def load_batch():
    fcntl.flock(file, fcntl.LOCK_SH)    # BREAK:load_batch


if kind == "rank":
    print("rank\n", end="", flush=True)
    load_batch() if os.environ["RANK"] == "2" else all_reduce()
else:
    print("native", flush=True)
    ctypes.PyDLL(None).poll(None, 0, int(sys.argv[3]))
    all_reduce()
print("end\n", end="", flush=True)
