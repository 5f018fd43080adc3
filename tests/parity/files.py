"""The numbers that a program's own files get, and what is in them."""
import os
import socket
import subprocess
import sys
import tempfile

numbers = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
print(numbers, os.dup(0), os.pipe(), socket.socket().fileno())
with open(__file__) as f:
    print(f.fileno())
print(sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) < 50))
print(subprocess.check_output(
    [sys.executable, "-c", "import os; print(os.open('/dev/null', 0))"]))
print(subprocess.check_output(
    [sys.executable, "-c", "import os; print(os.open('/dev/null', 0))"],
    close_fds=False, pass_fds=()))
os.closerange(3, 4096)
with tempfile.TemporaryFile() as f:
    for number in (1000, 240, 60):
        os.dup2(f.fileno(), number)
    os.write(1000, b"mine")
    os.write(240, b" too")
    pid = os.fork()
    if pid == 0:
        os.write(60, b", the child's")
        os._exit(0)
    os.waitpid(pid, 0)
    f.seek(0)
    print(f.read())
    for number in (1000, 240, 60):
        os.close(number)
print(os.open("/dev/null", os.O_RDONLY))
print(subprocess.call([sys.executable, "-c", "pass"]))
