"""Clients that do anything at any moment, to a held and then to a running
step: the agent lives, the deadline holds, the step is not touched.

PITSTOP_STRESS_SEED=N repeats a run's choices, PITSTOP_STRESS_SECONDS=N makes
it longer; `make pytest-asan ASAN_TESTS=tests/test_stress.py` shows more."""
import os
import random
import struct
import threading
import time
from socket import SO_LINGER, SOL_SOCKET

import pytest

from dap_client import Client, Closed, Overdue, Refused
from harness import line_of, place, strip_log
from test_access import framed, request

SEED = int(os.environ.get("PITSTOP_STRESS_SEED",
                          random.SystemRandom().randrange(10 ** 6)))
SECONDS = float(os.environ.get("PITSTOP_STRESS_SECONDS", "6"))
GRACE = 30                      # attaching may suspend the deadline
THREADS = 6
REQUESTS = ("threads", "pause", "continue", "stackTrace", "evaluate", "scopes",
            "setBreakpoints", "configurationDone", "attach", "initialize",
            "launch", "terminate", "next", "disconnect", "source", "modules")
NOISE = (b"GET / HTTP/1.0\r\n\r\n", b"\r\n\r\n", b"Content-Length: 9999999\r\n",
         b"Content-Length: 2\r\n\r\n{}", b"\0" * 100, b"Content-Length: 1",
         framed({"seq": 1, "type": "response", "request_seq": 7,
                 "success": True, "command": "x"}),
         framed({"seq": 1, "type": "event", "event": "x"}))


class Stranger:
    """One connection and what it does, all by chance."""

    def __init__(self, step, chance):
        self.step, self.chance = step, chance
        self.client = Client("127.0.0.1", step.port, 2)

    def live(self):
        deeds = [self.noise, self.half, self.speak, self.enter, self.enter,
                 self.enter]
        try:
            for _ in range(self.chance.randrange(4)):
                self.chance.choice(deeds)()
        except (OSError, Closed, Overdue, Refused):
            pass
        self.leave()

    def noise(self):
        self.client.send_raw(self.chance.choice(NOISE))

    def half(self):
        whole = framed(request(self.chance.choice(REQUESTS), {}))
        self.client.send_raw(whole[:self.chance.randrange(len(whole))])

    def speak(self):
        """Anything but what ends the step."""
        for _ in range(self.chance.randrange(30)):
            self.client.send(self.chance.choice(
                [r for r in REQUESTS if r != "terminate"]),
                {"threadId": 1, "expression": "1", "frameId": 1,
                 "terminateDebuggee": False})

    def enter(self):
        """As far in as chance wills, by a token that may be right."""
        chance, launch = self.chance, dict(self.step.launch)
        launch["pitstopToken"] = chance.choice(
            [launch["pitstopToken"]] * 4 + ["no", "", None])
        launch["pitstopTakeover"] = chance.random() < 0.5
        launch.update(chance.choice([{}] * 6 + [{"subProcessId": 1},
                                                {"pitstopRank": 3}]))
        self.client.initialize()
        attach = self.client.begin_attach(launch)
        if chance.random() < 0.2:
            return
        self.client.wait_initialized(attach)
        chance.choice([self.speak, lambda: None])()
        if chance.random() < 0.6:
            self.client.configure({self.step.path: [
                line_of(self.step.path, "turn")]})
            self.client.finish(attach)
            chance.choice([self.speak, lambda: None])()

    def leave(self):
        """Politely, by a close, or by a reset."""
        way = self.chance.randrange(3)
        try:
            if way == 0:
                self.client.send("disconnect", {"terminateDebuggee": False})
            elif way == 1:
                self.client.socket.setsockopt(SOL_SOCKET, SO_LINGER,
                                              struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.client.close()


def trouble(step, number, until):
    chance = random.Random(SEED * 1000 + number)
    while time.monotonic() < until:
        try:
            Stranger(step, chance).live()
        except OSError:          # turned away before it could speak
            time.sleep(0.01)


def torment(step, seconds):
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=trouble, args=(step, n, until))
               for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def looping(hold, one_python, tmp_path):
    print("seed", SEED)
    path, stop = place(tmp_path, "loop.py"), tmp_path / "stop"
    step = hold([one_python.path, path, str(stop)], timeout=4)
    step.path, step.stop, step.launch = path, stop, step.wait_held()
    return step


def test_any_clients_at_any_moment(looping):
    step, agent = looping, looping.agent()
    torment(step, SECONDS)                      # held, at least at first
    if not step.stdout.find("^Debugger attached"):
        step.hold_ended(4 + GRACE + 2)
    torment(step, SECONDS)                      # running
    client = step.client()
    client.start(dict(step.launch, pitstopTakeover=True),
                 {step.path: [line_of(step.path, "sleep")]})
    client.stopped("breakpoint")
    client.detach()
    step.stop.write_text("")
    status, out, errors = step.finished()
    assert agent_lived(errors), errors[-6000:]
    assert step.find_agent() in (None, agent)
    assert status == 5
    lines = strip_log(out).splitlines()
    assert lines[0] == "running" and "turned True" in lines
    assert all(l.startswith("pitstop: ") for l in errors.splitlines()), errors


def agent_lived(errors):
    return "the agent" not in errors and "Sanitizer" not in errors \
        and "runtime error" not in errors
