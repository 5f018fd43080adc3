"""`pitstop run` does what running the command itself does."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest

import run_step
from run_step import (AS_PID_1, PATIENCE, PITSTOP, children, command,
                      environment, line, needs, program, python, run,
                      running, state, wait_for)

USAGE = 2


@pytest.fixture(params=["beside others", "as pid 1"])
def prefix(request):
    """Words before `pitstop`."""
    return [] if request.param == "beside others" else needs(*AS_PID_1)


# ---- the exit status ------------------------------------------------------

@pytest.mark.parametrize("status", [0, 1, 2, 42, 255])
def test_exit_status_is_the_steps(prefix, status):
    result = run("sh", "-c", f"exit {status}", prefix=prefix)
    assert (result.returncode, result.stderr) == (status, "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT,
                                    signal.SIGKILL, signal.SIGSEGV,
                                    signal.SIGTERM, 32, 34, 64])
def test_exit_status_of_a_signal_is_128_and_its_number(prefix, number):
    result = run("sh", "-c", f"kill -{int(number)} $$", prefix=prefix)
    assert (result.returncode, result.stderr) == (128 + number, "")


def test_the_main_process_ends_the_step(prefix):
    """What it leaves in the background is not waited for."""
    started = time.monotonic()
    result = run("sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!; exit 5",
                 prefix=prefix)
    assert result.returncode == 5
    assert time.monotonic() - started < 60
    if not prefix:
        os.kill(int(result.stdout), signal.SIGKILL)


def test_a_short_step_is_not_delayed():
    """Not by an agent that is still starting, nor by one that is ready."""
    took = []
    for pause in ["0"] * 5 + ["0.5"]:
        started = time.monotonic()
        assert run("sleep", pause).returncode == 0
        took.append(time.monotonic() - started - float(pause))
    assert sorted(took)[2] < 0.5
    assert took[-1] < 2


# ---- commands that cannot be run ------------------------------------------

def cannot_run(*words, **more):
    result = run(*words, **more)
    assert result.stdout == ""
    return result.returncode, result.stderr


@pytest.mark.parametrize("name", ["no-such-command", "./no/such/command", ""])
def test_a_command_that_is_not_there_is_127(prefix, name):
    assert cannot_run(name, prefix=prefix) == (
        127, f"pitstop: cannot run '{name}': No such file or directory\n")


@pytest.mark.parametrize("mode, text, why", [
    (0o644, "#!/bin/sh\n", "Permission denied"),
    (0o755, "not a program\n", "Exec format error"),
    (0o755, "#!/no/such/interpreter\n", "its interpreter is not there"),
])
def test_a_file_that_cannot_be_executed_is_126(tmp_path, mode, text, why):
    if run_step.SANITIZED and "format" in why:
        pytest.skip("glibc gives such a file to a shell")
    path = tmp_path / "command"
    path.write_text(text)
    path.chmod(mode)
    assert cannot_run(path) == (126, f"pitstop: cannot run '{path}': {why}\n")


def test_a_directory_is_126(tmp_path):
    assert cannot_run(tmp_path)[0] == 126


def test_a_command_that_cannot_run_leaves_nothing(tmp_path):
    env = environment(TMPDIR=str(tmp_path))
    assert cannot_run("no-such-command", env=env)[0] == 127
    assert list(tmp_path.iterdir()) == []


# ---- its own command line -------------------------------------------------

def pitstop_run(*words, **env):
    return subprocess.run(
        [PITSTOP, "run", *words], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True, timeout=PATIENCE,
        env=environment(**env))


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--hold", "--help"]])
def test_help_names_every_setting(words):
    result = pitstop_run(*words)
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("--hold", "PITSTOP_HOLD", "--timeout", "PITSTOP_TIMEOUT",
                 "PITSTOP_TOKEN", "python train.py"):
        assert name in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_without_a_command_it_explains():
    for words in ([], ["--"], ["--hold"], ["--timeout"]):
        result = pitstop_run(*words)
        assert (result.returncode, result.stdout) == (USAGE, "")
        assert "pitstop run --help" in result.stderr


def test_an_unknown_option_is_an_error():
    result = pitstop_run("--hodl", "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == (
        "pitstop: run has no option '--hodl'; did you mean --hold? "
        "'pitstop run --help' lists them\n")
    assert "did you mean --late-attach?" in pitstop_run("--late", "x").stderr
    assert "'pitstop version' prints" in pitstop_run("--version").stderr
    assert pitstop_run("--verbose=2", "echo").stderr == (
        "pitstop: run has no option '--verbose'; 'pitstop run --help' lists "
        "them\n")


@pytest.mark.parametrize("words", [["--token", "s3cret"], ["--token=s3cret"],
                                   ["--tokn=s3cret"]])
def test_a_token_on_the_command_line_is_refused_and_not_repeated(words):
    result = pitstop_run("--hold", *words, "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert "s3cret" not in result.stderr
    if words[0].startswith("--token"):
        assert result.stderr == (
            "pitstop: --token is no option, since others can see command "
            "lines: set the variable PITSTOP_TOKEN\n")


def test_a_webhook_on_the_command_line_is_refused_and_not_repeated():
    result = pitstop_run("--webhook", "ftp://s3cret", "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == (
        "pitstop: --webhook is no option, since others can see command lines: "
        "set the variable PITSTOP_WEBHOOK, to a URL with http:// or "
        "https://\n")


@pytest.mark.parametrize("words", [["--timeout", "--", "echo", "ran"],
                                   ["--timeout", "--port=5679", "echo", "ran"]])
def test_a_value_that_is_missing_is_said_and_costs_no_run(words):
    result = pitstop_run(*words)
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert result.stderr == (
        "pitstop: --timeout wants a value: 1 to 604800 seconds, also as 90s, "
        "10m or 2h; it stays 300\n")


# ---- variables that no setting has ----------------------------------------

UNKNOWN = {"PITSTOP_TIMOUT": "9", "PITSTOP_TOKNE": "s3cret",
           "PITSTOP_COLOUR": "1", "PITSTOP_EMPTY": "", "PITSTOPS": "2"}
HELD_NOTHING = "pitstop: nothing was held: "


def ours(err):
    return sorted(l for l in err.splitlines() if not l.startswith(HELD_NOTHING))


def test_unknown_variables_are_named_when_a_hold_is_asked_for():
    result = pitstop_run("--hold", "echo", "ran", **UNKNOWN)
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert ours(result.stderr) == [
        "pitstop: PITSTOP_COLOUR: unknown; 'pitstop run --help' lists the "
        "variables",
        "pitstop: PITSTOP_TIMOUT: unknown; did you mean PITSTOP_TIMEOUT?",
        "pitstop: PITSTOP_TOKNE: unknown; did you mean PITSTOP_TOKEN?"]


def test_nothing_is_doubted_without_a_hold(tmp_path):
    result = pitstop_run("--allow", "none", "--debugpy", str(tmp_path), "echo",
                         "ran", **UNKNOWN)
    assert (result.stdout, result.stderr) == ("ran\n", "")


@pytest.mark.parametrize("name, meant", [
    ("PITSTOP_HODL", "PITSTOP_HOLD"), ("PITSTOP_HOLDS", "PITSTOP_HOLD"),
    ("PITSTOP_STAL", "PITSTOP_STALL")])
def test_a_misspelt_hold_or_stall_is_named_where_nothing_is_held(name, meant):
    result = pitstop_run("echo", "ran", **{name: "step"}, **UNKNOWN)
    assert (result.stdout, result.stderr) == (
        "ran\n", f"pitstop: {name}: unknown; did you mean {meant}?\n")
    result = pitstop_run("echo", "ran", **{name: ""})
    assert (result.stdout, result.stderr) == ("ran\n", "")


def test_variables_of_an_outer_pitstop_are_known():
    result = pitstop_run("--hold", "sh", "-c",
                         f"PITSTOP_HELD=1 exec {PITSTOP} run echo ran")
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert ours(result.stderr) == []


def test_options_of_the_command_are_its_own():
    assert pitstop_run("echo", "--hold", "-h").stdout == "--hold -h\n"
    assert pitstop_run("--", "echo", "--", "-h").stdout == "-- -h\n"


@pytest.mark.parametrize("words, env, said", [
    (["--timeout", "soon"], {}, "--timeout is 'soon', allowed is 1 to 604800 "
     "seconds, also as 90s, 10m or 2h; it stays 300"),
    (["--timeout=0"], {}, "--timeout is '0', allowed is 1 to 604800 seconds, "
     "also as 90s, 10m or 2h; it stays 300"),
    (["--timeout", "x"], {"PITSTOP_TIMEOUT": "7"}, "--timeout is 'x', allowed "
     "is 1 to 604800 seconds, also as 90s, 10m or 2h; it stays 7"),
    ([], {"PITSTOP_MAX_HOLD": "1d"}, "PITSTOP_MAX_HOLD is '1d', allowed is 1 "
     "to 604800 seconds, also as 90s, 10m or 2h; it stays 86400"),
    ([], {"PITSTOP_HOLD": "start"}, "PITSTOP_HOLD is 'start', allowed is "
     "off, step, crash or both; it stays off"),
    ([], {"PITSTOP_TOKEN": "secret" * 100}, "PITSTOP_TOKEN is not usable, "
     "allowed is text of less than 256 bytes; it is ignored"),
])
def test_a_bad_value_is_a_warning_and_the_default(words, env, said):
    result = pitstop_run(*words, "echo", "ran", **env)
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert result.stderr == f"pitstop: {said}\n"


# ---- values that are allowed and help nobody --------------------------------

def flag_or_variable(how, name, value):
    """(words, environment) that set it."""
    if how == "flag":
        return [f"--{name.lower()}", value], {}
    return [], {f"PITSTOP_{name}": value}


def said(how, name):
    return f"--{name.lower()}" if how == "flag" else f"PITSTOP_{name}"


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_hold_to_which_nobody_can_attach_is_doubted(how):
    words, env = flag_or_variable(how, "ALLOW", "none")
    result = pitstop_run("--hold", *words, "echo", "ran", **env)
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert ours(result.stderr) == [
        f"pitstop: {said(how, 'ALLOW')} is 'none': nobody can attach, and a "
        "hold lasts until its timeout"]


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_directory_without_debugpy_is_doubted(how, tmp_path):
    words, env = flag_or_variable(how, "DEBUGPY", str(tmp_path))
    result = pitstop_run("--hold", *words, "echo", "ran", **env)
    assert (result.returncode, result.stdout) == (0, "ran\n")
    assert ours(result.stderr) == [
        f"pitstop: {said(how, 'DEBUGPY')} is '{tmp_path}', where no debugpy "
        f"is ({tmp_path}/debugpy/__init__.py: No such file or directory); "
        f"'pip install --target {tmp_path} debugpy' puts it there"]


def test_a_directory_with_debugpy_is_not_doubted(tmp_path):
    (tmp_path / "debugpy").mkdir()
    (tmp_path / "debugpy" / "__init__.py").touch()
    result = pitstop_run("--hold", "--debugpy", str(tmp_path), "echo", "ran")
    assert ours(result.stderr) == []


# ---- the recipe's arguments -----------------------------------------------

ECHO = python("import os, sys; print(*sys.argv[1:], *(os.environ.get(n) for n "
              "in ('PITSTOP_HOLD', 'PITSTOP_TIMEOUT')))")
RECIPE = ["--remote_debug", "--remote_debug_connection_timeout"]


@pytest.mark.parametrize("words, expected", [
    (["a", RECIPE[0], "b"], "a b step None"),
    (["a", *RECIPE, "20", "b"], "a b step 20"),
    ([RECIPE[1] + "=20", "b", RECIPE[0]], "b step 20"),
    ([RECIPE[1], "20", "b"], "b None 20"),
    ([RECIPE[1], "2m", "b"], "b None 120"),
    ([*RECIPE, "--lr", "1"], "--lr 1 step None"),
    (["--remote_debugger", "1"], "--remote_debugger 1 None None"),
])
def test_arguments_of_the_recipe_are_taken_out(words, expected):
    assert run(*ECHO, *words).stdout.strip() == expected


def test_arguments_of_the_recipe_leave_a_hold_at_a_crash():
    for mode in ("crash", "both"):
        result = run(*ECHO, RECIPE[0], options=["--hold=" + mode])
        assert result.stdout.strip() == "both None"


def test_arguments_of_the_recipe_are_kept_when_asked():
    words = [*ECHO, *RECIPE, "20"]
    expected = " ".join([*RECIPE, "20", "None", "None"])
    assert run(*words, options=["--args", "keep"]).stdout.strip() == expected
    env = environment(PITSTOP_ARGS="keep")
    assert run(*words, env=env).stdout.strip() == expected


def test_a_bad_timeout_of_the_recipe_is_a_warning_and_the_default():
    result = run(*ECHO, *RECIPE, "soon")
    assert result.stdout.strip() == "step None"
    assert result.stderr.startswith(
        f"pitstop: {RECIPE[1]} is 'soon', allowed is 1 to 604800 seconds, "
        "also as 90s, 10m or 2h; it stays 300\n")


# ---- what the step inherits -----------------------------------------------

def plainly(words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, check=True, **more,
                          timeout=PATIENCE).stdout


def both(words, env=None, **more):
    """The output of the command alone and of the command under pitstop."""
    env = env or environment()
    return (plainly(words, env=env, **more),
            plainly(command(*words), env=env, **more))


def set_up_a_process():
    """Nothing here is as it usually is."""
    os.umask(0o027)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (777, 777))
    resource.setrlimit(resource.RLIMIT_CORE, (4096, 8192))
    signal.pthread_sigmask(signal.SIG_BLOCK,
                           [signal.SIGUSR1, signal.SIGCHLD, 34, 64])
    for number in (signal.SIGINT, signal.SIGUSR2, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)


def test_the_step_inherits_what_the_supervisor_did(tmp_path):
    """Descriptors, signals, limits, environment, directory and the rest."""
    up, down = os.pipe()
    with open(tmp_path / "file", "w+b") as file, open("/dev/null") as null:
        plain, under = both(program("inherited.py"), stdin=null,
                            pass_fds=(up, down, file.fileno()), cwd=tmp_path,
                            stderr=null, preexec_fn=set_up_a_process)
    plain, under = json.loads(plain), json.loads(under)
    for each in (plain, under):
        assert re.match("pipe:", each["fds"].pop("1"))
    assert under == plain
    assert len(plain["fds"]) == 5


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGPIPE])
def test_an_ignored_signal_stays_ignored(number):
    plain, under = both(program("inherited.py"), preexec_fn=lambda:
                        signal.signal(number, signal.SIG_IGN))
    status = json.loads(under)["status"]
    assert status == json.loads(plain)["status"]
    assert int(status["SigIgn"], 16) >> (number - 1) & 1


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2), (0, 2)])
def test_closed_standard_descriptors_stay_closed(tmp_path, closed):
    """And nothing of pitstop's takes their place."""
    out = tmp_path / "out"
    script = ('for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && set -- "$@" $n; '
              'done; echo $* >"$0"')
    seen = []
    for words in (["sh", "-c", script], command("sh", "-c", script)):
        shut = " ".join(f"{n}>&-" for n in closed)
        subprocess.run(["sh", "-c", f'exec "$@" {shut}', "sh", *words, out],
                       env=environment(), timeout=PATIENCE, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        seen.append(out.read_text())
    assert seen[0] == seen[1]
    assert set(map(int, seen[1].split())) == {0, 1, 2} - set(closed)


def test_streams_pass_through_untouched():
    data = os.urandom(4 << 20)
    with running("sh", "-c", "cat; echo done >&2") as process:
        out, err = process.communicate(data, timeout=PATIENCE)
    assert out == data
    assert err == b"done\n"


def test_variables_are_only_added():
    """PITSTOP_* and PYTHONPATH, and what PYTHONPATH was stays behind."""
    env = environment(PYTHONPATH="/a:/b", PITSTOP_HOLD="OFF", ODD="x\ny=z")
    after = plainly(command("env", "-0"), env=env).decode().split("\0")
    after = dict(pair.split("=", 1) for pair in after if pair)
    added = {name for name in after if after[name] != env.get(name)}
    assert added == {"PITSTOP_SOCKET", "PITSTOP_HOOK_PATH", "PITSTOP_HOLD",
                     "PYTHONPATH"}
    assert after["PYTHONPATH"] == after["PITSTOP_HOOK_PATH"] + ":/a:/b"
    assert set(env) <= set(after)


def test_a_random_token_is_not_in_the_steps_environment():
    assert "PITSTOP_TOKEN" not in run("env").stdout


def test_nothing_is_printed_of_its_own(prefix):
    result = run("sh", "-c", "sleep 0.3", prefix=prefix)
    assert (result.stdout, result.stderr) == ("", "")


# ---- pipes ----------------------------------------------------------------

def test_a_reader_sees_the_end_when_the_step_closes_its_output():
    """The supervisor and the agent hold no copy of it."""
    with running("sh", "-c", "echo first; exec >&-; read wait; exit 4"
                 ) as process:
        run_step.serving_agent(process.pid)
        assert line(process) == ["first"]
        assert line(process) == []
        assert process.poll() is None
        process.stdin.write(b"\n")
        assert process.wait(PATIENCE) == 4


def test_a_writer_sees_that_the_step_closed_its_input():
    with running("sh", "-c", "exec <&-; echo closed; exec sleep 600"
                 ) as process:
        assert line(process) == ["closed"]
        run_step.serving_agent(process.pid)
        with pytest.raises(BrokenPipeError):
            process.stdin.write(b"x")


def test_an_inherited_pipe_ends_with_the_step_that_closes_it():
    up, down = os.pipe()
    with running(*python(f"import os; os.close({down}); os.read(0, 1)"),
                 pass_fds=[down]) as process:
        os.close(down)
        with open(up, "rb") as pipe:
            assert pipe.read() == b""
        assert process.poll() is None


# ---- signals --------------------------------------------------------------

def pids_of(process):
    """Of supervisor, main process and its child, seen from outside."""
    supervisor = process.pid
    if "unshare" in process.args:
        supervisor = wait_for(lambda: children(process.pid))[0]
    main = wait_for(lambda: [
        pid for pid in children(supervisor)
        if b"agent" not in run_step.read_proc(pid, "cmdline")])[0]
    return supervisor, main, wait_for(lambda: children(main))[0]


def test_every_signal_reaches_the_whole_process_group(prefix):
    with running(*program("catch_signals.py"), prefix=prefix) as process:
        assert line(process)[0] == "ready"
        supervisor, *_ = pids_of(process)
        for number in range(1, 65):
            if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD,
                          32, 33):
                continue
            os.kill(supervisor, number)
            got = {tuple(line(process)) for _ in range(2)}
            assert got == {("main", str(int(number))),
                           ("child", str(int(number)))}
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [32, 33])
def test_the_signals_of_the_c_library_are_forwarded_too(number):
    with running("sleep", "600") as process:
        wait_for(lambda: children(process.pid))
        os.kill(process.pid, number)
        assert process.wait(PATIENCE) == 128 + number


def test_queued_signals_are_all_forwarded():
    """Realtime signals that came before the first was handled."""
    with running(*python(
            "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [40])"
            "\nos.write(1, b'ready\\n')\nfor _ in range(3):"
            "\n    os.write(1, b'%d\\n' % signal.sigwait([40]))")) as process:
        assert line(process) == ["ready"]
        os.kill(process.pid, signal.SIGSTOP)
        wait_for(lambda: state(process.pid) == "T")
        for _ in range(3):
            os.kill(process.pid, 40)
        os.kill(process.pid, signal.SIGCONT)
        assert [line(process) for _ in range(3)] == [["40"]] * 3
        assert process.wait(PATIENCE) == 0


def test_a_signal_that_ends_the_step_is_its_status(prefix):
    with running("sleep", "600", prefix=prefix) as process:
        supervisor = process.pid
        if prefix:
            supervisor = wait_for(lambda: children(process.pid))[0]
        wait_for(lambda: any(
            run_step.read_proc(pid, "comm") == b"sleep\n"
            for pid in children(supervisor)))
        os.kill(supervisor, signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_a_stopped_step_is_left_to_who_stopped_it(prefix):
    """Without a terminal nobody but them would continue it."""
    with running("cat", prefix=prefix, start_new_session=True) as process:
        supervisor = process.pid
        if prefix:
            supervisor = wait_for(lambda: children(process.pid))[0]
        step = wait_for(lambda: [
            pid for pid in children(supervisor)
            if run_step.read_proc(pid, "comm") == b"cat\n"])[0]
        for stop in (signal.SIGSTOP, signal.SIGTSTP):
            os.kill(step, stop)
            wait_for(lambda: state(step) == "T")
            os.kill(supervisor, signal.SIGWINCH)  # it is awake
            assert state(supervisor) != "T"
            os.kill(supervisor, signal.SIGCONT)
            wait_for(lambda: state(step) == "S")
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


# ---- orphans --------------------------------------------------------------

def test_orphans_are_adopted_and_reaped(prefix):
    with running(*program("orphan.py"), prefix=prefix) as process:
        out, err = process.communicate(timeout=PATIENCE)
        expected = 1 if prefix else process.pid
    assert out.decode().split("\n")[:2] == [str(expected), "reaped"]
    assert (process.returncode, err) == (0, b"")


# ---- nested, and who may use it -------------------------------------------

def test_a_run_inside_a_run_uses_the_same_hook():
    result = run(PITSTOP, "run", "--", "sh", "-c", 'echo "$PYTHONPATH"')
    assert result.stderr == ""
    assert result.stdout.count("pitstop-") == 1


def test_runs_as_any_user():
    as_nobody = needs("setpriv", "--reuid=65534", "--regid=65534",
                      "--clear-groups")
    binary = shutil.copy(PITSTOP, "/tmp/pitstop-of-nobody")
    try:
        os.chmod(binary, 0o755)
        result = subprocess.run(
            [*as_nobody, binary, "run", "--", "sh", "-c",
             'id -u; cat "${PYTHONPATH%%:*}"/sitecustomize.py | wc -c'],
            env=environment(), stdout=subprocess.PIPE, cwd="/",
            stderr=subprocess.PIPE, timeout=PATIENCE)
    finally:
        os.unlink(binary)
    user, size = map(int, result.stdout.split())
    assert (user, result.returncode, result.stderr) == (65534, 0, b"")
    assert size > 100


def test_a_step_that_changes_its_user_finds_the_hook():
    as_nobody = needs("setpriv", "--reuid=65534", "--clear-groups")
    result = run(*as_nobody, "sh", "-c",
                 'cat "${PYTHONPATH%%:*}"/sitecustomize.py | wc -c')
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) > 100


# ---- when it cannot work --------------------------------------------------

def test_without_room_for_descriptors_the_step_still_runs():
    for limit in range(4, 14):  # with 3 no shared library can be loaded
        result = run("sh", "-c", "echo ran; exit 3", preexec_fn=lambda:
                     resource.setrlimit(resource.RLIMIT_NOFILE,
                                        (limit, limit)))
        assert (result.returncode, result.stdout) == (3, "ran\n"), limit


def test_in_an_empty_chroot(tmp_path):
    """No /proc, no /dev, no /tmp, no shell: the step is pitstop itself."""
    chroot = ["chroot", str(tmp_path)]
    shutil.copy(PITSTOP, tmp_path / "pitstop")
    if os.geteuid() != 0:
        chroot = ["unshare", "-r", *chroot]
    words = [*chroot, "/pitstop", "run", "--", "/pitstop", "version"]
    result = subprocess.run(words, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=PATIENCE,
                            env={"PATH": os.environ["PATH"]})
    if b"chroot" in result.stderr or b"unshare" in result.stderr:
        pytest.skip("chroot is not possible here")
    assert result.returncode == 0
    assert result.stdout.startswith(b"pitstop ")
    assert list(tmp_path.iterdir()) == [tmp_path / "pitstop"]
