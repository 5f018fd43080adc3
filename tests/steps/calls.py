"""Calls functions until the file argv[1] is there, and prints the calls a
second of CPU time, again and again."""
import os
import sys
import time

clock = getattr(time, "thread_time", time.process_time)


def leaf(number):
    return number + 1


def work():
    for number in range(2000):
        leaf(number)
    return number                   # BREAK:work


print("running", flush=True)
while not os.path.exists(sys.argv[1]):
    calls, begin = 0, clock()
    while clock() - begin < 0.1:
        work()
        calls += 2000
    print("rate %d" % (calls / (clock() - begin)), flush=True)
print("ended", flush=True)
