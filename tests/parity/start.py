"""What a program finds when it starts."""
import sys
modules = sorted(sys.modules)
print(sys.argv, getattr(sys, "orig_argv", None))
print(sys.path)
print(sorted(map(str, sys.path_importer_cache)))
print([getattr(f, "__name__", type(f).__name__) for f in sys.meta_path])
print([getattr(f, "__qualname__", str(f)) for f in sys.path_hooks])
print(modules)
print(sorted(__builtins__.__dict__), sys.flags, sys.warnoptions, sys._xoptions)
print("sitecustomize" in sys.modules and sys.modules["sitecustomize"].__name__)
import os
print(sorted(k for k in os.environ
             if not k.startswith("PITSTOP_") and k != "PYTHONPATH"))
import gc
import signal
import threading
import warnings
print(warnings.filters, warnings.showwarning.__module__)
print([t.name for t in threading.enumerate()], threading.active_count(),
      threading.current_thread() is threading.main_thread(),
      threading.main_thread().ident == threading.get_ident())
print(gc.isenabled(), gc.get_threshold(), sys.getswitchinterval(),
      sys.gettrace(), sys.getprofile(), sys.getrecursionlimit(),
      threading.stack_size())
print([(s, str(signal.getsignal(s))) for s in range(1, 65)
       if s not in (32, 33)])
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print(sys.excepthook is sys.__excepthook__, sys.exc_info(),
      sys.stdout is sys.__stdout__, sys.displayhook is sys.__displayhook__)
import socket
print(socket.getdefaulttimeout(), socket.socketpair()[0].family)
import ssl
print(ssl.create_default_context().protocol)
