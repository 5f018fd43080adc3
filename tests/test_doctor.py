"""What stands in the way of debugging: `pitstop doctor`, and the lines in the log
of a hold. Each is a documented case of trouble."""
import json
import os
import subprocess
import time

import pytest

import pythons
from dap_client import PATIENCE
from harness import PITSTOP, clean_environment, free_ports, place, plain
from test_hold import listening

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
    status, out = ask("--", python.path, "train.py")
    assert status == 0, out
    assert "debugger: debugpy %s, Python %d.%d." % (
        python.debugpy, *python.version) in out
    assert all(line.startswith("ok  ") for line in out.splitlines()), out


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


def test_nothing_of_the_directory_is_run(one_python, tmp_path):
    for name in ("typing", "contextlib", "debugpy", "types"):
        (tmp_path / (name + ".py")).write_text("open('ran', 'w')\n")
    ask("--", one_python.path, "x.py", cwd=tmp_path)
    assert not (tmp_path / "ran").exists()


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


def test_the_step_is_the_same(hold, one_python, tmp_path):
    os.mkfifo(tmp_path / "requirements.txt")
    (tmp_path / "conda.yml").write_bytes(os.urandom(300000))
    path = place(tmp_path, "simple.py")
    command = [one_python.path, path, "--output_dir", "/nosuch/x"]
    step = hold(command, timeout=1)
    status, _, err = step.finished()
    assert (status, step.own_output(), err) == plain(command)


def test_nothing_is_told_without_a_hold(start, one_python, tmp_path):
    command = [one_python.path, place(tmp_path, "simple.py"), "--output_dir",
               "/nosuch/x"]
    assert start(command).finished() == plain(command)
