"""What strangers can make the agent spend is bounded: memory, descriptors."""
import contextlib
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import time

import pytest

from dap_client import CLIENT, Closed, read_message
from harness import PITSTOP, line_of, place
from test_access import framed, request

KILOBYTES = 40000               # more than this is not bounded
DESCRIPTORS = 320
CONNECTIONS = 900


@contextlib.contextmanager
def descriptors(soft):
    """What is started meanwhile may open that many at first."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def held(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    step.path = str(tmp_path / "simple.py")
    step.launch = step.wait_held()
    yield step
    assert step.finished()[0] == 7


sanitizers_memory = pytest.mark.skipif(
    "/asan/" in PITSTOP, reason="the sanitizer keeps what was freed")


@pytest.fixture
def sockets():
    with contextlib.ExitStack() as stack:
        def connect(port):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.settimeout(5)
            return stack.enter_context(sock)
        yield connect


def good_client_gets_in(step):
    client = step.attached(step.launch,
                           {step.path: [line_of(step.path, "module")]})
    client.go(client.stopped("breakpoint"))


def memory(step):
    """The agent's greatest so far, in kilobytes."""
    with open("/proc/%d/status" % step.agent()) as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))


def open_files(step):
    return len(os.listdir("/proc/%d/fd" % step.agent()))


def send_while_taken(sock, data, seconds):
    """What is not taken is no loss here."""
    sock.settimeout(0.5)
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            sock.sendall(data)


@sanitizers_memory
def test_answers_that_nobody_reads(held, sockets):
    sock = sockets(held.port)
    sock.sendall(framed(request("initialize", CLIENT)))
    send_while_taken(sock, framed(request("launch", {})) * 2000, 5)
    assert memory(held) < KILOBYTES
    good_client_gets_in(held)


@sanitizers_memory
def test_large_messages_of_strangers(held, sockets):
    body = ('{"seq":1,"type":"request","command":"%%s","arguments":{"a":'
            '[%s1]}}' % ("1," * 32000))
    for _ in range(100):
        sock = sockets(held.port)
        for command in ("initialize", "attach"):
            sock.sendall(framed((body % command).encode()))
        assert sock.recv(1)
    assert memory(held) < KILOBYTES
    good_client_gets_in(held)


@sanitizers_memory
def test_large_messages_to_the_debuggers_port(held, sockets):
    port = held.debuggee_port()
    for _ in range(4):
        send_while_taken(sockets(port), b"Content-Length: 60000000\r\n\r\n" +
                         b" " * 50000000, 0.1)
    assert memory(held) < KILOBYTES
    good_client_gets_in(held)


@pytest.mark.parametrize("where", ["clients", "debuggers"])
def test_idle_connections(held, sockets, where):
    port = held.port if where == "clients" else held.debuggee_port()
    most = 0
    for number in range(CONNECTIONS):
        sockets(port)
        if number % 50 == 0:
            most = max(most, open_files(held))
    assert most < DESCRIPTORS
    good_client_gets_in(held)


def test_more_connections_than_the_soft_limit(hold, one_python, tmp_path,
                                              sockets):
    path = place(tmp_path, "simple.py")
    with descriptors(40):
        step = hold([one_python.path, path])
    step.path, step.launch = path, step.wait_held()
    for _ in range(60):
        sockets(step.port)
    good_client_gets_in(step)
    assert step.finished()[0] == 7



def answer(sock, stream, body):
    asked = read_message(stream)
    sock.sendall(framed(json.dumps({
        "type": "response", "seq": 1, "request_seq": asked["seq"],
        "success": True, "command": asked["command"], "body": body}).encode()))


def test_a_debuggee_without_a_token_is_nobodys(start, one_python, tmp_path,
                                               sockets):
    """Also where no session has one yet."""
    path = tmp_path / "stays.py"
    path.write_text("import os, sys\nprint(os.getpid(), flush=True)\n"
                    "sys.stdin.read()\n")
    step = start(["bash", "-c", "exec 3<&0; for i in 1 2; do %s %s <&3 & done;"
                  " wait" % (one_python.path, path)], stdin=subprocess.PIPE,
                 env={"PITSTOP_TOKEN": "known"})
    at, first = step.stdout.wait(r"^\d+$")
    _, second = step.stdout.wait(r"^\d+$", start=at + 1)
    pids = [int(found.group()) for found in (first, second)]
    for pid in pids:
        sock = sockets(step.debuggee_port())
        stream = sock.makefile("rb")
        answer(sock, stream, {"clientAccessToken": ""})
        with contextlib.suppress(OSError, Closed):
            answer(sock, stream, {"process": {"pid": pid, "ppid": 1}})
            read_message(stream)
    for pid in pids:
        step.client().start({"pitstopToken": "known", "subProcessId": pid})


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two other users")
def test_another_user_gets_no_place_at_the_hooks_socket():
    binary = shutil.copy(PITSTOP, "/tmp/pitstop-of-another")
    try:
        os.chmod(binary, 0o755)
        with subprocess.Popen(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                 binary, "run", "--", "sh", "-c", "echo $PITSTOP_SOCKET; read _"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/") as step:
            name = step.stdout.readline().strip()
            assert is_closed_for(65533, name)
            assert not is_closed_for(65534, name)
            step.stdin.close()
    finally:
        os.unlink(binary)


def is_closed_for(user, name):
    """Does a connection by this user to an abstract socket end at once?"""
    child = os.fork()
    if child == 0:
        os.setuid(user)
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(2)
        try:
            sock.connect(b"\0" + name[1:])
            os._exit(len(sock.recv(1)))
        except ConnectionResetError:
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0
