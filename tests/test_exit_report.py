"""How a step ended and what it used: on standard error, and as the event
"ended"; the step's own output and status are what they were."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import pythons
from dap_client import PATIENCE
from harness import place, wait_for
from http_wire import ask
from run_step import (PITSTOP, SANITIZED, environment, needs, python, run,
                      running, serving_agent)
from test_http import TOKEN, held, post  # noqa: F401

AFTERWARDS = 5     # what an agent may take at the end, include/agent_child.h
HEAD = "pitstop: the step "
SLEEP = "import time; time.sleep(0.1); "   # so that the agent is up


def report(result):
    """The lines; none when there is no report."""
    return [line for line in result.stderr.splitlines()
            if line.startswith("pitstop: ")]


def ended(folder):
    """The event, which is the last one."""
    file, = pathlib.Path(folder).glob("pitstop-*.jsonl")
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [e["event"] for e in events].count("ended") == 1
    assert events[-1]["event"] == "ended"
    return events[-1]


@pytest.fixture
def told(tmp_path):
    """told(*words, ...): a run with all reports, and its event."""
    def begin(*words, mode="always", **more):
        result = run(*words, env=environment(PITSTOP_LOG_DIR=str(tmp_path),
                                             PITSTOP_REPORT=mode), **more)
        return result, ended(tmp_path)
    return begin


# ---- each kind of end -----------------------------------------------------

@pytest.mark.parametrize("text, status", [
    ("", 0), ("raise SystemExit(7)", 7), ("raise SystemExit('x')", 1)])
def test_a_status(told, text, status):
    result, event = told(*python(SLEEP + text))
    assert result.returncode == event["status"] == status
    assert report(result)[0] == HEAD + f"ended with status {status}"
    assert event["reason"] == f"ended with status {status}"
    assert not {"signal", "exception_type"} & set(event)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT",
                                  "SIGBUS", "SIGUSR1"])
def test_a_signal(told, name):
    number = getattr(signal, name)
    result, event = told(*python(f"import os; {SLEEP}os.kill(os.getpid(), "
                                 f"{int(number)})"))
    assert result.returncode == event["status"] == 128 + number
    assert event["signal"] == name
    assert report(result)[0] == HEAD + f"was ended by signal {name}"
    assert any("mostly that means" in line for line in report(result)) == (
        name != "SIGUSR1")


def test_an_abort(hold, one_python, tmp_path):
    """By whom stands in the line before it; who is told nothing more guesses."""
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                env={"PITSTOP_TOKEN": TOKEN, "PITSTOP_REPORT": "always",
                     "PITSTOP_LOG_DIR": str(tmp_path)})
    step.wait_held()
    assert post(step, "abort").status == 202
    status, _, err = step.finished()
    reason = "was ended by signal SIGTERM, since somebody aborted it"
    assert status == 143
    assert HEAD + reason + "\n" in err and "mostly" not in err
    assert ended(tmp_path)["reason"] == reason


def test_a_signal_of_a_shells_command(told):
    result, event = told("sh", "-c", "sleep 0.1; sh -c 'kill -KILL $$'; "
                                     "exit $?")
    assert result.returncode == event["status"] == 137
    assert "signal" not in event
    assert "how a shell tells of SIGKILL" in result.stderr


FAILS = """
import time
def inner():
    raise ValueError("no data\\nin\\there: password=hunter2")
class Odd(Exception):
    def __str__(self):
        raise KeyError
time.sleep(%s)
%s
"""


def fail(python, folder, text="inner()", seconds=0, **more):  # noqa: F811
    path = folder / "train.py"
    path.write_text(FAILS % (seconds, text))
    env = environment(PITSTOP_LOG_DIR=str(folder), **more)
    for name in [name for name in env if name.startswith("PYTHON")]:
        del env[name]
    return path, run(python.path, str(path), env=env)


each_python = pytest.mark.parametrize("python", pythons.params(pythons.once))


@each_python
def test_an_exception(python, tmp_path):
    path, result = fail(python, tmp_path)
    assert result.returncode == 1
    event = ended(tmp_path)
    assert event["exception_type"] == "ValueError"
    assert event["exception_message"] == (
        "no data in here: password=[redacted]")
    assert event["exception_place"] == f"{path}:4 in inner"
    assert report(result) == []        # nothing is held


@each_python
def test_an_exception_that_could_be_held(python, tmp_path):
    path, result = fail(python, tmp_path, PITSTOP_HOLD="crash",
                        PITSTOP_TIMEOUT="1")
    assert result.returncode == 1
    event = ended(tmp_path)
    assert event["exception_type"] == "ValueError"
    assert event["exception_place"] == f"{path}:4 in inner"
    assert report(result)[0] == HEAD + "ended with status 1"


@each_python
@pytest.mark.parametrize("text, kind", [
    ("raise Odd", "Odd"), ("raise SystemExit(3)", None),
    ("import atexit; raise OSError", "OSError"),
    ("import logging; raise OSError", "OSError"),
    ("import atexit; atexit.register(inner); raise OSError", "OSError"),
    ("import atexit; atexit.register(inner); raise SystemExit(3)", None),
    ("import sys; sys.last_type = 7; raise SystemExit(3)", None),
    ("import code; code.InteractiveInterpreter().runsource('inner()'); "
     "raise SystemExit(3)", None),
    ("= no Python", "SyntaxError"),
    ("import sys; sys.excepthook = lambda *_: None; raise OSError", "OSError"),
    ("import os; os._exit(3)", None), ("raise KeyboardInterrupt", None),
    ("import threading; threading.Thread(target=inner).start()", None),
    ("import os; os.fork() or inner(); os.wait(); raise SystemExit(3)", None),
    ("try: inner()\nexcept ValueError: raise SystemExit(3)", None)])
def test_other_exceptions(python, tmp_path, text, kind):
    fail(python, tmp_path, text)
    assert ended(tmp_path).get("exception_type") == kind


@each_python
def test_an_exception_of_a_module(python, tmp_path):
    path = tmp_path / "pkg/__main__.py"
    path.parent.mkdir()
    path.write_text("import atexit\nraise OSError('x' * 1000000)\n")
    run(python.path, "-m", "pkg", cwd=tmp_path,
        env=environment(PITSTOP_LOG_DIR=str(tmp_path)))
    event = ended(tmp_path)
    assert event["exception_message"] == 400 * "x"
    assert event["exception_place"] == f"{path}:2 in <module>"


def test_an_exception_with_its_agent_stopped(one_python, tmp_path):
    """The hook does not wait for it, nor is its status another."""
    path = tmp_path / "train.py"
    path.write_text("input()\n" + FAILS % (0, "inner()"))
    with running(one_python.path, str(path)) as process:
        agent = serving_agent(process.pid)
        os.kill(agent, signal.SIGSTOP)
        begun = time.monotonic()
        process.stdin.write(b"\n")
        assert process.wait(PATIENCE) == 1
        assert time.monotonic() - begun < AFTERWARDS + 3


# ---- what it used -----------------------------------------------------------

def test_time_and_memory(told):
    result, event = told(*python(
        "import time\nx = bytearray(100 << 20)\nx[::4096] = x[::4096]\n"
        "end = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass\ntime.sleep(0.2)"))
    assert 0.5 <= event["wall_seconds"] < 20
    assert 0.25 < event["user_seconds"] + event["system_seconds"] < 1
    assert 100 << 20 < event["peak_rss_bytes"] < 200 << 20
    assert re.search("^pitstop: it ran .* s, until 20.* UTC; CPU time: user "
                     "0[.].* s, system 0[.].* s$", result.stderr, re.M)
    assert re.search("^pitstop: memory: largest process 1[0-9.]+ MiB",
                     result.stderr, re.M)


def test_children_that_were_waited_for_count(told):
    _, event = told(*python(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
        "'x = bytearray(100 << 20); x[::4096] = x[::4096]'])"))
    assert 100 << 20 < event["peak_rss_bytes"]


def write_to(tmp_path, out, err, text="print('abc'); import sys; "
             "print('defgh', file=sys.stderr)", **more):
    env = environment(PITSTOP_LOG_DIR=str(tmp_path), PITSTOP_REPORT="never")
    subprocess.run([PITSTOP, "run", "--", *python(SLEEP + text)], stdout=out,
                   stderr=err, env=env, timeout=PATIENCE, check=True)
    event = ended(tmp_path)
    return event.get("output_bytes"), event.get("error_output_bytes")


def test_bytes_of_output_to_files(tmp_path):
    for name in ("out", "err"):
        (tmp_path / name).write_text("before")
    with open(tmp_path / "out", "a") as out, open(tmp_path / "err",
                                                  "a") as err:
        assert write_to(tmp_path, out, err) == (4, 6)


def test_bytes_of_output_to_one_file(tmp_path):
    with open(tmp_path / "out", "a") as out:
        assert write_to(tmp_path, out, subprocess.STDOUT) == (10, None)


def test_bytes_of_output_to_pipes_and_cut_files(tmp_path):
    assert write_to(tmp_path, subprocess.PIPE, subprocess.PIPE) == (None, None)
    (tmp_path / "out").write_text("before")
    for file in tmp_path.glob("*.jsonl"):
        file.unlink()
    with open(tmp_path / "out", "a") as out:
        assert write_to(tmp_path, out, subprocess.PIPE,
                        "import os; os.truncate(1, 0)") == (None, None)


# ---- killed for want of memory ----------------------------------------------

HUNGRY = "x = []\nwhile True: x.append(bytearray(1 << 20))"


def memory_mount():
    """(directory, the limit's file) of this process's own cgroup."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        where, _, kind = line.partition(" - ")
        top = where.split()[4]
        if kind.startswith("cgroup ") and re.search(r",memory\b", kind):
            return top, "memory.limit_in_bytes"
        if kind.startswith("cgroup2 ") and "memory" in pathlib.Path(
                top, "cgroup.subtree_control").read_text().split():
            return top, "memory.max"
    pytest.skip("no cgroup file system that counts memory is mounted")


@pytest.fixture
def small():
    """A command prefix: what follows has 80 MiB."""
    top, limit = memory_mount()
    cgroup = pathlib.Path(top, "pitstop-test-%d" % os.getpid())
    try:
        cgroup.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    try:
        (cgroup / limit).write_text("80M")
        yield ["sh", "-c", f"echo 0 >{cgroup}/cgroup.procs; exec \"$@\"", "sh"]
    finally:
        wait_for(lambda: not (cgroup / "cgroup.procs").read_text(),
                 "an empty cgroup")
        cgroup.rmdir()


@pytest.mark.parametrize("words, status, reason", [
    (python(HUNGRY), 137, "was killed by the kernel for want of memory"),
    (["sh", "-c", '"$@"; exit $?', "sh", *python(HUNGRY)], 137,
     "was killed by the kernel for want of memory"),
    (["sh", "-c", '"$@"; exit 4', "sh", *python(HUNGRY)], 4,
     "ended with status 4; the kernel killed 1 process of its cgroup for want "
     "of memory")], ids=["itself", "of a shell", "a child"])
def test_killed_for_want_of_memory(told, small, words, status, reason):
    """It is told without being asked for: nobody else does."""
    result, event = told(*words, mode=None, prefix=small)
    assert result.returncode == event["status"] == status
    assert event["oom_kills"] == 1
    assert event["reason"] == reason
    assert event["cgroup_limit_bytes"] == 80 << 20
    assert 70 << 20 < event["cgroup_peak_bytes"] <= 80 << 20
    assert report(result)[0] == HEAD + reason
    assert "cgroup: peak 80.0 MiB, limit 80.0 MiB\n" in result.stderr


def test_earlier_kills_are_others(told, small):
    run(*python(HUNGRY), prefix=small)
    _, event = told(*python(SLEEP + "raise SystemExit(1)"), prefix=small)
    assert event["oom_kills"] == 0
    assert event["reason"] == "ended with status 1"


def test_a_kill_that_cost_nothing_is_no_abnormal_end(told, small):
    result, event = told("sh", "-c", '"$@"; exit 0', "sh", *python(HUNGRY),
                         mode=None, prefix=small)
    assert (result.returncode, event["oom_kills"]) == (0, 1)
    assert report(result) == []


# Where this machine has no version 2: its files, and the step does what the
# kernel would.
VERSION_2 = """
mkdir -p {top}/own
echo "0::/own" >{top}/cgroup
echo "30 20 0:26 / {top} rw - cgroup2 cgroup rw" >{top}/mountinfo
printf 'oom 1\noom_kill 5\noom_group_kill 0\n' >{top}/{where}/memory.events
echo 104857600 >{top}/{where}/memory.peak
echo {limit} >{top}/{where}/memory.max
for file in cgroup mountinfo; do
    mount --bind {top}/$file /proc/$$/$file || exit 99
done
exec "$@"
"""


@pytest.mark.parametrize("where, limit", [("own", 104857600), ("own", "max"),
                                          (".", "max")])
def test_the_files_of_version_2(told, tmp_path, where, limit):
    """Also where only a cgroup above counts."""
    prefix = needs("unshare", "--mount", "--propagation", "private")
    top = tmp_path / "top"
    script = VERSION_2.format(top=top, where=where, limit=limit)
    result, event = told(
        "sh", "-c", f"sleep 0.1; printf 'oom_kill 6\\n' "
        f">{top}/{where}/memory.events; kill -KILL $$",
        prefix=[*prefix, "sh", "-c", script, "sh"])
    assert (result.returncode, event["oom_kills"]) == (137, 1)
    assert report(result)[0] == (
        HEAD + "was killed by the kernel for want of memory")
    assert event["cgroup_peak_bytes"] == 104857600
    assert event.get("cgroup_limit_bytes", "max") == limit


# ---- when it is printed -----------------------------------------------------

@pytest.mark.parametrize("mode, options, status, printed", [
    (None, [], 0, False), (None, [], 1, False),
    (None, ["--hold"], 0, False), (None, ["--hold"], 1, True),
    (None, ["--hold=crash"], 1, True),
    ("auto", [], 1, False), ("always", [], 0, True), ("always", [], 1, True),
    ("abnormal", [], 0, False), ("abnormal", [], 1, True),
    ("never", ["--hold"], 1, False), ("abnormal", ["--report=never"], 1,
                                      False)])
def test_when_it_is_printed(mode, options, status, printed):
    result = run("sh", "-c", f"exit {status}", options=options,
                 env=environment(PITSTOP_REPORT=mode))
    assert result.returncode == status
    assert (HEAD in result.stderr) == printed
    assert result.stdout == ""


def test_arguments_of_the_recipe_ask_for_a_hold():
    result = run("sh", "-c", "exit 3", "sh", "--remote_debug")
    assert HEAD + "ended with status 3\n" in result.stderr


def test_it_follows_what_the_step_wrote():
    result = run("sh", "-c", "echo last >&2; exit 1",
                 env=environment(PITSTOP_REPORT="always"))
    assert result.stderr.startswith("last\n" + HEAD)


def test_a_command_that_cannot_be_run_has_none():
    result = run("/not/there", env=environment(PITSTOP_REPORT="always"))
    assert result.returncode == 127
    assert HEAD not in result.stderr


# ---- whatever breaks --------------------------------------------------------

def test_standard_error_closed():
    result = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", PITSTOP, "run", "--report",
         "always", "--", "sh", "-c", "echo x; exit 5"],
        env=environment(), stdout=subprocess.PIPE, timeout=PATIENCE)
    assert (result.returncode, result.stdout) == (5, b"x\n")


def test_standard_error_that_nobody_reads_any_more():
    read, write = os.pipe()
    os.close(read)
    try:
        result = subprocess.run(
            [PITSTOP, "run", "--report", "always", "--", "sh", "-c", "exit 5"],
            env=environment(), stderr=write, timeout=PATIENCE)
    finally:
        os.close(write)
    assert result.returncode == 5


def test_standard_error_a_full_pipe():
    read, write = os.pipe()
    try:
        os.set_blocking(write, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(write, bytes(4096))
        os.set_blocking(write, True)
        result = subprocess.run(
            [PITSTOP, "run", "--report", "always", "--", "sh", "-c", "exit 5"],
            env=environment(), stderr=write, timeout=PATIENCE)
    finally:
        os.close(read)
        os.close(write)
    assert result.returncode == 5


def test_its_agent_killed_at_the_end(tmp_path):
    """The lines are the supervisor's own."""
    env = environment(PITSTOP_REPORT="always", PITSTOP_LOG_DIR=str(tmp_path))
    with running("sh", "-c", "read x; exit 6", env=env) as process:
        agent = serving_agent(process.pid)
        os.kill(agent, signal.SIGSTOP)
        process.stdin.write(b"\n")
        assert process.stderr.readline().decode() == (
            HEAD + "ended with status 6\n")
        os.kill(agent, signal.SIGKILL)
        assert process.wait(PATIENCE) == 6


@pytest.mark.skipif(SANITIZED, reason="the sanitizer's leak check reads /proc")
def test_without_proc(tmp_path):
    """Nothing is known of the cgroup; all else is."""
    prefix = needs("unshare", "--mount", "--propagation", "private")
    result = run("sh", "-c", "exit 3", prefix=[
        *prefix, "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"],
        env=environment(PITSTOP_REPORT="always"))
    assert result.returncode == 3
    assert report(result)[0] == HEAD + "ended with status 3"
    assert "cgroup" not in result.stderr


def test_a_step_that_fails_before_its_agent_is_up(told, tmp_path):
    """That hears of it all the same."""
    for _ in range(10):
        result, event = told("sh", "-c", "sleep 0.004; exit 9")
        assert result.returncode == event["status"] == 9
        for file in tmp_path.glob("*.jsonl"):
            file.unlink()


# ---- the metric -------------------------------------------------------------

def test_the_metric_is_there_once_it_has_ended(held):  # noqa: F811
    """A client that does not leave makes its agent wait a moment."""
    step = held()
    client = step.attached(step.launch, {step.path: [7]})
    client.stopped("breakpoint")
    line = "\npitstop_step_exit_status "

    def scrape():
        try:
            return ask(step.http_port, "GET", "/metrics").content.decode()
        except OSError:
            return None

    assert line not in scrape()
    pid = json.loads(ask(step.http_port, "GET", "/v1/sessions",
                         TOKEN).content)["sessions"][0]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: line + "137\n" in (scrape() or ""), "the status")
