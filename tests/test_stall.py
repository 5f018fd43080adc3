"""PITSTOP_STALL: a step that does not move is reported, once, and again when it
moves on."""
import fcntl
import os
import re
import subprocess
import time
from datetime import datetime, timezone

import pytest

from fake_hook import Hook
from harness import (PITSTOP, clean_environment, free_ports, line_of, place,
                     wait_for)
from http_wire import ask, read
from test_commands import variable
from test_hold import launcher
from test_stacks import can_ask
from test_upload import PLAIN, serve  # noqa: F401

TOKEN = "known-to-the-tests"
BEGINS = r"^pitstop: stalled for (\d+) s, since ....-..-..T..:..:..Z: (.*)$"
MOVES = r"^pitstop: (.*) moves again after (\d+) s$"


def get(step, path):
    answer = ask(step.http_port, "GET", path, TOKEN)
    assert answer.status == 200
    return read(answer)


def main_session(step):
    wait_for(lambda: can_ask(step), "HTTP")
    return wait_for(lambda: [s for s in get(step, "/v1/sessions")["sessions"]
                             if s["main"]], "the step")[0]


def events(step):
    return [(e["event"], e["detail"]) for e in get(step, "/v1/events")["events"]
            if e["event"] in ("stalled", "moving")]


def metrics(step):
    text = ask(step.http_port, "GET", "/metrics").content.decode()
    return tuple(int(re.search(r"(?m)^pitstop_%s (\d+)$" % name, text).group(1))
                 for name in ("sessions_stalled", "stalls_total"))


def reports(step):
    return [l for l in step.stderr.lines if re.search(BEGINS, l)]


@pytest.fixture
def stalls(start, one_python, tmp_path):
    """stalls(kind, *arguments): a step, until it is to `go()`."""
    lock = open(str(tmp_path / "lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def begin(kind, *arguments, python=one_python, options=(), stall="1",
              command=(), env=None, name="stall.py"):
        path = place(tmp_path, name)
        step = start([*(command or [python.path]), path, kind, lock.name,
                      *arguments], *options,
                     env=dict({"PITSTOP_TOKEN": TOKEN, "PITSTOP_STALL": stall},
                              **(env or {})))
        step.path, step.go = path, lock.close
        return step

    yield begin
    lock.close()


@pytest.mark.parametrize("kind", ["lock", "read", "sleep"])
def test_it_is_told_once_and_when_it_moves(stalls, python, kind):
    step = stalls(kind, python=python)
    assert main_session(step)["stalled"] is None
    at, match = step.stderr.wait(BEGINS)
    session = main_session(step)
    assert match.group(2) == "stall.py (pid %d)" % session["pid"]
    assert 1 <= int(match.group(1)) < 20
    step.stderr.wait("^pitstop: to look closer, run 'pitstop stacks http://"
                     "127.0.0.1:%d' beside it, or attach to 127.0.0.1:%d "
                     % (step.http_port, step.port))
    assert step.stderr.lines[at + 1:at + 4] == [
        "pitstop: stall.py (pid %d)" % session["pid"],
        "pitstop:   thread MainThread",
        "pitstop:     %s (%s:%d)" % (kind, step.path,
                                     line_of(step.path, kind))]
    assert session["stalled"]["since"].endswith("Z")
    assert events(step) == [("stalled", "%s (%s:%d)" % (
        kind, step.path, line_of(step.path, kind)))]
    assert metrics(step) == (1, 1)
    step.go()
    _, match = step.stderr.wait(MOVES)
    assert match.group(1) == "stall.py (pid %d)" % session["pid"]
    wait_for(lambda: main_session(step)["stalled"] is None, "moving")
    assert events(step)[1:] == [("moving", "after %s s" % match.group(2))]
    assert metrics(step) == (0, 1)
    status, out, err = step.finished()
    assert (status, out) == (0, "%s\non\nend\n" % kind)
    assert len(reports(step)) == 1 and len(re.findall("moves again", err)) == 1


def seconds(when):
    """Since 1970; `when` as in the run log."""
    return datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%fZ").replace(
        tzinfo=timezone.utc).timestamp()


def test_a_webhook_is_told_since_when(stalls, serve):  # noqa: F811
    server = serve()
    begun = time.time()
    step = stalls("lock", env=dict(PLAIN, PITSTOP_WEBHOOK=server.url))
    stalled = server.wait(1)[0].json
    assert stalled["event"] == "stalled"
    assert begun <= seconds(stalled["since"]) + 0.001
    assert 1 <= seconds(stalled["time"]) - seconds(stalled["since"]) < 20
    assert stalled["text"] == (
        "pitstop on %s: stall.py has not moved since %s, it stands at lock "
        "(%s:%d); 'pitstop stacks' there shows more, or attach a debugger to "
        "127.0.0.1:%d" % (stalled["node"], stalled["since"], step.path,
                          line_of(step.path, "lock"), step.port))
    _, said = step.stderr.wait(BEGINS)
    assert abs(seconds(said.group(0).split()[6][:-2] + ".0Z") -
               seconds(stalled["since"])) <= 1
    step.go()
    moving = server.wait(2)[1].json
    assert "since" not in moving and re.search(
        r"stall\.py moves again after \d+ s$", moving["text"])


def test_native_code_that_keeps_the_lock(stalls, python):
    step = stalls("native", python=python)
    step.stdout.wait("^native$")
    step.stderr.wait(BEGINS)
    step.stderr.wait("^pitstop:   no answer within 2 s: native code")
    step.stderr.wait(r"^pitstop:     \S+ \(%d\): sleeping.*ran 0 ms of 200"
                     % main_session(step)["pid"])
    assert events(step) == [("stalled", None)]
    step.go()
    step.stderr.wait(MOVES)
    assert step.finished()[:2] == (0, "native\non\nend\n")
    assert len(reports(step)) == 1


def test_ranks_are_told_together_the_odd_one_first(stalls, one_python,
                                                   tmp_path):
    step = stalls("rank", name="stuck.py", options=["--stall", "2"],
                  stall=None,
                  command=[launcher(tmp_path, one_python, "torchrun"),
                           "--nproc_per_node=4"])

    def told():
        return sum(line.count(", rank ") for line in reports(step))
    wait_for(lambda: told() == 4, "all four")
    assert len(reports(step)) <= 2      # they began one after the other
    wait_for(lambda: "to look closer" in step.stderr.text.rpartition(
        "stalled for ")[2], "the end of it")
    last = step.stderr.text.rpartition("stalled for ")[2]
    assert re.search(r"(?m)^pitstop: rank 2: stuck.py \(pid \d+\)\n"
                     r"pitstop:   thread MainThread\n"
                     r"pitstop:     load_batch \(", last), last
    assert re.search(r"(?m)^pitstop: ranks 0, 1, 3: stuck.py \(pids .*\), "
                     r"their main threads at the same place\n"
                     r"pitstop:   thread MainThread\n"
                     r"pitstop:     all_reduce \(", last), last
    assert last.find("rank 2:") < last.find("ranks 0, 1, 3:")
    assert metrics(step) == (4, 4)
    step.go()
    assert step.finished()[0] == 0


def test_one_that_computes_is_not_told_until_it_stops(stalls):
    step = stalls("busy", "4")
    idle, _ = step.stdout.wait("^idle$")
    assert "stalled" not in step.stderr.text
    assert events(step) == []
    at, match = step.stderr.wait(BEGINS)
    assert int(match.group(1)) <= \
        step.stderr.times[at] - step.stdout.times[idle] + 1
    step.go()
    assert step.finished()[0] == 0


def test_a_hold_is_no_stall(stalls):
    step = stalls("lock", options=["--hold", "--timeout", "4"])
    step.wait_held()
    assert not step.hold_ended()[0]
    ended, _ = step.stdout.wait("^Debugger attached = False")
    assert "stalled" not in step.stderr.text
    at, match = step.stderr.wait(BEGINS)
    assert int(match.group(1)) <= \
        step.stderr.times[at] - step.stdout.times[ended] + 1
    step.go()
    assert step.finished()[0] == 0


def test_a_breakpoint_is_no_stall(stalls, tmp_path):
    path = place(tmp_path, "stall.py")
    step = stalls("lock", options=["--hold", "--pause-limit", "4"])
    client = step.attached(None, {path: [line_of(path, "lock")]})
    client.stopped("breakpoint")
    gone, _ = step.stderr.wait("left the step paused for 4 s")
    assert "stalled" not in "".join(step.stderr.lines[:gone])
    at, match = step.stderr.wait(BEGINS)
    assert int(match.group(1)) <= \
        step.stderr.times[at] - step.stderr.times[gone] + 1
    step.go()
    assert step.finished()[0] == 0


def test_a_process_beside_the_step_may_wait(stalls):
    """Its parent, which stalls later, shows that it could have been seen."""
    step = stalls("beside", "4")
    step.stderr.wait(BEGINS)
    beside, = [s for s in get(step, "/v1/sessions")["sessions"]
               if not s["main"]]
    assert beside["stalled"] is None and metrics(step) == (1, 1)
    assert str(beside["pid"]) not in step.stderr.text
    step.go()
    assert step.finished()[0] == 0


def test_off_by_default_nothing_is_asked(start, tmp_path):
    """Two hooks that stand still: the one that is looked at is asked."""
    def hook(**env):
        step = start(["sleep", "60"], env=dict(PITSTOP_TOKEN=TOKEN, **env))
        name = variable(step.main_pid(), "PITSTOP_SOCKET")
        return Hook(name, "kind=start")
    with_stall, without = hook(PITSTOP_STALL="1"), hook()
    with_stall.wait("stacks")
    without.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        without.sock.recv(1)
    for one in with_stall, without:
        one.close()


def test_a_process_that_ends_while_it_is_asked(start):
    step = start(["sleep", "60"], env={"PITSTOP_TOKEN": TOKEN,
                                       "PITSTOP_STALL": "1"})
    name = variable(step.main_pid(), "PITSTOP_SOCKET")
    agent = step.agent()
    hook = Hook(name, "kind=start")
    hook.wait("stacks")
    hook.close()
    wait_for(lambda: get(step, "/v1/sessions")["sessions"] == [], "its end")
    hook = Hook(name, "kind=start")     # the agent goes on
    hook.wait("stacks")
    assert step.agent() == agent and step.stderr.text == ""
    hook.close()


def test_an_agent_that_is_killed_harms_nothing(stalls):
    step = stalls("lock")
    step.stderr.wait(BEGINS)
    first = step.kill_agent()
    step.agent(but=first)
    step.stderr.wait(BEGINS, start=step.stderr.wait(BEGINS)[0] + 1)
    step.go()
    assert step.finished()[:2] == (0, "lock\non\nend\n")


def test_a_log_that_nobody_reads_does_not_stop_the_agent(one_python, tmp_path):
    path = place(tmp_path, "stall.py")
    with open(str(tmp_path / "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(theirs, b"x" * 4096)
        os.set_blocking(theirs, True)
        http = free_ports(http=True)
        process = subprocess.Popen(
            [PITSTOP, "run", "--port", str(free_ports()), "--http-port",
             str(http), "--stall", "1", "--", one_python.path, path, "lock",
             lock.name], stderr=theirs, stdout=subprocess.DEVNULL,
            env=clean_environment(PITSTOP_TOKEN=TOKEN))
        step = type("step", (), {"http_port": http})
        try:
            main_session(step)
            wait_for(lambda: metrics(step) == (1, 1), "the stall")
            told = time.monotonic() + 2     # a look later
            while time.monotonic() < told:
                assert metrics(step) == (1, 1)
            lock.close()
            wait_for(lambda: metrics(step) == (0, 1), "its end")
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            os.close(ours)
            os.close(theirs)


def test_a_bad_value_is_told_and_nothing_is_asked(stalls):
    step = stalls("lock", stall="soon")
    step.stderr.wait("^pitstop: PITSTOP_STALL is 'soon', allowed is off, or 1 ")
    step.go()
    assert step.finished()[:2] == (0, "lock\non\nend\n")
