"""Runs a step under `pitstop run` and looks at it from outside."""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from dap_client import PATIENCE, Client, connect_when_open

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = os.path.join(HERE, "steps")
PITSTOP = os.path.abspath(os.environ.get(
    "PITSTOP_BIN", os.path.join(HERE, "..", "build", "pitstop")))
PORTS = 16                      # the wanted one and the following fifteen
LAUNCH = "pitstop: launch.json: "
# In front of a command: whom the modes of files bind, root or not.
BOUND_BY_MODES = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"
                  ] if os.geteuid() == 0 else []
# What these say or ask for has tests of its own.
PLAIN = {"PITSTOP_IMDS": "off", "PITSTOP_REPORT": "never"}
RANKS = re.compile(r"PITSTOP_|PYTHON|OMPI_|PMI_|SLURM_|AZUREML_|"
                   r"(RANK|LOCAL_RANK|WORLD_SIZE|NODE_RANK)$")


def clean_environment(**more):
    """The caller's environment, without what would change a step."""
    env = {k: v for k, v in os.environ.items() if not RANKS.match(k)}
    env.update({k: str(v) for k, v in more.items() if v is not None})
    return env


def place(folder, *names):
    """Copies of steps in a folder of the test's own; path of the first."""
    for name in names:
        source = os.path.join(STEPS, name)
        target = os.path.join(str(folder), name)
        if os.path.isdir(source):
            shutil.copytree(source, target,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return os.path.join(str(folder), names[0])


def line_of(path, mark):
    """The number of the line with the comment `# BREAK:mark`."""
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if line.rstrip().endswith("# BREAK:" + mark):
                return number
    raise AssertionError("no # BREAK:%s in %s" % (mark, path))


def free_ports(http=False):
    """A port with fifteen free ones behind it, below the ephemeral range. Each
    xdist worker looks in a range of its own, one for HTTP and one for the
    rest."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "0")))
    low = 20000 + worker % 8 * 1500 + (1000 if http else 0)
    for _ in range(200):
        base = random.randrange(low, low + (500 if http else 1000) - PORTS)
        if all(is_free(p) for p in range(base, base + PORTS)):
            return base
    raise AssertionError("no %d free ports in a row" % PORTS)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


class Output:
    """The lines of a pipe, each with the time at which its end came."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.data = b""
        self.lines = []
        self.times = []
        self.ended = False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        rest = b""
        while True:
            try:
                data = os.read(self.pipe.fileno(), 65536)
            except (OSError, ValueError):
                data = b""
            now = time.monotonic()
            with self.changed:
                self.data += data
                *lines, rest = (rest + data).split(b"\n")
                self.lines += [l.decode("utf-8", "replace") for l in lines]
                self.times += [now] * len(lines)
                self.ended = not data
                self.changed.notify_all()
                if self.ended:
                    return

    @property
    def text(self):
        return self.data.decode("utf-8", "replace")

    def find(self, pattern, start=0):
        """(index, match) of the first line from `start` on, or None."""
        for i in range(start, len(self.lines)):
            match = re.search(pattern, self.lines[i])
            if match:
                return i, match
        return None

    def wait(self, pattern, patience=PATIENCE, start=0):
        with self.changed:
            self.changed.wait_for(
                lambda: self.find(pattern, start) or self.ended, patience)
            found = self.find(pattern, start)
        assert found, "no line matches %r in %r" % (pattern, self.text[-3000:])
        return found

    def wait_end(self, patience=PATIENCE):
        with self.changed:
            ended = self.changed.wait_for(lambda: self.ended, patience)
        assert ended, "the pipe is still open: %r" % self.text[-3000:]
        return self.text


class Step:
    """One `pitstop run`. `stdout` and `stderr` are Outputs."""

    def __init__(self, command, *options, env=None, cwd=None, port=None,
                 http_port=None, advertise="127.0.0.1",
                 stdin=subprocess.DEVNULL, binary=None, prefix=()):
        self.port = port or free_ports()
        self.http_port = free_ports(http=True) if http_port is None else http_port
        arguments = [*prefix, binary or PITSTOP, "run",
                     "--http-port", str(self.http_port)]
        if port != 0:
            arguments += ["--port", str(self.port)]
        if advertise:
            arguments += ["--advertise", advertise]
        self.arguments = arguments + list(options) + ["--"] + list(command)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.arguments, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=str(cwd) if cwd else None, bufsize=0,
            env=clean_environment(**{**PLAIN, **(env or {})}))
        self.stdout = Output(self.process.stdout)
        self.stderr = Output(self.process.stderr)
        self.clients = []

    def tell(self):
        """For pytest, which shows it when the test fails."""
        sys.stdout.write("$ %s\n-- stdout --\n%s\n-- stderr --\n%s\n" % (
            " ".join(self.arguments), self.stdout.text[-6000:],
            self.stderr.text[-6000:]))

    def end(self):
        """End what is left of the tree, oldest first."""
        for client in self.clients:
            client.close()
        pids = [self.process.pid] + descendants(self.process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(PATIENCE)
        for output in (self.stdout, self.stderr):
            output.reader.join(5)
            output.pipe.close()

    # ---- its life -------------------------------------------------------

    def status(self, patience=PATIENCE):
        """The exit status; negative: the supervisor died by that signal."""
        return self.process.wait(patience)

    def finished(self, patience=PATIENCE):
        """(status, stdout, stderr) of a step that ends by itself."""
        status = self.status(patience)
        return status, self.stdout.wait_end(), self.stderr.wait_end()

    def running(self):
        return self.process.poll() is None

    # ---- its hold -------------------------------------------------------

    def wait_held(self, patience=PATIENCE):
        """The launch configuration of the first hold."""
        return self.launches(1, patience)[0]

    def launches(self, count, patience=PATIENCE):
        """The first `count` launch configurations in the log."""
        at, found = 0, []
        while len(found) < count:
            i, match = self.stdout.wait("^" + LAUNCH + r"(\{.*\})$",
                                        patience, at)
            found.append(json.loads(match.group(1)))
            at = i + 1
        return found

    def held_at(self):
        i, _ = self.stdout.wait("^Timeout for debug connection: ")
        return self.stdout.times[i]

    def hold_ended(self, patience=PATIENCE):
        """(True or False: attached, when)."""
        i, match = self.stdout.wait("^Debugger attached = (True|False)$",
                                    patience)
        return match.group(1) == "True", self.stdout.times[i]

    def own_output(self):
        """What the step itself wrote to stdout, in a hold or without."""
        return strip_log(self.stdout.text)

    # ---- clients --------------------------------------------------------

    def client(self, launch=None):
        """A connected client; closed with the step."""
        if launch:
            where = launch["connect"]
            client = Client(where["host"], where["port"])
        else:
            client = connect_when_open("127.0.0.1", self.port)
        self.clients.append(client)
        return client

    def attached(self, launch=None, breakpoints=None, **more):
        """A client that has attached by the configuration in the log."""
        launch = launch or self.wait_held()
        client = self.client(launch)
        client.start(launch, breakpoints, **more)
        return client

    # ---- its processes --------------------------------------------------

    def agent(self, but=None, patience=PATIENCE):
        """The agent's pid, one that is not `but`."""
        return wait_for(lambda: self.find_agent(but), "an agent", patience)

    def find_agent(self, but=None):
        for pid in children(self.process.pid):
            if pid != but and is_agent(pid):
                return pid
        return None

    def kill_agent(self, number=signal.SIGKILL):
        pid = self.agent()
        os.kill(pid, number)
        return pid

    def listening(self, family):
        """(address, port) of the agent's TCP sockets that listen, in the
        words of /proc/net/tcp or tcp6."""
        agent = "/proc/%d/" % self.agent()
        mine = {os.readlink(agent + "fd/" + fd)
                for fd in os.listdir(agent + "fd")}
        with open(agent + "net/" + family) as file:
            lines = [line.split() for line in file]
        found = [f[1].split(":") for f in lines
                 if f[3] == "0A" and "socket:[%s]" % f[9] in mine]
        return [(address, int(port, 16)) for address, port in found]

    def debuggee_port(self):
        """The agent's port on loopback, for debugpy."""
        return next(port for address, port in self.listening("tcp")
                    if address == "0100007F")

    def main_pid(self):
        """The step's first process."""
        def find():
            return next((p for p in children(self.process.pid)
                         if not is_agent(p)), None)
        return wait_for(find, "the step's process")


class Noise:
    """How late this machine wakes a sleeper up, at its worst: what a busy
    one loses is not the product's, and is added to the slack."""
    worst = 0

    @classmethod
    def watch(cls, over):
        cls.worst = 0
        while not over.is_set():
            due = time.monotonic() + 0.02
            over.wait(0.02)
            cls.worst = max(cls.worst, time.monotonic() - due)


def strip_log(text):
    """Without the lines of the hold."""
    ours = re.compile(r"pitstop: |Timeout for debug connection: |"
                      r"ip_address: |Debugger attached = ")
    return "".join(l for l in text.splitlines(True) if not ours.match(l))


def wait_for(condition, what, patience=PATIENCE, pause=0.005):
    """The first true answer of condition()."""
    limit = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < limit, "waited in vain for " + what
        time.sleep(pause)


def stat_fields(pid):
    """State, parent and so on: the fields behind the name."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    """Live children, oldest first."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat_fields(int(name))
            if fields and int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(name))
    return sorted(found)


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def command_line(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().split(b"\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_agent(pid):
    return command_line(pid)[:2] == [b"pitstop", b"agent"]


def plain(command, cwd=None, env=None, patience=PATIENCE):
    """(status, stdout, stderr) of the same command without pitstop."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, cwd=str(cwd) if cwd else None,
        env=clean_environment(**(env or {})), timeout=patience)
    status = done.returncode
    return (status if status >= 0 else 128 - status,
            done.stdout.decode(), done.stderr.decode())
