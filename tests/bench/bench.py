"""bench.py [NAME...]: measures pitstop beside what it is compared with, and
prints tables. Nothing is asserted; exit status 1 when a part could not run.
"""
import json
import os
import platform
import signal
import subprocess
import sys
import time

import attach
import common
import http_load
import latency
import loop
import many
import memory
import metadata
import output
import sinks
import stacks
import supervisor
from dap_client import Closed, Refused

STARTUP_ROUNDS = 40


def startup():
    t = common.Table(
        "What the hook adds to `python -c pass`, ms",
        """Nothing is held, the agent runs. The least of %d interleaved
        rounds, and the difference of the medians. agent: CPU that the agent
        spends on each interpreter that starts.""" % STARTUP_ROUNDS,
        ["Python", "CPU: plain", "added", "(median)", "wall: plain", "added",
         "(median)", "agent CPU"])
    for python in common.interpreters():
        found = startup_of(python)
        cells = []
        for what in ("cpu", "wall"):
            plain, hooked = found["plain"][what], found["hooked"][what]
            cells += [common.ms(plain[0]),
                      common.ms(hooked[0] - plain[0], 2),
                      common.ms(hooked[1] - plain[1], 2)]
        t.add(common.label(python), *cells,
              common.ms(found["agent"], 2) if "agent" in found else "-")
    t.show()


def startup_of(python):
    """startup.py under pitstop, itself out of the hook's reach."""
    done = subprocess.run(
        [common.PITSTOP, "run", "--", sys.executable, "-I",
         os.path.join(common.HERE, "startup.py"), python.path,
         str(STARTUP_ROUNDS)], env=common.harness.clean_environment(),
        stdout=subprocess.PIPE, universal_newlines=True, check=True)
    answer = done.stdout.rpartition("answer ")[2]
    return json.loads(answer)


PARTS = {
    "startup": startup,
    "loop": loop.table,
    "latency": latency.table,
    "attach": attach.table,
    "supervisor": supervisor.table,
    "memory": memory.table,
    "metadata": metadata.table,
    "many": many.table,
    "sessions": many.memory_table,
    "output": output.table,
    "stacks": stacks.table,
    "http": http_load.table,
    "sinks": sinks.table,
}


def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
    return "%d x %s, Linux %s" % (os.cpu_count(), model, platform.release())


def header():
    print(machine())
    print("Pythons (debugpy): " + ", ".join(
        "%s (%s)" % (common.label(p), p.debugpy)
        for p in common.interpreters()))
    missing = [p.name[2:] for p in common.pythons.MISSING
               if p.name.startswith("py") and "-" not in p.name]
    if missing:
        print("Not on this machine: Python " + ", ".join(missing))


def run_part(name):
    try:
        PARTS[name]()
        return True
    except (AssertionError, OSError, RuntimeError, ValueError,
            subprocess.SubprocessError, Closed, Refused) as why:
        print("\n%s: could not be measured: %s: %s" % (
            name, type(why).__name__, why))
        return False


def main():
    names = sys.argv[1:] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print("bench: no part %s; there are: %s" % (
            " ".join(unknown), " ".join(PARTS)), file=sys.stderr)
        return 2
    # So that what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    header()
    whole = all([run_part(name) for name in names])
    print("\nTook %d s." % (time.monotonic() - begun))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
