"""What the run log says of where a step runs, and which address it names: in
network namespaces like a host's and a container's, with a server like Azure's
instance metadata service or something else in its place."""
import collections
import json
import os
import socket
import subprocess
import sys
import time

import pytest

import fake_imds
from fake_imds import document
from harness import HERE, PATIENCE, Noise, place, wait_for
from netns import namespace
from run_step import AS_PID_1, needs

IMDS = "169.254.169.254"
LIMIT = 0.3     # for IMDS
SLACK = 0.25


def events(folder):
    """What the journal has."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_text().splitlines(True)
        found += [json.loads(line) for line in lines if line.endswith("\n")]
    return found


def started(folder):
    def find():
        return [e for e in events(folder) if e["event"] == "started"]
    return wait_for(find, "the start in the journal")[0]


@pytest.fixture
def spaces():
    """spaces(): a new network namespace."""
    made = []

    def new():
        made.append(namespace())
        return made[-1]

    yield new
    for space in made:
        space.down()


class Service:
    def __init__(self, manner, answer, path, prefix, address, port):
        self.path = path
        self.process = subprocess.Popen(
            [*prefix, sys.executable, os.path.join(HERE, "fake_imds.py"),
             address, str(port), manner, str(path)], stdin=subprocess.PIPE)
        self.process.stdin.write(json.dumps(answer).encode())
        self.process.stdin.close()
        self.port = wait_for(self.lines, "the service")[0]["port"]

    def lines(self):
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines(True)
                if line.endswith("\n")]

    def requests(self):
        return self.lines()[1:]

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def service(tmp_path):
    """service(manner, answer): one that listens."""
    made = []

    def new(manner=fake_imds.REAL, answer=None, prefix=(), address="127.0.0.1",
            port=0):
        path = tmp_path / ("imds-%d" % len(made))
        made.append(Service(manner, answer or document("10.3.0.4"), path,
                            prefix, address, port))
        return made[-1]

    yield new
    for one in made:
        one.end()


# ---- which address ------------------------------------------------------

class Case(collections.namedtuple(
        "Case", "interfaces cable says env doubtful missed address by")):
    """`interfaces`: (name, addresses ...) of the machine's own; `cable`: a
    container's address and its host's; `says`: IMDS."""

    def build(self, spaces, service):
        space = there = spaces()
        for device, *addresses in self.interfaces:
            space.interface(device, *addresses)
        if self.cable:
            there = spaces()
            space.cable("eth0", self.cable[0], there, self.cable[1])
        elif self.interfaces and self.interfaces[0][0] == "eth0":
            family = ["-6"] if ":" in self.interfaces[0][1] else []
            space.ip(*family, "route", "add", "default", "dev", "eth0")
        if self.says:
            there.ip("addr", "add", IMDS + "/32", "dev", "lo")
            service(answer=self.says, prefix=there.prefix, address=IMDS,
                    port=80)
        return space


def case(address, by, *interfaces, cable=None, says=None, doubtful=False,
         missed=False, **env):
    return Case(interfaces, cable, says, env, doubtful, missed, address, by)


ETH0 = ("eth0", "10.3.0.4/24")
ETH1 = ("eth1", "10.4.0.4/24")
DOCKER0 = ("docker0", "172.17.0.1/16")
BRIDGE = ("172.18.0.2/16", "172.18.0.1/16")
POD = ("10.244.1.7/24", "10.244.1.1/24")
CASES = {
    "bridge container": case("172.18.0.2", "route", cable=BRIDGE),
    "bridge container, IMDS": case(
        "10.3.0.4", "imds", cable=BRIDGE, says=document("10.3.0.4")),
    "bridge container, IMDS in the VNet": case(
        "10.3.0.4", "imds", cable=BRIDGE, says=document("10.3.0.4"),
        PITSTOP_VNET="10.3.0.0/16"),
    "bridge container, not in the VNet": case(
        "172.18.0.2", "route", cable=BRIDGE, missed=True,
        PITSTOP_VNET="10.3.0.0/16"),
    "bridge container, IMDS without an address": case(
        "172.18.0.2", "route", cable=BRIDGE, says=document()),
    "bridge container, IMDS says no machine's address": case(
        "172.18.0.2", "route", cable=BRIDGE,
        says=document("127.0.0.1", subnet=None)),
    "host network": case("10.3.0.4", "route", ETH0, DOCKER0),
    "host network, IMDS": case(
        "10.3.0.4", "imds", ETH0, ("br-1", "172.19.0.1/16"),
        says=document("10.3.0.4")),
    "host network, IMDS says another": case(
        "10.3.0.4", "route", ETH0, ETH1,
        says=document("10.9.0.4", subnet=("10.9.0.0", "24"))),
    "two NICs": case("10.3.0.4", "route", ETH0, ETH1),
    "two NICs, IMDS says both": case(
        "10.3.0.4", "imds", ETH0, ETH1,
        says=document("10.4.0.4", "10.3.0.4", subnet=None)),
    "two NICs, IMDS says the second": case(
        "10.4.0.4", "imds", ETH0, ETH1,
        says=document("10.4.0.4", subnet=None)),
    "two NICs, PITSTOP_VNET": case(
        "10.4.0.4", "vnet", ETH0, ETH1, PITSTOP_VNET="10.4.0.0/16",
        says=document("10.3.0.4")),
    "POD_IP": case("10.244.1.7", "pod", cable=POD, POD_IP="10.244.1.7",
                   says=document("10.3.0.4")),
    "pod with an address of the VNet": case(
        "10.3.0.9", "imds", cable=("10.3.0.9/24", "10.3.0.1/24"),
        says=document("10.3.0.4")),
    "PITSTOP_ADVERTISE": case(
        "10.99.0.1", "advertise", ETH0, ETH1, PITSTOP_ADVERTISE="10.99.0.1",
        POD_IP="10.244.1.7", says=document("10.4.0.4")),
    "only loopback": case("127.0.0.1", "last", doubtful=True),
    "only docker0": case("172.17.0.1", "last", DOCKER0, doubtful=True),
    "only link-local": case("169.254.7.7", "last",
                            ("eth9", "169.254.7.7/16"), doubtful=True),
    "no default route": case("10.4.0.4", "interface", DOCKER0, ETH1),
    "IPv6 only": case("fd00:3::4", "route", ("eth0", "fd00:3::4/64")),
    "IPv6 only, no default route": case("fd00:3::4", "interface",
                                        ("eth1", "fd00:3::4/64")),
}


@pytest.mark.parametrize("name", CASES)
def test_address(hold, one_python, tmp_path, spaces, service, name):
    at = CASES[name]
    space = at.build(spaces, service)
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                advertise=None, prefix=space.prefix, timeout=1,
                env=dict(at.env, PITSTOP_IMDS="",
                         PITSTOP_LOG_DIR=tmp_path))
    status, out, err = step.finished()
    assert (status, err) == (7, "done\n")
    assert "\nip_address: %s\n" % at.address in out
    assert ("can hardly be reached" in out) == at.doubtful
    assert ("has no address in" in out) == at.missed
    event = started(tmp_path)
    assert (event["address"], event["address_by"]) == (at.address, at.by)
    own = [a.split("/")[0] for _, *all in at.interfaces for a in all]
    if at.cable:
        own.append(at.cable[0].split("/")[0])
    assert [a for a in event["addresses"] if not a.startswith("fe80:")] == \
        [a for a in own if not a.startswith("127.")]


# ---- the service --------------------------------------------------------

@pytest.fixture
def contained(spaces):
    """A container's namespace, where IMDS could change the address."""
    space, far = spaces(), spaces()
    space.cable("eth0", BRIDGE[0], far, BRIDGE[1])
    return space


def begin(hold, python, folder, space, at, **env):
    return hold([python.path, place(folder, "simple.py")], advertise=None,
                prefix=space.prefix if space else (),
                env=dict(env, PITSTOP_IMDS=at, PITSTOP_LOG_DIR=folder))


def test_imds_is_asked_as_it_wants_to_be(hold, one_python, tmp_path, contained,
                                         service):
    imds = service(prefix=contained.prefix)
    step = begin(hold, one_python, tmp_path, contained,
                 "127.0.0.1:%d" % imds.port)
    assert step.wait_held()["connect"]["host"] == "10.3.0.4"
    asked = [r["request"] for r in imds.requests()]
    assert asked == ["GET %s HTTP/1.1\r\nHost: 169.254.169.254\r\n"
                     "Metadata: true\r\nConnection: close\r\n\r\n" %
                     fake_imds.TARGET]
    event = started(tmp_path)
    assert event["vm_size"] == "Standard_NC6s_v3"
    assert event["vm_priority"] == "Spot"
    assert event["region"] == "westeurope"
    assert (event["vm"], event["vm_id"][:8]) == ("tvm-1", "02aab8a4")
    text = json.dumps(events(tmp_path))
    assert "someone" not in text and "c2VjcmV0" not in text


@pytest.mark.parametrize("manner", [
    fake_imds.SLOW, fake_imds.DRIP, fake_imds.HTML, fake_imds.NO_ONE,
    fake_imds.MOVED, fake_imds.NOISE, fake_imds.SHUT, fake_imds.ENDLESS])
def test_what_is_no_imds_costs_little_and_says_nothing(
        hold, one_python, tmp_path, contained, service, manner, noise):
    imds = service(manner, prefix=contained.prefix)
    step = begin(hold, one_python, tmp_path, contained,
                 "127.0.0.1:%d" % imds.port)
    assert step.wait_held()["connect"]["host"] == "172.18.0.2"
    late = time.time() - time.monotonic() + step.held_at() - \
        imds.requests()[0]["at"]
    assert late < LIMIT + SLACK + Noise.worst
    assert len(imds.requests()) == 1
    event = started(tmp_path)
    assert not {"vm", "vm_size", "region", "vm_priority"} & set(event)
    assert step.stderr.text == ""


@pytest.mark.parametrize("absent", ["refused", "dropped", "no route"])
def test_no_imds_at_all(hold, one_python, tmp_path, contained, absent, noise):
    at = "127.0.0.1:1" if absent == "refused" else IMDS + ":80"
    if absent == "no route":
        contained.ip("route", "add", "unreachable", IMDS + "/32")
    step = begin(hold, one_python, tmp_path, contained, "off")
    step.wait_held()
    without = step.held_at() - step.started
    step = begin(hold, one_python, tmp_path, contained, at)
    assert step.wait_held()["connect"]["host"] == "172.18.0.2"
    with_it = step.held_at() - step.started
    wait = LIMIT if absent == "dropped" else 0
    assert with_it < without + wait + SLACK + Noise.worst
    assert step.stderr.text == ""


def test_no_proxy_is_used(hold, one_python, tmp_path, contained, service):
    imds = service(prefix=contained.prefix)
    proxy = service(fake_imds.HTML, prefix=contained.prefix)
    url = "http://127.0.0.1:%d" % proxy.port
    step = begin(hold, one_python, tmp_path, contained,
                 "127.0.0.1:%d" % imds.port, http_proxy=url, HTTP_PROXY=url,
                 ALL_PROXY=url, all_proxy=url, https_proxy=url, no_proxy="")
    assert step.wait_held()["connect"]["host"] == "10.3.0.4"
    assert len(imds.requests()) == 1 and proxy.requests() == []


def test_a_step_that_is_not_held_does_not_wait(start, one_python, tmp_path,
                                               contained, service):
    """Its first line comes while IMDS has still not answered."""
    imds = service(fake_imds.SLOW, prefix=contained.prefix)
    code = "import time; print(time.time())"
    waited = [1]
    for _ in range(20):
        known = len(imds.requests())
        step = start([one_python.path, "-c", code], advertise=None,
                     prefix=contained.prefix,
                     env={"PITSTOP_IMDS": "127.0.0.1:%d" % imds.port,
                          "PITSTOP_LOG_DIR": tmp_path})
        status, out, err = step.finished()
        assert (status, err) == (0, "")
        new = imds.requests()[known:]   # none: the step was over before it
        waited += [float(out) - r["at"] for r in new]
        if min(waited) < LIMIT / 2:
            return
    assert False, waited


@pytest.mark.parametrize("named", ["off", "nobody", "127.0.0.1",
                                   "imds.example.com:80"])
def test_what_names_no_service_asks_none(hold, one_python, tmp_path, contained,
                                         named):
    step = begin(hold, one_python, tmp_path, contained, named)
    assert step.wait_held()["connect"]["host"] == "172.18.0.2"
    assert "vm" not in started(tmp_path)
    assert step.stderr.text == ""


# ---- the fields ---------------------------------------------------------

ENVIRONMENT = {
    "AZUREML_RUN_ID": "run-1", "MLFLOW_RUN_ID": "run-2",
    "AZUREML_ROOT_RUN_ID": "root-1", "AZUREML_EXPERIMENT_ID": "e-1",
    "AZUREML_ARM_PROJECT_NAME": "churn", "AZUREML_ARM_WORKSPACE_NAME": "ws",
    "AZUREML_WORKSPACE_ID": "w-1", "AZUREML_ARM_RESOURCEGROUP": "rg",
    "AZUREML_ARM_SUBSCRIPTION": "a0f4", "NODE_NAME": "aks-7",
    "AZUREML_CR_NODE_RANK": "1", "AZUREML_NODE_COUNT": "2",
    "OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_SIZE": "8", "MASTER_ADDR": "10.3.0.4",
    "NVIDIA_VISIBLE_DEVICES": "all", "CONTAINER_IMAGE": "reg/img:1",
    "AZUREML_CR_COMPUTE_CONTEXT": json.dumps({
        "cluster_name": "gpu", "node_id": {"EnvironmentVariable": "POD_NAME"},
        "vm_size": "STANDARD_NC6", "vm_priority": "lowpriority",
        "gpu_count": 0})}
FIELDS = {
    "run": "run-1", "root_run": "root-1", "experiment": "churn",
    "experiment_id": "e-1", "workspace": "ws", "workspace_id": "w-1",
    "resource_group": "rg", "subscription": "a0f4", "node": "aks-7",
    "node_rank": 1, "node_count": 2, "rank": 5, "local_rank": 1,
    "world_size": 8, "master": "10.3.0.4", "gpus_visible": "all",
    "image": "reg/img:1", "cluster": "gpu", "vm_size": "STANDARD_NC6",
    "vm_priority": "lowpriority"}


def run_once(start, folder, *prefix, **env):
    start(["sleep", "600"], prefix=prefix,
          env=dict(env, PITSTOP_LOG_DIR=folder))
    return started(folder)


def test_fields_of_the_environment(start, tmp_path):
    event = run_once(start, tmp_path, **ENVIRONMENT)
    assert {k: event.get(k) for k in FIELDS} == FIELDS


def test_what_is_not_known_is_absent(start, tmp_path):
    event = run_once(start, tmp_path, AZUREML_CR_COMPUTE_CONTEXT="{nonsense",
                     AZUREML_NODE_COUNT="many", AZUREML_RUN_ID="")
    assert not set(FIELDS) & set(event)
    assert None not in event.values()


def test_imds_knows_the_machine_better(start, tmp_path, service):
    imds = service()
    event = run_once(start, tmp_path, PITSTOP_IMDS="127.0.0.1:%d" % imds.port,
                     **ENVIRONMENT)
    assert event["vm_size"] == "Standard_NC6s_v3"
    assert (event["vm_priority"], event["cluster"]) == ("Spot", "gpu")


def test_the_machine(start, tmp_path):
    event = run_once(start, tmp_path)
    assert event["hostname"] == socket.gethostname()
    assert event["kernel"] == os.uname().release
    assert event["cpus"] == len(os.sched_getaffinity(0))
    assert event["memory"] == os.sysconf("SC_PHYS_PAGES") * \
        os.sysconf("SC_PAGE_SIZE")
    with open("/etc/os-release") as file:
        assert event["os"] in file.read()
    assert set(event) >= {"pitstop", "port", "http_port", "addresses"}


@pytest.mark.parametrize("prefix, way", [
    ([], "pitstop run before the command"),
    (AS_PID_1, "pitstop run as the container's first process")],
    ids=["command", "pid 1"])
def test_the_way_in(start, tmp_path, prefix, way):
    event = run_once(start, tmp_path, *(needs(*prefix) if prefix else []))
    assert event["way_in"] == way


def test_cpus_that_may_be_used(start, tmp_path):
    event = run_once(start, tmp_path, "taskset", "-c", "0")
    assert event["cpus"] == 1


def version_2():
    """Where it is mounted, or None."""
    with open("/proc/self/mounts") as file:
        found = [line.split()[1] for line in file
                 if line.split()[2] == "cgroup2"]
    return found[0] if found else None


class Group:
    """A control group of the test's own."""

    def __init__(self, root):
        self.path = "%s/pitstop-%d" % (root, os.getpid())
        self.below = self.path + "/below"
        os.mkdir(self.path)

    def limit(self, file, text):
        path = os.path.join(self.path, file)
        if not os.path.exists(path):
            pytest.skip("no %s here" % file)
        with open(path, "w") as out:
            out.write(text)

    def is_busy(self):
        for path in (self.below, self.path):
            if os.path.isdir(path):
                with open(path + "/cgroup.procs") as file:
                    if file.read():
                        return True
        return False

    def down(self):
        wait_for(lambda: not self.is_busy(), "an empty group")
        for path in (self.below, self.path):
            if os.path.isdir(path):
                os.rmdir(path)


@pytest.fixture
def groups(start):
    """groups(root): a Group. Steps end before it does."""
    made, steps = [], []

    def new(root):
        if not root or not os.access(root + "/cgroup.procs", os.W_OK):
            pytest.skip("no control group here")
        try:
            made.append(Group(root))
        except OSError as why:
            pytest.skip("no control group here: %s" % why)
        return made[-1]

    yield new, steps
    for step in steps:
        step.end()
    for one in made:
        one.down()


INTO = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
ONE = 256 << 20
LIMITS = {
    "memory, version 1": ("/sys/fs/cgroup/memory",
                          {"memory.limit_in_bytes": str(ONE)},
                          {"memory_limit": ONE}),
    "CPU, version 1": ("/sys/fs/cgroup/cpu",
                       {"cpu.cfs_quota_us": "150000",
                        "cpu.cfs_period_us": "100000"}, {"cpu_limit": 1.5}),
    "memory, version 2": (version_2(), {"memory.max": str(ONE)},
                          {"memory_limit": ONE}),
    "CPU, version 2": (version_2(), {"cpu.max": "50000 100000"},
                       {"cpu_limit": 0.5}),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("above", [False, True], ids=["own", "above"])
def test_limits_of_control_groups(start, tmp_path, groups, name, above):
    root, files, fields = LIMITS[name]
    new, steps = groups
    top = new(root)
    for file, text in files.items():
        top.limit(file, text)
    if above:
        os.mkdir(top.below)
    steps.append(start(["sleep", "600"], env={"PITSTOP_LOG_DIR": tmp_path},
                       prefix=["sh", "-c", INTO,
                               top.below if above else top.path]))
    event = started(tmp_path)
    assert {k: event.get(k) for k in fields} == fields


VERSION_2 = """mount -t tmpfs none /sys/fs/cgroup &&
echo 268435456 >/sys/fs/cgroup/memory.max &&
echo 50000 100000 >/sys/fs/cgroup/cpu.max && exec "$@"
"""


def may_mount(script):
    view = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if os.geteuid() != 0 or subprocess.run(view + ["true"]).returncode:
        pytest.skip("nothing can be mounted here")
    return view


def test_limits_as_a_container_sees_them(start, tmp_path):
    """Version 2: its own group is the root that it sees."""
    event = run_once(start, tmp_path, *may_mount(VERSION_2))
    assert (event["memory_limit"], event["cpu_limit"]) == (ONE, 0.5)


GPUS = """mount -t tmpfs none /proc/driver &&
for n in 1 2; do
    mkdir -p /proc/driver/nvidia/gpus/0000:0$n:00.0 &&
    printf 'Model: \\t\\t Tesla V100-PCIE-16GB\\nIRQ:   \\t\\t 33\\n' \
        >/proc/driver/nvidia/gpus/0000:0$n:00.0/information
done && exec "$@"
"""


def test_gpus(start, tmp_path):
    event = run_once(start, tmp_path, *may_mount(GPUS))
    assert event["gpus"] == ["Tesla V100-PCIE-16GB"] * 2


# ---- the event ----------------------------------------------------------

def test_the_run_token_gets_nowhere(start, tmp_path):
    token = "eyJhbGciOiJSUzI1NiJ9.eyJyb2xlIjoiYSJ9.c2lnbmF0dXJl"
    context = json.dumps({"run_id": "r", "run_token": token,
                          "experiment_name": "from-the-context"})
    event = run_once(start, tmp_path, AZUREML_CR_AZUREML_CONTEXT=context,
                     AZUREML_RUN_TOKEN=token, MLFLOW_TRACKING_TOKEN=token,
                     AZUREML_CR_COMPUTE_CONTEXT=json.dumps(
                         {"cluster_name": "c", "run_token": token}))
    assert event["cluster"] == "c"
    text = json.dumps(events(tmp_path))
    assert token not in text and "from-the-context" not in text


def test_the_start_is_told_once(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                env={"PITSTOP_LOG_DIR": tmp_path})
    step.wait_held()
    started(tmp_path)
    old = step.kill_agent()
    step.agent(but=old)
    step.stdout.wait("the agent was restarted")
    client = step.attached(step.wait_held())
    assert step.finished()[0] == 7
    client.close()
    told = [e for e in events(tmp_path) if e["event"] == "started"]
    assert len(told) == 1


def test_it_is_told_without_waiting_for_a_hold(start, tmp_path):
    step = start(["sleep", "600"], env={"PITSTOP_LOG_DIR": tmp_path})
    event = started(tmp_path)
    assert step.running() and event["port"] == step.port
    assert event["http_port"] == step.http_port
    assert time.monotonic() - step.started < PATIENCE
