"""Replaces what the debugger may use too."""
import sys
import threading


class NoEvent:
    def wait(self, *_):
        raise RuntimeError("not for a debugger")

    set = clear = is_set = wait


threading.Event = NoEvent
x = 1  # BREAK:here
x += 4  # BREAK:there
sys.exit(x)
