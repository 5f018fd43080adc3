"""The run log against a real MLflow server, and beside what Microsoft's own
clients send to the same endpoint."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import pythons
from harness import free_ports, is_free, place, wait_for
from sink_server import Server, certificate
from test_http import TOKEN, post
from test_runlog import read
from test_sinks import BATCH, BEARER, EVENT, TRACE, WORKSPACE, accepted
from test_upload import PLAIN

VENV = pathlib.Path(pythons.VENVS) / "sinks"
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
# No telemetry, and no way out of the machine.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
         "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
         "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
         "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
         "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
         "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost,127.0.0.1"}
UNITS = ("_seconds", "_bytes", "_kills")
SIMPLE = 7      # the status of steps/simple.py
START = 120     # seconds, for a server on a busy machine

pytestmark = pytest.mark.skipif(
    not (VENV / "key").exists(),
    reason="MLflow and Azure's clients need a python3 of 3.11 or later")
needs_nginx = pytest.mark.skipif(not NGINX, reason="nginx is not here")


@contextlib.contextmanager
def running(command, port, log, **env):
    """A server, until the block's end."""
    with open(str(log), "wb") as out:
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out,
            stderr=out, cwd=str(log.parent), env=dict(os.environ, **env))
    try:
        wait_for(lambda: not is_free(port) or process.poll() is not None,
                 log.name, START)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(START)


def theirs(code, **env):
    """What that prints, with Microsoft's and MLflow's clients."""
    return subprocess.run(
        [str(VENV / "bin/python"), "-c", code], check=True, timeout=START,
        stdout=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, **dict(QUIET, **env))).stdout


# ---- MLflow's server --------------------------------------------------------

@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    """The port of a real server."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_ports(http=True)
    command = [VENV / "bin/mlflow", "server", "--host", "127.0.0.1", "--port",
               port, "--workers", "1", "--gunicorn-opts", "--log-level warning",
               "--backend-store-uri", "sqlite:///%s/db" % folder]
    with running(command, port, folder / "mlflow.log", **QUIET):
        yield port


CLIENT = """
import json, mlflow
client = mlflow.MlflowClient("http://127.0.0.1:%d")
"""


def new_run(port):
    return theirs(CLIENT % port + "print(client.create_run('0').info.run_id)"
                  ).strip()


def run_data(port, run):
    """Its tags, params and metrics, as MLflow's own client reads them."""
    return json.loads(theirs(CLIENT % port + """
data = client.get_run(%r).data
print(json.dumps([data.tags, data.params, data.metrics]))
""" % run))


def expected(events):
    """What the journal's events come to."""
    tags, params, metrics = {}, {}, {}
    for event in events:
        fields = {k: v for k, v in event.items() if k not in ("id", "time")}
        whole = event["event"] == "started" and "session" not in event
        prefix = "pitstop."
        if "rank" in event:
            prefix += "rank%d." % event["rank"]
        tags[prefix + event["event"].replace(" ", "_") + "_at"] = event["time"]
        tags[prefix + "event"] = fields.pop("event")
        for name, value in fields.items():
            text = value if isinstance(value, str) else json.dumps(
                value, separators=(",", ":"), ensure_ascii=False)
            if whole:
                params[prefix + name] = text[:500]
            elif name.endswith(UNITS) and not isinstance(value, str):
                metrics[prefix + name] = value
            else:
                tags[prefix + name] = text[:5000]
    return [{k: v for k, v in texts.items() if v}
            for texts in (tags, params)] + [metrics]


def check(port, run, logs):
    tags, params, metrics = run_data(port, run)
    tags = {k: v for k, v in tags.items() if k.startswith("pitstop.")}
    want = expected(read(logs))
    assert [tags, params] == want[:2]
    assert metrics == pytest.approx(want[2])
    assert TOKEN not in json.dumps([tags, params])
    return tags, metrics


@pytest.fixture
def logged(start, one_python, tmp_path):
    """logged(uri, run, words, ...): (step, its journal's directory)."""
    def begin(uri, run, words, *options, **env):
        logs = tmp_path / ("journal" + run)
        logs.mkdir()
        env = dict(PLAIN, MLFLOW_TRACKING_URI=uri, MLFLOW_RUN_ID=run, **env)
        return start([one_python.path, *words], "--log-dir", str(logs),
                     *options, env=env, cwd=tmp_path), logs
    return begin


RANKS = """import os, subprocess, sys
if "RANK" not in os.environ:
    ranks = [subprocess.Popen([sys.executable, __file__], env=dict(
        os.environ, RANK=str(i), WORLD_SIZE="8")) for i in range(8)]
    sys.exit(max(rank.wait() for rank in ranks))
"""


def test_a_real_mlflow_server(mlflow, logged, tmp_path):
    """One that is held and released, one that fails, and eight ranks."""
    uri = "http://127.0.0.1:%d" % mlflow
    run = new_run(mlflow)
    step, logs = logged(uri, run, [place(tmp_path, "simple.py")], "--hold")
    step.wait_held()
    assert post(step, "release").status == 200
    assert step.finished()[0] == SIMPLE
    tags, metrics = check(mlflow, run, logs)
    assert tags["pitstop.held_at"] <= tags["pitstop.released_at"]
    assert metrics["pitstop.wall_seconds"] > 0

    run = new_run(mlflow)
    step, logs = logged(uri, run, ["-c", "raise ValueError('it broke')"])
    assert step.finished()[0] == 1
    tags, _ = check(mlflow, run, logs)
    assert tags["pitstop.status"] == "1"

    run = new_run(mlflow)
    path = tmp_path / "launcher.py"
    path.write_text(RANKS)
    step, logs = logged(uri, run, [str(path)], "--hold", "--timeout", "1",
                        PITSTOP_MATCH="launcher.py")
    assert step.finished()[0] == 0
    tags, _ = check(mlflow, run, logs)
    assert {"pitstop.rank%d.timed_out_at" % i for i in range(8)} <= set(tags)


CONFIGURATION = """
daemon off; pid %(folder)s/pid; error_log stderr; worker_processes 1;
events { }
http {
    access_log off;
    client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi; uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    server {
        listen 127.0.0.1:%(port)d ssl;
        ssl_certificate %(crt)s; ssl_certificate_key %(key)s;
        location /mlflow/v2.0%(workspace)s/ {
            if ($http_authorization != "Bearer %(bearer)s") { return 401; }
            proxy_pass http://127.0.0.1:%(behind)d/;
            proxy_set_header Host 127.0.0.1:%(behind)d;
        }
    }
}
"""


@needs_nginx
def test_behind_a_workspace_of_azure(mlflow, logged, tmp_path):
    port = free_ports(http=True)
    crt, key = certificate(tmp_path)
    path = tmp_path / "nginx.conf"
    path.write_text(CONFIGURATION % {
        "folder": tmp_path, "port": port, "crt": crt, "key": key,
        "workspace": WORKSPACE, "bearer": BEARER, "behind": mlflow})
    uri = "azureml://127.0.0.1:%d/mlflow/v1.0%s" % (port, WORKSPACE)
    words = [place(tmp_path, "simple.py")]
    good = {"MLFLOW_TRACKING_TOKEN": BEARER, "SSL_CERT_FILE": crt}
    with running([NGINX, "-p", tmp_path, "-c", path], port,
                 tmp_path / "nginx.log"):
        run = new_run(mlflow)
        step, logs = logged(uri, run, words, **good)
        assert step.finished()[0] == SIMPLE
        check(mlflow, run, logs)
        for bad, why in (({"MLFLOW_TRACKING_TOKEN": "other"}, "401"),
                         ({"SSL_CERT_FILE": ""}, "")):
            run = new_run(mlflow)
            step, _ = logged(uri, run, words, **dict(good, **bad))
            status, _, err = step.finished()
            assert status == SIMPLE and "MLflow at https://" in err and why in err
            assert run_data(mlflow, run)[1:] == [{}, {}]


# ---- Microsoft's clients ----------------------------------------------------

LOG_BATCH = """
import json, mlflow
from mlflow.entities import Metric, Param, RunTag
body = json.loads(%r)
mlflow.MlflowClient().log_batch(
    body["run_id"], tags=[RunTag(**t) for t in body["tags"]],
    params=[Param(**p) for p in body["params"]],
    metrics=[Metric(**m) for m in body["metrics"]])
"""
# What differs from azureml-mlflow, and why it may.
MLFLOW_HEADERS = {
    "User-Agent": "each names itself",
    "X-MLflow-Client-Version": "of MLflow's own client",
    "Accept-Encoding": "an answer is a few bytes",
    "Connection": "kept alive without saying so in HTTP/1.1",
    "Content-Length": "their JSON has blanks",
}


def headers(request, but):
    return {k: v for k, v in request.headers.items() if k not in but}


def test_as_azureml_mlflow_sends_it(logged, tmp_path):
    crt, key = certificate(tmp_path)
    server = Server(default=(200, {"Content-Type": "application/json"}, "{}"),
                    tls=(crt, key))
    # In the form of a JWT that is valid until 2100.
    token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln"
    uri = "azureml://%s/mlflow/v1.0%s" % (server.host, WORKSPACE)
    try:
        step, _ = logged(uri, "run-7", [place(tmp_path, "simple.py")],
                         MLFLOW_TRACKING_TOKEN=token, SSL_CERT_FILE=crt)
        assert step.finished()[0] == SIMPLE
        ours = list(server.requests)
        assert any(r.json["metrics"] for r in ours)
        for request in ours:
            theirs(LOG_BATCH % request.text, MLFLOW_TRACKING_URI=uri,
                   MLFLOW_TRACKING_TOKEN=token, MLFLOW_RUN_ID="run-7",
                   MLFLOW_EXPERIMENT_NAME="e", REQUESTS_CA_BUNDLE=crt)
            other = server.requests[-1]
            assert other.path == request.path == "/mlflow/v2.0%s%s" % (
                WORKSPACE, BATCH)
            assert headers(other, MLFLOW_HEADERS) == \
                headers(request, MLFLOW_HEADERS)
            # An empty list and none are the same to the service.
            assert other.json == {k: v for k, v in request.json.items() if v}
    finally:
        server.end()


KEY = "01234567-89ab-cdef-0123-456789abcdef"    # theirs takes a UUID alone
EXPORT = """
import json, logging
from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
provider = LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(
    AzureMonitorLogExporter(disable_offline_storage=True)))
log = logging.getLogger("pitstop")
log.addHandler(LoggingHandler(logger_provider=provider))
log.setLevel(logging.INFO)
for level, message, attributes in json.loads(%r):
    log.log(level, "%%s", message, extra=attributes)
provider.force_flush()
"""
TRACK_HEADERS = {
    "User-Agent": "each names itself",
    "x-ms-client-request-id": "for Azure's own traces of its SDK",
    "Accept-Encoding": "an answer is a few bytes",
    "Accept": "whatever it is, it is read as JSON",
    "Connection": "kept alive without saying so in HTTP/1.1",
    "Content-Length": "other tags",
}


def record(base):
    """The level, message and attributes by which the exporter sends that."""
    # The prefix keeps our names from those that logging itself uses.
    attributes = {"p." + k: v for k, v in base["properties"].items()}
    if "message" in base:
        level = 40 if base["severityLevel"] == 3 else 20
        return level, base["message"], attributes
    attributes["microsoft.custom_event.name"] = base["name"]
    attributes["microsoft.custom_measurements"] = json.dumps(
        base["measurements"])
    return 20, "", attributes


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z$"


def test_as_the_exporter_of_application_insights_sends_it(start, one_python,
                                                          tmp_path):
    server = Server(default=accepted)
    connection = "InstrumentationKey=%s;IngestionEndpoint=%s/" % (
        KEY, server.url)
    variables = {"APPLICATIONINSIGHTS_CONNECTION_STRING": connection}
    try:
        step = start([one_python.path, "-c", "raise ValueError('it broke')"],
                     env=dict(PLAIN, AZUREML_RUN_ID="run-7", **variables))
        assert step.finished()[0] == 1
        ours = list(server.requests)
        envelopes = [e for r in ours for e in r.json]
        bases = [e["data"]["baseData"] for e in envelopes]
        theirs(EXPORT % json.dumps([record(b) for b in bases]),
               OTEL_SERVICE_NAME="pitstop", **variables)
        others = server.requests[len(ours):]
        expected = [e for r in others for e in r.json
                    if e["data"]["baseType"] in (TRACE, EVENT)]
        assert {b.get("severityLevel") for b in bases} == {1, 3, None}
        assert any(b.get("measurements") for b in bases)
        assert {r.path for r in ours} == {r.path for r in others}
        assert headers(ours[0], TRACK_HEADERS) == \
            headers(others[0], TRACK_HEADERS)
        assert len(envelopes) == len(expected)
        for one, other in zip(envelopes, expected):
            same_shape(one, other)
    finally:
        server.end()


def same_shape(ours, other):
    """Tags of the device are left out, and a trace's measurements, which are
    empty."""
    assert set(ours) == set(other)
    assert (ours["name"], ours["iKey"]) == (other["name"], other["iKey"])
    assert re.match(TIME, ours["time"]) and re.match(TIME, other["time"])
    assert set(ours["tags"]) <= set(other["tags"])
    assert ours["tags"]["ai.cloud.role"] == other["tags"]["ai.cloud.role"]
    one, base = ours["data"]["baseData"], other["data"]["baseData"]
    assert ours["data"]["baseType"] == other["data"]["baseType"]
    base["properties"] = {k[2:]: v for k, v in base["properties"].items()
                          if k.startswith("p.")}
    if "message" in one:
        assert base.pop("measurements") == {}
    assert one == base
