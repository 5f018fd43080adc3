"""What stands beside an idle step, and in it."""
import contextlib

from common import (FULL, Table, a_few, full_label, interpreters, mb,
                    memory)
from sides import Debugpy, Pitstop, Plain

SCRIPT = "calls.py"


def beside():
    """The processes that are there besides the step."""
    t = Table(
        "Memory beside an idle step, MB",
        """Nobody attached. PSS counts a page that several processes share in
        parts. debugpy: its adapter process, `--listen`.""",
        [FULL, "supervisor RSS", "PSS", "agent RSS", "PSS",
         "both PSS", "adapter RSS", "PSS"])
    for python in a_few(interpreters()):
        with Pitstop(python, SCRIPT) as ours, \
                Debugpy(python, SCRIPT) as theirs:
            settle(ours, theirs)
            supervisor = memory(ours.process.pid)
            agent = memory(ours.agent())
            adapter = memory(theirs.adapter())
        t.add(full_label(python), *map(mb, supervisor),
              *map(mb, agent), mb(supervisor[1] + agent[1]),
              *map(mb, adapter))
    t.show()


def inside():
    """The step itself."""
    t = Table(
        "Memory of an idle step, RSS in MB",
        "The Python process itself; nobody attached.",
        [FULL, "plain", "pitstop", "debugpy --listen"])
    for python in a_few(interpreters()):
        with contextlib.ExitStack() as stack:
            plain, ours, theirs = [
                stack.enter_context(side(python, SCRIPT))
                for side in (Plain, Pitstop, Debugpy)]
            settle(plain, ours, theirs)
            t.add(full_label(python),
                  *[mb(memory(pid)[0]) for pid in (
                      plain.process.pid, ours.main_pid(),
                      theirs.main_pid())])
    t.show()


def settle(*sides):
    """Each has run its loop once and stands waiting."""
    for side in sides:
        if side.port:
            side.wait_listening()
        side.ask()


def table():
    beside()
    inside()
