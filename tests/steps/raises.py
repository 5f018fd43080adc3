"""An exception that is caught and one that is not."""


def fails(value):
    text = "value %d" % value
    raise ValueError(text)          # BREAK:raise


try:
    fails(1)
except ValueError as error:
    print("caught", error, flush=True)
fails(2)                            # BREAK:uncaught
