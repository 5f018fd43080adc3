"""deaf.py [STATUS]: keeps the interpreter lock until a line comes on standard
input; then it ends at once, with STATUS, or at the end of the input."""
import ctypes
import os
import sys


def rest():
    os.read(0, 100)


print("deaf", flush=True)
ctypes.PyDLL(None).read(0, ctypes.create_string_buffer(100), 100)
if sys.argv[1:]:
    os._exit(int(sys.argv[1]))
rest()
print("end", flush=True)
