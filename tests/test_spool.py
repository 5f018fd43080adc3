"""An agent that is killed while the run log is on its way to a server: the
next one goes on, nothing is missing, and nothing is there twice where the
server can tell. The step never notices."""
import collections
import glob
import json
import os
import random
import signal
import time

import pytest

from fake_hook import Hook
from harness import free_ports, wait_for
from run_step import SANITIZED
from sink_server import HANG
from test_commands import variable
from test_http import TOKEN, post
from test_metrics import ours
from test_runlog import FILE, names, read
from test_sinks import KEY, accepted, properties
from test_upload import (END_SECONDS, SLACK, hooked,  # noqa: F401
                         is_untouched, serve)

TOLD = ["held", "timed out", "failed", "ended", "released"]


class Webhook:
    name = "webhook"

    def env(self, url):
        return {"PITSTOP_WEBHOOK": url}

    def ids(self, request):
        return [request.json["id"]]

    def wanted(self, events):
        return [e["id"] for e in events if e["event"] in TOLD]


class Insights:
    name = "insights"

    def env(self, url):
        return {"APPLICATIONINSIGHTS_CONNECTION_STRING":
                "InstrumentationKey=%s;IngestionEndpoint=%s" % (KEY, url)}

    def ids(self, request):
        return [p["id"] for p in properties([request])]

    def wanted(self, events):
        return [e["id"] for e in events if e["event"] != "undelivered"]


class Mlflow:
    """No ids: what happened when is a tag, and so are the times known here."""
    name = "mlflow"

    def env(self, url):
        return {"MLFLOW_TRACKING_URI": url, "MLFLOW_RUN_ID": "run-7"}

    def ids(self, request):
        return [(t["key"][len("pitstop."):], t["value"])
                for t in request.json["tags"] if t["key"].endswith("_at")]

    def wanted(self, events):
        return [(e["event"].replace(" ", "_") + "_at", e["time"])
                for e in events if e["event"] != "undelivered"]


KINDS = {kind.name: kind for kind in (Webhook(), Insights(), Mlflow())}


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def told(hooked, tmp_path):  # noqa: F811
    """told(kind, url, seconds, ...): a step with that server, and a journal."""
    def begin(kind, url, seconds, *options, **env):
        return hooked("", seconds, "--log-dir", str(tmp_path), *options,
                      **dict(kind.env(url), **env))
    return begin


def first_times(kind, requests):
    """The ids in the order in which each came first."""
    return list(collections.OrderedDict.fromkeys(
        i for request in requests for i in kind.ids(request)))


def is_complete(kind, server, directory):
    """All that the journal has is there, in order; by its id none is twice
    among those of one answer."""
    assert first_times(kind, server.requests) == kind.wanted(read(directory))


def released(step):
    """False while the next agent is not there, or no hook with it."""
    try:
        return post(step, "release").status == 200
    except (OSError, IndexError, KeyError, ValueError):
        return False


# ---- the moments ------------------------------------------------------------

def test_before_a_request(told, kind, serve, tmp_path):  # noqa: F811
    """Nobody is there to send it to, until after the kill."""
    port = free_ports(http=True)
    step = told(kind, "http://127.0.0.1:%d" % port, 60, "--hold", "--timeout",
                "1")
    step.hold_ended()
    first = step.kill_agent()
    step.agent(but=first)
    server = serve(port=port)
    step.process.terminate()
    step.finished()
    is_complete(kind, server, tmp_path)


@pytest.mark.parametrize("when", ["answered", "not answered"])
def test_while_the_server_holds_the_answer(told, kind, serve,  # noqa: F811
                                           tmp_path, when):
    """It has the first request already, and gets its events again by the
    same ids, which tell."""
    steps = []

    def give(_):
        first = steps[0].kill_agent()
        steps[0].agent(but=first)
        return (200, {}, "") if when == "answered" else HANG

    server = serve(lambda _: wait_for(lambda: steps, "the step") and give(_))
    steps.append(told(kind, server.url, 2, "--hold", "--timeout", "1"))
    is_untouched(steps[0])
    requests = server.requests
    assert kind.ids(requests[0]) == \
        kind.ids(requests[1])[:len(kind.ids(requests[0]))]
    is_complete(kind, server, tmp_path)


def test_after_the_answer(told, kind, serve, tmp_path):  # noqa: F811
    """What was confirmed does not come again."""
    server = serve()
    step = told(kind, server.url, 2, "--hold", "--timeout", "1")
    step.hold_ended()
    wait_for(lambda: "timed out" in names(tmp_path), "the hold's end")
    count = len(kind.wanted(read(tmp_path)))
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="%s",result="delivered"}' % kind.name) == count,
        "the delivery")
    before = len(server.requests)
    first = step.kill_agent()
    step.agent(but=first)
    is_untouched(step)
    is_complete(kind, server, tmp_path)
    seen = [i for request in server.requests for i in kind.ids(request)]
    assert len(seen) == len(set(seen)) and len(server.requests) > before


def test_after_an_answer_that_took_a_part(told, serve):  # noqa: F811
    """Nor does what was confirmed of an event."""
    server = serve(lambda request: (206, {"Retry-After": "600"}, accepted(
        request, (1, 500))[2]), default=accepted)
    step = told(KINDS["insights"], server.url, 60, "--hold", "--timeout", "60")
    step.held_at()
    first, = server.wait(1)
    wait_for(lambda: ours(step).get(
        'sink_failures_total{sink="insights"}') == 1, "the answer")
    last = step.kill_agent()
    step.agent(but=last)
    second = server.wait(2)[1]
    assert second.json[0] == first.json[1]
    assert first.json[0] not in second.json


def test_at_the_end(told, kind, serve, tmp_path):  # noqa: F811
    """When the step has ended, one more agent has the rest of the time."""
    steps = []

    def give(_):
        if "ended" in names(tmp_path):
            steps[0].kill_agent()
            server.default = (200, {}, "")
            return HANG
        return 200, {}, ""

    server = serve(default=give)
    steps.append(told(kind, server.url, 0, "--hold", "--timeout", "1"))
    started = time.monotonic()
    is_untouched(steps[0])
    assert time.monotonic() - started < 1 + END_SECONDS + SLACK
    is_complete(kind, server, tmp_path)
    assert names(tmp_path).count("ended") == 1


@pytest.mark.parametrize("when", ["at once", "in the pause"])
def test_a_step_that_ends_before_the_next_agent_is_up(
        told, kind, serve, tmp_path, when):  # noqa: F811
    """One is started all the same, and tells of it."""
    server = serve()
    step = told(kind, server.url, 60, "--hold", "--timeout", "1")
    step.hold_ended()
    last = None
    for _ in range(3 if when == "in the pause" else 0):
        last = step.agent(but=last)
        os.kill(last, signal.SIGKILL)
    last = step.agent(but=last)
    pid = int(step.stdout.wait(r"\(pid (\d+)\)")[1].group(1))
    if when == "at once":
        os.kill(step.process.pid, signal.SIGSTOP)
    os.kill(last, signal.SIGKILL)
    if when == "in the pause":
        wait_for(lambda: step.stderr.text.count("the agent died") == 4,
                 "the last death")
    os.kill(pid, signal.SIGKILL)
    os.kill(step.process.pid, signal.SIGCONT)
    assert step.finished()[0] == 137
    assert names(tmp_path).count("ended") == 1
    is_complete(kind, server, tmp_path)


def test_at_any_moment(told, kind, serve, tmp_path):  # noqa: F811
    """Killed again and again, with answers that take their time."""
    chance = random.Random(7)
    server = serve(default=lambda _: time.sleep(chance.random() / 20) or
                   (200, {}, ""))
    step = told(kind, server.url, 60, "--hold", "--timeout", "60")
    step.held_at()
    last = None
    for _ in range(6):
        last = step.agent(but=last)
        time.sleep(chance.random() / 5)
        os.kill(last, signal.SIGKILL)
    step.agent(but=last)
    wait_for(lambda: released(step), "the release")
    step.process.terminate()
    step.finished()
    is_complete(kind, server, tmp_path)


def test_one_that_was_stopped_by_the_server_is_not_asked_for_more(
        told, serve, tmp_path):  # noqa: F811
    """The next agent asks once, and says so."""
    server = serve(default=(401, {}, ""))
    step = told(KINDS["webhook"], server.url, 1, "--hold", "--timeout", "1")
    step.stderr.wait("it answered 401")
    step.kill_agent()
    is_untouched(step)
    last = read(tmp_path)[-1]
    assert (last["event"], last["server"], last["detail"]) == (
        "undelivered", "PITSTOP_WEBHOOK", "it answered 401")
    assert last["count"] == len(KINDS["webhook"].wanted(read(tmp_path)))


# ---- the journal --------------------------------------------------------------

def test_a_server_that_is_down_for_the_whole_run(told, kind, tmp_path):
    """The journal has everything, and says what no server took."""
    url = "http://127.0.0.1:%d" % free_ports(http=True)
    step = told(kind, url, 1, "--hold", "--timeout", "1")
    step.hold_ended()
    step.kill_agent()
    said = is_untouched(step)
    events = read(tmp_path)
    count = len(kind.wanted(events))
    assert events[-1]["event"] == "undelivered"
    assert (events[-1]["url"], events[-1]["count"]) == (url, count)
    assert events[-1]["detail"] == "no connection (Connection refused)"
    assert said[-1] == (
        "pitstop: %d of the run log's events did not reach %s at %s: no "
        "connection (Connection refused); they are in %s" % (
            count, events[-1]["server"], url, tmp_path / FILE))


# ---- what is in the spool -------------------------------------------------------

def spool_of(step):
    for path in glob.glob("/proc/%d/fd/*" % step.process.pid):
        if "pitstop-spool" in os.readlink(path):
            return path
    raise AssertionError("no spool")


HEAD, RECORDS, EVENT_ID = 152, 4096, 33
SPOILT = {
    "all": lambda old: os.urandom(len(old)),
    "empty": lambda old: b"",
    "short": lambda old: old[:HEAD],
    "size": lambda old: old[:RECORDS] + b"\xff" * 4 + old[RECORDS + 4:],
    "size 0": lambda old: old[:RECORDS] + b"\0" * 4 + old[RECORDS + 4:],
    "torn": lambda old: old[:-20],
    "ids": lambda old: old[:RECORDS + 6] + b"x" * 60 + old[RECORDS + 66:],
    "fields": lambda old: old.replace(b'{"session"', b'["session"'),
}


@pytest.mark.parametrize("how", SPOILT)
def test_one_that_is_spoilt_stops_nobody(told, serve, how):  # noqa: F811
    """Nothing of it, or the rest of it, is sent; what comes is."""
    port = free_ports(http=True)
    step = told(KINDS["insights"], "http://127.0.0.1:%d" % port, 60, "--hold",
                "--timeout", "60")
    step.held_at()
    path = spool_of(step)
    wait_for(lambda: os.path.getsize(path) > RECORDS, "the first event")
    os.kill(step.process.pid, signal.SIGSTOP)
    first = step.kill_agent()
    with open(path, "r+b") as file:
        old = file.read()
        assert TOKEN.encode() not in old
        file.seek(0)
        file.write(SPOILT[how](old))
        file.truncate()
    server = serve(port=port)
    os.kill(step.process.pid, signal.SIGCONT)
    step.agent(but=first)
    wait_for(lambda: released(step), "the release")
    wait_for(lambda: "released" in [p["event"] for p in properties(
        server.requests)], "what comes")


def test_it_is_empty_when_all_is_delivered(told, serve):  # noqa: F811
    server = serve()
    step = told(KINDS["webhook"], server.url, 60, "--hold", "--timeout", "1")
    step.hold_ended()
    server.wait(2)
    wait_for(lambda: os.stat(spool_of(step)).st_blocks * 512 <= 8192,
             "room given back")


LARGE = 240000      # bytes, of 256 kB that a hook may say of its process
BOUND = 4 << 20     # as SPOOL_BYTES in include/spool.h


def make_large(step, directory, count):
    """So many large events that are for the journal alone, one by one."""
    name = variable(step.main_pid(), "PITSTOP_SOCKET")
    for number in range(count):
        hook = Hook(name, "arg=" + "x" * LARGE)
        hook.send("listen %d." % number)
        wait_for(lambda: b'"detail":"%d."' % number in
                 (directory / FILE).read_bytes(), "a large event")
        hook.close()


@pytest.mark.parametrize("fits", [True, False])
def test_what_it_has_no_room_for(told, serve, tmp_path, fits):  # noqa: F811
    """When 4 MiB came behind an event that a server has not got, it is lost
    with the agent. That is said once, and the next ones arrive."""
    port = free_ports(http=True)
    url = "http://127.0.0.1:%d" % port
    step = told(KINDS["webhook"], url, 60, "--hold", "--timeout", "60")
    step.held_at()
    step.stderr.wait("Connection refused")
    make_large(step, tmp_path, BOUND // LARGE + (-1 if fits else 1))
    assert os.stat(spool_of(step)).st_blocks * 512 <= BOUND + 2 * RECORDS
    first = step.kill_agent()
    step.agent(but=first)
    server = serve(port=port)
    wait_for(lambda: released(step), "the release")
    server.wait(2 + fits)
    step.process.terminate()
    said = [l for l in step.finished()[2].splitlines() if "did not reach" in l]
    events = read(tmp_path)
    wanted = KINDS["webhook"].wanted(events)
    assert first_times(KINDS["webhook"], server.requests) == \
        wanted[not fits:]
    if fits:
        assert said == [] and events[-1]["event"] == "ended"
        return
    assert len(said) == 1 and said[0].startswith(
        "pitstop: 1 of the run log's events did not reach PITSTOP_WEBHOOK at "
        "%s: " % url)
    assert (events[-1]["event"], events[-1]["count"]) == ("undelivered", 1)


def test_what_it_had_no_room_for_and_arrived_is_not_missed(
        told, serve, tmp_path):  # noqa: F811
    server = serve(HANG)
    port = server.port
    step = told(KINDS["webhook"], server.url, 60, "--hold", "--timeout", "60")
    step.held_at()
    server.wait(1)
    make_large(step, tmp_path, BOUND // LARGE + 1)
    server.end()
    server = serve(port=port)
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="webhook",result="delivered"}') == 1,
        "the delivery")
    first = step.kill_agent()
    step.agent(but=first)
    wait_for(lambda: released(step), "the release")
    step.process.terminate()
    assert "did not reach" not in step.finished()[2]
    is_complete(KINDS["webhook"], server, tmp_path)


@pytest.mark.skipif(SANITIZED, reason="the hook has no room, and is not in "
                    "that binary")
@pytest.mark.parametrize("blocks, kept, missed", [(0, 0, 0), (4, 0, 1),
                                                  (64, 1, 0)])
def test_a_limit_on_the_size_of_files(hooked, serve, blocks,  # noqa: F811
                                      kept, missed):
    """No room for anything, for the head alone, for all: the step goes on, and
    what the next agent has, or knows to be missed, is told."""
    port = free_ports(http=True)
    step = hooked("http://127.0.0.1:%d" % port, 0, "--hold", "--timeout", "60",
                  prefix=["bash", "-c", 'ulimit -f %d; exec "$@"' % blocks, "-"])
    step.held_at()
    step.stderr.wait("Connection refused")
    first = step.kill_agent()
    server = serve(port=port)
    step.agent(but=first)
    wait_for(lambda: released(step), "the release")
    said = is_untouched(step)
    told = [request.json["event"] for request in server.requests]
    assert told == ["held"] * (1 + kept) + ["released", "ended"]
    assert [line.split()[1] for line in said if "did not reach" in line] == \
        ["1"] * missed
    assert sum("the agent died" in line for line in said) == 1


def test_half_a_line_in_the_journal_is_no_event(told, tmp_path):
    """An agent that was killed as it wrote: the next one writes the whole."""
    step = told(KINDS["webhook"], "http://127.0.0.1:%d" %
                free_ports(http=True), 60, "--hold", "--timeout", "60")
    step.held_at()
    wait_for(lambda: (tmp_path / FILE).exists() and
             names(tmp_path) == ["started", "held"], "the hold")
    whole = (tmp_path / FILE).read_bytes()
    path = spool_of(step)
    os.kill(step.process.pid, signal.SIGSTOP)
    first = step.kill_agent()
    os.truncate(tmp_path / FILE, len(whole) - 20)
    with open(path, "r+b") as file:
        file.seek(RECORDS)
        at = file.read().index(b"held") - EVENT_ID - 2
        file.seek(RECORDS + at)
        waits = file.read(1)[0]
        file.seek(RECORDS + at)
        file.write(bytes([waits | 1]))      # the journal, too
    os.kill(step.process.pid, signal.SIGCONT)
    step.agent(but=first)
    line = whole.splitlines()[1]
    wait_for(lambda: line in (tmp_path / FILE).read_bytes().splitlines(),
             "the whole line")


def test_an_event_that_no_agent_survives_is_let_go(told, serve,  # noqa: F811
                                                   tmp_path):
    """As if it were what killed them."""
    step = told(KINDS["webhook"], "http://127.0.0.1:%d" %
                free_ports(http=True), 1, "--hold", "--timeout", "1")
    step.hold_ended()
    path = spool_of(step)
    os.kill(step.process.pid, signal.SIGSTOP)
    step.kill_agent()
    with open(path, "r+b") as file:
        file.seek(RECORDS)
        first = file.read()
        file.seek(RECORDS + first.index(b"held") - EVENT_ID - 1)
        file.write(b"\x08")
    os.kill(step.process.pid, signal.SIGCONT)
    is_untouched(step)
    webhook = KINDS["webhook"]
    assert read(tmp_path)[-1]["count"] == len(webhook.wanted(read(tmp_path)))
