"""Where the step's interpreters find the hook: a directory that goes again,
or the binary itself."""
import os
import re
import shutil
import subprocess

import pytest

from run_step import (PATIENCE, PITSTOP, READ_ONLY_VIEW, environment, needs,
                      run, running, wait_for)


# ---- a directory ----------------------------------------------------------

def places(tmp_path):
    return [p for p in tmp_path.iterdir() if p.name.startswith("pitstop-")]


def test_the_hooks_directory_is_there_while_the_step_runs(tmp_path):
    with running("cat", env=environment(TMPDIR=str(tmp_path))) as process:
        hook = wait_for(lambda: places(tmp_path))[0]
        wait_for(lambda: (hook / "sitecustomize.py").exists())
        wait_for(lambda: hook.stat().st_mode & 0o777 == 0o755)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert places(tmp_path) == []


def test_what_interpreters_leave_in_the_hooks_directory_goes_too(tmp_path):
    """Compiled forms of the stub."""
    env = environment(TMPDIR=str(tmp_path), PYTHONDONTWRITEBYTECODE=None)
    result = run("sh", "-c", "python3 -c pass; ls -A $PITSTOP_HOOK_PATH",
                 env=env)
    assert result.stdout.split() == ["__pycache__", "sitecustomize.py"]
    assert places(tmp_path) == []


def test_a_directory_that_cannot_be_used_is_passed_over(tmp_path):
    colon = tmp_path / "a:b"
    colon.mkdir()
    for directory in (colon, tmp_path / "missing", "relative", "/dev/null"):
        result = run("sh", "-c", "echo $PITSTOP_HOOK_PATH; ls "
                     "$PITSTOP_HOOK_PATH", cwd=tmp_path,
                     env=environment(TMPDIR=str(directory)))
        path, name = result.stdout.split()
        assert not path.startswith(str(directory))
        assert (name, result.stderr) == ("sitecustomize.py", "")
    assert list(colon.iterdir()) == []


# ---- the binary -----------------------------------------------------------

READ_ONLY = """
for d in / /tmp /dev/shm /var/tmp /run; do
    mount --bind "$d" "$d" && mount -o remount,bind,ro "$d" || exit
done
exec "$PITSTOP" run -- "$PYTHON" -I -c "
import os, sys, zipimport
path = os.environ['PYTHONPATH']
z = zipimport.zipimporter(path)
print(path)
sys.stdout.write(z.get_source('sitecustomize'))"
"""


def run_read_only(binary):
    """The step's PYTHONPATH, and the stub that it finds there."""
    unshare = needs(*READ_ONLY_VIEW)
    result = subprocess.run(
        [*unshare, "sh", "-c", READ_ONLY],
        env=environment(PITSTOP=str(binary), PYTHON="python3"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        universal_newlines=True)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.split("\n", 1)


@pytest.fixture
def stub():
    """The text of the hook, as a directory has it; skips for a build without
    the zip file at its end."""
    with open(PITSTOP, "rb") as binary:
        binary.seek(-22, os.SEEK_END)
        if binary.read(4) != b"PK\5\6":
            pytest.skip("this build carries no zip file")
    return run("sh", "-c", "cat $PITSTOP_HOOK_PATH/sitecustomize.py").stdout


def test_where_nothing_can_be_written_the_binary_is_the_hook(stub):
    path, found = run_read_only(PITSTOP)
    assert os.path.samefile(path, PITSTOP)
    assert found == stub


@pytest.mark.parametrize("name, mode", [("a:b", 0o755), ("secret", 0o711)])
def test_and_where_its_name_will_not_do_its_descriptor_is(tmp_path, stub, name,
                                                          mode):
    binary = shutil.copy(PITSTOP, tmp_path / name)
    os.chmod(binary, mode)
    path, found = run_read_only(binary)
    assert re.fullmatch("/proc/[0-9]+/fd/[0-9]+", path)
    assert found == stub


def test_where_there_is_no_way_the_step_runs_without_a_hook(tmp_path):
    """A name with a colon, no place to write, no zip file at its end."""
    binary = shutil.copy(PITSTOP, tmp_path / "pitstop")
    with open(binary, "ab") as file:
        file.write(b"no longer the end of a zip file")
    unshare = needs(*READ_ONLY_VIEW)
    result = subprocess.run(
        [*unshare, "sh", "-c", READ_ONLY.split("exec")[0] +
         'exec "$PITSTOP" run -- sh -c "echo ran \\$PYTHONPATH; exit 3"'],
        env=environment(PITSTOP=str(binary), PYTHONPATH=None),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
        universal_newlines=True)
    assert (result.returncode, result.stdout) == (3, "ran\n")
    assert result.stderr == (
        "pitstop: no place for the hook, neither a directory nor this binary: "
        "the step cannot be attached to\n")
