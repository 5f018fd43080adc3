"""What MLflow and Application Insights are sent."""
import base64
import json
import os
import re
import socket

import pytest

from harness import BOUND_BY_MODES, wait_for
from sink_server import Server, certificate
from test_http import TOKEN, post
from test_metrics import ours
from test_upload import HOLD, hooked, is_untouched, serve  # noqa: F401

BATCH = "/api/2.0/mlflow/runs/log-batch"
WORKSPACE = ("/subscriptions/1-2/resourceGroups/g/providers/"
             "Microsoft.MachineLearningServices/workspaces/w")
BEARER = "s3cr3t-bearer"
NOBODY = 65534


def delivered(step, sink, count):
    name = 'sink_events_total{sink="%s",result="delivered"}' % sink
    wait_for(lambda: ours(step).get(name, 0) >= count, "the delivery")


# ---- MLflow -----------------------------------------------------------------

@pytest.fixture
def logged(hooked):  # noqa: F811
    """logged(uri, ...): a step of the run "run-7"."""
    def begin(uri, *options, seconds=0, **env):
        return hooked("", seconds, *options, **dict({
            "MLFLOW_TRACKING_URI": uri, "MLFLOW_RUN_ID": "run-7",
            "MLFLOW_TRACKING_TOKEN": BEARER}, **env))
    return begin


def merged(requests, part):
    """What the run has of it in the end."""
    return {one["key"]: one["value"] for request in requests
            for one in request.json[part]}


def test_a_run_has_tags(logged, serve, one_python):  # noqa: F811
    server = serve(default=(200, {}, "{}"))
    step = logged(server.url + "/", *HOLD)
    assert is_untouched(step) == []
    for request in server.requests:
        assert request.path == BATCH
        assert request.headers["Authorization"] == "Bearer " + BEARER
        assert list(request.json) == ["run_id", "tags", "params", "metrics"]
        assert request.json["run_id"] == "run-7"
        assert TOKEN not in request.text and BEARER not in request.text
        assert len({t["key"] for t in request.json["tags"]}) == \
            len(request.json["tags"]) <= 100
    tags = merged(server.requests, "tags")
    assert (tags["pitstop.host"], tags["pitstop.port"]) == (
        "127.0.0.1", str(step.port))
    assert json.loads(tags["pitstop.arguments"])[-1].endswith("step.py")
    assert tags["pitstop.held_at"] <= tags["pitstop.timed_out_at"]
    assert tags["pitstop.debugger"] == "debugpy " + one_python.debugpy
    assert merged(server.requests, "params")["pitstop.way_in"] == \
        "pitstop run before the command"


def test_ranks_have_tags_of_their_own(logged, serve):  # noqa: F811
    server = serve()
    is_untouched(logged(server.url, *HOLD, RANK="3", WORLD_SIZE="4",
                        AZUREML_CR_NODE_RANK="1"))
    tags = merged(server.requests, "tags")
    assert tags["pitstop.node1.rank3.name"] == "step.py"
    assert tags["pitstop.node1.rank3.status"] == "7"
    assert "pitstop.node1.status" not in tags


def test_a_workspace_of_azure(logged, serve, tmp_path):  # noqa: F811
    tls = certificate(tmp_path)
    server = serve(tls=tls)
    uri = "azureml://" + server.host + "/mlflow/v1.0" + WORKSPACE + "?"
    step = logged(uri, *HOLD, MLFLOW_RUN_ID="", AZUREML_RUN_ID="run-8",
                  REQUESTS_CA_BUNDLE=tls[0])
    assert is_untouched(step) == []
    assert {(r.path, r.json["run_id"]) for r in server.requests} == {
        ("/mlflow/v2.0" + WORKSPACE + BATCH, "run-8")}


def test_a_password_counts_before_a_token(logged, serve):  # noqa: F811
    server = serve()
    is_untouched(logged(server.url, *HOLD, MLFLOW_TRACKING_USERNAME="user",
                        MLFLOW_TRACKING_PASSWORD="s3cr3t:pass"))
    assert {r.headers["Authorization"] for r in server.requests} == {
        "Basic " + base64.b64encode(b"user:s3cr3t:pass").decode()}


def test_no_header_where_nothing_is_known(logged, serve):  # noqa: F811
    server = serve()
    is_untouched(logged(server.url, *HOLD, MLFLOW_TRACKING_TOKEN=""))
    assert [r.headers["Authorization"] for r in server.requests[:1]] == [None]


def test_a_token_adds_no_header_of_its_own(logged, serve):  # noqa: F811
    server = serve()
    is_untouched(logged(server.url, *HOLD,
                        MLFLOW_TRACKING_TOKEN=BEARER + "\nX-More: 1\n"))
    assert server.requests
    for request in server.requests:
        assert request.headers["Authorization"] == "Bearer " + BEARER
        assert request.headers["X-More"] is None


@pytest.mark.parametrize("env", [
    {"MLFLOW_RUN_ID": ""}, {"MLFLOW_TRACKING_URI": ""},
    {"MLFLOW_TRACKING_URI": "file:///tmp/s3cr3t"}], ids=range(3))
def test_without_a_run_or_a_server_nothing_is_said(logged, serve,  # noqa: F811
                                                   env):
    server = serve()
    assert is_untouched(logged(server.url, *HOLD, **env)) == []
    assert server.requests == []


def test_a_token_that_has_expired(logged, serve):  # noqa: F811
    server = serve(default=(401, {}, ""))
    step = logged(server.url, *HOLD)
    assert is_untouched(step) == [
        "pitstop: MLflow at %s: it answered 401; nothing more is sent there; "
        "check its credentials (the step is not affected)" % server.url]
    assert len(server.requests) == 1


@pytest.fixture
def token_file(tmp_path):
    """token_file(text): as who renews a token writes it."""
    path = tmp_path / "token"

    def write(text):
        new = tmp_path / "token.new"
        new.write_text(text)
        new.chmod(0o600)
        new.rename(path)
        return str(path)
    return write


def bearers(server):
    return [r.headers["Authorization"] for r in server.requests]


def test_a_token_is_read_again_when_its_file_changes(
        logged, serve, token_file):  # noqa: F811
    server = serve()
    step = logged(server.url, "--hold", "--timeout", "60", seconds=60,
                  MLFLOW_TRACKING_TOKEN_FILE=token_file("s3cr3t-1\n"))
    step.held_at()
    delivered(step, "mlflow", 2)
    assert set(bearers(server)) == {"Bearer s3cr3t-1"}
    count = len(server.requests)
    token_file("s3cr3t-2\n")
    post(step, "release")
    server.wait(count + 1)
    assert set(bearers(server)[count:]) == {"Bearer s3cr3t-2"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_was_renewed_meanwhile(logged, serve,  # noqa: F811
                                            token_file, status):
    """The answer comes when the file has another one already."""
    def renew(_):
        token_file("s3cr3t-2")
        return status, {}, ""

    server = serve(renew)
    step = logged(server.url, *HOLD,
                  MLFLOW_TRACKING_TOKEN_FILE=token_file("s3cr3t-1"))
    assert is_untouched(step) == []
    assert bearers(server)[0] == "Bearer s3cr3t-1"
    assert set(bearers(server)[1:]) == {"Bearer s3cr3t-2"}
    assert server.requests[0].json == server.requests[1].json


def test_a_token_that_is_refused_once_more(logged, serve,  # noqa: F811
                                           token_file):
    def renew(_):
        token_file("s3cr3t-2")
        return 401, {}, ""

    server = serve(renew, default=(403, {}, ""))
    step = logged(server.url, *HOLD,
                  MLFLOW_TRACKING_TOKEN_FILE=token_file("s3cr3t-1"))
    assert is_untouched(step) == [
        "pitstop: MLflow at %s: it answered 403; nothing more is sent there; "
        "check its credentials (the step is not affected)" % server.url]
    assert len(server.requests) == 2


BAD_FILES = {"empty": "it is empty or cannot be read",
             "long": "it is no small file", "missing": "it is not there",
             "open": "others may write to it",
             "another's": "others may write to it",
             "pipe": "it is no small file", "directory": "it is no small file",
             "unreadable": "it cannot be read"}


@pytest.mark.parametrize("how", BAD_FILES)
def test_a_file_without_a_token_leaves_the_one_before(
        logged, serve, token_file, how):  # noqa: F811
    server = serve()
    path = token_file({"empty": "\n", "long": "s3cr3t" * 9999}.get(
        how, "s3cr3t-2"))
    if how in ("missing", "pipe", "directory"):
        os.unlink(path)
    if how == "open":
        os.chmod(path, 0o602)
    if how == "another's":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(path, NOBODY, 0)
    if how == "pipe":
        os.mkfifo(path, 0o600)
    if how == "directory":
        os.mkdir(path, 0o700)
    if how == "unreadable":
        os.chmod(path, 0o200)
    step = logged(server.url, *HOLD, MLFLOW_TRACKING_TOKEN_FILE=path,
                  prefix=BOUND_BY_MODES if how == "unreadable" else ())
    assert is_untouched(step) == [
        "pitstop: MLflow: the file that MLFLOW_TRACKING_TOKEN_FILE names has "
        "no token (%s); the one before counts" % BAD_FILES[how]]
    assert set(bearers(server)) == {"Bearer " + BEARER}


@pytest.mark.parametrize("mode", [0o400, 0o664])
def test_a_file_that_its_owner_and_group_alone_may_write_to_counts(
        logged, serve, token_file, mode):  # noqa: F811
    server = serve()
    path = token_file("s3cr3t-2")
    os.chmod(path, mode)
    assert is_untouched(logged(server.url, *HOLD,
                               MLFLOW_TRACKING_TOKEN_FILE=path)) == []
    assert set(bearers(server)) == {"Bearer s3cr3t-2"}


def other_origins_hear_no_token(logged, server, other):  # noqa: F811
    step = logged(server.url, *HOLD)
    assert is_untouched(step) == []
    assert set(bearers(server)) == {"Bearer " + BEARER}
    assert other.requests
    assert set(bearers(other)) == {None}
    assert [r.json for r in other.requests] == [r.json for r in
                                                server.requests]


def test_a_redirection_takes_no_token_elsewhere(logged, serve):  # noqa: F811
    """To another port, which is another origin."""
    other = serve()
    other_origins_hear_no_token(logged, serve(default=(
        308, {"Location": other.url + "/x"}, "")), other)


def test_one_that_is_refused_does_not_take_others_along(
        logged, serve):  # noqa: F811
    """A request with several events that is refused goes again one by one."""
    def refuse(request):
        keys = {tag["key"] for tag in request.json["tags"]}
        bad = "pitstop.timed_out_at" in keys
        return 400 if bad else 200, {}, ""

    server = serve((503, {"Retry-After": "3"}, ""), default=refuse)
    step = logged(server.url, *HOLD, seconds=60)
    server.wait(2)
    delivered(step, "mlflow", 1)
    wait_for(lambda: 'sink_events_total{sink="mlflow",result="lost"}'
             in ours(step), "the loss")
    assert ours(step)['sink_events_total{sink="mlflow",result="lost"}'] == 1


# ---- Application Insights -----------------------------------------------------

KEY = "s3cr3t00-0000-0000-0000-000000000000"


@pytest.fixture
def traced(hooked):  # noqa: F811
    """traced(endpoint, ...): a step whose events go to that endpoint."""
    def begin(endpoint, *options, seconds=0, **env):
        text = "InstrumentationKey=%s;IngestionEndpoint=%s/" % (KEY, endpoint)
        return hooked("", seconds, *options, **dict({
            "APPLICATIONINSIGHTS_CONNECTION_STRING": text,
            "AZUREML_RUN_ID": "run-7"}, **env))
    return begin


def accepted(request, *errors):
    """As the service answers."""
    count = len(request.json)
    return 206 if errors else 200, {}, json.dumps({
        "itemsReceived": count, "itemsAccepted": count - len(errors),
        "errors": [{"index": i, "statusCode": code, "message": "no"}
                   for i, code in errors]})


TRACE, EVENT = "MessageData", "EventData"


def kinds(request):
    """What each of its envelopes is."""
    return [envelope["data"]["baseType"] for envelope in request.json]


def bases(requests, kind):
    return [envelope["data"]["baseData"]
            for request in requests for envelope in request.json
            if envelope["data"]["baseType"] == kind]


def properties(requests, kind=TRACE):
    return [base["properties"] for base in bases(requests, kind)]


def test_events_are_traces_and_custom_events(traced, serve,  # noqa: F811
                                             one_python):
    server = serve(default=accepted)
    step = traced(server.url, *HOLD)
    assert is_untouched(step) == []
    for request in server.requests:
        assert request.path == "/v2.1/track"
        assert TOKEN not in request.text
        assert kinds(request) == [TRACE, EVENT] * (len(request.json) // 2)
        for envelope in request.json:
            assert set(envelope) == {"name", "time", "iKey", "tags", "data"}
            assert envelope["name"] == "Microsoft.ApplicationInsights." + (
                envelope["data"]["baseType"][:-len("Data")])
            assert envelope["iKey"] == KEY
            assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
                            envelope["time"])
            assert envelope["tags"] == {
                "ai.cloud.role": "pitstop",
                "ai.cloud.roleInstance": socket.gethostname(),
                "ai.internal.sdkVersion": envelope["tags"][
                    "ai.internal.sdkVersion"],
                "ai.operation.id": "run-7"}
            base = envelope["data"]["baseData"]
            assert base["ver"] == 2
            assert all(isinstance(value, str)
                       for value in base["properties"].values())
    traces, events = (bases(server.requests, k) for k in (TRACE, EVENT))
    for trace, event in zip(traces, events):
        assert set(trace) == {"ver", "message", "severityLevel", "properties"}
        assert set(event) == {"ver", "name", "properties", "measurements"}
        fields = trace["properties"]
        assert event["name"] == "pitstop " + fields["event"]
        numbers = event["measurements"]
        assert fields == dict(event["properties"], **{
            k: fields[k] for k in numbers})
        assert numbers == {k: pytest.approx(float(fields[k]))
                           for k in numbers}
    assert {1, 3} == {trace["severityLevel"] for trace in traces}
    assert events[-1]["name"] == "pitstop ended"
    assert events[-1]["properties"]["status"] == "7"
    assert events[-1]["measurements"]["wall_seconds"] > 1
    held = next(p for p in properties(server.requests)
                if p["event"] == "held")
    assert (held["host"], held["port"]) == ("127.0.0.1", str(step.port))
    assert held["debugger"] == "debugpy " + one_python.debugpy
    assert {p.get("way_in") for p in properties(server.requests)} == {
        "pitstop run before the command", None}
    ids = [p["id"] for p in properties(server.requests)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("again", [0, 1])
def test_only_those_that_were_not_taken_go_again(traced, serve,  # noqa: F811
                                                 again):
    """After a busy answer several events go in one request; of these the
    first's trace or custom event is to come again, and the last's custom event
    will not be taken."""
    def partly(request):
        return accepted(request, (again, 500), (len(request.json) - 1, 400))

    server = serve((503, {"Retry-After": "3"}, ""), partly, default=accepted)
    step = traced(server.url, *HOLD, seconds=60)
    first, second, third = server.wait(3)
    assert first.json[again] == second.json[again]
    assert third.json == [second.json[again]]
    count = len(second.json) // 2
    assert count > 1
    delivered(step, "insights", count - 1)
    assert ours(step)['sink_events_total{sink="insights",result="lost"}'] == 1


def test_what_was_taken_of_refused_ones_does_not_come_again(
        traced, serve):  # noqa: F811
    """By a server that takes no custom events: when it is asked again, one by
    one, it is for them alone."""
    def traces_alone(request):
        return accepted(request, *[(i, 400) for i, kind in enumerate(
            kinds(request)) if kind == EVENT])

    server = serve((503, {"Retry-After": "3"}, ""), default=traces_alone)
    step = traced(server.url, *HOLD, seconds=60)
    assert [kinds(r) for r in server.wait(5)[1:]] == [
        [TRACE, EVENT] * 3] + [[EVENT]] * 3
    wait_for(lambda: ours(step).get(
        'sink_events_total{sink="insights",result="lost"}') == 3, "the loss")


def test_reasons_of_some_length_count(traced, serve):  # noqa: F811
    """As many as a hundred events have."""
    def refused(request):
        return 206, {}, json.dumps({"errors": [
            {"index": i, "statusCode": 500, "message": "x" * 1000}
            for i in range(200)]})

    server = serve(refused, default=accepted)
    traced(server.url, *HOLD, seconds=60)
    first, second = server.wait(2)
    assert second.json[:len(first.json)] == first.json


def test_a_quota_that_is_used_up_is_no_end(traced, serve):  # noqa: F811
    server = serve((439, {"Retry-After": "1"}, ""), default=accepted)
    step = traced(server.url, *HOLD, seconds=60)
    server.wait(2)
    delivered(step, "insights", 2)


@pytest.mark.parametrize("text", ["s3cr3t", "IngestionEndpoint=http://x"],
                         ids=range(2))
def test_a_connection_string_that_is_none(traced, text):
    step = traced("", *HOLD, **{"APPLICATIONINSIGHTS_CONNECTION_STRING": text})
    assert is_untouched(step) == [
        "pitstop: APPLICATIONINSIGHTS_CONNECTION_STRING has no "
        "InstrumentationKey; nothing is sent to Application Insights"]
