"""The man page is well formed, and tells of the same options as --help."""
import pathlib
import re
import subprocess

import pytest

from harness import PITSTOP, clean_environment

MANUAL = pathlib.Path(__file__).resolve().parent.parent / "agent/pitstop.1"


def output(*command):
    return subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, universal_newlines=True, timeout=60,
        env=clean_environment()).stdout


def entries():
    """What --help says: {(option or None, variable): its paragraph}."""
    found = {}
    for text in re.split(r"\n(?=  (?:--|PITSTOP_))", output(
            PITSTOP, "run", "--help"))[1:]:
        option = re.match(r"  --([a-z-]+)", text)
        variable, = set(re.findall(r"^      (PITSTOP_\w+):", text, re.M))
        found[option and option.group(1), variable] = " ".join(text.split())
    return found


def manual():
    """The same of the man page."""
    text = MANUAL.read_text()
    text = text[text.index(".Sh OPTIONS"):text.index(".Sh ENVIRONMENT")]
    found = {}
    for item in re.split(r"\n(?=\.It (?:Fl -|Ev ))", text)[1:]:
        option = re.match(r"\.It Fl -([a-z-]+)", item)
        variable = re.match(r"\.It .*Ev (PITSTOP_\w+)", item).group(1)
        item = item.partition("\n.It Fl h")[0]
        found[option and option.group(1), variable] = " ".join(
            re.sub(r"^\.\w+ ", "", item, flags=re.M).split())
    return found


def test_is_well_formed():
    said = output("mandoc", "-Tlint", "-Wstyle", MANUAL).splitlines()
    # what other manuals a machine has is its own affair
    assert [l for l in said if "pitstop.1:" in l and
            "referenced manual not found" not in l] == []


def test_has_the_options_of_help():
    assert list(manual()) == list(entries())
    assert len(manual()) > 10


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e[1])
def test_has_the_default_of_help(entry):
    default = re.search("; default (.*?)(?: --[a-z-]+ alone means.*)?$",
                        entries()[entry])
    text = manual()[entry]
    if not default:
        assert "default is" not in text
    elif "," in default.group(1):           # over several lines
        assert default.group(1).replace(" ", "") in text.replace(" ", "")
    else:
        assert re.search(r"default is %s\b" % default.group(1), text)


def test_has_the_subcommands():
    commands = re.findall(r"^  (\w+)  ", output(PITSTOP, "help"), re.M)
    assert "run" in commands
    for command in commands:
        assert re.search(r"^\.Cm %s\b" % command, MANUAL.read_text(), re.M)
