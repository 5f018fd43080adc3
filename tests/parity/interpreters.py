"""Other interpreters in the same process."""
import sys


def run(code):
    try:
        import _interpreters as module    # 3.13
        identifier = module.create()
        print(module.run_string(identifier, code))
        module.destroy(identifier)
        return
    except ImportError:
        pass
    try:
        import _xxsubinterpreters as module
        identifier = module.create()
        print(module.run_string(identifier, code))
        module.destroy(identifier)
    except ImportError:
        import _testcapi
        print(_testcapi.run_in_subinterp(code))


for _ in range(3):
    try:
        run("import sys, os, threading\n"
            "print(len(sys.path), threading.active_count(), flush=True)\n"
            "os.write(1, b'here\\n')")
    except ImportError:
        print("no other interpreters")
sys.stdout.flush()
