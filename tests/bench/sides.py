"""The two sides that are compared: a step under pitstop, and one under
debugpy with its own adapter. Both are Commands that a client can attach to.
"""
import os
import time

import common
from dap_client import Client

TOKEN = "bench"
PATIENCE = 60


class Side(common.Command):
    """`port` is the one for clients; `started` when the command was."""

    def __init__(self, command, port, **env):
        self.port = port
        self.started = time.monotonic()
        super().__init__(command, PYTHONHASHSEED=0, **env)

    def configuration(self):
        return {"name": "bench", "type": "debugpy", "request": "attach",
                "connect": {"host": "127.0.0.1", "port": self.port},
                "pathMappings": [], "justMyCode": True,
                "pitstopToken": TOKEN}

    def client(self):
        """Connected and greeted, not yet attached."""
        client = Client("127.0.0.1", self.port, PATIENCE)
        client.initialize()
        return client

    def attach(self, breakpoints=None):
        client = self.client()
        client.start(self.configuration(), breakpoints)
        return client

    def attach_and_detach(self):
        self.wait_ready()
        self.attach().detach()

    def wait_listening(self):
        return common.harness.wait_for(
            lambda: is_listening(self.port),
            "a listener on port %d" % self.port, PATIENCE)


class Plain(Side):
    def __init__(self, python, script):
        super().__init__([python.path, step(script)], None)


class Pitstop(Side):
    def __init__(self, python, script, hold=False, arguments=(), **env):
        port = common.harness.free_ports()
        options = ["--hold", "--timeout", "120"] if hold else []
        self.hold = hold
        self.http_port = common.harness.free_ports(http=True)
        super().__init__(
            [common.PITSTOP, "run", "--port", str(port),
             "--http-port", str(self.http_port),
             "--advertise", "127.0.0.1"] + options +
            ["--", python.path, step(script)] + list(arguments), port,
            PITSTOP_TOKEN=TOKEN, **env)

    def wait_ready(self):
        if self.hold:
            self.output.wait("^" + common.harness.LAUNCH, PATIENCE)
        else:
            self.wait_listening()

    def agent(self):
        def find():
            for pid in common.harness.children(self.process.pid):
                if common.harness.is_agent(pid):
                    return pid
            return None
        return common.harness.wait_for(find, "the agent", PATIENCE)

    def carrier(self):
        """What stands between the step and the client."""
        return self.agent()

    def variable(self, name):
        """Of the step's environment."""
        with open("/proc/%d/environ" % self.main_pid()) as file:
            found = dict(v.split("=", 1) for v in file.read().split("\0")[:-1])
        return found[name]

    def main_pid(self):
        return next(pid for pid in common.harness.children(self.process.pid)
                    if not common.harness.is_agent(pid))


class Debugpy(Side):
    def __init__(self, python, script, hold=False, arguments=(), **env):
        port = common.harness.free_ports()
        options = ["--wait-for-client"] if hold else []
        super().__init__(
            [python.path, "-m", "debugpy", "--listen", "127.0.0.1:%d" % port]
            + options + [step(script)] + list(arguments), port,
            PYDEVD_DISABLE_FILE_VALIDATION=1)

    def wait_ready(self):
        self.wait_listening()

    def main_pid(self):
        return self.process.pid

    def adapter(self):
        """Its pid; a process of its own session, not of our tree. None when
        there is none."""
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            words = common.harness.command_line(pid)
            if (b"--for-server" in words and
                    str(self.port).encode() in words):
                return pid
        return None

    def carrier(self):
        return self.adapter()

    def __exit__(self, *exception):
        adapter = self.adapter()
        super().__exit__(*exception)
        if adapter:
            end_adapter(adapter)


def step(name):
    return os.path.join(common.STEPS, name)


def end_adapter(pid):
    """It ends by itself when its step has gone; else by its pid."""
    try:
        common.harness.wait_for(lambda: not is_alive(pid), "the adapter", 5)
    except AssertionError:
        os.kill(pid, 9)


def is_alive(pid):
    fields = common.harness.stat_fields(pid)
    return fields is not None and fields[0] != "Z"


def is_listening(port):
    """On a TCP port; without connecting to it, which would count as a
    client."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as file:
            next(file)
            for fields in map(str.split, file):
                if (fields[3] == "0A" and
                        int(fields[1].rpartition(":")[2], 16) == port):
                    return True
    return False
