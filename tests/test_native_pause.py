"""A pause of a step that hangs in native code, with real debugpy."""
import fcntl
import os
import signal
import socket
import time

import pytest

import pythons
from dap_client import Overdue, Refused
from harness import line_of, place, wait_for
from main_pythons import python  # noqa: F401

TOKEN = "of-the-test"
LAUNCH = {"name": "late", "type": "debugpy", "request": "attach",
          "justMyCode": True, "pitstopToken": TOKEN}
KINDS = ("sleep", "lock", "read")
NO_VARIABLES = "No variables: the thread is inside native code"
SOME = pythons.some("py3.8", "py3.11", "py3.13")


class Gate:
    """What the step hangs at: a lock that is held, a socket that is silent."""

    def __init__(self, folder):
        self.lock = open(os.path.join(folder, "lock"), "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(folder, "socket"))
        self.socket.listen(5)

    def open(self):
        self.lock.close()
        try:
            self.socket.setblocking(False)
            while True:
                self.socket.accept()[0].close()
        except OSError:         # none is left, or it is open already
            self.socket.close()


@pytest.fixture
def hanging(start, tmp_path):
    """hanging(python, kind, who): a step that hangs until `gate.open()`."""
    gates = []

    def begin(python, kind, who="main", **env):
        path = place(tmp_path, "hangs.py")
        gates.append(Gate(str(tmp_path)))
        step = start([python.path, path, kind, str(tmp_path), who],
                     env=dict(env, PITSTOP_TOKEN=TOKEN))
        step.path, step.gate = path, gates[-1]
        step.stdout.wait("^hanging$")
        return step

    yield begin
    for gate in gates:
        gate.open()


def late(step, *marks, **changes):
    client = step.client()
    client.start(dict(LAUNCH, **changes),
                 {step.path: [line_of(step.path, m) for m in marks]})
    return client


def late_if_free(step):
    try:
        return late(step)
    except Refused as refused:
        assert "is being debugged" in refused.message
        return None


def thread_named(client, name):
    return next(t["id"] for t in client.threads() if t["name"] == name)


def pause(client, name="MainThread"):
    """The body of a stop that pitstop made, which has to come in time."""
    asked = time.monotonic()
    thread = thread_named(client, name)
    client.request("pause", {"threadId": thread})
    body = client.event("stopped")
    assert body["reason"] == "pause"
    assert body["threadId"] == thread
    assert body["allThreadsStopped"] is True
    assert "inside native code" in body.get("description", ""), body
    assert time.monotonic() - asked >= 2
    return body


def shows(step, client, thread, mark):
    """The thread's frames, of which the top one hangs at the mark."""
    frames = client.stack(thread)
    assert frames[0]["line"] == line_of(step.path, mark), frames
    assert [f["name"] for f in frames[:2]] == [mark.partition("_")[0], "work"]
    return frames


def has_no_variables(client, frame):
    """It says why, in the scopes and to whoever evaluates."""
    scope, = client.request("scopes", {"frameId": frame["id"]})["scopes"]
    assert scope["name"] == NO_VARIABLES
    rows = client.variables(scope["variablesReference"])
    assert "at least" in rows["since"]["value"]
    for command, arguments in (
            ("evaluate", {"expression": "value", "context": "repl"}),
            ("evaluate", {"expression": "value", "context": "hover"}),
            ("setExpression", {"expression": "value", "value": "1"}),
            ("completions", {"text": "va", "column": 3}),
            ("stepInTargets", {})):
        with pytest.raises(Refused) as refused:
            client.request(command, dict(arguments, frameId=frame["id"]))
        assert "inside native code" in refused.value.message
        assert not refused.value.error, "no message box for each watch"
    with pytest.raises(Refused):
        client.request("setVariable", {
            "variablesReference": scope["variablesReference"],
            "name": "since", "value": "1"})


def go_on(client, thread):
    """Continue out of a stop of ours; returns when debugpy knows it."""
    assert client.go(thread) == {"allThreadsContinued": True}
    assert client.event("continued")["allThreadsContinued"] is True
    client.threads()


def has_variables(client, thread):
    top = client.top(thread)
    assert client.local(top)["value"]["value"] == "7"
    assert client.evaluate("value + 1", top) == "8"


def ends(step):
    assert step.finished()[0] == 3
    assert step.own_output().replace("2\n", "") == "hanging\nback\n"


def stops(client):
    return len(client.events("stopped"))


# ---- one thread ---------------------------------------------------------

@pytest.mark.parametrize("kind", KINDS)
def test_pause_shows_where_it_hangs_and_stops_when_it_is_back(hanging, python,
                                                              kind):
    step = hanging(python, kind)
    client = late(step)
    thread = pause(client)["threadId"]
    frames = shows(step, client, thread, kind)
    has_no_variables(client, frames[0])
    has_no_variables(client, frames[-1])
    step.gate.open()
    body = client.event("stopped")
    assert (body["reason"], body["threadId"]) == ("pause", thread)
    assert "description" not in body, "debugpy's own"
    names = [m["event"] for m in client.messages if m["type"] == "event"
             and m["event"] in ("stopped", "continued")]
    assert names == ["stopped", "continued", "stopped"], \
        "frames of the first stop are over before the second"
    shows(step, client, thread, kind + "_back")
    has_variables(client, thread)
    client.go(thread)
    ends(step)
    assert stops(client) == 2


def test_continue_takes_the_pause_back(hanging, python):
    step = hanging(python, "lock")
    client = late(step, "end")
    thread = pause(client)["threadId"]
    go_on(client, thread)
    step.gate.open()
    assert client.stopped("breakpoint") == thread, "nothing before it"
    assert client.where(thread)[1] == line_of(step.path, "end")
    assert client.go(thread)["allThreadsContinued"] is True
    ends(step)
    assert stops(client) == 2


@pytest.mark.parametrize("verb", ["next", "stepIn", "stepOut"])
@pytest.mark.parametrize("python", SOME)
def test_step_stops_when_it_is_back(hanging, python, verb):
    step = hanging(python, "read")
    client = late(step)
    thread = pause(client)["threadId"]
    client.request(verb, {"threadId": thread})
    client.event("continued")
    client.wait_printed("stops at its next line", "console")
    step.gate.open()
    assert client.stopped("pause") == thread
    shows(step, client, thread, "read_back")
    client.step("next", thread)
    client.go(thread)
    ends(step)


@pytest.mark.parametrize("python", SOME)
def test_pause_again_after_a_step(hanging, python):
    step = hanging(python, "lock")
    client = late(step)
    thread = pause(client)["threadId"]
    client.request("next", {"threadId": thread})
    body = pause(client)
    assert "at least 4 s" in body["text"], "it counts from the first pause"
    go_on(client, thread)
    step.gate.open()
    ends(step)
    assert stops(client) == 2


@pytest.mark.parametrize("python", SOME)
def test_pause_again_after_a_continue(hanging, python):
    step = hanging(python, "lock")
    client = late(step)
    for _ in range(2):
        thread = pause(client)["threadId"]
        shows(step, client, thread, "lock")
        go_on(client, thread)
    thread = pause(client)["threadId"]
    step.gate.open()
    assert client.stopped("pause") == thread
    shows(step, client, thread, "lock_back")
    client.go(thread)
    ends(step)


def test_evaluation_without_a_frame_goes_on(hanging, one_python):
    step = hanging(one_python, "lock")
    client = late(step)
    pause(client)
    assert client.request("evaluate", {"expression": "6 * 7",
                                       "context": "repl"})["result"] == "42"


def test_stop_in_time_is_the_only_one(hanging, one_python):
    step = hanging(one_python, "lock", "worker")
    client = late(step)
    client.request("pause", {"threadId": thread_named(client, "MainThread")})
    assert "description" not in client.event("stopped")
    with pytest.raises(Overdue):
        client.event("stopped", patience=3)


def test_step_that_does_not_let_python_run(hanging, one_python):
    """The debugger in it cannot even answer. That is said, and no more."""
    step = hanging(one_python, "lock")
    client = late(step, "end")
    thread = thread_named(client, "MainThread")
    client.request("pause", {"threadId": thread})
    body = client.event("stopped")
    # for the debugger, the same as native code that keeps the lock
    os.kill(step.main_pid(), signal.SIGSTOP)
    try:
        client.go(body["threadId"])
        asked = client.send("pause", {"threadId": thread})
        client.wait_printed("does not let Python run", "console")
        assert stops(client) == 1
    finally:
        os.kill(step.main_pid(), signal.SIGCONT)
    client.response(asked)
    assert "inside native code" in client.event("stopped")["description"]
    go_on(client, thread)
    step.gate.open()
    client.go(client.stopped("breakpoint"))
    ends(step)


# ---- several threads ----------------------------------------------------

def stack_beside(step, client, hung, stopped):
    """One hangs, one is stopped for real; frames of the one that hangs."""
    frames = shows(step, client, hung, "lock")
    has_no_variables(client, frames[0])
    has_no_variables(client, frames[-1])
    top = client.top(stopped)
    assert client.evaluate("1 + 1", top) == "2"
    assert client.scope(top, "Locals")
    for verb in ("next", "stepIn", "stepOut"):
        with pytest.raises(Refused) as refused:
            client.request(verb, {"threadId": hung})
        assert "inside native code" in refused.value.message
        assert refused.value.error["showUser"] is True
    return frames


@pytest.mark.parametrize("who, hung, looping", [
    ("main+loop", "MainThread", "looper"), ("worker", "worker", "MainThread")])
def test_one_thread_hangs_and_one_stops(hanging, python, who, hung, looping):
    step = hanging(python, "lock", who)
    client = late(step)
    hung = thread_named(client, hung)
    looping = thread_named(client, looping)
    client.request("pause", {"threadId": hung})
    assert client.stopped("pause") == looping
    stack_beside(step, client, hung, looping)
    step.gate.open()
    body = client.event("invalidated")
    assert body == {"areas": ["stacks"], "threadId": hung}
    shows(step, client, hung, "lock_back")
    has_variables(client, hung)
    client.go(looping)
    ends(step)
    assert stops(client) == 1


def test_both_hang_and_one_is_back(hanging, python):
    """A stop of ours, and then a real one beside a thread that still hangs."""
    step = hanging(python, "lock", "both")
    client = late(step)
    main = pause(client)["threadId"]
    worker = thread_named(client, "worker")
    has_no_variables(client, shows(step, client, worker, "lock")[0])
    step.gate.open()
    assert client.stopped("pause") == worker
    has_variables(client, worker)
    top = client.top(main)
    assert top["line"] == line_of(step.path, "join")
    has_no_variables(client, top)
    client.go(worker)
    ends(step)
    assert stops(client) == 2


@pytest.mark.parametrize("python", SOME)
def test_one_hangs_while_another_is_stepped(hanging, python):
    """It is no more in the way than any other thread that runs."""
    step = hanging(python, "lock", "worker")
    client = late(step)
    hung = thread_named(client, "worker")
    main = thread_named(client, "MainThread")
    client.request("pause", {"threadId": main})
    assert client.stopped("pause") == main
    for _ in range(3):
        client.step("next", main)
        stack_beside(step, client, hung, main)
    client.go(main)
    step.gate.open()
    ends(step)


@pytest.mark.parametrize("python", SOME)
def test_thread_is_back_while_the_others_go_on(hanging, python):
    """Continued while it hung, it does not stop when it is back."""
    step = hanging(python, "lock", "worker")
    client = late(step)
    hung = thread_named(client, "worker")
    main = thread_named(client, "MainThread")
    client.request("pause", {"threadId": main})
    client.stopped("pause")
    stack_beside(step, client, hung, main)
    client.go(main)
    client.event("continued")
    step.gate.open()
    ends(step)
    assert stops(client) == 1 and not client.events("invalidated")


# ---- the end of it ------------------------------------------------------

def test_disconnect_lets_it_run(hanging, python):
    step = hanging(python, "read")
    client = late(step)
    pause(client)
    client.detach()
    step.gate.open()
    ends(step)


@pytest.mark.parametrize("farewell", ["disconnect", "loss"])
def test_leaving_while_the_stack_is_asked_for(hanging, one_python, farewell):
    """debugpy takes half a second to answer that."""
    step = hanging(one_python, "lock", "worker")
    client = late(step)
    hung = thread_named(client, "worker")
    client.request("pause", {"threadId": hung})
    assert client.stopped("pause") != hung
    client.send("stackTrace", {"threadId": hung})
    if farewell == "disconnect":
        client.detach()
    else:
        client.close()
    wait_for(lambda: late_if_free(step), "the next client").detach()
    step.gate.open()
    ends(step)


@pytest.mark.parametrize("python", SOME)
def test_attach_again_and_pause_again(hanging, python):
    step = hanging(python, "lock")
    for _ in range(2):
        client = late(step)
        thread = pause(client)["threadId"]
        shows(step, client, thread, "lock")
        client.detach()
    client = late(step, "end")
    step.gate.open()
    client.go(client.stopped("breakpoint"))
    ends(step)


def test_lost_client_lets_it_run(hanging, python):
    step = hanging(python, "lock")
    client = late(step)
    pause(client)
    client.close()
    second = wait_for(lambda: late_if_free(step), "the loss to be noticed")
    step.gate.open()
    ends(step)
    assert not stops(second)


@pytest.mark.parametrize("python", SOME)
def test_takeover(hanging, python):
    step = hanging(python, "lock")
    first = late(step)
    pause(first)
    second = late(step, "end", pitstopTakeover=True)
    first.event("terminated")
    thread = pause(second)["threadId"]
    shows(step, second, thread, "lock")
    go_on(second, thread)
    step.gate.open()
    second.go(second.stopped("breakpoint"))
    ends(step)


def test_agent_killed_lets_it_run(hanging, python):
    step = hanging(python, "lock")
    client = late(step)
    pause(client)
    step.agent(but=step.kill_agent())
    client.wait_closed(5)
    step.gate.open()
    ends(step)


@pytest.mark.parametrize("python", SOME)
def test_child_session(hold, tmp_path, python):
    """The child's stop is its own: the parent's session runs."""
    path = place(tmp_path, "hangs.py")
    gate = Gate(str(tmp_path))
    step = hold([python.path, path, "lock", str(tmp_path), "child"])
    step.path = path
    parent = step.attached()
    configuration = parent.asked("startDebugging")["configuration"]
    child = step.client(configuration)
    child.start(configuration)
    step.stdout.wait("^hanging$", start=1 + step.stdout.wait("^hanging$")[0])
    thread = pause(child)["threadId"]
    has_no_variables(child, shows(step, child, thread, "lock")[0])
    gate.open()
    assert child.stopped("pause") == thread
    has_variables(child, thread)
    child.go(thread)
    assert step.finished()[0] == 1
    assert step.own_output() == "hanging\nhanging\nback\n"
    assert not stops(parent)


def test_end_of_the_step_in_our_stop(hanging, one_python):
    step = hanging(one_python, "lock")
    client = late(step)
    pause(client)
    os.kill(step.main_pid(), signal.SIGKILL)
    client.event("terminated")
    assert step.status() == 137
    assert stops(client) == 1
