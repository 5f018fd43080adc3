"""A program that traces itself, across fork()."""
import os
import sys

seen = []


def trace(frame, event, arg):
    seen.append((event, os.path.basename(frame.f_code.co_filename),
                 frame.f_code.co_name))
    return trace


def own(n):
    return n + 1


sys.settrace(trace)
own(1)
sys.settrace(None)
print(seen)
