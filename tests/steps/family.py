"""Starts children in the way that its first argument names, `count` of them,
and prints what each made of its number."""
import concurrent.futures
import multiprocessing
import os
import subprocess
import sys


def square(number):
    return number * number  # BREAK:child


def put(queue, number):
    queue.put(square(number))


def processes(method, count):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    children = [context.Process(target=put, args=(queue, n))
                for n in range(count)]
    for child in children:
        child.start()
    found = [queue.get() for _ in children]
    for child in children:
        child.join()
    return found


def pool(method, count):
    """Both workers are up before one has work: it might do all of it."""
    context = multiprocessing.get_context(method)
    with context.Pool(2, context.Barrier(2).wait) as workers:
        return workers.map(square, range(count))


def futures(count):
    with concurrent.futures.ProcessPoolExecutor(2) as workers:
        return list(workers.map(square, range(count)))


def run(count):
    code = [sys.executable, os.path.abspath(__file__), "square"]
    return [int(subprocess.check_output(code + [str(n)]))
            for n in range(count)]


def fork(count):
    found = []
    for number in range(count):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writer, b"%d" % square(number))
            os._exit(0)
        found.append(int(os.read(reader, 100)))
        os.waitpid(pid, 0)
        os.close(reader)
        os.close(writer)
    return found


def nested(count):
    """Grandchildren, each of a child of its own."""
    code = [sys.executable, os.path.abspath(__file__), "run", "1"]
    return [int(subprocess.check_output(code).split()[-1][1:-1])
            for _ in range(count)]


WAYS = {
    "fork": fork, "run": run, "nested": nested, "futures": futures,
    "mp-fork": lambda count: processes("fork", count),
    "mp-spawn": lambda count: processes("spawn", count),
    "mp-forkserver": lambda count: processes("forkserver", count),
    "pool-fork": lambda count: pool("fork", count),
    "pool-spawn": lambda count: pool("spawn", count),
}

if __name__ == "__main__":
    way, count = sys.argv[1], int(sys.argv[2])
    if way == "square":
        print(square(count))
    else:
        print("begun", flush=True)  # BREAK:begun
        print(sorted(WAYS[way](count)))
