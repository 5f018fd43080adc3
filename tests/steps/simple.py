"""A step with a function; ends with status 7."""
import sys


def add(left, right):
    total = left + right            # BREAK:in_add
    return total                    # BREAK:return


first = 1                           # BREAK:module
second = add(first, 41)             # BREAK:call
print("second", second, flush=True)  # BREAK:after
print("argv", sys.argv[1:], flush=True)
print("done", file=sys.stderr)
sys.exit(7)
