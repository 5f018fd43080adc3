"""What the hook adds to an interpreter that is not held.

Started by bench.py as `pitstop run -- PYTHON -I startup.py PYTHON ROUNDS`:
under a supervisor with its agent, and itself without the hook. Prints a line
of JSON."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common


def plain_environment():
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("PITSTOP_") and k != "PYTHONPATH"}
    return env


def best_and_median(spent, what):
    values = sorted(getattr(s, what) for s in spent)
    return values[0], values[len(values) // 2]


def agent_cpu():
    """Seconds on a CPU of the agent beside us, or None."""
    for pid in common.harness.children(os.getppid()):
        if common.harness.is_agent(pid):
            with open("/proc/%d/schedstat" % pid) as file:
                return int(file.read().split()[0]) / 1e9
    return None


def main():
    python, rounds = sys.argv[1], int(sys.argv[2])
    command = [python, "-c", "pass"]
    hooked, plain = dict(os.environ), plain_environment()
    common.interleaved({"warm": lambda: common.run(command, hooked)}, 2)
    before = agent_cpu()
    spent = common.interleaved({
        "plain": lambda: common.run(command, plain),
        "hooked": lambda: common.run(command, hooked)}, rounds)
    result = {name: {what: best_and_median(of, what)
                     for what in ("cpu", "wall")}
              for name, of in spent.items()}
    after = agent_cpu()
    if None not in (before, after):
        result["agent"] = (after - before) / rounds
    print("answer " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
