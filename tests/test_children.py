"""Processes that a debugged step starts: each is a session of its own."""
import os
import signal
import statistics
import subprocess
import time

import pytest

from dap_client import Client
from editor import Editor
from harness import command_line, line_of, place, strip_log, wait_for
from main_pythons import python  # noqa: F401

WAYS = ["fork", "run", "nested", "futures", "mp-fork", "mp-spawn",
        "mp-forkserver", "pool-fork", "pool-spawn"]


def family_on(hold, python, folder):
    def begin(way, count=1, **more):
        path = place(folder, "family.py")
        step = hold([python.path, path, way, str(count)])
        return step, Editor(step, {path: [line_of(path, "child")]}, **more)
    return begin


@pytest.fixture
def family(hold, python, tmp_path):
    """family(way, count): the step, held, and an editor to attach with."""
    return family_on(hold, python, tmp_path)


@pytest.fixture
def one_family(hold, one_python, tmp_path):
    """The same, for what does not depend on the Python."""
    return family_on(hold, one_python, tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_child_is_a_session_that_stops_at_its_breakpoint(family, way):
    step, editor = family(way, 2)
    editor.start(step.wait_held())
    status, out, err = step.finished()
    want = [0, 0] if way == "nested" else [0, 1]
    assert (status, strip_log(out)) == (0, "begun\n%s\n" % want)
    assert not err or way == "futures"  # Python 3.7 and 3.8 complain there
    editor.wait_closed()
    assert len(editor.stops) == 2
    assert {stop[0] for stop in editor.stops} <= set(editor.pids())


@pytest.mark.parametrize("way", ["fork", "run", "mp-spawn"])
def test_client_without_start_debugging_gets_events(one_family, way):
    step, editor = one_family(way, 2, changes={
        "supportsStartDebuggingRequest": False})
    editor.start(step.wait_held())
    assert step.finished()[0] == 0
    editor.wait_closed()
    assert len(editor.stops) == 2
    for client in editor.sessions.values():
        assert all(m["type"] != "request" for m in client.messages)


def test_offer_keeps_the_way_in(one_family):
    """The client's own name for the host, the token, its settings."""
    step, editor = one_family("run")
    launch = step.wait_held()
    launch = dict(launch, connect={"host": "localhost", "port": step.port},
                  justMyCode=False, preLaunchTask="build",
                  pitstopTakeover=True)
    editor.start(launch)
    assert step.finished()[0] == 0
    offer = editor.offers[0]
    for key in ("connect", "pitstopToken", "justMyCode", "type"):
        assert offer[key] == launch[key], key
    assert offer["name"] == "Subprocess %d" % offer["subProcessId"]
    assert not {"preLaunchTask", "pitstopTakeover", "request"} & set(offer)


@pytest.mark.parametrize("way", ["fork", "run", "mp-spawn"])
def test_child_says_which_debugpy_it_has(one_busy, one_python, way):
    step, editor = one_busy(way)
    wait_for(lambda: len(editor.sessions) == 2, "the child's session")
    child_rate(step)
    info = editor.sessions[editor.pids()[0]].request("debugpySystemInfo")
    assert info["process"]["pid"] == editor.pids()[0]
    assert info["debugpy"] == {"version": one_python.debugpy}
    step.stop()
    assert step.finished()[0] == 0


def test_sub_process_false_leaves_children_alone(one_busy):
    step, editor = one_busy("run", subProcess=False)
    _, pid = child_rate(step)
    assert b"pydevd" not in b" ".join(command_line(pid))
    assert not editor.offers
    step.stop()
    assert step.finished()[0] == 0


def test_sub_process_false_lets_a_child_go_that_comes_anyway(one_family):
    """A fork is followed by the debugger itself."""
    step, editor = one_family("fork", 2, subProcess=False)
    editor.start(step.wait_held())
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (0, "begun\n[0, 1]\n")
    assert not editor.offers


# ---- the end of a session -----------------------------------------------

def test_session_lasts_until_the_ones_opened_through_it_end(hold, python,
                                                            tmp_path):
    path = place(tmp_path, "orphan.py")
    stop = str(tmp_path / "stop")
    step = hold([python.path, path, "first", stop])
    editor = Editor(step)
    first = editor.start(step.wait_held())
    wait_for(lambda: len(editor.sessions) == 3, "three sessions")
    step.stdout.wait("^middle 0$")
    middle, last = [editor.sessions[pid] for pid in editor.pids()]
    assert middle.request("threads") == {"threads": []}
    points = middle.set_breakpoints(path, [line_of(path, "last")])
    assert points == [{"verified": False}]
    assert not middle.events("terminated") and not middle.closed
    last.set_breakpoints(path, [line_of(path, "last")])
    wait_for(lambda: editor.stops, "the breakpoint")
    last.set_breakpoints(path, [])
    open(stop, "w").close()
    wait_for(lambda: middle.events("terminated"), "the end of the middle one")
    assert not first.events("terminated")
    open(stop + ".all", "w").close()
    assert step.finished()[0] == 0
    editor.wait_closed()


def test_session_that_lasts_can_be_closed(hold, one_python, tmp_path):
    path = place(tmp_path, "orphan.py")
    stop = str(tmp_path / "stop")
    step = hold([one_python.path, path, "first", stop])
    editor = Editor(step)
    editor.start(step.wait_held())
    wait_for(lambda: len(editor.sessions) == 3, "three sessions")
    step.stdout.wait("^middle 0$")
    middle, last = [editor.sessions[pid] for pid in editor.pids()]
    middle.request("terminate")
    middle.wait_closed(5)
    assert last.threads()
    open(stop, "w").close()
    open(stop + ".all", "w").close()
    assert step.finished()[0] == 0
    editor.wait_closed()


# ---- exec ---------------------------------------------------------------

def becoming(hold, python, folder, what):
    path = place(folder, "becomes.py")
    step = hold([python.path, path, what])
    editor = Editor(step, {path: [line_of(path, "before"),
                                  line_of(path, "after")]})
    editor.start(step.wait_held())
    return step, editor, path


def test_program_started_by_exec_is_a_session(hold, python, tmp_path):
    step, editor, path = becoming(hold, python, tmp_path, "python")
    status, out, err = step.finished()
    assert (status, strip_log(out), err) == \
        (3, "before\nbefore\nafter\n", "")
    editor.wait_closed()
    if python.version == (3, 6):
        return    # debugpy 1.5.1 does not say that exec() is called
    pid = editor.pids()[0]
    assert editor.stops == [
        (pid, "becomes.py", line_of(path, mark))
        for mark in ("before", "before", "after")]


def test_exec_of_another_program_ends_the_session(hold, python, tmp_path):
    step, editor, _ = becoming(hold, python, tmp_path, "sh")
    status, out, err = step.finished()
    assert (status, strip_log(out), err) == (3, "before\nafter\n", "")
    editor.wait_closed()
    assert not editor.offers


# ---- children that nobody wants -----------------------------------------

def child_rate(step, start=0):
    """The child's median rate, and its pid."""
    found = []
    while len(found) < 5:
        at, match = step.stdout.wait(r"^child (\d+) (\d+)$", start=start)
        found.append(int(match.group(2)))
        start = at + 1
    return statistics.median(found), int(match.group(1))


def plain_rate(python, path):
    """Of the same child without pitstop."""
    with subprocess.Popen([python.path, path, "child", path + ".none"],
                          stdout=subprocess.PIPE) as alone:
        lines = [alone.stdout.readline() for _ in range(5)]
        alone.kill()
    return statistics.median(int(line.split()[2]) for line in lines)


def busy_on(hold, python, folder):
    def begin(way, **more):
        path = place(folder, "busy.py")
        stop = folder / "stop"
        step = hold([python.path, path, way, str(stop)])
        step.path = path
        editor = Editor(step, {path: [line_of(path, "begun")]}, **more)
        editor.start(step.wait_held())
        step.stop = lambda: stop.write_text("")
        return step, editor
    return begin


@pytest.fixture
def busy(hold, python, tmp_path):
    """busy(way): a step whose child runs until `stop()`, and an editor that
    has attached."""
    return busy_on(hold, python, tmp_path)


@pytest.fixture
def one_busy(hold, one_python, tmp_path):
    return busy_on(hold, one_python, tmp_path)


def at_full_speed(step, python):
    limit = plain_rate(python, step.path) * 0.5
    wait_for(lambda: child_rate(step, len(step.stdout.lines) + 1)[0] >= limit,
             "full speed", 20)


@pytest.mark.parametrize("way", ["fork", "run"])
def test_unclaimed_child_runs_at_full_speed_and_is_attachable_late(
        busy, python, way):
    step, editor = busy(way, accept=False)
    _, pid = child_rate(step)
    at_full_speed(step, python)
    late = step.client()
    late.start(editor.offers[0], {step.path: [line_of(step.path, "call")]})
    thread = late.stopped("breakpoint")
    assert late.evaluate("os.getpid()", late.top(thread)) == str(pid)
    late.detach()
    at_full_speed(step, python)
    step.stop()
    assert step.finished()[0] == 0


@pytest.mark.parametrize("way", ["fork", "run"])
def test_child_that_was_detached_from_runs_at_full_speed(busy, python, way):
    step, editor = busy(way)
    _, pid = child_rate(step)
    editor.sessions[pid].detach()
    at_full_speed(step, python)
    step.stop()
    assert step.finished()[0] == 0


@pytest.mark.parametrize("way", ["fork", "run"])
def test_child_goes_on_when_its_client_leaves_half_way(one_busy, one_python,
                                                       way):
    step, editor = one_busy(way, accept=False)
    wait_for(lambda: editor.offers, "an offer")
    client = step.client()
    client.initialize()
    client.wait_initialized(client.begin_attach(editor.offers[0]))
    client.close()
    at_full_speed(step, one_python)
    step.stop()
    assert step.finished()[0] == 0


def test_child_goes_on_when_its_parents_client_leaves(one_busy):
    step, editor = one_busy("run", accept=False)
    wait_for(lambda: editor.offers, "an offer")
    begun = time.monotonic()
    editor.sessions[None].detach()
    step.stdout.wait("^child ")
    assert time.monotonic() - begun < 8, "not only when its time was up"
    step.stop()
    assert step.finished()[0] == 0


def test_child_goes_on_at_once_when_it_is_declined(one_family):
    step, editor = one_family("fork", 3)
    client = editor.sessions[None] = step.client(step.wait_held())
    client.accepts = False
    client.start(step.wait_held())
    begun = time.monotonic()
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (0, "begun\n[0, 1, 4]\n")
    assert time.monotonic() - begun < 9


def sockets_of(pid):
    found = []
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except OSError:
            pass
    return sum(name.startswith("socket:") for name in found)


@pytest.mark.parametrize("way", ["fork", "run"])
def test_child_that_dies_unclaimed_leaves_nothing(one_busy, way):
    step, editor = one_busy(way, accept=False)
    agent = step.agent()
    wait_for(lambda: editor.offers, "an offer")
    before = sockets_of(agent)
    os.kill(editor.pids()[0], signal.SIGKILL)
    wait_for(lambda: sockets_of(agent) == before - 2, "its sockets' end")
    late = step.client()
    late.initialize()
    late.response(late.begin_attach(editor.offers[0]))
    late.event("terminated")
    assert not late.events("initialized")
    late.detach()
    step.finished()
    editor.wait_closed()


# ---- many ---------------------------------------------------------------

def test_two_hundred_short_children(one_family):
    step, editor = one_family("fork", 200)
    editor.breakpoints = None
    begun = time.monotonic()
    editor.start(step.wait_held())
    status, out, err = step.finished(120)
    print("seconds", time.monotonic() - begun)
    numbers = sorted(n * n for n in range(200))
    assert (status, strip_log(out), err) == (0, "begun\n%s\n" % numbers, "")
    editor.wait_closed()
    assert len(editor.offers) == 200


def test_two_hundred_children_that_nobody_wants(one_family):
    step, editor = one_family("fork", 200, accept=False)
    editor.start(step.wait_held())
    status, out, err = step.finished(120)
    numbers = sorted(n * n for n in range(200))
    assert (status, strip_log(out), err) == (0, "begun\n%s\n" % numbers, "")


# ---- the agent dies -----------------------------------------------------

@pytest.mark.parametrize("way", ["fork", "run", "mp-spawn", "mp-forkserver"])
def test_agent_killed_while_a_child_waits(family, python, way):
    step, editor = family(way, accept=False)
    editor.start(step.wait_held())
    wait_for(lambda: editor.offers, "an offer")
    step.kill_agent()
    status, out, err = step.finished()
    assert (status, strip_log(out), strip_log(err)) == (0, "begun\n[0]\n", "")


@pytest.mark.parametrize("way", ["fork", "run"])
def test_all_of_pitstop_killed_while_a_child_waits(family, python, way):
    step, editor = family(way, accept=False)
    editor.start(step.wait_held())
    wait_for(lambda: editor.offers, "an offer")
    os.kill(step.process.pid, signal.SIGKILL)
    step.stdout.wait(r"^\[0\]$")


# ---- what is no child ---------------------------------------------------

class Impostor(Client):
    """Says it is a child of that process, without its access token."""
    parent = None

    def _answer(self, request):
        body = {"pydevdAuthorize": {"clientAccessToken": "guessed"},
                "pydevdSystemInfo": {"process": {"pid": os.getpid(),
                                                 "ppid": self.parent}}}
        self.write({"type": "response", "request_seq": request["seq"],
                    "success": True, "command": request["command"],
                    "body": body.get(request["command"], {})})


def test_process_without_the_access_token_is_not_offered(
        hold, one_python, tmp_path, monkeypatch):
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path])
    client = step.attached(breakpoints={path: [line_of(path, "in_add")]})
    client.stopped("breakpoint")
    monkeypatch.setattr(Impostor, "parent", step.main_pid())
    with Impostor("127.0.0.1", step.debuggee_port()) as impostor:
        wait_for(lambda: any(m["command"] == "disconnect"
                             for m in impostor.messages), "it to be let go")
    assert client.threads()
    assert all(m["type"] != "request" for m in client.messages)
