"""Holds train.py under pitstop, debugs it as VS Code would, and tells.

usage: debug.py PITSTOP PYTHON

The client is tests/dap_client.py: it sends what VS Code sends for F5, a
breakpoint, F10 and Disconnect. Exit status 0 when all went as told."""
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from dap_client import Client, Closed, Overdue, Refused
from harness import LAUNCH, Output, clean_environment

SCRIPT = os.path.join(HERE, "train.py")
BREAK_AT = "error = weight * x + bias - y"
STEPS = 20         # F10s
STEPS_SHOWN = 4    # ... of which the story tells so many
ATTACHED = r"^Debugger attached = True$"


def main():
    pitstop, python = sys.argv[1:]
    told = Story()
    step = HeldStep(pitstop, python)
    try:
        debug(step, told)
    except (AssertionError, Closed, Overdue, Refused, OSError) as why:
        step.show()
        print("\nThe demo failed: %s" % why)
        return 1
    finally:
        step.end()
    told.timings()
    return 0


def debug(step, told):
    told.part("The step starts, and is held before its first line")
    print("  $ %s" % step.command_line())
    launch = step.wait_held()
    told.time("start of `pitstop run` to ready for a debugger", step.started)
    step.show()

    told.part("A debugger attaches, with a breakpoint on line %d"
              % line_of(BREAK_AT))
    client = connect(launch)
    frame, thread = attach(client, launch, told)
    step.wait(ATTACHED)
    step.show()
    tell_frame(frame)

    told.part("The local variables there")
    tell_locals(client, frame)

    told.part("The breakpoint goes; step over, %d times" % STEPS)
    step_over(client, thread, told)

    told.part("The debugger disconnects, the step runs to its end")
    leave(client, step, told)


def connect(launch):
    """On this machine: the agent listens on all addresses."""
    return Client("127.0.0.1", launch["connect"]["port"])


def attach(client, launch, told):
    client.initialize()
    begun = time.monotonic()
    client.start(launch, {SCRIPT: [line_of(BREAK_AT)]}, folder=HERE)
    told.time("attach request to attached", begun)
    thread = client.stopped("breakpoint")
    told.time("attach request to stopped at the breakpoint", begun)
    return client.top(thread), thread


def tell_frame(frame):
    print("  stopped at train.py:%d, in %s():" % (
        frame["line"], frame["name"]))
    print("      %s" % source(frame["line"]))


def tell_locals(client, frame):
    for name, variable in client.local(frame).items():
        if name.isidentifier():
            print("  %-7s = %s" % (name, shortened(variable["value"])))


def shortened(text, width=60):
    return text if len(text) <= width else text[:width - 4] + " ..."


def step_over(client, thread, told):
    """Without the breakpoint, which is in the loop that is stepped through."""
    client.set_breakpoints(SCRIPT, [])
    spent = []
    for count in range(STEPS):
        begun = time.monotonic()
        client.step("next", thread)
        spent.append(time.monotonic() - begun)
        if count < STEPS_SHOWN:
            line = client.top(thread)["line"]
            print("  train.py:%d  %-32s %6.1f ms" % (
                line, source(line), spent[-1] * 1000))
    print("  ...")
    told.note("step over, median of %d" % STEPS, statistics.median(spent))


def leave(client, step, told):
    begun = time.monotonic()
    client.detach()
    told.time("disconnect request to its answer", begun)
    status = step.finish()
    step.show()
    print("  exit status %d" % status)
    assert status == 0, "the step ended with status %d" % status


class Story:
    """Numbered headings, and the times for the end."""

    def __init__(self):
        self.parts = 0
        self.times = []

    def part(self, title):
        self.parts += 1
        print("\n%d. %s\n" % (self.parts, title))

    def time(self, what, begun):
        self.note(what, time.monotonic() - begun)

    def note(self, what, seconds):
        self.times.append((what, seconds))

    def timings(self):
        print("\nTimings\n")
        for what, seconds in self.times:
            print("  %-50s %8.1f ms" % (what, seconds * 1000))


class HeldStep:
    """`pitstop run --hold` of the training script; its output is kept, and
    printed when `show` is called, so that the story stays in order."""

    def __init__(self, pitstop, python):
        self.command = [pitstop, "run", "--hold", "--timeout", "60", "--",
                        python, SCRIPT, "--epochs", "3"]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command, cwd=HERE, env=clean_environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.output = Output(self.process.stdout)
        self.shown = 0

    def command_line(self):
        return " ".join(os.path.basename(word) for word in self.command)

    def wait(self, pattern):
        return self.output.wait(pattern)[1]

    def wait_held(self):
        match = self.wait("^%s(.*)$|^pitstop: not holding .*" % LAUNCH)
        assert match.group(1), match.group(0)
        return json.loads(match.group(1))

    def show(self):
        lines = self.output.lines[self.shown:]
        self.shown += len(lines)
        for line in lines:
            print("  | " + line)

    def finish(self):
        status = self.process.wait(30)
        self.output.wait_end()
        return status

    def end(self):
        """The supervisor hands the signal on to the step."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def line_of(text):
    for number, line in enumerate(open_source(), 1):
        if line.strip() == text:
            return number
    raise AssertionError("no line %r in %s" % (text, SCRIPT))


def source(number):
    return open_source()[number - 1].strip()


def open_source():
    with open(SCRIPT) as file:
        return file.readlines()


if __name__ == "__main__":
    sys.exit(main())
