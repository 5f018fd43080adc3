"""An editor with a session for each process, as VS Code has: it opens what it
is offered."""
import threading

from dap_client import PATIENCE, Closed, Overdue, Refused
from harness import wait_for


class Editor:
    """`stops` gets (pid, file, line) of each stop, after which the session
    goes on; `sessions` the clients by the process they were offered for (None:
    the first). With `accept` false it takes no offer."""

    def __init__(self, step, breakpoints=None, accept=True, changes=(),
                 **attach):
        self.step = step
        self.breakpoints = breakpoints
        self.accept = accept
        self.changes = dict(changes)   # of the initialize request
        self.attach = attach           # more for the attach request
        self.sessions = {}
        self.offers = []
        self.stops = []
        self.failures = []
        self.threads = []

    def start(self, configuration):
        """The first session, attached."""
        client = self.step.client(configuration)
        client.initialize(**self.changes)
        self.sessions[None if None not in self.sessions else client] = client
        self._watch(client)
        client.start(configuration, self.breakpoints, **self.attach)
        return client

    def _run(self, function, *arguments):
        thread = threading.Thread(target=self._guard, daemon=True,
                                  args=(function,) + arguments)
        self.threads.append(thread)
        thread.start()

    def _guard(self, function, *arguments):
        try:
            function(*arguments)
        except Closed:
            pass
        except (OSError, Overdue, Refused, AssertionError) as failure:
            self.failures.append(failure)

    def _watch(self, client):
        for follow in (self._follow_requests, self._follow_events,
                       self._follow_stops, self._follow_end):
            self._run(follow, client)

    def _follow_requests(self, client):
        while True:
            offer = client.asked("startDebugging", 1000)
            assert offer["request"] == "attach", offer
            self._take(offer["configuration"])

    def _follow_events(self, client):
        while True:
            offer = client.event("debugpyAttach", patience=1000)
            assert offer["request"] == "attach", offer
            self._take(offer)

    def _follow_stops(self, client):
        while True:
            thread = client.stopped(patience=1000)
            frame = client.top(thread)
            pid = client.evaluate("__import__('os').getpid()", frame)
            self.stops.append((int(pid),) + client.where(thread))
            client.go(thread)

    def _follow_end(self, client):
        """As VS Code does: `terminated` is answered by `disconnect`."""
        client.event("terminated", patience=1000)
        try:
            client.send("disconnect", {"restart": False})
        except OSError:
            pass                # the step has ended, and pitstop with it

    def _take(self, configuration):
        self.offers.append(configuration)
        if self.accept:
            self._run(self._open, configuration)

    def _open(self, configuration):
        client = self.step.client(configuration)
        client.initialize(**self.changes)
        self.sessions[configuration["subProcessId"]] = client
        self._watch(client)
        attach = client.begin_attach(configuration)
        client._wait(lambda: attach in client.responses
                     or client.events("initialized"), None, "initialized")
        if attach not in client.responses:
            client.configure(self.breakpoints)
            client.finish(attach)

    def pids(self):
        return [offer["subProcessId"] for offer in self.offers]

    def wait_closed(self, patience=PATIENCE):
        """All sessions have been told `terminated` and are closed."""
        wait_for(lambda: all(c.closed for c in list(self.sessions.values())),
                 "the end of all sessions", patience)
        for client in self.sessions.values():
            assert client.events("terminated"), client.tail()
        assert not self.failures, self.failures
