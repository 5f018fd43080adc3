"""A call-heavy loop: untouched, and with a debugger near it."""
import contextlib

from common import (FULL, Table, full_label, interleaved, interpreters, ms,
                    ratio)
from sides import Debugpy, Pitstop, Plain

ROUNDS = 8
PROCESSES = 3   # of each kind: each has its own luck with its addresses
SCRIPT = "calls.py"


def table():
    t = Table(
        "A call-heavy loop, CPU (ratios to plain Python)",
        """A loop of 200,000 calls in a running step; the least of %d
        interleaved rounds in %d processes. Nobody is attached at that time.
        The second plain Python says how much is chance."""
        % (ROUNDS, PROCESSES),
        [FULL, "plain ms", "plain", "pitstop", "pitstop, detached",
         "debugpy --listen", "debugpy, detached"])
    for python in interpreters():
        least = measure(python)
        plain = least["plain"]
        t.add(full_label(python), ms(plain),
              *[ratio(least[kind], plain) for kind in list(KINDS)[1:]])
    t.show()


KINDS = {
    "plain": Plain,
    "plain again": Plain,
    "pitstop": Pitstop,
    "pitstop detached": Pitstop,
    "debugpy": Debugpy,
    "debugpy detached": Debugpy,
}


def measure(python):
    """The least of each kind."""
    runs = [measure_once(python) for _ in range(PROCESSES)]
    return {kind: min(min(run[kind]) for run in runs) for kind in KINDS}


def measure_once(python):
    """One process of each kind, in turn."""
    with contextlib.ExitStack() as stack:
        sides = {kind: stack.enter_context(side(python, SCRIPT))
                 for kind, side in KINDS.items()}
        for kind, side in sides.items():
            side.ask()
            if kind.endswith("detached"):
                side.attach_and_detach()
        return interleaved({kind: asking(side)
                            for kind, side in sides.items()}, ROUNDS)


def asking(side):
    return lambda: float(side.ask())
