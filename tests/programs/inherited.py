"""Prints what a process inherits: descriptors, signals, limits and the rest.

Run with -I -S, so that no hook has a socket in here. What pitstop promises to
change is left out: its own variables and the process group.
"""
import json
import os
import resource

STATUS = ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd", "NoNewPrivs",
          "Seccomp", "Uid", "Gid", "Groups", "Umask", "CapEff", "Cpus_allowed")


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except FileNotFoundError:
            pass    # the listing's own
    return found


def status():
    with open("/proc/self/status") as f:
        rows = [line.split(":", 1) for line in f]
    return {name: value.strip() for name, value in rows if name in STATUS}


def read(path):
    with open(path) as f:
        return f.read()


def main():
    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    inherited = {
        "fds": descriptors(),
        "status": status(),
        "cwd": os.getcwd(),
        "session": os.getsid(0),
        "nice": os.nice(0),
        "oom": read("/proc/self/oom_score_adj"),
        "limits": {name: resource.getrlimit(getattr(resource, name))
                   for name in limits},
        "environment": {k: v for k, v in os.environ.items()
                        if not k.startswith("PITSTOP_") and
                        k != "PYTHONPATH"},
    }
    os.write(1, json.dumps(inherited, indent=1).encode())


main()
