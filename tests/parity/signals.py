"""Signals go to the program's own threads."""
import os
import signal
import sys
import threading
import time

ALL = set(range(1, 65)) - {32, 33, signal.SIGKILL, signal.SIGSTOP}
got = []


def note(number, frame):
    got.append(int(number))


for number in (signal.SIGALRM, signal.SIGUSR1, signal.SIGCHLD):
    signal.signal(number, note)
signal.alarm(1)
signal.setitimer(signal.ITIMER_REAL, 0.02)
signal.pause()
print(got)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
end = time.monotonic() + 30
while len(got) < 5 and time.monotonic() < end:
    time.sleep(5)
signal.setitimer(signal.ITIMER_REAL, 0)
print(got[:5])

before = signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
print(sorted(map(int, before)))
wanted = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGHUP,
          signal.SIGINT, signal.SIGRTMIN, signal.SIGRTMIN + 5, signal.SIGRTMAX,
          signal.SIGPROF, signal.SIGIO]
for number in wanted:
    os.kill(os.getpid(), number)
print(sorted(map(int, signal.sigpending())))
for number in wanted:
    print(int(signal.sigwait({number})))
threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR2)).start()
print(int(signal.sigwait({signal.SIGUSR2})))
print(signal.sigtimedwait({signal.SIGUSR2}, 0))
print(int(signal.sigtimedwait({signal.SIGUSR2}, 0) is None))
signal.pthread_sigmask(signal.SIG_SETMASK, before)

signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
print(got[-1] == signal.SIGUSR1)
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
read, write = os.pipe()
os.set_blocking(write, False)
print(signal.set_wakeup_fd(write))
os.kill(os.getpid(), signal.SIGUSR1)
print(os.read(read, 1) == bytes([signal.SIGUSR1]),
      signal.set_wakeup_fd(-1) > 0)
with open("/proc/self/status") as f:
    print([line for line in f if line.startswith(("SigI", "SigBlk"))])
sys.stdout.flush()
signal.signal(signal.SIGTERM, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(5)
