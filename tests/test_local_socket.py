"""HTTP over the unix socket beside the hooks', for the same user and root."""
import os
import re
import socket

import pytest

from harness import place, wait_for
from http_wire import Wire, read, request

TOKEN = "known-to-the-tests"
NOBODY = 65534


class LocalWire(Wire):
    def __init__(self, name):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(b"\0" + name[1:].encode())
        self.data = b""


def sockets(step):
    """The names of the listening ones that this step's agent has."""
    folder = "/proc/%d/fd" % step.agent()
    mine = {os.readlink("%s/%s" % (folder, fd)) for fd in os.listdir(folder)}
    with open("/proc/net/unix") as table:
        rows = [line.split() for line in table]
    return [r[7] for r in rows if len(r) > 7 and r[3] == "00010000"
            and "socket:[%s]" % r[6] in mine]


def local(step):
    return next(n for n in sockets(step)
                if re.fullmatch("@pitstop-[0-9a-f]{32}-[0-9]+", n))


@pytest.fixture
def held(hold, one_python, tmp_path):
    def begin(*options):
        step = hold([one_python.path, place(tmp_path, "simple.py")], *options,
                    env={"PITSTOP_TOKEN": TOKEN})
        step.wait_held()
        return step
    return begin


def test_the_same_user_needs_no_token(held):
    step = held()
    assert local(step).endswith("-%d" % step.http_port)
    with LocalWire(local(step)) as wire:
        answer = wire.ask("GET", "/v1/sessions")
        assert answer.status == 200
        only, = read(answer)["sessions"]
        assert wire.ask("POST", "/v1/sessions/%s/release" % only["id"]
                        ).status == 200
    assert step.hold_ended()[0] is False
    assert step.finished()[0] == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_is_let_in_nowhere(held):
    step = held()
    name = local(step)
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(NOBODY)
            with LocalWire(name) as wire:
                wire.send(request("GET", "/livez"))
                os._exit(0 if wire.sock.recv(1) == b"" else 1)
        except ConnectionError:
            os._exit(0)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert step.running() and not step.stdout.find("^Debugger attached")


def test_it_is_there_without_a_port(held):
    step = held("--http-port", "off")
    assert local(step).endswith("-0")
    with LocalWire(local(step)) as wire:
        assert wire.ask("GET", "/readyz").status == 503


def test_the_next_agent_has_it_again(held):
    step = held()
    before = local(step)
    pid = step.kill_agent()
    step.agent(but=pid)
    wait_for(lambda: before in sockets(step), "the socket")
    with LocalWire(before) as wire:
        assert wire.ask("GET", "/livez").status == 200

