"""The hold ends within half a second of its deadline, whoever does what to
the agent, and afterwards the step runs on as if nothing had been."""
import os
import signal
import time

import pytest

from dap_client import Closed, Overdue
from harness import Noise, line_of, place, strip_log

TIMEOUT = 3
SLACK = 0.5
GRACE = 30              # of a client between attach and configurationDone
SILENCE = 10            # the supervisor's limit for a silent agent


pytestmark = pytest.mark.usefixtures("noise")


def slack():
    return SLACK + Noise.worst


@pytest.fixture
def held(hold, one_python, tmp_path):
    """A held step, its launch configuration is in `launch`."""
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                timeout=TIMEOUT)
    step.launch = step.wait_held()
    return step


def length_of_hold(step, patience=TIMEOUT + 10):
    attached, ended = step.hold_ended(patience)
    assert attached is False
    return ended - step.held_at()


def check_end(step, least=TIMEOUT, most=None):
    """The hold took between `least` and `most` seconds, give or take the
    slack, and the step ends as without pitstop."""
    most = least if most is None else most
    took = length_of_hold(step, most + 10)
    assert least - slack() <= took <= most + slack()
    check_step(step)


def check_rest(step):
    """After the agent was restarted: what it then says is left of the hold. A
    step that was loading the debugger when the agent died first finishes
    that, and its time does not count."""
    at, match = step.stdout.wait("^pitstop: the agent was restarted; still "
                                 r"holding, (\d+) s left$", TIMEOUT + GRACE)
    attached, ended = step.hold_ended(TIMEOUT + GRACE)
    left = int(match.group(1))          # rounded up
    assert attached is False and left <= TIMEOUT
    took = ended - step.stdout.times[at]
    assert left - 1 - slack() <= took <= left + slack()
    check_step(step)


def check_step(step):
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")
    assert out.count("Debugger attached = ") == 1
    last = step.stderr.text.splitlines()[-1]
    assert last == "done"


def stderr_is_ours_and_the_steps(step):
    for line in step.stderr.text.splitlines():
        assert line == "done" or line.startswith("pitstop: "), line


# ---- clients ------------------------------------------------------------

def test_nobody(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=TIMEOUT)
    check_end(step)
    assert step.stderr.text == "done\n"


def test_a_client_that_says_nothing(held):
    held.client(held.launch)
    check_end(held)


def test_a_client_that_connects_and_leaves(held):
    for _ in range(20):
        held.client(held.launch).close()
    check_end(held)
    stderr_is_ours_and_the_steps(held)


@pytest.mark.parametrize("garbage", [
    b"\0" * 4096, os.urandom(65536), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"Content-Length: 10\r\n\r\nnot json!!", b"\x16\x03\x01\x02\0\x01",
], ids=["zeros", "random", "http", "no-json", "tls"])
def test_a_client_that_sends_garbage(held, garbage):
    client = held.client(held.launch)
    try:
        client.send_raw(garbage)
    except OSError:
        pass                    # closed already
    check_end(held)
    stderr_is_ours_and_the_steps(held)


def test_a_client_that_sends_a_byte_at_a_time(held):
    client = held.client(held.launch)
    end = time.monotonic() + TIMEOUT
    try:
        for byte in b"Content-Length: 1000\r\n\r\n" + b" " * 1000:
            client.send_raw(bytes([byte]))
            if held.stdout.find("^Debugger") or time.monotonic() > end:
                break
            time.sleep(0.01)    # the client's slowness, not a wait
    except OSError:
        pass
    check_end(held)


def test_a_client_that_stops_after_initialize(held):
    held.client(held.launch).initialize()
    check_end(held)


def test_a_client_with_a_wrong_token(held):
    client = held.client(held.launch)
    client.initialize()
    client.begin_attach(dict(held.launch, pitstopToken="guess"))
    check_end(held)


def test_a_client_that_leaves_after_attach(python, hold, tmp_path):
    """The deadline goes on where it stood."""
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=TIMEOUT)
    client = step.client(step.wait_held())
    client.initialize()
    begun = time.monotonic()
    client.wait_initialized(client.begin_attach(step.wait_held()))
    client.close()
    away = time.monotonic() - begun
    check_end(step, TIMEOUT, TIMEOUT + away + 1)


def test_a_client_in_between_suspends_the_deadline(python, hold, tmp_path):
    """It may take its time for the breakpoints, and is attached then."""
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=1)
    launch = step.wait_held()
    client = step.client(launch)
    client.initialize()
    attach = client.begin_attach(launch)
    client.wait_initialized(attach)
    while time.monotonic() < step.held_at() + 2.5:
        client.configure()
        time.sleep(0.1)         # a slow client
    assert not step.stdout.find("^Debugger attached")
    client.finish(attach)
    assert step.hold_ended()[0] is True
    assert step.finished()[0] == 7


def test_a_client_in_between_suspends_it_for_30_s_at_the_most(held):
    client = held.client(held.launch)
    client.initialize()
    client.wait_initialized(client.begin_attach(held.launch))
    check_end(held, TIMEOUT + GRACE)


def test_clients_in_turn_suspend_it_for_30_s_together(hold, one_python,
                                                      tmp_path):
    """Each attaches, waits some seconds and leaves."""
    step = hold([one_python.path, place(tmp_path, "simple.py")], timeout=4)
    launch = step.wait_held()
    while not step.stdout.find("^Debugger attached"):
        assert time.monotonic() < step.held_at() + GRACE + 4 + 2
        try:
            client = step.client(launch)
            client.initialize()
            client.wait_initialized(client.begin_attach(launch))
            step.stdout.changed.acquire()
            step.stdout.changed.wait_for(
                lambda: step.stdout.find("^Debugger attached"), 8)
            step.stdout.changed.release()
        except (Closed, OSError):
            pass
        client.close()
    took = length_of_hold(step)
    assert took <= 4 + GRACE + slack()
    check_step(step)


def test_a_client_attached_just_before_the_deadline_is_in(held):
    client = held.client(held.launch)
    client.initialize()
    while time.monotonic() < held.held_at() + TIMEOUT - 0.4:
        time.sleep(0.01)        # the moment is what is tested
    attach = client.begin_attach(held.launch)
    client.wait_initialized(attach)
    client.configure()
    client.finish(attach)
    assert held.hold_ended()[0] is True
    check_step(held)


def test_an_attached_step_has_no_deadline(hold, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path], timeout=1)
    client = step.attached(breakpoints={path: [line_of(path, "module")]})
    thread = client.stopped("breakpoint")
    with pytest.raises(Overdue):
        client.event("continued", patience=2)
    assert client.where(thread)[1] == line_of(path, "module")
    client.go(thread)
    check_step(step)


# ---- the agent is killed ------------------------------------------------

def test_agent_killed_before_any_client(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=TIMEOUT)
    step.wait_held()
    step.kill_agent()
    check_end(step)
    stderr_is_ours_and_the_steps(step)


def test_agent_killed_right_after_initialize(held):
    client = held.client(held.launch)
    client.initialize()
    held.kill_agent()
    client.wait_closed(5)
    check_end(held)
    stderr_is_ours_and_the_steps(held)


@pytest.mark.parametrize("after", [0, 0.03, 0.1, 0.3, 0.6, 1])
def test_agent_killed_between_attach_and_initialized(held, after):
    """The debugger is being loaded and connected in the step."""
    client = held.client(held.launch)
    client.initialize()
    client.begin_attach(held.launch)
    time.sleep(after)           # the moment is what is tested
    held.kill_agent()
    client.wait_closed(5)
    check_rest(held)
    stderr_is_ours_and_the_steps(held)


def test_agent_killed_between_initialized_and_configuration_done(
        python, hold, tmp_path):
    """Where the step would hang for ever in debugpy's own wait."""
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=TIMEOUT)
    launch = step.wait_held()
    client = step.client(launch)
    client.initialize()
    client.wait_initialized(client.begin_attach(launch))
    client.configure()
    step.kill_agent()
    client.wait_closed(5)
    check_rest(step)
    stderr_is_ours_and_the_steps(step)


def configured(step):
    """A client that has just sent configurationDone; when it began."""
    client = step.client(step.launch)
    client.initialize()
    begun = time.monotonic()
    client.wait_initialized(client.begin_attach(step.launch))
    client.send("configurationDone")
    return client, begun


def pause(seconds):
    """To the moment that is tested, more exactly than sleep()."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def check_end_after(step, begun):
    """Attached or not, the step ends as it should, and in time. An end of
    the interpreter that waits for a thread of pydevd would show here."""
    away = time.monotonic() - begun
    _, ended = step.hold_ended(TIMEOUT + away + 10)
    assert ended - step.held_at() <= TIMEOUT + away + 1 + slack()
    check_step(step)
    stderr_is_ours_and_the_steps(step)


MOMENTS = [0, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006]


@pytest.mark.parametrize("moment", MOMENTS)
def test_agent_killed_right_after_configuration_done(held, moment):
    agent = held.agent()
    client, begun = configured(held)
    pause(moment)
    os.kill(agent, signal.SIGKILL)
    client.wait_closed(5)
    check_end_after(held, begun)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_client_that_leaves_right_after_configuration_done(held, moment):
    client, begun = configured(held)
    pause(moment)
    client.close()
    check_end_after(held, begun)


def test_agent_killed_again_and_again(held):
    """As often as it comes back, before the deadline."""
    last = None
    while time.monotonic() < held.held_at() + TIMEOUT - 1:
        agent = held.find_agent(but=last)
        if agent:
            os.kill(agent, signal.SIGKILL)
            last = agent
        time.sleep(0.005)
    check_end(held)
    stderr_is_ours_and_the_steps(held)


def test_hold_goes_on_under_a_new_agent(python, hold, tmp_path):
    """Same port, same token: the entry of launch.json still works."""
    path = place(tmp_path, "simple.py")
    step = hold([python.path, path])
    launch = step.wait_held()
    step.agent(but=step.kill_agent())
    client = step.client()
    client.start(launch, {path: [line_of(path, "module")]})
    thread = client.stopped("breakpoint")
    client.go(thread)
    assert step.hold_ended()[0] is True
    check_step(step)


def test_attach_again_after_the_agent_died_in_between(python, hold, tmp_path):
    """The debugger was loaded once and gave up; now it is connected anew."""
    path = place(tmp_path, "simple.py")
    step = hold([python.path, path])
    launch = step.wait_held()
    client = step.client(launch)
    client.initialize()
    client.wait_initialized(client.begin_attach(launch))
    step.agent(but=step.kill_agent())
    client.wait_closed(5)
    again = step.client()
    again.start(launch, {path: [line_of(path, "in_add")]})
    thread = again.stopped("breakpoint")
    assert again.top(thread)["name"] == "add"
    again.go(thread)
    check_step(step)


# ---- the agent stands still ---------------------------------------------

def test_agent_stopped_before_any_client(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=TIMEOUT)
    step.wait_held()
    step.kill_agent(signal.SIGSTOP)
    check_end(step)


def test_agent_stopped_after_initialize(held):
    held.client(held.launch).initialize()
    held.kill_agent(signal.SIGSTOP)
    check_end(held)


@pytest.mark.parametrize("moment", ["attach", "initialized", "configured"])
def test_agent_stopped_between_attach_and_configuration_done(held, moment):
    """The supervisor ends it after its own limit; the hold goes on for what
    was left of it, without the time that the client had."""
    client = held.client(held.launch)
    client.initialize()
    attach = client.begin_attach(held.launch)
    if moment != "attach":
        client.wait_initialized(attach)
    if moment == "configured":
        client.configure()
    held.kill_agent(signal.SIGSTOP)
    check_end(held, TIMEOUT, TIMEOUT + SILENCE + 3)
    stderr_is_ours_and_the_steps(held)


def test_stopped_agent_that_goes_on_is_no_harm(held):
    agent = held.kill_agent(signal.SIGSTOP)
    while time.monotonic() < held.held_at() + TIMEOUT - 1:
        time.sleep(0.01)        # the moment is what is tested
    os.kill(agent, signal.SIGCONT)
    check_end(held)


def test_stopped_agent_is_replaced_and_the_hold_goes_on(hold, one_python,
                                                        tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                timeout=SILENCE + 20)
    launch = step.wait_held()
    stopped = step.kill_agent(signal.SIGSTOP)
    step.agent(but=stopped, patience=SILENCE + 5)
    client = step.client()
    client.start(launch)
    assert step.hold_ended()[0] is True
    check_step(step)


# ---- the supervisor is killed -------------------------------------------

def test_supervisor_killed_lets_the_step_run(held):
    """The agent ends with it; the hook keeps the deadline."""
    held.process.kill()
    took = length_of_hold(held)
    assert took <= TIMEOUT + slack()
    held.stdout.wait("^argv ")
    assert held.own_output() == "second 42\nargv []\n"
