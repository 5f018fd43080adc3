"""Starts itself once, by fork or anew, and both say how many calls they make
in the time that a sum of 10,000 numbers takes, again and again, until the file
appears. Tracing makes calls slow and not the sum."""
import os
import subprocess
import sys
import time

way, stop = sys.argv[1:3]
NUMBERS = list(range(10000))


def call(n):
    return n + 1  # BREAK:call


def calls():
    for number in range(2000):
        call(number)


def rate():
    called = summed = 1
    until = time.process_time() + 0.03
    while time.process_time() < until:
        begin = time.process_time()
        calls()
        middle = time.process_time()
        sum(NUMBERS)
        called = min(called, middle - begin)
        summed = min(summed, time.process_time() - middle)
    return int(2000 * summed / called)


def rates(name):
    while not os.path.exists(stop):
        print(name, os.getpid(), rate(), flush=True)


if way == "child":
    rates("child")
    sys.exit()
print("begun", rate(), flush=True)  # BREAK:begun
if way == "fork":
    pid = os.fork()
    if pid == 0:
        rates("child")
        os._exit(0)
    os.waitpid(pid, 0)
else:
    subprocess.check_call([sys.executable, os.path.abspath(__file__), "child",
                           stop])
print("done")
