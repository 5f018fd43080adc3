"""Two threads that fail, one after the other or at once; then the main thread
ends well, or fails too."""
import sys
import threading


def work(number):
    shard = {"number": number}
    return shard["missing"]             # BREAK:throw


both = [threading.Thread(target=work, args=(n,), name="worker-%d" % n)
        for n in (1, 2)]
for thread in both:
    thread.start()
    if "at-once" not in sys.argv:
        thread.join()
for thread in both:
    thread.join()
print("joined", flush=True)
if "fail" in sys.argv:
    raise RuntimeError("no shards")     # BREAK:main
