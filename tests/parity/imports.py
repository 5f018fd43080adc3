"""What a program sees of the imports that fail, and of those that do not."""
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import traceback

print(sorted(vars(importlib.machinery.PathFinder)))
print([type(f) if not isinstance(f, type) else f for f in sys.meta_path])
print(importlib.util.find_spec("not_there"))
print(importlib.util.find_spec("json").loader.__class__,
      importlib.machinery.PathFinder.find_spec("json").origin)


class Subclass(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        found = super().find_spec(name, path, target)
        print("asked for", name, found is not None)
        return found


sys.meta_path.insert(0, Subclass)
os.makedirs("folder", exist_ok=True)
sys.path.insert(0, os.path.abspath("folder"))
sys.dont_write_bytecode = True
for name, text in (("fine", "X = 1\n"), ("broken", "1 +\n"),
                   ("raises", "def f():\n    {}['x']\nf()\n"),
                   ("nested", "import missing_one\n")):
    with open("folder/%s.py" % name, "w") as file:
        file.write(text)
importlib.invalidate_caches()
for name in ("fine", "broken", "raises", "nested", "missing_two"):
    try:
        print(importlib.import_module(name))
    except Exception:
        traceback.print_exc(file=sys.stdout)
    try:
        exec("import " + name)
    except Exception:
        traceback.print_exc(file=sys.stdout)
