"""Starting a command under a supervisor, and what that occupies."""
import shutil
import statistics
import subprocess

from common import (PITSTOP, Table, end, harness, interleaved, mb, memory, ms,
                    run)

ROUNDS = 100
LONGER = 10   # rounds with the agent fully up

TRUE = shutil.which("true")
SLEEP = shutil.which("sleep")
# -s: not as pid 1.
KNOWN = (("(none)", []), ("tini", ["tini", "-s", "--"]),
         ("dumb-init", ["dumb-init", "--"]))


def table():
    t = Table(
        "A supervisor's start and size",
        """`SUPERVISOR true`: CPU of all processes, and wall; the least and
        the median of %d interleaved rounds. Memory of the supervisor process
        while `sleep` runs.""" % ROUNDS,
        ["supervisor", "CPU ms", "median", "wall ms", "median", "RSS MB",
         "PSS MB"])
    env = harness.clean_environment()
    prefixes = supervisors()
    spent = interleaved({name: runs(prefix + [TRUE], env)
                         for name, prefix in prefixes.items()}, ROUNDS)
    for name, prefix in prefixes.items():
        t.add(name, *figures(spent[name]), *size(prefix, env))
    t.show()
    print("  pitstop with its agent up (`pitstop run sleep 0.2`): "
          "%s ms CPU for both" % with_agent(env))


def supervisors():
    found = {}
    for name, prefix in KNOWN:
        path = shutil.which(prefix[0]) if prefix else ""
        if path is None:
            print("\n  %s is not installed here: left out" % name)
        else:
            found[name] = [path] + prefix[1:] if prefix else []
    found["pitstop run"] = [PITSTOP, "run"]
    return found


def runs(command, env):
    return lambda: run(command, env)


def figures(spent):
    cells = []
    for what in ("cpu", "wall"):
        values = [getattr(s, what) for s in spent]
        cells += [ms(min(values), 2), ms(statistics.median(values), 2)]
    return cells


def size(prefix, env):
    if not prefix:
        return "-", "-"
    process = subprocess.Popen(prefix + [SLEEP, "60"], env=env,
                               stdout=subprocess.DEVNULL)
    try:
        wanted = 2 if prefix[0] == PITSTOP else 1
        harness.wait_for(
            lambda: len(harness.children(process.pid)) >= wanted
            and all(harness.command_line(p)[-1:] != prefix[:1]
                    for p in harness.children(process.pid)), "its children")
        return [mb(kb) for kb in memory(process.pid)]
    finally:
        end(process)


def with_agent(env):
    spent = interleaved({
        "plain": runs([SLEEP, "0.2"], env),
        "pitstop": runs([PITSTOP, "run", SLEEP, "0.2"], env)}, LONGER)
    least = {name: min(s.cpu for s in of) for name, of in spent.items()}
    return ms(least["pitstop"] - least["plain"], 2)
