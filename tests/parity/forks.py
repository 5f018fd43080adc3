"""fork() in its forms, warnings about it, and what it leaves behind."""
import os
import pty
import subprocess
import sys
import threading
import time
import warnings


def tell(what):
    print(what, warnings.filters, threading.active_count(), flush=True)


def fork(action=lambda: None, fork=os.fork):
    pid = fork()
    pid = pid if isinstance(pid, int) else pid[0]
    if pid == 0:
        action()
        os._exit(0)
    print(os.waitpid(pid, 0)[1])


tell("start")
fork()
fork(lambda: tell("child"))
fork(lambda: fork(lambda: tell("grandchild")))
tell("forked")
fork(fork=pty.fork)
tell("pty")
print(subprocess.call([sys.executable, "-c", "print('child')"],
                      preexec_fn=lambda: None))
tell("preexec_fn")
with warnings.catch_warnings():
    fork(lambda: tell("caught"))
tell("after")
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: tell("before"),
                        after_in_child=lambda: tell("in child"))
    fork()
stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
try:
    fork(lambda: print(threading.active_count(), flush=True))
except Warning as w:
    print("raised", type(w))
print(len(warnings.filters))
stop.set()
thread.join()
