"""`make demo`, both ways, as the README tells it."""
import json
import os
import re
import subprocess

from dap_client import PATIENCE, Client
from harness import LAUNCH, Output

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(HERE, "demo.sh")


def test_demo_tells_its_story_and_ends_well():
    done = subprocess.run([DEMO], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, universal_newlines=True)
    assert done.returncode == 0, done.stdout
    for line in ("  | Debugger attached = True",
                 r"  stopped at train\.py:\d+, in train_epoch\(\):",
                 r"  weight +=\s0\.0", r"  \| epoch 3: loss .*",
                 "  exit status 0", r"  step over, median of \d+ +[\d.]+ ms"):
        assert re.search("^%s$" % line, done.stdout, re.M), done.stdout


def test_demo_waits_for_somebody():
    demo = subprocess.Popen([DEMO], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=dict(os.environ, WAIT="1"), bufsize=0)
    output = Output(demo.stdout)
    try:
        _, match = output.wait("^%s(.*)$" % LAUNCH, 120)
        launch = json.loads(match.group(1))
        assert launch["pathMappings"][0]["remoteRoot"] == os.path.join(
            HERE, "demo")
        assert "press F5" in output.text
        with Client("127.0.0.1", launch["connect"]["port"]) as client:
            client.start(launch)
            assert demo.wait(PATIENCE) == 0
        assert "epoch 3" in output.wait_end()
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(PATIENCE)
