"""What it costs an agent's start to find out where it runs, without IMDS."""
import os
import statistics
import subprocess

from common import Table, harness, ms

ROUNDS = 200
PROGRAM = os.path.join(os.path.dirname(harness.PITSTOP), "metadata")


def table():
    t = Table(
        "Metadata and address, at the agent's start",
        """The first time in a process, without IMDS; wall, of %d processes."""
        % ROUNDS, ["", "least ms", "median", "99 %"])
    env = harness.clean_environment()
    spent = sorted(once(env) for _ in range(ROUNDS))
    t.add("collecting", ms(spent[0], 3), ms(statistics.median(spent), 3),
          ms(spent[ROUNDS * 99 // 100], 3))
    t.show()


def once(env):
    done = subprocess.run([PROGRAM], env=env, stdout=subprocess.PIPE,
                          check=True)
    return int(done.stdout) / 1e9
