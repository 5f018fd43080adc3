"""What the agent makes of a hook's words in an unusual order."""
import os
import signal
import subprocess
import time

import pytest

from dap_client import Refused
from fake_hook import Debuggee, Hook
from harness import stat_fields
from http_wire import ask, read

TOKEN = "of-the-test"


@pytest.fixture
def hooked(start):
    """hooked(field…): (the step, a hook that has registered in it)."""
    hooks = []

    def begin(*fields, **more):
        step = start(["sh", "-c", "echo $PITSTOP_SOCKET; exec sleep 100"],
                     "--hold=crash", "--timeout", "60", "--adopt=off",
                     "--pause-limit", "2", env={"PITSTOP_TOKEN": TOKEN})
        name = step.stdout.wait("^@pitstop-")[1].string
        hooks.append(Hook(name, "hold=crash", *fields, **more))
        return step, hooks[-1]

    yield begin
    for hook in hooks:
        hook.close()


@pytest.mark.parametrize("word, kind", [
    ("nodebugger", ("left=500",)),
    ("nodebugger", ("left=500", "crash=KeyError: 1")),
    ("passed", ("left=500", "crash=KeyError: 1"))])
def test_hold_after_one_that_could_not_go_on_is_a_new_one(hooked, word, kind):
    """With its own time, and all that the log has for it."""
    step, hook = hooked("kind=again", *kind)
    assert float(hook.wait("hold")) == 0.5
    hook.send(word, "crashed ValueError: 2")
    assert float(hook.wait("hold")) == 60
    hook.send("ready 1.8")
    hook.wait("say")
    assert "ValueError: 2" in hook.log
    assert "Timeout for debug connection: 60\n" in hook.log
    assert "launch.json: " in hook.log


def test_a_failure_that_an_earlier_agent_held_tells_no_secret(hooked):
    step, hook = hooked("kind=again", "left=30000",
                        "crash=ValueError: password=hunter2")
    hook.wait("hold")
    only, = read(ask(step.http_port, "GET", "/v1/sessions", TOKEN))["sessions"]
    assert only["failed"] == "ValueError: password=[redacted]"


def configured(step, hook):
    """(a client whose attach waits for the tracing, its debuggee, the seq of
    its attach)."""
    client = step.client()
    client.initialize()
    attach = client.begin_attach({"pitstopToken": TOKEN})
    _, port, token, *_ = hook.wait("attach").split()
    debuggee = Debuggee(int(port), token)
    step.clients.append(debuggee)
    client.wait_initialized(attach)
    done = client.send("configurationDone")
    assert client.response(done)["success"]
    return client, debuggee, attach


def attached(step, hook, traced=True):
    """(a client that is attached, its debuggee)."""
    client, debuggee, attach = configured(step, hook)
    if traced:
        hook.send("connected")
    assert client.response(attach)["success"]
    return client, debuggee


@pytest.mark.parametrize("before", [True, False])
def test_exception_beside_the_end_of_a_session_is_decided_on(hooked, before):
    """One that comes while the client leaves a process that ends, or then."""
    step, hook = hooked()
    client, debuggee = attached(step, hook)
    client.send("disconnect", {})
    assert debuggee.asked_to_leave.wait(10)
    if before:
        hook.send("crashed KeyError: 1", "adopt")
        hook.wait("adopt")        # the other was read as well
    debuggee.end()
    client.wait_closed(5)
    if not before:
        hook.send("crashed KeyError: 1")
    hook.wait("hold")


def test_attach_does_not_wait_for_the_tracing_for_ever(hooked):
    step, hook = hooked()
    begun = time.monotonic()
    client, _ = attached(step, hook, traced=False)
    assert 4 < time.monotonic() - begun < 15
    client.detach()


def test_attach_is_answered_when_the_tracing_is_on(hooked):
    step, hook = hooked()
    begun = time.monotonic()
    attached(step, hook)
    assert time.monotonic() - begun < 4


def test_no_event_is_lost_while_the_tracing_is_put_on(hooked):
    step, hook = hooked()
    client, debuggee, _ = configured(step, hook)
    for _ in range(15000):
        debuggee.tell("output", category="stdout", output="x" * 8)
    debuggee.tell("stopped", reason="breakpoint", threadId=1)
    client.stopped()
    assert len(client.events("output")) == 15000


def test_pause_that_begins_while_the_tracing_is_put_on_is_limited(hooked):
    """Also where the limit passes before the client is told of the pause."""
    step, hook = hooked()
    client, debuggee, _ = configured(step, hook)
    debuggee.tell("stopped", reason="breakpoint", threadId=1)
    client.stopped()           # the tracing takes too long
    assert debuggee.asked_to_leave.wait(10)


def test_pause_has_to_wait_for_the_tracing(hooked):
    step, hook = hooked()
    client, _, _ = configured(step, hook)
    with pytest.raises(Refused, match="^not attached yet$"):
        client.request("pause", {"threadId": 1})


def test_exception_while_the_tracing_is_put_on_is_shown(hooked):
    """The hook hears of the hold only then: a client is in by now."""
    step, hook = hooked()
    client, _, attach = configured(step, hook)
    hook.send("crashed KeyError: 1")
    hook.wait("hold")
    hook.send("connected")
    assert client.response(attach)["success"]
    hook.send("ready 1.8")
    hook.wait("show")



def connected_by_another(orphan=False):
    """A `connect` for Hook: a process of its own makes the connection, and
    shares it."""
    def connect(sock, address):
        mine, its = os.pipe()
        if os.fork() == 0:
            try:
                if not orphan or os.fork() == 0:
                    sock.connect(address)
                    os.write(its, b"%d" % os.getpid())
                    time.sleep(100)
            finally:
                os._exit(0)
        if orphan:
            os.wait()
        connect.pid = int(os.read(mine, 20))
        os.close(mine)
        os.close(its)

    return connect


def end_it(client, debuggee):
    client.send("disconnect", {"terminateDebuggee": True})
    assert debuggee.asked_to_leave.wait(10)


def lives_on(pid):
    """For a moment that is long for a signal."""
    time.sleep(0.3)
    return stat_fields(pid)[0] != "Z"


def test_process_that_only_says_to_be_a_child_is_not_ended(hooked):
    """Its parent has ended, or its numbers are another namespace's."""
    parent, other = connected_by_another(), connected_by_another(orphan=True)
    step, hook = hooked(connect=parent)
    name = step.stdout.wait("^@pitstop-")[1].string
    orphan = Hook(name, "pid=100000", "ppid=%d" % os.getpid(), connect=other)
    try:
        end_it(*attached(step, hook))
        assert os.waitpid(parent.pid, 0)[1] == signal.SIGTERM
        assert lives_on(other.pid)
    finally:
        os.kill(other.pid, signal.SIGKILL)
        orphan.close()


LAST_PID = "/proc/sys/kernel/ns_last_pid"


def process_with(pid):
    """An innocent one, with the number of a process that has ended."""
    for _ in range(100):
        with open(LAST_PID, "w") as file:
            file.write(str(pid - 1))
        process = subprocess.Popen(["sleep", "100"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    pytest.skip("others take the number")


@pytest.mark.skipif(not os.access(LAST_PID, os.W_OK), reason="not root")
def test_another_process_with_the_number_is_not_ended(hooked):
    """The hook's connection lives on in what its process has forked."""
    connect = connected_by_another()
    step, hook = hooked(connect=connect)
    client, debuggee = attached(step, hook)
    os.kill(connect.pid, signal.SIGKILL)
    os.waitpid(connect.pid, 0)
    innocent = process_with(connect.pid)
    try:
        end_it(client, debuggee)
        assert lives_on(innocent.pid)
    finally:
        innocent.kill()
        innocent.wait()
