"""Nothing but an authorised attach gets into a step or moves its barrier."""
import json
import os
import re
import signal
import socket
import time

import pytest

from dap_client import CLIENT, Closed, Overdue, Refused, read_message
from harness import Noise, line_of, place, strip_log, wait_for

TOKEN_DELAY = 3
GUESSES = 8                     # wrong tokens of an address in that time
LOG_LINES = 30                  # of a flood; it is rate-limited


@pytest.fixture
def held(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    step.path = str(tmp_path / "simple.py")
    step.launch = step.wait_held()
    return step


def framed(body):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def request(command, arguments, seq=1):
    return {"seq": seq, "type": "request", "command": command,
            "arguments": arguments}


def log_lines(step):
    """Lines on stderr, which all have to be pitstop's while it is held."""
    lines = step.stderr.text.splitlines()
    assert all(l.startswith("pitstop: ") for l in lines), lines
    return lines


def lines_about(step, client):
    """Those that name this connection's address and port."""
    name = "%s:%d" % client.name
    return [l for l in log_lines(step) if re.search(name + r"\b", l)]


def still_held(step):
    return step.running() and not step.stdout.find("^Debugger attached")


def good_client_gets_in(step):
    """The barrier did not move, and it still opens."""
    assert still_held(step)
    client = step.attached(step.launch,
                           {step.path: [line_of(step.path, "module")]})
    thread = client.stopped("breakpoint")
    client.go(thread)
    assert step.hold_ended()[0] is True
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")
    assert out.count("Debugger attached = ") == 1


def refusals(client):
    return [m for m in client.messages
            if m["type"] == "response" and not m["success"]]


def is_dap_error(response):
    error = response["body"]["error"]
    assert response["message"]
    assert isinstance(error["id"], int) and error["format"]
    assert error["showUser"] is True


# ---- the token ----------------------------------------------------------

WRONG = {
    "other": "another-token", "empty": "", "number": 5, "null": None,
    "list": ["x"], "object": {}, "long": "x" * 20000, "bool": True,
}


def attach_response(client, launch):
    client.initialize()
    return client.response(client.begin_attach(launch))


@pytest.mark.parametrize("kind", sorted(WRONG) + ["prefix", "longer", "case"])
def test_wrong_token_is_refused(held, kind):
    right = held.launch["pitstopToken"]
    token = {"prefix": right[:-1], "longer": right + "x",
             "case": right.swapcase()}.get(kind, WRONG.get(kind))
    client = held.client(held.launch)
    response = attach_response(client, dict(held.launch, pitstopToken=token))
    assert response["success"] is False
    is_dap_error(response)
    assert re.search("token", response["message"])
    assert right not in json.dumps(client.messages)
    client.wait_closed(5)
    assert len(log_lines(held)) <= 1
    good_client_gets_in(held)


def test_wrong_token_is_said_to_be_wrong_after_three_seconds(held):
    client = held.client(held.launch)
    client.initialize()
    begun = time.monotonic()
    with pytest.raises(Refused) as refused:
        client.wait_initialized(client.begin_attach(
            dict(held.launch, pitstopToken="guess")))
    assert TOKEN_DELAY - 0.5 < time.monotonic() - begun < TOKEN_DELAY + 2
    assert "wrong" in refused.value.message
    assert "guess" not in json.dumps(client.messages)
    assert not any("guess" in l for l in log_lines(held))


def test_missing_token_is_said_to_be_missing(held):
    launch = dict(held.launch)
    del launch["pitstopToken"]
    client = held.client(held.launch)
    with pytest.raises(Refused) as refused:
        client.start(launch)
    assert "missing" in refused.value.message
    good_client_gets_in(held)


def guess(step, source="127.0.0.1", leaves=False):
    """One wrong token from that address; the connection."""
    sock = socket.create_connection(("127.0.0.1", step.port), 5,
                                    (source, 0))
    sock.sendall(framed(request("initialize", CLIENT)) + framed(
        request("attach", dict(step.launch, pitstopToken="guess"), 2)))
    if leaves:
        with sock.makefile("rb") as stream:
            read_message(stream)
        sock.close()
    return sock


def test_punished_clients_hold_up_nobody(held, noise):
    """Neither a few from one's own address nor many from another."""
    socks = [guess(held) for _ in range(GUESSES - 1)]
    socks += [guess(held, "127.0.0.2") for _ in range(3 * GUESSES)]
    begun = time.monotonic()
    held.attached(held.launch)
    assert time.monotonic() - begun < TOKEN_DELAY + Noise.worst
    assert held.finished()[0] == 7
    for sock in socks:
        sock.close()


@pytest.mark.parametrize("leaves", [True, False])
def test_guesses_of_an_address_are_few(held, leaves):
    """Also when it does not stay to hear that they were wrong."""
    socks = [guess(held, leaves=leaves) for _ in range(GUESSES)]
    wait_for(lambda: held.stderr.text.count("wrong token") == GUESSES,
             "the guesses to be read")
    with pytest.raises(Refused) as refused:
        held.client(held.launch).start(held.launch)
    assert "too many" in refused.value.message
    for sock in socks:
        sock.close()
    good_client_gets_in(held)


def test_punished_client_gets_no_second_guess(held):
    """Neither on the same connection, nor while the first is on the clock."""
    client = held.client(held.launch)
    client.initialize()
    first = client.begin_attach(dict(held.launch, pitstopToken="guess"))
    second = client.begin_attach(held.launch)
    assert client.response(first)["success"] is False
    client.wait_closed(5)
    assert not client.responses.get(second, {}).get("success")
    assert still_held(held)


def test_punished_client_that_leaves_is_no_harm(held):
    for _ in range(5):
        client = held.client(held.launch)
        client.initialize()
        client.begin_attach(dict(held.launch, pitstopToken="guess"))
        client.close()
    good_client_gets_in(held)


def test_token_of_the_environment_is_used(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                env={"PITSTOP_TOKEN": "of-the-team"})
    assert step.wait_held()["pitstopToken"] == "of-the-team"
    step.attached()
    assert step.finished()[0] == 7


def test_token_none_asks_for_none(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                env={"PITSTOP_TOKEN": "none"})
    launch = step.wait_held()
    assert "pitstopToken" not in launch
    step.attached(launch)
    assert step.finished()[0] == 7


def test_random_token_is_another_one_each_time(hold, one_python, tmp_path):
    path = place(tmp_path, "simple.py")
    tokens = {hold([one_python.path, path]).wait_held()["pitstopToken"]
              for _ in range(3)}
    assert len(tokens) == 3


def test_random_token_appears_once_and_in_the_launch_configuration(
        hold, one_python, tmp_path):
    path = tmp_path / "spy.py"
    path.write_text("import os\nprint('environ', dict(os.environ))\n")
    step = hold([one_python.path, str(path)])
    launch = step.wait_held()
    token = launch["pitstopToken"]
    with open("/proc/%d/cmdline" % step.agent(), "rb") as file:
        assert token.encode() not in file.read()
    client = step.client(launch)
    with pytest.raises(Refused):
        client.start(dict(launch, pitstopToken="guess"))
    step.attached(launch)
    _, out, err = step.finished()
    assert out.count(token) == 1
    assert token not in err


def test_token_does_not_reach_the_debugger(hold, one_python, tmp_path):
    """debugpy would show it in its logs."""
    path = place(tmp_path, "simple.py")
    logs = tmp_path / "logs"
    logs.mkdir()
    step = hold([one_python.path, path],
                env={"DEBUGPY_LOG_DIR": str(logs), "PYDEVD_DEBUG": None})
    token = step.wait_held()["pitstopToken"]
    step.attached()
    assert step.finished()[0] == 7
    for log in logs.iterdir():
        assert token not in log.read_text(errors="replace"), log


# ---- the allow-list -----------------------------------------------------

def turned_away(client):
    """Closed, or told so by the first response; nothing more."""
    try:
        response = client.response(client.send("initialize", CLIENT), 5)
        assert response["success"] is False
        is_dap_error(response)
        client.wait_closed(5)
        return True
    except (Closed, BrokenPipeError, ConnectionResetError):
        return True


def test_client_off_the_allow_list_is_turned_away(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                "--allow", "10.9.9.0/24", timeout=4)
    client = step.client(step.wait_held())
    assert turned_away(client)
    said = "127.0.0.1 is not in PITSTOP_ALLOW, the addresses that may debug " \
           "this step; start it with an --allow that has it, beside all " \
           "others that may: it replaces the default"
    assert all(r["message"].startswith(said) for r in refusals(client))
    step.stderr.wait("^pitstop: refused")
    line, = log_lines(step)
    assert line.startswith("pitstop: refused a debugger from %s:%d: %s" % (
        client.name + (said,)))
    assert step.hold_ended()[0] is False
    assert step.finished()[0] == 7


@pytest.mark.parametrize("key, value", [("pitstopRank", "x"),
                                        ("subProcessId", "abc")])
def test_a_key_of_another_type_is_refused_and_opens_nothing(
        hold, one_python, tmp_path, key, value):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    launch = step.wait_held()
    client = step.client(launch)
    client.initialize()
    refused = client.response(client.begin_attach(
        dict(launch, **{key: value})))
    assert refused["success"] is False
    assert refused["message"].startswith(f'"{key}" has to be the number of ')
    step.attached(launch)
    assert step.finished()[0] == 7


def test_nobody_is_invited_where_nobody_may(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                "--allow", "none", timeout=1)
    status, out, _ = step.finished()
    assert status == 7
    assert "; the step runs on\n" in out and "can still" not in out


@pytest.mark.parametrize("allow", [
    "127.0.0.1", "127.0.0.0/8", "10.9.9.0/24,127.0.0.1/32", "0.0.0.0/0"])
def test_client_on_the_allow_list_gets_in(hold, one_python, tmp_path, allow):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                env={"PITSTOP_ALLOW": allow})
    step.attached()
    assert step.finished()[0] == 7


def test_allow_list_with_a_typing_error_lets_no_stranger_in(hold, one_python,
                                                            tmp_path):
    """A bad value is told, and the default is used."""
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                "--allow", "10.9.9.0/240", timeout=2)
    step.wait_held()
    assert re.search("^pitstop: .*allow.*10.9.9.0/240", step.stderr.text,
                     re.M | re.I)
    assert step.finished()[0] == 7


# ---- hostile bytes ------------------------------------------------------

DEEP = b'{"seq":1,"type":"request","command":"initialize","arguments":' + \
    b"[" * 10000 + b"]" * 10000 + b"}"
NESTED = b'{"seq":1,"type":"request","command":"initialize","arguments":' + \
    b'{"a":' * 10000 + b"1" + b"}" * 10000 + b"}"

HOSTILE = {
    "attach-first": framed(request("attach", {})),
    "threads-first": framed(request("threads", {})),
    "evaluate-first": framed(request("evaluate", {"expression": "1"})),
    "configuration-done-first": framed(request("configurationDone", {})),
    "launch-first": framed(request("launch", {})),
    "event-first": framed({"seq": 1, "type": "event", "event": "stopped"}),
    "response-first": framed({"seq": 1, "type": "response",
                              "request_seq": 1, "success": True,
                              "command": "attach"}),
    "debugger-command-first": framed(request(
        "pydevdAuthorize", {"debugServerAccessToken": None})),
    "long-header": b"X-Padding: " + b"x" * 5000 + b"\r\n",
    "many-headers": b"X: y\r\n" * 1000,
    "endless-header": b"Content-Length: " + b"1" * 70000,
    "negative-length": b"Content-Length: -5\r\n\r\n{}",
    "signed-length": b"Content-Length: +2\r\n\r\n{}",
    "hex-length": b"Content-Length: 0x10\r\n\r\n" + b" " * 16,
    "word-length": b"Content-Length: many\r\n\r\n{}",
    "empty-length": b"Content-Length:\r\n\r\n{}",
    "two-lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "overflowing-length": b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "length-1-gib": b"Content-Length: 1073741824\r\n\r\n" + b" " * 65536,
    "length-64-kib-and-1": b"Content-Length: 65537\r\n\r\n" + b" " * 65537,
    "no-length": b"X: y\r\n\r\n{}",
    "no-header": b"\r\n\r\n{}",
    "line-feeds-alone": b"Content-Length: 2\n\n{}",
    "zero-length": b"Content-Length: 0\r\n\r\n",
    "no-json": framed(b"hello"),
    "half-json": framed(b'{"seq":1,"type":"request"'),
    "json-and-more": framed(b"{}{}"),
    "array": framed(b"[]"),
    "number": framed(b"1"),
    "empty-object": framed(b"{}"),
    "bad-utf-8": framed(b'{"seq":1,"type":"request","command":"\xff\xfe"}'),
    "zero-byte": framed(b'{"seq":1,"type":"request","command":"a\0b"}'),
    "seq-is-text": framed(b'{"seq":"1","type":"request",'
                          b'"command":"initialize"}'),
    "command-is-number": framed(b'{"seq":1,"type":"request","command":5}'),
    "arguments-are-text": framed(request("attach", "x")),
    "deep-arrays": framed(DEEP),
    "deep-objects": framed(NESTED),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
    "ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "zeros": b"\0" * 70000,
}


@pytest.fixture(scope="module")
def victim(tmp_path_factory, request):
    """A held step for all hostile bytes; each has to leave it held."""
    from conftest import pick
    from harness import Step
    path = place(tmp_path_factory.mktemp("victim"), "simple.py")
    step = Step([pick("py3.11", "system").path, path], "--hold",
                "--timeout", "900")
    request.addfinalizer(step.end)
    step.path = path
    step.launch = step.wait_held()
    return step


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_bytes_are_refused(victim, name):
    agent = victim.agent()
    with victim.client(victim.launch) as client:
        try:
            client.send_raw(HOSTILE[name])
        except OSError:
            pass                # it closed in the middle
        client.wait_closed(20)
        for response in refusals(client):
            is_dap_error(response)
        assert len(refusals(client)) <= 1
        assert not any(m.get("success") for m in client.messages)
    assert len(lines_about(victim, client)) <= 1
    assert still_held(victim)
    assert victim.agent() == agent, "the agent died"


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_bytes_after_initialize_are_refused(victim, name):
    """`attach` is the only thing that leads anywhere from there."""
    agent = victim.agent()
    with victim.client(victim.launch) as client:
        client.initialize()
        known = len(client.messages)
        try:
            client.send_raw(HOSTILE[name])
        except OSError:
            pass
        if name in ("event-first", "response-first"):
            client.send_raw(b"\0")      # DAP lets these pass without answer
        if name != "launch-first":
            client.wait_closed(10)
        assert not any(m.get("success") for m in client.messages[known:])
        for response in refusals(client):
            is_dap_error(response)
    assert len(lines_about(victim, client)) <= 1
    assert still_held(victim)
    assert victim.agent() == agent, "the agent died"


def test_hostile_client_that_never_closes_is_let_go(held):
    """A body that never comes does not keep its connection for ever."""
    client = held.client(held.launch)
    client.send_raw(b"Content-Length: 60000\r\n\r\n{")
    client.wait_closed(20)


def test_second_initialize_is_refused(victim):
    with victim.client(victim.launch) as client:
        client.initialize()
        assert client.response(
            client.send("initialize", CLIENT))["success"] is False
    assert still_held(victim)


def test_nothing_runs_in_the_step_before_the_token(victim):
    """initialize and a wrong token load no debugger."""
    with victim.client(victim.launch) as client:
        client.initialize()
        client.response(client.begin_attach(
            dict(victim.launch, pitstopToken="guess")))
    with open("/proc/%d/maps" % victim.main_pid()) as maps:
        assert "debugpy" not in maps.read()


def test_log_of_a_flood_is_rate_limited(held):
    for number in range(300):
        with held.client(held.launch) as client:
            client.send_raw(b"GET / HTTP/1.1\r\n\r\n")
            client.wait_closed(10)
    assert 1 <= len(log_lines(held)) <= LOG_LINES
    good_client_gets_in(held)


def test_idle_connections_shut_nobody_out(held):
    """A port scanner, or a health probe that forgets to close."""
    for _ in range(200):
        held.client(held.launch)
    good_client_gets_in(held)


def test_more_connections_than_allowed_shut_nobody_out_for_long(held):
    idle = [held.client(held.launch) for _ in range(400)]
    for client in idle:
        client.close()
    wait_for(lambda: is_served(held), "a place for another client", 5)
    good_client_gets_in(held)


def is_served(step):
    try:
        with step.client(step.launch) as client:
            return client.initialize()
    except (Refused, Closed):
        return False


def test_reset_in_the_middle_of_a_message(held):
    for cut in (1, 10, 25, 60):
        client = held.client(held.launch)
        client.send_raw(framed(request("initialize", CLIENT))[:cut])
        client.close()
    good_client_gets_in(held)


def test_messages_may_come_in_pieces_and_together(held):
    """What TCP does to a good client."""
    client = held.client(held.launch)
    data = framed(request("initialize", CLIENT, 1)) + framed(request(
        "attach", dict(held.launch, clientOS="unix"), 2))
    for byte in data:
        client.send_raw(bytes([byte]))
    client.sequence = 2
    client.wait_initialized(2)
    rest = framed(request("setExceptionBreakpoints", {"filters": []}, 3)) + \
        framed(request("configurationDone", {}, 4))
    client.send_raw(rest)
    assert client.response(2)["success"]
    assert held.finished()[0] == 7


def test_header_names_are_case_insensitive_and_others_passed_over(held):
    client = held.client(held.launch)
    body = json.dumps(request("initialize", CLIENT)).encode()
    client.send_raw(b"content-LENGTH:%d\r\nContent-Type: application/"
                    b"vscode-jsonrpc; charset=utf-8\r\n\r\n%b"
                    % (len(body), body))
    assert client.response(1)["success"]


def test_a_big_message_of_an_attached_client_is_taken(held):
    """64 KiB is the limit for strangers, not for one with the token."""
    launch = held.launch
    client = held.client(launch)
    client.start(launch, {held.path: [line_of(held.path, "module")]})
    thread = client.stopped("breakpoint")
    frame = client.top(thread)
    assert client.evaluate("len(%r)" % ("x" * 200000), frame) == "200000"
    client.go(thread)
    assert held.finished()[0] == 7


# ---- one client at a time -----------------------------------------------

def test_second_client_is_told_who_has_the_step(held):
    first = held.attached(held.launch,
                          {held.path: [line_of(held.path, "module")]})
    thread = first.stopped("breakpoint")
    second = held.client(held.launch)
    with pytest.raises(Refused) as refused:
        second.start(held.launch)
    is_dap_error(refused.value.response)
    assert "127.0.0.1" in refused.value.message
    first.go(thread)
    assert held.finished()[0] == 7


def test_second_client_while_the_first_configures(held):
    first = held.client(held.launch)
    first.initialize()
    attach = first.begin_attach(held.launch)
    first.wait_initialized(attach)
    with pytest.raises(Refused):
        held.client(held.launch).start(held.launch)
    first.configure()
    first.finish(attach)
    assert held.finished()[0] == 7


def test_two_clients_at_the_same_moment(held):
    """One gets in, the other is told; never both, never none."""
    clients = [held.client(held.launch) for _ in range(2)]
    for client in clients:
        client.initialize()
    attaches = [c.begin_attach(held.launch) for c in clients]
    results = []
    for client, attach in zip(clients, attaches):
        try:
            client.wait_initialized(attach)
            results.append(client)
        except Refused:
            results.append(None)
    assert results.count(None) == 1
    winner = 0 if results[0] else 1
    clients[winner].configure()
    clients[winner].finish(attaches[winner])
    assert held.finished()[0] == 7


def test_takeover_with_the_token(hold, one_python, tmp_path):
    """The step runs on between the two."""
    stop = tmp_path / "stop"
    path = place(tmp_path, "loop.py")
    step = hold([one_python.path, path, str(stop)])
    launch = step.wait_held()
    first = step.attached(launch, {path: [line_of(path, "turn")]})
    first.stopped("breakpoint")
    second = step.client(launch)
    second.start(dict(launch, pitstopTakeover=True),
                 {path: [line_of(path, "sleep")]})
    thread = second.stopped("breakpoint")
    assert second.where(thread)[1] == line_of(path, "sleep")
    first.event("terminated")
    second.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


@pytest.mark.parametrize("before", [False, True])
def test_answer_to_a_client_that_has_left_is_not_the_next_ones(
        start, one_python, tmp_path, before):
    """The step has no time for either of them until both are there."""
    stop, path = tmp_path / "stop", place(tmp_path, "loop.py")
    step = start([one_python.path, path, str(stop)],
                 env={"PITSTOP_TOKEN": "team"})
    step.stdout.wait("^running$")
    launch = {"type": "debugpy", "request": "attach", "pitstopToken": "team"}
    if before:
        client = step.client()
        client.start(launch)
        client.detach()
    os.kill(step.main_pid(), signal.SIGSTOP)
    for _ in range(3):
        client = step.client()
        client.initialize()
        client.begin_attach(launch)
        client.request("disconnect")
        client.close()
    client = step.client()
    client.initialize()
    attach = client.begin_attach(launch)
    os.kill(step.main_pid(), signal.SIGCONT)
    client.wait_initialized(attach)
    client.configure({path: [line_of(path, "turn")]})
    client.finish(attach)
    for _ in range(20):
        client.go(client.stopped("breakpoint"))
    assert not client.events("terminated")
    client.detach()
    stop.write_text("")
    assert step.finished()[0] == 5


@pytest.mark.parametrize("ready", [False, True])
def test_takeover_of_a_client_that_is_half_way(held, ready):
    first = held.client(held.launch)
    first.initialize()
    attach = first.begin_attach(held.launch)
    if ready:
        first.wait_initialized(attach)
    held.attached(dict(held.launch, pitstopTakeover=True))
    assert "took" in first.response(attach)["message"]
    assert held.finished()[0] == 7


def test_debugger_that_connects_twice_is_refused(hold, one_python, tmp_path):
    """Whose second connection would outlive the client of the first."""
    port = tmp_path / "port"
    step = hold([one_python.path, place(tmp_path, "twice.py"), str(port)])
    launch = step.wait_held()
    port.write_text(str(step.debuggee_port()))
    step.attached(launch)
    status, _, errors = step.finished()
    assert status == 0, errors


def test_late_attach_can_be_turned_off(start, one_python, tmp_path):
    stop = tmp_path / "stop"
    step = start([one_python.path, place(tmp_path, "loop.py"), str(stop)],
                 "--late-attach=off", env={"PITSTOP_TOKEN": "team"})
    step.stdout.wait("^running$")
    client = step.client()
    try:
        with pytest.raises((Refused, Closed, Overdue)):
            client.start({"type": "debugpy", "request": "attach",
                          "pitstopToken": "team"})
    finally:
        stop.write_text("")
    assert step.finished()[0] == 5
