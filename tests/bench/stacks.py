"""Where a step's fifty threads are: by its own hook, and by py-spy."""
import os
import statistics
import subprocess
import time

import common
from common import Table, a_few, interpreters, label, ms, times
from http_wire import Wire
from sides import TOKEN, Pitstop

ROUNDS = 20
SPY = os.path.join(os.environ.get(
    "PITSTOP_CACHE", os.path.expanduser("~/.cache/pitstop")),
    "venvs/bench/bin/py-spy")


def table():
    t = Table(
        "The stacks of a step with 50 threads, each 12 calls deep, ms",
        """GET: the HTTP request, the first of a step and the median of %d.
        command: all of `pitstop stacks`, beside all of `py-spy dump`, which
        reads the step's memory from outside and stops it meanwhile; medians
        of %d interleaved rounds.""" % (ROUNDS, ROUNDS),
        ["Python", "first GET", "GET", "command", "py-spy dump", "ratio"])
    for python in a_few(interpreters(), 4):
        with Pitstop(python, "threads.py") as side:
            t.add(label(python), *cells(side))
    t.show()


def cells(side):
    side.output.wait("^ready$")
    pid = side.main_pid()
    gets = [get(side, pid) for _ in range(ROUNDS + 1)]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(run([common.PITSTOP, "stacks", str(pid)], side))
        if os.access(SPY, os.X_OK):
            theirs.append(run([SPY, "dump", "--pid", str(pid)], side))
    ours = statistics.median(ours)
    spy = statistics.median(theirs) if theirs else None
    return [ms(gets[0]), ms(statistics.median(gets[1:])), ms(ours),
            ms(spy) if spy else "no py-spy", times(spy, ours) if spy else "-"]


def get(side, pid):
    begun = time.monotonic()
    with Wire(side.http_port) as wire:
        answer = wire.ask("GET", "/v1/sessions/%d/stacks" % pid, TOKEN)
    assert answer.status == 200 and b"worker 49" in answer.content, answer
    return time.monotonic() - begun


def run(command, side):
    begun = time.monotonic()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True,
        env=common.harness.clean_environment(
            PITSTOP_SOCKET=side.variable("PITSTOP_SOCKET")))
    assert b"worker 49" in done.stdout, done.stdout[-500:]
    return time.monotonic() - begun
