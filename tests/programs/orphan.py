"""Leaves orphans behind and sees to it that somebody reaps them.

Prints the pid of who adopted them and "reaped"; exit status 1 when they are
zombies for longer than ten seconds.
"""
import os
import sys
import time

COUNT = 20


def make_orphan(say, wait):
    """The pid of a grandchild whose parent has ended."""
    middle = os.fork()
    if middle == 0:
        parent = os.getpid()
        if os.fork() == 0:
            while os.getppid() == parent:
                time.sleep(0.001)
            os.write(say, b"%d %d\n" % (os.getpid(), os.getppid()))
            os.read(wait, 1)  # until the step lets go
        os._exit(0)
    os.waitpid(middle, 0)


def main():
    said, say = os.pipe()
    wait, let_go = os.pipe()
    for _ in range(COUNT):
        if os.fork() == 0:
            os.close(let_go)
            make_orphan(say, wait)
            os._exit(0)
    for _ in range(COUNT):
        os.wait()
    os.close(say)
    os.close(wait)
    with open(said) as lines:
        orphans = [next(lines).split() for _ in range(COUNT)]
    os.close(let_go)
    end = time.monotonic() + 10
    while any(os.path.exists("/proc/" + pid) for pid, _ in orphans):
        if time.monotonic() > end:
            sys.exit(1)
        time.sleep(0.005)
    print(*{parent for _, parent in orphans})
    print("reaped")


main()
