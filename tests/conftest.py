"""Fixtures of the tests on the real binary."""
import ctypes
import os
import platform
import threading

import pytest

import harness
import pythons

# What steps inherit shall not depend on who started the tests.
os.environ["LC_ALL"] = "C.UTF-8"


def default_signals(numbers):
    """Neither ignored nor blocked, past the C library, which keeps these
    signals to itself and so cannot give them back what a caller took."""
    sigaction, sigprocmask = {"x86_64": (13, 14),
                              "aarch64": (134, 135)}[platform.machine()]
    libc = ctypes.CDLL(None)
    mask = ctypes.c_uint64(sum(1 << number - 1 for number in numbers))
    unblock = 1
    libc.syscall(sigprocmask, unblock, ctypes.byref(mask), None, 8)
    for number in numbers:
        libc.syscall(sigaction, number, bytes(32), None, 8)


default_signals((32, 33))


@pytest.fixture(params=pythons.params(pythons.once))
def python(request):
    """Each Python of the matrix."""
    return request.param


def pick(*names):
    """The first of these that exists, else any."""
    found = [p for n in names for p in pythons.HERE if p.name == n]
    if not (found or pythons.HERE):
        pytest.skip("no venv at all: run tests/venvs.sh")
    return (found or pythons.HERE)[0]


@pytest.fixture
def one_python():
    """One Python, for what does not depend on its version."""
    return pick("py3.11", "system")


@pytest.fixture
def start():
    """start(command, *options, **more): a Step that ends with the test."""
    if not os.access(harness.PITSTOP, os.X_OK):
        pytest.fail("%s is not built" % harness.PITSTOP)
    steps = []

    def begin(command, *options, **more):
        steps.append(harness.Step(command, *options, **more))
        return steps[-1]

    yield begin
    for step in steps:
        step.tell()
        step.end()


@pytest.fixture
def hold(start):
    """As `start`, with a hold of `timeout` seconds."""
    def begin(command, *options, timeout=20, **more):
        return start(command, "--hold", "--timeout", str(timeout), *options,
                     **more)
    return begin


@pytest.fixture
def noise():
    """harness.Noise.worst, while the test runs."""
    over = threading.Event()
    thread = threading.Thread(target=harness.Noise.watch, args=(over,))
    thread.start()
    yield
    over.set()
    thread.join()
