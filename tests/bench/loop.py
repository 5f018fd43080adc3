"""A call-heavy loop: untouched, and with a debugger near it."""
import contextlib

from common import (FULL, Table, full_label, interleaved, interpreters, ms,
                    ratio)
from sides import Debugpy, Pitstop, Plain

ROUNDS = 10
SCRIPT = "calls.py"


def table():
    t = Table(
        "A call-heavy loop, CPU (ratios to plain Python)",
        """A loop of 200,000 calls in a running step; the least of %d
        interleaved rounds. Nobody is attached at that time. The second plain
        Python says how far two processes differ by chance.""" % ROUNDS,
        [FULL, "plain ms", "plain", "pitstop", "pitstop, detached",
         "debugpy --listen", "debugpy, detached"])
    for python in interpreters():
        least = {name: min(spent)
                 for name, spent in measure(python).items()}
        plain = least.pop("plain")
        t.add(full_label(python), ms(plain),
              *[ratio(value, plain) for value in least.values()])
    t.show()


def measure(python):
    with contextlib.ExitStack() as stack:
        sides = {name: stack.enter_context(side) for name, side in (
            ("plain", Plain(python, SCRIPT)),
            ("plain again", Plain(python, SCRIPT)),
            ("pitstop", Pitstop(python, SCRIPT)),
            ("pitstop detached", Pitstop(python, SCRIPT)),
            ("debugpy", Debugpy(python, SCRIPT)),
            ("debugpy detached", Debugpy(python, SCRIPT)))}
        for side in sides.values():
            side.ask()
        sides["pitstop detached"].attach_and_detach()
        sides["debugpy detached"].attach_and_detach()
        return interleaved({name: asking(side)
                            for name, side in sides.items()}, ROUNDS)


def asking(side):
    return lambda: float(side.ask())
