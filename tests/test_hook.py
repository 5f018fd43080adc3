"""The hook alone, with a stand-in for the agent."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import pythons
from fake_agent import Agent, Debuggee, HOOK, SECONDS, STUB, environment
from harness import Noise

STEP = """\
import itertools, os, sys, time
def add(a, b):
    return a + b
def work(n):
    total = 0
    for i in range(n):
        total = add(total, i)  # BREAK
    return total
def measure(enough=999):
    '''The least CPU time of the work, to the least of a sum, which nothing
    traces and a busy machine makes as slow; until it is enough, for 20 s.'''
    works, sums, began = 999, 999, time.monotonic()
    for turn in itertools.count():
        start = time.process_time()
        work(30000)
        middle = time.process_time()
        sum(range(100000))
        works = min(works, middle - start)
        sums = min(sums, time.process_time() - middle)
        late = time.monotonic() - began > 20
        if turn > 3 and (works / sums < enough or late):
            return works / sums
print("started", flush=True)
for line in sys.stdin:
    print(eval(line), flush=True)
"""
BREAK = 1 + next(i for i, line in enumerate(STEP.splitlines())
                 if "BREAK" in line)
NOT_HELD = "pitstop: the agent does not answer; the step is not held\n"

every_python = pytest.mark.parametrize("python", pythons.params())
one_python = pytest.mark.parametrize("python", pythons.some("py3.11"))
two_pythons = pytest.mark.parametrize("python",
                                      pythons.some("py3.7", "py3.13"))


class Step:
    """A Python under the hook. Its script evaluates the lines it is given."""

    def __init__(self, python, agent, *args, directory=None, text=STEP, **env):
        self.script = pathlib.Path(directory) / "step.py"
        self.script.write_text(text)
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [getattr(python, "path", python), str(self.script)] + list(args),
            env=agent.environment(**env), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def line(self):
        return self.process.stdout.readline().decode()

    def tell(self, expression):
        self.process.stdin.write(expression.encode() + b"\n")

    def ask(self, expression):
        self.tell(expression)
        return self.line().rstrip("\n")

    def end(self):
        """(status, the rest of stdout, stderr)"""
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out.decode(), err.decode()

    def seconds(self):
        return time.monotonic() - self.begun


@pytest.fixture
def agent():
    with Agent() as agent:
        yield agent


@pytest.fixture
def debuggee():
    with Debuggee() as debuggee:
        yield debuggee


@pytest.fixture
def start(agent, tmp_path):
    steps = []

    def start(python, *args, **more):
        steps.append(Step(python, agent, *args, directory=tmp_path, **more))
        return steps[-1]

    yield start
    for step in steps:
        if step.process.poll() is None:
            step.process.kill()
        if not step.process.stdin.closed:
            step.process.communicate()


@pytest.fixture
def held(agent, start):
    """held(python, seconds) -> a step in a hold, and its hook."""
    def held(python, seconds=SECONDS, **more):
        step = start(python, PITSTOP_HOLD="step", **more)
        hook = agent.accept()
        hook.send_body()
        hook.send("hold %.3f" % seconds)
        assert hook.line().startswith("ready ")
        return step, hook
    return held


@pytest.fixture
def running(agent, start):
    """A step that runs, and its hook, which has its body."""
    def running(python, **more):
        step = start(python, **more)
        hook = agent.accept()
        hook.send_body()
        assert step.line() == "started\n"
        return step, hook
    return running


def attach(step, hook, debuggee, *lines, token="secret"):
    hook.send("attach 127.0.0.1 %d %s" % (debuggee.port, token))
    debuggee.accept()
    assert debuggee.authorize() == token
    debuggee.attach()
    debuggee.breakpoint(step.script, *lines)
    debuggee.ready()
    assert hook.line() == "connected"


def stopped_at(debuggee):
    thread = debuggee.event("stopped")["threadId"]
    frames = debuggee.request("stackTrace", threadId=thread)["stackFrames"]
    return [(frame["name"], frame["line"]) for frame in frames]


def eventually(step, expression, value):
    end = time.monotonic() + SECONDS
    while step.ask(expression) != value:
        assert time.monotonic() < end, step.ask(expression)
        time.sleep(0.02)


# ---- the registration ----

@every_python
def test_hello(agent, start, python):
    step = start(python, "a", "b c", "", RANK=3, WORLD_SIZE=8, LOCAL_RANK=1,
                 PITSTOP_TIMEOUT=77)
    hook = agent.accept()
    version = hook.fields.pop("python")
    assert tuple(map(int, version.split(".")[:2])) == python.version
    assert hook.args == [python.path, str(step.script), "a", "b c", ""]
    assert hook.fields == {
        "pid": str(step.process.pid), "ppid": str(os.getpid()),
        "exe": python.path, "cwd": os.getcwd(), "kind": "start",
        "hold": "off", "timeout": "77", "env.RANK": "3",
        "env.WORLD_SIZE": "8", "env.LOCAL_RANK": "1"}
    assert step.end() == (0, "started\n", "")
    assert hook.is_closed()


@one_python
def test_hello_is_cut_to_its_limits(agent, start, python):
    step = start(python, *["x" * 5000] + ["y"] * 400)
    hook = agent.accept()
    assert hook.args[2] == "x" * 4096
    assert len(hook.args) == 256
    step.end()
    step = start(python, *["x" * 4000] * 400)
    hook = agent.accept()
    assert sum(map(len, hook.args)) < 65000
    assert step.end()[0] == 0


@one_python
def test_hello_with_odd_bytes(agent, start, python):
    odd = os.fsdecode(b"\xff\n=\xc3\xa9")
    step = start(python, odd, RANK=odd)
    hook = agent.accept()
    assert hook.args[2] == odd and hook.fields["env.RANK"] == odd
    step.end()


@one_python
@pytest.mark.parametrize("value, said", [
    ("step", "step"), ("both", "both"), ("off", "off"), ("crash", "crash"),
    ("", "off"), ("yes", "off")])
def test_what_is_asked_for(agent, start, python, value, said):
    step = start(python, PITSTOP_HOLD=value)
    hook = agent.accept()
    assert hook.fields["hold"] == said
    if said in ("step", "both"):
        hook.send("go")
    assert step.end() == (0, "started\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@one_python
def test_an_agent_of_another_user_is_told_nothing(agent, start, python):
    pid = os.fork()
    if pid == 0:                   # listens anew, as somebody else
        os.setuid(65534)
        agent.listener.listen(64)
        os._exit(0)
    os.waitpid(pid, 0)
    step = start(python)
    assert step.end() == (0, "started\n", "")
    sock = agent.listener.accept()[0]
    sock.settimeout(SECONDS)
    assert sock.recv(1) == b""


@two_pythons
def test_a_path_as_socket(start, python, tmp_path):
    with Agent(str(tmp_path / "socket")) as agent:
        step = Step(python, agent, directory=tmp_path)
        agent.accept()
        assert step.end() == (0, "started\n", "")


# ---- the documented recipe's arguments ----

RECIPE = [
    ("", "", "off", ""),
    ("a --b 5", "a --b 5", "off", ""),
    ("--remote_debug", "", "step", ""),
    ("a --remote_debug b", "a b", "step", ""),
    ("--remote_debug --remote_debug_connection_timeout 30 x", "x", "step",
     "30"),
    ("--remote_debug_connection_timeout=40 x --remote_debug", "x", "step",
     "40"),
    ("x --remote_debug_connection_timeout 50 y", "x y", "off", "50"),
    ("--remote_debug --remote_debug_connection_timeout --x", "--x", "step",
     ""),
    ("--remote_debug --remote_debug_connection_timeout", "", "step", ""),
    ("--remote_debug_port 5 --remote_debugger --remote", "--remote_debug_port "
     "5 --remote_debugger --remote", "off", ""),
    ("--remote_debug_connection_timeout 1 --remote_debug_connection_timeout 2",
     "", "off", "2"),
]
ARGV = "import sys; print(sys.argv[1:])"


@every_python
@pytest.mark.parametrize("given, left, hold, timeout", RECIPE)
def test_recipe(agent, start, python, given, left, hold, timeout):
    if python.version < (3, 7):    # has no sys.argv when the hook is loaded
        left, hold, timeout = given, "off", ""
    step = start(python, *given.split(), text=ARGV)
    hook = agent.accept()
    assert (hook.fields["hold"], hook.fields["timeout"]) == (hold, timeout)
    if hold == "step":
        hook.send("go")
    assert step.end() == (0, "%r\n" % left.split(), "")


@one_python
def test_recipe_is_kept(agent, start, python):
    step = start(python, "--remote_debug", text=ARGV, PITSTOP_ARGS="keep")
    assert agent.accept().fields["hold"] == "off"
    assert step.end() == (0, "['--remote_debug']\n", "")


@one_python
def test_recipe_is_inherited(agent, start, python):
    step = start(python, "--remote_debug", "--remote_debug_connection_timeout",
                 "9", text="import subprocess, sys; "
                 "subprocess.call([sys.executable, '-c', 'pass'])")
    agent.accept().send("go")
    child = agent.accept()
    assert (child.fields["hold"], child.fields["timeout"]) == ("step", "9")
    child.send("go")
    assert step.end() == (0, "", "")


@one_python
def test_recipe_is_taken_without_an_agent(agent, start, python):
    agent.close()
    step = start(python, "--remote_debug", "x", text=ARGV)
    assert step.end() == (0, NOT_HELD + "['x']\n", "")


# ---- the hold ----

@every_python
def test_hold_and_go(held, python):
    step, hook = held(python)
    hook.say("Timeout for debug connection: 300\nno newline")
    assert step.line() == "Timeout for debug connection: 300\n"
    hook.say(", \u00e9\n")
    assert step.line() == "no newline, \u00e9\n"
    hook.send("go")
    assert step.line() == "started\n"
    assert step.ask("__import__('threading').active_count()") == "1"
    assert step.end() == (0, "", "")


@every_python
def test_hold_ends_at_its_deadline(held, python):
    step, hook = held(python, 1.0)
    started = time.monotonic()
    assert step.line() == "Debugger attached = False\n"
    assert 0.9 < time.monotonic() - started < 1.5
    assert step.line() == "pitstop: the time is up; the step runs on\n"
    assert step.line() == "started\n"
    hook.say("Debugger attached = False\n")    # an agent that woke up late
    hook.send("go")
    hook.send("untrace")
    assert hook.line() == "untraced"
    hook.say("after\n")
    assert step.line() == "after\n"
    assert step.end() == (0, "", "")


def throw_out(agent, hook):
    hook.close()
    while True:
        agent.listener.accept()[0].close()


def leave(agent, hook):
    """Near the end, and nobody comes in its place."""
    time.sleep(1.3)
    hook.close()
    agent.listener.close()


def talk_on(agent, hook):
    while True:
        hook.send("nothing")
        time.sleep(0.001)


@pytest.mark.parametrize("torment", [throw_out, talk_on, leave])
def test_hold_ends_at_its_deadline_under_any_agent(agent, held, python,
                                                   torment, noise):
    step, hook = held(python, 2)
    held_at = time.monotonic()

    def run():
        try:
            torment(agent, hook)
        except OSError:
            pass               # the step has gone on, or the test is over

    threading.Thread(target=run, daemon=True).start()
    assert "Debugger attached = False" in step.line()
    assert 1.5 < time.monotonic() - held_at < 2.9 + Noise.worst
    while step.line() != "started\n":
        pass
    assert step.end()[0] == 0


@one_python
def test_hold_is_extended_and_cut(held, python):
    step, hook = held(python, 1.0)
    hook.send("extend 2.0")
    assert step.line() == "Debugger attached = False\n"
    assert 2.0 < step.seconds() < 3.5
    step.end()
    step, hook = held(python, 30)
    hook.send("extend 0.1")
    assert step.line() == "Debugger attached = False\n"
    assert step.seconds() < 3
    step.end()


@two_pythons
def test_hold_with_an_agent_that_is_gone_for_good(agent, held, python):
    step, hook = held(python)
    agent.close()
    started = time.monotonic()
    assert step.line() == "Debugger attached = False\n"
    assert 1.8 < time.monotonic() - started < 2.8
    assert step.line() == "pitstop: the agent is gone; the step runs on\n"
    assert step.end() == (0, "started\n", "")


@two_pythons
def test_hold_goes_on_with_another_agent(agent, held, python):
    step, hook = held(python, 3.0)
    hook.close()
    again = agent.accept()
    assert again.fields["kind"] == "again"
    assert 2000 < int(again.fields["left"]) <= 3000
    again.close()
    again = agent.accept()
    again.send_body()
    again.send("hold 30")             # never longer than the first one said
    assert again.line().startswith("ready ")
    assert step.line() == "Debugger attached = False\n"
    assert 2.9 < step.seconds() < 4.5
    assert step.end()[0] == 0


@one_python
def test_hold_with_an_agent_that_says_nothing(agent, start, python):
    step = start(python, PITSTOP_HOLD="step")
    agent.accept()
    assert step.line() == NOT_HELD
    assert 4.9 < step.seconds() < 6.5
    assert step.end() == (0, "started\n", "")


@one_python
def test_hold_with_an_agent_that_comes_late(agent, start, python):
    step = start(python, PITSTOP_HOLD="step")
    agent.accept().close()
    hook = agent.accept()
    assert hook.fields["kind"] == "start"
    hook.send("go")
    assert step.end() == (0, "started\n", "")


@one_python
def test_words_nobody_knows(held, python):
    step, hook = held(python)
    hook.send("dance")
    hook.send("sing 5 six")
    hook.send("")
    hook.send("go")
    assert step.end() == (0, "started\n", "")


@two_pythons
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_signals_end_a_held_step(held, python, number):
    step, hook = held(python)
    step.process.send_signal(number)
    assert step.end() == (-number, "", "")


@one_python
def test_hold_survives_a_closed_standard_output(held, python):
    step, hook = held(python, text="import os; os.write(2, b'here')")
    step.process.stdout.close()
    hook.say("nobody reads this\n" * 100)
    hook.send("go")
    step.process.wait(SECONDS)
    assert step.process.stderr.read() == b"here"


@one_python
def test_one_that_was_held_is_not_held_again_after_exec(agent, held, python):
    step, hook = held(python, text=(
        "import os, sys\nif len(sys.argv) < 2:\n"
        "    os.execv(sys.executable, [sys.executable] + sys.argv + ['x'])\n"
        "print('second')\n"))
    hook.send("go")
    assert agent.accept().fields["hold"] == "off"
    assert step.end() == (0, "second\n", "")


@one_python
def test_one_that_was_held_may_still_fail_after_exec(agent, start, python):
    step = start(python, PITSTOP_HOLD="both", text=(
        "import os, sys\nif len(sys.argv) < 2:\n"
        "    os.execv(sys.executable, [sys.executable] + sys.argv + ['x'])\n"
        "print('second')\n"))
    hook = agent.accept()
    hook.send_body()
    hook.send("hold 30")
    assert hook.line().startswith("ready ")
    hook.send("go")
    assert agent.accept().fields["hold"] == "crash"
    assert step.end() == (0, "second\n", "")


# ---- without a debugger ----

@two_pythons
def test_no_debugger(agent, start, python):
    step = start(python.base, PITSTOP_HOLD="step", PYTHONNOUSERSITE=1)
    hook = agent.accept()
    hook.send_body()
    hook.send("hold 30")
    assert hook.line() == "nodebugger"
    hook.send("go")
    assert step.end() == (0, "started\n", "")


@two_pythons
def test_bundled_debugger(agent, start, debuggee, python):
    bundle = str(pathlib.Path(python.path).parent.parent / "lib" / (
        "python%d.%d" % python.version) / "site-packages")
    step = start(python.base, PITSTOP_HOLD="step", PYTHONNOUSERSITE=1)
    hook = agent.accept()
    hook.send_body()
    hook.send("path " + bundle)
    hook.send("hold 30")
    assert hook.line() == "ready " + python.debugpy
    attach(step, hook, debuggee)
    hook.send("go")
    assert step.line() == "started\n"
    assert bundle not in step.ask("sys.path")
    debuggee.detach()
    assert step.end() == (0, "", "")


def write_debugpy(directory, version):
    (directory / "debugpy").mkdir()
    (directory / "debugpy/__init__.py").write_text("1/0\n")
    (directory / "debugpy/_version.py").write_text('{\n "version": "%s"\n}\n'
                                                   % version)


@one_python
def test_late_attach_needs_a_newer_debugpy(running, python, tmp_path):
    if python.version != (3, 11):
        pytest.skip("this is not Python 3.11")
    write_debugpy(tmp_path, "1.6.3")
    text = "import sys; sys.path.insert(0, %r)\n" % str(tmp_path) + STEP
    step, hook = running(python, text=text)
    hook.send("attach 127.0.0.1 1 x")
    assert hook.line() == (
        "failed a late attach on Python 3.11 needs debugpy 1.6.4 or newer, "
        "this is 1.6.3")
    assert step.end() == (0, "", "")


@one_python
def test_a_debugpy_that_cannot_be_imported(agent, start, python, tmp_path):
    write_debugpy(tmp_path, "2.0.0")
    hooked = os.pathsep.join([str(HOOK), str(tmp_path)])
    step = start(python, PITSTOP_HOLD="step", PYTHONPATH=hooked)
    hook = agent.accept()
    hook.send_body()
    hook.send("hold 30")
    assert hook.line() == "ready 2.0.0"
    hook.send("attach 127.0.0.1 1 x")
    assert hook.line() == "failed ZeroDivisionError: division by zero"
    hook.send("go")
    assert step.end() == (0, "started\n", "")


# ---- a crash ----

FAIL = "1 / 0"
FAIL_IN_THREAD = """(lambda t: (t.start(), t.join(), 'joined')[2])(
__import__('threading').Thread(target=exec, args=('1 / 0',)))""".replace(
    "\n", "")
CRASHED = "crashed ZeroDivisionError: division by zero (<string>:1)"
RAISED = ("raised ZeroDivisionError\t<string>:1 in <module>\t"
          "division by zero")
TRACEBACK = "Traceback (most recent call last):"


@pytest.fixture
def failing(agent, start):
    """failing(python, expression) -> a step that fails, and its hook, which
    has said so."""
    def failing(python, expression=FAIL):
        step = start(python, PITSTOP_HOLD="crash", PITSTOP_TIMEOUT="7")
        hook = agent.accept()
        assert step.line() == "started\n"
        step.tell(expression)
        if expression == FAIL:       # which ends the main thread
            assert hook.line() == RAISED
        assert hook.line() == CRASHED
        return step, hook
    return failing


def ends_failed(step, printed=""):
    status, out, err = step.end()
    assert (status, out) == (1, printed)
    assert TRACEBACK in err and "ZeroDivisionError" in err


@every_python
def test_crash_that_is_let_go(failing, python):
    step, hook = failing(python)
    assert step.process.poll() is None
    hook.send("go")
    ends_failed(step)
    assert hook.is_closed()


@every_python
def test_crash_in_a_thread_that_is_let_go(failing, python):
    step, hook = failing(python, FAIL_IN_THREAD)
    hook.send("go")
    assert step.line() == "joined\n"
    step.process.stdin.close()
    assert step.process.wait(SECONDS) == 0
    assert TRACEBACK in step.process.stderr.read().decode()


@two_pythons
def test_crash_with_an_agent_that_says_nothing(failing, python):
    step, hook = failing(python, FAIL_IN_THREAD)
    begun = time.monotonic()
    assert step.line() == NOT_HELD
    assert 4.9 < time.monotonic() - begun < 6.5
    assert step.line() == "joined\n"
    hook.send_body()              # now it comes, and nobody waits
    hook.send_postmortem()
    hook.send("hold 30")
    assert hook.line() == "passed"
    assert step.ask("1 + 1") == "2"


@two_pythons
def test_crash_with_another_agent(agent, failing, python):
    step, hook = failing(python)
    hook.close()
    again = agent.accept()
    assert again.fields["kind"] == "again"
    assert again.fields["crash"] == CRASHED.partition(" ")[2]
    assert "left" not in again.fields
    again.send("go")
    ends_failed(step)


@two_pythons
def test_crash_with_no_agent(agent, start, python):
    step = start(python, PITSTOP_HOLD="crash")
    agent.accept()
    agent.close()
    assert step.line() == "started\n"
    begun = time.monotonic()
    step.tell(FAIL)
    status, _, err = step.end()
    assert (status, TRACEBACK in err) == (1, True)
    assert time.monotonic() - begun < 4


@two_pythons
def test_crash_goes_on_with_another_agent(agent, failing, python):
    step, hook = failing(python)
    hook.send_body()
    hook.send_postmortem()
    hook.send("hold 3")
    assert hook.line().startswith("ready ")
    begun = time.monotonic()
    hook.close()
    again = agent.accept()
    assert again.fields["crash"] == CRASHED.partition(" ")[2]
    assert 2000 < int(again.fields["left"]) <= 3000
    again.send_body()
    again.send("hold 30")             # never longer than the first one said
    assert again.line().startswith("ready ")
    assert step.line() == "Debugger attached = False\n"
    assert 2.9 < time.monotonic() - begun < 4.5
    assert step.line() == ("pitstop: the time is up; the exception takes its "
                           "course\n")
    assert again.line() == "passed"
    ends_failed(step)


@two_pythons
def test_crash_of_a_fork_is_its_own(agent, start, python):
    step = start(python, PITSTOP_HOLD="crash")
    hook = agent.accept()
    assert step.line() == "started\n"
    step.tell("os.fork() or 1 / 0")
    assert step.line().strip().isdigit()
    assert step.ask("os.wait()[1] >> 8") == "1"
    hook.send("ping")
    step.tell("sys.exit(3)")
    assert step.end()[0] == 3
    assert hook.is_closed()           # without a word of it


# ---- attaching in a hold ----

TRACES = ("[k for k in os.environ if k[:6] in ('DEBUGP', 'PYDEVD')], "
          "[p for p in sys.path if 'debugpy' in p]")


@every_python
def test_attach_in_a_hold(held, debuggee, python):
    step, hook = held(python)
    attach(step, hook, debuggee, BREAK)
    hook.say("Debugger attached = True\n")
    hook.send("go")
    assert step.line() == "Debugger attached = True\n"
    assert step.line() == "started\n"
    step.tell("work(1)")
    assert stopped_at(debuggee)[0] == ("work", BREAK)
    threads = debuggee.request("threads")["threads"]
    assert [thread["name"] for thread in threads] == ["MainThread"]
    debuggee.goes_on()
    assert step.line() == "0\n"
    debuggee.detach()
    hook.send("untrace")
    assert hook.line() == "untraced"
    assert step.ask(TRACES) == "([], [])"
    assert step.end() == (0, "", "")


def fail_to_attach(hook, how):
    with Debuggee() as debuggee:
        if how == "refused":
            debuggee.listener.close()
        hook.send("attach 127.0.0.1 %d x" % debuggee.port)
        if how != "refused":
            debuggee.accept()
        if how in ("cancelled", "closed"):
            debuggee.authorize()
            debuggee.attach()
        if how == "closed":
            debuggee.sock.close()
            debuggee.file.close()
        if how != "refused":
            hook.send("cancel")
        assert hook.line().startswith("failed ")
        if how in ("cancelled", "silent"):
            assert debuggee.is_closed()


@every_python
def test_attach_that_fails_and_one_that_works(held, debuggee, python):
    step, hook = held(python)
    for how in ("cancelled", "refused", "closed", "silent"):
        fail_to_attach(hook, how)
    attach(step, hook, debuggee, BREAK)
    hook.send("go")
    assert step.line() == "started\n"
    step.tell("work(1)")
    assert stopped_at(debuggee)[0] == ("work", BREAK)
    debuggee.goes_on()
    assert step.line() == "0\n"
    debuggee.detach()
    assert step.end() == (0, "", "")


@every_python
def test_step_is_untouched_by_an_attach_that_failed(agent, held, debuggee,
                                                    python):
    step, hook = held(python)
    hook.send("attach 127.0.0.1 %d x" % debuggee.port)
    debuggee.accept()
    debuggee.authorize()
    hook.send("go")
    assert hook.line().startswith("failed ")
    assert step.line() == "started\n"
    assert step.ask("sys.gettrace()") == "None"
    # debugpy 1.5.1 (Python 3.6) hides neither its threads nor the hook's.
    eventually(step, "[t.name for t in __import__('threading').enumerate() "
               "if not t.daemon]", "['MainThread']")
    assert step.ask(TRACES) == "([], [])"
    agent.let_all_go()
    assert step.ask("__import__('subprocess').check_output([sys.executable, "
                    "'-c', 'print(1)'])") == "b'1\\n'"
    assert step.ask("os.waitpid(os.fork() or os._exit(3), 0)[1]") == "768"
    assert step.end() == (0, "", "")


@every_python
@pytest.mark.parametrize("gone", [False, True])
def test_agent_dies_between_attach_and_ready(agent, held, debuggee, python,
                                             gone):
    """The hold goes on to its deadline; what pydevd waits for ends."""
    step, hook = held(python, 4.0)
    hook.send("attach 127.0.0.1 %d x" % debuggee.port)
    debuggee.accept()
    debuggee.authorize()
    debuggee.attach()
    if gone:
        agent.listener.close()
    hook.close()
    debuggee.sock.close()
    debuggee.file.close()
    if not gone:
        again = agent.accept()
        assert again.fields["kind"] == "again" and "left" in again.fields
        again.send_body()
        again.send("hold %.3f" % (int(again.fields["left"]) / 1000))
    assert step.line() == "Debugger attached = False\n"
    assert step.seconds() < 12      # attaching delays it too
    assert step.line().startswith("pitstop: ")
    assert step.line() == "started\n"
    assert step.ask("work(3)") == "3"
    assert step.end() == (0, "", "")


@one_python
def test_attaching_delays_the_deadline(held, debuggee, python):
    step, hook = held(python, 2.0)
    hook.send("attach 127.0.0.1 %d x" % debuggee.port)
    debuggee.accept()
    debuggee.authorize()
    while step.seconds() < 3.0:
        time.sleep(0.05)
    hook.send("cancel")
    assert hook.line().startswith("failed ")
    assert step.line() == "Debugger attached = False\n"
    assert 3.5 < step.seconds() < 6
    step.end()


# ---- attaching late ----

@every_python
def test_late_attach(running, debuggee, python):
    step, hook = running(python)
    attach(step, hook, debuggee, BREAK)
    step.tell("work(1)")
    frames = stopped_at(debuggee)
    assert frames[0] == ("work", BREAK)
    assert frames[-1][0] == "<module>"
    threads = debuggee.request("threads")["threads"]
    assert [thread["name"] for thread in threads] == ["MainThread"]
    debuggee.goes_on()
    assert step.line() == "0\n"
    assert step.ask(
        "__import__('threading').main_thread() is "
        "__import__('threading').current_thread()") == "True"
    debuggee.detach()
    hook.send("untrace")
    assert hook.line() == "untraced"
    assert step.ask(TRACES) == "([], [])"
    assert step.end() == (0, "", "")


def is_fast_again(step, before):
    """Tracing would make it several times slower, as long as it lasts."""
    return float(step.ask("measure(%r)" % (2 * before))) < 2 * before


@every_python
def test_full_speed_after_a_detach(running, debuggee, python):
    step, hook = running(python)
    before = float(step.ask("measure()"))
    attach(step, hook, debuggee)
    debuggee.detach()
    hook.send("untrace")
    assert hook.line() == "untraced"
    step.ask("work(1)")
    assert is_fast_again(step, before)
    hook.send("retrace")
    assert hook.line() == "retraced"
    debuggee.attach()
    debuggee.breakpoint(step.script, BREAK)
    debuggee.ready()
    step.tell("work(1)")
    assert stopped_at(debuggee)[0] == ("work", BREAK)
    debuggee.breakpoint(step.script)
    debuggee.goes_on()
    assert step.line() == "0\n"
    debuggee.detach()
    hook.send("untrace")
    assert hook.line() == "untraced"
    step.ask("work(1)")
    assert is_fast_again(step, before)
    assert step.end() == (0, "", "")


@every_python
def test_agent_dies_while_attached(agent, running, debuggee, python):
    step, hook = running(python)
    before = float(step.ask("measure()"))
    attach(step, hook, debuggee, BREAK)
    step.tell("work(2)")
    stopped_at(debuggee)
    hook.close()
    debuggee.sock.close()
    debuggee.file.close()
    assert step.line() == "1\n"
    again = agent.accept()
    assert again.fields["kind"] == "again" and again.fields["traced"] == "1"
    step.ask("work(1)")
    assert is_fast_again(step, before)
    assert step.ask("__import__('subprocess').check_output([sys.executable, "
                    "'-c', 'print(1)'])") == "b'1\\n'"
    assert step.ask("os.waitpid(os.fork() or os._exit(3), 0)[1]") == "768"
    with Debuggee() as second:
        again.send_body()
        attach(step, again, second, BREAK)
        step.tell("work(1)")
        assert stopped_at(second)[0] == ("work", BREAK)
        second.goes_on()
        assert step.line() == "0\n"
        second.detach()
        assert step.end() == (0, "", "")


CHILDREN = {
    "fork": "os.waitpid(os.fork() or os._exit(3), 0)[1]",
    "subprocess": "__import__('subprocess').call([sys.executable, '-c', "
                  "'import sys; sys.exit(3)']) << 8",
}


@every_python
@pytest.mark.parametrize("how", sorted(CHILDREN))
def test_children_are_freed_when_the_agent_dies(agent, running, debuggee,
                                                python, how):
    """A debugged process's child waits in pydevd for its own client."""
    if how == "fork" and python.version < (3, 7):
        pytest.skip("Python 3.6 has no os.register_at_fork")
    step, hook = running(python)
    attach(step, hook, debuggee)
    parent = debuggee.sock, debuggee.file
    step.tell(CHILDREN[how])
    child = agent.accept()
    debuggee.accept()                 # the child's pydevd
    debuggee.authorize()
    for file in (hook, child, debuggee.sock, debuggee.file, *parent):
        file.close()
    agent.let_all_go()
    assert step.line() == "768\n"
    assert step.end() == (0, "", "")


# ---- fork ----

@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.version >= (3, 7) and "-" not in p.name))
def test_children_register(agent, running, python):
    step, hook = running(python)
    step.tell("os.waitpid(os.fork() or sys.stdin.readline() and os._exit(5),"
              " 0)[1]")
    child = agent.accept()
    assert child.fields["kind"] == "fork"
    assert child.fields["ppid"] == str(step.process.pid)
    assert child.args == hook.args
    child.send_body()
    child.send("untrace")
    assert child.line() == "untraced"
    step.tell("")
    assert step.line() == "1280\n"
    assert child.is_closed()
    hook.send("untrace")
    assert hook.line() == "untraced"
    assert step.end() == (0, "", "")
    assert hook.is_closed()


@two_pythons
def test_a_daemon_stays_attachable(agent, start, debuggee, python, tmp_path):
    """It forks twice and closes all files."""
    text = ("import os; os.fork() and os._exit(0); os.setsid(); "
            "os.fork() and os._exit(0); os.closerange(3, 4096); " + STEP)
    step = start(python, text=text)
    first, second, daemon = agent.accept(), agent.accept(), agent.accept()
    assert second.fields["kind"] == daemon.fields["kind"] == "fork"
    assert step.line() == "started\n"
    try:
        daemon.send("dance")      # this tells the hook that its file is gone
    except BrokenPipeError:
        pass                      # it knows
    again = agent.accept()
    assert again.fields["kind"] == "again"
    assert again.fields["pid"] == daemon.fields["pid"]
    again.send_body()
    attach(step, again, debuggee, BREAK)
    step.tell("work(1)")
    assert stopped_at(debuggee)[0] == ("work", BREAK)
    debuggee.detach()
    assert step.line() == "0\n"
    step.process.stdin.close()
    assert again.is_closed()


# ---- beside the running step ----

@one_python
def test_registers_again_and_again(agent, running, python):
    step, hook = running(python)
    for _ in range(3):
        hook.close()
        hook = agent.accept()
        assert hook.fields["kind"] == "again"
        assert "left" not in hook.fields and "traced" not in hook.fields
    assert step.end() == (0, "", "")


@one_python
def test_ends_its_thread_with_the_supervisor(agent, running, python):
    step, hook = running(python)
    agent.close()
    eventually(step, "len(os.listdir('/proc/self/task'))", "1")
    assert step.ask("os.dup(0)") == "3"
    assert step.end() == (0, "", "")


@one_python
def test_what_is_said_late_goes_to_standard_output_alone(running, python,
                                                         tmp_path):
    """Descriptor 1 may be another file of the step's by now."""
    step, hook = running(python)
    hook.say("late\n")
    assert step.line() == "late\n"
    data = tmp_path / "data"
    step.tell("[sys.stderr.write('x\\n'), sys.stdout.close(), "
              "os.open(%r, os.O_CREAT | os.O_RDWR)] and exec('raise "
              "SystemExit(os.read(0, 1) != b\"!\")')" % str(data))
    assert step.process.stderr.readline() == b"x\n"
    hook.say("not for this file\n")
    hook.send("untrace")
    assert hook.line() == "untraced"
    step.tell("!")
    step.process.wait(SECONDS)
    assert data.read_bytes() == b""


@two_pythons
@pytest.mark.parametrize("made", [True, False])
def test_keeps_a_compiled_form_in_its_own_directory_only(agent, start, python,
                                                         tmp_path, made):
    directory = tmp_path / ("pitstop-x" if made else "own")
    directory.mkdir()
    shutil.copy(str(STUB), str(directory))
    step = start(python, PYTHONPATH=directory,
                 text="import sys; print(sys.dont_write_bytecode)")
    assert step.end() == (0, "True\n", "")
    assert (directory / "__pycache__").exists() == made
