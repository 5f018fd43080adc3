"""The ways in which a program can end; which one is the argument."""
import atexit
import os
import sys
import threading

atexit.register(print, "at exit")
how = sys.argv[1]
if how == "exit":
    sys.exit(3)
if how == "message":
    sys.exit("a message")
if how == "raise":
    {}["missing"]
if how == "hard":
    os._exit(5)
if how == "abort":
    os.abort()
if how == "kill":
    os.kill(os.getpid(), 9)
if how == "interrupt":
    raise KeyboardInterrupt
if how == "hook":
    sys.excepthook = lambda *what: print("hook", what[0].__name__)
    raise OSError
if how == "thread":
    threading.Thread(target=sys.exit).start()
if how == "traced":
    sys.settrace(lambda frame, *_: print(frame.f_code.co_name))
if how == "closed":
    os.close(1)
if how == "del":
    class Late:
        def __del__(self):
            print("del", sys is not None)
    late = Late()
print("end")
