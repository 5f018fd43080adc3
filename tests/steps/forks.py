"""A forked child that runs until it is ended, and how it was."""
import os
import time

child = os.fork()
if not child:
    print("child", flush=True)
    limit = time.time() + 100
    while time.time() < limit:
        time.sleep(0.01)
    os._exit(1)
print("ended by", os.waitpid(child, 0)[1], flush=True)
