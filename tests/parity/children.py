"""subprocess: pipes, environments, preexec_fn, timeouts."""
import os
import subprocess
import sys

PY = sys.executable


def run(*args, **options):
    result = subprocess.run(args, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, **options)
    print(result.returncode, result.stdout, flush=True)


run(PY, "-c", "import sys; print(sys.argv, sys.path[0])", "a")
run(PY, "-c", "import sys; sys.exit(4)")
run(PY, "-c", "1/0")
run(PY, "-c", "print(input())", input=b"text\n")
run(PY, "-c", "import os; print(os.getcwd())", cwd="/", preexec_fn=os.setsid)
run(PY, "-c", "print('bare')", env={})
run(PY, "-I", "-c", "import sys; print(sys.path)")
run("sh", "-c", "echo $0 | %s -c 'print(input())'" % PY)
run(PY, "-c", "import os; os.kill(os.getpid(), 9)")
try:
    run(PY, "-c", "import time; time.sleep(60)", timeout=0.3)
except subprocess.TimeoutExpired:
    print("expired")
print(os.popen("%s -c 'print(1)'" % PY).read(), os.system("exit 3") >> 8)
