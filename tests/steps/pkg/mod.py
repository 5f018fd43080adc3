"""The module: ends with status 4."""
import sys

from . import part

value = part.double(21)             # BREAK:module
print("value", value, __name__, sys.argv[1:], flush=True)
sys.exit(4)
