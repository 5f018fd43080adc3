"""lost_client.py LAUNCH SCRIPT LINE...: a client in a process of its own, to be
lost.

LAUNCH is the configuration as JSON. Attaches with breakpoints at these lines
of SCRIPT, says `attached`, then `stopped` at each breakpoint, and
does nothing more."""
import json
import sys

from dap_client import Client


def main():
    launch = json.loads(sys.argv[1])
    points = [int(line) for line in sys.argv[3:]]
    client = Client(launch["connect"]["host"], launch["connect"]["port"])
    client.start(launch, {sys.argv[2]: points} if points else None)
    print("attached", flush=True)
    while True:
        client.event("stopped", patience=3600)
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
