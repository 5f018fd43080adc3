"""Which Pythons there are to test with: those that tests/venvs.sh made.

A Python that this machine does not have stays in the lists, marked to be
skipped with a reason that names it, so that nothing is left out silently.
"""
import collections
import glob
import os
import subprocess

import pytest

VENVS = os.path.join(os.environ.get("PITSTOP_CACHE") or
                     os.path.expanduser("~/.cache/pitstop"), "venvs")
PYENV = os.path.join(os.environ.get("PYENV_ROOT") or
                     os.path.expanduser("~/.pyenv"), "versions")

# name: of the venv, and of the test's parameter; path: the venv's
# interpreter; base: the one it was made from; version: (3, 11); debugpy: the
# version in the venv, as text.
Python = collections.namedtuple("Python",
                                "name path base version debugpy exists")

EXPECTED = (
    ("py3.6", "1.5.1"), ("py3.7", "1.7.0"), ("py3.8", "1.8.21"),
    ("py3.9", "1.8.21"), ("py3.10", "1.8.22"), ("py3.11", "1.8.22"),
    ("py3.11-1.8.0", "1.8.0"), ("py3.11-1.6.7", "1.6.7"),
    ("py3.12", "1.8.22"), ("py3.13", "1.8.22"), ("system", ""),
)


def _config(venv):
    """The lines of a venv's pyvenv.cfg as a dictionary."""
    try:
        with open(os.path.join(venv, "pyvenv.cfg")) as f:
            pairs = (line.partition("=") for line in f)
            return {key.strip(): value.strip() for key, _, value in pairs}
    except OSError:
        return {}


def _debugpy_in(venv):
    found = glob.glob(os.path.join(venv, "lib/python3*/site-packages",
                                   "debugpy-*.dist-info"))
    if not found:
        return ""
    return os.path.basename(found[0])[len("debugpy-"):-len(".dist-info")]


def _python(name, debugpy):
    venv = os.path.join(VENVS, name)
    path = os.path.join(venv, "bin/python")
    version = _config(venv).get("version", "")
    if not version:
        version = name.partition("-")[0][len("py"):] \
            if name.startswith("py") else "0.0"
    numbers = tuple(int(n) for n in version.split(".")[:2])
    exists = (os.access(path, os.X_OK) and
              os.path.exists(os.path.join(venv, "key")))
    base = os.path.realpath(path)
    return Python(name, path, base, numbers, debugpy or _debugpy_in(venv),
                  exists)


def _reason(python):
    if python.name == "system":
        what = "the system's python3"
    else:
        what = "python " + python.name.partition("-")[0][len("py"):]
    return "%s is not on this machine, or tests/venvs.sh has not run" % what


ALL = [_python(name, debugpy) for name, debugpy in EXPECTED]
HERE = [python for python in ALL if python.exists]
MISSING = [python for python in ALL if not python.exists]


def params(where=lambda python: True):
    """For pytest.mark.parametrize: all that are expected, or those that
    `where` picks; the missing ones as skips."""
    return [pytest.param(python, id=python.name, marks=[] if python.exists else
                         pytest.mark.skip(reason=_reason(python)))
            for python in ALL if where(python)]


def once(python):
    """The system's Python only where no other is the same version with the
    same debugpy."""
    return python.name != "system" or not any(
        (p.version, p.debugpy) == (python.version, python.debugpy)
        for p in HERE if p.name != "system")


def main(python):
    """The oldest, and all with the newest debugpy that they have."""
    return once(python) and python.name not in (
        "py3.7", "py3.11-1.8.0", "py3.11-1.6.7")


def some(*names):
    """Parameters for what need not be seen on each: these, and the system's
    where none of them is here."""
    here = any(python.name in names for python in HERE)
    return params(lambda python: python.name in names or
                  python.name == "system" and not here)


def interpreters():
    """One parameter for each interpreter, where the debugpy does not
    matter."""
    return params(lambda python: python.name.count("-") == 0)


def python27():
    """A Python 2.7, to be silent on; None when there is none."""
    found = glob.glob(os.path.join(PYENV, "2.7.*/bin/python"))
    for path in found + ["/usr/bin/python2.7"]:
        if os.access(path, os.X_OK):
            return path
    return None


def with_recipe():
    """Python 3.9 with what the documented recipe imports, or None."""
    python = _python("recipe", "1.8.21")
    return python if python.exists else None


def has_module(python, name):
    code = "import %s" % name
    return subprocess.call([python.path, "-I", "-c", code],
                           stderr=subprocess.DEVNULL) == 0
