"""Tables, processes and figures that the benchmarks share."""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness
import pythons

PITSTOP = harness.PITSTOP
STEPS = os.path.join(HERE, "steps")


def interpreters():
    """One Python of each version that is here, oldest first; the system's
    own only where its version is not among the others."""
    found = {}
    for python in pythons.HERE:
        if python.name.count("-") == 0 and python.name != "system":
            found[python.version] = python
    for python in pythons.HERE:
        found.setdefault(python.version, python)
    return [found[version] for version in sorted(found)]


def a_few(all_of_them, count=4):
    """Spread over the range, with both ends."""
    last = len(all_of_them) - 1
    picked = {round(i * last / (count - 1)) for i in range(count)}
    return [all_of_them[i] for i in sorted(picked)]


# ---- tables -----------------------------------------------------------------

class Table:
    """A heading, what is measured, and rows of text in columns."""

    def __init__(self, title, about, columns):
        self.title, self.about = title, about
        self.rows = [columns]

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def show(self):
        widths = [max(len(row[i]) for row in self.rows)
                  for i in range(len(self.rows[0]))]
        print("\n%s" % self.title)
        for line in self.about.strip().splitlines():
            print("  " + line.strip())
        print()
        for row in self.rows:
            print("  " + self.line(row, widths))
        sys.stdout.flush()

    @staticmethod
    def line(row, widths):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:],
                                                           widths[1:])]
        return "  ".join(cells).rstrip()


def label(python):
    return "%d.%d" % python.version


def full_label(python):
    """Under the heading FULL."""
    return "%s, %s" % (label(python), python.debugpy)


FULL = "Python, debugpy"


def ms(seconds, digits=1):
    return "%.*f" % (digits, seconds * 1000)


def mb(kilobytes):
    return "%.2f" % (kilobytes / 1024)


def ratio(value, base):
    return "%.2f" % (value / base)


def times(theirs, ours):
    """How many times as long theirs takes."""
    quotient = theirs / ours
    return ("%.0fx" if quotient >= 10 else "%.1fx") % quotient


# ---- processes ----------------------------------------------------------

class Spent:
    """What a command took: CPU of it and of all it waited for, and wall."""

    def __init__(self, cpu, wall):
        self.cpu, self.wall = cpu, wall


def run(command, env):
    """Run to the end with no input and no output. Its path must be whole."""
    quiet = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begun
    if status:
        raise RuntimeError("%s: wait status %d" % (" ".join(command), status))
    return Spent(usage.ru_utime + usage.ru_stime, wall)


def interleaved(cases, rounds):
    """Call each case once a round, forth and back, and keep the results.
    cases: {name: function}."""
    results = {name: [] for name in cases}
    names = list(cases)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(cases[name]())
    return results


def memory(pid):
    """Rss and Pss of a process in kB."""
    found = {}
    with open("/proc/%d/smaps_rollup" % pid) as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("Rss", "Pss"):
                found[name] = int(rest.split()[0])
    return found["Rss"], found["Pss"]


def end(process):
    """A process of ours and what it started, by pid."""
    for pid in [process.pid] + harness.descendants(process.pid):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    process.wait(30)


class Command:
    """A child with a pipe to its standard input and from its output."""

    def __init__(self, command, **env):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=harness.clean_environment(**env),
            bufsize=0)
        self.output = harness.Output(self.process.stdout)
        self.asked = 0

    def ask(self, line="go"):
        """Write a line, and return the line that answers."""
        self.process.stdin.write(line.encode() + b"\n")
        at, match = self.output.wait("^answer (.*)$", 120, self.asked)
        self.asked = at + 1
        return match.group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.output.reader.join(5)
        self.process.stdin.close()
        self.process.stdout.close()
