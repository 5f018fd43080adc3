"""A step at a terminal: says what reaches it, and echoes lines.

"go on N" when it was continued, "size R C" when the window changed, "caught"
for the interrupt key, "said TEXT" for a line; ends with status 3 at "end".
"""
import fcntl
import os
import signal
import struct
import sys
import termios


def say(text):
    with open("/dev/tty", "w") as tty:
        tty.write(text + "\n")


def on_size(number, frame):
    rows, columns = struct.unpack("4H", fcntl.ioctl(
        0, termios.TIOCGWINSZ, bytes(8)))[:2]
    say("size %d %d" % (rows, columns))


def main():
    signal.signal(signal.SIGINT, lambda *_: say("caught"))
    signal.signal(signal.SIGCONT, lambda *_: say("go on"))
    signal.signal(signal.SIGWINCH, on_size)
    foreground = os.tcgetpgrp(0) == os.getpgrp()
    say("ready " + ("foreground" if foreground else "background"))
    for line in sys.stdin:
        if line.strip() == "end":
            sys.exit(3)
        say("said " + line.strip())


main()
