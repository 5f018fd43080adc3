"""A client ends the step: by SIGTERM, not with a status that passes for a
success."""
import time

import pytest

from editor import Editor
from harness import line_of, place, wait_for
from main_pythons import python  # noqa: F401

GRACE = 30          # seconds, for a step that handles SIGTERM


def terminate(client):
    """Without an error it is answered, and the session told to be over."""
    client.request("terminate")
    client.event("terminated")


def disconnect(client):
    client.request("disconnect", {"terminateDebuggee": True})
    client.wait_closed(5)
    assert client.events("terminated")


WAYS = pytest.mark.parametrize("end", [terminate, disconnect])


@pytest.fixture
def ends(hold, python, tmp_path):
    return ends_on(hold, python, tmp_path)


@pytest.fixture
def one_ends(hold, one_python, tmp_path):
    return ends_on(hold, one_python, tmp_path)


def ends_on(hold, python, folder):
    """ends(sort, stands): (step, a client), at its breakpoint or running."""
    def begin(sort, stands, *child, **more):
        path = place(folder, "ends.py")
        step = hold([python.path, path, sort] + list(child))
        marks = [line_of(path, "turn")] if stands else []
        client = step.attached(breakpoints={path: marks}, **more)
        if stands:
            client.stopped("breakpoint")
        else:
            step.stdout.wait("^running ")
        return step, client
    return begin


@WAYS
@pytest.mark.parametrize("stands", [True, False])
def test_step_ends_by_the_signal(ends, stands, end):
    step, client = ends("plain", stands)
    pid = step.main_pid()
    end(client)
    status, out, err = step.finished(10)
    assert status == 143
    assert step.own_output() == "running %d\n" % pid
    assert err == "pitstop: %s:%d ends process %d\n" % (
        client.name + (pid,))


@WAYS
@pytest.mark.parametrize("stands", [True, False])
def test_handler_runs_and_its_status_is_kept(ends, stands, end):
    """One that stands at a breakpoint is let go for it."""
    step, client = ends("handle", stands)
    end(client)
    assert step.status(10) == 3
    assert step.stdout.wait_end().endswith("\nterm\n")


def test_step_that_ignores_the_signal_is_killed(one_ends):
    step, client = one_ends("ignore", True)
    disconnect(client)
    assert step.status(10) == 137


def test_step_that_outlives_its_handler_is_killed(one_ends):
    step, client = one_ends("stay", True)
    disconnect(client)
    since = time.monotonic()
    step.stdout.wait("^term$")
    assert step.status(GRACE + 10) == 137
    assert time.monotonic() - since > GRACE - 2


def test_child_processes_end_with_their_parent(one_ends):
    step, client = one_ends("plain", False, "handle", subProcess=False)
    step.stdout.wait("^running ", start=step.stdout.wait("^running ")[0] + 1)
    disconnect(client)
    assert step.status(10) == 143
    step.stdout.wait("^term$")


def test_session_of_a_child_ends_the_child(hold, one_python, tmp_path):
    path = place(tmp_path, "ends.py")
    step = hold([one_python.path, path, "handle", "plain"])
    editor = Editor(step)
    editor.start(step.wait_held())
    wait_for(lambda: len(editor.sessions) == 2, "the child's session")
    step.stdout.wait("^running ", start=step.stdout.wait("^running ")[0] + 1)
    disconnect(editor.sessions[editor.pids()[0]])
    status, out, _ = step.finished()
    assert status == 4 and out.endswith("\nchild -15\n")


def test_forked_child_ends_by_the_signal_as_well(hold, python, tmp_path):
    path = place(tmp_path, "forks.py")
    step = hold([python.path, path])
    editor = Editor(step)
    editor.start(step.wait_held())
    wait_for(lambda: len(editor.sessions) == 2, "the child's session")
    step.stdout.wait("^child$")
    disconnect(editor.sessions[editor.pids()[0]])
    status, out, _ = step.finished()
    assert status == 0 and out.endswith("\nended by 15\n")
