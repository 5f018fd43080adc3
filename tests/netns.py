"""Network namespaces as a step may find them: a host's, a container's."""
import itertools
import os
import subprocess

import pytest

NUMBERS = itertools.count()


def ip(*words):
    done = subprocess.run(("ip",) + words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode:
        raise OSError("ip %s: %s" % (" ".join(words), done.stdout))


def namespace():
    """A new one, where one can be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        return Namespace()
    except OSError as why:
        pytest.skip("no network namespace here: %s" % why)


class Namespace:
    """One with loopback alone. `prefix` starts a command in it."""

    def __init__(self):
        self.name = "pitstop-%d-%d" % (os.getpid(), next(NUMBERS))
        self.prefix = ["ip", "netns", "exec", self.name]
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        ip("-n", self.name, *words)

    def down(self):
        try:
            ip("netns", "del", self.name)
        except OSError:
            pass

    def give(self, device, *addresses):
        for address in addresses:
            more = ("nodad",) if ":" in address else ()
            self.ip("addr", "add", address, "dev", device, *more)
        self.ip("link", "set", device, "up")

    def interface(self, device, *addresses):
        """One of a machine's own, as far as a test can have it: every kernel
        makes an empty bridge, unlike a dummy."""
        self.ip("link", "add", device, "type", "bridge")
        self.give(device, *addresses)

    def cable(self, device, address, far, far_address):
        """As a container has it: the other end is in another namespace, and
        the way to everywhere."""
        self.ip("link", "add", device, "type", "veth", "peer", "name",
                "far0", "netns", far.name)
        self.give(device, address)
        far.give("far0", far_address)
        self.ip("route", "add", "default", "via", far_address.split("/")[0])
