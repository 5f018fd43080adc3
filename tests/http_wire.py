"""A raw HTTP/1.1 connection: what goes out is bytes, what comes is parsed."""
import collections
import contextlib
import json
import socket

PATIENCE = 20

Answer = collections.namedtuple("Answer", "status fields content")


class Wire:
    def __init__(self, port, patience=PATIENCE, source="127.0.0.1"):
        self.sock = socket.create_connection(("127.0.0.1", port), patience,
                                             (source, 0))
        self.sock.settimeout(patience)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def _more(self):
        """False at the end. A reset is none: it takes answers with it."""
        data = self.sock.recv(65536)
        self.data += data
        return bool(data)

    def head(self):
        """(status, fields by lower-case name)."""
        while b"\r\n\r\n" not in self.data:
            assert self._more(), "closed amid a head: %r" % self.data
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        line, *rest = head.decode("ascii").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        fields = [field.split(": ", 1) for field in rest]
        names = [name.lower() for name, _ in fields]
        assert len(set(names)) == len(names), head
        return int(status), dict(zip(names, (value for _, value in fields)))

    def answer(self, head=False):
        """The next one; `head`: of a HEAD, without content."""
        status, fields = self.head()
        if status < 200:
            return Answer(status, fields, b"")
        length = 0 if head else int(fields["content-length"])
        while len(self.data) < length:
            assert self._more(), "closed amid content: %r" % self.data
        content, self.data = self.data[:length], self.data[length:]
        return Answer(status, fields, content)

    def ended(self):
        """Nothing more comes, and it is closed."""
        while self._more():
            pass
        return not self.data

    def ask(self, method, path, token=None, content=None, fields=()):
        self.send(request(method, path, token, content, fields))
        return self.answer(head=method == "HEAD")


def request(method, path, token=None, content=None, fields=()):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost"]
    if token:
        lines.append("Authorization: Bearer " + token)
    if content is not None:
        content = json.dumps(content).encode()
        lines += ["Content-Type: application/json",
                  "Content-Length: %d" % len(content)]
    lines += fields
    return "\r\n".join(lines + ["", ""]).encode() + (content or b"")


def ask(port, method, path, token=None, content=None, fields=(), **more):
    """One request, one connection."""
    with Wire(port, **more) as wire:
        return wire.ask(method, path, token, content, fields)


def read(answer):
    """Its JSON."""
    return json.loads(answer.content.decode())


def is_problem(answer, status):
    assert answer.status == status, answer
    assert answer.fields["content-type"] == "application/problem+json"
    problem = read(answer)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status and problem["detail"]
    return problem


@contextlib.contextmanager
def wires(port, count):
    """Idle connections."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Wire(port)) for _ in range(count)]
