"""A client that is lost, or takes nothing, does the step no harm, and the
port serves the next one."""
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

import harness
from dap_client import Client, Refused
from harness import Noise, line_of, place, wait_for

pytestmark = pytest.mark.usefixtures("noise")

AT_ONCE = 1         # s: within what the loss of a client is noticed ...
HALF_OPEN = 15      # ... and of one that vanished without a word
AGENT_KB = 6 * 1024 # with one client that takes nothing, lines of 100 kB


class Lost:
    """lost_client.py in a process of its own. `prefix` runs it."""

    def __init__(self, launch, path, *points, prefix=()):
        self.process = subprocess.Popen(
            list(prefix) + [sys.executable, os.path.join(
                harness.HERE, "lost_client.py"), json.dumps(launch), path]
            + [str(p) for p in points], stdout=subprocess.PIPE, bufsize=0)
        self.output = harness.Output(self.process.stdout)

    def wait(self, word):
        self.output.wait("^%s$" % word)
        return self

    def kill(self):
        self.process.kill()
        return time.monotonic()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.output.reader.join(5)
        self.process.stdout.close()


@pytest.fixture
def lose():
    """lose(launch, path, *points): a client to be lost."""
    clients = []

    def begin(*arguments, **more):
        clients.append(Lost(*arguments, **more))
        return clients[-1]

    yield begin
    for client in clients:
        client.end()


@pytest.fixture
def looping(hold, python, tmp_path):
    return looping_on(hold, python, tmp_path)


@pytest.fixture
def one_looping(hold, one_python, tmp_path):
    return looping_on(hold, one_python, tmp_path)


def looping_on(hold, python, folder):
    """A held step that runs on until `stop()`."""
    stop = folder / "stop"
    path = place(folder, "loop.py")
    step = hold([python.path, path, str(stop)])
    step.path = path
    step.stop = lambda: stop.write_text("")
    step.launch = step.wait_held()
    step.turn = line_of(path, "turn")
    return step


def serves_next(step, since, within):
    """Another client gets in without a takeover, and finds the step going."""
    client = wait_for(lambda: let_in(step), "a place in the step",
                      within + harness.PATIENCE, 0.02)
    assert time.monotonic() - since < within + 1    # 1: to attach
    turns = [stand(client) for _ in range(2)]
    assert turns[1] == turns[0] + 1
    client.detach()


def let_in(step):
    """A client that attached, None while it is refused."""
    client = step.client(step.launch)
    try:
        client.start(step.launch, {step.path: [step.turn]})
        return client
    except Refused:
        client.close()
        return None


def stand(client):
    """At the next turn: its number."""
    thread = client.stopped("breakpoint")
    frame = client.top(thread)
    number = int(client.evaluate("turns", frame))
    client.go(thread)
    return number


def ends_well(step):
    step.stop()
    status, out, _ = step.finished()
    assert (status, "is main True" in out) == (5, True)


# ---- gone at once -------------------------------------------------------

def test_client_killed_at_a_breakpoint(looping, lose):
    client = lose(looping.launch, looping.path, looping.turn)
    serves_next(looping, client.wait("stopped").kill(), AT_ONCE)
    ends_well(looping)


def test_client_killed_while_the_step_runs(one_looping, lose):
    client = lose(one_looping.launch, one_looping.path)
    serves_next(one_looping, client.wait("attached").kill(), AT_ONCE)
    ends_well(one_looping)


def test_reset_at_a_breakpoint(one_looping):
    client = one_looping.attached(one_looping.launch,
                                  {one_looping.path: [one_looping.turn]})
    client.stopped("breakpoint")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
    # Its reader holds the descriptor: unblocked, it lets it go.
    client.socket.shutdown(socket.SHUT_RD)
    client.reader.join(5)
    client.socket.close()
    serves_next(one_looping, time.monotonic(), AT_ONCE)
    ends_well(one_looping)


# ---- gone without a word ------------------------------------------------

class Far:
    """A host of its own behind a cable, which can be cut."""

    def __init__(self):
        self.name = "pitstop-%d" % os.getpid()
        self.here, self.there = ("ps%d%s" % (os.getpid(), e) for e in "ab")
        self.net = "10.213.%d." % (os.getpid() % 256)
        self.prefix = ["ip", "netns", "exec", self.name]

    def ip(self, *words):
        done = subprocess.run(("ip",) + words, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True)
        if done.returncode:
            raise OSError("ip %s: %s" % (" ".join(words), done.stdout))
        return done.stdout

    def up(self):
        self.ip("netns", "add", self.name)
        self.ip("link", "add", self.here, "type", "veth", "peer", "name",
                self.there, "netns", self.name)
        self.ip("addr", "add", self.net + "1/30", "dev", self.here)
        self.ip("-n", self.name, "addr", "add", self.net + "2/30", "dev",
                self.there)
        self.ip("link", "set", self.here, "up")
        self.ip("-n", self.name, "link", "set", self.there, "up")
        link = self.ip("-n", self.name, "link", "show", self.there)
        # Without this the loss would show as "no route to host".
        self.ip("neigh", "replace", self.net + "2", "dev", self.here,
                "lladdr", link.split("link/ether ")[1].split()[0],
                "nud", "permanent")

    def cut(self):
        """Packets go on to arrive there, and nobody answers."""
        self.ip("-n", self.name, "addr", "flush", "dev", self.there)
        return time.monotonic()

    def down(self):
        for words in (("link", "del", self.here),
                      ("netns", "del", self.name)):
            try:
                self.ip(*words)
            except OSError:
                pass        # it was not made


@pytest.fixture
def far():
    host = Far()
    try:
        if os.geteuid() != 0:
            pytest.skip("network namespaces need root")
        try:
            host.up()
        except OSError as why:
            pytest.skip("no network namespace here: %s" % why)
        yield host
    finally:
        host.down()


def from_far(step, far, lose, *points):
    launch = dict(step.launch)
    launch["connect"] = {"host": far.net + "1",
                         "port": launch["connect"]["port"]}
    return lose(launch, step.path, *points, prefix=far.prefix)


def test_half_open_at_a_breakpoint(one_looping, lose, far):
    from_far(one_looping, far, lose, one_looping.turn).wait("stopped")
    serves_next(one_looping, far.cut(), HALF_OPEN)
    ends_well(one_looping)


def test_half_open_while_it_is_sent_output(hold, one_python, tmp_path, lose,
                                           far):
    step = chatty(hold, one_python, tmp_path, 10 ** 6, 1000, 0.01)
    from_far(step, far, lose).wait("attached")
    cut = far.cut()
    client = wait_for(lambda: let_in(step), "a place in the step",
                      HALF_OPEN + harness.PATIENCE, 0.02)
    assert time.monotonic() - cut < HALF_OPEN + 1 + Noise.worst
    client.stopped("breakpoint")
    client.detach(terminateDebuggee=True)


def test_half_open_client_can_be_taken_over_at_once(one_looping, lose, far):
    from_far(one_looping, far, lose, one_looping.turn).wait("stopped")
    cut = far.cut()
    client = one_looping.attached(
        dict(one_looping.launch, pitstopTakeover=True),
        {one_looping.path: [one_looping.turn]})
    assert time.monotonic() - cut < 5
    stand(client)
    client.detach()
    ends_well(one_looping)


def test_half_open_before_it_is_attached_ends_the_hold_in_time(
        hold, one_python, tmp_path, far):
    """Its grace of 30 s is not used up by one that is gone."""
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path], timeout=2)
    step.wait_held()
    script = ("import socket, sys; s = socket.create_connection((%r, %d));"
              "s.sendall(%r); print('sent', flush=True); s.recv(1 << 20);"
              "input()" % (far.net + "1", step.port, half_an_attach(step)))
    with subprocess.Popen(far.prefix + [sys.executable, "-c", script],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as client:
        assert client.stdout.readline() == b"sent\n"
        cut = far.cut()
        assert step.hold_ended()[0] is False
        assert time.monotonic() - cut < HALF_OPEN + 1 + Noise.worst
        client.kill()
    assert step.finished()[0] == 7


def half_an_attach(step):
    """All before configurationDone, as bytes."""
    data = b""
    for number, (command, arguments) in enumerate((
            ("initialize", {"adapterID": "debugpy"}),
            ("attach", step.wait_held())), 1):
        body = json.dumps({"seq": number, "type": "request",
                           "command": command,
                           "arguments": arguments}).encode()
        data += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    return data


# ---- there, and takes little or nothing ---------------------------------

class Trickle(io.RawIOBase):
    """What a client reads, at the client's rate."""

    def __init__(self, client):
        super().__init__()
        self.client = client

    def readable(self):
        return True

    def readinto(self, room):
        client = self.client
        while client.rate == 0 and not client.over.wait(0.05):
            pass
        size = len(room)
        if client.rate:
            size = min(size, max(1, client.rate // 20))
            client.over.wait(size / client.rate)
        return client.socket.recv_into(room, size)


class SlowClient(Client):
    """Reads `rate` bytes a second; None: all there is."""
    rate = None

    def __init__(self, *arguments):
        self.over = threading.Event()
        super().__init__(*arguments)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def _stream(self):
        return io.BufferedReader(Trickle(self), 4096)

    def close(self):
        self.over.set()
        super().close()


def chatty(hold, python, folder, lines, size, pause):
    """A held step that prints a lot, to the file `step.printed`."""
    path = place(folder, "chatty.py")
    printed = folder / "printed"
    step = hold([python.path, path, str(lines), str(size), str(printed),
                 str(pause)])
    step.path = path
    step.printed = printed
    step.bytes = lines * size
    step.turn = line_of(path, "print")
    step.launch = step.wait_held()
    return step


def slow_client(step, *marks):
    """One that stands before the first line; `go_on(rate)`."""
    client = SlowClient("127.0.0.1", step.port)
    step.clients.append(client)
    client.start(step.launch, {step.path: [line_of(step.path, mark)
                                           for mark in ("ready",) + marks]})
    thread = client.stopped("breakpoint")

    def go_on(rate):
        client.rate = rate
        client.send("continue", {"threadId": thread})
        return time.monotonic()
    client.go_on = go_on
    return client


def peak_kb(pid):
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("VmHWM"))


def bounded(kb):
    """Sanitizers keep what is freed, so there it cannot be told."""
    with open(harness.PITSTOP, "rb") as file:
        return kb < AGENT_KB or b"__asan_init" in file.read()


@pytest.mark.parametrize("rate", [0, 1], ids=["nothing", "a byte a second"])
def test_client_that_takes_nothing_while_the_step_prints(
        hold, python, tmp_path, rate):
    """100 MB; then the step stands at a breakpoint, and is let go."""
    step = chatty(hold, python, tmp_path, 1000, 100000, 0)
    client = slow_client(step, "last")
    agent = step.agent()
    client.go_on(rate)
    step.stderr.wait("^printed$")
    printed = time.monotonic()
    assert os.path.getsize(str(step.printed)) == step.bytes
    peak = watch_peak(step, agent)
    assert step.status() == 6
    assert time.monotonic() - printed < HALF_OPEN + 3   # 3: to end
    assert peak > 1024 and bounded(peak)


def watch_peak(step, agent):
    """The agent's peak memory in kB, until the step has ended."""
    peak = 0
    while step.running():
        try:
            peak = max(peak, peak_kb(agent))
        except (OSError, StopIteration):
            break
        time.sleep(0.02)
    return peak


def test_client_that_takes_nothing_is_let_go_and_the_next_served(
        hold, one_python, tmp_path):
    step = chatty(hold, one_python, tmp_path, 10 ** 6, 100000, 0.02)
    since = slow_client(step).go_on(0)
    client = wait_for(lambda: let_in(step), "a place in the step",
                      2 * HALF_OPEN + harness.PATIENCE, 0.02)
    # The first seconds go to fill what the kernel keeps for it.
    assert time.monotonic() - since < HALF_OPEN + 10
    client.stopped("breakpoint")
    client.detach(terminateDebuggee=True)


def test_output_is_left_out_for_a_client_slower_than_the_step(
        hold, one_python, tmp_path):
    """It is told how much, and the step's memory does not pay for it."""
    step = chatty(hold, one_python, tmp_path, 4000, 20000, 0.005)
    client = slow_client(step, "last")
    before = peak_kb(step.main_pid())
    agent = step.agent()
    client.go_on(50000)
    step.stderr.wait("^printed$", 90)
    assert peak_kb(step.main_pid()) - before < step.bytes / 1024 * 0.6
    assert bounded(peak_kb(agent))
    client.rate = None
    client.stopped("breakpoint", 60)
    client.wait_printed("of output left out here", "important")
    told = client.printed("important")
    left_out = int(told.split("pitstop: ")[1].split(" KiB")[0]) * 1024
    assert 0.3 < left_out / step.bytes < 1
    assert len(client.printed()) + left_out > step.bytes * 0.8
    client.go(client.threads()[0]["id"])
    assert step.finished()[0] == 6
    assert os.path.getsize(str(step.printed)) == step.bytes


def test_a_client_that_takes_it_all_gets_it_all(hold, one_python, tmp_path):
    step = chatty(hold, one_python, tmp_path, 400, 50000, 0.002)
    client = slow_client(step, "last")
    client.go_on(None)
    client.stopped("breakpoint", 60)
    assert len(client.printed()) == step.bytes
    assert client.printed("important") == ""
    client.go(client.threads()[0]["id"])
    assert step.finished()[0] == 6


def test_stopped_client_at_a_breakpoint_is_ended_by_the_pause_limit(
        hold, one_python, tmp_path, lose):
    """Nothing is on its way to it, so nothing else tells that it is gone."""
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path], "--pause-limit", "2")
    client = lose(step.wait_held(), path, line_of(path, "module"))
    client.wait("stopped").process.send_signal(signal.SIGSTOP)
    assert step.status() == 7
    assert step.own_output() == "second 42\nargv []\n"
