"""/livez under load, beside nginx that answers the same from memory."""
import contextlib
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile

import common
from common import Table, harness, interleaved, interpreters, ms
from http_wire import ask, request
from latency import Stopped
from output import cpu
from sides import Pitstop, is_listening

CONNECTIONS = (1, 64, 1000)
ROUNDS = 5
SECONDS = 1         # of a round
IDLE = 10000
STEPS = 400
WARM_UP = 50        # steps, in which wrk connects

# As many header fields as /livez, too.
CONFIGURATION = """
daemon off;
worker_processes 1;
error_log stderr crit;
pid %(folder)s/pid;
events { worker_connections 15000; }
http {
    access_log off;
    keepalive_timeout 3600;
    keepalive_requests 1000000000;
    default_type application/health+json;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    server {
        listen 127.0.0.1:%(port)d backlog=1024;
        location %(where)s { return 200 '%(content)s'; }
    }
}
"""


class Nginx(common.Command):
    """One worker; its `content` is what it is to answer at `where`, a
    location of its."""

    def __init__(self, content, where="= /livez"):
        self.http_port = harness.free_ports(http=True)
        self.folder = tempfile.mkdtemp(prefix="pitstop-bench-")
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(CONFIGURATION % {"folder": self.folder, "content":
                                        content, "where": where,
                                        "port": self.http_port})
        super().__init__([tool("nginx"), "-p", self.folder, "-c", path])
        harness.wait_for(lambda: is_listening(self.http_port), "nginx")

    def server(self):
        return harness.wait_for(
            lambda: harness.children(self.process.pid), "its worker")[0]

    def __exit__(self, *exception):
        super().__exit__(*exception)
        shutil.rmtree(self.folder)


class Agent(Pitstop):
    def server(self):
        return self.agent()


def tool(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        raise RuntimeError("%s is not installed here" % name)
    return path


def table():
    python = interpreters()[-1]
    with Agent(python, "calls.py") as ours:
        harness.wait_for(lambda: is_listening(ours.http_port), "HTTP")
        answer = ask(ours.http_port, "GET", "/livez")
        with Nginx(answer.content.decode()) as theirs:
            like = ask(theirs.http_port, "GET", "/livez")
            assert (like.content, len(like.fields)) == (
                answer.content, len(answer.fields)), like
            sides = {"pitstop": ours, "nginx": theirs}
            speeds(sides)
            sizes(sides)
            steps(python, sides)


# ---- speed ------------------------------------------------------------------

def speeds(sides):
    t = Table(
        "GET /livez, beside nginx with one worker that answers the same",
        """By wrk with one thread, on this machine, connections kept; of %d
        interleaved rounds of %d s the most requests, the least p99 and the
        least CPU. CPU: of the server alone, us a request."""
        % (ROUNDS, SECONDS),
        ["connections", "requests/s: pitstop", "nginx", "ratio",
         "p99 ms: pitstop", "nginx", "ratio", "CPU: pitstop", "nginx",
         "ratio"])
    for count in CONNECTIONS:
        found = interleaved({name: loads(side, count)
                             for name, side in sides.items()}, ROUNDS)
        cells = []
        for what, best, digits in (("rate", max, 0), ("p99", min, 2),
                                   ("cpu", min, 2)):
            values = [best(round[what] for round in found[name])
                      for name in ("pitstop", "nginx")]
            cells += ["%.*f" % (digits, value) for value in values]
            cells.append(common.ratio(*values))
        t.add(count, *cells)
    t.show()


def loads(side, count):
    return lambda: load(side, count)


def load(side, count):
    before = cpu(side.server())
    with Load(side, count, SECONDS) as running:
        found = running.finish()
    found["cpu"] = (cpu(side.server()) - before) / found["requests"] * 1e6
    return found


class Load:
    """wrk, at work."""

    def __init__(self, side, count, seconds, nice=0):
        self.process = subprocess.Popen(
            ["nice", "-n%d" % nice, tool("wrk"), "-t1", "-c%d" % count, "-d%d" % seconds,
             "--latency", "http://127.0.0.1:%d/livez" % side.http_port],
            stdout=subprocess.PIPE, universal_newlines=True)

    def finish(self):
        text, _ = self.process.communicate(timeout=60)
        assert not re.search("Non-2xx|Socket errors", text), text
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", text).groups()
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)",
                                    text).group(1)),
            "requests": int(re.search(r"(\d+) requests in", text).group(1)),
            "p99": float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


# ---- memory -----------------------------------------------------------------

def sizes(sides):
    t = Table(
        "Memory with %s idle connections" % format(IDLE, ",d"),
        """Each has had an answer. Of the server process (nginx: of its
        worker); what the kernel has for a socket is not in it.""",
        ["server", "RSS kB", "with them", "bytes a connection"])
    for name, side in sides.items():
        before, after = size(side)
        t.add(name, before, after, "%.0f" % ((after - before) * 1024 / IDLE))
    t.show()


def size(side):
    """RSS without and with the connections, kB."""
    pid = side.server()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit[1] < IDLE + 100:
        raise RuntimeError("no %d descriptors may be open here" % IDLE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    before = common.memory(pid)[0]
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            sock = stack.enter_context(
                socket.create_connection(("127.0.0.1", side.http_port), 20))
            sock.sendall(request("GET", "/livez"))
            assert sock.recv(4096)
        open_now = len(os.listdir("/proc/%d/fd" % pid))
        assert open_now > IDLE, "only %d are left" % open_now
        return before, common.memory(pid)[0]


# ---- a debugger beside it ---------------------------------------------------

def steps(python, sides):
    t = Table(
        "Stepping while /livez is asked for, ms",
        """`next` until the `stopped` event, in a session of the agent that
        answers wrk, and, for what a busy machine costs, while nginx answers
        it in its place. wrk is at nice 19: its like would be on another
        machine. Of %d interleaved rounds of %d steps the least median and
        the least p99.""" % (ROUNDS, STEPS),
        ["load", "connections", "median", "ratio", "p99", "ratio"])
    with Agent(python, "lines.py", hold=True) as ours:
        session = Stopped(ours)
        cases = {("none", "-"): lambda: measure(session)}
        for count in CONNECTIONS:
            for name, side in (("pitstop", ours), ("nginx", sides["nginx"])):
                cases[name, count] = under(side, count, session)
        found = interleaved(cases, ROUNDS)
        session.client.close()
    base = [min(values) for values in zip(*found["none", "-"])]
    for case, spent in found.items():
        row = []
        for value, free in zip(map(min, zip(*spent)), base):
            row += [ms(value, 2), common.ratio(value, free)]
        t.add(*case, *row)
    t.show()


def under(side, count, session):
    def run():
        with Load(side, count, 600, nice=19):
            return measure(session)
    return run


def measure(session):
    """Median and p99, seconds."""
    for _ in range(WARM_UP):
        session.next()
    spent = sorted(session.next() for _ in range(STEPS))
    return statistics.median(spent), spent[int(STEPS * 0.99)]
