"""Fails in its main thread."""
import sys


def divide(total, count):
    return total // count           # BREAK:throw


def main():
    values = [3, 4]
    print("running", flush=True)
    divide(sum(values), len(values) - 2)


if "own" in sys.argv:
    sys.excepthook = lambda kind, value, trace: print(
        "own hook:", kind.__name__, trace.tb_lineno, file=sys.stderr)
main()                              # BREAK:main
