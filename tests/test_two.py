"""Several runs on one host share a range of ports."""
import pytest

from dap_client import Refused
from harness import free_ports, line_of, place, strip_log

DONE = "second 42\nargv []\n"


def run_two(start, python, path, *options, **more):
    """Two on the same wanted port, started one beside the other."""
    port = free_ports()
    return [start([python.path, path], *options, port=port, **more)
            for _ in range(2)]


def test_two_held_and_both_attached(python, start, tmp_path):
    path = place(tmp_path, "simple.py")
    steps = run_two(start, python, path, "--hold", "--timeout", "30")
    launches = [step.wait_held() for step in steps]
    ports = [launch["connect"]["port"] for launch in launches]
    wanted = steps[0].port
    assert sorted(ports) == [wanted, wanted + 1]
    clients = [step.attached(launch, {path: [line_of(path, "in_add")]})
               for step, launch in zip(steps, launches)]
    for step, client in zip(steps, clients):
        thread = client.stopped("breakpoint")
        frame = client.top(thread)
        pid = client.evaluate("__import__('os').getpid()", frame)
        assert int(pid) == step.main_pid()
    for step, client in zip(steps, clients):
        client.go(client.threads()[0]["id"])
        assert step.finished()[0] == 7
        assert step.own_output() == DONE


def test_the_moved_one_says_so_in_the_log_and_the_first_does_not(
        start, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    steps = run_two(start, one_python, path, "--hold", "--timeout", "30")
    for step in steps:
        port = step.wait_held()["connect"]["port"]
        step.stdout.wait("^pitstop: started by ")
        said = step.stdout.find(r"^pitstop: check port: %d is taken.*\b%d\b"
                                % (step.port, port))
        assert bool(said) == (port != step.port)


def test_a_token_opens_its_own_step_alone(start, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    one, two = run_two(start, one_python, path, "--hold", "--timeout", "30")
    mixed = dict(one.wait_held(),
                 pitstopToken=two.wait_held()["pitstopToken"])
    with pytest.raises(Refused):
        one.client(one.wait_held()).start(mixed)
    one.attached()
    two.attached()
    assert one.finished()[0] == two.finished()[0] == 7


def test_one_timing_out_leaves_the_other_held(start, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    port = free_ports()
    short = start([one_python.path, path], "--hold", "--timeout", "1",
                  port=port)
    long = start([one_python.path, path], "--hold", "--timeout", "30",
                 port=port)
    launch = long.wait_held()
    assert short.finished()[0] == 7
    assert not long.stdout.find("^Debugger attached")
    long.attached(launch)
    status, out, _ = long.finished()
    assert (status, strip_log(out)) == (7, DONE)


def test_two_running_steps_are_both_attachable(start, one_python, tmp_path):
    path = place(tmp_path, "loop.py")
    stop = tmp_path / "stop"
    port = free_ports()
    launch = {"type": "debugpy", "request": "attach", "pitstopToken": "team"}
    steps = [start([one_python.path, path, str(stop)], port=port + n,
                   env={"PITSTOP_TOKEN": "team"}) for n in range(2)]
    for step in steps:
        step.stdout.wait("^running$")
        client = step.client()
        client.start(launch, {path: [line_of(path, "turn")]})
        thread = client.stopped("breakpoint")
        frame = client.top(thread)
        pid = client.evaluate("__import__('os').getpid()", frame)
        assert int(pid) == step.main_pid()
        client.detach()
    stop.write_text("")
    for step in steps:
        assert step.finished()[0] == 5


def test_restarted_agent_comes_back_on_its_port(start, one_python, tmp_path):
    """Also when the wanted one has become free meanwhile."""
    path = place(tmp_path, "simple.py")
    port = free_ports()
    first = start([one_python.path, path], "--hold", "--timeout", "30",
                  port=port)
    first.wait_held()
    second = start([one_python.path, path], "--hold", "--timeout", "30",
                   port=port)
    launch = second.wait_held()
    assert launch["connect"]["port"] == port + 1
    first.attached()
    assert first.finished()[0] == 7
    second.port = port + 1
    second.agent(but=second.kill_agent())
    client = second.client()
    client.start(launch)
    assert second.finished()[0] == 7
