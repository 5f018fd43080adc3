"""The documented recipe for a pipeline's script, in both of its forms: with
ptvsd, or with debugpy. argv[1] names the module; "azureml" before it asks for
the run's context too."""
import argparse
import importlib
import socket
import sys


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="+")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--remote_debug", action="store_true")
    parser.add_argument("--remote_debug_connection_timeout", type=int,
                        default=300)
    return parser.parse_args()


def debug(module, timeout):
    print("Timeout for debug connection: {0}".format(timeout))
    print("ip_address: {0}".format(socket.gethostbyname("localhost")))
    debugger = importlib.import_module(module)
    if module == "ptvsd":
        debugger.enable_attach(address=("0.0.0.0", 5678),
                               redirect_output=True)
        debugger.wait_for_attach(timeout=timeout)
        attached = debugger.is_attached()
    else:
        debugger.listen(("0.0.0.0", 5678))
        debugger.wait_for_client()
        attached = debugger.is_client_connected()
    print("Debugger attached = {0}".format(attached))


def train(epochs):
    total = 0
    for epoch in range(epochs):
        total += epoch              # BREAK:train
    return total


args = parse()
if args.words[0] == "azureml":
    from azureml.core import Run
    print("run", type(Run.get_context()).__name__)
if args.remote_debug:
    debug(args.words[-1], args.remote_debug_connection_timeout)
print("trained", train(args.epochs))
sys.exit(3)
