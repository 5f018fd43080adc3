"""A step is held at interpreter start, whichever way it is started, and the
run log says how to attach."""
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import pythons
from dap_client import Closed
from harness import (LAUNCH, PITSTOP, PORTS, free_ports, line_of, place, plain,
                     strip_log, wait_for)

RECIPE = ["--remote_debug", "--remote_debug_connection_timeout", "17"]
SIMPLE = "second 42\nargv []\n"


def lines_before_verdict(step):
    """The log of the hold as bytes, up to its launch configuration."""
    step.wait_held()
    return step.stdout.data


def attach_and_finish(step, launch=None):
    """Attach, and let the step run to its end."""
    client = step.attached(launch)
    assert step.hold_ended()[0] is True
    done = step.finished()
    client.close()
    return done


def listening(port):
    """Somebody else's socket."""
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    other.bind(("0.0.0.0", port))
    other.listen(1)
    return other


def addresses():
    """The IPv4 addresses of this machine that are not loopback."""
    done = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE)
    return [a for a in done.stdout.decode().split() if ":" not in a]


# ---- the lines ----------------------------------------------------------

def test_lines_are_exact_and_come_at_once(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")])
    held = lines_before_verdict(step)
    assert held.startswith(b"Timeout for debug connection: 20\n"
                           b"ip_address: 127.0.0.1\n"), held
    for line in held.splitlines()[2:]:
        assert line.startswith(b"pitstop: "), held
    assert step.running()
    assert attach_and_finish(step) == (7, step.stdout.text, "done\n")
    after = step.stdout.data[len(held):]
    assert after.count(b"Debugger attached = True\n") == 1
    assert b"Debugger attached = False" not in after
    assert step.own_output() == SIMPLE


@pytest.mark.parametrize("unbuffered", [None, "1"])
def test_lines_come_at_once_into_a_file(hold, one_python, tmp_path,
                                        unbuffered):
    script = place(tmp_path, "simple.py")
    log = tmp_path / "log"
    step = hold(["bash", "-c", "exec %s %s >%s" % (
        one_python.path, script, log)], env={"PYTHONUNBUFFERED": unbuffered})
    wait_for(lambda: log.exists() and LAUNCH in log.read_text(), "the log")
    assert log.read_text().startswith("Timeout for debug connection: 20\n")
    step.attached(json.loads(re.search(LAUNCH + "(.*)",
                                       log.read_text()).group(1)))
    assert step.status() == 7
    assert strip_log(log.read_text()) == SIMPLE


def test_lines_when_nobody_attaches(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")], timeout=1)
    status, out, err = step.finished()
    assert (status, strip_log(out)) == (7, SIMPLE)
    assert err == "done\n"
    assert out.count("Debugger attached = False\n") == 1
    assert "Debugger attached = True" not in out
    assert out.index("Debugger attached") < out.index("second 42")


def test_log_says_why_the_hold_ended(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")], timeout=1)
    _, out, _ = step.finished()
    lines = out.splitlines()
    after = lines[lines.index("Debugger attached = False") + 1]
    assert re.match("pitstop: .*(nobody|no debugger|no one) attached", after)


def test_a_line_a_minute_counts_down(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")], timeout=64)
    step.wait_held()
    known = len(step.stdout.lines)
    i, match = step.stdout.wait(r"^pitstop: .*?(\d+) s", 63, known)
    left = 64 - (step.stdout.times[i] - step.held_at())
    assert abs(int(match.group(1)) - left) < 2, match.group()


def test_no_line_of_ours_when_nothing_is_held(python, start, tmp_path):
    script = place(tmp_path, "simple.py")
    step = start([python.path, script])
    assert step.finished() == plain([python.path, script])


# ---- the address and the port -------------------------------------------

def test_address_is_this_machines_own(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                "--allow", "0.0.0.0/0", advertise=None)
    launch = step.wait_held()
    _, match = step.stdout.wait(r"^ip_address: (\S+)$")
    chosen = ipaddress.ip_address(match.group(1))
    assert launch["connect"]["host"] == str(chosen)
    if addresses():
        assert str(chosen) in addresses()
        assert not chosen.is_loopback and not chosen.is_link_local
    assert attach_and_finish(step)[0] == 7


def test_address_inside_the_vnet_is_chosen(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                "--vnet", "127.0.0.0/8", advertise=None)
    assert step.wait_held()["connect"]["host"].startswith("127.")


@pytest.mark.parametrize("options, env, said", [
    (("--vnet", "203.0.113.0/24"), {}, "--vnet"),
    ((), {"PITSTOP_VNET": "203.0.113.0/24"}, "PITSTOP_VNET")])
def test_a_vnet_without_an_address_of_ours_is_said(hold, one_python, tmp_path,
                                                   options, env, said):
    step = hold([one_python.path, place(tmp_path, "simple.py")], *options,
                env=env, advertise=None)
    step.wait_held()
    step.stdout.wait(r"^pitstop: .* in %s \(203\.0\.113\.0/24\)$" % said)


def test_pod_ip_is_taken(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                advertise=None, env={"POD_IP": "10.244.3.9"})
    assert step.wait_held()["connect"]["host"] == "10.244.3.9"


def test_advertised_address_by_variable(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                advertise=None, env={"PITSTOP_ADVERTISE": "127.0.0.2"})
    assert step.wait_held()["connect"]["host"] == "127.0.0.2"
    step.stdout.wait("^ip_address: 127.0.0.2$")


@pytest.mark.parametrize("address, options, doubted", [
    ("203.0.113.7", (), True), ("2001:db8::7", (), True),
    ("203.0.113.7", ("--allow", "203.0.113.0/24"), False),
    ("10.3.0.5", (), False), ("fd00::5", (), False),
])
def test_a_public_address_that_only_private_ones_reach_is_doubted(
        hold, one_python, tmp_path, address, options, doubted):
    step = hold([one_python.path, place(tmp_path, "simple.py")], *options,
                timeout=1, advertise=address)
    _, out, err = step.finished()
    assert err == "done\n"
    assert out.count("pitstop: %s is a public address" % address) == doubted


def test_default_port_is_5678_or_one_of_the_next_fifteen(hold, one_python,
                                                         tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")], port=0)
    port = step.wait_held()["connect"]["port"]
    assert 5678 <= port < 5678 + 16
    assert attach_and_finish(step)[0] == 7


def test_port_that_is_taken_is_replaced_and_said(hold, one_python, tmp_path):
    port = free_ports()
    with listening(port), listening(port + 1):
        step = hold([one_python.path, place(tmp_path, "simple.py")],
                    port=port)
        assert step.wait_held()["connect"]["port"] == port + 2
        step.stdout.wait(r"^pitstop: (?!launch\.json).*\b%d\b" % (port + 2))
        step.stdout.wait(r"^pitstop: (?!launch\.json).*\b%d\b" % port)
        assert attach_and_finish(step)[0] == 7


def test_all_sixteen_ports_taken_costs_no_step(hold, one_python, tmp_path):
    port = free_ports()
    taken = [listening(port + number) for number in range(PORTS)]
    step = hold([one_python.path, place(tmp_path, "simple.py")], port=port,
                timeout=2)
    status, out, err = step.finished()
    for one in taken:
        one.close()
    assert (status, strip_log(out)) == (7, SIMPLE)
    assert re.search("^pitstop: .*%d" % port, out + err, re.M)


def test_behind_the_last_port_there_is_none(hold, one_python, tmp_path):
    with listening(65535):
        step = hold([one_python.path, place(tmp_path, "simple.py")],
                    port=65535, timeout=2)
        status, out, _ = step.finished()
    assert status == 7
    assert re.search("the ports 65535 to 65535 are all taken;", out)


# ---- the launch configuration -------------------------------------------

def test_launch_configuration_is_what_vs_code_wants(hold, one_python,
                                                    tmp_path):
    place(tmp_path, "simple.py")
    step = hold([one_python.path, "simple.py"], cwd=tmp_path)
    launch = step.wait_held()
    assert launch["type"] == "debugpy"
    assert launch["request"] == "attach"
    assert launch["name"]
    assert launch["connect"] == {"host": "127.0.0.1", "port": step.port}
    assert launch["pathMappings"] == [{"localRoot": "${workspaceFolder}",
                                       "remoteRoot": str(tmp_path)}]
    assert len(launch["pitstopToken"]) >= 16


def test_launch_configuration_maps_the_users_folder(python, hold, tmp_path):
    """The laptop's copy of the sources lies elsewhere."""
    for side in ("laptop", "node"):
        (tmp_path / side).mkdir()
        place(tmp_path / side, "pkg")
    step = hold([python.path, "-m", "pkg.mod"], cwd=tmp_path / "node")
    local = str(tmp_path / "laptop" / "pkg" / "part.py")
    client = step.attached(breakpoints={local: [line_of(local, "double")]},
                           folder=str(tmp_path / "laptop"))
    thread = client.stopped("breakpoint")
    assert client.top(thread)["source"]["path"] == local
    client.go(thread)
    assert step.finished()[0] == 4


def test_mapping_follows_the_directory_the_script_starts_in(hold, one_python,
                                                            tmp_path):
    (tmp_path / "deep").mkdir()
    place(tmp_path / "deep", "simple.py")
    step = hold(["bash", "-c", "cd deep && exec %s simple.py" %
                 one_python.path], cwd=tmp_path)
    mapping = step.wait_held()["pathMappings"][0]
    assert mapping["remoteRoot"] == str(tmp_path / "deep")


def test_script_away_from_its_working_directory_is_mapped(python, hold,
                                                          tmp_path):
    """As in `cd /; python /app/train.py`: the first F5 stops there."""
    for side in ("laptop", "node"):
        (tmp_path / side).mkdir()
    script = place(tmp_path / "node", "simple.py")
    local = place(tmp_path / "laptop", "simple.py")
    step = hold([python.path, script], cwd="/")
    client = step.attached(breakpoints={local: [line_of(local, "in_add")]},
                           folder=str(tmp_path / "laptop"))
    thread = client.stopped("breakpoint")
    assert client.top(thread)["source"]["path"] == local
    client.go(thread)
    assert step.finished()[0] == 7


# ---- asking for it ------------------------------------------------------

@pytest.mark.parametrize("options, env", [
    (["--hold"], {}),
    (["--hold=step"], {}),
    ([], {"PITSTOP_HOLD": "step"}),
    (["--hold"], {"PITSTOP_HOLD": "off"}),
], ids=["flag", "flag-step", "variable", "flag-over-variable"])
def test_hold_is_asked_for(start, one_python, tmp_path, options, env):
    env = dict(env, PITSTOP_TIMEOUT="19")
    step = start([one_python.path, place(tmp_path, "simple.py")], *options,
                 env=env)
    step.stdout.wait("^Timeout for debug connection: 19$")
    assert attach_and_finish(step)[0] == 7


def test_recipes_arguments_hold_a_direct_command(python, start, tmp_path):
    step = start([python.path, place(tmp_path, "simple.py"), "a"] + RECIPE +
                 ["--lr", "0.1"])
    step.stdout.wait("^Timeout for debug connection: 17$")
    assert attach_and_finish(step)[0] == 7
    assert step.own_output() == "second 42\nargv ['a', '--lr', '0.1']\n"


@pytest.mark.parametrize("python", pythons.params(
    lambda p: p.version >= (3, 8) and "-" not in p.name))
def test_recipes_arguments_hold_inside_a_shell(python, start, tmp_path):
    place(tmp_path, "simple.py")
    step = start(["bash", "-c", "echo go; %s simple.py a %s --lr 0.1" % (
        python.path, " ".join(RECIPE))], cwd=tmp_path)
    step.stdout.wait("^Timeout for debug connection: 17$")
    assert attach_and_finish(step)[0] == 7
    assert step.own_output() == "go\nsecond 42\nargv ['a', '--lr', '0.1']\n"


@pytest.mark.parametrize("arguments, timeout", [
    (["--remote_debug"], 300),
    (["--remote_debug_connection_timeout=16", "--remote_debug"], 16),
])
def test_recipes_arguments_in_other_forms(start, one_python, tmp_path,
                                          arguments, timeout):
    step = start([one_python.path, place(tmp_path, "simple.py")] + arguments)
    step.stdout.wait("^Timeout for debug connection: %d$" % timeout)
    assert attach_and_finish(step)[0] == 7
    assert step.own_output() == SIMPLE


def test_a_timeout_set_inside_a_shell_may_have_a_unit(hold, one_python,
                                                      tmp_path):
    step = hold(["bash", "-c", "PITSTOP_TIMEOUT=2m exec %s %s" % (
        one_python.path, place(tmp_path, "simple.py"))])
    step.stdout.wait("^Timeout for debug connection: 120$")
    assert attach_and_finish(step)[0] == 7


@pytest.mark.parametrize("shell", [False, True])
def test_recipes_arguments_can_be_kept(start, one_python, tmp_path, shell):
    script = place(tmp_path, "simple.py")
    command = [one_python.path, script] + RECIPE
    if shell:
        command = ["bash", "-c", " ".join(command)]
    step = start(command, "--hold", "--timeout", "1",
                 env={"PITSTOP_ARGS": "keep"})
    assert step.status() == 7
    step.stdout.wait(re.escape("argv %r" % RECIPE))


def test_recipes_arguments_go_without_an_agents_answer(start, one_python,
                                                       tmp_path):
    """The script would fail on arguments it does not know."""
    script = place(tmp_path, "simple.py")
    step = start(["bash", "-c", "PITSTOP_SOCKET=@nobody-is-there %s %s %s" % (
        one_python.path, script, " ".join(RECIPE))])
    assert step.status() == 7
    assert step.own_output() == SIMPLE


# ---- ways to start it ---------------------------------------------------

WAYS = {}


def way(function):
    WAYS[function.__name__] = function
    return function


def executable(path, python, text):
    path.write_text("#!%s\n%s" % (python.path, text))
    path.chmod(0o755)
    return str(path)


def launcher(folder, python, name):
    """A tool of that name, with a shebang as pip writes it."""
    place(folder, "launchers")
    return executable(folder / name, python,
                      (folder / "launchers" / name).read_text())


@way
def script(python, folder):
    return [python.path, place(folder, "simple.py")], 7, "second 42"


@way
def relative_script(python, folder):
    place(folder, "simple.py")
    return [python.path, "simple.py"], 7, "second 42"


@way
def flags_before_script(python, folder):
    return [python.path, "-u", "-W", "ignore", "-X", "utf8",
            place(folder, "simple.py")], 7, "second 42"


@way
def module(python, folder):
    place(folder, "pkg")
    return [python.path, "-m", "pkg.mod", "x"], 4, \
        "value 42 __main__ ['x']"


@way
def shell(python, folder):
    (folder / "x").mkdir()
    place(folder / "x", "simple.py")
    return ["bash", "-c", "cd x && %s simple.py" % python.path], 7, \
        "second 42"


@way
def console_script(python, folder):
    place(folder, "pkg")
    return [executable(folder / "train", python, "import runpy, sys\n"
                       "sys.path.insert(0, %r)\n"
                       "runpy.run_module('pkg.mod', run_name='__main__')\n"
                       % str(folder))], 4, "value 42 __main__ []"


@way
def conda_run(python, folder):
    return [launcher(folder, python, "conda"), "run", "-n", "env",
            python.path, place(folder, "simple.py")], 7, "second 42"


@way
def torchrun(python, folder):
    return [launcher(folder, python, "torchrun"), "--nproc_per_node=1",
            place(folder, "simple.py")], 7, "second 42"


@way
def pip_before_script(python, folder):
    return ["bash", "-c", "%s -m pip --version >/dev/null; %s %s" % (
        python.path, python.path, place(folder, "simple.py"))], 7, \
        "second 42"


@way
def one_liner_before_script(python, folder):
    return ["bash", "-c", "%s -c pass; exec %s %s" % (
        python.path, python.path, place(folder, "simple.py"))], 7, \
        "second 42"


@way
def runner_by_runpy(python, folder):
    """Azure's older runtime: a runner executes the script."""
    setup = folder / "azureml-setup"
    setup.mkdir()
    (setup / "context_manager_injector.py").write_text(
        "import runpy, sys\n"
        "sys.argv = sys.argv[sys.argv.index('x.Context') + 1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n")
    place(folder, "simple.py")
    return [python.path, "azureml-setup/context_manager_injector.py", "-i",
            "x.Context", "simple.py"], 7, "second 42"


@pytest.mark.parametrize("python", pythons.interpreters())
@pytest.mark.parametrize("how", sorted(WAYS))
def test_is_held_once_and_attachable(python, how, hold, tmp_path):
    if python.version < (3, 7) and how == "flags_before_script":
        pytest.skip("python 3.6 has no -X utf8")
    command, status, printed = WAYS[how](python, tmp_path)
    step = hold(command, cwd=tmp_path)
    launch = step.wait_held()
    client = step.attached(launch)
    done, out, _ = step.finished()
    client.close()
    assert done == status
    assert out.count("Timeout for debug connection: ") == 1
    assert printed in strip_log(out).splitlines()
    assert out.index("Debugger attached = True") < out.index(printed)


def test_only_the_ranks_of_a_launcher_are_held(python, hold, tmp_path):
    command = [launcher(tmp_path, python, "torchrun"), "--nproc_per_node=3",
               place(tmp_path, "rank.py")]
    step = hold(command)
    launches = step.launches(3)
    path = str(tmp_path / "rank.py")
    clients = {}
    for rank, launch in enumerate(launches):
        step.stdout.wait('"pitstopRank": %d ' % rank)
        client = step.attached(dict(launch, pitstopRank=rank),
                               {path: [line_of(path, "rank")]})
        clients[rank] = client
    for rank, client in clients.items():
        thread = client.stopped("breakpoint")
        frame = client.top(thread)
        assert client.evaluate("os.environ['RANK']", frame) == repr(str(rank))
        client.go(thread)
    status, out, _ = step.finished()
    assert status == 0
    assert sorted(strip_log(out).split("\n")) == \
        ["", "rank 0", "rank 1", "rank 2"]
    assert out.count("Timeout for debug connection: ") == 3


@pytest.mark.parametrize("shell", [False, True], ids=["direct", "shell"])
def test_recipes_arguments_reach_the_ranks(start, one_python, tmp_path,
                                           shell):
    """Given to the launcher's script, they hold each rank."""
    command = [launcher(tmp_path, one_python, "torchrun"),
               "--nproc_per_node=2", place(tmp_path, "simple.py")] + RECIPE
    if shell:
        command = ["bash", "-c", "echo go; " + " ".join(command)]
    step = start(command)
    for launch in step.launches(2):
        step.attached(launch)
    status, out, _ = step.finished()
    assert status == 7
    assert out.count("Timeout for debug connection: 17\n") == 2
    assert out.count("argv []\n") == 2


def test_lowest_held_rank_when_none_is_named(hold, one_python, tmp_path):
    path = place(tmp_path, "rank.py")
    step = hold([launcher(tmp_path, one_python, "torchrun"),
                 "--nproc_per_node=2", path], timeout=3)
    launch = step.launches(2)[0]
    client = step.attached(launch, {path: [line_of(path, "rank")]})
    thread = client.stopped("breakpoint")
    assert client.evaluate("os.environ['RANK']", client.top(thread)) == "'0'"
    client.go(thread)
    assert step.status() == 0


def test_scripts_under_a_held_one_are_not_held(python, hold, tmp_path):
    path = place(tmp_path, "outer.py", "rank.py")
    step = hold([python.path, path])
    client = step.attached()
    child = client.asked("startDebugging")["configuration"]
    step.client(child).start(child)
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (0, "outer\nrank none\n")
    assert out.count("Timeout for debug connection: ") == 1


def test_scripts_under_one_that_timed_out_are_not_held(hold, one_python,
                                                       tmp_path):
    path = place(tmp_path, "outer.py", "rank.py")
    step = hold([one_python.path, path], timeout=1)
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (0, "outer\nrank none\n")
    assert out.count("Timeout for debug connection: ") == 1


@pytest.mark.parametrize("code", [
    ["-c", "print('no script')"],
    ["-m", "pip", "--version"],
    ["-m", "venv", "--help"],
    ["-m", "compileall", "-q", "."],
    ["-V"],
], ids=lambda c: " ".join(c[:2]))
def test_tools_are_not_held(start, one_python, tmp_path, code):
    command = [one_python.path] + code
    step = start(command, "--hold", cwd=tmp_path)
    status, out, err = step.finished()
    err = re.sub("pitstop: nothing was held: .*\n", "", err)
    assert (status, out, err) == plain(command, cwd=tmp_path)


@pytest.mark.parametrize("pattern", ["*rank.py", "rank.py"])
def test_match_names_the_script_to_hold(hold, one_python, tmp_path, pattern):
    place(tmp_path, "simple.py", "rank.py")
    step = hold(["bash", "-c", "%s simple.py; exec %s rank.py" % (
        one_python.path, one_python.path)], "--match", pattern, cwd=tmp_path)
    step.wait_held()
    assert strip_log(step.stdout.text) == SIMPLE
    status, out, _ = attach_and_finish(step)
    assert status == 0
    assert out.count("Timeout for debug connection: ") == 1


# ---- what it needs ------------------------------------------------------

def test_the_binary_alone_is_enough(hold, one_python, tmp_path):
    binary = str(tmp_path / "pitstop")
    shutil.copy(PITSTOP, binary)
    step = hold([one_python.path, place(tmp_path, "simple.py")],
                binary=binary)
    assert attach_and_finish(step)[0] == 7


def without_debugger():
    """Each interpreter that has no debugpy of its own."""
    return pythons.params(lambda p: "-" not in p.name and has_no_debugpy(p))


def has_no_debugpy(python):
    return not python.exists or subprocess.call(
        [python.base, "-c", "import debugpy"], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("python", without_debugger())
def test_no_debugger_is_one_clear_line_and_no_hold(python, hold, tmp_path):
    command = [python.base, place(tmp_path, "simple.py")]
    step = hold(command, timeout=60)
    status, out, err = step.finished(20)
    assert (status, strip_log(out), err) == plain(command)
    ours = out[:len(out) - len(strip_log(out))].splitlines()
    assert len(ours) == 1, ours
    assert re.match("pitstop: .*debugpy", ours[0])


@pytest.mark.parametrize("python", without_debugger())
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_bundled_debugger_serves_where_there_is_none(python, how, hold,
                                                     tmp_path):
    bundle = bundle_from(python, tmp_path)
    options = ["--debugpy", bundle] if how == "flag" else []
    env = {"PITSTOP_DEBUGPY": bundle} if how == "variable" else {}
    path = place(tmp_path, "simple.py")
    step = hold([python.base, path], *options, env=env)
    client = step.attached(breakpoints={path: [line_of(path, "in_add")]})
    thread = client.stopped("breakpoint")
    seen = client.evaluate("[p for p in __import__('sys').path if %r in p]"
                           % bundle, client.top(thread))
    assert seen == "[]"
    client.go(thread)
    status, out, err = step.finished()
    assert (status, strip_log(out), err) == plain([python.base, path])


def bundle_from(python, folder):
    """A directory with nothing but the venv's debugpy in it."""
    code = "import debugpy, os; print(os.path.dirname(debugpy.__file__))"
    found = subprocess.check_output([python.path, "-c", code])
    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / "debugpy").symlink_to(found.decode().strip())
    return str(bundle)


# ---- the rest of the step -----------------------------------------------

def test_stdin_reaches_a_held_filter(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "upper.py")],
                stdin=subprocess.PIPE)
    step.process.stdin.write(b"one\ntwo\n")
    step.process.stdin.close()
    status, out, err = attach_and_finish(step)
    assert (status, strip_log(out), err) == (0, "ONE\nTWO\n", "")


@pytest.mark.parametrize("number, status", [
    (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR1, 138)])
def test_signals_end_a_held_step(hold, one_python, tmp_path, number, status):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    step.wait_held()
    step.process.send_signal(number)
    assert step.status(5) == status
    assert step.own_output() == ""


def test_interrupt_ends_a_held_step(python, hold, tmp_path):
    step = hold([python.path, place(tmp_path, "simple.py")])
    step.wait_held()
    step.process.send_signal(signal.SIGINT)
    assert step.status(5) != 0
    assert step.own_output() == ""


def test_a_held_step_that_is_killed_leaves_nothing(hold, one_python, tmp_path):
    step = hold([one_python.path, place(tmp_path, "simple.py")])
    launch = step.wait_held()
    agent = step.agent()
    os.kill(step.main_pid(), signal.SIGKILL)
    assert step.status(5) == 137
    assert not os.path.exists("/proc/%d" % agent)
    with pytest.raises((ConnectionRefusedError, Closed)):
        step.client(launch).initialize()


def test_environment_of_a_step_that_was_attached(python, hold, tmp_path):
    """Only PITSTOP_* and PYTHONPATH differ from plain Python."""
    path = tmp_path / "env.py"
    path.write_text("import os, json\nprint('ENV' + json.dumps("
                    "dict(os.environ), sort_keys=True))\n")
    command = [python.path, str(path)]
    step = hold(command)
    _, out, _ = attach_and_finish(step)
    ours = environment_in(out)
    theirs = environment_in(plain(command)[1])
    ours.pop("PYTHONPATH")
    assert {k: v for k, v in ours.items()
            if not k.startswith("PITSTOP_")} == theirs


def environment_in(out):
    line = next(l for l in out.splitlines() if l.startswith("ENV"))
    return json.loads(line[3:])


def test_a_hold_that_an_earlier_agent_met_is_not_said_to_be_none(
        hold, one_python, tmp_path):
    code = "import sys; print('go', flush=True); sys.stdin.read()"
    (tmp_path / "wait.py").write_text(code)
    step = hold([one_python.path, str(tmp_path / "wait.py")], timeout=1,
                stdin=subprocess.PIPE)
    step.stdout.wait("^go$")
    step.agent(but=step.kill_agent())
    step.attached()      # the step has registered with the next agent
    step.process.stdin.close()
    assert step.finished()[0] == 0
    assert "nothing was held" not in step.stderr.text


@pytest.mark.parametrize("options, env, words", [
    ((), {}, r"no Python script or module \(python -c and standard input"),
    (("--match", "other.py"), {}, r"that --match \(other.py\) names"),
    ((), {"PITSTOP_MATCH": "other.py"}, r"PITSTOP_MATCH \(other.py\) names")])
def test_a_hold_that_finds_nothing_to_hold_is_said(hold, one_python, tmp_path,
                                                   options, env, words):
    """At the step's end, and the step is as it would have been."""
    step = hold([one_python.path, "-c", "print('ran')"], *options, env=env)
    assert step.finished() == (0, "ran\n", step.stderr.text)
    assert re.fullmatch("pitstop: nothing was held: .*%s.*\n" % words,
                        step.stderr.text)
