"""Fixtures of the tests on the real binary."""
import os

import pytest

import harness
import pythons


def once(python):
    """The system's Python only where no other is the same version with the
    same debugpy."""
    return python.name != "system" or not any(
        (p.version, p.debugpy) == (python.version, python.debugpy)
        for p in pythons.HERE if p.name != "system")


@pytest.fixture(params=pythons.params(once))
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
