"""What a program sees of atexit, and of what loads it."""
import importlib
import sys
from importlib.machinery import BuiltinImporter

print("atexit" in sys.modules, sorted(vars(BuiltinImporter)))
import atexit
print(atexit, sorted(vars(atexit)), atexit.__spec__)
print(BuiltinImporter.create_module.__name__, sys.modules["atexit"] is atexit)
atexit.register(print, "first")
print(importlib.reload(atexit) is atexit)
atexit.register(print, "first again")
kept = sys.modules.pop("atexit")
import atexit
print(atexit is kept)
atexit.register(print, "second")
atexit.register(exec, "1 / 0")
raise KeyError("main")
