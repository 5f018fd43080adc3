"""Stepping and asking in a stopped session."""
import statistics
import time

from common import (FULL, Table, full_label, interleaved, interpreters, ms,
                    times)
from sides import Debugpy, Pitstop, step

BLOCKS = 4
EACH = 10     # in a row, as a person steps
SCRIPT = "lines.py"
LINE = "total += i"


def table():
    t = Table(
        "Latency in a stopped session, ms",
        """`next` until the `stopped` event, and the `threads` request until
        its answer, as a client sees them, %d in a row; medians of %d
        interleaved rows. pitstop's agent against debugpy's own adapter."""
        % (EACH, BLOCKS),
        [FULL, "next: pitstop", "adapter", "ratio",
         "threads: pitstop", "adapter", "ratio"])
    for python in interpreters():
        spent = {name: statistics.median(sum(rows, []))
                 for name, rows in measure(python).items()}
        cells = []
        for what in ("next", "threads"):
            ours, theirs = spent[what, "pitstop"], spent[what, "debugpy"]
            cells += [ms(ours), ms(theirs), times(theirs, ours)]
        t.add(full_label(python), *cells)
    t.show()


def measure(python):
    with Pitstop(python, SCRIPT, hold=True) as ours, \
            Debugpy(python, SCRIPT, hold=True) as theirs:
        stopped = {"pitstop": Stopped(ours), "debugpy": Stopped(theirs)}
        cases = {}
        for name, session in stopped.items():
            cases["next", name] = in_a_row(session.next)
            cases["threads", name] = in_a_row(session.threads)
        try:
            return interleaved(cases, BLOCKS)
        finally:
            for session in stopped.values():
                session.client.close()


def in_a_row(action):
    return lambda: [action() for _ in range(EACH)]


class Stopped:
    """A session that stands in the loop of lines.py, without breakpoints."""

    def __init__(self, side):
        side.wait_ready()
        path = step(SCRIPT)
        self.client = side.attach({path: [line_of(path, LINE)]})
        self.thread = self.client.stopped("breakpoint")
        self.client.set_breakpoints(path, [])
        self.next()

    def next(self):
        begun = time.perf_counter()
        self.client.step("next", self.thread)
        return time.perf_counter() - begun

    def threads(self):
        begun = time.perf_counter()
        self.client.threads()
        return time.perf_counter() - begun


def line_of(path, text):
    with open(path) as file:
        return [line.strip() for line in file].index(text) + 1
