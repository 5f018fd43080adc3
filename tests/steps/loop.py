"""A loop at module level that runs until the file argv[1] is there. Does not
import threading before its end."""
import os
import sys
import time
from _thread import get_ident

main = get_ident()
early = "threading" in sys.modules
turns = 0
print("running", flush=True)
while not os.path.exists(sys.argv[1]):
    turns += 1                      # BREAK:turn
    time.sleep(0.01)                # BREAK:sleep

import signal                       # noqa: E402
import threading                    # noqa: E402

signal.signal(signal.SIGUSR1, signal.SIG_IGN)   # only in the main thread
print("early", early)
print("turned", turns > 0)
print("same main", threading.main_thread().ident == main)
print("is main", threading.current_thread() is threading.main_thread())
print("name", threading.current_thread().name)
sys.exit(5)
