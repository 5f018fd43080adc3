"""GET /openapi.json: the document itself, and that the server keeps to it."""
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

import pytest

import pythons
from conftest import pick
from harness import HERE, Step, line_of, place, wait_for
from http_wire import ask, read
from test_http import TOKEN, post

ROOT = pathlib.Path(HERE).parent
DOCUMENT = json.loads((ROOT / "agent/openapi.json").read_text())
VENV = pathlib.Path(pythons.VENVS) / "openapi"
ID = "{id}"
STAYS = """import asyncio
async def main():
    await asyncio.wait_for(asyncio.sleep(600), 700)
asyncio.run(main())
"""

needs_venv = pytest.mark.skipif(
    not (VENV / "key").exists(),
    reason="schemathesis needs a python3 of 3.11 or later")


def operations():
    """((method, path), operation)."""
    for path, item in DOCUMENT["paths"].items():
        for method in {"get", "post"} & set(item):
            yield (method, path), item[method]


# ---- the document -------------------------------------------------------

@needs_venv
def test_the_document_is_valid():
    subprocess.run([str(VENV / "bin/openapi-spec-validator"),
                    str(ROOT / "agent/openapi.json")], check=True)
    assert DOCUMENT["openapi"].startswith("3.1.")
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


def test_all_parts_are_used():
    text = json.dumps(DOCUMENT)
    for kind in "parameters", "responses", "schemas":
        for name in DOCUMENT["components"][kind]:
            assert '"#/components/%s/%s"' % (kind, name) in text


def objects(schema):
    """All schemas of objects in it."""
    if isinstance(schema, dict):
        if "object" in schema.get("type", ()):
            yield schema
        for part in schema.values():
            yield from objects(part)


def test_answers_have_no_member_that_is_not_stated():
    for schema in objects(DOCUMENT["components"]["schemas"]):
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(schema["properties"])


def test_each_route_is_stated():
    """With its methods, and as open as it is."""
    source = (ROOT / "agent/api.c").read_text()
    table = re.search(r"(?s) ROUTES\[\] = \{\n(.*?)\n\};", source).group(1)
    routes = {}
    for line in table.splitlines():
        path, rest = re.match(r'\t\{ "([^"]+)",(.*)\},$', line).groups()
        for method in re.findall(r"\.(get|post) =", rest):
            routes[method, path] = ".open = true" in rest
    assert routes == {key: operation.get("security") == []
                      for key, operation in operations()}


def test_each_operation_that_wants_the_token_says_how_it_is_refused():
    for (_, path), operation in operations():
        stated = {"default"}
        if operation.get("security") != []:
            stated |= {"401", "403", "429"}
        if ID in path:
            stated.add("404")
        assert stated <= set(operation["responses"])


def test_each_state_and_event_is_stated():
    schemas = DOCUMENT["components"]["schemas"]
    text = (ROOT / "agent/barrier.c").read_text()
    names = re.search(r"(?s) STATE_NAMES\[.*?\n\};", text).group()
    states = re.findall(r'= "(.*)"', names)
    assert schemas["Session"]["properties"]["state"]["enum"] + ["exited"] == \
        states
    calls = " ".join(
        call for path in (ROOT / "agent").glob("session*.c") for call in
        re.findall(r"(?s)session_note\(s,([^;]*?\"[^;,]*),", path.read_text()))
    event = schemas["Events"]["properties"]["events"]["items"]["properties"]
    assert set(event["event"]["enum"]) == set(re.findall(r'"(.*?)"', calls))


# ---- the server ---------------------------------------------------------

@pytest.fixture(scope="module")
def step(tmp_path_factory):
    """A script that is held and one that runs. They take no notice of
    `abort`."""
    folder = tmp_path_factory.mktemp("openapi")
    for name in "held.py", "runs.py":
        (folder / name).write_text(STAYS)
    begin = 'trap "" TERM; "$0" runs.py & exec "$0" held.py'
    step = Step(["sh", "-c", begin, pick("py3.11", "system").path], "--hold",
                "--match", "held.py", "--timeout", "900",
                env={"PITSTOP_TOKEN": TOKEN}, cwd=folder)
    step.wait_held()
    wait_for(lambda: states(step) == ["holding", "running"], "both scripts")
    yield step
    step.tell()
    step.end()


def by_state(step):
    """{state: id}, asked for from an address that has tried no token."""
    answer = ask(step.http_port, "GET", "/v1/sessions", TOKEN,
                 source="127.0.0.9")
    found = {one["state"]: one["id"] for one in read(answer)["sessions"]}
    return dict(sorted(found.items()))


def states(step):
    return list(by_state(step))


def test_it_is_served_to_all_as_plain_json(step):
    answer = ask(step.http_port, "GET", "/openapi.json")
    assert answer.status == 200
    assert answer.fields["content-type"] == "application/json"
    assert "content-encoding" not in answer.fields
    assert read(answer) == DOCUMENT


def configuration(ids):
    """Where a session's id is wanted, these serve as well as others; and what
    is held is released when all else has been tried."""
    return """
        [phases.coverage]
        extra-data-sources = { responses = false }
        [phases.fuzzing]
        extra-data-sources = { responses = false }
        operation-ordering = "none"
        [parameters]
        "path.id" = { dictionary = "ids" }
        [dictionaries.ids]
        values = %s
        [[operations]]
        include-path = "/readyz"
        [operations.checks.not_a_server_error]
        expected-statuses = ["200", "4xx", "503"]
        """ % json.dumps(ids)


def schemathesis(step, folder, *options, token=None, many=True):
    """{operation: the statuses it was answered with}, of a run in which all
    was as the document has it."""
    document, har = folder / "openapi.json", folder / "run.har"
    document.write_bytes(ask(step.http_port, "GET", "/openapi.json").content)
    (folder / "schemathesis.toml").write_text(
        configuration(list(by_state(step).values())))
    command = [VENV / "bin/st", "run", document, "--url",
               "http://127.0.0.1:%d" % step.http_port, "--checks", "all",
               "--generation-deterministic", "--continue-on-failure",
               "--report", "har", "--report-har-path", har, "--no-color",
               "--header", "Connection: close", *options]
    if token:
        command += ["--header", "Authorization: Bearer " + token]
    env = dict(os.environ, PYTHONPATH=HERE)
    if many:
        env["SCHEMATHESIS_HOOKS"] = "many_addresses"
    done = subprocess.run(list(map(str, command)), cwd=str(folder), env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, timeout=120)
    print(done.stdout)
    assert done.returncode == 0
    return statuses(json.loads(har.read_text())["log"]["entries"])


def statuses(entries):
    patterns = {key: re.escape(key[1]).replace(re.escape(ID), "[^/]*")
                for key, _ in operations()}
    found = collections.defaultdict(set)
    for entry in entries:
        asked = entry["request"]
        path = urllib.parse.urlsplit(asked["url"]).path
        for (method, template), pattern in patterns.items():
            if method == asked["method"].lower() and \
                    re.fullmatch(pattern, path):
                found[method, template].add(str(entry["response"]["status"]))
    return {key: found[key] for key, _ in operations()}


def stated(*but):
    return {key: set(operation["responses"]) - {"default", *but}
            for key, operation in operations()}


@needs_venv
@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_right_token(step, tmp_path, token):
    """Nothing is told or done; and all who guess from one address are sent
    away after a while."""
    found = schemathesis(step, tmp_path, "--phases", "coverage", token=token,
                         many=not token)
    for key, operation in operations():
        if operation.get("security") == []:
            continue
        assert found[key] <= {"401", "404", "429"}
    told = set().union(*found.values())
    assert ("429" in told) == bool(token)
    assert "401" in told and states(step) == ["holding", "running"]


@needs_venv
def test_with_the_token(step, tmp_path):
    """Each operation is answered in all ways that are stated, and in no
    other. (403, 415 and 429 need more than chance: test_http.py.)"""
    found = schemathesis(step, tmp_path, "--max-examples", "15", token=TOKEN)
    assert states(step) == ["running"]
    ready = ask(step.http_port, "GET", "/readyz")
    found["get", "/readyz"].add(str(ready.status))
    assert found == stated("403", "415", "429")


@pytest.fixture
def failed_and_paused(start, one_python, tmp_path):
    """A step with a rank that has failed, and one at a breakpoint."""
    path = place(tmp_path, "simple.py", "fail.py")
    begin = 'RANK=0 "$0" fail.py & RANK=1 exec "$0" simple.py'
    step = start(["sh", "-c", begin, one_python.path], "--hold=both",
                 "--timeout", "900", env={"PITSTOP_TOKEN": TOKEN},
                 cwd=tmp_path)
    launch = dict(step.launches(2)[0], pitstopRank=1)
    step.attached(launch, {path: [line_of(path, "module")]}).stopped()
    post(step, "release", session_id=by_state(step)["holding"])
    wait_for(lambda: states(step) == ["attached", "postmortem"], "both")
    return step


@needs_venv
def test_ranks_that_have_failed_or_are_paused(failed_and_paused, tmp_path):
    """And then one that is stopped, whose stacks are the kernel's."""
    step = failed_and_paused
    folder = tmp_path / "run"
    folder.mkdir()
    reads = ["--mode", "positive", "--phases", "fuzzing", "--max-examples",
             "3"]
    schemathesis(step, folder, *reads, "--include-method", "GET", token=TOKEN)
    os.kill(int(by_state(step)["postmortem"]), signal.SIGSTOP)
    schemathesis(step, folder, *reads, "--include-path", "/v1/stacks",
                 token=TOKEN)
