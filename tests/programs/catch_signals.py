"""Two processes of one group that say which signals they get.

Prints "ready PID CHILD", then a line "main N" or "child N" for each signal;
ends, exit status 0, at the end of its standard input.
"""
import os
import signal
import sys

# The C library keeps 32 and 33 to itself.
CAUGHT = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD,
                              32, 33}


def catch(name):
    def caught(number, frame):
        os.write(1, b"%s %d\n" % (name, number))
    for number in CAUGHT:
        signal.signal(number, caught)


def main():
    up, ready = os.pipe()
    child = os.fork()
    catch(b"child" if child == 0 else b"main")
    if child == 0:
        os.write(ready, b".")
    else:
        os.read(up, 1)
        os.write(1, b"ready %d %d\n" % (os.getpid(), child))
    os.close(ready)
    while sys.stdin.buffer.raw.read(1):
        pass
    os._exit(0)


main()
