"""Busy threads that call a function all the time, until the file argv[1] is
there. Says then when the last call began that a breakpoint with the condition
`hit(n)` missed, on the clock of time.monotonic()."""
import os
import sys
import threading
import time

THREADS = 5
hits = [0] * THREADS
missed = [0.0] * THREADS
stop = []


def hit(n):
    hits[n] += 1
    return False


def call(n):
    return n                        # BREAK:call


def calls(n):
    while not stop:
        began, before = time.monotonic(), hits[n]
        call(n)
        if hits[n] == before:
            missed[n] = began


threads = [threading.Thread(target=calls, args=(n,)) for n in range(THREADS)]
for thread in threads:
    thread.start()
print("running", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
stop.append(True)
for thread in threads:
    thread.join()
print(max(missed), min(hits))
