"""Starts itself once, by fork or anew, and both say how many calls they make
in a tenth of a second of CPU time, again and again, until the file appears."""
import os
import subprocess
import sys
import time

way, stop = sys.argv[1:3]


def call(n):
    return n + 1  # BREAK:call


def rate():
    end = time.process_time() + 0.1
    calls = 0
    while time.process_time() < end:
        for _ in range(100):
            calls = call(calls)
    return calls


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
