"""What a step prints, on its way to the client's debug console."""
import os
import statistics
import time

from common import (FULL, Table, a_few, full_label, interpreters, ms,
                    times)
from dap_client import Client
from latency import line_of
from sides import PATIENCE, Debugpy, Pitstop, step

SCRIPT = "prints.py"
SHAPES = ((5000, 100), (10000, 1000), (320, 65536))  # lines, bytes
ROUNDS = 3


def table():
    t = Table(
        "Output events, MB/s",
        """A step that prints with redirectOutput, to a client that takes all:
        from `continue` until the last byte is there; medians of %d interleaved
        rounds. CPU: ms that the agent, or debugpy's adapter, spends on a MB.
        Its own half, in the step, is the same on both sides.""" % ROUNDS,
        [FULL, "lines of", "pitstop", "adapter", "ratio", "CPU: pitstop",
         "adapter", "ratio"])
    for python in a_few(interpreters(), 3):
        for lines, size in SHAPES:
            found = {"pitstop": [], "debugpy": []}
            for _ in range(ROUNDS):
                found["pitstop"].append(once(Pitstop, python, lines, size))
                found["debugpy"].append(once(Debugpy, python, lines, size))
            t.add(full_label(python), "%d B" % size,
                  *cells(found, lines * size / 1e6))
    t.show()


def cells(found, megabytes):
    ours, theirs = [[statistics.median(r[i] for r in found[name])
                     for i in range(2)] for name in ("pitstop", "debugpy")]
    return ["%.1f" % (megabytes / ours[0]), "%.1f" % (megabytes / theirs[0]),
            times(theirs[0], ours[0]), ms(ours[1] / megabytes, 2),
            ms(theirs[1] / megabytes, 2), times(theirs[1], ours[1])]


class Counting(Client):
    """Counts output and keeps all else: it has to be faster than what it
    measures."""
    received = 0

    def _take(self, message):
        body = message.get("body") or {}
        if message.get("event") == "output":
            self.received += len(body["output"])
        else:
            super()._take(message)


def once(kind, python, lines, size):
    """Seconds until all was there, and CPU of what carried it."""
    path = step(SCRIPT)
    points = [line_of(path, text) for text in ("first = True", "last = True")]
    with kind(python, SCRIPT, hold=True,
              arguments=[str(lines), str(size)]) as side:
        side.wait_ready()
        client = Counting("127.0.0.1", side.port, PATIENCE)
        client.start(side.configuration(), {path: points})
        thread = client.stopped("breakpoint")
        carrier = side.carrier()
        before = cpu(carrier)
        begun = time.monotonic()
        client.send("continue", {"threadId": thread})
        client.stopped("breakpoint", 300)   # it comes behind all output
        spent = time.monotonic() - begun
        carried = cpu(carrier) - before
        client.close()
    assert client.received >= lines * size, "only %d B" % client.received
    return spent, carried


def cpu(pid):
    """Seconds of all its threads, finer than clock ticks."""
    total = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, thread)) as file:
            total += int(file.read().split()[0])
    return total / 1e9
