"""`pitstop run` at a terminal: the step has the keyboard, keys reach it and
nothing else, and a shell can stop it, put it aside and bring it back."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pytest

from run_step import (AS_PID_1, PATIENCE, PITSTOP, children,
                      environment, kill_tree, needs, program, state, wait_for)

INTERRUPT, STOP = b"\x03", b"\x1a"
PROMPT = "=prompt="


class Terminal:
    """A pseudo terminal with a command as the leader of its session."""

    def __init__(self, *words, **env):
        self.seen = ""     # all that was shown
        self.at = 0        # how much of it has been looked at
        self.status = None
        words = [str(word) for word in words]
        env = environment(TERM="dumb", **env)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, env)
        self.resize(24, 500)    # the shell wraps no line that is typed

    def send(self, text):
        os.write(self.fd, text if isinstance(text, bytes)
                 else text.encode() + b"\n")

    def read(self, patience):
        """False at the end."""
        ready, _, _ = select.select([self.fd], [], [], patience)
        assert ready, "nothing more is shown after " + repr(self.seen)
        try:
            data = os.read(self.fd, 65536)
        except OSError:    # the last process has closed it
            data = b""
        self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, pattern):
        """Wait until the pattern is shown behind the last one."""
        end = time.monotonic() + PATIENCE
        while True:
            match = re.search(pattern, self.seen[self.at:], re.MULTILINE)
            if match:
                self.at += match.end()
                return match
            more = self.read(max(0, end - time.monotonic()))
            assert more, f"{pattern!r} was not shown in {self.seen!r}"

    def wait(self):
        """The exit status of the leader, after all that is still shown."""
        while self.read(PATIENCE):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def foreground(self):
        return os.tcgetpgrp(self.fd)

    def close(self):
        if self.status is None:
            kill_tree(self.pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal():
    opened = []

    def open_one(*words, **env):
        opened.append(Terminal(*words, **env))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def shell(terminal):
    """An interactive bash with job control. $RUN is `pitstop run --`, $STEP
    the program terminal.py."""
    t = terminal("bash", "--norc", "--noprofile", "-i", PS1=PROMPT,
                 RUN=f"{PITSTOP} run --",
                 STEP=" ".join(program("terminal.py")))
    t.expect(PROMPT)
    return t


def step_of(shell_pid):
    """Supervisor and main process of the only job."""
    supervisor, = wait_for(lambda: children(shell_pid))
    step = wait_for(lambda: [
        pid for pid in children(supervisor) if os.getpgid(pid) == pid
        and os.getsid(pid) == os.getsid(supervisor)])
    return supervisor, step[0]


RUN_STEP = [PITSTOP, "run", "--", *program("terminal.py")]


# ---- without a shell ------------------------------------------------------

def test_the_step_has_the_keyboard(terminal):
    t = terminal(*RUN_STEP)
    t.expect("^ready foreground$")
    t.send("one")
    t.expect("^said one$")
    t.send(INTERRUPT)
    t.expect("caught$")
    t.send("end")
    assert t.wait() == 3


def test_the_step_hears_of_a_new_window_size(terminal):
    t = terminal(*RUN_STEP)
    t.expect("^ready")
    t.resize(33, 77)
    t.expect("^size 33 77$")
    os.kill(t.pid, signal.SIGWINCH)  # as Docker's client has it done
    t.expect("^size 33 77$")


def test_as_pid_1_the_step_has_the_keyboard(terminal):
    t = terminal(*needs(*AS_PID_1), *RUN_STEP)
    t.expect("^ready")
    t.send("one")
    t.expect("^said one$")
    t.send(INTERRUPT)
    t.expect("caught$")
    t.send("end")
    assert t.wait() == 3


def test_the_stop_key_does_nothing_where_nobody_could_continue(terminal):
    """A container's terminal: the supervisor leads the session."""
    t = terminal(*RUN_STEP)
    t.expect("^ready")
    for _ in range(3):
        t.send(STOP)
        t.expect("go on$")
    t.send("end")
    assert t.wait() == 3


def test_a_hangup_reaches_the_step(terminal):
    t = terminal(PITSTOP, "run", "--", "sh", "-c", "echo ready; read x")
    t.expect("ready$")
    step = wait_for(lambda: children(t.pid))[0]
    os.kill(t.pid, signal.SIGHUP)
    assert t.wait() == 128 + signal.SIGHUP
    assert state(step) == ""


@pytest.mark.parametrize("version", ["", "as pid 1"])
def test_an_interactive_python_works(terminal, version):
    prefix = needs(*AS_PID_1) if version else []
    t = terminal(*prefix, PITSTOP, "run", "--", sys.executable, "-q",
                 PYTHON_BASIC_REPL="1", PYTHONSTARTUP="")
    t.expect("^>>> ")
    t.send("6 * 7")
    t.expect("^42$")
    t.expect("^>>> ")
    t.send("import time; print('sleep' + 'ing'); "
           "[time.sleep(0.01) for _ in range(60000)]")
    t.expect("^sleeping$")
    t.send(INTERRUPT)
    t.expect("^KeyboardInterrupt$")
    t.expect("^>>> ")
    t.send("raise SystemExit(6)")
    assert t.wait() == 6


# ---- under a shell with job control ---------------------------------------

def test_the_interrupt_key_reaches_the_step_alone(shell):
    shell.send("$RUN $STEP; echo status $?")
    shell.expect("^ready foreground$")
    for _ in range(3):
        shell.send(INTERRUPT)
        shell.expect("caught$")
    shell.send("end")
    shell.expect("^status 3$")
    shell.expect(PROMPT)
    assert shell.foreground() == shell.pid


def test_the_stop_key_gives_the_shell_back_and_fg_the_step(shell):
    shell.send("$RUN $STEP; echo status $?")
    shell.expect("^ready foreground$")
    supervisor, step = step_of(shell.pid)
    for _ in range(3):
        shell.send(STOP)
        shell.expect("Stopped")
        shell.expect(PROMPT)
        assert (state(supervisor), state(step)) == ("T", "T")
        shell.send("fg")
        shell.expect("go on$")
        shell.send("one")
        shell.expect("^said one$")
        assert shell.foreground() == step
    shell.send("end")
    shell.expect(PROMPT)
    shell.send("echo status $?")
    shell.expect("^status 3$")


def test_in_the_background_it_stops_when_it_wants_the_keyboard(shell):
    shell.send("$RUN $STEP &")
    shell.expect("ready background$")
    supervisor, step = step_of(shell.pid)
    wait_for(lambda: (state(supervisor), state(step)) == ("T", "T"))
    shell.send("")
    shell.expect("Stopped")
    shell.send("fg")
    shell.expect("go on$")
    shell.send("one")
    shell.expect("^said one$")
    shell.send("end")
    shell.expect(PROMPT)


def test_a_stopped_step_goes_on_in_the_background(shell, tmp_path):
    flag = tmp_path / "flag"
    shell.send(f"$RUN {sys.executable} -c \"import os, time; "
               "print('re' 'ady', flush=True)\nwhile not os.path.exists("
               f"'{flag}'): time.sleep(0.01)\nprint('do' 'ne')\"")
    shell.expect("ready$")
    shell.send(STOP)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    shell.send("bg")
    shell.expect(PROMPT)
    flag.touch()
    shell.expect("done$")
    shell.send("wait; echo status $?")
    shell.expect("^status 0$")


def test_brought_to_the_foreground_while_it_runs(shell):
    """The shell then tells nobody: keys come to the supervisor first."""
    shell.send("$RUN sh -c 'trap \"echo cau''ght; exit 5\" INT; "
               "echo re''ady; while :; do sleep 0.01; done' &")
    shell.expect("ready$")
    shell.send("fg; echo status $?")
    supervisor, _ = step_of(shell.pid)
    wait_for(lambda: shell.foreground() == supervisor)
    shell.send(INTERRUPT)
    shell.expect("caught$")
    shell.expect("^status 5$")


def test_a_pager_at_the_end_of_the_pipe_keeps_the_keyboard(shell):
    """It is in the supervisor's process group."""
    pager = (f"{sys.executable} -c \"import sys; print(sys.stdin.read()); "
             "t = open('/dev/tty'); print('pager', 'ready', flush=True); "
             "print('key', t.readline())\"")
    shell.send(f"$RUN sh -c 'echo te''xt' | {pager}; echo status $?")
    shell.expect("^text$")
    shell.expect("^pager ready$")
    shell.send("one")
    shell.expect("^key one$")
    shell.expect("^status 0$")


def test_the_last_of_a_pipe_gets_the_keyboard_when_it_asks(shell):
    shell.send(f"echo text | $RUN {sys.executable} -c \"import sys; "
               "print(sys.stdin.read(), flush=True); t = open('/dev/tty'); "
               "print('key', t.readline(), flush=True)\"; echo status $?")
    shell.expect("^text$")
    shell.send("one")
    shell.expect("^key one$")
    shell.expect("^status 0$")


def test_a_script_can_read_from_the_terminal_afterwards(shell):
    """A shell without job control takes no terminal back by itself."""
    shell.send("sh -c '$RUN true; read x; echo got $x'")
    shell.send("one")
    shell.expect("^got one$")


def test_the_stop_key_stops_the_script_around_it_too(shell):
    shell.send("sh -c '$RUN $STEP; echo after $?'")
    shell.expect("^ready foreground$")
    shell.send(STOP)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    shell.send("fg")
    shell.expect("go on$")
    shell.send("end")
    shell.expect("^after 3$")


def test_a_shell_inside_has_its_own_job_control(shell):
    shell.send("$RUN bash --norc --noprofile -i")
    shell.expect(PROMPT)
    shell.send(" ".join(program("terminal.py")))
    shell.expect("^ready foreground$")
    shell.send(STOP)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    shell.send("fg")
    shell.expect("go on$")
    shell.send("end")
    shell.expect(PROMPT)
    shell.send("exit 4")
    shell.expect(PROMPT)
    shell.send("echo status $?")
    shell.expect("^status 4$")


def test_the_agent_is_in_no_session_of_the_terminal(terminal):
    t = terminal(*RUN_STEP)
    t.expect("^ready")
    agent = wait_for(lambda: [
        pid for pid in children(t.pid) if os.getsid(pid) == pid])[0]
    assert os.getsid(agent) != t.pid
    t.send("end")
    assert t.wait() == 3
    assert state(agent) == ""
