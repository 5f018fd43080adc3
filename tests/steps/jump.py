"""A line to jump over."""


def run():
    result = "as written"
    result = "not jumped"           # BREAK:from
    return result                   # BREAK:to


print("result", run(), flush=True)
