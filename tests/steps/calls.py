"""Calls functions until the file argv[1] is there, and prints how many it
makes in the time that a sum of 10,000 numbers takes, again and again. Tracing
makes calls slow and not the sum; a busy machine makes both slow."""
import os
import sys
import time

clock = getattr(time, "thread_time", time.process_time)


NUMBERS = list(range(10000))


def leaf(number):
    return number + 1


def work():
    for number in range(2000):
        leaf(number)
    return number                   # BREAK:work


print("running", flush=True)
while not os.path.exists(sys.argv[1]):
    called = summed = 1
    until = clock() + 0.03
    while clock() < until:
        begin = clock()
        work()
        middle = clock()
        sum(NUMBERS)
        called = min(called, middle - begin)
        summed = min(summed, clock() - middle)
    print("rate %d" % (2000 * summed / called), flush=True)
print("ended", flush=True)
