"""A child that ends before its own child does. That one ends when the file
appears."""
import os
import subprocess
import sys
import time

role, stop = sys.argv[1:3]
code = [sys.executable, os.path.abspath(__file__)]
if role == "first":
    print("begun", flush=True)
    print("middle", subprocess.call(code + ["middle", stop]), flush=True)
    while not os.path.exists(stop + ".all"):
        time.sleep(0.02)
elif role == "middle":
    subprocess.Popen(code + ["last", stop])
    while not os.path.exists(stop + ".middle"):
        time.sleep(0.02)
else:
    open(stop + ".middle", "w").close()
    while not os.path.exists(stop):
        time.sleep(0.02)  # BREAK:last
    print("last", flush=True)
