"""Fifty threads that stand ten calls deep, until standard input ends."""
import sys
import threading

COUNT = 50
end = threading.Event()


def deeper(calls):
    if calls:
        return deeper(calls - 1)
    return end.wait()


threads = [threading.Thread(target=deeper, args=(10,), name="worker %d" % n)
           for n in range(COUNT)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.read()
end.set()
