"""A step that is left paused goes on by itself, where that is asked for."""
import time

import pytest

from dap_client import Closed, Overdue, Refused
from harness import line_of, place, plain, strip_log

LIMIT = 3                       # seconds


@pytest.fixture
def limited(hold, one_python, tmp_path):
    """limited(name, mark, options…): (a held step, a client that stands)."""
    return limited_on(hold, one_python, tmp_path)


def limited_on(hold, python, folder):
    def begin(name, mark, *arguments, options=(), **more):
        path = place(folder, name)
        step = hold([python.path, path] + list(arguments), *options, **more)
        step.path = path
        client = step.attached(breakpoints={path: [line_of(path, mark)]})
        client.stopped("breakpoint")
        return step, client
    return begin


def limit(seconds=LIMIT):
    return {"PITSTOP_PAUSE_LIMIT": str(seconds)}


def when(client, name, start=0):
    """When the first event of that name after `start` came."""
    client.event(name)
    return next(t for m, t in zip(client.messages, client.times)
                if m.get("event") == name and t >= start)


def warned(client, patience=None):
    client.wait_printed("PITSTOP_PAUSE_LIMIT", "important", patience)
    return next(t for m, t in zip(client.messages, client.times)
                if m.get("event") == "output"
                and "PITSTOP_PAUSE_LIMIT" in m["body"]["output"])


def test_it_is_warned_of_detached_and_resumed(hold, python, tmp_path):
    step, client = limited_on(hold, python, tmp_path)(
        "simple.py", "module", env=limit())
    client.threads()
    left = time.monotonic()
    warning = warned(client) - left
    assert LIMIT * 0.8 - 0.1 <= warning
    over = when(client, "terminated") - left
    assert warning < over and LIMIT - 0.1 <= over
    status, out, err = step.finished()
    line = ("pitstop: 127.0.0.1:%d left the step paused for %d s "
            "(PITSTOP_PAUSE_LIMIT): detached, the step goes on\n" % (
                client.name[1], LIMIT))
    assert err.count(line) == 1
    assert (status, strip_log(out), err.replace(line, "")) == plain(
        [python.path, step.path])


def test_the_flag_does_it_too(limited):
    step, client = limited("simple.py", "module",
                           options=["--pause-limit", "1"])
    client.event("terminated")
    assert step.finished()[0] == 7


@pytest.mark.parametrize("value", [None, "0", "off"])
def test_there_is_none_by_default(limited, value):
    step, client = limited("simple.py", "module",
                           env={"PITSTOP_PAUSE_LIMIT": value})
    quiet_for(client, 4)
    assert not step.stdout.find("^second")
    assert client.printed("important") == ""
    client.detach()
    status, _, err = step.finished()
    assert (status, err) == (7, "done\n")


def quiet_for(client, seconds):
    """Neither warned nor told of the end."""
    with pytest.raises(Overdue):
        client.event("terminated", patience=seconds)


def test_what_the_client_asks_for_starts_the_time_anew(limited):
    step, client = limited("simple.py", "module", env=limit(2))
    begun = time.monotonic()
    while time.monotonic() < begun + 5:
        thread = client.threads()[0]["id"]
        assert client.top(thread)["line"] == line_of(step.path, "module")
        quiet_for(client, 0.5)
    assert client.printed("important") == ""
    client.event("terminated")
    assert step.finished()[0] == 7


def test_a_warning_can_be_answered(limited):
    step, client = limited("simple.py", "module", env=limit())
    warned(client)
    client.threads()
    quiet_for(client, LIMIT * 0.6)
    client.detach()
    assert step.finished()[0] == 7


def test_a_step_that_runs_has_no_limit(limited, tmp_path):
    """Neither after it went on, nor before it stops the first time."""
    stop = tmp_path / "stop"
    step, client = limited("loop.py", "turn", str(stop), env=limit(1))
    client.set_breakpoints(step.path, [])
    client.go(client.threads()[0]["id"])
    quiet_for(client, 2.5)
    client.request("pause", {"threadId": 1})
    client.stopped("pause")
    client.event("terminated", patience=5)
    stop.write_text("")
    assert step.finished()[0] == 5


def test_each_step_over_is_a_stop_of_its_own(limited):
    step, client = limited("simple.py", "module", env=limit(2))
    client.step("next", client.threads()[0]["id"])
    left = time.monotonic()
    assert when(client, "terminated") - left >= 1.9
    assert step.finished()[0] == 7


def test_it_can_be_attached_to_again(limited, tmp_path):
    stop = tmp_path / "stop"
    step, client = limited("loop.py", "turn", str(stop), env=limit(1))
    client.event("terminated")
    client = step.attached(step.wait_held(),
                           {step.path: [line_of(step.path, "turn")]})
    client.stopped("breakpoint")
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


def test_a_child_counts_for_itself(limited, tmp_path):
    """The parent's client is busy, the child's is not."""
    step, client = limited("outer.py", "outer", env=limit(2))
    path = place(tmp_path, "rank.py")
    client.go(client.threads()[0]["id"])
    configuration = client.asked("startDebugging")["configuration"]
    child = step.client(configuration)
    child.start(configuration, {path: [line_of(path, "rank")]})
    child.stopped("breakpoint")
    busy_until(client, child)
    assert step.finished()[0] == 0
    assert step.own_output() == "outer\nrank none\n"


def busy_until(client, other):
    """Ask as often as not to be idle, until the other one is told."""
    while True:
        try:
            other.event("terminated", patience=0.2)
            return
        except Overdue:
            pass
        try:
            client.threads()
        except (Refused, Closed):
            pass
