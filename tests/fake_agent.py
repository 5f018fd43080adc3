"""A stand-in for the agent: the hook's socket, and a debug adapter of a few
requests. For the tests of the hook alone.

    with Agent() as agent:
        env = agent.environment(PITSTOP_HOLD="step")
        step = subprocess.Popen(..., env=env)
        hook = agent.accept()
        hook.send_body()
        hook.send("hold 5")
        assert hook.line().startswith("ready ")
"""
import json
import os
import pathlib
import socket
import threading

# As the binary carries it: see agent/hook/strip.sh.
HOOK = pathlib.Path(__file__).resolve().parent.parent / "build/hook"
STUB = HOOK / "sitecustomize.py"
BODY = [HOOK / name for name in ("hook.py", "debugger.py", "tracing.py")]
POSTMORTEM = HOOK / "postmortem.py"
SECONDS = 30  # how long anything may take


class Hook:
    """One registration."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(SECONDS)
        self.file = sock.makefile("rb")
        self.fields, self.args = {}, []
        self.read_hello()

    def read_hello(self):
        magic, version, length = self.file.readline().split()
        assert (magic, version) == (b"pitstop", b"1")
        data = self.file.read(int(length))
        assert len(data) == int(length) and data.endswith(b"\0")
        for field in data[:-1].split(b"\0"):
            name, _, value = field.partition(b"=")
            if name == b"arg":
                self.args.append(os.fsdecode(value))
            else:
                assert name.decode() not in self.fields
                self.fields[name.decode()] = os.fsdecode(value)

    @property
    def pid(self):
        return int(self.fields["pid"])

    def send(self, line, payload=b""):
        self.sock.sendall(line.encode() + b"\n" + payload)

    def send_body(self):
        body = b"".join(part.read_bytes() for part in BODY)
        self.send("code %d" % len(body), body)

    def send_postmortem(self):
        source = POSTMORTEM.read_bytes()
        self.send("postmortem %d" % len(source), source)

    def say(self, text):
        self.send("say %d" % len(text.encode()), text.encode())

    def line(self):
        """What the hook says next, "" when it has closed; the version of a
        debugpy that it loads, and what a hold tells of its surroundings, is
        told by the way."""
        said = self.file.readline().decode().rstrip("\n")
        if said.startswith("debugpy "):
            self.debugpy = said.partition(" ")[2]
        elif not said.startswith(("syspath ", "look ")):
            return said
        return self.line()

    def is_closed(self):
        """Whether the hook has gone without another byte. The kernel says
        a reset instead of an end when it had left something unread."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.file.close()
        self.sock.close()


class Agent:
    """Listens on an abstract socket, as the supervisor does."""

    def __init__(self, name=None, backlog=64):
        self.name = name or "@pitstop-test-" + os.urandom(8).hex()
        self.listener = socket.socket(socket.AF_UNIX)
        address = self.name
        if address.startswith("@"):
            address = "\0" + address[1:]
        self.listener.bind(address)
        self.listener.listen(backlog)
        self.listener.settimeout(SECONDS)
        self.hooks = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.listener.close()
        for hook in self.hooks:
            hook.close()

    def environment(self, **more):
        return environment(PITSTOP_SOCKET=self.name, **more)

    def accept(self):
        hook = Hook(self.listener.accept()[0])
        self.hooks.append(hook)
        return hook

    def let_all_go(self):
        """In a thread: take every registration and hold nothing."""
        threading.Thread(target=self._let_all_go, daemon=True).start()

    def _let_all_go(self):
        while True:
            try:
                hook = self.accept()
                if hook.fields["hold"] != "off":
                    hook.send("go")
            except (OSError, ValueError, AssertionError):
                if self.listener.fileno() < 0:
                    return


def environment(**more):
    """The environment of a step: as it is, the hook, and `more`."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("PITSTOP_", "PYTHON"))}
    env["PYTHONPATH"] = str(HOOK)
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env.update((name, str(value)) for name, value in more.items())
    return env


class Debuggee:
    """What debugpy connects to: the adapter's side of one connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(SECONDS)
        self.port = self.listener.getsockname()[1]
        self.sock = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self.listener.close()
        if self.sock:
            self.sock.close()

    def accept(self):
        self.sock = self.listener.accept()[0]
        self.sock.settimeout(SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")
        self.seq = 0
        self.events = []

    def read(self):
        length = 0
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError
            if not line.strip():
                return json.loads(self.file.read(length))
            length = int(line.split(b":")[1])

    def request(self, command, **arguments):
        """The body of its answer."""
        self.seq += 1
        data = json.dumps({"seq": self.seq, "type": "request",
                           "command": command,
                           "arguments": arguments}).encode()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.sock.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        while True:
            message = self.read()
            if message["type"] == "event":
                self.events.append(message)
            elif message.get("request_seq") == self.seq:
                assert message["success"], message
                return message.get("body", {})

    def event(self, name):
        """The first such event that was not taken yet."""
        while True:
            for message in self.events:
                if message["event"] == name:
                    self.events.remove(message)
                    return message.get("body", {})
            message = self.read()
            if message["type"] == "event":
                self.events.append(message)

    def authorize(self):
        """The token that the hook was given for this attach."""
        return self.request("pydevdAuthorize",
                            debugServerAccessToken=None)["clientAccessToken"]

    def attach(self):
        self.request("initialize", adapterID="test", clientID="test",
                     pathFormat="path", linesStartAt1=True,
                     columnsStartAt1=True)
        self.request("attach", justMyCode=True)
        self.request("setDebuggerProperty", ideOS="UNIX",
                     skipSuspendOnBreakpointException=["BaseException"],
                     skipPrintBreakpointException=["NameError"],
                     multiThreadsSingleNotification=True)

    def breakpoint(self, path, *lines):
        self.request("setBreakpoints", source={"path": str(path)},
                     breakpoints=[{"line": line} for line in lines])

    def ready(self):
        self.request("configurationDone")

    def goes_on(self):
        self.request("continue", threadId="*")

    def detach(self):
        self.request("disconnect", terminateDebuggee=False)

    def is_closed(self):
        try:
            while True:
                self.read()
        except (EOFError, OSError):
            return True
