"""concurrent.futures."""
import concurrent.futures as cf
import os


def square(n):
    return n * n


if __name__ == "__main__":
    for kind in (cf.ThreadPoolExecutor, cf.ProcessPoolExecutor):
        with kind(2) as pool:
            print(list(pool.map(square, range(6))))
            print(repr(pool.submit(int, "x").exception()))
    pool = cf.ThreadPoolExecutor(1)
    pool.submit(print, "from a pool", flush=True)
    with cf.ProcessPoolExecutor(1) as broken:
        print(type(broken.submit(os._exit, 1).exception()).__name__)
