"""The ranks of one launcher: one F5 opens them all."""
import os
import re
import select
import signal
import socket
import time

import pytest

from dap_client import Refused
from editor import Editor
from harness import line_of, place, stat_fields, strip_log, wait_for
from test_access import framed, request
from test_hold import launcher


class Ranks:
    """`count` ranks of a step, held; each ends when `end(rank)` says so."""

    def __init__(self, hold, python, folder, count, options=(), timeout=20,
                 **more):
        self.path = place(folder, "ranks.py")
        self.stop = folder / "stop"
        self.stop.mkdir()
        self.count = count
        self.step = hold([launcher(folder, python, "torchrun"),
                          "--nproc_per_node=%d" % count, self.path,
                          str(self.stop)], *options, timeout=timeout, **more)

    def held(self, count=None):
        """The launch configuration, once they are all held."""
        return self.step.launches(self.count if count is None else count)[0]

    def alone(self, rank):
        return dict(self.held(), pitstopRank=rank)

    def editor(self, **more):
        return Editor(self.step, {self.path: [line_of(self.path, "rank")]},
                      **more)

    def end(self, rank="all"):
        (self.stop / str(rank)).write_text("")

    def ended(self):
        """The step's end, with all that was to be printed."""
        self.end()
        status, out, err = self.step.finished()
        assert (status, strip_log(err)) == (0, "")
        assert sorted(strip_log(out).splitlines()) == sorted(
            "%s %d" % (word, rank) for word in ("rank", "end")
            for rank in range(self.count))
        return out


@pytest.fixture
def ranks(hold, python, tmp_path):
    return lambda count, **more: Ranks(hold, python, tmp_path, count, **more)


@pytest.fixture
def some(hold, one_python, tmp_path):
    """`ranks`, for what does not depend on the Python."""
    return lambda count, **more: Ranks(hold, one_python, tmp_path, count,
                                       **more)


def opened(editor, count):
    wait_for(lambda: len(editor.stops) == count, "%d stops" % count)
    return editor.offers


def gone(pid):
    """It has ended; its launcher may not have waited for it yet."""
    wait_for(lambda: (stat_fields(pid) or "Z")[0] == "Z", "the end of %d" % pid)


def names(editor):
    return sorted(offer["name"] for offer in editor.offers)


# ---- one F5 -------------------------------------------------------------

def test_one_f5_opens_every_rank(ranks):
    group = ranks(3)
    launch = group.held()
    editor = group.editor()
    editor.start(launch)
    opened(editor, 3)
    assert names(editor) == ["rank 1", "rank 2"]
    for offer in editor.offers:
        assert offer["connect"] == launch["connect"]
        assert offer["pitstopToken"] == launch["pitstopToken"]
    out = group.ended()
    editor.wait_closed()
    assert out.count("Debugger attached = True\n") == 3
    for rank in range(3):
        assert re.search(r"^pitstop: 127.0.0.1:\d+ attached to rank %d after "
                         r"\d+\.\d s$" % rank, out, re.M)


def test_eight_ranks(some):
    group = some(8)
    launch = group.held()
    editor = group.editor()
    editor.start(launch)
    opened(editor, 8)
    assert len(set(stop[0] for stop in editor.stops)) == 8
    assert names(editor) == ["rank %d" % n for n in range(1, 8)]
    group.ended()
    editor.wait_closed()


def test_client_without_start_debugging_is_told_by_events(some):
    group = some(3)
    launch = group.held()
    editor = group.editor(changes={"supportsStartDebuggingRequest": False})
    editor.start(launch)
    opened(editor, 3)
    group.ended()
    editor.wait_closed()


def test_rank_that_is_held_later_is_offered_then(some, tmp_path):
    group = some(2, env={"GATES": str(tmp_path)})
    (tmp_path / "0").write_text("")
    launch = group.held(1)
    editor = group.editor()
    editor.start(launch)
    opened(editor, 1)
    assert not editor.offers
    (tmp_path / "1").write_text("")
    opened(editor, 2)
    assert names(editor) == ["rank 1"]
    group.ended()
    editor.wait_closed()


@pytest.mark.parametrize("first", ["lead", "other"])
def test_first_session_ends_last(some, first):
    """VS Code ends those that were opened through it with it."""
    group = some(2)
    launch = group.held()
    editor = group.editor()
    lead = editor.start(launch)
    opened(editor, 2)
    other = editor.sessions[editor.pids()[0]]
    if first == "lead":
        group.end(0)
        group.step.stdout.wait("^end 0$")
        gone(editor.stops[0][0])
        assert lead.request("threads") == {"threads": []}
        assert other.threads()
        assert not lead.events("terminated")
        group.end(1)
    else:
        group.end(1)
        wait_for(lambda: other.events("terminated"), "its end")
        assert lead.threads()
        group.end(0)
    wait_for(lambda: lead.events("terminated"), "the end of the first")
    group.ended()
    editor.wait_closed()


def test_first_session_waits_for_a_rank_that_nobody_opens(some):
    group = some(2, timeout=15)
    launch = group.held()
    editor = group.editor(accept=False)
    lead = editor.start(launch)
    opened(editor, 1)
    group.end(0)
    gone(editor.stops[0][0])
    assert lead.request("threads") == {"threads": []}
    assert not lead.events("terminated")
    group.step.stdout.wait("^Debugger attached = False$")
    wait_for(lambda: lead.events("terminated"), "the end of the first")
    group.ended()


def test_subprocess_of_a_rank_is_not_taken_for_a_rank(hold, one_python,
                                                      tmp_path):
    path = place(tmp_path, "family.py")
    step = hold([launcher(tmp_path, one_python, "torchrun"),
                 "--nproc_per_node=2", path, "run", "1"])
    launch = step.launches(2)[0]
    editor = Editor(step, {path: [line_of(path, "child")]})
    editor.start(launch)
    assert step.finished()[0] == 0
    editor.wait_closed()
    assert [n.split()[0] for n in names(editor)] == \
        ["Subprocess", "Subprocess", "rank"]
    assert len(editor.stops) == 2


# ---- one rank -----------------------------------------------------------

def test_pitstop_rank_opens_that_one_alone(ranks):
    group = ranks(3)
    editor = group.editor()
    client = editor.start(group.alone(1))
    opened(editor, 1)
    frame_of = [stop[0] for stop in editor.stops]
    group.step.stdout.wait("^rank 1$")
    assert not editor.offers and len(frame_of) == 1
    assert not group.step.stdout.find("^rank [02]$"), "the others are held"
    for rank in (0, 2):
        editor.start(group.alone(rank))
    opened(editor, 3)
    assert not client.closed
    group.ended()
    editor.wait_closed()


def test_rank_that_does_not_exist_is_refused_at_once(some):
    group = some(2)
    group.held()
    client = group.step.client()
    begun = time.monotonic()
    with pytest.raises(Refused) as refused:
        client.start(group.alone(2))
    assert "highest is 1" in refused.value.message
    assert time.monotonic() - begun < 10


def test_rank_of_another_machine_is_refused_at_once(hold, one_python,
                                                    tmp_path):
    """All that run here are known by their launcher's number of them."""
    path = place(tmp_path, "rank.py")
    step = hold(["bash", "-c", "for r in 4 5; do RANK=$r WORLD_SIZE=8 "
                 "LOCAL_WORLD_SIZE=2 %s %s & done; wait" % (
                     one_python.path, path)])
    launch = step.launches(2)[0]
    with pytest.raises(Refused) as refused:
        step.client().start(dict(launch, pitstopRank=3))
    assert "not run on this machine" in refused.value.message


def test_rank_that_has_ended_is_refused_at_once(some):
    group = some(2)
    editor = group.editor()
    for rank in (0, 1):
        editor.start(group.alone(rank))
        opened(editor, rank + 1)
    group.end(1)
    gone(editor.stops[1][0])
    with pytest.raises(Refused) as refused:
        group.step.client().start(group.alone(1))
    assert "has ended" in refused.value.message
    group.ended()


def test_rank_that_is_on_its_way_is_waited_for(some, tmp_path):
    group = some(2, env={"GATES": str(tmp_path)})
    (tmp_path / "0").write_text("")
    launch = dict(group.held(1), pitstopRank=1)
    client = group.step.client()
    client.initialize()
    attach = client.begin_attach(launch)
    (tmp_path / "1").write_text("")
    client.wait_initialized(attach)
    client.configure()
    client.finish(attach)
    group.step.stdout.wait("^rank 1$")


# ---- which are held, and how long ---------------------------------------

@pytest.mark.parametrize("how", ["variable", "flag"])
def test_only_the_ranks_that_are_asked_for_are_held(some, how):
    group = some(4, **({"env": {"PITSTOP_RANKS": "0,2-2"}}
                       if how == "variable" else
                       {"options": ["--ranks", "0,2-2"]}))
    launch = group.held(2)
    for rank in (1, 3):
        group.step.stdout.wait("^rank %d$" % rank)
    editor = group.editor()
    editor.start(launch)
    opened(editor, 2)
    assert names(editor) == ["rank 2"]
    out = group.ended()
    editor.wait_closed()
    assert out.count("Timeout for debug connection: ") == 2


def test_ranks_setting_that_no_rank_matches_is_said(some):
    group = some(2, options=["--ranks", "3,5-7"])
    for rank in (0, 1):
        group.step.stdout.wait("^rank %d$" % rank)
    group.end()
    status, out, err = group.step.finished()
    assert (status, out) == (0, strip_log(out))
    assert err == ("pitstop: nothing was held: no rank that --ranks (3,5-7) "
                   "names was started here\n")


def test_ranks_setting_leaves_a_step_without_ranks_alone(hold, one_python,
                                                         tmp_path):
    step = hold([one_python.path, place(tmp_path, "rank.py")], "--ranks", "3")
    step.attached()
    assert step.finished()[0] == 0


def test_ranks_share_one_deadline(some, tmp_path):
    """Measured from the first one's hold; its end lets all go."""
    group = some(3, timeout=5, env={"GATES": str(tmp_path)})
    (tmp_path / "0").write_text("")
    group.held(1)
    begun = group.step.held_at()
    wait_for(lambda: time.monotonic() > begun + 2, "two seconds")
    (tmp_path / "1").write_text("")
    group.held(2)
    wait_for(lambda: all(group.step.stdout.find("^rank %d$" % n)
                         for n in (0, 1)), "both to go on")
    assert time.monotonic() - begun < 9
    ends = [group.step.stdout.times[i] for i, line in
            enumerate(group.step.stdout.lines)
            if line == "Debugger attached = False"]
    assert max(ends) - min(ends) < 1
    for rank in (0, 1):
        assert group.step.stdout.find("^pitstop: rank %d: nobody attached in "
                                      "time; " % rank)
    (tmp_path / "2").write_text("")   # it comes when the time is up
    group.step.stdout.wait("^rank 2$", 4)
    group.ended()



LATER = """import os, sys, time
import debugpy, ptvsd
while os.environ["RANK"] == "0" and not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
if os.environ["RANK"] == "0":
    print("on", flush=True)
    %s
"""


@pytest.mark.parametrize("later", ["1 / 0", "ptvsd.wait_for_attach(3)"])
def test_a_later_hold_of_one_rank_is_its_own(start, one_python, tmp_path,
                                             later):
    """What is shared is the hold before the first line."""
    path = tmp_path / "later.py"
    path.write_text(LATER % later)
    step = start([launcher(tmp_path, one_python, "torchrun"),
                  "--nproc_per_node=2", str(path), str(tmp_path / "on")],
                 "--hold=both", "--timeout", "3",
                 env={"GATES": str(tmp_path)})
    (tmp_path / "0").write_text("")
    step.attached().detach()
    (tmp_path / "on").write_text("")
    at, _ = step.stdout.wait("^on$")
    step.stdout.wait("^Timeout for", start=at)
    begun = time.monotonic()
    wait_for(lambda: time.monotonic() > begun + 1.5, "half of the hold")
    (tmp_path / "1").write_text("")
    step.finished()
    held, ended = [[step.stdout.times[i] for i, line in
                    enumerate(step.stdout.lines) if line.startswith(start)]
                   for start in ("Timeout for", "Debugger attached = False")]
    assert step.stdout.text.count("debug connection: 3\n") == 3
    assert ended[1] - held[2] > 2.5


def test_attach_to_one_rank_leaves_the_others_their_deadline(some):
    group = some(2, timeout=5)
    editor = group.editor()
    group.held()
    begun = group.step.held_at()
    editor.start(group.alone(1))
    i, _ = group.step.stdout.wait("^Debugger attached = False$")
    assert 4 < group.step.stdout.times[i] - begun < 8
    group.step.stdout.wait("^rank 0$")
    group.ended()


def test_rank_that_was_offered_and_not_opened_is_attachable_later(some):
    group = some(2)
    editor = group.editor(accept=False)
    editor.start(group.held())
    wait_for(lambda: editor.offers, "an offer")
    assert not group.step.stdout.find("^rank 1$")
    editor.accept = True
    editor._take(editor.offers.pop())
    opened(editor, 2)
    group.ended()
    editor.wait_closed()


def fill(client):
    """Send until nothing is taken any more; returns what of a message is left
    to send."""
    one = framed(request("evaluate", {"expression": "1" * 1000000}))
    rest = b""
    while select.select([], [client.socket], [], 1)[1]:
        rest = rest or one
        rest = rest[client.socket.send(rest, socket.MSG_DONTWAIT):]
    return rest


def test_first_session_is_listened_to_when_its_rank_died_busy(some):
    group = some(2)
    editor = group.editor()
    lead = editor.start(group.held())
    opened(editor, 2)
    first = next(pid for pid, _, _ in editor.stops
                 if pid not in editor.pids())
    os.kill(first, signal.SIGSTOP)
    rest = fill(lead)
    os.kill(first, signal.SIGKILL)
    lead.send_raw(rest)
    assert lead.request("threads") == {"threads": []}
    group.end()
    editor.wait_closed()


def test_first_session_does_not_wait_for_a_rank_that_is_declined(some):
    """Which stays held, for a session of its own."""
    group = some(2)
    launch = group.held()
    lead = group.step.client(launch)
    lead.accepts = False
    lead.start(launch)
    lead.asked("startDebugging")
    group.step.stdout.wait("^rank 0$")
    assert lead.threads()
    group.end(0)
    lead.event("terminated", patience=10)
    assert not group.step.stdout.find("^Debugger attached = False$")
    assert not group.step.stdout.find("^rank 1$")
    group.step.attached(group.alone(1))
    group.ended()


GIVES_UP = """import os, sys, threading, time
import debugpy


def until(name):
    while not os.path.exists(os.path.join(sys.argv[1], name)):
        time.sleep(0.02)


if os.environ["RANK"] == "1":
    threading.Thread(target=lambda: (until("cancel"),
                                     debugpy.wait_for_client.cancel())).start()
    debugpy.wait_for_client()
    print("waits no longer", flush=True)
until(os.environ["RANK"])
"""


def test_offer_ends_with_a_wait_that_the_script_gives_up(hold, one_python,
                                                         tmp_path):
    """The session that it was made through does not stay for it."""
    path = tmp_path / "gives_up.py"
    path.write_text(GIVES_UP)
    step = hold([launcher(tmp_path, one_python, "torchrun"),
                 "--nproc_per_node=2", str(path), str(tmp_path)],
                "--ranks", "0")
    launch = step.launches(2)[0]
    editor = Editor(step, accept=False)
    lead = editor.start(launch)
    wait_for(lambda: editor.offers, "an offer")
    (tmp_path / "cancel").write_text("")
    step.stdout.wait("^waits no longer$")
    (tmp_path / "0").write_text("")
    wait_for(lambda: lead.events("terminated"), "the session's end", 10)
    (tmp_path / "1").write_text("")
    assert step.finished()[0] == 0
