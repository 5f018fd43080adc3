"""Says which rank it is, and ends when a file with that number appears, or
another that is named `all`."""
import os
import sys
import time

rank = os.environ.get("RANK", "none")
print("rank %s\n" % rank, end="", flush=True)  # BREAK:rank
while not any(os.path.exists(os.path.join(sys.argv[1], name))
              for name in (rank, "all")):
    time.sleep(0.02)
print("end %s\n" % rank, end="", flush=True)  # BREAK:end
