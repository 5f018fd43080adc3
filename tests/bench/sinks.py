"""How fast the run log goes to each sink, and what it costs in memory."""
import contextlib
import os
import socket
import tempfile
import time

import common
from common import Table, harness, interpreters
from fake_hook import Hook
from http_load import Nginx
from http_wire import Wire, ask, request
from output import cpu
from sides import TOKEN, Pitstop

EVENTS = 5000       # fewer than a queue takes, so that none is dropped
AT_ONCE = 50
DOWN_EVENTS = 100000
WEEK = str(7 * 24 * 3600)      # the longest hold there is, s


class Logged(Pitstop):
    """A held step; each second that it is given more is an event."""

    def __init__(self, env):
        super().__init__(interpreters()[-1], "lines.py", hold=True,
                         PITSTOP_MAX_HOLD=WEEK, **env)
        self.wait_ready()

    def make_events(self, count):
        one = request("POST", "/v1/sessions/%d/extend" % self.main_pid(),
                      TOKEN, {"seconds": 1})
        with Wire(self.http_port) as wire:
            for _ in range(count // AT_ONCE):
                wire.send(one * AT_ONCE)
                for _ in range(AT_ONCE):
                    assert wire.answer().status == 200

    def make_failures(self, count):
        """Of a process beside the step that is held at an exception and let
        go, again and again: two events each time."""
        let_go = request("POST", "/v1/sessions/%d/release" % os.getpid(),
                         TOKEN, {})
        hook = Hook(self.variable("PITSTOP_SOCKET"), "hold=crash")
        with contextlib.closing(hook), Wire(self.http_port) as wire:
            for _ in range(count // 2):
                hook.send("crashed ValueError: it broke")
                hook.wait("hold")
                hook.send("ready 1.8")
                hook.wait("say")
                wire.send(let_go)
                assert wire.answer().status == 200
                hook.wait("go")

    def count(self, sink, result):
        name = 'pitstop_sink_events_total{sink="%s",result="%s"} ' % (
            sink, result)
        text = ask(self.http_port, "GET", "/metrics").content.decode()
        return next(int(line[len(name):]) for line in text.splitlines()
                    if line.startswith(name))


def environments(port, folder):
    """By sink: what turns it on, its server at that port."""
    url = "http://127.0.0.1:%d" % port
    return {
        "mlflow": {"MLFLOW_TRACKING_URI": url, "MLFLOW_RUN_ID": "a" * 32},
        "insights": {"APPLICATIONINSIGHTS_CONNECTION_STRING":
                     "InstrumentationKey=00000000-0000-0000-0000-"
                     "000000000000;IngestionEndpoint=%s/" % url},
        "webhook": {"PITSTOP_WEBHOOK": url + "/"},
        "journal": {"PITSTOP_LOG_DIR": folder},
    }


def table():
    speeds()
    sizes()


def speeds():
    t = Table(
        "Events a second through each sink",
        """%s events of a held step, each asked for over HTTP, until the last
        has been taken; the server: nginx that says 200. CPU: of the agent,
        us an event, with what asking for it costs (first row). The webhook
        is told of no such events, but of failures (a process held at an
        exception and let go, two events), and of each by a request of its
        own; these cost more to make (the row before)."""
        % format(EVENTS, ",d"), ["sink", "events/s", "CPU"])
    with Nginx("{}", where="/") as server, \
            tempfile.TemporaryDirectory(prefix="pitstop-bench-") as folder:
        envs = environments(server.http_port, folder)
        webhook = envs.pop("webhook")
        t.add("none", *speed(None, {}, folder))
        for sink, env in envs.items():
            t.add(sink, *speed(sink, env, folder))
        t.add("none, failures", *speed(None, {}, folder,
                                       Logged.make_failures))
        t.add("webhook", *speed("webhook", webhook, folder,
                                Logged.make_failures))
    t.show()


def speed(sink, env, folder, make=Logged.make_events):
    with Logged(env) as ours:
        agent = ours.agent()
        before, begun = cpu(agent), time.perf_counter()
        make(ours, EVENTS)
        if sink:
            harness.wait_for(lambda: taken(ours, sink, folder) >= EVENTS,
                             "the events", 120)
        spent = time.perf_counter() - begun
        return ("%.0f" % (EVENTS / spent),
                "%.0f" % ((cpu(agent) - before) / EVENTS * 1e6))


def taken(ours, sink, folder):
    if sink != "journal":
        assert not ours.count(sink, "dropped") + ours.count(sink, "lost")
        return ours.count(sink, "delivered")
    (name,) = os.listdir(folder)
    with open(os.path.join(folder, name), "rb") as file:
        return sum(b'"extended"' in line for line in file)


def sizes():
    t = Table(
        "Memory with the servers down",
        """All four sinks; nothing listens where the three servers should be.
        RSS of the agent; the spool is the supervisor's memory file.""",
        ["events", "RSS kB"])
    with contextlib.ExitStack() as stack:
        free = stack.enter_context(socket.socket())
        free.bind(("127.0.0.1", 0))     # and does not listen
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="pitstop-bench-"))
        env = {}
        for one in environments(free.getsockname()[1], folder).values():
            env.update(one)
        ours = stack.enter_context(Logged(env))
        done = 0
        for count in (0, DOWN_EVENTS // 10, DOWN_EVENTS):
            ours.make_events(count - done)
            done = count
            t.add(format(count, ",d"), common.memory(ours.agent())[0])
    t.show()
