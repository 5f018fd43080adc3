"""A program that watches what is going on."""
import os
import sys

names = []
if hasattr(sys, "addaudithook"):
    sys.addaudithook(lambda name, args: names.append(name))
open("/dev/null").close()
os.listdir("/")
print(names)
