"""With a kernel that limits by cgroups of version 2, in a virtual machine: a kill
for want of memory is told as on version 1 (tests/test_exit_report.py), and the
limits are (tests/test_metadata.py)."""
import json
import shlex

import pytest

from machine import boot
from run_step import SANITIZED

pytestmark = pytest.mark.skipif(SANITIZED, reason="the machine has no more "
                                "than the static binary")

LIMIT = 40 << 20
HUNGRY = "tail /dev/zero"
# The command, the status, the kills told of, and why it ended.
CASES = {
    "itself": (HUNGRY, 137, 1, "was killed by the kernel for want of memory"),
    "shell": (f"sh -c '{HUNGRY}; exit $?'", 137, 1,
              "was killed by the kernel for want of memory"),
    "child": (f"sh -c '{HUNGRY}; exit 4'", 4, 1,
              "ended with status 4; the kernel killed 1 process of its cgroup "
              "for want of memory"),
    "other": ("sh -c 'exit 1'", 1, 0, "ended with status 1"),
    "nothing": (f"sh -c '{HUNGRY}; exit 0'", 0, 1, "ended with status 0"),
}

# A cgroup each, in one that has the limit: what counts may be above. The command
# begins when the agent is up.
SCRIPT = """
cd /sys/fs/cgroup
echo +memory +cpu >cgroup.subtree_control
within() { # NAME COMMAND
	mkdir -p $1/step
	echo %d >$1/memory.max
	echo 50000 100000 >$1/cpu.max
	mkdir -p /tmp/$1
	sh -c 'echo 0 >$0/step/cgroup.procs; exec "$@"' $1 \
		env PITSTOP_LOG_DIR=/tmp/$1 PITSTOP_REPORT=always \
		pitstop run -- sh -c "until test -s /tmp/$1/*.jsonl; do
			sleep 0.1; done; $2" 2>/tmp/$1/err
	echo $? >/tmp/$1/status
}
# Earlier kills are others'.
mkdir -p other/step
echo %d >other/memory.max
sh -c 'echo 0 >other/step/cgroup.procs; exec %s'
%s
cd /tmp
for name in *; do
	echo "case $name"
	cat $name/status $name/*.jsonl
done
"""


def run_cases(folder):
    """Of each case the status and the events, all in one machine."""
    lines = "\n".join(f"within {name} {shlex.quote('exec ' + command)}"
                      for name, (command, *_) in CASES.items())
    printed = boot(folder, SCRIPT % (LIMIT, LIMIT, HUNGRY, lines))
    found = {}
    for part in printed.split("case ")[1:]:
        name, status, *events = part.splitlines()
        found[name] = int(status), [json.loads(event) for event in events
                                    if event.startswith("{")]
    return found


def test_kills_for_want_of_memory_and_limits_are_told(tmp_path):
    told = run_cases(tmp_path)
    assert set(told) == set(CASES)
    for name, (_, expected, kills, reason) in CASES.items():
        status, (began, *_, event) = told[name]
        assert status == event["status"] == expected, told[name]
        assert (event["event"], event["oom_kills"], event["reason"]) == (
            "ended", kills, reason)
        assert event["cgroup_limit_bytes"] == began["memory_limit"] == LIMIT
        assert event["cgroup_peak_bytes"] <= LIMIT
        assert began["cpu_limit"] == 0.5
