"""How the run log gets to servers, good and bad: whatever they do, the step's
output and status are its own, and at its end it waits 5 s at the most."""
import pathlib
import re
import shutil
import socket
import threading
import time

import pytest

import netns
from harness import free_ports, strip_log, wait_for
from sink_server import (CLOSE, GARBAGE, HANG, HUGE, TRICKLE, Server,
                         certificate)
from test_http import KILOBYTES, TOKEN
from test_metrics import ours

PATH = "/services/T0/B0/s3cr3tPath"
QUERY = "?sig=s3cr3tQuery"
END_SECONDS = 5         # as AGENT_END_MS in include/agent_child.h
SLACK = 2               # for starting and ending on a busy machine
WAITS = "import sys, time\nprint('out')\nsys.stdout.flush()\n" \
    "time.sleep(%s)\nprint('err', file=sys.stderr)\nsys.exit(7)\n"


VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PLAIN = dict.fromkeys(VARIABLES + (
    "HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy",
    "NO_PROXY", "no_proxy"), "")
PLAIN["PITSTOP_TOKEN"] = TOKEN


@pytest.fixture
def serve():
    servers = []

    def begin(*answers, **more):
        servers.append(Server(*answers, **more))
        return servers[-1]

    yield begin
    for server in servers:
        server.end()


@pytest.fixture
def hooked(start, one_python, tmp_path):
    """hooked(url, ...): a step that runs for `seconds`, held or not, whose
    events go to that webhook."""
    def begin(url, seconds=0, *options, prefix=(), **env):
        path = tmp_path / "step.py"
        path.write_text(WAITS % seconds)
        env = dict(PLAIN, **dict({"PITSTOP_WEBHOOK": url}, **env))
        return start([one_python.path, str(path)], *options, env=env,
                     cwd=tmp_path, prefix=prefix)
    return begin


HOLD = ("--hold", "--timeout", "1")


def names(requests):
    return [request.json["event"] for request in requests]


def is_untouched(step):
    """The step's own output and status are there; what pitstop said."""
    status, out, err = step.finished()
    said = [line for line in err.splitlines() if line.startswith("pitstop: ")]
    assert (status, strip_log(out)) == (7, "out\n")
    assert strip_log(err) == "err\n"
    assert "s3cr3t" not in out + err
    return said


# ---- what arrives ---------------------------------------------------------

def test_a_message_for_each_thing_that_happens(hooked, serve, one_python):
    server = serve()
    step = hooked(server.url + PATH + QUERY, 0, *HOLD)
    assert is_untouched(step) == []
    requests = server.requests
    assert names(requests)[:2] == ["held", "timed out"]
    node = socket.gethostname()
    for request in requests:
        assert request.path == PATH + QUERY
        assert request.headers["User-Agent"].startswith("pitstop/")
        assert "Expect" not in request.headers
        assert request.json["node"] == node
        assert re.match(r"[0-9a-f]{32}$", request.json["id"])
        assert TOKEN not in request.text
    held = requests[0].json
    assert held["text"] == (
        "pitstop on %s: step.py is held; attach a debugger to 127.0.0.1:%d" % (
            node, step.port))
    assert held["debugger"] == "debugpy " + one_python.debugpy
    assert requests[1].json["text"] == (
        "pitstop on %s: step.py is held no longer, since nobody attached in "
        "time" % node)
    assert len({request.json["id"] for request in requests}) == len(requests)


def test_a_line_tells_who_attached(hooked, serve):
    server = serve()
    step = hooked(server.url, 0, "--hold")
    step.attached()
    step.finished()
    assert names(server.requests)[:2] == ["held", "attached"]
    assert re.match(r"pitstop on \S+: step\.py has a debugger, from "
                    r"127\.0\.0\.1:\d+$", server.requests[1].json["text"])


def test_nothing_is_sent_unasked(hooked, serve):
    server = serve()
    step = hooked("", 0, *HOLD)
    assert is_untouched(step) == []
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://h/s3cr3t", "s3cr3t", "https://",
                                 "file:///etc/passwd"], ids=range(4))
def test_a_url_that_is_none(hooked, url):
    step = hooked(url, 0, *HOLD)
    assert is_untouched(step) == [
        "pitstop: PITSTOP_WEBHOOK: it is no URL with http:// or https://; "
        "nothing is sent there"]


# ---- trying again -----------------------------------------------------------

GARBLED = "what it says is no HTTP"
AGAIN = {"500": (500, {}, ""), "503": (503, {}, "later"),
         "429": (429, {}, ""), "408": (408, {}, ""), "close": CLOSE,
         "garbage": GARBAGE}


@pytest.mark.parametrize("answer", AGAIN)
def test_tries_again_and_says_so_once(hooked, serve, answer):
    server = serve(AGAIN[answer], AGAIN[answer])
    step = hooked(server.url + PATH, 60, "--hold", "--timeout", "1")
    requests = server.wait(4)
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="webhook",result="delivered"}') == 2,
        "the delivery")
    assert names(requests) == ["held", "held", "held", "timed out"]
    assert len({r.json["id"] for r in requests[:3]}) == 1
    values = ours(step)
    assert values['sink_failures_total{sink="webhook"}'] == 2
    assert 'sink_queue_events{sink="webhook"}' not in values
    what = {"close": "the connection broke", "garbage": GARBLED}.get(
        answer, "it answered " + answer)
    step.stderr.wait("works again$")
    assert step.stderr.lines == [
        "pitstop: PITSTOP_WEBHOOK at http://%s: %s; it is tried again (the "
        "step is not affected)" % (server.host, what),
        "pitstop: PITSTOP_WEBHOOK at http://%s works again" % server.host]


@pytest.mark.parametrize("after", ["2", "date"])
def test_waits_as_long_as_it_is_told(hooked, serve, after):
    times = []

    def busy(_):
        times.append(time.monotonic())
        value = after if after == "2" else time.strftime(
            "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3))
        return 429, {"Retry-After": value}, ""

    def note(_):
        times.append(time.monotonic())
        return 200, {}, ""

    server = serve(busy, note)
    hooked(server.url, 60, "--hold", "--timeout", "60")
    server.wait(2)
    wait_for(lambda: len(times) == 2, "the answer")
    assert times[1] - times[0] >= 1.9


def test_the_end_does_not_wait_for_a_pause(hooked, serve):
    """What waits for later is sent when the step ends."""
    server = serve((503, {"Retry-After": "300"}, ""))
    step = hooked(server.url, 0, "--hold", "--timeout", "3")
    server.wait(1)
    is_untouched(step)
    assert names(server.requests)[:3] == ["held", "held", "timed out"]


def test_a_server_that_comes_later(hooked, serve):
    port = free_ports(http=True)
    step = hooked("http://127.0.0.1:%d" % port, 60, "--hold", "--timeout",
                  "60")
    _, match = step.stderr.wait("PITSTOP_WEBHOOK at (.*)")
    assert match.group(1) == (
        "http://127.0.0.1:%d: no connection (Connection refused); it is tried "
        "again (the step is not affected)" % port)
    server = serve(port=port)
    assert names(server.wait(1)) == ["held"]


# ---- giving up ----------------------------------------------------------------

@pytest.mark.parametrize("status", [401, 403])
def test_stops_where_it_is_not_let_in(hooked, serve, status):
    server = serve(default=(status, {}, ""))
    step = hooked(server.url + PATH, 0, *HOLD)
    assert is_untouched(step) == [
        "pitstop: PITSTOP_WEBHOOK at http://%s: it answered %d; nothing more "
        "is sent there; check its credentials (the step is not affected)" % (
            server.host, status)]
    assert names(server.requests) == ["held"]


@pytest.mark.parametrize("status", [400, 404, 302])
def test_what_is_not_taken_is_lost(hooked, serve, status):
    server = serve((status, {"Location": "/elsewhere"}, ""))
    step = hooked(server.url, 60, *HOLD)
    assert names(server.wait(2)) == ["held", "timed out"]
    assert {r.path for r in server.requests} == {"/"}
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="webhook",result="delivered"}'), "delivery")
    assert ours(step)['sink_events_total{sink="webhook",result="lost"}'] == 1
    assert step.stderr.lines[0] == (
        "pitstop: PITSTOP_WEBHOOK at http://%s: it answered %d%s; what it does "
        "not take is lost (the step is not affected)" % (
            server.host, status, REDIRECTED if status == 302 else ""))


# ---- redirections -------------------------------------------------------------

REDIRECTED = ", a redirection that is not followed"


@pytest.mark.parametrize("status", [307, 308])
def test_follows_a_redirection_as_it_was_sent(hooked, serve, status):
    other = serve()
    server = serve((status, {"Location": "/near"}, ""), (200, {}, ""),
                   default=(status, {"Location": other.url + "/far"}, ""))
    step = hooked(server.url + PATH, 0, *HOLD)
    assert is_untouched(step) == []
    assert [r.path for r in server.requests[:2]] == [PATH, "/near"]
    assert server.requests[0].text == server.requests[1].text
    assert [r.path for r in server.requests[2:]] == [PATH] * len(
        other.requests)
    assert {r.path for r in other.requests} == {"/far"}
    assert [r.text for r in other.requests] == \
        [r.text for r in server.requests[2:]]


def test_follows_no_more_than_a_few(hooked, serve):
    server = serve(default=(307, {"Location": "/again"}, ""))
    step = hooked(server.url, 0, *HOLD)
    said = is_untouched(step)
    assert "it answered 307" + REDIRECTED in said[0]
    assert len(server.requests) % 4 == 0
    assert len({r.json["id"] for r in server.requests[:4]}) == 1


def test_follows_nothing_out_of_tls(hooked, serve, tmp_path):
    tls = certificate(tmp_path)
    other = serve()
    server = serve(tls=tls, default=(307, {"Location": other.url}, ""))
    step = hooked(server.url, 0, *HOLD, SSL_CERT_FILE=tls[0])
    assert REDIRECTED in is_untouched(step)[0]
    assert other.requests == []


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/",
                                   "", "http://"], ids=range(4))
def test_follows_to_no_other_place(hooked, serve, where):
    server = serve(default=(308, {"Location": where}, ""))
    step = hooked(server.url, 0, *HOLD)
    is_untouched(step)
    assert len({r.path for r in server.requests}) == 1


BAD = {"hang": HANG, "500": (500, {}, ""), "trickle": TRICKLE, "huge": HUGE,
       "nobody": None}


LATE = "no answer in time"
WHY = {"500": "it answered 500",
       "nobody": r"no connection \(Connection refused\)"}


@pytest.mark.parametrize("how", BAD)
def test_the_end_waits_five_seconds_at_the_most(hooked, serve, how):
    if how == "nobody":
        url = "http://127.0.0.1:%d" % free_ports(http=True)
    else:
        url = serve(default=BAD[how]).url
    step = hooked(url, 0, *HOLD)
    _, ended = step.hold_ended()
    said = is_untouched(step)
    assert time.monotonic() - ended < END_SECONDS + SLACK
    if how in ("500", "nobody"):    # one more attempt, and that is all
        assert time.monotonic() - ended < SLACK
    if how != "huge":
        assert re.match(r"pitstop: \d+ of the run log's events did not reach "
                        r"PITSTOP_WEBHOOK at http://127\.0\.0\.1:\d+: %s; "
                        "there is no journal of them$" % WHY.get(
                            how, LATE), said[-1])


def test_the_step_never_waits(hooked, serve):
    server = serve(default=HANG)
    step = hooked(server.url, 60, *HOLD)
    held = step.held_at()
    attached, ended = step.hold_ended()
    assert (attached, ended - held < 1 + SLACK) == (False, True)
    step.stdout.wait("^out$", SLACK)
    assert ours(step)['sink_queue_events{sink="webhook"}'] == 2


def test_an_answer_is_read_up_to_a_bound(hooked, serve):
    server = serve(default=HUGE)
    step = hooked(server.url, 60, *HOLD)
    server.wait(1)
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="webhook",result="delivered"}') == 2,
        "the deliveries")
    with open("/proc/%d/status" % step.agent()) as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
    assert peak < KILOBYTES


# ---- TLS, proxies ---------------------------------------------------------------

@pytest.mark.parametrize("variable", VARIABLES)
def test_trusts_the_certificates_that_it_is_given(hooked, serve, tmp_path,
                                                  variable):
    tls = certificate(tmp_path)
    server = serve(tls=tls)
    step = hooked(server.url + PATH, 0, *HOLD,
                  **{variable: tls[0]})
    assert is_untouched(step) == []
    assert names(server.requests)[:2] == ["held", "timed out"]


UNTRUSTED = "its certificate cannot be verified (SSL_CERT_FILE names the " \
    "file with the CAs)"


@pytest.mark.parametrize("case", ["stranger", "name", "no file"])
def test_trusts_no_other_certificate(hooked, serve, tmp_path, case):
    tls = certificate(tmp_path, "DNS:other" if case == "name"
                      else "IP:127.0.0.1")
    server = serve(tls=tls)
    trusted = {"stranger": "", "name": tls[0], "no file": "/nowhere"}[case]
    step = hooked(server.url + PATH, 0, *HOLD, SSL_CERT_FILE=trusted)
    said = is_untouched(step)
    assert said[0] == (
        "pitstop: PITSTOP_WEBHOOK at https://%s: %s; it is tried again (the "
        "step is not affected)" % (
            server.host, "the file with the CAs cannot be read"
            if case == "no file" else UNTRUSTED))
    assert server.requests == []


@pytest.fixture
def proxy():
    """A proxy that refuses; the first lines that it was sent."""
    seen = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                seen.append(client.recv(4096).split(b"\r\n")[0])
                client.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield "127.0.0.1:%d" % listener.getsockname()[1], seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_asks_the_proxy(hooked, proxy):
    at, seen = proxy
    step = hooked("https://server.invalid" + PATH, 0, *HOLD,
                  HTTPS_PROXY="http://user:s3cr3t@" + at)
    said = is_untouched(step)
    assert said[0] == (
        "pitstop: PITSTOP_WEBHOOK at https://server.invalid: the proxy "
        "answered 407; it is tried again (the step is not affected)")
    assert seen[0] == b"CONNECT server.invalid:443 HTTP/1.1"


def test_asks_no_proxy_where_none_shall_be_asked(hooked, serve, tmp_path,
                                                 proxy):
    at, seen = proxy
    tls = certificate(tmp_path)
    server = serve(tls=tls)
    step = hooked(server.url, 0, *HOLD, HTTPS_PROXY="http://" + at,
                  NO_PROXY="127.0.0.1", SSL_CERT_FILE=tls[0])
    assert is_untouched(step) == []
    assert len(server.requests) >= 2
    assert seen == []


def test_a_name_that_nobody_knows(hooked):
    step = hooked("https://server.invalid" + PATH, 0, *HOLD)
    started = time.monotonic()
    said = is_untouched(step)
    assert time.monotonic() - started < 1 + END_SECONDS + SLACK
    assert "s3cr3t" not in "".join(said)


def test_an_agent_that_dies_sends_no_more_and_another_does(hooked, serve):
    server = serve(default=HANG)
    step = hooked(server.url, 2, *HOLD)
    server.wait(1)
    step.kill_agent()
    said = is_untouched(step)
    assert "the agent died" in said[0]


@pytest.fixture
def namespace():
    space = netns.namespace()
    folder = pathlib.Path("/etc/netns") / space.name
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text("nameserver 10.9.9.9\n")
    yield space
    space.down()
    shutil.rmtree(folder)


def test_a_name_server_that_never_answers(start, one_python, tmp_path,
                                          namespace):
    """The loop goes on, and the end waits no longer than for others."""
    namespace.interface("net0", "10.9.9.1/24")
    path = tmp_path / "step.py"
    path.write_text(WAITS % 0)
    step = start([one_python.path, str(path)], *HOLD, prefix=namespace.prefix,
                 env=dict(PLAIN, PITSTOP_WEBHOOK="https://a.example" + PATH))
    held, ended = step.held_at(), step.hold_ended()[1]
    assert 1 <= ended - held + 0.1 < 1 + SLACK
    said = is_untouched(step)
    assert time.monotonic() - ended < END_SECONDS + SLACK
    assert said[-1].startswith("pitstop: 3 of the run log's events did not "
                               "reach PITSTOP_WEBHOOK at https://a.example: ")
