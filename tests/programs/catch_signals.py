"""Two processes of one group that say which signals they get.

Prints "ready", then a line "main N" or "child N" for each signal; ends, exit
status 0, at the end of its standard input.
"""
import os
import signal
import sys
import threading

# The C library keeps 32 and 33 to itself.
CAUGHT = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD,
                              32, 33}


def end_with_input():
    while sys.stdin.buffer.raw.read(1):
        pass
    os._exit(0)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, CAUGHT)
    name = b"child" if os.fork() == 0 else b"main"
    threading.Thread(target=end_with_input, daemon=True).start()
    if name == b"main":
        os.write(1, b"ready\n")
    while True:
        os.write(1, b"%s %d\n" % (name, signal.sigwait(CAUGHT)))


main()
