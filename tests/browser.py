"""Debian's Chromium without a screen, by chromedriver's own protocol (W3C
WebDriver). Each request is bounded."""
import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from harness import wait_for

PATIENCE = 30
STARTS = 20
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-sync",
             "--host-resolver-rules=MAP node.test 127.0.0.1"]


def is_here():
    return shutil.which("chromedriver") and shutil.which("chromium")


class Failed(Exception):
    """An error that the driver reports."""


class Driver:
    """One chromedriver process; makes Browsers."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="chromium-")
        for _ in range(STARTS):
            self.port = self.start()
            if self.port:
                return
        raise Failed("chromedriver: no port in %d starts" % STARTS)

    def start(self):
        """Its port. None: it has ended, mostly since the port that it took on
        ::1 was somebody's on 127.0.0.1."""
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.home, TMPDIR=self.home))
        for line in self.process.stdout:
            found = re.search(rb"successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        self.process.stdout.close()
        self.process.wait(PATIENCE)
        return None

    def ask(self, method, path, content=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, None if content is None
                               else json.dumps(content))
            answer = connection.getresponse()
            value = json.loads(answer.read().decode())["value"]
        if answer.status != 200:
            raise Failed("%(error)s: %(message)s" % value)
        return value

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Browser:
    """A window with a profile of its own."""

    def __init__(self, driver, width=1100, height=900):
        self.driver = driver
        made = driver.ask("POST", "/session", {"capabilities": {
            "alwaysMatch": {
                "goog:chromeOptions": {"args": ARGUMENTS, "binary":
                                       shutil.which("chromium")},
                "goog:loggingPrefs": {"browser": "ALL",
                                      "performance": "ALL"}}}})
        self.path = "/session/" + made["sessionId"]
        self.requests = []
        self.lines = []
        self.size(width, height)

    def ask(self, method, path, content=None):
        return self.driver.ask(method, self.path + path, content)

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute",
                        {"cmd": command, "params": parameters})

    def end(self):
        self.ask("DELETE", "")

    # ---- where it is ----------------------------------------------------

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.run("return location.href")

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, yes):
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if yes else "light"}])

    def picture(self, path):
        size = self.run("return [innerWidth, document.documentElement"
                        ".scrollHeight]")
        shot = self.devtools("Page.captureScreenshot",
                             captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": size[0],
                                   "height": size[1], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    # ---- what is there, and what a person does with it ------------------

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync",
                        {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """`done` ends it."""
        return self.ask("POST", "/execute/async", {
            "script": "const done = arguments[arguments.length - 1];" +
                      script, "args": list(arguments)})

    def find(self, selector):
        return self.ask("POST", "/element", {
            "using": "css selector", "value": selector})[ELEMENT]

    def text(self, selector):
        """What is seen of it."""
        return self.ask("GET", "/element/%s/text" % self.find(selector))

    def seen(self, selector):
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return !!e && e.getClientRects().length > 0",
                        selector)

    def click(self, selector):
        self.ask("POST", "/element/%s/click" % self.find(selector), {})

    def type(self, selector, text):
        self.ask("POST", "/element/%s/value" % self.find(selector),
                 {"text": text})

    def press(self, *keys):
        """On what has the focus."""
        self.ask("POST", "/actions", {"actions": [{
            "type": "key", "id": "keys", "actions": [
                {"type": kind, "value": key} for key in keys
                for kind in ("keyDown", "keyUp")]}]})

    def wait_text(self, selector, pattern, patience=PATIENCE):
        return wait_for(lambda: re.search(pattern, self.text(selector)),
                        "%r in %s" % (pattern, selector), patience)

    def wait_seen(self, selector, yes=True, patience=PATIENCE):
        wait_for(lambda: self.seen(selector) == yes,
                 "%s to be %s" % (selector, "seen" if yes else "hidden"),
                 patience)

    # ---- what it did ----------------------------------------------------

    def console(self):
        """All lines so far."""
        self.lines += [line["message"] for line in
                       self.ask("POST", "/se/log", {"type": "browser"})]
        return self.lines

    def sent(self):
        """All requests so far: dicts with url, method, headers."""
        for line in self.ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"])
        return self.requests
