"""HTTP: what happened, how to attach, and where a debugged step stands."""

from harness import line_of, place, wait_for
from http_wire import ask, is_problem, read
from test_http import TOKEN, held, post, session, sessions
from test_ranks import Ranks

ENV = {"PITSTOP_TOKEN": TOKEN}


def get(step, path):
    answer = ask(step.http_port, "GET", path, TOKEN)
    assert answer.status == 200
    return read(answer)


def events(step):
    """(event, detail), the oldest first."""
    found = get(step, "/v1/events")["events"]
    assert [e["id"] for e in found] == list(range(1, len(found) + 1))
    assert get(step, "/v1/sessions")["last_event"] >= len(found)
    return [(e["event"], e["detail"]) for e in found]


def stays(folder):
    path = folder / "stays.py"
    path.write_text("import sys, time\nprint('on', flush=True)\n"
                    "time.sleep(60)\n")
    return str(path)


# ---- what happened ------------------------------------------------------

def test_a_hold_and_its_end(hold, one_python, tmp_path):
    step = hold([one_python.path, stays(tmp_path)], env=ENV)
    step.wait_held()
    post(step, "extend", {"seconds": 10})
    post(step, "release")
    step.stdout.wait("^on$")
    assert events(step) == [("held", None), ("extended", "by 10 s"),
                            ("released", "released over HTTP")]
    one = get(step, "/v1/events")["events"][0]
    assert one["session"] == session(step)["id"]
    assert (one["name"], one["rank"]) == ("stays.py", None)
    assert one["time"].endswith("Z")


def test_nobody_came(hold, one_python, tmp_path):
    step = hold([one_python.path, stays(tmp_path)], env=ENV, timeout=1)
    step.stdout.wait("^on$")
    assert events(step) == [("held", None), ("timed out", None)]


def test_a_client_that_comes_and_goes(start, one_python, tmp_path):
    step = start([one_python.path, stays(tmp_path)], env=ENV)
    step.stdout.wait("^on$")
    launch, = get(step, "/v1/launch.json")["configurations"]
    client = step.client(launch)
    client.start(launch)
    client.detach()
    wait_for(lambda: session(step)["state"] == "running", "the end")
    assert events(step) == [("started", None),
                            ("attached", "%s:%d" % client.name),
                            ("detached", "%s:%d" % client.name)]


def test_a_step_that_fails_and_ends(start, one_python, tmp_path):
    path = place(tmp_path, "fail.py")
    step = start(["bash", "-c", '"$0" "$1"; echo over; sleep 60',
                  one_python.path, path], "--hold=crash", env=ENV)
    step.wait_held()
    failed = session(step)["failed"]
    post(step, "release")
    step.stdout.wait("^over$")
    wait_for(lambda: not sessions(step), "its end")
    assert events(step) == [("started", None), ("failed", failed),
                            ("released", "released over HTTP"),
                            ("exited", None)]


def test_processes_beside_the_step_are_left_out(start, one_python, tmp_path):
    path = tmp_path / "many.py"
    path.write_text("import os, time\n"
                    "for _ in range(3):\n"
                    "    os.waitpid(os.fork() or os._exit(0), 0)\n"
                    "print('on', flush=True)\ntime.sleep(60)\n")
    step = start([one_python.path, str(path)], env=ENV)
    step.stdout.wait("^on$")
    assert events(step) == [("started", None)]


# ---- how to attach ------------------------------------------------------

def test_the_configuration_is_the_one_in_the_log(held):
    step = held()
    found = get(step, "/v1/launch.json")
    assert found == {"version": "0.2.0", "configurations": [step.launch]}
    for path in "/v1/launch.json", "/v1/events":
        is_problem(ask(step.http_port, "GET", path), 401)


def test_without_a_token_there_is_none_in_it(held):
    step = held(env={"PITSTOP_TOKEN": "none"})
    one, = get(step, "/v1/launch.json")["configurations"]
    assert "pitstopToken" not in one


def test_each_rank_has_one_and_a_compound_has_all(hold, one_python, tmp_path):
    group = Ranks(hold, one_python, tmp_path, 2, env=ENV)
    group.held()
    found = get(group.step, "/v1/launch.json")
    names = ["pitstop: ranks.py, rank %d" % n for n in range(2)]
    assert [c["name"] for c in found["configurations"]] == names
    assert [c["pitstopRank"] for c in found["configurations"]] == [0, 1]
    compound, = found["compounds"]
    assert compound["configurations"] == names
    for one in reversed(found["configurations"]):
        group.step.client(one).start(one)
    group.ended()


def test_several_steps_are_told_apart_by_their_pids(start, one_python,
                                                    tmp_path):
    path = stays(tmp_path)
    step = start(["bash", "-c", '"$0" "$1" & "$0" "$1"', one_python.path,
                  path], env=ENV)
    step.stdout.wait("^on$", start=step.stdout.wait("^on$")[0] + 1)
    found = get(step, "/v1/launch.json")
    pids = sorted(s["pid"] for s in sessions(step) if s["main"])
    assert [c["subProcessId"] for c in found["configurations"]] == pids
    one = found["configurations"][1]
    step.client(one).start(one)
    assert {s["pid"]: s["state"] for s in sessions(step)} == dict(
        zip(pids, ["running", "attached"]))


# ---- where it stands ----------------------------------------------------

def test_a_paused_step_says_where(held):
    step = held()
    line = line_of(step.path, "module")
    client = step.attached(step.launch, {step.path: [line]})
    assert session(step)["state"] == "attached"
    thread = client.stopped("breakpoint")
    one = session(step)
    assert one["paused"]["since"] and one["paused"]["file"] is None
    client.where(thread)
    assert session(step)["paused"]["file"] == step.path
    assert session(step)["paused"]["line"] == line
    client.step("next", thread)
    assert session(step)["paused"]["file"] is None
    _, second = client.where(thread)
    assert session(step)["paused"]["line"] == second != line
    client.go(thread)
    assert step.finished()[0] == 7


def test_a_step_that_goes_on_is_not_paused(hold, one_python, tmp_path):
    path = stays(tmp_path)
    step = hold([one_python.path, path], env=ENV)
    client = step.attached(None, {path: [2]})
    thread = client.stopped("breakpoint")
    client.where(thread)
    client.go(thread)
    step.stdout.wait("^on$")
    wait_for(lambda: session(step)["paused"] is None, "going on")
    client.detach()
    wait_for(lambda: session(step)["state"] == "running", "the detach")
    again = step.client()
    again.start(step.wait_held())
    assert session(step)["paused"] is None
