"""From the attach request to the first breakpoint."""
import statistics
import time

from common import (FULL, Table, a_few, full_label, interleaved, interpreters,
                    ms, times)
from latency import LINE, SCRIPT, line_of
from sides import Debugpy, Pitstop, step

ROUNDS = 5


def table():
    t = Table(
        "Attaching to a held step, ms",
        """ready: from the start of the command until a client can connect.
        attach: from the client's attach request until it stops at a first
        breakpoint. `debugpy --listen --wait-for-client` has loaded the
        debugger when it is ready, pitstop loads it at the attach.
        Medians of %d interleaved rounds.""" % ROUNDS,
        [FULL, "ready: pitstop", "debugpy", "attach: pitstop",
         "debugpy", "both: pitstop", "debugpy", "ratio"])
    for python in a_few(interpreters()):
        found = interleaved({
            "pitstop": lambda: once(Pitstop(python, SCRIPT, hold=True)),
            "debugpy": lambda: once(Debugpy(python, SCRIPT, hold=True))},
            ROUNDS)
        t.add(full_label(python), *cells(found))
    t.show()


def cells(found):
    ours, theirs = found["pitstop"], found["debugpy"]
    row = []
    for pick in (lambda r: r[0], lambda r: r[1], sum):
        row += [median(ours, pick), median(theirs, pick)]
    return [ms(value, 0) for value in row] + [times(row[-1], row[-2])]


def median(results, pick):
    return statistics.median(pick(r) for r in results)


def once(side):
    """Seconds until it was ready, and from attach to the breakpoint."""
    path = step(SCRIPT)
    with side:
        side.wait_ready()
        ready = time.monotonic() - side.started
        client = side.client()
        begun = time.monotonic()
        client.start(side.configuration(), {path: [line_of(path, LINE)]})
        client.stopped("breakpoint")
        spent = time.monotonic() - begun
        client.close()
    return ready, spent
