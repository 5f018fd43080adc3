"""A step that fails is held where it failed, when that was asked for, and
afterwards fails exactly as it would have."""
import os
import re
import signal
import time

import pytest

import pythons
from editor import Editor
from harness import line_of, place, plain, strip_log
from main_pythons import python  # noqa: F401
from test_deadline import slack
from test_hold import launcher, without_debugger

pytestmark = pytest.mark.usefixtures("noise")

HELD = re.compile("^pitstop: holding ", re.M)
SOON = 3                # seconds: a hold that nobody is to come to


@pytest.fixture
def crash(start):
    """As `start`, with a hold of `timeout` seconds where the step fails."""
    def begin(command, *options, timeout=20, mode="crash", **more):
        step = start(command, "--hold=" + mode, "--timeout", str(timeout),
                     *options, **more)
        step.command = command
        return step
    return begin


def ends_as_plain(step, cwd=None):
    """An agent that died is told of on the standard error too."""
    status, out, err = step.finished()
    err = re.sub("(?m)^pitstop: the agent .*\n", "", err)
    assert (status, strip_log(out), err) == plain(step.command, cwd)


def holds(step):
    return len(HELD.findall(step.stdout.text))


def stopped(client):
    """The thread, at its exception."""
    return client.stopped("exception")


def names(client, thread):
    """Of the frames, without what pydevd adds to the one that it stands in."""
    return [frame["name"].replace(" (Current frame)", "")
            for frame in client.stack(thread)]


# ---- in the main thread -------------------------------------------------

def test_a_failure_can_be_looked_at_and_stays_one(python, crash, tmp_path):
    path = place(tmp_path, "fail.py")
    step = crash([python.path, path])
    client = step.attached()
    thread = stopped(client)
    assert names(client, thread) == ["divide", "main", "<module>"]
    frames = client.stack(thread)
    assert [f["line"] for f in frames[::2]] == [line_of(path, "throw"),
                                                line_of(path, "main")]
    assert frames[0]["source"]["path"] == path
    assert client.local(frames[0])["total"]["value"] == "7"
    assert client.evaluate("total + count", frames[0]) == "7"
    assert client.local(frames[1])["values"]["value"] == "[3, 4]"
    info = client.request("exceptionInfo", {"threadId": thread})
    assert info["exceptionId"].startswith("ZeroDivisionError")
    assert "division" in info["description"]
    assert info["breakMode"] == "unhandled"
    client.go(thread)
    ends_as_plain(step)
    assert step.stdout.text.count("Debugger attached = True\n") == 1


def test_a_detach_lets_it_fail(python, crash, tmp_path):
    step = crash([python.path, place(tmp_path, "fail.py")])
    client = step.attached()
    stopped(client)
    client.detach()
    ends_as_plain(step)


@pytest.mark.parametrize("verb", ["next", "stepIn", "stepOut"])
def test_a_step_on_from_it_lets_it_fail(python, crash, tmp_path, verb):
    step = crash([python.path, place(tmp_path, "fail.py")])
    client = step.attached()
    thread = stopped(client)
    client.request(verb, {"threadId": thread})
    ends_as_plain(step)


def test_the_log_says_what_failed_and_how_to_attach(crash, one_python,
                                                    tmp_path):
    path = place(tmp_path, "fail.py")
    step = crash([one_python.path, path], cwd=tmp_path)
    launch = step.wait_held()
    pid = step.main_pid()
    assert step.stdout.lines[1:5] == [
        "pitstop: fail.py (pid %d) failed: ZeroDivisionError: integer "
        "division or modulo by zero (%s:%d)" % (pid, path,
                                                line_of(path, "throw")),
        "Timeout for debug connection: 20",
        "ip_address: 127.0.0.1",
        "pitstop: holding fail.py (pid %d) where it failed until a debugger "
        "attaches to 127.0.0.1:%d" % (pid, step.port)]
    assert launch["connect"] == {"host": "127.0.0.1", "port": step.port}
    assert launch["pitstopToken"]
    assert step.stderr.text == ""


@pytest.mark.parametrize("text, said", [
    ("raise ValueError('two\\nlines  of\\ttext')",
     "ValueError: two lines of text"),
    ("raise ValueError('\\u00e9\\u4f60')", "ValueError: \u00e9\u4f60"),
    ("raise ValueError('\\udc80\\x00')", "ValueError: ?"),
    ("raise KeyError", "KeyError"),
    ("class Odd(Exception):\n    def __str__(self): raise OSError\nraise Odd",
     "Odd"),
    ("raise ValueError('x' * 100000)", "ValueError: " + "x" * 288),
], ids=["lines", "letters", "surrogate", "nothing", "no-str", "long"])
@pytest.mark.parametrize("python", pythons.some("py3.6", "py3.13"))
def test_any_message_fits_into_one_line(crash, python, tmp_path, text, said):
    path = tmp_path / "odd.py"
    path.write_text(text + "\n")
    step = crash([python.path, str(path)], timeout=1, env={"LC_ALL": "C"})
    _, found = step.stdout.wait(r"^pitstop: .* failed: (.*) \((.*):(\d+)\)$")
    assert found.group(1, 2) == (said, str(path))
    status, out, err = step.finished()
    assert (status, strip_log(out), err) == \
        plain(step.command, env={"LC_ALL": "C"})


def test_nobody_comes(python, crash, tmp_path):
    step = crash([python.path, place(tmp_path, "fail.py")], timeout=SOON)
    attached, ended = step.hold_ended()
    assert attached is False
    assert abs(ended - step.held_at() - SOON) <= slack()
    step.stdout.wait("^pitstop: nobody attached in time; the exception takes "
                     "its course$")
    ends_as_plain(step)


@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.version >= (3, 8) and "-" not in p.name))
def test_a_hook_of_the_scripts_own_does_not_hide_it(python, crash, tmp_path):
    step = crash([python.path, place(tmp_path, "fail.py"), "own"])
    client = step.attached()
    thread = stopped(client)
    assert names(client, thread)[0] == "divide"
    client.go(thread)
    ends_as_plain(step)
    assert step.stderr.text.startswith("own hook: ZeroDivisionError")


@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.version < (3, 8)))
def test_a_hook_of_the_scripts_own_works_on_old_pythons(python, crash,
                                                        tmp_path):
    step = crash([python.path, place(tmp_path, "fail.py"), "own"], timeout=1)
    ends_as_plain(step)


def test_a_frame_of_the_script_is_shown_before_a_librarys(python, crash,
                                                          tmp_path):
    path = tmp_path / "library.py"
    path.write_text("import json\n\n\ndef read(text):\n"
                    "    return json.loads(text)\n\n\nread('{')\n")
    step = crash([python.path, str(path)])
    client = step.attached()
    thread = stopped(client)
    assert names(client, thread) == ["read", "<module>"]
    client.go(thread)
    ends_as_plain(step)


def test_a_module_that_fails_is_held(python, crash, tmp_path):
    (tmp_path / "work.py").write_text("1 / 0\n")
    step = crash([python.path, "-m", "work"], cwd=tmp_path)
    client = step.attached()
    thread = stopped(client)
    assert client.where(thread) == ("work.py", 1)
    client.go(thread)
    ends_as_plain(step, tmp_path)


# ---- in a thread --------------------------------------------------------

def test_a_thread_that_fails_is_held(python, crash, tmp_path):
    path = place(tmp_path, "fail_thread.py")
    step = crash([python.path, path])
    client = step.attached()
    thread = stopped(client)
    frame = client.top(thread)
    assert (frame["name"], frame["line"]) == ("work", line_of(path, "throw"))
    assert client.local(frame)["number"]["value"] == "1"
    client.detach()
    client = step.attached(step.launches(2)[1])     # the next one fails
    thread = stopped(client)
    assert client.local(client.top(thread))["number"]["value"] == "2"
    client.go(thread)
    ends_as_plain(step)
    assert holds(step) == 2


def test_threads_that_fail_together_are_shown_in_turn(python, crash,
                                                      tmp_path):
    step = crash([python.path, place(tmp_path, "fail_thread.py"), "at-once"])
    client = step.attached()
    seen = set()
    for _ in range(2):
        thread = stopped(client)
        seen.add(client.local(client.top(thread))["number"]["value"])
        client.go(thread)
    assert seen == {"1", "2"}
    status, out, err = step.finished()
    assert (status, strip_log(out)) == (0, "joined\n")
    # Two threads may write at once: each of its parts by itself is whole.
    assert err.count("KeyError: ") == err.count("'missing'") == 2
    assert holds(step) == 1


def test_nobody_came_to_one_thread_so_only_main_is_held(python, crash,
                                                        tmp_path):
    step = crash([python.path, place(tmp_path, "fail_thread.py"), "fail"],
                 timeout=1)
    ends_as_plain(step)
    failed = re.findall("failed: (\\w+)", step.stdout.text)
    assert failed == ["KeyError", "RuntimeError"]


THREAD_HOOK = """\
import sys, threading
def report(args):
    print("own:", args.exc_type.__name__, args.thread.name, file=sys.stderr)
threading.excepthook = report
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()
"""


@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.version >= (3, 8) and "-" not in p.name))
def test_a_thread_hook_of_the_scripts_own_is_called(python, crash, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(THREAD_HOOK)
    step = crash([python.path, str(path)])
    client = step.attached()
    client.go(stopped(client))
    ends_as_plain(step)
    assert step.stderr.text == "own: ZeroDivisionError worker\n"


LAST_THREAD = """\
import threading, time
def work():
    threading.main_thread().join()
    1 / 0
threading.Thread(target=work).start()
"""


def test_a_thread_that_fails_after_main_has_ended(python, crash, tmp_path):
    """Python 3.12 starts no thread any more then, so no debugger either."""
    path = tmp_path / "last.py"
    path.write_text(LAST_THREAD)
    step = crash([python.path, str(path)])
    if python.version == (3, 12):
        step.stdout.wait("^pitstop: not held: Python is ending")
    else:
        client = step.attached()
        client.go(stopped(client))
    ends_as_plain(step)


# ---- what is no failure -------------------------------------------------

NO_FAILURE = {
    "exit": "import sys\nsys.exit(3)\n",
    "exit-text": "import sys\nsys.exit('bad input')\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "hard-exit": "import os\nos._exit(4)\n",
    "caught": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    print('well')\n",
    "syntax": "def f(:\n",
    "thread-exit": "import sys, threading\n"
                   "t = threading.Thread(target=sys.exit)\n"
                   "t.start()\nt.join()\n",
    "at-exit": "import atexit\natexit.register(exec, '1 / 0')\n",
    "fork": "import os\nif os.fork() == 0:\n    1 / 0\nos.wait()\n",
    "multiprocessing": "import multiprocessing, sys\n"
                       "def f():\n    1 / 0\n"
                       "m = multiprocessing.get_context('fork')\n"
                       "p = m.Process(target=f)\n"
                       "p.start()\np.join()\nsys.exit(p.exitcode)\n",
    "helper": "import subprocess, sys\n"
              "sys.exit(subprocess.call([sys.executable, __file__ + 'x']))\n",
}


@pytest.mark.parametrize("what", sorted(NO_FAILURE))
def test_is_not_held(python, crash, tmp_path, what):
    path = tmp_path / "step.py"
    path.write_text(NO_FAILURE[what])
    (tmp_path / "step.pyx").write_text("1 / 0\n")
    step = crash([python.path, str(path)])
    ends_as_plain(step)
    assert "pitstop: " not in step.stdout.text


@pytest.mark.parametrize("python", without_debugger())
def test_no_debugger_is_one_line(python, crash, tmp_path):
    step = crash([python.base, place(tmp_path, "fail.py")], timeout=60)
    ends_as_plain(step)
    ours = [l for l in step.stdout.lines if l.startswith("pitstop: ")]
    assert len(ours) == 1 and re.match("pitstop: .*debugpy", ours[0]), ours


# ---- with the other hold, and other clients -----------------------------

def test_both_holds_in_one_step(python, crash, tmp_path):
    path = place(tmp_path, "fail.py")
    step = crash([python.path, path], mode="both")
    client = step.attached(breakpoints={path: [line_of(path, "main")]})
    client.stopped("breakpoint")
    client.detach()
    client = step.attached(step.launches(2)[1])
    thread = stopped(client)
    assert names(client, thread)[0] == "divide"
    client.go(thread)
    ends_as_plain(step)
    assert step.stdout.text.count("Timeout for debug connection: ") == 2
    assert step.stdout.text.count("Debugger attached = True\n") == 2


@pytest.mark.parametrize("exceptions", [(), ("uncaught",)])
def test_a_client_that_is_in_sees_it_once_at_the_most(python, crash, tmp_path,
                                                      exceptions):
    step = crash([python.path, place(tmp_path, "fail.py")], mode="both")
    client = step.client(step.wait_held())
    client.start(step.wait_held(), exceptions=exceptions)
    if exceptions:
        client.go(stopped(client))
    ends_as_plain(step)
    assert len(client.events("stopped")) == len(exceptions)
    assert holds(step) == 1


def failing_ranks(crash, python, folder):
    """Of three, 0 and 2 fail."""
    path = folder / "rank.py"
    path.write_text("import os\nrank = int(os.environ['RANK'])\n1 / rank\n"
                    "raise SystemExit(0 if rank < 2 else 1 // 0)\n")
    return crash([launcher(folder, python, "torchrun"),
                  "--nproc_per_node=3", str(path)])


def test_one_f5_opens_every_rank_that_failed(crash, one_python, tmp_path):
    step = failing_ranks(crash, one_python, tmp_path)
    editor = Editor(step)
    editor.start(step.launches(2)[0])
    status, out, err = step.finished()
    editor.wait_closed()
    assert status == 1
    assert out.count("Debugger attached = True\n") == 2
    assert sorted(line for _, _, line in editor.stops) == [3, 4]
    assert err.count("ZeroDivisionError") == 2


def test_each_rank_that_fails_is_held(python, crash, tmp_path):
    step = failing_ranks(crash, python, tmp_path)
    launch = step.launches(2)[0]
    for rank in (0, 2):
        client = step.attached(dict(launch, pitstopRank=rank))
        thread = stopped(client)
        value = client.evaluate("rank", client.top(thread))
        assert int(value) == rank
        client.go(thread)
    status, out, err = step.finished()
    assert status == 1
    assert sorted(re.findall("rank ([0-9])[)] failed", out)) == ["0", "2"]
    assert err.count("ZeroDivisionError") == 2


def test_late_attach_may_be_off(crash, one_python, tmp_path):
    step = crash([one_python.path, place(tmp_path, "fail.py")],
                 "--late-attach=off")
    client = step.attached()
    client.go(stopped(client))
    ends_as_plain(step)


def test_a_client_on_its_way_in_is_waited_for(crash, one_python, tmp_path):
    """It attached to a step that ran, and the step fails meanwhile."""
    path = tmp_path / "late.py"
    path.write_text("import os, sys, time\n"
                    "print('running', flush=True)\n"
                    "while not os.path.exists(sys.argv[1]):\n"
                    "    time.sleep(0.01)\n1 / 0\n")
    stop = tmp_path / "stop"
    token = "of-the-test"
    step = crash([one_python.path, str(path), str(stop)],
                 env={"PITSTOP_TOKEN": token})
    step.stdout.wait("^running$")
    client = step.client()
    client.initialize()
    attach = client.begin_attach({"type": "debugpy", "request": "attach",
                                  "pitstopToken": token})
    client.wait_initialized(attach)
    stop.write_text("")
    step.stdout.wait("^pitstop: holding ")
    client.configure()
    client.finish(attach)
    thread = stopped(client)
    assert client.where(thread) == ("late.py", 5)
    client.go(thread)
    ends_as_plain(step)


# ---- when something breaks ----------------------------------------------

def test_an_agent_that_is_killed_takes_nothing_along(python, crash, tmp_path):
    """The next one goes on with the hold, and can be attached through."""
    step = crash([python.path, place(tmp_path, "fail.py")])
    launch = step.wait_held()
    old = step.kill_agent()
    step.agent(but=old)
    step.stdout.wait("^pitstop: the agent was restarted; still holding")
    client = step.attached(launch)
    thread = stopped(client)
    assert names(client, thread)[0] == "divide"
    client.go(thread)
    ends_as_plain(step)
    assert holds(step) == 1


def test_an_agent_that_is_killed_does_not_prolong_the_hold(crash, one_python,
                                                           tmp_path):
    step = crash([one_python.path, place(tmp_path, "fail.py")], timeout=SOON)
    step.wait_held()
    step.kill_agent()
    assert step.hold_ended()[1] - step.held_at() <= SOON + slack()
    ends_as_plain(step)


def test_an_agent_that_is_killed_under_a_client(python, crash, tmp_path):
    step = crash([python.path, place(tmp_path, "fail.py")])
    client = step.attached()
    stopped(client)
    step.kill_agent()
    ends_as_plain(step)


def test_an_agent_that_stands_still_at_the_crash(crash, one_python, tmp_path):
    path = tmp_path / "wait.py"
    path.write_text("import sys\nprint('running', flush=True)\n"
                    "sys.stdin.readline()\n1 / 0\n")
    step = crash([one_python.path, str(path)], stdin=-1)
    step.stdout.wait("^running$")
    agent = step.kill_agent(signal.SIGSTOP)
    begun = time.monotonic()
    step.process.stdin.write(b"\n")
    step.process.stdin.close()
    step.stderr.wait("^ZeroDivisionError", patience=10)
    assert time.monotonic() - begun < 5 + 2 * slack()
    os.kill(agent, signal.SIGCONT)
    assert step.finished()[0] == 1


def test_an_agent_that_stands_still_in_the_hold(crash, one_python, tmp_path):
    step = crash([one_python.path, place(tmp_path, "fail.py")], timeout=SOON)
    step.wait_held()
    step.kill_agent(signal.SIGSTOP)
    assert step.hold_ended()[1] - step.held_at() <= SOON + slack()
    assert step.stderr.wait("^ZeroDivisionError")
    assert step.finished()[0] == 1


def test_a_supervisor_that_is_killed(crash, one_python, tmp_path):
    step = crash([one_python.path, place(tmp_path, "fail.py")])
    step.wait_held()
    begun = time.monotonic()
    step.process.kill()
    i, _ = step.stderr.wait("^ZeroDivisionError", patience=10)
    assert step.stderr.times[i] - begun < 4 + slack()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP,
                                    signal.SIGINT])
@pytest.mark.parametrize("attached", [False, True])
def test_a_signal_ends_the_hold_and_loses_nothing(crash, one_python, tmp_path,
                                                  number, attached):
    step = crash([one_python.path, place(tmp_path, "fail.py")])
    step.wait_held()
    if attached:
        stopped(step.attached())
    step.process.send_signal(number)
    ends_as_plain(step)


@pytest.mark.parametrize("attach", [False, True])
def test_a_client_that_leaves_half_way(crash, one_python, tmp_path, attach):
    step = crash([one_python.path, place(tmp_path, "fail.py")], timeout=SOON)
    launch = step.wait_held()
    client = step.client(launch)
    client.initialize()
    client.wait_initialized(client.begin_attach(launch))
    client.close()
    if attach:
        client = step.attached(launch)
        client.go(stopped(client))
    ends_as_plain(step)
    assert holds(step) == 1


# ---- what it costs ------------------------------------------------------

def test_nothing_is_traced_before_it(python, start, tmp_path):
    path = tmp_path / "trace.py"
    path.write_text(
        "import sys, threading\n"
        "print(sys.gettrace(), sys.getprofile(), 'pydevd' in sys.modules)\n"
        "m = getattr(sys, 'monitoring', None)\n"
        "print(m and [m.get_tool(i) for i in range(6)])\n"
        "t = threading.Thread(target=lambda: print(sys.gettrace()))\n"
        "t.start()\nt.join()\n")
    command = [python.path, str(path)]
    assert start(command, "--hold=crash").finished() == plain(command)
