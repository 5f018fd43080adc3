"""Stepping in several sessions at the same time, and the agent's memory."""
import statistics
import time

from common import (Table, a_few, interpreters, label, ms, times)
from latency import LINE, SCRIPT, line_of
from ranks import Debugpys, Ranks
from sides import step

COUNTS = (1, 4, 16)
ROUNDS = 20
SESSIONS = (16, 64)


def one_python():
    """One in the middle: the number of sessions is what differs here."""
    found = interpreters()
    return a_few(found, 3)[1] if len(found) > 2 else found[0]


def table():
    python = one_python()
    t = Table(
        "Stepping in many sessions at once, ms",
        """`next` until `stopped`, all sessions asked at the same moment, %d
        times; median and the 95th of 100. One agent against an adapter for
        each session. Python %s, debugpy %s."""
        % (ROUNDS, label(python), python.debugpy),
        ["sessions", "pitstop", "95 %", "adapters", "95 %", "ratio"])
    for count in COUNTS:
        ours = measure(Ranks, python, count)
        theirs = measure(Debugpys, python, count)
        t.add(count, *figures(ours), *figures(theirs),
              times(statistics.median(theirs), statistics.median(ours)))
    t.show()


def figures(spent):
    ordered = sorted(spent)
    return (ms(statistics.median(ordered)),
            ms(ordered[int(len(ordered) * 0.95)]))


def measure(side, python, count):
    path = step(SCRIPT)
    with side(python, SCRIPT, count) as sessions:
        sessions.wait_ready()
        clients = sessions.clients({path: [line_of(path, LINE)]})
        threads = [client.stopped("breakpoint") for client in clients]
        for client in clients:
            client.set_breakpoints(path, [])
        spent = []
        for number in range(ROUNDS + 2):
            row = step_all(clients, threads)
            spent += row if number >= 2 else []     # 2 to warm up
        for client in clients:
            client.close()
    return spent


def step_all(clients, threads):
    begun = {}
    for client, thread in zip(clients, threads):
        begun[client] = time.monotonic()
        client.send("next", {"threadId": thread})
    for client in clients:
        client.stopped("step")
    return [stopped_at(client) - begun[client] for client in clients]


def stopped_at(client):
    """When its last `stopped` came: the client's own clock, so that waiting
    for one does not count for the others."""
    return next(t for m, t in zip(reversed(client.messages),
                                  reversed(client.times))
                if m.get("event") == "stopped")


# ---- memory ---------------------------------------------------------------

def memory_table():
    python = one_python()
    t = Table(
        "Memory of one agent with many sessions",
        """Ranks that run with the hook in them, and with a client each that
        has attached, stopped and gone on. RssAnon is what the agent has of
        its own. Python %s, debugpy %s."""
        % (label(python), python.debugpy),
        ["sessions", "state", "RSS kB", "PSS kB", "RssAnon kB",
         "KiB a session"])
    base = None
    for count in (0,) + SESSIONS:
        for attached in (False, True) if count else (False,):
            found = sizes(python, count, attached)
            base = base or found
            t.add(count, "attached" if attached else "running", *found,
                  "%.1f" % ((found[2] - base[2]) / count) if count else "-")
    t.show()


def sizes(python, count, attached):
    path = step("waits.py")
    with Ranks(python, "waits.py", count, hold=attached) as sessions:
        if not count:
            sessions.wait_listening()
            return memory_of(sessions.agent())
        sessions.wait_ready()
        if attached:
            clients = sessions.clients({path: [line_of(path, "x = 1")]})
            for client in clients:
                client.go(client.stopped("breakpoint"))
        sessions.wait_running()
        found = memory_of(sessions.agent())
        if attached:
            for client in clients:
                client.close()
        return found


def memory_of(pid):
    fields = {}
    for name in ("smaps_rollup", "status"):
        with open("/proc/%d/%s" % (pid, name)) as file:
            for line in file:
                key, _, rest = line.partition(":")
                fields[key] = rest.split()
    return [int(fields[key][0]) for key in ("Rss", "Pss", "RssAnon")]
