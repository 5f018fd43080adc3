"""The hook's side of include/hello.h, and debugpy's of one connection, for the
orders of events that a real step brings about once in a thousand."""
import os
import socket
import threading

from dap_client import Client

SECONDS = 10


class Hook:
    """`verbs` are the agent's lines so far, without what follows them."""

    def __init__(self, name, *fields, connect=socket.socket.connect):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        connect(self.sock, b"\0" + name[1:].encode())
        self.file = self.sock.makefile("rb")
        self.log = ""
        given = {"pid": os.getpid(), "ppid": 1}
        given.update(field.split("=", 1) for field in fields)
        data = "arg=python\0arg=train.py\0" + "".join(
            "%s=%s\0" % field for field in given.items())
        data = data.encode()
        self.sock.sendall(b"pitstop 1 %d\n%s" % (len(data), data))

    def send(self, *lines):
        for line in lines:
            self.sock.sendall(line.encode() + b"\n")

    def wait(self, verb):
        """What stands behind the next such verb; what was to be said until
        then is in `log`."""
        while True:
            got, _, rest = self.file.readline().decode().strip().partition(" ")
            assert got, "the agent has closed"
            if got in ("code", "say", "postmortem", "adopt", "stacks"):
                text = self.file.read(int(rest)).decode()
                self.log += text if got == "say" else ""
            if got == verb:
                return rest

    def close(self):
        self.file.close()
        self.sock.close()


class Debuggee(Client):
    """Answers all that it is asked, but for `disconnect`."""

    def __init__(self, port, token):
        self.token = token
        self.asked_to_leave = threading.Event()
        super().__init__("127.0.0.1", port)

    def _answer(self, request):
        bodies = {"pydevdAuthorize": {"clientAccessToken": self.token},
                  "pydevdSystemInfo": {"process": {"pid": os.getpid(),
                                                   "ppid": 1}}}
        if request["command"] == "disconnect":
            self.asked_to_leave.set()
            return
        self.write({"type": "response", "request_seq": request["seq"],
                    "success": True, "command": request["command"],
                    "body": bodies.get(request["command"], {})})

    def tell(self, event, **body):
        self.write({"type": "event", "event": event, "body": body})

    def end(self):
        """As pydevd at its process's end."""
        self.tell("terminated")
