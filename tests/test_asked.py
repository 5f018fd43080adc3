"""Who dies while a question over HTTP is open: the agent, the step, who asked.
"""
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess

import pytest

from harness import place, wait_for
from http_wire import Wire, is_problem, read, request
from test_stacks import TOKEN, at_function, get, only_id, stacks

KINDS = pytest.mark.parametrize("path", ["/v1/stacks",
                                         "/v1/sessions/%s/stacks"])
TIMEOUT = 4
LONGER = 3
SLACK = 3               # a machine with other work


@pytest.fixture
def deaf(start, one_python, tmp_path):
    """deaf(*arguments): a step that answers no question until it gets a line.
    What it runs below goes on when it has ended."""
    path = place(tmp_path, "deaf.py")
    step = None

    def begin(*arguments):
        nonlocal step
        step = start(["sh", "-c", '"$0" "$@"; s=$?; read _; exit $s',
                      one_python.path, path, *arguments],
                     env={"PITSTOP_TOKEN": TOKEN}, stdin=subprocess.PIPE)
        step.stdout.wait("^deaf$")
        step.id = only_id(step)
        return step

    yield begin
    step.process.stdin.close()


def line(step):
    step.process.stdin.write(b"\n")


def open_question(step, path):
    """The agent has read it, and nobody has answered."""
    wire = Wire(step.http_port)
    wire.send(request("GET", path % step.id if "%" in path else path, TOKEN))
    assert get(step, "/livez").status == 200
    assert not select.select([wire.sock], [], [], 0)[0]
    return wire


def told(wire):
    """The status that came before the connection's end; None: none did."""
    with contextlib.suppress(ConnectionResetError):
        wire.ended()
    return int(wire.data.split()[1]) if wire.data else None


def goes_on(step):
    """It answers, now that it can, and ends as if nobody had asked."""
    line(step)
    wait_for(lambda: at_function(stacks(step), "rest"), "its stacks")
    step.process.stdin.close()
    status, out, err = step.finished()
    assert (status, out) == (0, "deaf\nend\n")
    return err


# ---- the agent --------------------------------------------------------------

@KINDS
def test_the_agent_dies_while_it_waits_for_an_answer(deaf, path):
    step = deaf()
    with open_question(step, path) as wire:
        first = step.kill_agent()
        assert told(wire) is None
    assert step.agent(but=first)
    err = goes_on(step)
    assert err.count("\n") == 1 and err.startswith("pitstop: the agent ")


@pytest.mark.parametrize("moment", ["unread", "amid", "answered"])
@pytest.mark.parametrize("verb", ["extend", "release"])
def test_the_agent_dies_at_a_request_to_a_hold(hold, one_python, tmp_path,
                                               verb, moment):
    """What was answered is so; else the hold ends as it would have, or as it
    was asked to."""
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                timeout=TIMEOUT, env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    path = "/v1/sessions/%s/%s" % (only_id(step), verb)
    content = {"seconds": LONGER} if verb == "extend" else None
    with Wire(step.http_port) as wire:
        if moment == "unread":
            step.kill_agent(signal.SIGSTOP)
        agent = step.agent()
        wire.send(request("POST", path, TOKEN, content))
        if moment == "answered":
            assert wire.answer().status == 200
        os.kill(agent, signal.SIGKILL)
        status = 200 if moment == "answered" else told(wire)
    assert status in {"unread": [None], "amid": [None, 200],
                      "answered": [200]}[moment]
    attached, ended = step.hold_ended()
    assert not attached
    ends_at(ended - step.held_at(), *{
        "extend": (TIMEOUT, TIMEOUT + LONGER), "release": (TIMEOUT, 0)}[verb],
        {"unread": [False], "amid": [True] if status else [False, True],
         "answered": [True]}[moment])
    assert step.finished()[0] == 7


def ends_at(spent, usual, asked, obeyed):
    """`obeyed`: whether it may have been as asked."""
    wanted = [asked if yes else usual for yes in obeyed]
    assert any(at - 0.1 < spent < at + SLACK - 0.5 for at in wanted), spent


# ---- who asked --------------------------------------------------------------

@pytest.mark.parametrize("reset", [False, True])
@KINDS
def test_who_asked_is_gone(deaf, path, reset):
    step = deaf()
    wire = open_question(step, path)
    if reset:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
    wire.sock.close()
    with open_question(step, path) as other:
        line(step)
        assert other.answer().status == 200
        assert b'"pass"' in other.ask("GET", "/livez").content
    wait_for(lambda: b"\npitstop_http_connections 1\n" in
             get(step, "/metrics").content, "the end of the others")
    step.process.stdin.close()
    assert step.finished() == (0, "deaf\nend\n", "")


# ---- the step ---------------------------------------------------------------

@pytest.mark.parametrize("end", ["exits", "is killed"])
@KINDS
def test_the_process_that_is_asked_ends(deaf, path, end):
    step = deaf("3")
    with open_question(step, path) as wire:
        if end == "exits":
            line(step)
        else:
            os.kill(int(step.id), signal.SIGKILL)
        answer = wire.answer()
    if path == "/v1/stacks":
        assert (answer.status, read(answer)) == (200, {"groups": []})
    else:
        is_problem(answer, 404)
    is_problem(get(step, "/v1/sessions/%s/stacks" % step.id), 404)
    step.process.stdin.close()
    status, out, err = step.finished()
    assert (status, out, err) == {
        "exits": (3, "deaf\n", ""),
        "is killed": (137, "deaf\n", "Killed\n")}[end]
