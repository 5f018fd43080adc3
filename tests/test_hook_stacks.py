"""The hook's answer to `stacks`: where each thread and asyncio task is. The
agent is a stand-in."""
import pytest

import pythons
from fake_agent import HOOK
from harness import wait_for
from test_hook import agent, held, running, start  # noqa: F401 (fixtures)

every_python = pytest.mark.parametrize("python", pythons.params())
one_python = pytest.mark.parametrize("python", pythons.some("py3.11"))
SOURCE = HOOK / "stacks.py"

THREADS = """\
import sys, threading, time
gate = threading.Event()
def inner(x):
    gate.wait()  # BREAK
def outer():
    inner(1)
threads = [threading.Thread(target=outer, name="worker %d" % n)
           for n in range(3)]
for t in threads:
    t.start()
print("started", flush=True)
for line in sys.stdin:
    print(eval(line), flush=True)
gate.set()
"""

TASKS = """\
import asyncio, sys
async def deep():
    await asyncio.sleep(60)
async def wide(n):
    await deep()
async def main():
    tasks = [asyncio.ensure_future(wide(n)) for n in range(2)]
    await asyncio.sleep(0.05)
    print("started", flush=True)
    loop = asyncio.get_event_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    for task in tasks:
        task.cancel()
asyncio.new_event_loop().run_until_complete(main())
"""


def stacks(hook):
    """[(thread or task, name, [(function, file's name, line, source)])]"""
    source = SOURCE.read_bytes()
    hook.send("stacks %d" % len(source), source)
    found = []
    while True:
        line = hook.line()
        stack, _, part = line.partition(" ")
        assert stack == "stack", line
        word, _, rest = part.partition(" ")
        if word == "end":
            return found
        if word == "frame":
            number, function, path, text = rest.split("\t")
            found[-1][2].append((function, path.rpartition("/")[2],
                                 int(number), text))
        else:
            assert word in ("thread", "task"), line
            name = rest.partition(" ")[2] if word == "thread" else rest
            found.append((word, name, []))


@every_python
def test_every_thread_with_its_lines(running, python):
    step, hook = running(python, text=THREADS)
    wait_for(lambda: stacks(hook)[0][2][-1][2] == 12, "the main thread's wait")
    found = stacks(hook)
    assert [(w, n) for w, n, _ in found] == [
        ("thread", "MainThread"), ("thread", "worker 0"),
        ("thread", "worker 1"), ("thread", "worker 2")]
    main = found[0][2]
    assert main[-1][1:] == ("step.py", 12, "for line in sys.stdin:")
    for _, _, frames in found[1:]:
        names = [f[0] for f in frames]
        at = names.index("inner")
        assert frames[at] == ("inner", "step.py", 4, "gate.wait()  # BREAK")
        assert frames[at + 1] == ("outer", "step.py", 6, "inner(1)")
    assert stacks(hook) == found
    assert step.end() == (0, "", "")


@every_python
def test_asyncio_tasks_with_what_they_wait_for(running, python):
    step, hook = running(python, text=TASKS)
    found = [(name, frames) for word, name, frames in stacks(hook)
             if word == "task"]
    assert len(found) == 3
    wides = [frames for _, frames in found
             if frames[-1][0] == "wide"]
    assert len(wides) == 2
    for frames in wides:
        assert [f[0] for f in frames][-2:] == ["deep", "wide"]
        assert frames[-2][3] == "await asyncio.sleep(60)"
    step.tell("go")
    assert step.end() == (0, "", "")


@every_python
def test_a_held_step_has_stacks_too(held, python):
    step, hook = held(python)
    found = stacks(hook)
    assert found == [("thread", "MainThread", [])]
    hook.send("go")
    assert step.line() == "started\n"
    assert step.end() == (0, "", "")


@every_python
def test_a_script_that_imports_is_shown_as_it_is(running, python, tmp_path):
    """With the machinery that Python's own look at it shows."""
    (tmp_path / "module.py").write_text(
        "import sys\nframe, names = sys._getframe(), []\n"
        "while frame:\n"
        "    names.append(frame.f_code.co_name)\n"
        "    frame = frame.f_back\n"
        "print(names, flush=True)\n"
        "sys.stdin.readline()  # BREAK\n")
    step, hook = running(python, text="print('started', flush=True)\n"
                         "import module\n")
    names = eval(step.line())
    found = wait_for(lambda: [s for s in stacks(hook) if
                              s[2][0][3].endswith("BREAK")], "the wait")
    assert [f[0].rpartition(".")[2] for f in found[0][2]] == names
    assert "_find_and_load" in names
    step.tell("go")
    assert step.end() == (0, "", "")


@every_python
def test_nothing_is_imported_for_it(running, python):
    step, hook = running(python)
    before = step.ask("sorted(sys.modules)")
    stacks(hook)
    assert step.ask("sorted(sys.modules)") == before
    assert step.end() == (0, "", "")
