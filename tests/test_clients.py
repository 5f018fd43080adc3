"""Several clients at once, and what a client can do to the step."""
import os
import re
import signal
import time

import pytest

from dap_client import Refused
from harness import line_of, place, wait_for
from test_access import is_dap_error

RANKS = 6
LAUNCHER = 'for r in $(seq 0 %d); do RANK=$r "$@" & done; wait' % (RANKS - 1)


@pytest.fixture
def held(hold, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    step = hold([one_python.path, path])
    step.path = path
    step.launch = step.wait_held()
    return step


@pytest.fixture
def looping(hold, one_python, tmp_path):
    """A held step that runs on until `stop()`."""
    stop = tmp_path / "stop"
    path = place(tmp_path, "loop.py")
    step = hold([one_python.path, path, str(stop)])
    step.path = path
    step.stop = lambda: stop.write_text("")
    step.launch = step.wait_held()
    return step


def stopped_at(step, mark, launch=None, **more):
    """A client that attached and stands at that mark."""
    client = step.attached(dict(launch or step.launch, **more),
                           {step.path: [line_of(step.path, mark)]})
    client.stopped("breakpoint")
    return client


# ---- several sessions, each with its own client -------------------------

@pytest.fixture
def ranks(hold, python, tmp_path):
    """(step, a client of each rank, where each stands)."""
    path = place(tmp_path, "rank.py")
    step = hold(["bash", "-c", LAUNCHER, "launcher", python.path, path])
    step.path = path
    launches = [dict(launch, pitstopRank=rank)
                for rank, launch in enumerate(step.launches(RANKS))]
    assert len({l["connect"]["port"] for l in launches}) == 1
    clients = [stopped_at(step, "rank", launch) for launch in launches]
    return step, clients


def evaluate(client, expression):
    thread = client.threads()[0]["id"]
    return client.evaluate(expression, client.top(thread))


def test_each_client_has_the_session_it_asked_for(ranks):
    step, clients = ranks
    pids = set()
    for rank, client in enumerate(clients):
        assert evaluate(client, "os.environ['RANK']") == "'%d'" % rank
        pids.add(evaluate(client, "os.getpid()"))
    assert len(pids) == RANKS
    for client in clients:
        client.go(client.threads()[0]["id"])
    assert step.finished()[0] == 0
    assert sorted(step.own_output().splitlines()) == [
        "rank %d" % r for r in range(RANKS)]


def test_what_one_client_does_reaches_its_own_session_alone(ranks):
    """One continues, one leaves, one is killed: the others stand."""
    step, clients = ranks
    clients[0].go(clients[0].threads()[0]["id"])
    clients[1].detach()
    clients[2].close()
    step.stdout.wait("^rank 0$")
    step.stdout.wait("^rank 1$")
    step.stdout.wait("^rank 2$")
    for rank in range(3, RANKS):
        assert evaluate(clients[rank], "os.environ['RANK']") == "'%d'" % rank
        assert not step.stdout.find("^rank %d$" % rank)
        clients[rank].detach()
    assert step.finished()[0] == 0


def test_a_taken_rank_is_refused_and_the_others_are_not(hold, one_python,
                                                        tmp_path):
    path = place(tmp_path, "rank.py")
    step = hold(["bash", "-c", LAUNCHER, "launcher", one_python.path, path])
    step.path = path
    launches = [dict(launch, pitstopRank=rank)
                for rank, launch in enumerate(step.launches(RANKS))]
    stopped_at(step, "rank", launches[2])
    with pytest.raises(Refused) as refused:
        step.client().start(launches[2])
    assert "127.0.0.1" in refused.value.message
    for rank in (0, 1, 3, 4, 5):
        step.attached(launches[rank]).detach()
    for rank in (0, 1, 3, 4, 5):
        step.stdout.wait("^rank %d$" % rank)


# ---- a session that is taken --------------------------------------------

def refusal(step):
    client = step.client(step.launch)
    with pytest.raises(Refused) as refused:
        client.start(step.launch)
    is_dap_error(refused.value.response)
    client.wait_closed(5)
    return refused.value.message


def test_the_refusal_says_who_has_the_step_and_since_when(held):
    first = stopped_at(held, "module")
    since = time.monotonic()
    wait_for(lambda: time.monotonic() > since + 1.1, "a second")
    at, seconds = re.search(r"by (\S+) for (\d+) s", refusal(held)).groups()
    assert at == "%s:%d" % first.name
    assert 1 <= int(seconds) <= time.monotonic() - since + 1
    first.detach()
    assert held.finished()[0] == 7


def test_a_refused_client_does_not_disturb_the_first(held):
    first = stopped_at(held, "module")
    for _ in range(20):
        refusal(held)
    assert held.stdout.find("^second") is None
    assert evaluate(first, "1 + 1") == "2"
    first.detach()
    assert held.finished()[0] == 7


def test_a_session_left_by_its_client_is_there_for_the_next(looping):
    for _ in range(3):
        stopped_at(looping, "turn").close()
        wait_for(lambda: attaches(looping), "the session to be free", 5)
    looping.stop()
    assert looping.finished()[0] == 5


def attaches(step):
    try:
        stopped_at(step, "turn").detach()
        return True
    except Refused:
        return False


# ---- takeover -----------------------------------------------------------

def test_takeover_tells_the_first_client_who_took_the_step(looping):
    first = stopped_at(looping, "turn")
    second = stopped_at(looping, "sleep", pitstopTakeover=True)
    first.wait_printed("%s:%d took this session over" % second.name,
                       "important")
    first.event("terminated")
    with pytest.raises(Refused):
        first.request("threads")
    second.detach()
    looping.stop()
    assert looping.finished()[0] == 5


def test_takeover_needs_the_token(looping):
    first = stopped_at(looping, "turn")
    for token in ("guess", None):
        launch = dict(looping.launch, pitstopTakeover=True,
                      pitstopToken=token)
        with pytest.raises(Refused) as refused:
            looping.client().start(launch)
        assert "token" in refused.value.message
    assert evaluate(first, "turns") == "0"
    first.detach()
    looping.stop()
    assert looping.finished()[0] == 5


@pytest.mark.parametrize("value", [False, "true", 1, None])
def test_nothing_but_true_is_a_takeover(looping, value):
    first = stopped_at(looping, "turn")
    with pytest.raises(Refused):
        looping.client().start(dict(looping.launch, pitstopTakeover=value))
    assert evaluate(first, "turns") == "0"


def test_takeover_of_one_that_has_not_configured_yet(looping):
    first = looping.client(looping.launch)
    first.initialize()
    attach = first.begin_attach(looping.launch)
    first.wait_initialized(attach)
    second = stopped_at(looping, "turn", pitstopTakeover=True)
    assert first.response(attach)["success"] is False
    first.wait_closed(5)
    second.detach()
    looping.stop()
    assert looping.finished()[0] == 5


def test_takeover_of_one_whose_debugger_is_not_there_yet(looping):
    """The step stands still, so the first gets nowhere."""
    pid = looping.main_pid()
    os.kill(pid, signal.SIGSTOP)
    first = looping.client(looping.launch)
    first.initialize()
    attach = first.begin_attach(looping.launch)
    second = looping.client(looping.launch)
    second.initialize()
    taken = second.begin_attach(dict(looping.launch, pitstopTakeover=True))
    assert first.response(attach)["success"] is False
    os.kill(pid, signal.SIGCONT)
    second.wait_initialized(taken)
    second.configure()
    second.finish(taken)
    second.detach()
    looping.stop()
    assert looping.finished()[0] == 5


def test_takeover_back_and_forth(looping):
    client = stopped_at(looping, "turn")
    for _ in range(4):
        other = stopped_at(looping, "turn", pitstopTakeover=True)
        client.event("terminated")
        client = other
    client.detach()
    looping.stop()
    assert looping.finished()[0] == 5


# ---- what a client can do to the step -----------------------------------

def test_terminate_before_it_is_attached_ends_no_step(looping):
    client = looping.client(looping.launch)
    client.initialize()
    attach = client.begin_attach(looping.launch)
    client.wait_initialized(attach)
    with pytest.raises(Refused) as refused:
        client.request("terminate")
    assert "not attached" in refused.value.message
    assert client.response(attach)["success"] is False
    client.wait_closed(5)
    assert not looping.stdout.find("^Debugger attached")
    stopped_at(looping, "turn").detach()
    looping.stop()
    assert looping.finished()[0] == 5


def test_restart_is_refused_with_a_reason(looping):
    client = looping.client(looping.launch)
    assert "supportsRestartRequest" not in client.initialize()
    client.start(looping.launch,
                 {looping.path: [line_of(looping.path, "turn")]})
    client.stopped("breakpoint")
    with pytest.raises(Refused) as refused:
        client.request("restart", {"arguments": looping.launch})
    is_dap_error(refused.value.response)
    assert "cannot be restarted" in refused.value.message
    assert evaluate(client, "turns") == "0"
    client.detach()
    looping.stop()
    assert looping.finished()[0] == 5


def test_the_restart_button_gives_a_fresh_session(looping):
    """Without supportsRestartRequest it is a disconnect and an attach."""
    client = stopped_at(looping, "turn")
    before = int(evaluate(client, "turns"))
    client.detach(restart=True)
    client = stopped_at(looping, "turn")
    assert int(evaluate(client, "turns")) > before
    client.detach()
    looping.stop()
    assert looping.finished()[0] == 5


@pytest.mark.parametrize("arguments", [
    None, {}, {"restart": False}, {"terminateDebuggee": False},
    {"suspendDebuggee": True}, {"suspendDebuggee": True, "restart": True},
    {"terminateDebuggee": "true"}, {"terminateDebuggee": 1}])
def test_disconnect_lets_the_step_run(held, arguments):
    """Also one that asks to leave it suspended: nobody would wake it."""
    client = stopped_at(held, "module")
    client.request("disconnect", arguments)
    client.wait_closed(5)
    assert held.finished()[0] == 7
    assert held.own_output() == "second 42\nargv []\n"


@pytest.mark.parametrize("moment", ["connected", "initialized", "attaching"])
@pytest.mark.parametrize("terminate", [False, True])
def test_disconnect_before_it_is_attached_leaves_the_hold(held, moment,
                                                          terminate):
    client = held.client(held.launch)
    if moment != "connected":
        client.initialize()
    if moment == "attaching":
        client.wait_initialized(client.begin_attach(held.launch))
    client.request("disconnect", {"terminateDebuggee": terminate})
    client.wait_closed(5)
    assert not held.stdout.find("^Debugger attached")
    held.attached(held.launch)
    assert held.finished()[0] == 7


def test_disconnect_twice(held):
    """The second comes behind the first, before that is answered."""
    client = stopped_at(held, "module")
    first = client.send("disconnect", {})
    second = client.send("disconnect", {"terminateDebuggee": True})
    assert client.response(first)["success"]
    client.wait_closed(5)
    answer = client.responses.get(second)
    assert answer is None or answer["request_seq"] == second
    assert held.finished()[0] == 7
    assert held.own_output() == "second 42\nargv []\n"


def test_disconnect_after_the_end_is_answered(held):
    client = stopped_at(held, "module")
    client.go(client.threads()[0]["id"])
    client.event("terminated")
    client.request("disconnect", {})
    client.wait_closed(5)
    assert held.finished()[0] == 7


def test_requests_after_a_disconnect_do_nothing(looping):
    client = stopped_at(looping, "turn")
    gone = client.send("disconnect", {})
    try:
        client.send("evaluate", {"expression": "__import__('os')._exit(9)"})
        client.send("continue", {"threadId": 1})
    except OSError:
        pass
    assert client.response(gone)["success"]
    client.wait_closed(5)
    looping.stop()
    assert looping.finished()[0] == 5
