"""What stands in the way of debugging: `pitstop doctor`, and the lines in the log
of a hold. Each is a documented case of trouble."""
import contextlib
import ctypes
import json
import os
import subprocess
import time

import pytest

import pythons
from dap_client import PATIENCE
from harness import (PITSTOP, clean_environment, free_ports, place, plain,
                     wait_for)
from http_wire import ask as http
from test_hold import listening
from test_http import TOKEN, post

SECRET = "AccountKey=hidden0123456789"


def ask(*words, cwd=None, **env):
    """(status, stdout)."""
    env.setdefault("PITSTOP_PORT", str(free_ports()))
    env.setdefault("PITSTOP_ADVERTISE", "10.3.0.5")
    done = subprocess.run(
        [PITSTOP, "doctor", *map(str, words)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        universal_newlines=True, cwd=cwd, env=clean_environment(**env))
    return done.returncode, done.stdout


def checks(*words, **more):
    """{check: (result, text and remedy)}"""
    _, out = ask("--json", *words, **more)
    return {c["check"]: (c["result"], c["text"] + "; " + c.get("remedy", ""))
            for c in json.loads(out)["checks"]}


@pytest.fixture
def held_log(hold, tmp_path):
    """The log of a hold, when all that is found has been told."""
    def begin(python, *arguments, options=(), **more):
        path = place(tmp_path, "simple.py")
        step = hold([python.path, path, *arguments], *options, **more)
        step.stdout.wait("^pitstop: started by ")
        return step.stdout.text
    return begin


# ---- the command --------------------------------------------------------

@pytest.mark.parametrize("python", pythons.some("py3.6", "py3.7", "py3.11",
                                                "py3.13"))
def test_a_sound_environment_is_fine(python):
    status, out = ask("--", python.path, "train.py", PITSTOP_SOCKET="@x")
    assert status == 0, out
    assert "debugger: debugpy %s, Python %d.%d." % (
        python.debugpy, *python.version) in out
    assert all(line.startswith("ok  ") for line in out.splitlines()), out


def test_a_command_without_pitstop_before_it_is_told(one_python):
    status, out = ask("--", one_python.path, "train.py")
    assert status == 0 and out.startswith(
        "warning  way in: none\n"
        "         put 'pitstop run --' before the command\nok ")


def test_a_command_may_have_pitstop_before_it(one_python):
    port = free_ports()
    found = checks("--", PITSTOP, "run", "--port", port, "--",
                   one_python.path, "-I", "train.py")
    assert one_python.path in found["debugger"][1]
    assert found["way in"][0] == "problem"
    assert found["port"][1].startswith("%d " % port)
    found = checks(PITSTOP, "run", one_python.path, "train.py")
    assert found["way in"] == ("ok", "pitstop run before the command; ")
    assert ask("--", PITSTOP, "run", "--nosuch") == (2, "")


def test_has_a_help_and_refuses_what_it_does_not_know():
    status, out = ask("--help")
    assert status == 0 and out.startswith("usage: pitstop doctor ")
    assert all(len(line) <= 80 for line in out.splitlines())
    assert ask("--nosuch") == (2, "")


def test_no_debugpy_is_a_problem(one_python):
    base = one_python.base
    if pythons.has_module(one_python._replace(path=base), "debugpy"):
        pytest.skip("it is there")
    status, out = ask("--", base, "train.py")
    assert status == 1 and "PITSTOP_DEBUGPY" in out
    status, out = ask("--debugpy", "/nosuch", "--", base, "train.py")
    assert status == 1 and "has no debugpy, nor has /nosuch (--debugpy)" in out


def test_an_old_python_is_a_problem():
    python = pythons.python27()
    if not python:
        pytest.skip("there is no Python 2.7")
    assert "3.6 or newer" in checks("--", python, "x.py")["debugger"][1]


def test_an_isolated_python_shuts_the_hook_out(one_python):
    found = checks("--", one_python.path, "-I", "train.py")
    assert found["way in"][0] == "problem"


def test_a_console_script_leads_to_its_python(one_python, tmp_path):
    script = tmp_path / "torchrun"
    script.write_text("#!%s\n" % one_python.path)
    script.chmod(0o755)
    assert one_python.path in checks("--", script, "x.py")["debugger"][1]


def test_a_python_that_hangs_is_not_waited_for_without_end(tmp_path):
    script = tmp_path / "python3"
    script.write_text("#!/bin/sh\nsleep 1000\n")
    script.chmod(0o755)
    begun = time.monotonic()
    assert "no answer" in checks("--", script, "x.py")["debugger"][1]
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("line", ["/usr/bin/env python3", "/bin/sh"])
@pytest.mark.parametrize("name", ["python_train.py", "python3.py",
                                  "pythonize"])
def test_a_script_whose_name_begins_like_python_is_not_run(
        one_python, tmp_path, name, line):
    script = tmp_path / name
    script.write_text("#!%s\n\"exec\" \"touch\" \"%s\"\n" % (
        line, tmp_path / "ran") if "sh" in line else
        "#!%s\nopen(%r, 'w')\n" % (line, str(tmp_path / "ran")))
    script.chmod(0o755)
    path = os.path.dirname(one_python.path) + ":" + os.environ["PATH"]
    status, out = ask("--", script, "x.py", PATH=path)
    assert not (tmp_path / "ran").exists()
    assert "no answer" not in out


def test_a_debugpy_of_the_directory_is_none(one_python, tmp_path):
    base = one_python.base
    if pythons.has_module(one_python._replace(path=base), "debugpy"):
        pytest.skip("it is there")
    (tmp_path / "debugpy").mkdir()
    (tmp_path / "debugpy" / "__init__.py").write_text("")
    assert checks("--", base, "x.py", cwd=tmp_path)["debugger"][0] == "problem"


def test_finders_that_cannot_be_asked_are_passed_over(one_python, tmp_path):
    """As the hook does."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.meta_path.insert(0, object())\n")
    found = checks("--", one_python.path, "x.py", PYTHONPATH=str(tmp_path))
    assert found["debugger"][0] == "ok"


def test_nothing_of_the_directory_is_run(one_python, tmp_path):
    for name in ("typing", "contextlib", "debugpy", "types"):
        (tmp_path / (name + ".py")).write_text("open('ran', 'w')\n")
    ask("--", one_python.path, "x.py", cwd=tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_vnet_that_is_missed_comes_before_a_doubtful_address(one_python):
    result, text = checks("--vnet", "10.99.0.0/16", "--", one_python.path,
                          "x.py", PITSTOP_ADVERTISE="")["address"]
    assert result == "warning"
    assert "this machine has none in --vnet (10.99.0.0/16)" in text


def test_a_taken_port_is_told_with_its_owner(one_python):
    port = free_ports()
    with listening(port):
        found = checks("--", one_python.path, "x.py", PITSTOP_PORT=str(port))
    assert found["port"][0] == "warning"
    assert "(pid %d); %d is used" % (os.getpid(), port + 1) in found["port"][1]


def test_an_allow_list_without_the_vnet(one_python):
    found = checks("--vnet", "10.3.0.0/16", "--allow", "192.168.0.0/16", "--",
                   one_python.path, "x.py")
    assert found["allow-list"][0] == "warning"
    assert "10.3.0.0/16" in found["allow-list"][1]
    status, out = ask("--allow", "none", "--", one_python.path, "x.py")
    assert status == 1 and "nobody can attach" in out


def test_loopback_is_told(one_python):
    done = subprocess.run(
        ["unshare", "-rn", PITSTOP, "doctor", "--", one_python.path, "x.py"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        universal_newlines=True, env=clean_environment())
    if not done.stdout:
        pytest.skip("no namespaces here")
    assert "warning  address: 127.0.0.1" in done.stdout


def test_a_file_that_is_no_file_does_no_harm(one_python, tmp_path):
    os.mkfifo(tmp_path / "requirements.txt")
    (tmp_path / "conda.yml").mkdir()
    (tmp_path / "environment.yml").write_bytes(os.urandom(300000))
    status, _ = ask("--", one_python.path, "x.py", cwd=tmp_path)
    assert status == 0


def test_no_secret_is_told(one_python, tmp_path):
    _, out = ask("--", one_python.path, "x.py", "--output_dir",
                 "/nosuch/" + SECRET, "--token", "hidden0123456789")
    assert "/nosuch/" in out and "hidden" not in out


# ---- a hold -------------------------------------------------------------

def test_one_line_when_nothing_is_wrong(held_log, one_python):
    text = held_log(one_python)
    assert "pitstop: check " not in text
    assert ("pitstop: started by pitstop run before the command, Python %d.%d."
            % one_python.version) in text
    assert "nothing wrong was found" in text


@pytest.mark.parametrize("python", pythons.some("py3.7", "py3.11"))
def test_what_is_wrong_is_told_with_the_remedy(held_log, python, tmp_path):
    (tmp_path / "requirements.txt").write_text(
        "debugpy==1.2.3\nnosuch==1.0\npip==0.1; python_version<'3'\n")
    (tmp_path / "conda.yml").write_text(
        "dependencies:\n  - python=3.5\n  - cudatoolkit=11.0\n")
    text = held_log(python, "--output_dir", "/nosuch/" + SECRET)
    assert "check output: --output_dir /nosuch/" in text
    assert "os.makedirs" in text and "hidden" not in text
    assert ("requirements.txt pins debugpy 1.2.3, installed is %s"
            % python.debugpy) in text
    assert "nosuch 1.0, which is not installed" in text
    assert "conda.yml pins python 3.5" in text
    assert "pins pip" not in text and "cudatoolkit" not in text
    assert "nothing wrong" not in text


def test_who_has_the_port(held_log, one_python):
    port = free_ports()
    with listening(port):
        text = held_log(one_python, port=port)
    assert "pitstop: check port: %d is taken by " % port in text
    assert "(pid %d); %d is used" % (os.getpid(), port + 1) in text
    assert text.count("is taken") == 1


@pytest.mark.parametrize("inside", [False, True])
def test_that_nobody_can_attach_is_told_once(start, one_python, tmp_path,
                                             inside):
    """By `pitstop run`, or, where it does not know of the hold, in that."""
    command = [one_python.path, place(tmp_path, "simple.py")]
    hold = ["env", "PITSTOP_HOLD=step", *command] if inside else command
    step = start(hold, *[] if inside else ["--hold"], "--allow", "none",
                 "--timeout", "1")
    status, out, err = step.finished()
    assert status == plain(command)[0]
    assert (out + err).count("nobody can attach") == 1
    assert "pitstop: started by " in out and "nothing wrong" not in out


def test_the_step_is_the_same(hold, one_python, tmp_path):
    os.mkfifo(tmp_path / "requirements.txt")
    (tmp_path / "conda.yml").write_bytes(os.urandom(300000))
    path = place(tmp_path, "simple.py")
    command = [one_python.path, path, "--output_dir", "/nosuch/x"]
    step = hold(command, timeout=1)
    status, _, err = step.finished()
    assert (status, step.own_output(), err) == plain(command)


def test_of_a_very_long_path_nothing_is_said(held_log, one_python, tmp_path):
    """What is not seen to be installed may be in its rest."""
    (tmp_path / "requirements.txt").write_text(
        "debugpy==%s\n" % one_python.debugpy)
    entries = [tmp_path / ("entry%d" % i) / ("x" * 200) for i in range(80)]
    text = held_log(one_python, env={"PYTHONPATH": ":".join(map(str, entries))})
    assert "not installed" not in text and "nothing wrong was found" in text


def test_many_entries_are_looked_at(held_log, one_python, tmp_path):
    (tmp_path / "requirements.txt").write_text("debugpy==1.2.3\n")
    entries = [tmp_path / ("entry%d" % i) for i in range(80)]
    text = held_log(one_python, env={"PYTHONPATH": ":".join(map(str, entries))})
    assert "pins debugpy 1.2.3, installed is " in text


@pytest.mark.parametrize("during", ["hold", "run"])
@pytest.mark.parametrize("python", pythons.some("py3.8", "py3.11", "py3.13"))
def test_it_is_told_once_though_the_agent_dies(hold, python, tmp_path, during):
    """In the first of two holds, or between them."""
    go = tmp_path / "go"
    path = tmp_path / "step.py"
    path.write_text("import os, time\nprint('runs', flush=True)\n"
                    "while not os.path.exists(%r):\n    time.sleep(0.01)\n"
                    "raise ValueError\n" % str(go))
    step = hold([python.path, str(path)], "--hold=both",
                env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^pitstop: started by ")
    if during == "hold":
        step.agent(but=step.kill_agent())
        step.stdout.wait("^pitstop: the agent was restarted")
    assert post(step, "release").status == 200
    step.stdout.wait("^runs$")
    if during == "run":
        step.agent(but=step.kill_agent())
        wait_for(lambda: knows_a_session(step), "the next agent")
    go.write_text("")
    step.launches(2)
    assert post(step, "release").status == 200
    step.finished()
    assert step.stdout.text.count("pitstop: started by ") == 1


def knows_a_session(step):
    try:
        return json.loads(http(step.http_port, "GET", "/v1/sessions", TOKEN)
                          .content.decode())["sessions"]
    except OSError:
        return False


@contextlib.contextmanager
def dead_disk(path):
    """A file system whose server takes what it is asked and says nothing."""
    libc = ctypes.CDLL(None, use_errno=True)
    path.mkdir()
    where = os.fsencode(path)
    try:
        fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        pytest.skip("there is no FUSE here")
    try:
        if libc.mount(b"dead", where, b"fuse", 0, b"fd=%d,rootmode=40000,"
                      b"user_id=0,group_id=0" % fuse) != 0:
            pytest.skip("nothing can be mounted here")
        yield
    finally:
        os.close(fuse)     # what waits for it fails
        libc.umount2(where, 2)


def test_the_end_does_not_wait_for_a_dead_disk(hold, one_python, tmp_path):
    """That of a step which has long ended must not, nor does the journal,
    though the step wants but one thread for its own libuv."""
    command = [one_python.path, place(tmp_path, "simple.py"), "--output_dir",
               str(tmp_path / "dead" / "x")]
    with dead_disk(tmp_path / "dead"):
        step = hold(command, timeout=1, env={
            "UV_THREADPOOL_SIZE": "1", "PITSTOP_LOG_DIR": str(tmp_path)})
        _, ended = step.hold_ended()
        assert step.finished()[0] == plain(command)[0]
        assert time.monotonic() - ended < 3
    (journal,) = tmp_path.glob("*.jsonl")
    last = json.loads(journal.read_text().splitlines()[-1])
    assert last["event"] == "ended"


def test_nothing_is_told_without_a_hold(start, one_python, tmp_path):
    command = [one_python.path, place(tmp_path, "simple.py"), "--output_dir",
               "/nosuch/x"]
    assert start(command).finished() == plain(command)
