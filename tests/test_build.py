"""The binary is what the build promises, and the layer check can fail."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/pitstop"
UNSTRIPPED = ROOT / "build/pitstop.debug"
CHECK_STATIC = ROOT / "tests/check_static.sh"
STRIP = ROOT / "agent/hook/strip.sh"
CHECK_LAYERS = ROOT / "tests/check_layers.py"
MAX_BYTES = 900 * 1000
# One function of each. musl has a strlcpy of its own: libbsd's comes first on
# the command line.
LINKED = {"libuv": "uv_run", "libcurl": "curl_global_init",
          "mbedTLS": "mbedtls_ssl_handshake", "cJSON": "cJSON_Parse",
          "libbsd": "strlcpy", "llhttp": "llhttp_execute"}
FOREIGN_TO_SUPERVISOR = ("uv_", "curl_", "cJSON_", "llhttp_", "mbedtls_")


def run(*command, **options):
    return subprocess.run([str(word) for word in command],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=300, **options)


# ---- the binary -------------------------------------------------------------

def test_is_a_hardened_static_pie():
    result = run(CHECK_STATIC, BINARY)
    assert (result.returncode, result.stderr) == (0, "")


def test_is_called_static_pie_by_file():
    assert "static-pie linked, " in run("file", "-b", BINARY).stdout


def test_is_stripped():
    assert "no symbols" in run("nm", BINARY).stderr


def test_size():
    assert BINARY.stat().st_size <= MAX_BYTES


SOURCE = '''\
"""A title.

More of it.
"""
import os  # why


class Empty:
    """Nothing."""


def f(x):
    """Says what it does."""
    if x:        # a comment
        return (x +
                # in between
                "#")
    return os
'''
STRIPPED = """\
# A title.



import os


class Empty:
 pass


def f(x):

 if x:
  return (x +

"#")
 return os
"""


def strip_hook(tmp_path, source):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(source)
    result = run(STRIP, before, after)
    return result, after.read_text() if after.exists() else None


def test_carries_the_hook_without_words_and_each_line_at_its_place(tmp_path):
    result, stripped = strip_hook(tmp_path, SOURCE)
    assert (result.returncode, stripped) == (0, STRIPPED)


def test_refuses_a_hook_whose_texts_it_would_change(tmp_path):
    result, stripped = strip_hook(tmp_path, 'x = """one\n  two"""\n')
    assert result.returncode != 0 and stripped is None
    assert "before.py:1: only documentation goes over" in result.stderr


@pytest.mark.parametrize("library", sorted(LINKED))
def test_is_linked_with(library):
    defined = {line.split()[-1]
               for line in run("nm", UNSTRIPPED).stdout.splitlines()}
    assert LINKED[library] in defined


def test_holds_no_path_of_the_machine_that_built_it():
    cache = os.environ.get("PITSTOP_CACHE") or \
        os.path.expanduser("~/.cache/pitstop")
    data = BINARY.read_bytes()
    for path in (f"{ROOT}/agent", f"{ROOT}/build", cache):
        assert path.encode() not in data


def test_is_reproducible(tmp_path):
    """Built again from a copy of the sources elsewhere: the same bytes."""
    for name in ("Makefile", "agent", "include", "tests"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    result = run("make", "-C", tmp_path, "build/pitstop")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "build/pitstop").read_bytes() == BINARY.read_bytes()


def chroot_command():
    if os.geteuid() == 0:
        return ["chroot"]
    if run("unshare", "-r", "true").returncode == 0:
        return ["unshare", "-r", "chroot"]
    pytest.skip("an empty chroot needs root or user namespaces")


def test_runs_in_an_empty_chroot(tmp_path):
    shutil.copy(BINARY, tmp_path / "pitstop")
    result = run(*chroot_command(), tmp_path, "/pitstop", "version", env={
        "PATH": os.environ["PATH"]})
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("pitstop ")


@pytest.mark.parametrize("what, compiler, flags", [
    ("INTERP", "gcc", ["-pie"]),
    ("NEEDED", "gcc", ["-pie"]),
    ("position independent", "musl", ["-static", "-no-pie"]),
    ("GNU_RELRO", "musl", ["-static-pie", "-Wl,-z,norelro"]),
    ("BIND_NOW", "gcc", ["-pie", "-Wl,-z,lazy"]),
    ("executable stack", "musl", ["-static-pie", "-Wl,-z,execstack"]),
])
def test_static_check_refuses(tmp_path, what, compiler, flags):
    compiler = ROOT / "build/deps/musl/bin/musl-gcc" \
        if compiler == "musl" else compiler
    source, binary = tmp_path / "m.c", tmp_path / "m"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.check_call([compiler, "-fPIE", *flags, source, "-o", binary])
    result = run(CHECK_STATIC, binary)
    assert result.returncode != 0
    assert what in result.stderr


# ---- its command line ---------------------------------------------------------

def test_version_names_every_library():
    lines = run(BINARY, "version").stdout.splitlines()
    assert [line.split()[0].split("/")[0] for line in lines] == [
        "pitstop", "libuv", "libcurl", "cJSON", "llhttp", "libbsd"]
    assert "mbedTLS/" in lines[2]
    assert all(any(c.isdigit() for c in line) for line in lines)


@pytest.mark.parametrize("word", ["help", "--help", "-h"])
def test_help_names_the_subcommands(word):
    result = run(BINARY, word)
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("run", "agent", "version"):
        assert f"  {name} " in result.stdout
    assert "pitstop run --hold -- python train.py" in result.stdout


def test_no_subcommand_is_a_usage_error():
    result = run(BINARY)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: pitstop ")


def test_unknown_subcommand_is_named():
    result = run(BINARY, "runn")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == \
        "pitstop: no subcommand 'runn'; 'pitstop help' lists them\n"


@pytest.mark.parametrize("words", [("--", "python", "x.py"),
                                   ("--hold=crash", "--", "python")])
def test_a_missing_run_is_found(words):
    result = run(BINARY, *words)
    meant = words[0].partition("=")[0]
    assert (result.returncode, result.stderr) == (
        2, f"pitstop: no subcommand '{meant}'; did you mean 'pitstop run "
        f"{meant}'?\n")


@pytest.mark.parametrize("name", ["run", "status", "probe", "agent"])
def test_help_of_a_subcommand_is_its_own(name):
    result = run(BINARY, "help", name)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == run(BINARY, name, "--help").stdout


def test_help_of_itself_lists_the_subcommands():
    for word in ("help", "version", "--help"):
        assert run(BINARY, "help", word).stdout == run(BINARY, "help").stdout
    assert run(BINARY, "help", "runn").returncode == 2


# ---- the Makefile ---------------------------------------------------------------

def test_make_help_lists_the_targets():
    names = {line.split()[0]
             for line in run("make", "-C", ROOT, "--no-print-directory",
                             "help").stdout.splitlines()}
    assert names >= {"all", "deps", "check", "test", "unit", "fuzz-smoke",
                     "check-layers", "asan", "demo", "bench", "size",
                     "clean", "help"}


def test_ci_calls_make_test():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"


# ---- layers -----------------------------------------------------------------

def layers(tmp_path, table, sources):
    """The layer check over small sources: {"a.c": "int a(void) {…}"}."""
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
        subprocess.check_call(["gcc", "-c", name], cwd=tmp_path)
    (tmp_path / "layers.txt").write_text(table)
    return run(sys.executable, CHECK_LAYERS, tmp_path / "layers.txt",
               tmp_path, tmp_path)


def calling(name, *callees):
    calls = "".join(f"int {c}(void); int (*{name}_{c})(void) = {c};"
                    for c in callees)
    return f"{calls} int {name}(void) {{ return 0; }}\n"


def test_layers_of_the_tree():
    result = run(sys.executable, CHECK_LAYERS, ROOT / "tests/layers.txt",
                 ROOT / "build/obj", ROOT / "agent")
    assert result.returncode == 0, result.stderr


def test_layers_accept_downward_and_sideways_calls(tmp_path):
    result = layers(tmp_path, "1 a.c\n1 b.c # beside\n0 c.c\n", {
        "a.c": calling("a", "b", "c"), "b.c": calling("b", "c"),
        "c.c": calling("c")})
    assert (result.returncode, result.stderr) == (0, "")


def test_layers_refuse_an_upward_call(tmp_path):
    result = layers(tmp_path, "1 a.c\n0 b.c\n", {
        "a.c": calling("a"), "b.c": calling("b", "a")})
    assert result.returncode == 1
    assert "b.c (rank 0) calls upward: a in a.c (rank 1)" in result.stderr


def test_layers_refuse_a_circle(tmp_path):
    result = layers(tmp_path, "0 a.c\n0 b.c\n0 c.c\n", {
        "a.c": calling("a", "b"), "b.c": calling("b", "c"),
        "c.c": calling("c", "a")})
    assert result.returncode == 1
    assert "circle: a.c -> b.c -> c.c -> a.c" in result.stderr


def test_layers_refuse_a_file_without_rank(tmp_path):
    result = layers(tmp_path, "0 a.c\n", {
        "a.c": calling("a"), "b.c": calling("b")})
    assert result.returncode == 1
    assert "b.c has no rank" in result.stderr


def test_layers_refuse_a_rank_without_file(tmp_path):
    result = layers(tmp_path, "0 a.c\n0 b.c\n", {"a.c": calling("a")})
    assert result.returncode == 1
    assert "b.c is in " in result.stderr


# ---- the supervisor ---------------------------------------------------------

def needed_by(name, objects):
    result = run(sys.executable, CHECK_LAYERS, "--needed-by", name, objects)
    assert result.returncode == 0, result.stderr
    return [pathlib.Path(line) for line in result.stdout.splitlines()]


def test_supervisor_needs_no_libuv_curl_cjson():
    objects = needed_by("cmd_run.o", ROOT / "build/obj")
    assert "supervisor.o" in [path.name for path in objects]
    for path in objects:
        lacking = run("nm", "-u", path).stdout.split()
        foreign = [name for name in lacking
                   if name.startswith(FOREIGN_TO_SUPERVISOR)]
        assert foreign == [], path.name


def test_supervisor_links_with_libc_and_libbsd_alone():
    result = run("make", "-C", ROOT, "check-supervisor")
    assert result.returncode == 0, result.stderr


def test_what_an_object_needs_is_followed_through_others(tmp_path):
    layers(tmp_path, "", {"a.c": calling("a", "b"), "b.c": calling("b", "c"),
                          "c.c": calling("c"), "d.c": calling("d")})
    assert [path.name for path in needed_by("a.o", tmp_path)] == [
        "a.o", "b.o", "c.o"]
