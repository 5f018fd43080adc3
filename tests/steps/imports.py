"""Imports something just when the debugger does; _weakrefset.py beside it sees
to that. With "step" this one is the first to import, else the debugger."""
import _thread
import os
import sys
import time

stop, first = sys.argv[1:]
main = _thread.get_ident()
print("running", flush=True)
if first == "step":
    import _weakrefset  # noqa: F401
while "threading" not in sys.modules and first != "step":
    time.sleep(0.001)
import reprlib
import threading
print("is main", threading.current_thread() is threading.main_thread())
print("own function", reprlib.get_ident is _thread.get_ident)
while not os.path.exists(stop):
    time.sleep(0.01)
sys.exit(5)
