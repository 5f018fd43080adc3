"""HTTP: the protocol, health, and sessions, from outside."""
import calendar
import collections
import contextlib
import os
import re
import resource
import selectors
import signal
import socket
import threading
import time

import pytest

from conftest import pick
from dap_client import CLIENT, Refused
from harness import (PITSTOP, PORTS, Step, free_ports, line_of, place,
                     stat_fields, strip_log, wait_for)
from http_wire import PATIENCE, Wire, ask, is_problem, read, request, wires
from test_hold import listening
from test_ranks import Ranks

TOKEN = "known-to-the-tests"
HOST = b"Host: a\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST
POST = b"POST /v1/sessions/1/extend HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HEAD_SECONDS = 10       # as in agent/http_server.c
IDLE_SECONDS = 30
CONNECTIONS = 10240
BUSY = 1280             # of them with a request
WRONG_TOKEN = re.compile(r"pitstop: refused a request over HTTP from "
                         r"127\.0\.0\.\d+:\d+: wrong token$")
KILOBYTES = 40000       # more than this is not bounded


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """A held step for all that leaves it as it is."""
    path = place(tmp_path_factory.mktemp("victim"), "simple.py")
    step = Step([pick("py3.11", "system").path, path], "--hold", "--timeout",
                "900", env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    yield step
    said = step.stderr.text.splitlines()
    step.end()
    assert [line for line in said if not WRONG_TOKEN.match(line)] == []


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory):
    """One that needs no token, left as it is."""
    path = place(tmp_path_factory.mktemp("open"), "simple.py")
    step = Step([pick("py3.11", "system").path, path], "--hold", "--timeout",
                "900", env={"PITSTOP_TOKEN": "none"})
    step.wait_held()
    yield step
    step.end()


@pytest.fixture
def held(hold, one_python, tmp_path):
    """held(**more): a step that is held."""
    def begin(*options, env=None, **more):
        path = place(tmp_path, "simple.py")
        step = hold([one_python.path, path], *options,
                    env=dict({"PITSTOP_TOKEN": TOKEN}, **(env or {})), **more)
        step.path, step.launch = path, step.wait_held()
        return step
    return begin


def sessions(step):
    answer = ask(step.http_port, "GET", "/v1/sessions", TOKEN)
    assert answer.status == 200
    return read(answer)["sessions"]


def session(step):
    """The only one."""
    only, = sessions(step)
    return only


def post(step, verb, content=None, token=TOKEN, session_id=None, fields=()):
    path = "/v1/sessions/%s/%s" % (session_id or session(step)["id"], verb)
    return ask(step.http_port, "POST", path, token, content, fields)


# ---- the protocol -------------------------------------------------------

# What is sent, the status of the answer, and whether the connection stays.
TABLE = {
    "get": (GET + b"\r\n", 200, True),
    "empty line before": (b"\r\n" + GET + b"\r\n", 200, True),
    "http/1.0": (b"GET /livez HTTP/1.0\r\n\r\n", 200, False),
    "http/1.0 kept": (b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                      200, True),
    "close": (GET + b"Connection: close\r\n\r\n", 200, False),
    "absolute": (b"GET http://a/livez HTTP/1.1\r\n" + HOST + b"\r\n", 200,
                 True),
    "query": (b"GET /livez?a=b HTTP/1.1\r\n" + HOST + b"\r\n", 200, True),
    "upgrade": (GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", 200,
                True),
    "with content": (GET + b"Content-Length: 3\r\n\r\nabc", 200, True),
    "unknown path": (b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n", 404, True),
    "path that goes on": (b"GET /livez/ HTTP/1.1\r\n" + HOST + b"\r\n", 404,
                          True),
    "options": (b"OPTIONS /livez HTTP/1.1\r\n" + HOST + b"\r\n", 405, True),
    "options of all": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404, True),
    "post": (b"POST /livez HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n"
             b"{}", 405, True),
    "trace": (b"TRACE /livez HTTP/1.1\r\n" + HOST + b"\r\n", 405, True),
    "chunks": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", 401, True),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 400, False),
    "two hosts": (GET + HOST + b"\r\n", 400, False),
    "bare lf": (b"GET /livez HTTP/1.1\n" + HOST + b"\r\n", 400, False),
    "bare lf in a field": (GET + b"X: y\n\r\n", 400, False),
    "space before the colon": (GET + b"X : y\r\n\r\n", 400, False),
    "obs-fold": (GET + b"X: y\r\n z\r\n\r\n", 400, False),
    "zero byte": (GET + b"X: \0\r\n\r\n", 400, False),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
                    400, False),
    "lengths differ": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n"
                       b"\r\n{}", 400, False),
    "length and chunks": (POST + b"Content-Length: 2\r\nTransfer-Encoding: "
                          b"chunked\r\n\r\n0\r\n\r\n", 400, False),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\n"
                          b"Content-Length: 2\r\n\r\n0\r\n\r\n", 400, False),
    "bad chunk": (CHUNKED + b"x\r\n", 400, False),
    "chunk too long": (CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n", 400, False),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, False),
    "dap": (b"Content-Length: 2\r\n\r\n{}", 400, False),
    "ssh": (b"SSH-2.0-OpenSSH_9.2p1\r\n", 400, False),
    "gzip": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, False),
    "unknown method": (b"FOO /livez HTTP/1.1\r\n" + HOST + b"\r\n", 501,
                       False),
    "connect": (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 501, False),
    "http/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, False),
    "expectation": (GET + b"Expect: more\r\n\r\n", 417, False),
    "long target": (b"GET /" + b"a" * 8000, 414, False),
    "long field": (GET + b"X: " + b"a" * 16384, 431, False),
    "many fields": (GET + b"X: y\r\n" * 100 + b"\r\n", 431, False),
    "long content": (POST + b"Content-Length: 16385\r\n\r\n", 413, False),
    "long chunk": (CHUNKED + b"4001\r\n" + b"a" * 0x4001, 413, False),
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_request_gets_its_status(victim, name):
    data, status, stays = TABLE[name]
    with Wire(victim.http_port) as wire:
        wire.send(data)
        answer = wire.answer()
        assert answer.status == status
        assert answer.fields["cache-control"] == "no-store"
        assert answer.fields["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT",
                            answer.fields["date"])
        if status != 200:
            is_problem(answer, status)
        if stays:
            assert wire.ask("GET", "/livez").status == 200
        else:
            assert answer.fields["connection"] == "close"
            assert wire.ended()


def test_a_request_may_come_in_any_pieces(victim):
    data = POST + b"Content-Length: 2\r\n\r\n{}" + GET + b"\r\n"
    for size in (1, 7, 50):
        with Wire(victim.http_port) as wire:
            for at in range(0, len(data), size):
                wire.send(data[at:at + size])
            assert [wire.answer().status for _ in range(2)] == [401, 200]


def test_pipelined_requests_are_answered_in_order(victim):
    paths = {"/livez": 200, "/readyz": 503, "/x": 404, "/v1/sessions": 401}
    with Wire(victim.http_port) as wire:
        wire.send(b"".join(request("GET", path) for path in paths) * 500)
        for _ in range(500):
            assert [wire.answer().status for _ in paths] == list(
                paths.values())


def test_what_follows_a_close_is_not_served(victim):
    with Wire(victim.http_port) as wire:
        wire.send(GET + b"Connection: close\r\n\r\n" + GET + b"\r\n")
        assert wire.answer().status == 200
        assert wire.ended()


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz",
                                  "/v1/sessions", "/v1/sessions/1", "/x"])
def test_head_is_get_without_content(victim, path):
    with Wire(victim.http_port) as wire:
        get, head = (wire.ask(method, path) for method in ("GET", "HEAD"))
        for answer in get, head:
            answer.fields.pop("date")
        assert (head.status, head.fields) == (get.status, get.fields)
        assert get.content and not head.content
        assert wire.ask("GET", "/livez").status == 200


def test_allow_names_the_methods(victim):
    answer = ask(victim.http_port, "DELETE", "/v1/sessions")
    is_problem(answer, 405)
    assert answer.fields["allow"] == "GET, HEAD"
    answer = ask(victim.http_port, "GET", "/v1/sessions/1/release")
    is_problem(answer, 405)
    assert answer.fields["allow"] == "POST"


def test_content_that_waits_to_be_asked_for(victim):
    with Wire(victim.http_port) as wire:
        wire.send(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert wire.answer().status == 100
        wire.send(b"{}")
        assert wire.answer().status == 401
        wire.send(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
                  b"{}")
        assert wire.answer().status == 401
        wire.send(POST + b"Content-Length: 20000\r\n"
                  b"Expect: 100-continue\r\n\r\n")
        assert wire.answer().status == 413


# ---- what clients can make it spend -------------------------------------

def is_bounded(step):
    """The agent's memory, at its greatest so far."""
    with open("/proc/%d/status" % step.agent()) as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
    assert peak < KILOBYTES or "/asan/" in PITSTOP  # keeps what was freed


def open_files(step):
    return len(os.listdir("/proc/%d/fd" % step.agent()))


def test_the_slow_are_told_and_the_idle_are_closed(victim):
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        slow = {name: stack.enter_context(Wire(victim.http_port, patience=60))
                for name in ("line", "head", "body", "idle", "again")}
        slow["line"].send(b"GET /li")
        slow["head"].send(GET)
        slow["body"].send(POST + b"Content-Length: 3\r\n\r\na")
        assert slow["again"].ask("GET", "/livez").status == 200
        for name in ("line", "head", "body"):
            is_problem(slow[name].answer(), 408)
            assert slow[name].ended()
        assert HEAD_SECONDS - 1 < time.monotonic() - begun < HEAD_SECONDS + 5
        for name in ("idle", "again"):
            assert slow[name].ended()
        assert IDLE_SECONDS - 1 < time.monotonic() - begun < IDLE_SECONDS + 5


def test_idle_connections_harm_nobody(victim):
    with wires(victim.http_port, 100) as idle:
        begun = time.monotonic()
        assert ask(victim.http_port, "GET", "/livez").status == 200
        assert time.monotonic() - begun < 1
        assert all(wire.ask("GET", "/livez").status == 200 for wire in idle)


def test_requests_take_memory_and_the_oldest_make_room(held):
    step = held()
    with wires(step.http_port, BUSY) as busy, wires(step.http_port, 1) as idle:
        for wire in busy:
            wire.send(GET + b"X: " + b"x" * 10000)   # not yet all of it
        with wires(step.http_port, 2) as more:
            for wire in more:
                wire.send(GET)
            assert all(wire.ended() for wire in busy[:2])
            for wire in busy[2:] + more:
                wire.send(b"\r\n\r\n")
            assert all(wire.answer().status == 200
                       for wire in busy[2:] + more)
        assert idle[0].ask("GET", "/livez").status == 200
        is_bounded(step)
    step.attached(step.launch)
    assert step.finished()[0] == 7


def test_ten_thousand_may_be_idle_and_the_oldest_make_room(held):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < CONNECTIONS + 4096:
        pytest.skip("the machine lets nobody open so many")
    step = held()
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    try:
        with wires(step.http_port, CONNECTIONS) as idle:
            assert ask(step.http_port, "GET", "/livez").status == 200
            assert idle[0].ended()
            for wire in (idle[-1], idle[1], idle[5000]):
                assert wire.ask("GET", "/livez").status == 200
            assert CONNECTIONS - 1 <= open_files(step) < CONNECTIONS + 50
            is_bounded(step)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    step.attached(step.launch)
    assert step.finished()[0] == 7


def test_what_comes_behind_the_last_request_takes_no_memory(held):
    step = held()
    with wires(step.http_port, 2 * BUSY) as many:
        for wire in many:
            wire.send(b"no request\r\n\r\n" + b"x" * 60000)
        assert ask(step.http_port, "GET", "/livez").status == 200
        is_bounded(step)
    step.attached(step.launch)
    assert step.finished()[0] == 7


def test_a_debugger_need_not_wait_for_all_who_ask(victim):
    """All is there when the agent goes on, and the debugger came last."""
    with victim.client(victim.launches(1)[0]) as client, \
            wires(victim.http_port, 500) as many:
        assert all(wire.ask("GET", "/livez").status == 200 for wire in many)
        before = received(many[0].ask("GET", "/metrics"))
        agent = victim.kill_agent(signal.SIGSTOP)
        try:
            wait_for(lambda: stat_fields(agent)[0] == "T", "it to stand still")
            for wire in many:
                wire.send(request("GET", "/metrics"))
            client.send("initialize", CLIENT)
        finally:
            os.kill(agent, signal.SIGCONT)
        earlier = [received(wire.answer()) == before for wire in many]
    assert 0 < sum(earlier) < 100


def test_who_asks_again_at_once_takes_nobodys_turn(victim):
    """Beside a debugger, where not all can be answered at once."""
    with victim.client(victim.launches(1)[0]), \
            wires(victim.http_port, 400) as many, \
            selectors.DefaultSelector() as ready:
        for wire in many:
            wire.send(request("GET", "/livez"))
            ready.register(wire.sock, selectors.EVENT_READ, wire)
        answers = collections.Counter()
        while len(answers) < len(many):
            for key, _ in ready.select(PATIENCE):
                assert key.data.answer().status == 200
                answers[key.data] += 1
                key.data.send(request("GET", "/livez"))
    assert max(answers.values()) <= 2


def received(metrics):
    """Bytes from debuggers so far."""
    return re.search(rb'debug_bytes_total{direction="received"} (\d+)',
                     metrics.content).group(1)


def test_a_client_that_reads_nothing_gets_no_more(held):
    step = held()
    with Wire(step.http_port) as wire:
        wire.sock.settimeout(1)
        with contextlib.suppress(socket.timeout):
            while True:
                wire.send((GET + b"\r\n") * 1000)
        is_bounded(step)
        assert ask(step.http_port, "GET", "/livez").status == 200
        wire.sock.settimeout(60)
        with pytest.raises(OSError):
            while True:
                wire.send(b"\r\n")


def test_a_client_that_reads_late_gets_all(victim):
    """Also where the answers have had to wait for it."""
    count, one = 40000, b"GET /x HTTP/1.1\r\n%bX: %b\r\n\r\n" % (
        HOST, b"a" * 400)
    with Wire(victim.http_port) as wire:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sender = threading.Thread(
            target=wire.send, args=(one * count,))
        sender.start()
        sender.join(2)
        assert sender.is_alive()     # nobody takes them any more
        assert all(wire.answer().status == 404 for _ in range(count))
        sender.join()


# ---- who may ------------------------------------------------------------

def test_who_is_not_in_the_list_is_told_so(held):
    step = held("--allow", "10.0.0.0/8")
    for path in ("/livez", "/x", "/v1/sessions"):
        with Wire(step.http_port) as wire:
            problem = is_problem(wire.ask("GET", path, TOKEN), 403)
            assert "PITSTOP_ALLOW" in problem["detail"]
            assert wire.ended()
    with Wire(step.http_port) as wire:
        wire.send(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        is_problem(wire.answer(), 403)


CLOSED = [("GET", "/v1/sessions"), ("GET", "/v1/sessions/%s"),
          ("POST", "/v1/sessions/%s/release"),
          ("POST", "/v1/sessions/%s/extend"), ("POST", "/v1/sessions/%s/abort")]


@pytest.mark.parametrize("row", CLOSED)
def test_without_the_token_nothing_is_told_or_done(victim, row):
    method, path = row
    if "%" in path:
        path = path % session(victim)["id"]
    source = "127.0.0.%d" % (10 + CLOSED.index(row))
    answers = [ask(victim.http_port, method, path, source=source)]
    assert answers[0].fields["www-authenticate"] == 'Bearer realm="pitstop"'
    for shown in ("wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "x" * 8000):
        answers.append(ask(victim.http_port, method, path, shown,
                           source=source))
        assert 'error="invalid_token"' in (
            answers[-1].fields["www-authenticate"])
    for line in ("Basic " + TOKEN, TOKEN, "Bearer", "Bearer\t" + TOKEN):
        answers.append(ask(victim.http_port, method, path, source=source,
                           fields=["Authorization: " + line]))
    for answer in answers:
        is_problem(answer, 401)
        assert TOKEN.encode() not in answer.content
    assert session(victim)["state"] == "holding"


def test_wrong_tokens_take_the_places_of_their_address(held):
    """At both ports; others have theirs, and soon they are free again."""
    step = held()

    def status(token, source="127.0.0.1"):
        return ask(step.http_port, "GET", "/v1/sessions", token,
                   source=source).status

    assert [status("wrong") for _ in range(8)] == [401] * 8
    answer = ask(step.http_port, "GET", "/v1/sessions", TOKEN)
    is_problem(answer, 429)
    assert answer.fields["retry-after"] == "3"
    assert status(TOKEN, "127.0.0.2") == 200
    assert ask(step.http_port, "GET", "/livez").status == 200
    with pytest.raises(Refused) as refused:
        step.client(step.launch).start(step.launch)
    assert "too many wrong tokens" in refused.value.message
    wait_for(lambda: status(TOKEN) == 200, "a free place")
    lines = step.stderr.text.splitlines()
    assert 1 <= len([l for l in lines if WRONG_TOKEN.match(l)]) <= 3


def test_the_scheme_is_read_in_any_case(victim):
    answer = ask(victim.http_port, "GET", "/v1/sessions",
                 fields=["Authorization: bEARER  " + TOKEN])
    assert answer.status == 200


@pytest.mark.parametrize("host, status", [
    ("127.0.0.1", 200), ("127.0.0.1:5679", 200), ("[::1]:5679", 200),
    ("localhost:5679", 200), ("LOCALHOST", 200), ("pages.example", 403),
    ("pages.example:5679", 403), ("127.0.0.1.pages.example", 403),
    ("[pages]", 403), ("10.3.0", 403)])
def test_without_a_token_only_the_address_is_answered_to(open_to_all, host,
                                                         status):
    """Not a name that a page of that name has had lead here."""
    for path, want in (("/v1/sessions", status), ("/livez", 200)):
        with Wire(open_to_all.http_port) as wire:
            wire.send(("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (
                path, host)).encode())
            assert wire.answer().status == want, path


def test_where_no_token_is_asked_for(held):
    step = held(env={"PITSTOP_TOKEN": "none"})
    assert ask(step.http_port, "GET", "/v1/sessions").status == 200
    assert ask(step.http_port, "GET", "/v1/sessions", "any").status == 200


@pytest.mark.parametrize("fields", [
    ["Origin: http://evil.example"], ["Origin: null"],
    ["Origin: https://localhost"], ["Sec-Fetch-Site: cross-site"],
    ["Sec-Fetch-Site: same-site", "Origin: http://localhost"]])
def test_pages_of_other_sites_are_refused(victim, fields):
    is_problem(post(victim, "release", fields=fields), 403)
    assert session(victim)["state"] == "holding"


def test_a_page_of_ours_is_not(victim):
    for fields in (["Origin: http://localhost"], ["Sec-Fetch-Site: none"],
                   ["Sec-Fetch-Site: same-origin", "Origin: http://LOCALHOST"]):
        answer = post(victim, "release", session_id=999999, fields=fields)
        assert answer.status == 404


# ---- health -------------------------------------------------------------

def test_health_of_a_held_step(victim):
    for path in ("/livez", "/healthz"):
        answer = ask(victim.http_port, "GET", path)
        assert answer.status == 200
        assert answer.fields["content-type"] == "application/health+json"
        assert read(answer)["status"] == "pass"
    answer = ask(victim.http_port, "GET", "/readyz")
    assert answer.status == 503
    body = read(answer)
    assert body["status"] == "fail" and body["held"] == 1
    assert body["output"] == (
        "simple.py (pid %d) is held until a debugger attaches" %
        session(victim)["pid"])
    assert 0 < body["seconds_left"] <= 900


def seconds(text):
    """Of an RFC 3339 time, since 1970."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def test_health_of_a_step_at_a_breakpoint(held):
    step = held()
    client = step.attached(step.launch,
                           {step.path: [line_of(step.path, "module")]})
    thread = client.stopped("breakpoint")
    for path in ("/livez", "/healthz", "/readyz"):
        assert ask(step.http_port, "GET", path).status == 200
    one = session(step)
    assert one["state"] == "attached" and one["hold"] is None
    assert one["client"]["address"] == "%s:%d" % client.name
    assert abs(seconds(one["client"]["since"]) - time.time()) < 5
    client.go(thread)
    assert step.finished()[0] == 7


def test_health_of_a_step_that_was_never_held(start, one_python, tmp_path):
    step = start([one_python.path, place(tmp_path, "asks.py")])
    wait_for(lambda: can_ask(step), "HTTP")
    assert ask(step.http_port, "GET", "/readyz").status == 200


def can_ask(step):
    try:
        return ask(step.http_port, "GET", "/livez").status == 200
    except OSError:
        return False


# ---- sessions -----------------------------------------------------------

def test_a_session_is_described(victim):
    one = session(victim)
    pid = one["pid"]
    assert one["id"] == str(pid) and os.path.exists("/proc/%d" % pid)
    assert one["state"] == "holding" and one["name"] == "simple.py"
    assert one["rank"] is one["client"] is one["failed"] is None
    assert one["python"].startswith("3.")
    assert one["cwd"] == os.getcwd()
    assert (one["host"], one["port"]) == ("127.0.0.1", victim.port)
    hold = one["hold"]
    assert set(hold) == {"since", "deadline", "seconds_left"}
    for name in ("since", "deadline"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                            hold[name])
    answer = ask(victim.http_port, "GET", "/v1/sessions/%d" % pid, TOKEN)
    again = read(answer)
    again.pop("hold")
    one.pop("hold")
    assert again == one


@pytest.mark.parametrize("name", ["0", "1", "-1", "x", "%d0", "0%d", "+%d",
                                  "%d.0", "%%3%d", "99999999999999999"])
def test_other_sessions_are_not_found(victim, name):
    if "%" in name:
        name = name % session(victim)["pid"]
    is_problem(ask(victim.http_port, "GET", "/v1/sessions/" + name, TOKEN),
               404)


def test_release_lets_it_go(held):
    step = held()
    answer = post(step, "release")
    assert answer.status == 200
    assert read(answer)["state"] == "running" and not read(answer)["hold"]
    assert step.hold_ended()[0] is False
    step.stdout.wait("^pitstop: released over HTTP; the step runs on")
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")


def test_release_of_what_is_not_held(start, one_python, tmp_path):
    path = tmp_path / "stays.py"
    path.write_text("import sys, time\nprint('on', flush=True)\n"
                    "time.sleep(60)\n")
    step = start([one_python.path, str(path)], env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^on$")
    is_problem(post(step, "release"), 409)
    is_problem(post(step, "extend", {"seconds": 1}), 409)


def test_extend_moves_the_deadline_of_agent_and_hook(held):
    step = held(timeout=3)
    before = read(ask(step.http_port, "GET", "/v1/sessions/%s" %
                      session(step)["id"], TOKEN))["hold"]
    answer = read(post(step, "extend", {"seconds": 4}))
    after = answer["hold"]
    assert answer["extended_seconds"] == 4
    _, said = step.stdout.wait(r"^pitstop: simple\.py is held 4 s longer, until "
                               r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    assert abs(seconds(said.group().split()[-1]) -
               seconds(after["deadline"])) <= 1
    assert after["since"][:19] == before["since"][:19]
    assert before["seconds_left"] + 3 <= after["seconds_left"] <= 7
    attached, when = step.hold_ended()
    assert attached is False and 6.5 < when - step.held_at() < 10
    step.stdout.wait("^pitstop: nobody attached in time")
    assert step.finished()[0] == 7


def test_a_hold_that_was_made_longer_can_be_attached_to(held):
    step = held(timeout=2)
    assert post(step, "extend", {"seconds": 20}).status == 200
    wait_for(lambda: time.monotonic() > step.held_at() + 2.5, "the old end")
    step.attached(step.launch)
    assert step.hold_ended()[0] is True
    assert step.finished()[0] == 7


def test_no_hold_is_longer_than_the_longest(held):
    step = held("--max-hold", "60", timeout=20)
    answer = read(post(step, "extend", {"seconds": 600000}))
    assert answer["hold"]["seconds_left"] <= 60
    assert answer["extended_seconds"] == 40
    step.stdout.wait(r"^pitstop: simple\.py is held 40 s longer, until \S+; "
                     "PITSTOP_MAX_HOLD allows no more$")
    problem = is_problem(post(step, "extend", {"seconds": 1}), 409)
    assert "PITSTOP_MAX_HOLD" in problem["detail"]


@pytest.mark.parametrize("content", [
    {}, [], None, "300", 300, {"seconds": 0}, {"seconds": -1},
    {"seconds": 1.5}, {"seconds": "300"}, {"seconds": None},
    {"seconds": 604801}, {"seconds": 1e300}, {"seconds": True},
    {"Seconds": 300}])
def test_extend_wants_whole_seconds(victim, content):
    is_problem(post(victim, "extend", content), 400)


def test_extend_wants_json(victim):
    path = "/v1/sessions/%s/extend" % session(victim)["id"]
    for content in (b"", b"{", b'{"seconds":1}x', b'{"seconds":1}\0',
                    b"\xff", b"[" * 16000):
        with Wire(victim.http_port) as wire:
            wire.send(request("POST", path, TOKEN, fields=[
                "Content-Length: %d" % len(content)]) + content)
            is_problem(wire.answer(), 400)
    is_problem(ask(victim.http_port, "POST", path, TOKEN, fields=[
        "Content-Type: text/plain", "Content-Length: 0"]), 415)
    body = b' {"seconds": 1, "why": "x"}\r\n '
    with Wire(victim.http_port) as wire:
        wire.send(request("POST", path, TOKEN, fields=[
            "Content-Type: Application/JSON; charset=utf-8",
            "Transfer-Encoding: chunked"]) +
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert wire.answer().status == 200


def test_abort_ends_the_step_by_sigterm(held):
    step = held()
    assert post(step, "abort").status == 202
    status, out, err = step.finished()
    assert status == 128 + signal.SIGTERM
    assert err.startswith("pitstop: the step is ended by SIGTERM, as was asked "
                          "for over HTTP from 127.0.0.1:")
    assert "Debugger attached" not in out and strip_log(out) == ""


def test_abort_ends_all_of_the_step(start, one_python, tmp_path):
    """Not only the Python process that was named."""
    path = tmp_path / "stays.py"
    path.write_text("import sys, time\nprint('on', flush=True)\n"
                    "time.sleep(60)\n")
    step = start(["bash", "-c", "trap 'echo told; exit 3' TERM; %s %s & "
                  "wait" % (one_python.path, path)],
                 env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^on$")
    assert post(step, "abort").status == 202
    status, out, _ = step.finished()
    assert (status, out) == (3, "on\ntold\n")


def test_ranks_share_what_is_added(hold, one_python, tmp_path):
    ranks = Ranks(hold, one_python, tmp_path, 3, timeout=30,
                  env={"PITSTOP_TOKEN": TOKEN})
    ranks.held()
    found = [s for s in sessions(ranks.step) if s["rank"] is not None]
    assert sorted(s["rank"] for s in found) == [0, 1, 2]
    assert read(ask(ranks.step.http_port, "GET", "/readyz"))["held"] == 3
    post(ranks.step, "extend", {"seconds": 100}, session_id=found[1]["id"])
    ranks.step.stdout.wait(r"^pitstop: \S+ \(rank %d\) and 2 more that share "
                           "its hold are held 100 s longer, until " %
                           found[1]["rank"])
    assert all(s["hold"]["seconds_left"] > 100 for s in sessions(ranks.step)
               if s["rank"] is not None)
    for one in found:
        assert post(ranks.step, "release", session_id=one["id"]).status == 200
    ranks.ended()


def test_a_step_that_failed_says_why(start, one_python, tmp_path):
    step = start([one_python.path, place(tmp_path, "fail.py")],
                 "--hold=crash", "--timeout", "20",
                 env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    one = session(step)
    assert one["state"] == "postmortem" and one["failed"]
    assert one["failed"] in step.stdout.text
    assert ask(step.http_port, "GET", "/readyz").status == 503
    assert post(step, "extend", {"seconds": 5}).status == 200
    assert post(step, "release").status == 200
    status, _, err = step.finished()
    assert status == 1 and "Traceback" in err


# ---- its port -----------------------------------------------------------

def test_the_next_agent_has_the_same_port(held):
    step = held()
    with listening(step.http_port + 1):
        first = step.agent()
        step.kill_agent()
        second = step.agent(but=first)
        wait_for(lambda: can_ask(step), "HTTP")
        assert step.agent() == second
    wait_for(lambda: [s["state"] for s in sessions(step)] == ["holding"],
             "the hold")
    assert post(step, "extend", {"seconds": 5}).status == 200


def test_a_port_that_is_taken_is_replaced_and_kept(held):
    port = free_ports(http=True)
    with listening(port):
        step = held(http_port=port)
        step.stdout.wait("^pitstop: health and control: "
                         "http://127.0.0.1:%d$" % (port + 1))
        step.http_port = port + 1
        assert session(step)["state"] == "holding"
    first = step.agent()
    step.kill_agent()
    step.agent(but=first)
    wait_for(lambda: can_ask(step), "HTTP")


def test_without_a_port_all_else_goes_on(held):
    port = free_ports(http=True)
    with contextlib.ExitStack() as stack:
        for number in range(PORTS):
            stack.enter_context(listening(port + number))
        step = held(http_port=port)
        step.attached(step.launch)
        status, out, _ = step.finished()
        assert status == 7 and "http" not in out


@pytest.mark.parametrize("word", ["off", "0"])
def test_it_can_be_off(held, word):
    step = held(http_port=word, env={"PITSTOP_HTTP_PORT": "5"})
    assert [port for _, port in step.listening("tcp6")] == [step.port]
    step.attached(step.launch)
    assert step.finished()[0] == 7


def test_nothing_is_printed_where_nothing_is_held(start, one_python,
                                                  tmp_path):
    path = place(tmp_path, "simple.py")
    step = start([one_python.path, path], http_port=free_ports(http=True))
    assert step.finished() == (7, "second 42\nargv []\n", "done\n")
