"""Two named threads that wait, and a main thread that joins them."""
import threading

gate = threading.Event()


def wait(number):
    gate.wait()
    print("thread", number, flush=True)  # BREAK:in_thread


both = [threading.Thread(target=wait, args=(n,), name="worker-%d" % n)
        for n in (1, 2)]
for thread in both:
    thread.start()
gate.set()                          # BREAK:started
for thread in both:
    thread.join()
print("joined", flush=True)
