"""For each line on standard input: 200,000 calls, and the CPU they took."""
import sys
import time

COUNT = 200000


def more(x):
    return x + 1


def calls():
    total = 0
    for _ in range(COUNT):
        total = more(total)
    return total


for line in sys.stdin:
    begun = time.process_time()
    calls()
    print("answer %.6f" % (time.process_time() - begun), flush=True)
