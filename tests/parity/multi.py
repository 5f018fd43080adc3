"""multiprocessing in all start methods."""
import multiprocessing
import os
import sys
import warnings


def square(n):
    return n * n


def tell(queue):
    queue.put((len(warnings.filters), sys.argv[1:],
               multiprocessing.current_process().name))


def fail():
    raise KeyError("in a process")


if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        process = context.Process(target=tell, args=(queue,))
        process.start()
        print(method, queue.get(), flush=True)
        process.join()
        with context.Pool(2) as pool:
            print(pool.map(square, range(5)), flush=True)
        process = context.Process(target=os._exit, args=(7,))
        process.start()
        process.join()
        print(process.exitcode, flush=True)
        process = context.Process(target=fail, name="failing")
        process.start()
        process.join()
        print(process.exitcode, len(warnings.filters), flush=True)
