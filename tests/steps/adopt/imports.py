"""Imports debugpy and calls nothing of it."""
import sys

import debugpy
from debugpy import listen

print(debugpy.__version__, listen.__name__, 
      type(debugpy.__spec__.loader).__name__)
print(sorted(vars(debugpy)), "pydevd" in sys.modules)
print(debugpy.is_client_connected())
