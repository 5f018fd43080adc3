"""A process that debugpy holds for a client is let go when none comes: nothing
else ends that wait."""
import socket

from dap_client import read_message
from harness import line_of, place, wait_for

AWAY = ["initialize", "attach", "configurationDone", "disconnect"]
IDENTIFY_SECONDS = 10
REQUESTS = 5000

LEAVES_A_CHILD = """
import os, subprocess, sys
subprocess.Popen([sys.executable, sys.argv[1], sys.argv[2]])
os._exit(3)
"""

CHILD = """
import sys
open(sys.argv[1], "w").close()
"""

BECOMES_ANOTHER = """
import os, sys
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, __file__, "again"])
print("second", flush=True)
sys.exit(3)
"""


def script(folder, name, text):
    (folder / name).write_text(text)
    return str(folder / name)


def test_child_that_outlives_an_attached_step(hold, python, tmp_path):
    out = tmp_path / "out"
    command = [python.path, script(tmp_path, "step.py", LEAVES_A_CHILD),
               script(tmp_path, "child.py", CHILD), str(out)]
    goes_on, ours = socket.socketpair()
    step = hold(["bash", "-c", '"$@"; read', "bash"] + command,
                stdin=goes_on)
    step.attached()
    wait_for(out.exists, "the child")
    ours.close()


def test_attached_step_that_becomes_another_program(hold, python, tmp_path):
    step = hold([python.path, script(tmp_path, "step.py", BECOMES_ANOTHER)])
    step.attached()
    assert step.finished()[:1] + (step.own_output(),) == (3, "second\n")


def test_debugger_that_does_not_say_who_it_is(hold, one_python, tmp_path):
    """It may be one that was stopped, or is slow."""
    step = hold([one_python.path, script(tmp_path, "child.py", CHILD)])
    step.wait_held()
    with socket.create_connection(("127.0.0.1", step.debuggee_port())) as sock:
        sock.settimeout(IDENTIFY_SECONDS + 5)
        stream = sock.makefile("rb")
        asked = [read_message(stream)["command"] for _ in range(5)]
    assert asked == ["pydevdAuthorize"] + AWAY


def test_client_that_leaves_thousands_of_requests_unanswered(hold, one_python,
                                                            tmp_path):
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path])
    client = step.attached(None, {path: [line_of(path, "module")]})
    frame = client.top(client.stopped("breakpoint"))["id"]
    for _ in range(REQUESTS):
        client.send("evaluate", {"expression": "__import__('time').sleep(.01)",
                                 "frameId": frame})
    client.close()
    assert step.finished()[0] == 7
