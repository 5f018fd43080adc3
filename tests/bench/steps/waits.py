"""Says that it runs, and does nothing."""
import time

x = 1
print("running", flush=True)
time.sleep(600)
