"""What the tests of `pitstop run` share."""
import contextlib
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PITSTOP = os.path.abspath(os.environ.get("PITSTOP_BIN",
                                         ROOT / "build/pitstop"))
PROGRAMS = ROOT / "tests/programs"
PATIENCE = 30     # seconds: the bound of every wait
# No site, so no hook: what is looked at is the supervisor alone.
PYTHON = [sys.executable, "-I", "-S"]
# A build for tests: its C library and the sanitizers differ in places.
SANITIZED = b"__asan_init" in pathlib.Path(PITSTOP).read_bytes() \
    if os.path.exists(PITSTOP) else False
UNSHARE = ["unshare"] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
AS_PID_1 = [*UNSHARE, "--pid", "--fork", "--mount-proc"]
READ_ONLY_VIEW = [*UNSHARE, "--mount", "--propagation", "private"]


def program(name, *arguments):
    return [*PYTHON, str(PROGRAMS / name), *arguments]


def python(text, *arguments):
    return [*PYTHON, "-c", text, *arguments]


def environment(**more):
    """The caller's, without pitstop's variables; ports that other runs on
    this machine do not want."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("PITSTOP_")}
    port = random.randrange(10000, 19000)
    env["PITSTOP_PORT"] = str(port)
    env["PITSTOP_HTTP_PORT"] = str(port + 16)
    if SANITIZED:
        env["ASAN_OPTIONS"] = "disable_coredump=0"
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def command(*words, options=(), prefix=()):
    return [*prefix, PITSTOP, "run", *options, "--", *map(str, words)]


def run(*words, options=(), prefix=(), env=None, **more):
    """Run to its end; output as text."""
    more.setdefault("stdin", subprocess.DEVNULL)
    if "input" in more:
        del more["stdin"]
    return subprocess.run(
        command(*words, options=options, prefix=prefix),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, timeout=PATIENCE * 2,
        env=env or environment(), **more)


@contextlib.contextmanager
def running(*words, options=(), prefix=(), env=None, **more):
    """A run with pipes; ended at the end of the block if it still runs."""
    for name in ("stdin", "stdout", "stderr"):
        more.setdefault(name, subprocess.PIPE)
    with subprocess.Popen(
            command(*words, options=options, prefix=prefix), bufsize=0,
            env=env or environment(), **more) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                end(process)


def end(process):
    """Its steps, so that it removes what it has made; itself if need be."""
    for pid in descendants(process.pid):
        if b"\0run\0" not in read_proc(pid, "cmdline"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)


def descendants(pid):
    for child in children(pid):
        yield child
        yield from descendants(child)


def kill_tree(pid):
    """A child first: a step outlives a supervisor that is killed."""
    for child in children(pid):
        kill_tree(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def line(process):
    """The words of the next line of its output; none at the end."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        assert ready, "no whole line: %r" % text
        byte = os.read(process.stdout.fileno(), 1)
        if not byte:
            break
        text += byte
    return text.decode().split()


def wait_for(condition, what="condition", patience=PATIENCE):
    """Its value once it is true."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "waited in vain: " + what
        time.sleep(0.002)


def read_proc(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def children(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in tasks.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def state(pid):
    """R, S, T, Z …; "" when it is gone."""
    stat = read_proc(pid, "stat").decode()
    return stat.rpartition(")")[2].split()[0] if stat else ""


def agent_of(supervisor):
    """The pid of its agent, None when there is none now."""
    for pid in children(supervisor):
        if read_proc(pid, "cmdline") == b"pitstop\0agent\0":
            return pid
    return None


def variables(pid):
    pairs = read_proc(pid, "environ").decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def listens(pid):
    """The TCP ports on which that process listens."""
    inodes, ports = set(), set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    for table in ("tcp", "tcp6"):
        for row in read_proc(pid, "net/" + table).decode().splitlines()[1:]:
            words = row.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


def serving_agent(supervisor, other_than=None):
    """The pid of an agent that listens."""
    def look():
        pid = agent_of(supervisor)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if pid and pid != other_than and listens(pid):
                return pid
        return None
    return wait_for(look, "an agent that listens")


def needs(*words):
    """Skip unless that command works here (root, or user namespaces)."""
    if subprocess.run([*words, "true"], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip(" ".join(words) + " is not possible here")
    return list(words)
