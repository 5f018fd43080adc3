"""Says which rank it is."""
import os

rank = os.environ.get("RANK", "none")  # BREAK:rank
print("rank", rank, flush=True)
