"""A script that brings debugpy. The arguments are what it calls, in order."""
import sys
import time

import debugpy


def until():
    while not debugpy.is_client_connected():
        time.sleep(0.01)


def work(n):
    return n + 1                    # BREAK:work


CALLS = {
    "listen": lambda: debugpy.listen(("0.0.0.0", 5678)),
    "port": lambda: debugpy.listen(5678),
    "wait": debugpy.wait_for_client,
    "connected": debugpy.is_client_connected,
    "line": lambda: sys.stdin.readline().strip(),
    "until": until,
    "traced": lambda: sys.gettrace() is not None,
    "loaded": lambda: "pydevd" in sys.modules,
    "configure": lambda: debugpy.configure(subProcess=False),
    "log_to": lambda: debugpy.log_to("/nowhere"),
    "this": debugpy.debug_this_thread,
    "trace": lambda: debugpy.trace_this_thread(True),
}
for word in sys.argv[1:]:
    if word == "break":
        debugpy.breakpoint()
        after = "break"             # BREAK:break
    elif word == "builtin":
        breakpoint()
        after = "builtin"           # BREAK:builtin
    else:
        print(word, CALLS[word](), flush=True)
print("worked", work(41), flush=True)  # BREAK:after
sys.exit(6)
