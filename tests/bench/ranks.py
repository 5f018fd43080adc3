"""Several sessions at once: one `pitstop run` with many ranks, against as
many debugpys, each with an adapter of its own."""
import contextlib

import common
from sides import TOKEN, Debugpy, Side, step

# The sleep is for no rank at all.
LAUNCHER = 'for r in $(seq 1 %d); do RANK=$r "$@" & done; sleep 600; wait'


class Ranks(Side):
    """`count` ranks of a script below one pitstop, held or not."""

    def __init__(self, python, script, count, hold=True):
        port = common.harness.free_ports()
        options = ["--hold", "--timeout", "600"] if hold else []
        self.count, self.hold = count, hold
        super().__init__(
            [common.PITSTOP, "run", "--port", str(port),
             "--http-port", str(common.harness.free_ports(http=True)),
             "--advertise", "127.0.0.1"] + options +
            ["--", "bash", "-c", LAUNCHER % count, "ranks", python.path,
             step(script)], port, PITSTOP_TOKEN=TOKEN)

    def wait_ready(self):
        if self.hold:
            self.wait_each(common.harness.LAUNCH)

    def wait_running(self):
        self.wait_each("running$")

    def wait_each(self, line):
        """That line of each rank."""
        at = 0
        for _ in range(self.count):
            at = self.output.wait("^" + line, 120, at)[0] + 1

    def agent(self):
        return common.harness.wait_for(
            lambda: next(filter(common.harness.is_agent,
                                common.harness.children(self.process.pid)),
                         None), "the agent")

    def clients(self, breakpoints=None):
        found = []
        for rank in range(1, self.count + 1):
            client = self.client()
            client.start(dict(self.configuration(), pitstopRank=rank),
                         breakpoints)
            found.append(client)
        return found


class Debugpys:
    """The same by debugpy."""

    def __init__(self, python, script, count):
        self.stack = contextlib.ExitStack()
        self.sides = []
        for _ in range(count):
            self.sides.append(self.stack.enter_context(
                Debugpy(python, script, hold=True)))
            # free_ports() sees its port only once it is open.
            self.sides[-1].wait_ready()

    def wait_ready(self):
        pass

    def clients(self, breakpoints=None):
        return [side.attach(breakpoints) for side in self.sides]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()
