"""What MLflow is sent."""
import base64
import json

import pytest

from harness import wait_for
from sink_server import Server, certificate
from test_http import TOKEN
from test_metrics import ours
from test_upload import HOLD, hooked, is_untouched, serve  # noqa: F401

BATCH = "/api/2.0/mlflow/runs/log-batch"
WORKSPACE = ("/subscriptions/1-2/resourceGroups/g/providers/"
             "Microsoft.MachineLearningServices/workspaces/w")
BEARER = "s3cr3t-bearer"


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


def test_a_run_has_tags(logged, serve):  # noqa: F811
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


def test_ranks_have_tags_of_their_own(logged, serve):  # noqa: F811
    server = serve()
    is_untouched(logged(server.url, *HOLD, RANK="3", WORLD_SIZE="4",
                        AZUREML_CR_NODE_RANK="1"))
    tags = merged(server.requests, "tags")
    assert tags["pitstop.node1.rank3.name"] == "step.py"


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
    {"MLFLOW_TRACKING_URI": "file:///tmp/s3cr3t"}], ids=str)
def test_without_a_run_or_a_server_nothing_is_said(logged, serve,  # noqa: F811
                                                   env):
    server = serve()
    assert is_untouched(logged(server.url, *HOLD, **env)) == []
    assert server.requests == []


def test_a_token_that_has_expired(logged, serve):  # noqa: F811
    server = serve(default=(401, {}, ""))
    step = logged(server.url, *HOLD)
    assert is_untouched(step) == [
        "pitstop: MLflow at %s: it answered 401; nothing more is sent there "
        "(the step is not affected)" % server.url]
    assert len(server.requests) == 1


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
