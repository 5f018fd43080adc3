"""probe, status, stacks, release, extend, abort, launch-json: what people and health
checks ask an agent by."""
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

from dap_client import PATIENCE, Refused
from harness import (PITSTOP, Output, clean_environment, is_free, place,
                     strip_log, wait_for)
from test_access import good_client_gets_in, refusals
from test_ranks import Ranks

TOKEN = "known-to-the-tests"
TOKEN_DELAY = 3
PROBE_SECONDS = 0.005
NOBODY = 65534
COMMANDS = ("probe", "status", "stacks", "release", "extend", "abort",
            "launch-json")

root = pytest.mark.skipif(os.geteuid() != 0, reason="this needs root")


def pitstop(*words, env=None, **more):
    """(status, stdout, stderr)."""
    done = subprocess.run(
        [PITSTOP] + [str(w) for w in words], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        universal_newlines=True, env=clean_environment(**(env or {})), **more)
    return done.returncode, done.stdout, done.stderr


def variables(pid):
    with open("/proc/%d/environ" % pid) as file:
        return dict(v.split("=", 1) for v in file.read().split("\0")[:-1])


def variable(pid, name):
    """Of a process that may not have become its program yet."""
    return wait_for(lambda: variables(pid).get(name), name)


class Asked:
    """A held step, and commands as from a shell inside it: other tests' steps
    may run on this machine."""

    def __init__(self, step):
        self.step = step
        self.socket = variable(step.main_pid(), "PITSTOP_SOCKET")

    def __call__(self, *words, **env):
        return pitstop(*words, env=dict({"PITSTOP_SOCKET": self.socket},
                                        **env))

    @property
    def far(self):
        """By TCP: no address of loopback that counts as here."""
        return "http://127.0.0.2:%d" % self.step.http_port

    @property
    def debug_port(self):
        return "127.0.0.1:%d" % self.step.port


@pytest.fixture
def held(hold, one_python, tmp_path):
    def begin(*options, name="simple.py", token=TOKEN, **more):
        path = place(tmp_path, name)
        # until it is ended
        words = [str(tmp_path / "stop")] if name == "loop.py" else []
        step = hold([one_python.path, path] + words, *options,
                    env={"PITSTOP_TOKEN": token}, **more)
        step.path, step.launch = path, step.wait_held()
        return Asked(step)
    return begin


@contextlib.contextmanager
def stranger(answer):
    """A server that says `answer` (None: nothing, and goes on listening)
    whatever it is asked. Yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                kept.append(connection)
                if answer is None:
                    continue
                if answer:
                    connection.recv(65536)
                connection.sendall(answer)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in kept:
        connection.close()


def http(status, body, kind="application/json"):
    return ("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, kind, len(body), body)).encode()


# ---- their words --------------------------------------------------------

@pytest.mark.parametrize("command", COMMANDS)
def test_each_has_a_help_and_refuses_what_it_does_not_know(command):
    status, out, err = pitstop(command, "--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: pitstop %s " % command)
    assert all(len(line) <= 80 for line in out.splitlines())
    status, out, err = pitstop(command, "--nosuch")
    assert (status, out) == (2, "") and "--nosuch" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [
    ("--token", "a-secret"), ("--token=a-secret",), ("--nosuch=a-secret",),
    ("http://a-secret@127.0.0.1:5679",), ("http://127.0.0.1/#a-secret",),
    ("http://127.0.0.1:5679/?token=a-secret",)], ids=str)
def test_a_secret_in_the_command_line_is_not_repeated(command, words):
    status, out, err = pitstop(command, *words)
    assert (status, out) == (2, "")
    assert err and "a-secret" not in err


USAGE = [
    ("probe", "https://127.0.0.1"), ("probe", "127.0.0.1:5679"),
    ("probe", "http://127.0.0.1:0"), ("probe", "http://"),
    ("probe", "http://127.0.0.1/livez"), ("probe", "--live", "--ready"),
    ("probe", "--timeout"), ("probe", "--timeout", "0"),
    ("probe", "--timeout", "-1"), ("probe", "--dap", "127.0.0.1"),
    ("probe", "--dap", "127.0.0.1:1", "--ready"), ("probe", "--dap"),
    ("probe", "--dap", "127.0.0.1:1", "http://127.0.0.1:1"),
    ("probe", "--token-file", "/dev/null"), ("probe", "-x"),
    ("probe", "http://127.0.0.1", "http://127.0.0.1"),
    ("status", "--json", "--watch"), ("status", "--watch=1"),
    ("status", "41"), ("status", "--token-file", "/nosuch/file"),
    ("stacks", "x"), ("stacks", "rank"), ("stacks", "1", "2"),
    ("stacks", "--json", "41"), ("release", "first"), ("release", "rank"), ("release", "rank", "x"),
    ("release", "-3"), ("release", "1", "2"), ("release", "1", "2", "3"),
    ("release", "--by", "3"), ("extend", "--by", "0"),
    ("extend", "--by", "1w"), ("abort", "0"), ("launch-json", "41"),
]


@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_what_makes_no_sense_is_a_usage_error(words):
    status, out, err = pitstop(*words)
    assert (status, out) == (2, "")
    assert err.startswith("pitstop %s: " % words[0])
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("words, said", [
    (("extend", "--by", "1w"), "--by is '1w', allowed is 1 to 604800 seconds"),
    (("probe", "--timeout", "0"), "--timeout is '0', allowed is 1 to 3600"),
    (("release", "rank", "x"), "'all', not 'rank x'"),
    (("abort", "first"), "'all', not 'first'"),
    (("stacks", "rank"), "names a process, not 'rank'")])
def test_what_was_said_and_what_is_allowed_are_named(words, said):
    assert said in pitstop(*words)[2]


# ---- probe --------------------------------------------------------------

def test_probe_tells_whether_it_lives_and_is_ready(held):
    asked = held()
    for url in ((), (asked.far,), ("http://127.0.0.1:%d" %
                                   asked.step.http_port,)):
        status, out, err = asked("probe", *url)
        assert (status, err) == (0, "")
        assert re.fullmatch(r"healthy: pitstop [\d.]+, .+\n", out)
        assert asked("probe", "-q", *url) == (0, "", "")
        status, out, err = asked("probe", "--ready", *url)
        assert (status, err) == (1, "")
        assert re.fullmatch(r"not ready: simple\.py \(pid \d+\) is held until "
                            r"a debugger attaches, 0:\d\d left\n", out)
        assert asked("probe", "--quiet", "--ready", *url) == (1, "", "")
    assert asked("release")[0] == 0
    assert asked.step.finished()[0] == 7


def test_probe_is_ready_when_nothing_is_held(held):
    asked = held(name="loop.py")
    assert asked("release")[0] == 0
    status, out, _ = asked("probe", "--ready")
    assert status == 0 and out.startswith("ready: nothing is held; ")


def test_probe_without_an_agent_is_not_healthy():
    status, out, err = pitstop("probe", env={"PITSTOP_SOCKET": "@pitstop-x"})
    assert (status, out, err) == (
        1, "not healthy: no agent of pitstop runs here\n", "")


@pytest.mark.parametrize("answer", [
    b"", b"SSH-2.0-OpenSSH_9.2p1\r\n", http("200 OK", "{}"),
    http("200 OK", '{"status":"pass"}'), http("200 OK", "hello"),
    http("503 No", "<html>"), http("200 OK", '{"status":"\\u001b[2J"}'),
    b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5000000], ids=lambda a: str(a[:40]))
def test_probe_takes_no_stranger_for_an_agent(answer):
    with stranger(answer) as port:
        status, out, err = pitstop("probe", "http://127.0.0.1:%d" % port)
    assert (status, err) == (1, "")
    assert out.startswith("not healthy: ") and len(out.splitlines()) == 1
    assert answer or "closes the connection without an answer" in out
    assert "\033" not in out


def test_probe_waits_no_longer_than_it_may():
    with stranger(None) as port:
        begun = time.monotonic()
        status, out, _ = pitstop("probe", "--timeout", "1",
                                 "http://127.0.0.1:%d" % port)
        took = time.monotonic() - begun
    assert status == 1 and "no answer in time" in out
    assert 0.9 < took < 3


def test_probe_of_an_agent_that_stands_still_is_not_healthy(held):
    asked = held()
    pid = asked.step.agent()
    os.kill(pid, signal.SIGSTOP)
    try:
        status, out, _ = asked("probe", "--timeout", "1")
        assert status == 1 and "no answer in time" in out
    finally:
        os.kill(pid, signal.SIGCONT)
    assert asked("probe")[0] == 0


@pytest.mark.skipif("/asan/" in PITSTOP, reason="the sanitizer takes its time")
def test_probe_takes_a_few_milliseconds(held):
    asked = held()
    env = clean_environment(PITSTOP_SOCKET=asked.socket)

    def once():
        begun = time.monotonic()
        assert subprocess.call([PITSTOP, "probe", "-q"], env=env) == 0
        return time.monotonic() - begun
    assert min(once() for _ in range(30)) < PROBE_SECONDS


# ---- found by itself ----------------------------------------------------

class Alone:
    """A network of its own, where no other test's agents are."""

    def __init__(self, folder):
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c",
             "ip link set lo up && echo up && exec sleep 600"],
            stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"up\n"
        self.binary = folder / "pitstop-alone"
        self.binary.write_text(
            '#!/bin/sh\nexec nsenter --net=/proc/%d/ns/net "%s" "$@"\n'
            % (self.holder.pid, PITSTOP))
        self.binary.chmod(0o755)

    def __call__(self, *words, env=None, **more):
        done = subprocess.run(
            [str(self.binary)] + list(words), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True,
            env=clean_environment(**(env or {})), timeout=PATIENCE, **more)
        return done.returncode, done.stdout, done.stderr

    def end(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


@pytest.fixture
def alone(tmp_path):
    place_ = Alone(tmp_path)
    yield place_
    place_.end()


@root
def test_the_only_agent_is_found(alone, hold, one_python, tmp_path):
    assert alone("probe") == (
        1, "not healthy: no agent of pitstop runs here\n", "")
    status, out, err = alone("status")
    assert (status, out) == (1, "") and "no agent of pitstop runs here" in err
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                binary=str(alone.binary))
    step.wait_held()
    assert alone("probe")[0] == 0
    status, out, _ = alone("status")
    assert status == 0 and " holding " in out
    # another user may not
    done = subprocess.run(
        ["nsenter", "--net=/proc/%d/ns/net" % alone.holder.pid, "setpriv",
         "--reuid", str(NOBODY), "--clear-groups", PITSTOP, "status"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, env=clean_environment(), timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "another user's" in done.stderr
    assert alone("release")[0] == 0
    assert step.finished()[0] == 7


@root
def test_of_several_agents_one_is_named_by_its_url(alone, hold, one_python,
                                                   tmp_path):
    path = place(tmp_path, "simple.py")
    steps = [hold([one_python.path, path], binary=str(alone.binary))
             for _ in range(2)]
    for step in steps:
        step.wait_held()
    status, out, err = alone("release")
    assert (status, out) == (1, "")
    urls = re.findall(r"(http://127\.0\.0\.1:\d+)  simple\.py, its agent is "
                      r"pid \d+\n", err)
    assert len(set(urls)) == 2
    assert len(alone("probe")[1].splitlines()) == 2
    assert alone("probe")[0] == 0
    assert alone("release", urls[0])[0] == 0        # and no token is asked
    wait_for(lambda: sum(s.running() for s in steps) == 1, "one step's end")
    assert alone("release")[0] == 0
    assert [s.finished()[0] for s in steps] == [7, 7]


@root
def test_an_agent_in_a_container_of_its_own_is_not_here(alone, hold,
                                                        one_python, tmp_path):
    """On the same network; it could not tell who asks."""
    inside = tmp_path / "inside"
    inside.write_text('#!/bin/sh\nexec unshare --pid --fork "%s" "$@"\n'
                      % alone.binary)
    inside.chmod(0o755)
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                binary=str(inside))
    step.wait_held()
    for command in ("probe", "status"):
        status, out, err = alone(command)
        assert status == 1 and "no agent of pitstop runs here" in out + err
    # by its port it can be asked
    url = "http://127.0.0.1:%d" % step.http_port
    assert alone("probe", url)[0] == 0
    status, out, err = alone("status", url)
    assert status == 1 and "it wants its token" in err


# ---- status -------------------------------------------------------------

def test_status_is_a_table(held):
    asked = held()
    status, out, err = asked("status")
    assert (status, err) == (0, "")
    title, row, last = out.splitlines()
    assert re.fullmatch(r" *PID  STATE +LEFT  CLIENT +SCRIPT", title)
    assert re.fullmatch(r" *\d+  holding  0:[012]\d  -       simple\.py", row)
    assert row.index("holding") == title.index("STATE")
    assert row.index("simple.py") == title.index("SCRIPT")
    assert last == "debuggers connect to 127.0.0.1:%d" % asked.step.port


def test_status_names_the_client(held):
    asked = held(name="loop.py")
    client = asked.step.attached(asked.step.launch)
    asked.step.hold_ended()
    row = asked("status")[1].splitlines()[1]
    assert re.search(r"  attached +-  %s:%d +loop\.py$" % client.name, row)


def test_status_as_json_is_the_answer_of_the_agent(held):
    asked = held()
    status, out, err = asked("status", "--json")
    assert (status, err) == (0, "")
    only, = json.loads(out)["sessions"]
    assert only["state"] == "holding" and only["name"] == "simple.py"


def test_status_by_url_needs_the_token(held, tmp_path):
    asked = held()
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(TOKEN + "\n")
    wrong.write_text("a-guess\n")
    for words, env, said in [
            ((), {}, "it wants its token"),
            ((), {"PITSTOP_TOKEN": "a-guess"}, "the token is wrong"),
            (("--token-file", wrong), {"PITSTOP_TOKEN": TOKEN},
             "the token is wrong"),
            (("--token-file", "/dev/null"), {"PITSTOP_TOKEN": TOKEN},
             "it wants its token")]:
        status, out, err = asked("status", *words, asked.far, **env)
        assert (status, out) == (1, "")
        assert said in err and "--token-file" in err and "a-guess" not in err
    for words, env in [((), {"PITSTOP_TOKEN": TOKEN}),
                       (("--token-file", right), {})]:
        status, out, err = asked("status", *words, asked.far, **env)
        assert (status, err) == (0, "") and " holding " in out


def test_status_where_nobody_answers():
    status, out, err = pitstop("status", "http://127.0.0.1:1")
    assert (status, out) == (1, "")
    assert err == ("pitstop: status: http://127.0.0.1:1: nothing listens "
                   "there\n")


@pytest.mark.parametrize("answer", [
    b"\0\1", http("200 OK", "{}"), http("200 OK", "[" * 5000),
    http("500 No", "")], ids=str)
@pytest.mark.parametrize("words", [
    ("status",), ("status", "--watch"), ("release",), ("abort",)],
    ids=" ".join)
def test_answers_of_strangers_are_told_as_such(words, answer):
    with stranger(answer) as port:
        status, out, err = pitstop(*words, "http://127.0.0.1:%d" % port)
    assert (status, out) == (1, "")
    assert err.endswith(": what answers is no pitstop agent\n")


class Terminal:
    """A command on a terminal of `columns`."""

    def __init__(self, columns, *words, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [PITSTOP] + list(words), stdin=slave, stdout=slave, stderr=slave,
            env=clean_environment(**env))
        os.close(slave)
        self.output = Output(os.fdopen(self.master, "rb", buffering=0))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.output.wait_end()
        self.output.reader.join(5)
        self.output.pipe.close()


def test_watch_keeps_the_table_up_to_date_on_a_terminal(held):
    asked = held()
    screen = Terminal(30, "status", "--watch",
                      env={"PITSTOP_SOCKET": asked.socket})
    try:
        screen.output.wait(r"\033\[3A *PID")    # over the three lines before
        text = screen.output.text
        assert all(len(re.sub("\033\\[\\d*[A-Z]", "", line)) <= 30
                   for line in text.split("\r\n"))
        wait_for(lambda: len(set(re.findall(r"holding +(\d:\d\d)",
                                            screen.output.text))) > 1,
                 "the countdown")
        assert asked("release")[0] == 0
        asked.step.finished()
        screen.output.wait("the step has ended")
        assert screen.process.wait(PATIENCE) == 0
    finally:
        screen.end()


def test_watch_elsewhere_prints_what_has_changed(held):
    asked = held(name="loop.py")
    watch = subprocess.Popen(
        [PITSTOP, "status", "--watch"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=clean_environment(
            PITSTOP_SOCKET=asked.socket), bufsize=0)
    output = Output(watch.stdout)
    try:
        output.wait(" holding ")
        client = asked.step.client(asked.step.launch)
        client.start(asked.step.launch)
        output.wait(" attached ")
        assert "\033" not in output.text
        assert output.text.count("SCRIPT") <= 3     # attaching, maybe
        assert asked("abort")[0] == 0
        output.wait("^the step has ended$")
        assert watch.wait(PATIENCE) == 0
    finally:
        watch.kill()
        watch.wait()
        watch.stderr.close()
        output.reader.join(5)
        watch.stdout.close()


# ---- release, extend, abort ---------------------------------------------

def test_release_lets_the_step_run(held):
    asked = held()
    status, out, err = asked("release")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"released simple\.py \(pid \d+\)\n", out)
    assert asked.step.hold_ended()[0] is False
    asked.step.stdout.wait("^pitstop: released by 'pitstop release'; the step "
                           "runs on")
    status, out, _ = asked.step.finished()
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")


def test_extend_adds_five_minutes_or_what_is_said(held):
    asked = held()
    status, out, err = asked("extend")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"simple\.py \(pid \d+\) is held for 5:[12]\d more\n",
                        out)
    status, out, _ = asked("extend", "--by", "1h", asked.far,
                           PITSTOP_TOKEN=TOKEN)
    assert status == 0 and re.search(r" for 1:05:[12]\d more\n", out)
    assert asked("release")[0] == 0


def test_what_is_not_held_is_neither_released_nor_extended(held):
    asked = held(name="loop.py")
    assert asked("release")[0] == 0
    for command in ("release", "extend"):
        assert asked(command) == (
            1, "", "pitstop: %s: nothing is held\n" % command)
        assert asked(command, "1") == (
            1, "", "pitstop: %s: pid 1 is not held\n" % command)
        assert asked(command, "rank", "3") == (
            1, "", "pitstop: %s: rank 3 is not held\n" % command)


def test_extend_by_less_is_told(held):
    asked = held("--max-hold", "60")
    status, out, err = asked("extend")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"simple\.py \(pid \d+\) is held for [01]:[05]\d more; "
                        r"PITSTOP_MAX_HOLD allows no more\n", out)
    assert asked("release")[0] == 0


def test_extend_beyond_what_may_be_is_told(held):
    asked = held("--max-hold", "20")
    status, out, err = asked("extend")
    assert (status, out) == (1, "") and "PITSTOP_MAX_HOLD" in err


def test_abort_ends_the_step(held):
    asked = held(name="loop.py")
    assert asked("release")[0] == 0
    assert asked("abort", "1")[0] == 1
    status, out, err = asked("abort")
    assert (status, out, err) == (0, "the step was sent SIGTERM\n", "")
    status, out, err = asked.step.finished()
    assert status == 128 + signal.SIGTERM
    assert err.startswith("pitstop: the step is ended by SIGTERM, as was asked "
                          "for by 'pitstop abort'\n")


def test_a_rank_is_named_and_several_are_listed(hold, one_python, tmp_path):
    ranks = Ranks(hold, one_python, tmp_path, 3, timeout=30,
                  env={"PITSTOP_TOKEN": TOKEN})
    ranks.held()
    asked = Asked(ranks.step)
    status, out, err = asked("release")
    assert (status, out) == (1, "")
    first, title, *rows = err.splitlines()
    assert "or 'all'" in first and title.split()[0] == "RANK"
    assert sorted(r.split()[0] for r in rows if " holding " in r) == [
        "0", "1", "2"]
    # shared time is added once
    assert asked("extend", "--by", "100", "all")[0] == 0
    left = [s["hold"]["seconds_left"] for s in
            json.loads(asked("status", "--json")[1])["sessions"] if s["hold"]]
    assert len(left) == 3 and all(100 < n <= 130 for n in left)
    status, out, _ = asked("release", "rank", "1")
    assert status == 0 and len(out.splitlines()) == 1
    assert asked("release", "rank", "1")[0] == 1
    status, out, _ = asked("release", "all")
    assert status == 0 and len(out.splitlines()) == 2
    ranks.ended()


def test_a_url_needs_no_token_where_none_is_asked_for(held):
    asked = held(token="none")
    status, out, err = asked("status", asked.far)
    assert (status, err) == (0, "") and "simple.py" in out


# ---- launch-json --------------------------------------------------------

def test_launch_json_prints_what_the_agent_says():
    said = {"version": "0.2.0", "configurations": [{"pitstopRank": 0, "name": "a\tb"}]}
    with stranger(http("200 OK", json.dumps(said))) as port:
        status, out, err = pitstop("launch-json",
                                   "http://127.0.0.1:%d" % port)
    assert (status, err) == (0, "")
    assert json.loads(out) == said
    assert out.startswith('{\n  "version": "0.2.0",\n') and "\t" not in out


# ---- probe --dap --------------------------------------------------------

def dap(body):
    body = json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def no_refusal(step):
    return "refused" not in step.stderr.text


def test_dap_greets_and_touches_nothing(held):
    asked = held()
    status, out, err = asked("probe", "--dap", asked.debug_port)
    assert (status, err) == (0, "")
    assert out.startswith(asked.debug_port + ": a debugger can connect from "
                          "here; ")
    assert asked("probe", "-q", "--dap", asked.debug_port) == (0, "", "")
    assert no_refusal(asked.step)
    good_client_gets_in(asked.step)


def test_dap_says_that_the_token_is_right(held, tmp_path):
    asked = held()
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    for words, env in [((), {"PITSTOP_TOKEN": TOKEN}),
                       (("--token-file", file), {})]:
        status, out, err = asked("probe", "--dap", asked.debug_port, *words,
                                 **env)
        assert (status, err) == (0, "")
        assert out.endswith("a debugger can attach from here, with this "
                            "token\n")
        assert TOKEN not in out
    assert no_refusal(asked.step)
    good_client_gets_in(asked.step)


def test_dap_says_that_the_token_is_wrong(held):
    asked = held()
    begun = time.monotonic()
    status, out, err = asked("probe", "--dap", asked.debug_port,
                             PITSTOP_TOKEN="a-guess")
    took = time.monotonic() - begun
    assert (status, err) == (1, "")
    assert "refused: wrong token" in out and "a-guess" not in out
    assert TOKEN_DELAY - 0.5 < took < TOKEN_DELAY + 3
    assert asked.step.stderr.text.count("wrong token") == 1
    good_client_gets_in(asked.step)


def test_dap_says_that_the_address_is_not_allowed(held):
    asked = held("--allow", "10.9.9.0/24", timeout=6)
    status, out, err = asked("probe", "--dap", asked.debug_port,
                             PITSTOP_TOKEN=TOKEN)
    assert (status, err) == (1, "")
    assert "refused: 127.0.0.1 is not in PITSTOP_ALLOW" in out
    status, out, err = asked("probe", asked.far)
    assert (status, err) == (1, "") and "PITSTOP_ALLOW" in out


INITIALIZED = {"seq": 1, "type": "response", "request_seq": 1,
               "success": True, "command": "initialize",
               "body": {"supportsConfigurationDoneRequest": True}}


@pytest.mark.parametrize("answer, said", [
    (None, "does not answer as a debug adapter"),
    (b"", "is closed at once"),
    (b"SSH-2.0-OpenSSH_9.2p1\r\n", "no debug adapter"),
    (b"Content-Length: 2\r\n\r\n{}", "no debug adapter"),
    (b"Content-Length: 999\r\n\r\n{", "ended before the answer"),
    (b"Content-Length: 99999999\r\n\r\n", "no debug adapter"),
    (http("400 Bad Request", "{}"), "an HTTP server is there"),
    (dap({"seq": 1, "type": "event", "event": "output"}) * 5000,
     "says too much"),
    (dap(INITIALIZED), "not pitstop's"),
    (dap(dict(INITIALIZED, success=False, message="\033[2Jgo away")),
     "refused: ?[2Jgo away"),
], ids=lambda value: str(value)[:30])
def test_dap_tells_strangers_apart(answer, said):
    with stranger(answer) as port:
        status, out, err = pitstop("probe", "--timeout", "1", "--dap",
                                   "127.0.0.1:%d" % port)
    assert (status, err) == (1, "")
    assert said in out and len(out.splitlines()) == 1
    assert "\033" not in out


def test_dap_says_what_to_do_where_nothing_listens():
    with stranger(b"") as port:
        pass
    wait_for(lambda: is_free(port), "a port that nobody has")
    status, out, _ = pitstop("probe", "--dap", "127.0.0.1:%d" % port)
    assert status == 1 and "nothing listens there" in out


@root
def test_dap_tells_no_way_from_no_answer(alone):
    status, out, _ = alone("probe", "--dap", "10.99.0.1:5678")
    assert status == 1 and "there is no way to that address" in out
    for words in (("ip", "link", "add", "d0", "type", "veth", "peer", "name",
                   "d1"),
                  ("ip", "link", "set", "d1", "up"),
                  ("ip", "addr", "add", "10.99.0.2/24", "dev", "d0"),
                  ("ip", "link", "set", "d0", "up"),
                  ("ip", "neigh", "replace", "10.99.0.1", "dev", "d0",
                   "lladdr", "02:00:00:00:00:01", "nud", "permanent")):
        subprocess.run(("nsenter", "--net=/proc/%d/ns/net" %
                        alone.holder.pid) + words, check=True)
    status, out, _ = alone("probe", "--timeout", "1", "--dap",
                           "10.99.0.1:5678")
    assert status == 1 and "a firewall drops what is sent" in out


def test_a_check_is_no_way_around_an_attach(held):
    """The same delay for a wrong token, and none of what an attach has."""
    asked = held()
    client = asked.step.client(asked.step.launch)
    assert client.initialize()["supportsPitstopCheck"] is True
    begun = time.monotonic()
    first = client.send("pitstopCheck", {"pitstopToken": "a-guess"})
    second = client.send("pitstopCheck", {"pitstopToken": TOKEN})
    response = client.response(first)
    assert time.monotonic() - begun > TOKEN_DELAY - 0.5
    assert response["command"] == "pitstopCheck"
    assert response["success"] is False and "wrong token" in \
        response["message"]
    client.wait_closed(5)
    assert not client.responses.get(second, {}).get("success")
    # one that is right is not attached by it
    client = asked.step.client(asked.step.launch)
    client.initialize()
    assert client.response(client.send("pitstopCheck", {
        "pitstopToken": TOKEN}))["success"] is True
    with pytest.raises(Refused):
        client.request("threads")
    client.wait_closed(5)
    # and may attach then
    client = asked.step.client(asked.step.launch)
    client.initialize()
    client.response(client.send("pitstopCheck", {"pitstopToken": TOKEN}))
    assert not refusals(client)
    good_client_gets_in(asked.step)
