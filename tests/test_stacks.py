"""Where is it now? The stacks of a step that runs, over HTTP."""
import fcntl
import json
import os
import re
import signal
import threading
import time

import pytest

from fake_hook import Hook
from harness import line_of, place, strip_log, wait_for
from http_wire import Wire, ask, is_problem, read, request
from test_commands import pitstop, variable
from test_hold import launcher
from test_http import post

TOKEN = "known-to-the-tests"


def get(step, path, token=TOKEN):
    return ask(step.http_port, "GET", path, token)


def only_id(step):
    """Of the only session, once it has registered."""
    def find():
        answer = read(get(step, "/v1/sessions"))
        return answer["sessions"] and answer["sessions"][0]["id"]
    wait_for(lambda: can_ask(step), "HTTP")
    return wait_for(find, "a session")


def can_ask(step):
    try:
        return get(step, "/livez").status == 200
    except OSError:
        return False


def stacks(step):
    answer = get(step, "/v1/sessions/%s/stacks" % only_id(step))
    assert answer.status == 200
    return read(answer)


def top(stack):
    return {k: stack["frames"][0][k] for k in ("function", "file", "line")}


@pytest.fixture
def stuck(start, one_python, tmp_path):
    """stuck(kind, *arguments): a step that is about to get stuck, until it is
    to `go()`."""
    lock = open(str(tmp_path / "lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def begin(kind, *arguments, command=()):
        path = place(tmp_path, "stuck.py")
        step = start([*(command or [one_python.path]), path, kind, lock.name,
                      *arguments], env={"PITSTOP_TOKEN": TOKEN})
        step.path, step.go = path, lock.close
        step.stdout.wait("^%s$" % kind)
        return step

    yield begin
    lock.close()


def test_stacks_of_a_step_that_runs(stuck, one_python):
    step = stuck("rank", command=["env", "RANK=0", one_python.path])
    answer = wait_for(lambda: at_function(stacks(step), "all_reduce"),
                      "the place")
    main, = answer["threads"]
    assert main["name"] == "MainThread"
    assert main["native_id"] == int(answer["id"]) == answer["pid"]
    assert main["frames"][0]["file"] == step.path
    assert main["frames"][-1]["function"] == "<module>"
    assert answer["rank"] == 0 and answer["tasks"] == []
    with open("/proc/%d/maps" % answer["pid"]) as maps:
        assert "pydevd" not in maps.read()
    step.go()
    assert step.finished() == (0, "rank\nend\n", "")


def at_function(answer, name):
    frames = answer.get("threads", [{"frames": []}])[0]["frames"]
    return frames and frames[0]["function"] == name and answer


def test_they_need_the_token_and_a_session(stuck, one_python):
    step = stuck("rank", command=["env", "RANK=0", one_python.path])
    session = only_id(step)
    for path in ("/v1/stacks", "/v1/sessions/%s/stacks" % session):
        is_problem(get(step, path, None), 401)
        is_problem(get(step, path, "wrong"), 401)
    is_problem(get(step, "/v1/sessions/1/stacks"), 404)
    step.go()
    assert step.finished()[0] == 0


def test_the_rank_that_does_not_come_is_seen_at_once(stuck, one_python,
                                                     tmp_path):
    step = stuck("rank", command=[launcher(tmp_path, one_python, "torchrun"),
                                  "--nproc_per_node=4"])
    wait_for(lambda: can_ask(step), "HTTP")

    def groups():
        found = [g for g in read(get(step, "/v1/stacks"))["groups"]
                 if g["ranks"]]
        ranks = [sorted(g["ranks"]) for g in found]
        return ranks == [[2], [0, 1, 3]] and found
    odd, others = wait_for(groups, "two groups, the smaller one first")
    assert len(odd["ids"]) == 1 and len(others["ids"]) == 3
    assert top(odd["stacks"]["threads"][0]) == {
        "function": "load_batch", "file": step.path,
        "line": line_of(step.path, "load_batch")}
    assert others["stacks"]["threads"][0]["frames"][0]["source"] == \
        "fcntl.flock(file, fcntl.LOCK_SH)    # BREAK:all_reduce"
    step.go()
    assert step.finished()[0] == 0


def test_the_command_shows_the_odd_one_first(stuck, one_python, tmp_path):
    step = stuck("rank", command=[launcher(tmp_path, one_python, "torchrun"),
                                  "--nproc_per_node=3"])
    wait_for(lambda: can_ask(step), "HTTP")
    env = {"PITSTOP_SOCKET": variable(step.main_pid(), "PITSTOP_SOCKET")}
    wait_for(lambda: "ranks 0, 1: " in pitstop("stacks", env=env)[1],
             "the ranks")
    status, out, err = pitstop("stacks", env=env)
    assert (status, err) == (0, "")
    assert re.search(r"(?m)^rank 2: stuck.py \(pid \d+\)\n"
                     r"  thread MainThread\n"
                     r"    load_batch \(%s:%d\)\n"
                     r"        fcntl.flock\(" % (
                         step.path, line_of(step.path, "load_batch")), out)
    assert out.find("rank 2:") < out.find("ranks 0, 1: "), out
    assert pitstop("stacks", "rank", "2", env=env)[1].startswith("rank 2: ")
    assert pitstop("stacks", "rank", "9", env=env)[0] == 1
    assert json.loads(pitstop("stacks", "--json", env=env)[1])["groups"]
    step.go()
    assert step.finished()[0] == 0


def test_native_code_that_keeps_the_lock_is_said_with_its_threads(stuck):
    step = stuck("native", "6000")
    begun = time.monotonic()
    answer = stacks(step)
    assert 1.9 < time.monotonic() - begun < 5
    assert "interpreter lock" in answer["unanswered"]
    assert "threads" not in answer
    main = next(t for t in answer["kernel_threads"]
                if t["native_id"] == answer["pid"])
    assert (main["state"], main["cpu_ms"]) == ("sleeping", 0)
    step.go()
    assert step.finished() == (0, "native\nend\n", "")


def test_an_answer_that_comes_late_is_not_taken_for_the_next(stuck):
    step = stuck("native", "2500")
    assert "unanswered" in stacks(step)
    wait_for(lambda: at_function(stacks(step), "all_reduce"), "the lock")
    step.go()
    assert step.finished() == (0, "native\nend\n", "")


def test_a_stopped_process_says_so_and_one_that_ends_is_no_more(stuck,
                                                                one_python):
    after = '"$0" "$@"; flock "$3" true'     # pitstop goes on
    step = stuck("rank", command=["env", "RANK=0", "sh", "-c", after,
                                  one_python.path])
    pid = int(only_id(step))
    os.kill(pid, signal.SIGSTOP)
    states = {t["state"] for t in stacks(step)["kernel_threads"]}
    assert states == {"stopped"}
    answers = []
    asking = threading.Thread(target=lambda: answers.append(
        get(step, "/v1/sessions/%d/stacks" % pid)))
    asking.start()
    os.kill(pid, signal.SIGKILL)
    asking.join(10)
    is_problem(answers[0], 404)
    step.go()
    assert step.status() == 0


def test_many_who_ask_at_once_get_the_same(stuck, one_python):
    step = stuck("rank", command=["env", "RANK=0", one_python.path])
    session = only_id(step)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        get(step, "/v1/sessions/%s/stacks" % session))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [a.status for a in answers] == [200] * 20
    step.go()
    assert step.finished()[0] == 0


def test_stacks_of_a_step_at_a_breakpoint_and_in_a_hold(
        hold, python, tmp_path):
    path = place(tmp_path, "simple.py")
    step = hold([python.path, path], env={"PITSTOP_TOKEN": TOKEN})
    launch = step.wait_held()
    answer = stacks(step)
    assert answer["held"] == "held before its first line"
    main, = answer["threads"]
    assert (main["name"], main["frames"]) == ("MainThread", [])
    out = pitstop("stacks", env={"PITSTOP_SOCKET": variable(
        step.main_pid(), "PITSTOP_SOCKET")})[1]
    assert re.search(r"\(pid \d+\)\n  held before its first line\n"
                     r"  thread MainThread\n$", out)
    client = step.attached(launch, {path: [line_of(path, "in_add")]})
    thread = client.stopped("breakpoint")
    answer = stacks(step)
    main = answer["threads"][0]
    assert "held" not in answer
    assert [f["function"] for f in main["frames"]] == ["add", "<module>"]
    assert [t["name"] for t in stacks(step)["threads"]] == ["MainThread"]
    client.go(thread)
    assert step.finished()[0] == 7
    assert strip_log(step.stdout.text) == "second 42\nargv []\n"


FAILS = """
import threading
def inner():
    raise ValueError(1)    # BREAK
def outer():
    inner()
if %r:
    outer()
thread = threading.Thread(target=outer)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("in_main", [True, False])
def test_a_step_that_is_held_where_it_failed_shows_the_place(
        start, one_python, tmp_path, in_main):
    path = tmp_path / "fails.py"
    path.write_text(FAILS % in_main)
    step = start([one_python.path, str(path)], "--hold=crash", "--timeout",
                 "20", env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    answer = stacks(step)
    assert answer["held"] == "held where it failed"
    frames = answer["threads"][0 if in_main else 1]["frames"]
    names = [f["function"].rpartition(".")[2] for f in frames]
    assert names == ["inner", "outer"] + (
        ["<module>"] if in_main else ["run", "_bootstrap_inner", "_bootstrap"])
    assert frames[0]["source"] == "raise ValueError(1)    # BREAK"
    assert read(post(step, "release"))["state"] == "running"
    assert step.finished()[0] == (1 if in_main else 0)


def test_a_script_that_waits_by_its_own_call_shows_where(start, one_python,
                                                         tmp_path):
    path = tmp_path / "waits.py"
    path.write_text("import debugpy\ndebugpy.listen(5678)\n"
                    "debugpy.wait_for_client()    # BREAK\n")
    step = start([one_python.path, str(path)], "--timeout", "20",
                 env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^pitstop: holding ")    # listen() has a line of its own
    answer = stacks(step)
    assert answer["held"] == "held where it waits for a debugger"
    main = answer["threads"][0]
    assert [f["line"] for f in main["frames"]] == [3]
    assert post(step, "release").status == 200
    assert step.finished()[0] == 0


def test_a_hook_that_does_not_answer_is_asked_once(start):
    """Until it does; what it says then comes too late."""
    step = start(["sleep", "60"], env={"PITSTOP_TOKEN": TOKEN})
    hook = Hook(variable(step.main_pid(), "PITSTOP_SOCKET"), "kind=start")
    path = "/v1/sessions/%s/stacks" % only_id(step)
    for _ in range(2):
        assert "unanswered" in read(get(step, path))
    with Wire(step.http_port) as wire:
        wire.send(request("GET", path, TOKEN))
        assert get(step, "/livez").status == 200
        hook.wait("stacks")
        hook.send("stack thread 1 Late", "stack end")
        hook.wait("stacks")
        hook.send("stack thread 1 Main", "stack end")
        thread, = read(wire.answer())["threads"]
        assert thread["name"] == "Main"
    hook.close()
