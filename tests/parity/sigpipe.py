"""A program that dies of SIGPIPE, as a filter does."""
import os
import signal

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
pid = os.fork()
if pid == 0:
    read, write = os.pipe()
    os.close(read)
    os.write(write, b"nobody reads this")
    os._exit(1)
print(os.waitpid(pid, 0)[1] & 127 == signal.SIGPIPE)
