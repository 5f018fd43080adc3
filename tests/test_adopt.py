"""A script that brings a debugger of its own runs unmodified, and what it
calls leads to pitstop. The scripts are in tests/steps/adopt."""
import os
import re
import signal
import subprocess

import pytest

import pythons
from dap_client import Refused
from fake_agent import STUB
from harness import line_of, place, plain
from main_pythons import python  # noqa: F401

# Else debugpy itself warns of frozen modules when it loads, on 3.11.
QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
KINDS = pytest.mark.parametrize("kind", ["debugpy", "ptvsd"])
ADDRESS = "('0.0.0.0', 5678)"
WORKED = "worked 42\n"
FLAGS = ["--remote_debug", "--remote_debug_connection_timeout", "31"]
BRIEF = ["--remote_debug", "--remote_debug_connection_timeout", "1"]


@pytest.fixture
def calls(start, python, tmp_path):
    """calls(kind, words): the script of that kind, begun, on each Python."""
    def begin(kind, words, *options, **more):
        return begin_calls(start, python, tmp_path, kind, words, *options,
                           **more)
    return begin


@pytest.fixture
def some_calls(start, one_python, tmp_path):
    """The same, on one Python."""
    def begin(kind, words, *options, **more):
        return begin_calls(start, one_python, tmp_path, kind, words,
                           *options, **more)
    return begin


def begin_calls(start, python, folder, kind, words, *options, **more):
    path = os.path.join(place(folder, "adopt"), "calls_%s.py" % kind)
    step = start([python.path, path] + words.split(), *options, **more)
    step.path = path
    return step


def wait_here(step):
    """The script is in the hold that it asked for itself."""
    step.stdout.wait(r"^pitstop: holding \S+ ")
    return step.launches(1)[0]


def stops(step, client, mark, reason="breakpoint"):
    thread = client.stopped(reason)
    top = client.top(thread)
    assert (top["source"]["path"], top["line"]) == (
        step.path, line_of(step.path, mark))
    return thread


def own(step):
    return step.own_output()


# ---- waiting ------------------------------------------------------------

@KINDS
def test_a_wait_is_a_hold_that_a_client_ends(calls, kind):
    step = calls(kind, "listen loaded wait connected", "--timeout", "60")
    launch = wait_here(step)
    client = step.client(launch)
    client.start(launch, {step.path: [line_of(step.path, "work"),
                                      line_of(step.path, "after")]})
    assert step.hold_ended()[0] is True
    for mark in ("after", "work"):
        client.go(stops(step, client, mark))
    status, out, err = step.finished()
    assert own(step) == (
        "listen %s\nloaded False\nwait None\nconnected True\n%s" % (
            ADDRESS, WORKED))
    assert (status, err) == (6, "")
    assert out.count("Timeout for debug connection: 60\n") == 1
    assert out.count("ip_address: 127.0.0.1\n") == 1
    assert out.count("pitstop: launch.json: ") == 1
    assert out.count("Debugger attached = ") == 1


@KINDS
def test_a_wait_ends_at_the_deadline(calls, kind):
    """The setting's; nothing is loaded for it."""
    step = calls(kind, "listen wait connected loaded break this", "--timeout",
                 "1")
    attached, ended = step.hold_ended()
    assert attached is False
    assert 0.9 < ended - step.held_at() < 3
    status, out, err = step.finished()
    assert own(step) == (
        "listen %s\nwait None\nconnected False\nloaded False\nthis None\n%s"
        % (ADDRESS, WORKED))
    assert (status, err) == (6, "")
    assert "pitstop: nobody attached in time" in out


@pytest.mark.parametrize("words, seconds", [("second", 1), ("fraction", 1)])
def test_ptvsds_own_timeout_counts(some_calls, words, seconds):
    step = some_calls("ptvsd", words, "--timeout", "60")
    step.stdout.wait("^Timeout for debug connection: %d$" % seconds)
    assert step.hold_ended()[0] is False
    assert step.finished()[0] == 6


def test_no_wait_is_longer_than_the_longest_hold(some_calls):
    step = some_calls("ptvsd", "second", "--max-hold", "1", "--timeout", "60")
    step.stdout.wait("^Timeout for debug connection: 1$")
    assert step.finished()[0] == 6


def test_no_seconds_are_no_wait(some_calls):
    step = some_calls("ptvsd", "zero")
    assert step.finished() == (6, "zero None\n" + WORKED, "")


def test_a_wait_needs_no_call_before_it(some_calls):
    step = some_calls("debugpy", "wait", "--timeout", "1")
    step.wait_held()
    assert step.finished()[0] == 6


@KINDS
def test_waits_are_over_when_a_client_came_in_the_first_hold(calls, kind):
    step = calls(kind, "listen wait connected break", "--hold", "--timeout",
                 "60")
    client = step.attached()
    thread = stops(step, client, "break", None)
    client.go(thread)
    status, out, err = step.finished()
    assert own(step) == "listen %s\nwait None\nconnected True\n%s" % (
        ADDRESS, WORKED)
    assert (status, err) == (6, "")
    assert out.count("Timeout for debug connection: ") == 1
    assert out.count("pitstop: launch.json: ") == 1


def test_what_a_script_printed_comes_before_its_hold(start, one_python,
                                                     tmp_path):
    path = tmp_path / "prints.py"
    path.write_text("import ptvsd\nprint('before')\n"
                    "ptvsd.wait_for_attach(1)\nprint('after')\n")
    step = start([one_python.path, str(path)])
    _, out, _ = step.finished()
    assert out.index("before") < out.index("Timeout for") < out.index("after")


def test_a_wait_can_be_attached_to_without_late_attach(some_calls):
    step = some_calls("debugpy", "listen wait connected", "--late-attach=off",
                      "--timeout", "60")
    step.stdout.wait("^pitstop: .*debugpy.listen.*PITSTOP_LATE_ATTACH is off")
    step.attached(wait_here(step))
    assert step.finished()[0] == 6
    assert "connected True\n" in own(step)


def test_a_script_can_wait_again_after_a_detach(calls):
    step = calls("debugpy", "wait connected line wait connected", "--timeout",
                 "60", stdin=subprocess.PIPE)
    launch = wait_here(step)
    client = step.attached(launch)
    i, _ = step.stdout.wait("^connected True$")
    client.detach()
    step.process.stdin.write(b"again\n")
    step.stdout.wait("^Timeout for debug connection: 60$", start=i)
    step.attached(launch)
    step.stdout.wait("^connected True$", start=i + 1)
    assert step.finished()[0] == 6
    assert step.stdout.text.count("pitstop: launch.json: ") == 1


def test_cancel_ends_a_wait(start, one_python, tmp_path):
    path = tmp_path / "cancels.py"
    path.write_text(
        "import debugpy, threading, sys\n"
        "threading.Thread(target=lambda: (sys.stdin.readline(),\n"
        "                 debugpy.wait_for_client.cancel())).start()\n"
        "debugpy.listen(5678)\ndebugpy.wait_for_client()\nprint('on')\n")
    step = start([one_python.path, str(path)], "--timeout", "60",
                 stdin=subprocess.PIPE)
    wait_here(step)
    step.process.stdin.write(b"cancel\n")
    assert step.finished()[0] == 0
    assert own(step) == "on\n"
    assert step.hold_ended()[0] is False


def test_an_interrupt_ends_a_wait_as_an_exception(start, python, tmp_path):
    path = tmp_path / "interrupted.py"
    path.write_text(
        "import ptvsd\ntry:\n    ptvsd.wait_for_attach(60)\n"
        "except KeyboardInterrupt:\n    print('interrupted', flush=True)\n"
        "ptvsd.wait_for_attach(1)\nprint('on')\n")
    step = start([python.path, str(path)])
    i, _ = step.stdout.wait(r"^pitstop: holding \S+ ")
    step.process.send_signal(signal.SIGINT)
    step.stdout.wait("^interrupted$")
    assert step.finished()[0] == 0
    assert own(step) == "interrupted\non\n"
    assert step.stdout.text.count("Debugger attached = False\n") == 2


def test_threads_that_wait_share_a_hold(start, one_python, tmp_path):
    path = tmp_path / "threads.py"
    path.write_text(
        "import debugpy, threading\n"
        "threads = [threading.Thread(target=debugpy.wait_for_client)\n"
        "           for _ in range(3)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]\n"
        "print('joined', debugpy.is_client_connected())\n")
    step = start([one_python.path, str(path)], "--timeout", "60")
    step.attached(wait_here(step))
    assert step.finished()[0] == 0
    assert own(step) == "joined True\n"
    assert step.stdout.text.count("Timeout for debug connection") == 1


def test_a_client_that_leaves_half_way_leaves_no_tracing(some_calls):
    step = some_calls("debugpy", "wait traced", "--timeout", "3")
    launch = wait_here(step)
    client = step.client(launch)
    client.initialize()
    client.wait_initialized(client.begin_attach(launch))
    client.close()
    assert step.hold_ended()[0] is False
    assert step.finished()[0] == 6
    assert own(step) == "wait None\ntraced False\n" + WORKED


def test_a_forked_process_can_wait(start, one_python, tmp_path):
    path = tmp_path / "forks.py"
    path.write_text(
        "import debugpy, os, sys\npid = os.fork()\nif pid:\n"
        "    sys.exit(os.waitpid(pid, 0)[1] >> 8)\n"
        "debugpy.listen(5678)\ndebugpy.wait_for_client()\n"
        "sys.exit(20 + debugpy.is_client_connected())\n")
    step = start([one_python.path, str(path)], "--timeout", "60")
    _, held = step.stdout.wait(r"^pitstop: holding \S+ \(pid (\d+)\)")
    launch = dict(wait_here(step), subProcessId=int(held.group(1)))
    step.attached(launch)
    assert step.finished()[0] == 21


# ---- the other calls ----------------------------------------------------

@KINDS
@pytest.mark.parametrize("call", ["break", "builtin"])
def test_a_break_stops_in_the_script(calls, python, kind, call):
    if call == "builtin" and python.version < (3, 7):
        pytest.skip("python 3.6 has no breakpoint()")
    step = calls(kind, "listen wait " + call, "--timeout", "60")
    client = step.attached(wait_here(step))
    thread = stops(step, client, call, None)
    client.go(thread)
    assert step.finished()[0] == 6


@KINDS
def test_a_break_without_a_client_does_nothing(some_calls, kind):
    step = some_calls(kind, "listen break builtin connected")
    assert step.finished()[0] == 6
    assert own(step) == "listen %s\nconnected False\n%s" % (ADDRESS, WORKED)


def test_ptvsds_tracing_is_switched_off_and_on(calls):
    step = calls("ptvsd", "tracing wait tracing this", "--timeout", "60")
    launch = wait_here(step)
    client = step.client(launch)
    client.start(launch, {step.path: [line_of(step.path, "work")]})
    client.go(stops(step, client, "work"))
    assert step.finished()[0] == 6
    assert own(step) == ("tracing (False, False)\nwait None\n"
                         "tracing (False, True)\nthis None\n" + WORKED)


def test_debugpys_other_calls_do_not_fail(calls):
    words = "configure log_to port trace this connected"
    step = calls("debugpy", words, env=QUIET)
    status, _, err = step.finished()
    assert (status, err) == (6, "")
    assert "port ('127.0.0.1', 5678)\n" in own(step)


def test_a_second_listen_fails_where_it_does_in_debugpy(start, python,
                                                        tmp_path):
    path = tmp_path / "listens.py"
    path.write_text(
        "import debugpy\ndebugpy.listen(5678)\n"
        "fails = tuple(map(int, debugpy.__version__.split('.'))) >= "
        "(1, 8, 10)\n"
        "try:\n    debugpy.listen(5678)\n    print(fails, False)\n"
        "except RuntimeError as e:\n    print(fails, 'already' in str(e))\n")
    step = start([python.path, str(path)], env=QUIET)
    assert (step.finished()[0], own(step)) in [
        (0, "False False\n"), (0, "True True\n")]


def test_a_log_that_comes_too_late_costs_no_step(some_calls):
    step = some_calls("debugpy", "log_to configure trace", "--hold",
                      "--timeout", "60")
    step.attached()
    assert step.finished()[0] == 6


def test_a_script_gets_the_log_that_it_asks_for(start, one_python, tmp_path):
    path = tmp_path / "logs.py"
    path.write_text("import debugpy, sys\ndebugpy.log_to(sys.argv[1])\n"
                    "debugpy.configure(subProcess=True)\n"
                    "debugpy.listen(5678)\ndebugpy.wait_for_client()\n")
    step = start([one_python.path, str(path), str(tmp_path)], "--timeout",
                 "60")
    step.attached(wait_here(step))
    assert step.finished()[0] == 0
    assert list(tmp_path.glob("debugpy.pydevd.*.log"))


def test_a_listen_says_where_to_attach_once(some_calls):
    step = some_calls("ptvsd", "default listen attach")
    status, out, err = step.finished()
    assert (status, err) == (6, "")
    assert own(step) == "default %s\nlisten %s\nattach None\n%s" % (
        ADDRESS, ADDRESS, WORKED)


def test_a_listening_script_is_attached_to_by_its_log(calls):
    """As soon as it sees that somebody is connected, breakpoints are hit."""
    step = calls("debugpy", "listen until connected")
    _, match = step.stdout.wait(r"^pitstop: calls_debugpy.py \(pid \d+\) "
                                r"called debugpy.listen\(\); attach to (\S+)$")
    launch = step.launches(1)[0]
    assert match.group(1) == "127.0.0.1:%d" % launch["connect"]["port"]
    client = step.client(launch)
    client.start(launch, {step.path: [line_of(step.path, "work")]})
    client.go(stops(step, client, "work"))
    assert step.finished()[0] == 6
    assert "connected True\n" in own(step)
    assert step.stdout.text.count("pitstop: ") == 3   # one is its name


def test_a_listen_behind_a_late_attach(start, python, tmp_path):
    """Which brought debugpy into the process itself."""
    place(tmp_path, "adopt")
    path = str(tmp_path / "adopt" / "late.py")
    step = start([python.path, path], stdin=subprocess.PIPE,
                 env={"PITSTOP_TOKEN": "team"})
    step.path = path
    step.stdout.wait("^running$")
    client = step.client()
    client.start({"pitstopToken": "team"})
    step.process.stdin.write(b"go\n")
    thread = stops(step, client, "done", None)
    client.go(thread)
    assert step.finished() == (
        0, "running\n('127.0.0.1', 7777)\nTrue\ndone\n", "")


def test_a_listen_behind_a_late_attach_that_is_over(start, python, tmp_path):
    place(tmp_path, "adopt")
    path = str(tmp_path / "adopt" / "late.py")
    step = start([python.path, path], "--timeout", "1",
                 stdin=subprocess.PIPE, env={"PITSTOP_TOKEN": "team"})
    step.stdout.wait("^running$")
    client = step.client()
    client.start({"pitstopToken": "team"})
    client.detach()
    step.process.stdin.write(b"go\n")
    assert step.hold_ended()[0] is False
    status, out, err = step.finished()
    assert (status, err) == (0, "")
    assert own(step) == "running\n('127.0.0.1', 7777)\nFalse\ndone\n"


def test_debugpy_alone_changes_nothing(start, python, tmp_path):
    place(tmp_path, "adopt")
    path = str(tmp_path / "adopt" / "imports.py")
    step = start([python.path, path], env=QUIET)
    assert step.finished() == plain([python.path, path], env=QUIET)


def test_debugpys_own_command_line_is_a_script_too(start, python, tmp_path):
    path = place(tmp_path, "simple.py")
    step = start([python.path, "-m", "debugpy", "--listen", "5678",
                  "--wait-for-client", path], "--timeout", "60")
    step.path = path
    launch = wait_here(step)
    client = step.client(launch)
    client.start(launch, {path: [line_of(path, "in_add")]})
    client.go(stops(step, client, "in_add"))
    assert step.finished()[0] == 7
    assert own(step) == "second 42\nargv []\n"


def test_a_debugpy_outside_of_the_environment(start, one_python, tmp_path):
    """PITSTOP_DEBUGPY is good for the script's own import too."""
    found = subprocess.check_output([
        one_python.path, "-c",
        "import debugpy, os; print(os.path.dirname(debugpy.__file__))"])
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "debugpy").symlink_to(found.decode().strip())
    step = begin_calls(start, one_python._replace(path=one_python.base),
                       tmp_path, "debugpy", "listen wait connected",
                       "--debugpy", str(bundle), "--timeout", "60")
    step.attached(wait_here(step))
    assert step.finished()[0] == 6
    assert "connected True\n" in own(step)


def test_a_connection_of_the_scripts_own_keeps_pitstop_out(
        start, python, tmp_path):
    """Somebody's adapter, which debugpy waits for; and the other way round."""
    path = tmp_path / "connects.py"
    path.write_text(
        "import debugpy, os, socket, sys, threading\n"
        "peer = socket.socket()\npeer.bind(('127.0.0.1', 0))\n"
        "peer.listen(1)\nsys.stdin.readline()\n"
        "threading.Thread(target=debugpy.connect, daemon=True,\n"
        "                 args=(peer.getsockname(),)).start()\n"
        "peer.accept() if len(sys.argv) > 1 else None\n"
        "print('connected', flush=True)\n"
        "sys.stdin.readline()\nos._exit(0)\n")
    env = dict(QUIET, PITSTOP_TOKEN="team")
    step = start([python.path, str(path), "x"], stdin=subprocess.PIPE, env=env)
    step.process.stdin.write(b"\n")
    step.stdout.wait("^connected$")
    with pytest.raises(Refused, match=r"debugpy\.connect\(\) itself"):
        step.client().start({"pitstopToken": "team"})
    step.process.stdin.write(b"\n")
    assert step.finished() == (0, "connected\n", "")
    step = start([python.path, str(path)], "--hold", "--timeout", "60",
                 stdin=subprocess.PIPE, env=env)
    step.attached()
    step.process.stdin.write(b"\n")
    step.stdout.wait(r"^pitstop: debugpy\.connect\(\): there is a debugger")
    step.process.stdin.write(b"\n")
    assert step.finished()[0] == 0


# ---- the documented recipe ----------------------------------------------

def recipe(start, python, tmp_path, words, *options, **more):
    place(tmp_path, "adopt")
    path = str(tmp_path / "adopt" / "recipe.py")
    step = start([python.path, path] + words, *options, **more)
    step.path = path
    return step


def its_lines(timeout, attached):
    """What the recipe prints by itself."""
    return ("Timeout for debug connection: %d\nip_address: 127.0.0.1\n"
            "Debugger attached = %s\ntrained 0\n" % (timeout, attached))


def without_ours(step):
    """Without the hold's lines, which are the same as the recipe's, and all
    others of pitstop. There is no hold when the client comes before it."""
    text = re.sub("(?m)^pitstop: .*\n", "", step.stdout.text)
    if "pitstop: holding" not in step.stdout.text:
        return text
    for line in ("Timeout for debug connection: ", "ip_address: ",
                 "Debugger attached = "):
        text = re.sub("(?m)^" + line + ".*\n", "", text, count=1)
    return text


@KINDS
def test_recipe_without_its_flags(start, python, tmp_path, kind):
    step = recipe(start, python, tmp_path, [kind])
    assert step.finished() == (3, "trained 0\n", "")


@KINDS
def test_recipe_with_flags_that_pitstop_takes(start, python, tmp_path, kind):
    step = recipe(start, python, tmp_path, [kind] + FLAGS)
    launch = step.wait_held()
    client = step.client(launch)
    client.start(launch, {step.path: [line_of(step.path, "train")]})
    client.go(stops(step, client, "train"))
    assert step.finished()[0] == 3
    assert own(step) == "trained 0\n"
    step.stdout.wait("^Timeout for debug connection: 31$")


@KINDS
def test_recipe_with_flags_that_it_keeps(start, python, tmp_path, kind):
    """Its own lines stand beside ours."""
    step = recipe(start, python, tmp_path, [kind] + FLAGS, "--args", "keep",
                  "--timeout", "31")
    launch = wait_here(step)
    client = step.client(launch)
    client.start(launch, {step.path: [line_of(step.path, "train")]})
    client.go(stops(step, client, "train"))
    status, _, err = step.finished()
    assert (status, err) == (3, "")
    assert without_ours(step) == its_lines(31, True)


@KINDS
def test_recipe_goes_on_when_nobody_comes(start, python, tmp_path, kind):
    step = recipe(start, python, tmp_path, [kind] + BRIEF, "--args", "keep",
                  "--timeout", "1")
    status, _, err = step.finished()
    assert (status, err) == (3, "")
    assert without_ours(step) == its_lines(1, False)


@pytest.mark.parametrize("flags", [[], FLAGS])
@pytest.mark.parametrize("mode", ["consume", "keep"])
@KINDS
def test_recipe_with_azures_own_libraries(start, tmp_path, kind, mode, flags):
    """azureml-core and the real ptvsd, which stays where it is."""
    python = pythons.with_recipe()
    if not python:
        pytest.skip("no venv recipe: tests/venvs.sh has not run, or there is "
                    "no python 3.9")
    step = recipe(start, python, tmp_path, ["azureml", kind] + flags,
                  "--args", mode, "--timeout", "31")
    if flags:
        launch = step.launches(1, 90)[0]
        step.stdout.wait("^pitstop: holding ")   # not only listening
        client = step.client(launch)
        client.start(launch, {step.path: [line_of(step.path, "train")]})
        client.go(stops(step, client, "train"))
    status, out, _ = step.finished(90)
    assert status == 3
    assert "run _OfflineRun\n" in out
    assert out.endswith("trained 0\n")
    if flags and mode == "keep":
        assert without_ours(step) == "run _OfflineRun\n" + its_lines(31, True)


# ---- switched off, or without an agent ----------------------------------

def test_switched_off_a_script_is_left_alone(start, python, tmp_path):
    path = tmp_path / "alone.py"
    path.write_text("import debugpy\nprint(debugpy.listen.__module__,\n"
                    "      debugpy.is_client_connected())\nimport ptvsd\n")
    expected = plain([python.path, str(path)], env=QUIET)
    for options, env in ((["--adopt=off"], QUIET),
                         ([], dict(QUIET, PITSTOP_ADOPT="0"))):
        step = start([python.path, str(path)], *options, env=env)
        assert step.finished() == expected


def test_without_a_socket_nothing_is_touched(python, tmp_path):
    path = tmp_path / "alone.py"
    path.write_text("import debugpy\nprint(debugpy.listen.__module__)\n"
                    "import importlib.machinery as m\n"
                    "print(m.PathFinder.find_spec.__code__.co_filename)\n"
                    "import ptvsd\n")
    command = [python.path, str(path)]
    assert plain(command, env={
        "PYTHONPATH": os.path.dirname(str(STUB)),
        "PYTHONDONTWRITEBYTECODE": 1}) == plain(command)


def test_an_agent_that_is_restarted_goes_on_with_the_wait(calls):
    step = calls("debugpy", "listen wait connected", "--timeout", "60")
    launch = wait_here(step)
    step.agent(step.kill_agent())
    step.stdout.wait("^pitstop: the agent was restarted; still holding")
    step.attached(launch)
    assert step.hold_ended()[0] is True
    assert step.finished()[0] == 6
    assert "connected True\n" in own(step)


def test_an_agent_that_is_restarted_still_adopts(start, one_python, tmp_path):
    path = tmp_path / "imports.py"
    path.write_text("import sys\nprint('up', flush=True)\n"
                    "sys.stdin.readline()\nimport ptvsd\n"
                    "ptvsd.enable_attach()\nptvsd.wait_for_attach(1)\n")
    step = start([one_python.path, str(path)], stdin=subprocess.PIPE)
    step.stdout.wait("^up$")
    step.kill_agent()
    step.process.stdin.write(b"\n")
    status, _, err = step.finished()
    assert (status, step.hold_ended()[0]) == (0, False)
    assert "Error" not in err


def test_a_wait_ends_when_nobody_is_left_to_end_it(calls):
    """Supervisor and agent are gone; the script runs on, and every later call
    says so and returns."""
    step = calls("ptvsd", "line wait line wait listen break connected",
                 "--timeout", "60", stdin=subprocess.PIPE)
    step.process.stdin.write(b"\n")
    wait_here(step)
    agent = step.agent()
    os.kill(step.process.pid, signal.SIGKILL)
    os.kill(agent, signal.SIGKILL)
    assert step.hold_ended(10)[0] is False
    step.process.stdin.write(b"\n")
    out = step.stdout.wait_end(10)
    assert "pitstop: the agent is gone; the step runs on\n" in out
    assert "pitstop: ptvsd.wait_for_attach(): the agent is gone" in out
    assert "pitstop: ptvsd.enable_attach(): the agent is gone" in out
    assert own(step).endswith("connected False\n" + WORKED)


def test_a_wait_keeps_its_deadline_when_the_agent_hangs(some_calls):
    step = some_calls("ptvsd", "wait connected", "--timeout", "2")
    wait_here(step)
    agent = step.agent()
    os.kill(agent, signal.SIGSTOP)
    try:
        attached, ended = step.hold_ended(8)
        assert attached is False
        assert ended - step.held_at() < 5
        step.stdout.wait("^worked 42$")
    finally:
        os.kill(agent, signal.SIGCONT)
    assert step.finished()[0] == 6


def test_without_debugpy_a_wait_is_none(start, one_python, tmp_path):
    step = begin_calls(start, one_python._replace(path=one_python.base),
                       tmp_path, "ptvsd", "listen wait connected",
                       "--timeout", "60")
    status, out, err = step.finished()
    assert (status, err) == (6, "")
    assert re.search("^pitstop: not holding .* no debugpy", out, re.M)
    assert own(step).endswith("connected False\n" + WORKED)


def test_children_and_tools_are_adopted_as_well(start, one_python, tmp_path):
    """A script that starts itself anew, with another environment."""
    path = tmp_path / "parent.py"
    path.write_text("import subprocess, sys\nsys.exit(subprocess.call("
                    "[sys.executable, '-c', 'import ptvsd; "
                    "ptvsd.wait_for_attach(1); print(ptvsd.is_attached())'"
                    "]))\n")
    step = start([one_python.path, str(path)])
    assert step.hold_ended()[0] is False
    assert step.finished()[0] == 0
    assert own(step) == "False\n"


# ---- beside a failure ---------------------------------------------------

FAILS = """import debugpy, sys, threading
failing = threading.Thread(target=lambda: (%s, 1 / 0))
failing.start()
%s
debugpy.wait_for_client()
print("connected", debugpy.is_client_connected(), flush=True)
failing.join()
"""


def start_failing(start, python, folder, thread, main, timeout=20):
    path = folder / "fails.py"
    path.write_text(FAILS % (thread, main))
    return start([python.path, str(path)], "--hold=crash", "--timeout",
                 str(timeout), stdin=subprocess.PIPE)


def say_on(step):
    step.process.stdin.write(b"on\n")


def test_a_thread_that_fails_does_not_end_a_wait(start, one_python, tmp_path):
    step = start_failing(start, one_python, tmp_path, "sys.stdin.readline()",
                         "")
    wait_here(step)
    say_on(step)
    step.stderr.wait("^ZeroDivisionError")
    step.attached()
    assert step.hold_ended()[0] is True
    assert step.finished()[0] == 0
    assert own(step) == "connected True\n"


def start_failed(start, python, folder, **more):
    """The script waits beside a thread that is held at its exception."""
    step = start_failing(start, python, folder, "0", "sys.stdin.readline()\n"
                         "print('waits', flush=True)", **more)
    step.wait_held()
    say_on(step)
    step.stdout.wait("^waits$")
    return step


def test_a_wait_beside_a_held_failure_ends_with_it(start, one_python,
                                                   tmp_path):
    step = start_failed(start, one_python, tmp_path, timeout=2)
    status, out, _ = step.finished()
    assert (status, own(step)) == (0, "waits\nconnected False\n")
    assert out.count("Debugger attached = False\n") == 1


def test_a_client_that_came_for_a_failure_ends_a_wait(start, one_python,
                                                      tmp_path):
    step = start_failed(start, one_python, tmp_path)
    client = step.attached()
    client.go(client.stopped("exception"))
    step.stdout.wait("^connected True$", 10)
    status, out, _ = step.finished()
    assert status == 0
    assert "Debugger attached = False" not in out
