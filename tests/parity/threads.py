"""Threads, their names, what is left of them at the end."""
import queue
import sys
import threading
import time

results = queue.Queue()


def work(n):
    results.put((n, threading.current_thread().name,
                 threading.current_thread() is threading.main_thread()))


def endless():
    while True:
        time.sleep(0.001)


def failing():
    raise ValueError("in a thread")


threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results.get() for _ in threads))
timer = threading.Timer(0.01, work, ("timer",))
timer.start()
timer.join()
print(results.get()[0])
threading.Thread(target=endless, daemon=True).start()
bad = threading.Thread(target=failing)
bad.start()
bad.join()
print([t.name for t in threading.enumerate()], threading.active_count())
print(threading.main_thread().is_alive(), len(sys._current_frames()) >= 2)
late = threading.Thread(target=lambda: (time.sleep(0.05), print("late")))
late.start()
print("end of main")
