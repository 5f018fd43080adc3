"""Says which rank it is."""
import os
import sys

rank = os.environ.get("RANK", "none")  # BREAK:rank
sys.stdout.write("rank %s\n" % rank)  # at once, whoever else writes
