"""hangs.py KIND FOLDER WHO: hangs in native code until the test lets it go.

WHO hangs: `main` alone, `main` while a worker loops (`main+loop`), a worker
while the main thread loops (`worker`) or hangs too (`both`), or `child`, a
process of its own.
"""
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time

kind, folder, who = sys.argv[1:4]


def sleep():
    value = 7
    time.sleep(9)                       # BREAK:sleep
    return value                        # BREAK:sleep_back


def lock():
    value = 7
    file = open(os.path.join(folder, "lock"))
    fcntl.flock(file, fcntl.LOCK_EX)    # BREAK:lock
    file.close()                        # BREAK:lock_back
    return value


def read():
    value = 7
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.path.join(folder, "socket"))
    connection.recv(1)                  # BREAK:read
    connection.close()                  # BREAK:read_back
    return value


def loop(until):
    turns = 0
    while not until():
        turns += 1
        time.sleep(0.01)
    return turns


def work():
    return globals()[kind]()


print("hanging", flush=True)
if who == "child":
    subprocess.check_call([sys.executable, __file__, kind, folder, "main"])
elif who in ("worker", "both"):
    worker = threading.Thread(target=work, name="worker")
    worker.start()
    if who == "worker":
        loop(lambda: not worker.is_alive())
    worker.join()                       # BREAK:join
else:
    if who == "main+loop":
        threading.Thread(target=loop, args=(lambda: False,), name="looper",
                         daemon=True).start()
    work()
print("back", flush=True)               # BREAK:end
sys.exit(3)
