"""The agent beside the step: started, watched, started again, ended; and
whatever becomes of it, the step is not affected."""
import concurrent.futures
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from run_step import (AS_PID_1, PATIENCE, PITSTOP, agent_of, children,
                      environment, kill_tree, line, listens, needs, program,
                      python, read_proc, running, serving_agent, state,
                      variables, wait_for)

SILENCE = 10    # seconds, include/ipc.h
AFTERWARDS = 5  # what an agent may take at the end, include/agent_child.h


# ---- what it is -----------------------------------------------------------

def test_it_is_this_binary_in_a_session_of_its_own():
    with running("cat") as process:
        agent = serving_agent(process.pid)
        assert os.path.samefile(f"/proc/{agent}/exe", PITSTOP)
        assert os.getsid(agent) == agent
        status = read_proc(agent, "status").decode()
        assert re.search("^SigBlk:\t0+$", status, re.MULTILINE)


def descriptors(pid):
    return {int(name): os.readlink(f"/proc/{pid}/fd/{name}")
            for name in os.listdir(f"/proc/{pid}/fd")}


def test_it_has_nothing_that_was_inherited_but_standard_error(tmp_path):
    up, down = os.pipe()
    with open(tmp_path / "file", "w") as file, running(
            "cat", pass_fds=[up, down, file.fileno()]) as process:
        agent = descriptors(serving_agent(process.pid))
        step = descriptors(children(process.pid)[0])
        assert agent.pop(0) == agent.pop(1) == "/dev/null"
        assert agent.pop(2) == step.pop(2)
        assert {0, 1, up, down, file.fileno()} == set(step)
        assert not set(agent.values()) & set(step.values())
    os.close(up)
    os.close(down)


def test_the_step_starts_before_it():
    """So the agent's start costs the step nothing."""
    with running("cat") as process:
        agent = serving_agent(process.pid)
        assert children(process.pid)[0] != agent


# ---- its token and its port -----------------------------------------------

def test_a_random_token_is_the_same_for_every_agent():
    tokens = set()
    for _ in range(2):
        with running("cat") as process:
            first = serving_agent(process.pid)
            token = variables(first)["PITSTOP_TOKEN"]
            os.kill(first, signal.SIGKILL)
            second = serving_agent(process.pid, other_than=first)
            assert variables(second)["PITSTOP_TOKEN"] == token
            assert re.fullmatch("[A-Za-z0-9_-]{22,}", token)
            tokens.add(token)
    assert len(tokens) == 2


def test_a_given_token_is_the_agents():
    with running("cat", env=environment(PITSTOP_TOKEN="given")) as process:
        agent = serving_agent(process.pid)
        assert variables(agent)["PITSTOP_TOKEN"] == "given"


def test_the_next_agent_gets_the_port_of_the_last():
    """Also when that was not the one that was asked for."""
    env = environment()
    wanted = int(env["PITSTOP_PORT"])
    with running("cat", env=env) as other:
        assert wanted in listens(serving_agent(other.pid))
        with running("cat", env=env) as process:
            first = serving_agent(process.pid)
            port = wait_for(lambda: listens(first) &
                            set(range(wanted + 1, wanted + 16)))
            kill_tree(other.pid)
            other.wait()
            os.kill(first, signal.SIGKILL)
            second = serving_agent(process.pid, other_than=first)
            assert {int(variables(second)["PITSTOP_PORT"])} == port
            wait_for(lambda: port <= listens(second))


# ---- its death ------------------------------------------------------------

def test_its_death_is_told_and_it_is_started_again():
    with running("cat") as process:
        agent = None
        for pause in ("0.05", "0.1", "0.2"):
            agent = serving_agent(process.pid, other_than=agent)
            os.kill(agent, signal.SIGKILL)
            assert process.stderr.readline().decode() == (
                "pitstop: the agent died (signal 9), starting it again in "
                f"{pause} s; the step runs on, and a debugger that was in "
                "has to attach again\n")
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


COUNT = python("import time\nfor i in range(300):\n    print(i, flush=True)\n"
               "    time.sleep(0.005)\nraise SystemExit(7)")
COUNTED = "".join(f"{i}\n" for i in range(300))
KILLS = 5       # in one run: the pauses between starts double


def kill_agents(supervisor, rng):
    """At random moments, most of them early in its life."""
    agent = None
    for _ in range(KILLS):
        last = agent
        agent = wait_for(lambda: agent_of(supervisor) not in (None, last) and
                         agent_of(supervisor), "the next agent")
        end = time.monotonic() + rng.choice([0, 0.001, 0.003, 0.01, 0.05])
        while time.monotonic() < end:
            pass
        os.kill(agent, signal.SIGKILL)


def disturbed_run(seed):
    with running(*COUNT) as process:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            killer = pool.submit(kill_agents, process.pid,
                                 random.Random(seed))
            out, err = process.communicate(timeout=PATIENCE)
            killer.result()
        return process.returncode, out.decode(), err.decode()


def test_fifty_deaths_do_not_touch_the_step():
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        for status, out, err in pool.map(disturbed_run, range(10)):
            assert (status, out) == (7, COUNTED)
            deaths = [each for each in err.splitlines()
                      if re.match(r"pitstop: the agent died \(signal 9\), "
                                  r"starting it again in [0-9.]+ s; the step "
                                  r"runs on, and a debugger that was in has "
                                  r"to attach again$", each)]
            assert len(deaths) == KILLS
            assert len(err.splitlines()) == KILLS, err


def test_one_that_cannot_be_started_does_not_touch_the_step(tmp_path):
    """The binary is gone and its copy in memory is not executable."""
    binary = shutil.copy(PITSTOP, tmp_path / "pitstop")
    with subprocess.Popen([binary, "run", "--", "cat"], bufsize=0,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment()
                          ) as process:
        agent = serving_agent(process.pid)
        os.chmod(binary, 0o644)
        os.kill(agent, signal.SIGKILL)
        lines = [process.stderr.readline().decode() for _ in range(3)]
        assert "(signal 9)" in lines[0]
        assert "(exit status 127)" in lines[1]
        assert "(exit status 127)" in lines[2]
        process.stdin.write(b"on it goes\n")
        assert line(process) == ["on", "it", "goes"]
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_full_standard_error_does_not_stop_the_supervisor():
    """Lines about the agent are dropped, signals are still forwarded."""
    with running(*program("catch_signals.py")) as process:
        assert line(process)[0] == "ready"
        with open(f"/proc/{process.pid}/fd/2", "wb", buffering=0) as pipe:
            os.set_blocking(pipe.fileno(), False)
            while pipe.write(bytes(65536)):
                pass
            agent = serving_agent(process.pid)
            os.kill(agent, signal.SIGKILL)
            serving_agent(process.pid, other_than=agent)
            os.kill(process.pid, signal.SIGUSR1)
            assert {tuple(line(process)) for _ in range(2)} == {
                ("main", "10"), ("child", "10")}


def test_a_closed_standard_error_does_not_stop_the_supervisor():
    """And its SIGPIPE is not the step's."""
    with running(*program("catch_signals.py")) as process:
        assert line(process)[0] == "ready"
        process.stderr.close()
        agent = serving_agent(process.pid)
        os.kill(agent, signal.SIGKILL)
        serving_agent(process.pid, other_than=agent)
        os.kill(process.pid, signal.SIGUSR1)
        assert {tuple(line(process)) for _ in range(2)} == {
            ("main", "10"), ("child", "10")}
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


# ---- its silence ----------------------------------------------------------

def test_one_that_stands_still_is_killed_and_replaced():
    with running("cat") as process:
        agent = serving_agent(process.pid)
        started = time.monotonic()
        os.kill(agent, signal.SIGSTOP)
        said = process.stderr.readline().decode()
        took = time.monotonic() - started
        assert said == ("pitstop: the agent did not answer for 10 s and was "
                        "killed, starting it again in 0.05 s; the step runs "
                        "on, and a debugger that was in has to attach again\n")
        assert SILENCE - 1.5 < took < SILENCE + 1.5
        serving_agent(process.pid, other_than=agent)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_freeze_of_both_is_no_silence():
    """As when a whole container is paused."""
    with running("cat") as process:
        agent = serving_agent(process.pid)
        for pid in (process.pid, agent):
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: state(process.pid) == state(agent) == "T")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(SILENCE + 2)
        os.kill(process.pid, signal.SIGCONT)
        wait_for(lambda: state(process.pid) == "S")
        os.kill(agent, signal.SIGCONT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert agent_of(process.pid) == agent
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


# ---- the end --------------------------------------------------------------

@pytest.mark.parametrize("prefix", [[], AS_PID_1])
def test_it_ends_with_the_step(prefix):
    with running("cat", prefix=prefix and needs(*prefix)) as process:
        supervisor = process.pid
        if prefix:
            supervisor = wait_for(lambda: children(supervisor))[0]
        agent = serving_agent(supervisor)
        started = time.monotonic()
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - started < 2
        assert state(agent) == ""


def test_one_that_does_not_end_is_waited_for_five_seconds():
    with running("cat") as process:
        agent = serving_agent(process.pid)
        os.kill(agent, signal.SIGSTOP)
        started = time.monotonic()
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
        took = time.monotonic() - started
        assert AFTERWARDS - 0.5 < took < AFTERWARDS + 1.5
        assert state(agent) == ""


def test_who_ends_the_run_need_not_wait_for_it():
    with running("cat") as process:
        agent = serving_agent(process.pid)
        step = children(process.pid)[0]
        os.kill(agent, signal.SIGSTOP)
        process.stdin.close()
        wait_for(lambda: state(step) == "")
        started = time.monotonic()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - started < 2


def test_it_dies_with_the_supervisor_and_the_step_goes_on():
    with running("sh", "-c", "echo $$; read x; echo $x") as process:
        step = int(line(process)[0])
        agent = serving_agent(process.pid)
        process.kill()
        process.wait()
        wait_for(lambda: state(agent) in ("", "Z"))
        process.stdin.write(b"alive\n")
        assert line(process) == ["alive"]
        wait_for(lambda: state(step) in ("", "Z"))
