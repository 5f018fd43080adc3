"""A script that brings ptvsd. The arguments are what it calls, in order."""
import sys

import ptvsd
from ptvsd import tracing


def work(n):
    return n + 1                    # BREAK:work


def untraced():
    with tracing(False):
        inside = tracing()
    return inside, tracing()


CALLS = {
    "listen": lambda: ptvsd.enable_attach(("0.0.0.0", 5678), True),
    "default": ptvsd.enable_attach,
    "wait": ptvsd.wait_for_attach,
    "second": lambda: ptvsd.wait_for_attach(timeout=1),
    "fraction": lambda: ptvsd.wait_for_attach(0.3),
    "line": lambda: sys.stdin.readline().strip(),
    "zero": lambda: ptvsd.wait_for_attach(0),
    "connected": ptvsd.is_attached,
    "tracing": untraced,
    "attach": lambda: ptvsd.attach(("10.0.0.1", 5678)),
    "this": ptvsd.debug_this_thread,
    "loaded": lambda: "pydevd" in sys.modules,
}
for word in sys.argv[1:]:
    if word == "break":
        ptvsd.break_into_debugger()
        after = "break"             # BREAK:break
    elif word == "builtin":
        breakpoint()
        after = "builtin"           # BREAK:builtin
    else:
        print(word, CALLS[word](), flush=True)
print("worked", work(41), flush=True)  # BREAK:after
sys.exit(6)
