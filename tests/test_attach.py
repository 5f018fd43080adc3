"""What a person does in a session, with real debugpy on every Python."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import pythons
from conftest import pick
from dap_client import Closed, Refused
from harness import line_of, place, plain, strip_log, wait_for

TOKEN = "of-the-test"
LAUNCH = {"name": "late", "type": "debugpy", "request": "attach",
          "justMyCode": True, "pitstopToken": TOKEN}


@pytest.fixture
def session(hold, python, tmp_path):
    """session(name, marks…): a step that is held, a client that attached
    with breakpoints at those marks."""
    def begin(name, *marks, arguments=(), **more):
        path = place(tmp_path, name)
        step = hold([python.path, path] + list(arguments))
        step.path = path
        points = [line_of(path, m) for m in marks]
        client = step.attached(breakpoints={path: points}, **more)
        return step, client
    return begin


@pytest.fixture
def running(start, python, tmp_path):
    """running(name): a step that was never held and runs until `stop()`."""
    return running_on(start, python, tmp_path)


def running_on(start, python, folder, *options):
    def begin(name, *arguments):
        stop = folder / "stop"
        path = place(folder, name)
        step = start([python.path, path, str(stop)] + list(arguments),
                     *options, env={"PITSTOP_TOKEN": TOKEN})
        step.path = path
        step.stop = lambda: stop.write_text("")
        step.stdout.wait("^running$")
        return step
    return begin


def late(step, *marks):
    """A client that attached to a running step."""
    client = step.client()
    client.start(LAUNCH, {step.path: [line_of(step.path, m) for m in marks]})
    return client


def at(step, client, mark, reason="breakpoint"):
    """The client's thread, which has to stand at that mark."""
    thread = client.stopped(reason)
    assert client.where(thread) == (os.path.basename(step.path),
                                    line_of(step.path, mark))
    return thread


def stands_at(step, client, thread, mark):
    assert client.where(thread) == (os.path.basename(step.path),
                                    line_of(step.path, mark))


def ends_as_plain(step, python, *arguments):
    status, out, err = step.finished()
    assert (status, strip_log(out), err) == \
        plain([python.path, step.path] + list(arguments))


# ---- breakpoints --------------------------------------------------------

def test_breakpoint_at_module_level(session, python):
    step, client = session("simple.py", "module")
    thread = at(step, client, "module")
    frames = client.stack(thread)
    assert [f["name"] for f in frames] == ["<module>"], \
        "only the script's frames"
    assert frames[0]["source"]["path"] == step.path
    client.go(thread)
    ends_as_plain(step, python)


def test_breakpoint_in_function(session, python):
    step, client = session("simple.py", "in_add")
    thread = at(step, client, "in_add")
    assert [f["name"] for f in client.stack(thread)] == ["add", "<module>"]
    client.go(thread)
    ends_as_plain(step, python)


def test_function_breakpoint(session, python):
    step, client = session("simple.py", functions=["add"])
    thread = client.stopped()
    assert client.top(thread)["name"] == "add"
    client.go(thread)
    ends_as_plain(step, python)


def test_breakpoints_are_verified(session):
    step, client = session("simple.py", "module")
    client.stopped("breakpoint")
    points = client.set_breakpoints(step.path, [
        line_of(step.path, "in_add"), line_of(step.path, "after")])
    assert [p["verified"] for p in points] == [True, True]
    assert [p["line"] for p in points] == [line_of(step.path, "in_add"),
                                           line_of(step.path, "after")]


def test_breakpoints_set_and_removed_on_the_way(session, python):
    step, client = session("simple.py", "module", "in_add")
    thread = at(step, client, "module")
    client.set_breakpoints(step.path, [line_of(step.path, "after")])
    client.go(thread)
    thread = at(step, client, "after")
    client.set_breakpoints(step.path, [])
    client.go(thread)
    ends_as_plain(step, python)


@pytest.fixture
def counting(hold, python, tmp_path):
    """A session in count.py with a special breakpoint at `add`."""
    def begin(**more):
        path = place(tmp_path, "count.py")
        step = hold([python.path, path])
        step.path = path
        client = step.attached(breakpoints={path: [
            dict(more, line=line_of(path, "add")), line_of(path, "end")]})
        return step, client
    return begin


def test_conditional_breakpoint(counting, python):
    step, client = counting(condition="i == 6")
    thread = at(step, client, "add")
    assert client.evaluate("i, total", client.top(thread)) == "(6, 15)"
    client.go(thread)
    thread = at(step, client, "end")
    client.go(thread)
    ends_as_plain(step, python)


def test_hit_count_breakpoint(counting, python):
    step, client = counting(hitCondition="4")
    thread = at(step, client, "add")
    assert client.evaluate("i", client.top(thread)) == "3"
    client.go(thread)
    thread = at(step, client, "end")
    client.go(thread)
    ends_as_plain(step, python)


def test_log_point(counting, python):
    step, client = counting(logMessage="i is {i}")
    thread = at(step, client, "end")
    client.wait_printed("i is 9")
    printed = client.printed() + client.printed("console")
    assert re.findall(r"i is (\d)", printed) == list("0123456789")
    client.go(thread)
    ends_as_plain(step, python)


# ---- steps --------------------------------------------------------------

def test_step_in_over_and_out(session, python):
    step, client = session("simple.py", "module")
    thread = at(step, client, "module")
    client.step("next", thread)
    stands_at(step, client, thread, "call")
    client.step("stepIn", thread)
    stands_at(step, client, thread, "in_add")
    client.step("next", thread)
    stands_at(step, client, thread, "return")
    client.step("stepOut", thread)
    assert client.top(thread)["name"] == "<module>"
    client.go(thread)
    ends_as_plain(step, python)


def test_step_over_a_call(session, python):
    step, client = session("simple.py", "call")
    thread = at(step, client, "call")
    client.step("next", thread)
    stands_at(step, client, thread, "after")
    client.go(thread)
    ends_as_plain(step, python)


def test_step_that_has_its_threading_replaced(session):
    """As gevent does."""
    step, client = session("patched.py", "here")
    thread = at(step, client, "here")
    client.step("next", thread)
    stands_at(step, client, thread, "there")
    client.go(thread)
    assert step.finished()[0] == 5


def test_goto(session, python):
    step, client = session("jump.py", "from")
    thread = at(step, client, "from")
    try:
        targets = client.request("gotoTargets", {
            "source": {"path": step.path},
            "line": line_of(step.path, "to")})["targets"]
    except Refused as refused:
        pytest.skip("debugpy %s has no goto: %s" % (python.debugpy, refused))
    client.request("goto", {"threadId": thread,
                            "targetId": targets[0]["id"]})
    assert client.stopped("goto") == thread
    stands_at(step, client, thread, "to")
    client.go(thread)
    assert step.finished()[0] == 0
    assert step.own_output() == "result as written\n"


def test_step_in_targets(session, python):
    step, client = session("simple.py", "call")
    thread = at(step, client, "call")
    try:
        targets = client.request("stepInTargets", {
            "frameId": client.top(thread)["id"]})["targets"]
    except Refused as refused:
        pytest.skip("debugpy %s: %s" % (python.debugpy, refused))
    target = next(t for t in targets if t["label"].startswith("add"))
    client.request("stepIn", {"threadId": thread, "targetId": target["id"]})
    assert client.stopped("step") == thread
    stands_at(step, client, thread, "in_add")
    client.go(thread)
    ends_as_plain(step, python)


# ---- variables ----------------------------------------------------------

def test_stack_scopes_and_variables(session, python):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    inner, outer = client.stack(thread)
    local = client.local(inner)
    assert {n: (local[n]["value"], local[n]["type"])
            for n in ("left", "right", "total")} == {
        "left": ("1", "int"), "right": ("41", "int"), "total": ("42", "int")}
    glob = client.variables(client.scope(outer, "Globals")
                            ["variablesReference"])
    assert glob["first"]["value"] == "1"
    client.go(thread)
    ends_as_plain(step, python)


def test_set_variable(session, python):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    scope = client.scope(client.top(thread), "Locals")
    answer = client.request("setVariable", {
        "variablesReference": scope["variablesReference"],
        "name": "total", "value": "left + 99"})
    assert answer["value"] == "100"
    client.go(thread)
    assert step.finished()[0] == 7
    assert step.own_output() == "second 100\nargv []\n"


def test_set_expression(session, python):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    client.request("setExpression", {
        "frameId": client.top(thread)["id"], "expression": "total",
        "value": "5"})
    client.go(thread)
    assert step.finished()[0] == 7
    assert step.own_output().startswith("second 5\n")


@pytest.mark.parametrize("context", ["watch", "hover", "repl", "clipboard"])
def test_evaluate(session, context):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    assert client.evaluate("total + 1", client.top(thread), context) == "43"


@pytest.mark.parametrize("context", ["watch", "repl"])
def test_evaluate_what_is_not_there(session, context):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    with pytest.raises(Refused) as refused:
        client.evaluate("absent", client.top(thread), context)
    assert "absent" in refused.value.message


def test_evaluate_a_statement(session):
    step, client = session("simple.py", "module")
    thread = at(step, client, "module")
    client.evaluate("import collections as c", client.top(thread))
    assert client.evaluate("c.__name__", client.top(thread)) == \
        "'collections'"


def test_completions(session):
    step, client = session("simple.py", "return")
    thread = at(step, client, "return")
    found = client.request("completions", {
        "frameId": client.top(thread)["id"], "text": "tot", "column": 4})
    assert "total" in [t["label"] for t in found["targets"]]


def test_modules_and_source(session):
    step, client = session("simple.py", "in_add")
    client.stopped("breakpoint")
    assert "modules" in client.request("modules")


# ---- exceptions ---------------------------------------------------------

def test_raised_exceptions(session, python):
    step, client = session("raises.py", exceptions=["raised"])
    thread = at(step, client, "raise", "exception")
    info = client.request("exceptionInfo", {"threadId": thread})
    assert info["exceptionId"].endswith("ValueError")
    assert info["description"] == "value 1"
    client.configure()
    client.go(thread)
    ends_as_plain(step, python)


def test_uncaught_exceptions(session, python):
    step, client = session("raises.py", exceptions=["uncaught"])
    thread = at(step, client, "raise", "exception")
    info = client.request("exceptionInfo", {"threadId": thread})
    assert info["description"] == "value 2"
    frame = client.top(thread)
    assert client.local(frame)["text"]["value"] == "'value 2'"
    client.go(thread)
    ends_as_plain(step, python)


def test_no_filter_stops_nowhere(session, python):
    step, client = session("raises.py")
    ends_as_plain(step, python)
    assert not client.events("stopped")


# ---- threads, pause, continue -------------------------------------------

def test_threads_have_their_names(session, python):
    step, client = session("threads.py", "in_thread")
    thread = at(step, client, "in_thread")
    names = {t["id"]: t["name"] for t in client.threads()}
    assert names[thread].startswith("worker-")
    assert sorted(names.values())[0] == "MainThread"
    assert all(re.match("MainThread$|worker-[12]$", n)
               for n in names.values()), names
    continue_to_the_end(step, client, thread)


def continue_to_the_end(step, client, thread):
    """At each stop; debugpy answers only once all have resumed."""
    try:
        while True:
            client.send("continue", {"threadId": thread})
            thread = client.stopped()
    except (Closed, OSError):
        pass
    assert step.finished()[0] == 0


def test_pause_and_continue(session, tmp_path):
    stop = tmp_path / "stop"
    step, client = session("loop.py", arguments=[str(stop)])
    step.stdout.wait("^running$")
    seen = [paused_turns(client)]
    while seen[-1] < seen[0] + 3:
        seen.append(paused_turns(client))
        assert len(seen) < 100, "it does not run between the pauses"
    stop.write_text("")
    assert step.finished()[0] == 5


def paused_turns(client):
    """Pause, look, continue."""
    client.request("pause", {"threadId": client.threads()[0]["id"]})
    thread = client.stopped("pause")
    frame = client.top(thread)
    assert frame["name"] == "<module>"
    turns = int(client.evaluate("turns", frame))
    client.go(thread)
    return turns


def test_continue_with_no_thread_named(session, python):
    """VS Code names one; other clients say 0 or nothing of use."""
    step, client = session("simple.py", "module")
    client.stopped("breakpoint")
    client.request("continue", {"threadId": 0})
    ends_as_plain(step, python)


# ---- output -------------------------------------------------------------

def test_output_events_with_redirect_output(session, python):
    step, client = session("prints.py", "last")
    thread = at(step, client, "last")
    client.wait_printed("to stdout: \u00e9\u20ac\n")
    client.wait_printed("to stderr\n", "stderr")
    client.go(thread)
    ends_as_plain(step, python)


def test_no_output_events_without_redirect_output(session, python):
    step, client = session("prints.py", "last", redirectOutput=False,
                           debugOptions=[])
    thread = at(step, client, "last")
    assert client.printed() == "" and client.printed("stderr") == ""
    client.go(thread)
    ends_as_plain(step, python)


# ---- the way in and out -------------------------------------------------

def test_order_of_the_answers(session):
    """configurationDone's response, then attach's, then what happened."""
    step, client = session("simple.py", "module")
    client.stopped("breakpoint")
    order = [m.get("command") or m["event"] for m in client.messages]
    done = order.index("configurationDone")
    assert order[done + 1] == "attach"
    assert order.index("initialized") < done
    assert min(order.index(e) for e in ("process", "thread", "stopped")) > \
        done + 1


def test_numbers_of_the_messages_rise(session):
    step, client = session("simple.py", "module")
    client.go(client.stopped("breakpoint"))
    step.finished()
    numbers = [m["seq"] for m in client.messages]
    assert numbers == sorted(set(numbers))


def test_process_event_names_the_step(session, python):
    step, client = session("simple.py", "module")
    body = client.event("process")
    assert body["systemProcessId"] == step.main_pid()
    assert body["startMethod"] == "attach"


def test_system_info_is_what_debugpys_adapter_says(session, python):
    step, client = session("simple.py", "module")
    client.stopped("breakpoint")
    info = client.request("debugpySystemInfo")
    assert info["debugpy"] == {"version": python.debugpy}
    assert info["process"]["pid"] == step.main_pid()
    assert info["python"]["version"].startswith("%d.%d." % python.version)
    client.detach()
    ends_as_plain(step, python)


def test_system_info_before_configuration_done_and_late(running, python):
    step = running("loop.py")
    client = step.client()
    client.initialize()
    with pytest.raises(Refused):
        step.client().request("debugpySystemInfo")
    attach = client.begin_attach(LAUNCH)
    client.wait_initialized(attach)
    info = client.request("debugpySystemInfo")
    assert info["debugpy"] == {"version": python.debugpy}
    client.finish(attach)
    client.detach()
    step.stop()
    assert step.finished()[0] == 5


def test_initialize_is_answered_before_the_step_is_asked(hold, one_python,
                                                         tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    client = step.client(step.wait_held())
    os.kill(step.main_pid(), signal.SIGSTOP)
    features = client.request("initialize", {"adapterID": "debugpy"},
                              patience=2)
    for feature in ("ConfigurationDoneRequest", "ConditionalBreakpoints",
                    "LogPoints", "SetVariable", "FunctionBreakpoints",
                    "ExceptionInfoRequest", "CompletionsRequest",
                    "GotoTargetsRequest", "TerminateDebuggee"):
        assert features["supports" + feature] is True, feature
    filters = [f["filter"] for f in features["exceptionBreakpointFilters"]]
    assert filters[:2] == ["raised", "uncaught"]
    os.kill(step.main_pid(), signal.SIGCONT)


@pytest.mark.parametrize("python", pythons.some("py3.8", "py3.11"))
def test_late_breakpoint_is_hit_in_all_threads_once_it_is_attached(
        start, python, tmp_path):
    """Setting debugpy's tracing on busy threads takes its time."""
    step = running_on(start, python, tmp_path)("callers.py")
    client = step.client()
    client.start(LAUNCH, {step.path: [{
        "line": line_of(step.path, "call"), "condition": "hit(n)"}]})
    attached = time.monotonic()
    wait_for(lambda: time.monotonic() > attached + 1, "a second of calls")
    step.stop()
    status, out, _ = step.finished()
    missed, hits = out.splitlines()[-1].split()
    assert status == 0 and int(hits) > 0
    assert float(missed) <= attached


def test_end_of_the_step_is_told(session, python):
    step, client = session("simple.py", "module")
    client.go(client.stopped("breakpoint"))
    client.event("terminated")
    ends_as_plain(step, python)
    client.wait_closed()


def test_status_and_output_of_an_attached_step(session, python):
    step, client = session("simple.py")
    ends_as_plain(step, python)


@pytest.mark.parametrize("terminate", [None, False])
def test_disconnect_lets_the_step_run(session, python, terminate):
    step, client = session("simple.py", "module", "in_add", "after")
    client.stopped("breakpoint")
    arguments = {} if terminate is None else {"terminateDebuggee": terminate}
    client.detach(**arguments)
    ends_as_plain(step, python)


def test_a_client_that_is_gone_lets_the_step_run(session, python):
    step, client = session("simple.py", "module", "in_add")
    client.stopped("breakpoint")
    client.close()
    ends_as_plain(step, python)


def test_attach_again(session, tmp_path):
    stop = tmp_path / "stop"
    step, client = session("loop.py", "turn", arguments=[str(stop)])
    for _ in range(3):
        thread = at(step, client, "turn")
        before = int(client.evaluate("turns", client.top(thread)))
        client.detach()
        client = step.attached(breakpoints={
            step.path: [line_of(step.path, "turn")]})
    thread = at(step, client, "turn")
    assert int(client.evaluate("turns", client.top(thread))) > before
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


def test_windows_client(hold, python, tmp_path):
    """Path mappings from a drive, and back."""
    path = place(tmp_path, "simple.py")
    step = hold([python.path, path], cwd=tmp_path)
    step.path = path
    local = "C:\\Users\\me\\proj\\simple.py"
    client = step.client(step.wait_held())
    client.start(step.wait_held(), {local: [line_of(path, "in_add")]},
                 folder="C:\\Users\\me\\proj", clientOS="windows")
    thread = client.stopped("breakpoint")
    seen = client.top(thread)["source"]["path"]
    assert seen.lower() == local.lower()
    client.go(thread)
    ends_as_plain(step, python)


@pytest.mark.parametrize("root", [".", "./"])
def test_documented_remote_root(hold, python, tmp_path, root):
    """The recipe's own mapping: \"remoteRoot\": \".\"."""
    (tmp_path / "node").mkdir()
    (tmp_path / "laptop").mkdir()
    path = place(tmp_path / "node", "simple.py")
    local = place(tmp_path / "laptop", "simple.py")
    if root == "./" and python.debugpy < "1.8.2":
        pytest.skip("debugpy %s does not take \"./\"" % python.debugpy)
    step = hold([python.path, "simple.py"], cwd=tmp_path / "node")
    launch = dict(step.wait_held())
    launch["pathMappings"] = [{"localRoot": "${workspaceFolder}",
                               "remoteRoot": root}]
    step.path = path
    client = step.attached(launch, {local: [line_of(local, "in_add")]},
                           folder=str(tmp_path / "laptop"))
    thread = client.stopped("breakpoint")
    assert client.top(thread)["source"]["path"] == local
    client.go(thread)
    ends_as_plain(step, python)


# ---- children -----------------------------------------------------------

def test_child_is_offered_as_a_session_of_its_own(session):
    step, client = session("outer.py", "outer")
    place(os.path.dirname(step.path), "rank.py")
    client.go(client.stopped("breakpoint"))
    offer = client.asked("startDebugging")
    assert offer["request"] == "attach"
    configuration = offer["configuration"]
    child = step.client(configuration)
    path = os.path.join(os.path.dirname(step.path), "rank.py")
    child.start(configuration, {path: [line_of(path, "rank")]})
    thread = child.stopped("breakpoint")
    frame = child.top(thread)
    assert int(child.evaluate("os.getpid()", frame)) == \
        configuration["subProcessId"]
    child.go(thread)
    assert step.finished()[0] == 0
    assert step.own_output() == "outer\nrank none\n"


def test_child_of_a_debugged_step_adds_no_output(session, python):
    """Neither the debugger in it nor the hook writes to its streams."""
    step, client = session("outer.py")
    place(os.path.dirname(step.path), "rank.py")
    configuration = client.asked("startDebugging")["configuration"]
    step.client(configuration).start(configuration)
    ends_as_plain(step, python)


# ---- late ---------------------------------------------------------------

def seconds_after_timeout(python):
    """Ten once; elsewhere a moment, to keep the tests short."""
    return 10 if python == pick("py3.11", "system") else 1


def test_late_attach_after_the_timeout(hold, python, tmp_path):
    stop = tmp_path / "stop"
    path = place(tmp_path, "loop.py")
    step = hold([python.path, path, str(stop)], timeout=1)
    step.path = path
    launch = step.wait_held()
    attached, ended = step.hold_ended()
    assert attached is False
    due = ended + seconds_after_timeout(python)
    wait_for(lambda: time.monotonic() > due, "the late moment")
    client = step.attached(launch, {path: [line_of(path, "turn")]})
    thread = at(step, client, "turn")
    client.go(thread)
    client.set_breakpoints(path, [])
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


def test_late_attach_into_a_loop_at_module_level(running):
    step = running("loop.py")
    client = late(step, "turn")
    thread = at(step, client, "turn")
    assert [t["name"] for t in client.threads()] == ["MainThread"]
    frame = client.top(thread)
    assert client.evaluate(
        "__import__('threading').main_thread().ident == main", frame) == \
        "True"
    assert client.evaluate(
        "__import__('threading').current_thread().name", frame) == \
        "'MainThread'"
    client.step("next", thread)
    stands_at(step, client, thread, "sleep")
    client.set_breakpoints(step.path, [])
    client.go(thread)
    client.request("pause", {"threadId": thread})
    assert client.stopped("pause") == thread
    client.detach()
    finish_loop(step)


def finish_loop(step):
    """Its own view of its threads is right, and nothing else was printed."""
    step.stop()
    status, out, err = step.finished()
    assert err == ""
    lines = out.splitlines()
    early = next(l for l in lines if l.startswith("early"))
    assert lines == ["running", early, "turned True", "same main True",
                     "is main True", "name MainThread"]
    assert status == 5


def test_no_thread_of_ours_in_the_list(running):
    step = running("loop.py")
    client = late(step)
    names = [t["name"] for t in client.threads()]
    assert names == ["MainThread"]
    client.detach()
    finish_loop(step)


def test_late_attach_prints_nothing(running, python):
    """Not the debugger either, on either stream."""
    step = running("loop.py")
    late(step, "turn").detach()
    finish_loop(step)


@pytest.mark.parametrize("first", ["step", "debugger"])
def test_late_attach_while_the_step_imports(running, tmp_path, first):
    """Neither gets a module that the other has not finished."""
    place(tmp_path, "_weakrefset.py")
    step = running("imports.py", first)
    late(step).detach()
    step.stop()
    assert step.finished() == (5, "running\nis main True\n"
                               "own function True\n", "")


def test_late_attach_while_the_step_imports_debugpy(running):
    step = running("asks.py")
    late(step).detach()
    step.stop()
    status, out, _ = step.finished()
    assert (status, out) == (5, "running\nasked False\n")


def test_step_that_was_not_held_ends_while_attached(running):
    step = running("loop.py")
    client = late(step, "turn")
    thread = at(step, client, "turn")
    step.stop()
    client.set_breakpoints(step.path, [])
    client.go(thread)
    assert step.status() == 5
    client.event("terminated")


def rates(step, count=5):
    """The best of the next measurements that begin from now on: a busy
    machine makes some slow, tracing would all."""
    start = len(step.stdout.lines) + 1
    values = []
    while len(values) < count:
        start, match = step.stdout.wait(r"^rate (\d+)$", start=start)
        start += 1
        values.append(int(match.group(1)))
    return max(values)


def full_speed(step, before):
    """It comes back soon, and stays."""
    wait_for(lambda: rates(step, 1) >= before * 0.5, "full speed", 10)
    now = rates(step)
    assert now >= before * 0.5, "%d, and %d before" % (now, before)


def test_full_speed_after_a_detach_and_attach_again(running):
    step = running("calls.py")
    before = rates(step)
    for _ in range(2):
        client = late(step, "work")
        thread = at(step, client, "work")
        client.go(thread)
        assert at(step, client, "work") == thread
        client.detach()
        full_speed(step, before)
    step.stop()
    assert step.finished()[0] == 0


def test_full_speed_after_a_hold_and_a_detach(hold, python, tmp_path):
    stop = tmp_path / "stop"
    path = place(tmp_path, "calls.py")
    plain_step = hold([python.path, path, str(stop)], timeout=1)
    plain_step.stdout.wait("^rate ")
    before = rates(plain_step)
    plain_step.end()
    step = hold([python.path, path, str(stop)])
    step.path = path
    client = step.attached(breakpoints={path: [line_of(path, "work")]})
    thread = at(step, client, "work")
    client.detach()
    full_speed(step, before)
    client = step.attached(breakpoints={path: [line_of(path, "work")]})
    at(step, client, "work")
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 0


def test_full_speed_after_the_client_was_lost(running):
    step = running("calls.py")
    before = rates(step)
    client = late(step, "work")
    at(step, client, "work")
    client.close()
    full_speed(step, before)
    step.stop()
    assert step.finished()[0] == 0


def test_full_speed_with_nobody_attached(start, one_python, tmp_path):
    """The hook alone costs a running step nothing."""
    stop = tmp_path / "stop"
    path = place(tmp_path, "calls.py")
    step = start([one_python.path, path, str(stop)])
    with subprocess.Popen([one_python.path, path, str(stop)],
                          stdout=subprocess.PIPE) as alone:
        ours = rates(step)
        lines = [alone.stdout.readline() for _ in range(12)]
        stop.write_text("")
        alone.stdout.close()
    theirs = max(int(l.split()[1]) for l in lines[1:])
    assert ours >= theirs * 0.5


def test_debugpy_is_not_loaded_until_somebody_attaches(running):
    step = running("loop.py")
    with open("/proc/%d/maps" % step.main_pid()) as maps:
        assert "debugpy" not in maps.read()
    step.stop()
    step.finished()


def older_debugpy(python, folder, version):
    """The venv's debugpy under another version number."""
    code = "import debugpy, os; print(os.path.dirname(debugpy.__file__))"
    found = subprocess.check_output([python.path, "-c", code])
    source = found.decode().strip()
    shutil.copytree(source, str(folder / "old" / "debugpy"))
    file = folder / "old" / "debugpy" / "_version.py"
    text = file.read_text()
    assert python.debugpy in text
    file.write_text(text.replace(python.debugpy, version))
    return str(folder / "old")


@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.name == "py3.11-1.6.7"))
def test_late_attach_on_311_needs_debugpy_164(start, python, tmp_path):
    """Up to 1.6.3 debugpy cannot trace other threads there."""
    stop = tmp_path / "stop"
    step = start([python.base, place(tmp_path, "loop.py"), str(stop)],
                 "--debugpy", older_debugpy(python, tmp_path, "1.6.3"),
                 env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^running$")
    client = step.client()
    with pytest.raises(Refused) as refused:
        client.start(LAUNCH)
    assert "1.6.4" in refused.value.message
    stop.write_text("")
    assert step.finished()[0] == 5


def test_no_debugger_is_said_to_a_late_client(start, python, tmp_path):
    if subprocess.call([python.base, "-c", "import debugpy"],
                       stderr=subprocess.DEVNULL) == 0:
        pytest.skip("the base of %s has debugpy" % python.name)
    stop = tmp_path / "stop"
    step = start([python.base, place(tmp_path, "loop.py"), str(stop)],
                 env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^running$")
    with pytest.raises(Refused) as refused:
        step.client().start(LAUNCH)
    assert "debugpy" in refused.value.message
    stop.write_text("")
    assert step.finished()[0] == 5


# ---- the agent is killed ------------------------------------------------

def test_agent_killed_at_a_breakpoint_lets_the_step_end(session, python):
    step, client = session("simple.py", "module", "in_add")
    client.stopped("breakpoint")
    step.kill_agent()
    client.wait_closed(5)
    status, out, err = step.finished()
    expected = plain([python.path, step.path])
    assert (status, strip_log(out)) == expected[:2]
    assert strip_log(err) == expected[2]


def test_agent_killed_at_a_breakpoint_and_attached_again(session, tmp_path):
    stop = tmp_path / "stop"
    step, client = session("loop.py", "turn", arguments=[str(stop)])
    launch = step.wait_held()
    for _ in range(2):
        thread = at(step, client, "turn")
        turns = int(client.evaluate("turns", client.top(thread)))
        step.agent(but=step.kill_agent())
        client.wait_closed(5)
        client = step.client()
        client.start(launch, {step.path: [line_of(step.path, "turn")]})
    thread = at(step, client, "turn")
    assert int(client.evaluate("turns", client.top(thread))) > turns
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


def test_agent_killed_while_a_late_client_is_in(running):
    step = running("loop.py")
    client = late(step, "turn")
    at(step, client, "turn")
    step.agent(but=step.kill_agent())
    client.wait_closed(5)
    client = late(step, "sleep")
    at(step, client, "sleep")
    client.detach()
    step.stop()
    status, out, _ = step.finished()
    assert (status, "is main True" in out) == (5, True)


def test_full_speed_after_the_agent_died(running):
    step = running("calls.py")
    before = rates(step)
    client = late(step, "work")
    at(step, client, "work")
    step.agent(but=step.kill_agent())
    client.wait_closed(5)
    full_speed(step, before)
    step.stop()
    assert step.finished()[0] == 0


def test_agent_killed_between_late_attach_and_configuration_done(running):
    step = running("loop.py")
    client = step.client()
    client.initialize()
    client.wait_initialized(client.begin_attach(LAUNCH))
    step.agent(but=step.kill_agent())
    client.wait_closed(5)
    client = late(step, "turn")
    at(step, client, "turn")
    client.detach()
    step.stop()
    status, out, _ = step.finished()
    assert (status, "is main True" in out) == (5, True)


def test_agent_stopped_at_a_breakpoint_is_replaced(hold, one_python,
                                                   tmp_path):
    """The supervisor frees a step that a silent agent keeps paused."""
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path])
    client = step.attached(breakpoints={path: [line_of(path, "module")]})
    client.stopped("breakpoint")
    step.kill_agent(signal.SIGSTOP)
    status, out, _ = step.finished(30)
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")
