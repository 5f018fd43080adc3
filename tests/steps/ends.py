"""What a step does about SIGTERM, by argv[1]: `handle` it, and end with 3;
`ignore` it; `stay`, with a handler that does nothing; or `plain`. With a
further argument it starts a child process of that sort."""
import os
import signal
import subprocess
import sys
import time


def on_term(number, frame):
    os.write(1, b"term\n")         # print() may be what was interrupted
    if how == "handle":
        sys.exit(3)


how = sys.argv[1]
if how == "ignore":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif how != "plain":
    signal.signal(signal.SIGTERM, on_term)
if sys.argv[2:]:
    child = subprocess.Popen([sys.executable, __file__, sys.argv[2]])
print("running", os.getpid(), flush=True)
limit = time.time() + 100
while time.time() < limit:
    if sys.argv[2:] and child.poll() is not None:
        print("child", child.poll(), flush=True)
        sys.exit(4)
    time.sleep(0.01)                # BREAK:turn
