"""In the place of the module of the standard library, which threading imports:
not done before another thread wants it, or threading, too."""
import os
import sys
import time
from __main__ import _thread, main

LIMIT_SECONDS = 10


def frames_of_others():
    for ident, frame in sys._current_frames().items():
        while frame is not None and ident != _thread.get_ident():
            yield frame
            frame = frame.f_back


def another_is_here():
    where = "threading.py" if _thread.get_ident() == main else "importlib"
    return any(where in f.f_code.co_filename for f in frames_of_others())


limit = time.monotonic() + LIMIT_SECONDS
while not another_is_here() and time.monotonic() < limit:
    time.sleep(0.001)
with open(os.path.join(os.path.dirname(os.__file__), "_weakrefset.py")) as f:
    exec(f.read())
