"""Runs until a line comes, then brings its own debugger."""
import sys

print("running", flush=True)
while sys.stdin.readline() != "go\n":
    pass                            # BREAK:turn
import debugpy                      # noqa: E402
debugpy.configure(subProcess=True)
print(debugpy.listen(("127.0.0.1", 7777)), flush=True)
debugpy.wait_for_client()
print(debugpy.is_client_connected(), flush=True)
debugpy.breakpoint()
print("done", flush=True)           # BREAK:done
