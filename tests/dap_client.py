"""A small DAP client that talks as VS Code does; every wait is bounded.

The order: initialize and its response, attach, the `initialized` event,
setBreakpoints, setFunctionBreakpoints, setExceptionBreakpoints,
configurationDone and its response, the response to attach. For hostile tests
`send_raw` writes any bytes."""
import json
import os
import socket
import threading
import time

PATIENCE = float(os.environ.get("PITSTOP_TEST_PATIENCE", "30"))

CLIENT = {
    "clientID": "vscode", "clientName": "Visual Studio Code",
    "adapterID": "debugpy", "pathFormat": "path", "linesStartAt1": True,
    "columnsStartAt1": True, "supportsVariableType": True,
    "supportsVariablePaging": True, "supportsRunInTerminalRequest": True,
    "locale": "en", "supportsProgressReporting": True,
    "supportsInvalidatedEvent": True, "supportsMemoryReferences": True,
    "supportsArgsCanBeInterpretedByShell": True,
    "supportsMemoryEvent": True, "supportsStartDebuggingRequest": True,
    "supportsANSIStyling": True,
}

# What the Python Debugger extension adds to a configuration.
EXTENSION = {
    "__configurationTarget": 6, "clientOS": "unix", "showReturnValue": True,
    "debugOptions": ["RedirectOutput", "ShowReturnValue"],
    "redirectOutput": True, "workspaceFolder": None,
    "__sessionId": "7a3c6f0e-2f6c-4b6f-9f53-0f6f1a3c9c11",
}


class Refused(Exception):
    """A response with success false."""

    def __init__(self, response):
        super().__init__(response.get("message"))
        self.response = response
        self.message = response.get("message") or ""
        body = response.get("body") or {}
        self.error = body.get("error") or {}


class Closed(Exception):
    """The other side closed the connection."""


class Overdue(AssertionError):
    """What was waited for did not come in time."""


def substitute(value, folder):
    """${workspaceFolder} as VS Code replaces it before anything is sent."""
    if isinstance(value, dict):
        return {k: substitute(v, folder) for k, v in value.items()}
    if isinstance(value, list):
        return [substitute(v, folder) for v in value]
    if isinstance(value, str):
        return value.replace("${workspaceFolder}", folder)
    return value


def remote_root(configuration):
    mappings = configuration.get("pathMappings")
    return mappings and mappings[0]["remoteRoot"]


class Client:
    def __init__(self, host, port, patience=PATIENCE):
        self.socket = connect(host, port, patience)
        self.name = self.socket.getsockname()[:2]
        self.patience = patience
        self.changed = threading.Condition()
        self.writing = threading.Lock()
        self.messages = []      # all that came, in order
        self.times = []         # and when, on the monotonic clock
        self.responses = {}     # by request_seq
        self.awaited = {}       # by type and name: events and requests that
                                # nobody waited for yet
        self.sequence = 0
        self.accepts = True     # startDebugging
        self.closed = None      # why, once it is
        self.closed_at = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(5)
        self.socket.close()

    # ---- bytes ----------------------------------------------------------

    def send_raw(self, data):
        self.socket.sendall(data)

    def _stream(self):
        return self.socket.makefile("rb")

    def _read(self):
        stream = self._stream()
        try:
            while True:
                self._take(read_message(stream))
        except (OSError, ValueError, Closed) as why:
            with self.changed:
                self.closed = repr(why)
                self.closed_at = time.monotonic()
                self.changed.notify_all()

    def _take(self, message):
        with self.changed:
            self.messages.append(message)
            self.times.append(time.monotonic())
            if message["type"] == "response":
                self.responses[message["request_seq"]] = message
            else:
                name = message.get("event") or message.get("command")
                self._kept(message["type"], name).append(message)
            self.changed.notify_all()
        if message["type"] == "request":
            self._answer(message)

    def _answer(self, request):
        """VS Code accepts startDebugging; the test looks at `messages`."""
        self.write({"type": "response", "request_seq": request["seq"],
                    "command": request["command"], "success": self.accepts})

    def write(self, message):
        with self.writing:
            self.sequence += 1
            sequence = self.sequence
            body = json.dumps(dict(message, seq=sequence)).encode()
            self.send_raw(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return sequence

    # ---- requests, responses, events ------------------------------------

    def send(self, command, arguments=None):
        """Returns the number under which `response` finds the answer."""
        message = {"type": "request", "command": command}
        if arguments is not None:
            message["arguments"] = arguments
        return self.write(message)

    def response(self, sequence, patience=None):
        """The whole response, whether it is a success or not."""
        self._wait(lambda: sequence in self.responses, patience,
                   "the response to request %d" % sequence)
        return self.responses[sequence]

    def request(self, command, arguments=None, patience=None):
        """The body of a successful response, or Refused."""
        return success(self.response(self.send(command, arguments), patience))

    def events(self, name):
        return [m for m in self.messages
                if m["type"] == "event" and m["event"] == name]

    def event(self, name, where=None, patience=None):
        """The body of the next such event that nobody waited for yet."""
        return self._next("event", name, where, patience).get("body") or {}

    def asked(self, command, patience=None):
        """The arguments of the adapter's next request of that name."""
        return self._next("request", command, None, patience)["arguments"]

    def _kept(self, kind, name):
        return self.awaited.setdefault((kind, name), [])

    def _next(self, kind, name, where, patience):
        def find():
            return next((m for m in self._kept(kind, name)
                         if where is None or where(m.get("body") or {})), None)
        self._wait(find, patience, "%s %s" % (kind, name))
        message = find()
        self._kept(kind, name).remove(message)
        return message

    def wait_closed(self, patience=None):
        with self.changed:
            self._wait_locked(lambda: self.closed, patience, "the close")
        return self.closed_at

    def _wait(self, condition, patience, what):
        with self.changed:
            self._wait_locked(lambda: condition() or self.closed, patience,
                              what)
            if not condition():
                raise Closed("%s, while waiting for %s; %s" % (
                    self.closed, what, self.tail()))

    def _wait_locked(self, condition, patience, what):
        limit = self.patience if patience is None else patience
        if not self.changed.wait_for(condition, limit):
            raise Overdue("%s did not come within %g s; %s" % (
                what, limit, self.tail()))

    def tail(self):
        """The last messages, for a failure's text."""
        return "last: " + "; ".join(
            json.dumps(m)[:200] for m in self.messages[-4:])

    # ---- the way in -----------------------------------------------------

    def initialize(self, **changes):
        return self.request("initialize", dict(CLIENT, **changes))

    def begin_attach(self, configuration, folder=None, **changes):
        """Send attach as VS Code does with this entry of launch.json. The
        workspace is `folder`, or one that lies where the step's sources do."""
        folder = folder or remote_root(configuration) or "/nowhere"
        arguments = dict(substitute(configuration, folder), **EXTENSION)
        arguments["workspaceFolder"] = folder
        arguments.update(changes)
        return self.send("attach", arguments)

    def wait_initialized(self, attach, patience=None):
        """The `initialized` event, or Refused by the response to attach."""
        self._wait(lambda: attach in self.responses
                   or self.events("initialized"), patience, "initialized")
        if attach in self.responses:
            success(self.responses[attach])

    def configure(self, breakpoints=None, functions=(), exceptions=()):
        """Returns what setBreakpoints answered, by path."""
        answers = {}
        for path, points in (breakpoints or {}).items():
            answers[path] = self.set_breakpoints(path, points)
        self.request("setFunctionBreakpoints",
                     {"breakpoints": [{"name": f} for f in functions]})
        self.request("setExceptionBreakpoints", {"filters": list(exceptions)})
        return answers

    def set_breakpoints(self, path, points):
        points = [p if isinstance(p, dict) else {"line": p} for p in points]
        return self.request("setBreakpoints", {
            "source": {"name": os.path.basename(path), "path": str(path)},
            "lines": [p["line"] for p in points], "breakpoints": points,
            "sourceModified": False})["breakpoints"]

    def finish(self, attach, patience=None):
        """configurationDone, its response and then attach's."""
        done = self.send("configurationDone")
        success(self.response(done, patience))
        return success(self.response(attach, patience))

    def start(self, configuration, breakpoints=None, functions=(),
              exceptions=(), folder=None, **changes):
        """All of it: attached when it returns, or Refused."""
        if not self.sequence:
            self.initialize()
        attach = self.begin_attach(configuration, folder, **changes)
        self.wait_initialized(attach)
        answers = self.configure(breakpoints, functions, exceptions)
        self.finish(attach)
        return answers

    # ---- what people do in a session ------------------------------------

    def stopped(self, reason=None, patience=None):
        """The thread of the next `stopped` event."""
        body = self.event("stopped", patience=patience)
        if reason is not None:
            assert body["reason"] == reason, body
        return body["threadId"]

    def threads(self):
        return self.request("threads")["threads"]

    def stack(self, thread):
        return self.request("stackTrace", {
            "threadId": thread, "startFrame": 0, "levels": 20})["stackFrames"]

    def top(self, thread):
        return self.stack(thread)[0]

    def where(self, thread):
        """(file, line) of the top frame."""
        frame = self.top(thread)
        return os.path.basename(frame["source"]["path"]), frame["line"]

    def variables(self, reference):
        found = self.request("variables", {"variablesReference": reference})
        return {v["name"]: v for v in found["variables"]}

    def scope(self, frame, name):
        scopes = self.request("scopes", {"frameId": frame["id"]})["scopes"]
        return next(s for s in scopes if s["name"] == name)

    def local(self, frame):
        return self.variables(self.scope(frame, "Locals")
                              ["variablesReference"])

    def evaluate(self, expression, frame, context="repl"):
        return self.request("evaluate", {
            "expression": expression, "frameId": frame["id"],
            "context": context})["result"]

    def go(self, thread):
        return self.request("continue", {"threadId": thread})

    def step(self, verb, thread):
        """next, stepIn or stepOut; returns when it stands again."""
        self.request(verb, {"threadId": thread})
        return self.stopped("step")

    def printed(self, category="stdout"):
        """The output events of a category as one text."""
        return "".join(m["body"]["output"] for m in self.events("output")
                       if m["body"].get("category") == category)

    def wait_printed(self, text, category="stdout", patience=None):
        self._wait(lambda: text in self.printed(category), patience,
                   "output %r" % text)

    def detach(self, **arguments):
        """VS Code's Disconnect. Returns when the connection is closed."""
        arguments.setdefault("restart", False)
        self.request("disconnect", arguments)
        self.close()


def success(response):
    if not response["success"]:
        raise Refused(response)
    return response.get("body") or {}


def connect(host, port, patience):
    connection = socket.create_connection((host, port), timeout=patience)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def connect_when_open(host, port, patience=PATIENCE):
    """A client, as soon as somebody listens there."""
    limit = time.monotonic() + patience
    while True:
        try:
            return Client(host, port)
        except ConnectionRefusedError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.02)


def read_message(stream):
    """One message; strict about what the product sends."""
    header = stream.readline()
    if not header:
        raise Closed("end of stream")
    name, _, length = header.partition(b":")
    if name != b"Content-Length" or not header.endswith(b"\r\n"):
        raise ValueError("bad header %r" % header)
    if stream.readline() != b"\r\n":
        raise ValueError("more than one header")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise Closed("end of stream in a message")
    return json.loads(body.decode())
