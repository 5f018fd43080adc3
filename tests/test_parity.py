"""A program does the same with pitstop as without: the same output and status,
byte for byte, on every Python.

The programs are in tests/parity. Each runs plain, and under `pitstop run` with
no hold (with PITSTOP_BIN set to nothing: with the hook and a stand-in for the
agent).
"""
import collections
import difflib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import zipfile

import pytest

import pythons
from fake_agent import Agent, HOOK, STUB, environment
from harness import strip_log
from test_hook import Step

PROGRAMS = pathlib.Path(__file__).resolve().parent / "parity"
PITSTOP = pathlib.Path(os.environ.get(
    "PITSTOP_BIN", PROGRAMS.parent.parent / "build/pitstop"))
ZIP_SH = PROGRAMS.parent.parent / "agent/hook/zip.sh"
SECONDS = 120
NOT_HELD = "pitstop: the agent does not answer; the step is not held\n"

Result = collections.namedtuple("Result", "status out err")


# ---- running ----

def outcome(command, env, given, cwd):
    done = subprocess.run([str(word) for word in command], env=env, cwd=cwd,
                          input=given.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=SECONDS)
    # The only thing that differs from one plain run to the next.
    out, err = (re.sub(r"\bpid=\d+", "pid=N", text.decode())
                for text in (done.stdout, done.stderr))
    # A shell's view of a signal; subprocess's own differs.
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Result(status, out, err)


def base_environment(**more):
    env = environment(**more)
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        if name not in more:
            del env[name]
    return env


def with_hook(env, directory):
    """The environment with the stub first in PYTHONPATH."""
    before = env.get("PYTHONPATH")
    return dict(env, PYTHONPATH=str(directory) + (":" + before if before
                                                   else ""))


def check(got, expected):
    """A difference is shown as one, and not as two long texts."""
    def lines(result):
        return (["status %d" % result.status] + result.out.splitlines() +
                ["stderr:"] + result.err.splitlines())

    if got != expected:
        pytest.fail("\n".join(difflib.unified_diff(
            lines(expected), lines(got), "plain", "pitstop", lineterm="")),
            pytrace=False)


class Runner:
    """Runs a program both ways, each in the same directory."""

    def __init__(self, cwd, hook, agent):
        self.cwd, self.hook, self.agent = cwd, hook, agent

    def plain(self, command, given="", **env):
        return outcome(command, base_environment(**env), given, self.cwd)

    def under(self, command, given="", **env):
        if self.agent is None:
            return outcome([PITSTOP, "run", "--"] + list(command),
                           base_environment(PITSTOP_PORT=46000,
                                            PITSTOP_HTTP_PORT=46016, **env),
                           given, self.cwd)
        env = base_environment(PITSTOP_SOCKET=self.agent.name, **env)
        return outcome(command, with_hook(env, self.hook), given, self.cwd)

    def same(self, command, given="", **env):
        expected = self.plain(command, given, **env)
        check(self.under(command, given, **env), expected)


@pytest.fixture(scope="session")
def hook(tmp_path_factory):
    """A directory with the stub, where compiled forms can be written."""
    directory = tmp_path_factory.mktemp("hook")
    shutil.copy(str(STUB), str(directory))
    return directory


@pytest.fixture(scope="session")
def agent():
    if PITSTOP.is_file():
        yield None
        return
    with Agent() as agent:
        agent.let_all_go()
        yield agent


@pytest.fixture
def runner(tmp_path, hook, agent):
    return Runner(tmp_path, hook, agent)


every_python = pytest.mark.parametrize("python", pythons.interpreters())
some_pythons = pytest.mark.parametrize("python", pythons.some(
    "py3.6", "py3.9", "py3.11", "py3.13"))


# ---- programs ----

ROUNDS = [  # program, its arguments, options of Python, standard input
    ("start.py", "a --b c=d", "", ""),
    ("start.py", "", "-W error -X dev", ""),
    ("imports.py", "", "", ""),
    ("files.py", "", "", ""),
    ("threads.py", "", "", ""),
    ("forks.py", "", "", ""),
    ("forks.py", "", "-W error", ""),
    ("forks.py", "", "-W always", ""),
    ("multi.py", "x", "", ""),
    ("multi.py", "x", "-W error", ""),
    ("futures.py", "", "", ""),
    ("loops.py", "", "", ""),
    ("loops.py", "", "-X dev", ""),
    ("signals.py", "", "", ""),
    ("sigpipe.py", "", "", ""),
    ("filter.py", "", "", "one\ntwo\nlast"),
    ("filter.py", "", "-u", "x\n" * 10000),
    ("execs.py", "", "", ""),
    ("children.py", "", "", ""),
    ("unclosed.py", "", "-X dev", ""),
    ("unclosed.py", "", "-X tracemalloc -W error", ""),
    ("interpreters.py", "", "", ""),
    ("traced.py", "", "", ""),
    ("audit.py", "", "", ""),
    ("atexits.py", "", "", ""),
] + [("ends.py", how, "", "")
     for how in ("exit", "message", "raise", "hard", "abort", "kill",
                 "interrupt", "hook", "thread", "traced", "closed", "del",
                 "simply")]


def round_id(value):
    program, arguments, options, _ = value
    return " ".join(filter(None, (program, arguments, options)))


@every_python
@pytest.mark.parametrize("program", ROUNDS, ids=round_id)
def test_same(runner, python, program):
    name, arguments, options, given = program
    runner.same([python.path, *options.split(), PROGRAMS / name,
                 *arguments.split()], given)


@some_pythons
@pytest.mark.parametrize("program", ROUNDS, ids=round_id)
def test_same_when_a_failure_is_to_be_held(runner, python, program):
    """But for the lines of the hold, to which nobody comes, and the report of
    how it ended."""
    name, arguments, options, given = program
    if python.version < (3, 8) and name == "start.py":
        pytest.skip("there threading is imported, to see its threads fail")
    command = [python.path, *options.split(), PROGRAMS / name,
               *arguments.split()]
    got = runner.under(command, given, PITSTOP_HOLD="crash",
                       PITSTOP_TIMEOUT=1)
    check(got._replace(out=strip_log(got.out), err=strip_log(got.err)),
          runner.plain(command, given))


def test_programs_are_all_run():
    assert ({path.name for path in PROGRAMS.glob("*.py")} ==
            {program[0] for program in ROUNDS})


@every_python
@pytest.mark.parametrize("options", ["-I", "-E", "-s", "-B", "-O", "-OO", "-b",
                                     "-bb", "-u", "-q", "-I -S", "-X utf8",
                                     "-W ignore", "-x"])
def test_options(runner, python, options):
    runner.same([python.path, *options.split(), PROGRAMS / "start.py", "x"])


@every_python
def test_without_site(runner, python):
    """-S loads no hook: nothing shows but the entry of PYTHONPATH itself."""
    code = "import sys; print(sorted(sys.modules), sys.argv)"
    runner.same([python.path, "-S", "-c", code, "x"])


@every_python
def test_interpreter_without_a_venv(runner, python):
    runner.same([python.base, PROGRAMS / "start.py"])
    runner.same([python.base, PROGRAMS / "forks.py"])


@every_python
@pytest.mark.parametrize("ways", [["-c", "import sys; print(sys.argv)"],
                                  ["-m", "timeit", "-h"], ["-V"], ["-h"],
                                  ["-m", "json.tool"], ["-m", "missing"],
                                  ["missing.py"], ["-c", "1 +"], ["-"], [],
                                  ["-i"], ["-q", "-i", "-c", "x = 1"]],
                         ids=" ".join)
def test_ways_in(runner, python, ways):
    given = '{"a": 1}'
    if not ways or ways[0] in ("-", "-i", "-q"):
        given = (PROGRAMS / "interactive.txt").read_text()
    runner.same([python.path] + ways, given)


def write_package(directory):
    package = directory / "package"
    package.mkdir()
    (package / "__init__.py").write_text("print('package')\n")
    (package / "__main__.py").write_text(
        "import sys; print(sys.argv, sys.path[0], __package__, __name__)\n")
    return package


@every_python
def test_module_directory_and_zip(runner, python):
    package = write_package(runner.cwd)
    archive = runner.cwd / "program.zip"
    with zipfile.ZipFile(str(archive), "w") as z:
        z.write(str(package / "__main__.py"), "__main__.py")
    runner.same([python.path, "-m", "package", "x"])
    runner.same([python.path, "package", "x"])
    runner.same([python.path, "program.zip", "x"])


# ---- a sitecustomize of the user's own ----

SHOW = ("import sys; m = sys.modules.get('sitecustomize'); print(m and m.X, "
        "m and m.__file__, sys.path, "
        "[k for k in sys.modules if 'custom' in k])")
CUSTOM = {
    "normal": "X = 1\nimport sys\nsys.path.append('/added')\n"
              "print('custom')\n",
    "argv": "import sys\nX = list(getattr(sys, 'argv', ['none']))\n",
    "thread": "import threading\nX = 1\n"
              "t = threading.Thread(target=print, args=('x',))\n"
              "t.start()\nt.join()\n",
    "fork": "import os\nX = os.fork()\nif not X: os._exit(0)\n"
            "X = os.waitpid(X, 0)[1]\n",
    "raising": "X = 1\nraise ValueError('custom')\n",
    "import": "X = 1\nimport not_there\n",
    "its own name": "raise ImportError('x', name='sitecustomize')\n",
    "exit": "raise SystemExit(3)\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "syntax": "X = = 1\n",
    "replaced": "import sys, types\nm = types.ModuleType('sitecustomize')\n"
                "m.X, m.__file__ = 2, 'f'\nsys.modules['sitecustomize'] = m\n",
}


def without_file_lines(result):
    """Where the start of Python fails, a traceback shows who imports."""
    kept, skip = [], False
    for line in result.err.splitlines():
        skip = line.startswith("  File ") or skip and line.startswith("    ")
        if not skip:
            kept.append(line)
    return result._replace(err="\n".join(kept))


@every_python
@pytest.mark.parametrize("kind", sorted(CUSTOM))
def test_users_sitecustomize(runner, python, kind):
    (runner.cwd / "sitecustomize.py").write_text(CUSTOM[kind])
    command = [python.path, "-c", SHOW, "x"]
    env = {"PYTHONPATH": str(runner.cwd)}
    expected = runner.plain(command, **env)
    got = runner.under(command, **env)
    check(without_file_lines(got), without_file_lines(expected))
    if kind not in ("exit", "interrupt"):
        check(got, expected)


@every_python
@pytest.mark.parametrize("custom", ["", "print('custom')", "import nix"])
def test_hook_in_a_zip_file(tmp_path, python, custom):
    """As it stands behind the end of the binary."""
    zipped = tmp_path / "zip"
    subprocess.run([str(ZIP_SH), str(STUB), str(zipped)], check=True)
    if custom:
        (tmp_path / "sitecustomize.py").write_text(custom)
    with Agent() as agent:
        agent.let_all_go()
        runner = Runner(tmp_path, zipped, agent)
        for program in ("start.py", "forks.py"):
            runner.same([python.path, PROGRAMS / program, "x"],
                        PYTHONPATH=str(tmp_path))


@every_python
def test_no_sitecustomize(runner, python):
    runner.same([python.path, "-c", "import sitecustomize"])


@every_python
@pytest.mark.parametrize("text", [
    "X = 1; print('user')", "raise KeyError('x')", "import not_there"])
def test_usercustomize(runner, python, text):
    home = runner.cwd / "base"
    site = (home / "lib" / ("python%d.%d" % python.version) / "site-packages")
    site.mkdir(parents=True)
    (site / "usercustomize.py").write_text(text)
    runner.same([python.base, "-c", "import sys; print(sys.path)"],
                PYTHONUSERBASE=str(home))


@every_python
def test_pth_file_with_code(runner, python):
    home = runner.cwd / "base"
    site = (home / "lib" / ("python%d.%d" % python.version) / "site-packages")
    site.mkdir(parents=True)
    (site / "a.pth").write_text("import sys; print('pth')\n/tmp\n")
    runner.same([python.base, "-c", "import sys; print(sys.path)"],
                PYTHONUSERBASE=str(home))


# ---- when something is wrong with the agent ----

def garbage(sock):
    try:
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + os.urandom(100000))
    except OSError:
        pass
    sock.close()


ANSWERS = {
    "closes": lambda sock: sock.close(),
    "garbage": garbage,
    "bad length": lambda sock: sock.sendall(b"code -5\n"),
    "huge": lambda sock: sock.sendall(b"code 99999999999\n"),
    "bad code": lambda sock: sock.sendall(b"code 4\n1 + "),
    "failing code": lambda sock: sock.sendall(b"code 4\n1/0\n"),
    "unknown": lambda sock: sock.sendall(b"dance\nsing 5\n\n \n"),
}


BROKEN = ["refused", "full", "silent"] + sorted(ANSWERS)


class BadAgent(Agent):
    """Answers each registration with something that is none."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        kept = []
        while self.listener.fileno() >= 0:
            try:
                kept.append(self.listener.accept()[0])
                self.answer(kept[-1])
            except OSError:
                pass


def full_agent():
    """Its queue is full, and nobody takes anything from it."""
    agent = Agent(backlog=0)
    agent.filling = []
    for _ in range(4):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        agent.filling.append(sock)
        try:
            sock.connect("\0" + agent.name[1:])
        except BlockingIOError:
            return agent
    raise AssertionError("the queue takes any number")


def broken_agent(kind):
    if kind == "refused":
        agent = Agent()
        agent.close()
        return agent
    if kind == "full":
        return full_agent()
    if kind == "silent":
        return Agent(backlog=4096)
    return BadAgent(ANSWERS[kind])


@some_pythons
@pytest.mark.parametrize("kind", BROKEN)
def test_broken_agent(tmp_path, hook, python, kind):
    with broken_agent(kind) as agent:
        runner = Runner(tmp_path, hook, agent)
        for program in ("start.py", "forks.py", "files.py"):
            runner.same([python.path, PROGRAMS / program, "x"])


@some_pythons
def test_a_full_agent_costs_the_step_no_number_of_a_file(tmp_path, python):
    """One socket, out of the way, asks until it is taken."""
    sockets = ("[os.readlink('/proc/self/fd/' + n) for n in ('1000', '240', "
               "'60') if os.path.exists('/proc/self/fd/' + n)]")
    with full_agent() as agent:
        step = Step(python, agent, directory=tmp_path)
        assert step.line() == "started\n"
        before = step.ask(sockets)
        assert before.count("socket:") == 1
        for _ in agent.filling[:-1]:
            agent.listener.accept()[0].close()
        assert agent.accept().fields["kind"] == "start"
        assert step.ask(sockets) == before
        assert step.end()[0] == 0


@some_pythons
@pytest.mark.parametrize("kind", BROKEN)
def test_broken_agent_cannot_hold(tmp_path, hook, python, kind):
    """One line says so, within seconds, and all else is the same."""
    with broken_agent(kind) as agent:
        runner = Runner(tmp_path, hook, agent)
        command = [python.path, "-c", "print('the step'); 1/0"]
        expected = runner.plain(command)
        got = runner.under(command, PITSTOP_HOLD="step")
        assert got.out == NOT_HELD + expected.out
        assert (got.status, got.err) == (expected.status, expected.err)


@some_pythons
@pytest.mark.parametrize("name", ["@", "", "/missing/socket", "/dev/null",
                                  "@" + "x" * 200, "relative", "@\u00e9"])
def test_bad_socket_name(runner, hook, python, name):
    class Nobody:
        pass
    Nobody.name = name
    bad = Runner(runner.cwd, hook, Nobody)
    bad.same([python.path, PROGRAMS / "start.py", "x"])


@every_python
def test_without_a_socket_named(runner, hook, python):
    command = [python.path, PROGRAMS / "start.py", "--remote_debug"]
    expected = runner.plain(command)
    env = with_hook(base_environment(), hook)
    assert outcome(command, env, "", runner.cwd) == expected


# ---- Python 2.7 ----

@pytest.mark.skipif(not pythons.python27(),
                    reason="python 2.7 is not on this machine")
@pytest.mark.parametrize("custom", ["", "print('custom')", "1/0",
                                    "import nix"])
def test_python_27_is_left_alone(runner, custom):
    if custom:
        (runner.cwd / "sitecustomize.py").write_text(custom)
    for options in ([], ["-3", "-Wall"], ["-Werror"], ["-B"]):
        runner.same([pythons.python27(), *options, "-c",
                     "import sys; print(sys.argv, sys.path, "
                     "'sitecustomize' in sys.modules)", "x"],
                    PYTHONPATH=str(runner.cwd))
