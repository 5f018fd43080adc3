"""A virtual machine of a few seconds: Debian's kernel (tests/kernel.sh), busybox
and the product's binary, nothing else. For what another kernel than this one's
does: one that counts memory by cgroups of version 2."""
import gzip
import os
import platform
import shutil
import subprocess

import pytest

from run_step import PITSTOP

KERNEL = os.path.join(os.environ.get("PITSTOP_CACHE") or
                      os.path.expanduser("~/.cache/pitstop"), "kernel/vmlinuz")
QEMU = "qemu-system-" + platform.machine()
SECONDS = 180    # at most, on a machine that has other things to do; else 4

# The lines before are the kernel's and the firmware's.
BEGIN, END = "--- begin", "--- end"
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
hostname machine
echo "{BEGIN}"
sh /script 2>&1
echo "{END}"
poweroff -f
"""


def boot(folder, script):
    """What this shell script prints there."""
    for tool in (QEMU, "busybox"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if not os.path.exists(KERNEL):
        pytest.skip("no kernel: tests/kernel.sh has not run, or could not")
    root = folder / "root"
    for name in ("bin", "proc", "sys", "dev", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    shutil.copy(PITSTOP, root / "bin/pitstop")
    (root / "script").write_text(script)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    archive = subprocess.run(
        "find . | busybox cpio -o -H newc", shell=True, cwd=root, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    (folder / "initrd").write_bytes(gzip.compress(archive, 1))
    # Without KVM: where it is there it is not always right.
    printed = subprocess.run(
        [QEMU, "-accel", "tcg", "-m", "256", "-nographic", "-no-reboot", "-nic",
         "none", "-kernel", KERNEL, "-initrd", folder / "initrd", "-append",
         "console=ttyS0 loglevel=1 panic=-1"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
        ).stdout.decode(errors="replace").replace("\r\n", "\n")
    assert BEGIN in printed and END in printed, printed
    return printed.partition(BEGIN + "\n")[2].partition(END)[0]
