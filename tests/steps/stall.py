"""stall.py KIND FILE [SECONDS]: a step that stands still in one of several
ways as long as another has the file's lock; `busy` and `beside` compute for
SECONDS before, and `sleep` looks for the lock now and then."""
import ctypes
import fcntl
import os
import socket
import sys
import threading
import time

kind, path = sys.argv[1:3]
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0
file = open(path)


def come():
    fcntl.flock(file, fcntl.LOCK_SH)


def when_it_comes(action):
    def wait():
        come()
        action()
    thread = threading.Thread(target=wait)
    thread.daemon = True
    thread.start()


def lock():
    gate = threading.Lock()
    gate.acquire()
    when_it_comes(gate.release)
    gate.acquire()                  # BREAK:lock


def read():
    ours, theirs = socket.socketpair()
    when_it_comes(lambda: theirs.send(b"x"))
    ours.recv(1)                    # BREAK:read


def native():
    """Nobody gets the interpreter lock."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        come()
        os._exit(0)                 # which closes its end
    os.close(write_end)
    ctypes.PyDLL(None).read(read_end, ctypes.create_string_buffer(1), 1)


def sleep():
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return
        except OSError:
            time.sleep(0.2)         # BREAK:sleep


def busy():
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        pass
    print("idle", flush=True)
    come()


def beside():
    """A process beside the step stands still for longer."""
    if os.fork() == 0:
        come()
        os._exit(0)
    busy()


print(kind, flush=True)
globals()[kind]()
print("on", flush=True)
limit = time.monotonic() + 1        # so that it is seen to move
while time.monotonic() < limit:
    pass
print("end", flush=True)
