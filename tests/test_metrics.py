"""GET /metrics: what it counts, and that Prometheus takes it."""
import json
import os
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from dap_client import Refused
from harness import free_ports, wait_for
from http_wire import ask
from test_http import TOKEN, can_ask, held, post  # noqa: F401

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(step):
    answer = ask(step.http_port, "GET", "/metrics")
    assert answer.status == 200
    assert answer.fields["content-type"] == TYPE
    return answer.content.decode()


def metrics(step):
    """Values by name and labels, those that are 0 left out."""
    lines = [l for l in text(step).splitlines() if not l.startswith("#")]
    pairs = [line.rsplit(" ", 1) for line in lines]
    assert len(dict(pairs)) == len(pairs)
    return {name: float(value) for name, value in pairs if float(value)}


def ours(step):
    return {name[len("pitstop_"):]: value
            for name, value in metrics(step).items()
            if name.startswith("pitstop_")}


def refused(step, **changes):
    with pytest.raises(Refused):
        step.client(step.launch).start(dict(step.launch, **changes))


def test_a_hold_that_a_debugger_ends(held):  # noqa: F811
    step = held()
    before = ours(step)
    assert before['sessions{state="holding"}'] == 1
    assert 0 < before["hold_remaining_seconds"] <= 20
    assert "holds_total" not in before
    refused(step, pitstopToken="guess")
    ask(step.http_port, "GET", "/x")
    client = step.attached(step.launch, {step.path: [7]})
    client.stopped("breakpoint")
    after = ours(step)
    assert after['sessions{state="attached"}'] == 1
    assert 'sessions{state="holding"}' not in after
    assert "hold_remaining_seconds" not in after
    assert after['holds_total{end="attached"}'] == 1
    assert after["hold_seconds_total"] > 0
    assert after["attaches_total"] == 1
    assert after['refusals_total{reason="token"}'] == 1
    assert after['http_requests_total{code="4xx"}'] == 1
    assert after['http_requests_total{code="2xx"}'] == 1
    assert after["http_connections"] == 1


@pytest.mark.parametrize("end", ["released", "timeout"])
def test_holds_that_end_without_one(hold, one_python, tmp_path, end):
    path = tmp_path / "stays.py"
    path.write_text("import time\ntime.sleep(60)\n")
    step = hold([one_python.path, str(path)], env={"PITSTOP_TOKEN": TOKEN},
                timeout=20 if end == "released" else 1)
    step.wait_held()
    if end == "released":
        assert post(step, "release").status == 200
    step.hold_ended()
    values = ours(step)
    assert values['holds_total{end="%s"}' % end] == 1
    assert values['sessions{state="running"}'] == 1
    assert "attaches_total" not in values


def test_the_bytes_of_debuggers_each_way(held):  # noqa: F811
    step = held()
    body = json.dumps({"seq": 1, "type": "request", "command": "initialize",
                       "arguments": {"adapterID": "x"}}).encode()
    message = b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", step.port),
                                  timeout=20) as wire:
        wire.sendall(message)
        assert wire.recv(1, socket.MSG_PEEK)
        assert ours(step)["debug_connections"] == 1
        wire.sendall(b"nonsense\r\n\r\n")
        answered = b"".join(iter(lambda: wire.recv(65536), b""))
    assert b"initialize" in answered
    assert ours(step)['debug_bytes_total{direction="received"}'] == \
        len(message) + len(b"nonsense\r\n\r\n")
    assert ours(step)['debug_bytes_total{direction="sent"}'] == len(answered)
    wait_for(lambda: "debug_connections" not in ours(step), "its end")


def test_requests_refused_by_reason(held):  # noqa: F811
    step = held()
    assert post(step, "release", fields=["Origin: http://x"]).status == 403
    assert ask(step.http_port, "GET", "/v1/sessions").status == 401
    statuses = [ask(step.http_port, "GET", "/v1/sessions", "guess").status
                for _ in range(10)]
    assert set(statuses) == {401, 429}
    values = ours(step)
    assert {reason: values['http_refusals_total{reason="%s"}' % reason]
            for reason in ("origin", "token", "crowded")} == {
        "origin": 1, "token": 1 + statuses.count(401),
        "crowded": statuses.count(429)}


def test_strangers_refused_over_http(held):  # noqa: F811
    step = held(env={"PITSTOP_ALLOW": "127.0.0.0/16"})
    with socket.socket() as wire:
        wire.bind(("127.1.0.1", 0))
        wire.connect(("127.0.0.1", step.http_port))
        wire.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 403 ")
    assert ours(step)['http_refusals_total{reason="address"}'] == 1


def test_an_agent_says_how_many_came_before(held):  # noqa: F811
    step = held()
    for number in (1, 2):
        first = step.agent()
        os.kill(first, signal.SIGKILL)
        step.agent(but=first)
        wait_for(lambda: can_ask(step), "HTTP")
        assert ours(step)["agent_restarts_total"] == number


def test_the_process_is_described(held):  # noqa: F811
    step = held()
    values = metrics(step)
    with open("/proc/%d/statm" % step.agent()) as file:
        pages = [int(n) for n in file.read().split()]
    for number, name in enumerate(("virtual", "resident")):
        assert values["process_%s_memory_bytes" % name] == pytest.approx(
            pages[number] * 4096, rel=0.2)
    # The connection's own, which the agent may close a little later.
    wait_for(lambda: values["process_open_fds"] == 1 + len(
        os.listdir("/proc/%d/fd" % step.agent())), "the descriptors counted")
    assert values["process_cpu_seconds_total"] < 5


def test_promtool_finds_nothing_to_complain_of(held):  # noqa: F811
    step = held()
    done = subprocess.run(["promtool", "check", "metrics"],
                          input=text(step), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    assert (done.returncode, done.stdout) == (0, "")


def query(port, expression):
    url = "http://127.0.0.1:%d/api/v1/query?%s" % (
        port, urllib.parse.urlencode({"query": expression}))
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return [(found["metric"], float(found["value"][1]))
                    for found in json.load(answer)["data"]["result"]]
    except OSError:
        return []


def test_prometheus_scrapes_it(held, tmp_path):  # noqa: F811
    step = held()
    port = free_ports(http=True)
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        "- job_name: pitstop\n  static_configs:\n"
        "  - targets: ['127.0.0.1:%d']\n" % step.http_port)
    with subprocess.Popen(
            ["prometheus", "--config.file=%s/prometheus.yml" % tmp_path,
             "--storage.tsdb.path=%s/data" % tmp_path,
             "--web.listen-address=127.0.0.1:%d" % port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            found = wait_for(lambda: query(
                port, 'pitstop_sessions{state="holding"}'), "a scrape")
            assert [value for _, value in found] == [1]
            assert query(port, "up")[0][1] == 1
        finally:
            process.terminate()
