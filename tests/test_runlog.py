"""The run's journal: what happens is in it, whole and in order, no secret is,
and a disk that fails harms nobody."""
import json
import os
import random
import resource
import signal
import socket
import string

import pytest

import pythons
from harness import (BOUND_BY_MODES, line_of, place, plain, strip_log,
                     wait_for)
from http_wire import ask
from test_http import TOKEN, post
from test_upload import serve  # noqa: F401

NODE = socket.gethostname()
FILE = "pitstop-%s.jsonl" % NODE
CANNOT = "pitstop: the journal %s cannot be written: "


def read(directory):
    """The events; each line is one."""
    text = (directory / FILE).read_text()
    assert text.endswith("\n")
    events = [json.loads(line) for line in text.splitlines()]
    assert len({event["id"] for event in events}) == len(events)
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)
    return events


def names(directory):
    return [event["event"] for event in read(directory)]


@pytest.fixture
def logs(tmp_path):
    """The directory of the journal."""
    path = tmp_path / "journal"
    path.mkdir()
    return path


def quick(one_python, tmp_path):
    return [one_python.path, place(tmp_path, "simple.py")]


def test_a_hold_and_its_debugger_are_in_it(hold, one_python, tmp_path, logs):
    command = quick(one_python, tmp_path)
    step = hold(command, "--log-dir", str(logs), env={"PITSTOP_TOKEN": TOKEN})
    launch = step.wait_held()
    client = step.attached(launch, {command[-1]: [7]})
    client.stopped("breakpoint")
    client.request("disconnect")
    step.finished()
    started, held, attached, detached, exited, ended = read(logs)
    assert names(logs) == ["started", "held", "attached", "detached", "exited",
                           "ended"]
    assert started["port"] == step.port
    assert {e["session"] for e in (held, attached, exited)} == {
        held["session"]}
    assert held["name"] == "simple.py" and "rank" not in held
    assert held["arguments"] == command
    assert held["executable"] == one_python.path
    assert held["cwd"] == os.getcwd()
    assert held["python"].startswith("3.")
    assert attached["detail"].startswith("127.0.0.1:")
    assert ended["status"] == plain(command)[0]


# ---- the debugger -----------------------------------------------------------

THREE = pytest.mark.parametrize("python", pythons.some("py3.8", "py3.11",
                                                       "py3.13"))


def debuggers(directory):
    """[(event, debugger or None)] of those that are about a process."""
    return [(e["event"], e.get("debugger")) for e in read(directory)
            if "session" in e]


@THREE
def test_the_debugger_is_told_from_a_hold_on(hold, python, tmp_path, logs):
    step = hold([python.path, place(tmp_path, "simple.py")], "--log-dir",
                str(logs))
    step.attached().request("disconnect")
    step.finished()
    name = "debugpy " + python.debugpy
    assert debuggers(logs) == [(event, name) for event in (
        "held", "attached", "detached", "exited")]


@THREE
def test_the_debugger_is_told_when_it_comes_late(start, python, tmp_path,
                                                 logs):
    """Before, nothing is known of it, nor looked for."""
    stop = tmp_path / "stop"
    path = place(tmp_path, "loop.py")
    step = start([python.path, path, str(stop)], "--log-dir", str(logs),
                 env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^running$")
    client = step.client()
    client.start({"pitstopToken": TOKEN}, {path: [line_of(path, "turn")]})
    client.stopped("breakpoint")
    client.detach()
    stop.write_text("")
    step.finished()
    name = "debugpy " + python.debugpy
    assert debuggers(logs) == [("started", None)] + [
        (event, name) for event in ("attached", "detached", "exited")]


def test_the_debugger_is_known_again_after_the_agent_died(
        hold, one_python, tmp_path, logs):
    step = hold(quick(one_python, tmp_path), "--log-dir", str(logs),
                env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    step.agent(but=step.kill_agent())
    step.stdout.wait("the agent was restarted")
    assert post(step, "release").status == 200
    step.finished()
    name = "debugpy " + one_python.debugpy
    assert debuggers(logs) == [(event, name) for event in (
        "held", "held", "released", "exited")]


def test_a_debugger_without_a_version_has_its_name(hold, one_python, tmp_path,
                                                   logs):
    (tmp_path / "lib" / "debugpy").mkdir(parents=True)
    (tmp_path / "lib" / "debugpy" / "__init__.py").write_text("")
    hold(quick(one_python, tmp_path), "--log-dir", str(logs), timeout=1,
         env={"PYTHONPATH": str(tmp_path / "lib")}).finished()
    assert debuggers(logs)[0] == ("held", "debugpy")


def test_what_is_no_utf8_is_told_as_far_as_it_is(hold, one_python, tmp_path,
                                                 logs):
    odd = os.fsdecode(b"\xffa\xc3\xa9\xc3")
    path = str(tmp_path / odd)
    (tmp_path / "simple.py").write_text("")
    os.rename(str(tmp_path / "simple.py"), path)
    step = hold([one_python.path, path, odd], "--log-dir", str(logs),
                env={"PITSTOP_TOKEN": TOKEN})
    step.stdout.wait("^pitstop: launch.json")
    shown, = json.loads(ask(step.http_port, "GET", "/v1/sessions", TOKEN)
                        .content.decode())["sessions"]
    assert post(step, "release", session_id=shown["id"]).status == 200
    assert step.finished()[0] == 0
    held, = [e for e in read(logs) if e["event"] == "held"]
    assert held["arguments"][2] == held["name"] == shown["name"] == "?a\xe9?"


def test_it_is_whole_when_the_agent_is_killed(hold, one_python, tmp_path,
                                               logs):
    """What was told is on the disk, and the next agent goes on behind it."""
    step = hold(quick(one_python, tmp_path), "--log-dir", str(logs),
                env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    wait_for(lambda: (logs / FILE).exists() and (logs / FILE).read_text(),
             "the first event")
    first = step.agent()
    os.kill(first, signal.SIGKILL)
    step.agent(but=first)
    wait_for(lambda: names(logs)[-1] == "held" and len(names(logs)) == 3,
             "the hold that goes on")
    assert post(step, "release").status == 200
    step.finished()
    assert names(logs) == ["started", "held", "held", "released", "exited",
                           "ended"]
    assert read(logs)[2]["detail"] == "the agent was restarted"


# ---- where it is ------------------------------------------------------------

def files(directory):
    return sorted(str(p.relative_to(directory))
                  for p in directory.rglob("*.jsonl"))


def test_the_first_directory_that_is_there(start, one_python, tmp_path):
    command = quick(one_python, tmp_path)
    azure, work = tmp_path / "azure", tmp_path / "work"
    work.mkdir()

    def run(**env):
        step = start(command, cwd=str(work), env=env)
        assert step.finished() == plain(command, str(work))

    run()
    assert files(tmp_path) == []
    (work / "logs").mkdir()
    run(AZUREML_CR_HT_CAP_logs_PATH=str(azure))     # it is not there
    assert files(tmp_path) == ["work/logs/" + FILE]
    azure.mkdir()
    run(AZUREML_CR_HT_CAP_logs_PATH=str(azure))
    assert files(tmp_path) == ["azure/" + FILE, "work/logs/" + FILE]
    (work / "logs" / FILE).unlink()
    run(PITSTOP_LOG_DIR="none")
    assert files(tmp_path) == ["azure/" + FILE]


def test_none_where_it_was_asked_for_is_told_once(start, one_python, tmp_path):
    command = quick(one_python, tmp_path)
    step = start(command, "--log-dir", str(tmp_path / "missing"))
    status, out, err = step.finished()
    told = (CANNOT % (tmp_path / "missing" / FILE) + "no such file or "
            "directory; the step goes on without it\n")
    assert err.count(told) == 1
    assert (status, out, err.replace(told, "")) == plain(command)


def test_a_link_is_not_followed(start, one_python, tmp_path, logs):
    (tmp_path / "mine").write_text("mine\n")
    (logs / FILE).symlink_to(tmp_path / "mine")
    start(quick(one_python, tmp_path), "--log-dir", str(logs)).finished()
    assert (tmp_path / "mine").read_text() == "mine\n"


def test_one_that_may_only_be_written(start, one_python, tmp_path, logs):
    (logs / FILE).touch()
    (logs / FILE).chmod(0o200)
    command = quick(one_python, tmp_path)
    step = start(command, "--log-dir", str(logs), prefix=BOUND_BY_MODES)
    assert step.finished() == plain(command)
    (logs / FILE).chmod(0o600)
    assert names(logs) == ["started", "started", "exited", "ended"]


def test_half_a_line_of_an_agent_that_died_ends_where_it_is(
        start, one_python, tmp_path, logs):
    (logs / FILE).write_text('{"id":"1","ti')
    start(quick(one_python, tmp_path), "--log-dir", str(logs)).finished()
    torn, *lines = (logs / FILE).read_text().splitlines()
    assert torn == '{"id":"1","ti'
    assert {json.loads(line)["name"] for line in lines
            if json.loads(line)["event"] == "exited"} == {"simple.py"}


def test_a_full_disk_is_told_once_and_the_step_goes_on(
        hold, one_python, tmp_path, logs):
    """A limit on files stands in for the disk: at the third event it is
    full, in the midst of a line."""
    command = quick(one_python, tmp_path)
    step = hold(command, "--log-dir", str(logs),
                env={"PITSTOP_TOKEN": TOKEN})
    step.wait_held()
    wait_for(lambda: (logs / FILE).exists() and
             (logs / FILE).read_text().count("\n") == 2, "the hold")
    whole = (logs / FILE).read_text()
    resource.prlimit(step.agent(), resource.RLIMIT_FSIZE,
                     (len(whole) + 20, resource.RLIM_INFINITY))
    assert post(step, "extend", {"seconds": 5}).status == 200
    wait_for(lambda: "cannot be written" in step.stderr.text, "a warning")
    resource.prlimit(step.agent(), resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert post(step, "release").status == 200
    status, out, err = step.finished()
    assert (status, strip_log(out)) == plain(command)[:2]
    assert err.count("pitstop: ") == 1 and "file too large" in err
    lines = (logs / FILE).read_text().splitlines()
    assert "\n".join(lines[:2]) + "\n" == whole
    assert [json.loads(line)["event"] for line in lines[3:]] == [
        "released", "exited", "ended"]    # line 2 is the torn one


# ---- secrets ----------------------------------------------------------------

LETTERS = string.ascii_letters + string.digits
FAILS = "import os\nraise ValueError(os.environ['MESSAGE'])\n"


def value(chance, least=8, most=40, letters=LETTERS + "!%^*@/+~"):
    return "".join(chance.choice(letters)
                   for _ in range(chance.randint(least, most)))


def plant(chance):
    """(a text that tells a secret, the secret)"""
    word = value(chance)
    base64 = value(chance, 43, 86, LETTERS + "+/")
    parts = [value(chance, 12, 60, LETTERS + "-_") for _ in range(3)]
    name = chance.choice(["password", "DB_PASSWORD", "apiKey", "sas-token",
                          "client_secret", "ACCESS_TOKEN", "pwd"])
    kind = chance.randrange(13)
    if kind == 0:
        return "--%s=%s" % (name.replace("_", "-"), word), word
    if kind == 1:
        return "%s: %s" % (name, word), word
    if kind == 2:
        return json.dumps({"n": 1, name: word}), word
    if kind == 3:
        return "see eyJ%s" % ".".join(parts), parts[1]
    if kind == 4:
        return ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=%s=="
                % base64), base64
    if kind == 5:
        return "https://a.example/c/b?sv=1&sig=%s&se=2" % base64, base64
    if kind == 6:
        return "Authorization: Bearer " + parts[0], parts[0]
    if kind == 7:
        return "postgres://me:%s@host/db" % parts[0], parts[0]
    if kind == 8:
        return "https://a.example/?to=b%%3Fsv%%3D1%%26sig%%3D%s" % parts[0], \
            parts[0]
    if kind == 9:
        return "<a><password>%s</password></a>" % word, word
    if kind == 10:
        return json.dumps([{"name": name, "value": word}]), word
    if kind == 11:
        return json.dumps({"passwords": ["other", word]}), word
    return ("-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----"
            % base64), base64


# What the metadata has of the environment and that may be any text.
SHOWN = ("AZUREML_ARM_PROJECT_NAME", "AZUREML_ARM_WORKSPACE_NAME",
         "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_SUBSCRIPTION",
         "AZUREML_ROOT_RUN_ID", "NODE_NAME", "MASTER_ADDR", "CONTAINER_IMAGE",
         "NVIDIA_VISIBLE_DEVICES")


def hidden(texts):
    """The environment of a run that has these, 9 that are told and the others
    where nobody needs to know them."""
    env = dict(zip(SHOWN, texts))
    others = texts[len(SHOWN):]
    context = {"run_token": others.pop(), "vm_size": others.pop()}
    for n, text in enumerate(others[:15]):
        context["field%d" % n] = {"list": [text]}
    env["AZUREML_CR_AZUREML_CONTEXT"] = json.dumps(context)
    env["AZUREML_CR_COMPUTE_CONTEXT"] = json.dumps(
        dict(context, cluster_name=others[15]))
    for n, text in enumerate(others[16:]):
        env["VARIABLE%d" % n] = text
    return env


def test_a_thousand_secrets_and_none_gets_out(
        hold, one_python, tmp_path, logs, serve):  # noqa: F811
    """In arguments, the environment, Azure's contexts and the exception; the
    step's own output is its own."""
    chance = random.Random(6)
    path = tmp_path / "fails.py"
    path.write_text(FAILS)
    server = serve()
    secrets, told = [], set()
    for run in range(4):
        planted = [plant(chance) for _ in range(250)]
        secrets += [secret for _, secret in planted]
        texts = [text for text, _ in planted]
        step = hold([one_python.path, str(path)] + texts[:200], "--log-dir",
                    str(logs), "--hold=both",
                    env=dict(hidden(texts[210:]), PITSTOP_TOKEN=TOKEN,
                             MESSAGE=" ".join(texts[200:210]),
                             MLFLOW_TRACKING_URI=server.url,
                             MLFLOW_RUN_ID="r",
                             APPLICATIONINSIGHTS_CONNECTION_STRING=(
                                 "InstrumentationKey=k;IngestionEndpoint="
                                 + server.url),
                             PITSTOP_WEBHOOK=server.url + "/hook"))
        step.wait_held()
        post(step, "release")
        step.launches(2)
        for where in ("/v1/sessions", "/v1/events", "/metrics"):
            told.add(ask(step.http_port, "GET", where,
                         TOKEN).content.decode())
        post(step, "release")
        status, out, _ = step.finished()
        told |= {line for line in out.splitlines()
                 if line.startswith("pitstop: ")}
        assert status == 1
    told.add((logs / FILE).read_text())
    sent = {request.path: [] for request in server.requests}
    for request in server.requests:
        sent[request.path].append(request.text)
    assert len(sent) == 3, list(sent)
    told |= {text for texts in sent.values() for text in texts}
    assert len(secrets) == 1000
    assert [s for s in secrets for text in told if s in text] == []
    for texts in sent.values():
        assert "[redacted]" in "".join(texts)
    assert (logs / FILE).read_text().count("[redacted]") > 800
