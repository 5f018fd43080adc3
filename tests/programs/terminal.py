"""A step at a terminal: says what reaches it, and echoes lines.

"go on" when it was continued, "size R C" when the window changed, "caught"
for the interrupt key, "said TEXT" for a line; ends with status 3 at "end".
"""
import fcntl
import os
import signal
import struct
import sys
import termios
import threading

# Waited for, not handled: a handler may run only after the next line came.
SIGNALS = {signal.SIGINT: "caught", signal.SIGCONT: "go on",
           signal.SIGWINCH: "size"}


def say(text):
    with open("/dev/tty", "w") as tty:
        tty.write(text + "\n")


def window_size():
    return " %d %d" % struct.unpack("4H", fcntl.ioctl(
        0, termios.TIOCGWINSZ, bytes(8)))[:2]


def tell_signals():
    while True:
        text = SIGNALS[signal.sigwait(SIGNALS)]
        say(text + (window_size() if text == "size" else ""))


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    threading.Thread(target=tell_signals, daemon=True).start()
    foreground = os.tcgetpgrp(0) == os.getpgrp()
    say("ready " + ("foreground" if foreground else "background"))
    for line in sys.stdin:
        if line.strip() == "end":
            sys.exit(3)
        say("said " + line.strip())


main()
