"""Connects to the agent a second time, as the debugger that it has already;
argv[1] is a file with the port. Ends with 0 when that is refused."""
import json
import os
import socket
import sys

from _pydevd_bundle.pydevd_constants import get_global_debugger

debugger = get_global_debugger()
ANSWERS = {
    "pydevdAuthorize": {
        "clientAccessToken": debugger.authentication.client_access_token},
    "pydevdSystemInfo": {
        "process": {"pid": os.getpid(), "ppid": os.getppid()}},
}


def read(stream):
    header = stream.readline()
    if not header:
        sys.exit(0)
    stream.readline()
    return json.loads(stream.read(int(header.split(b":")[1])).decode())


with open(sys.argv[1]) as f:
    sock = socket.create_connection(("127.0.0.1", int(f.read())))
stream = sock.makefile("rb")
while True:
    asked = read(stream)
    if asked["command"] not in ANSWERS:
        sys.exit("asked for " + asked["command"])
    body = json.dumps({
        "seq": asked["seq"], "type": "response", "success": True,
        "request_seq": asked["seq"], "command": asked["command"],
        "body": ANSWERS[asked["command"]]}).encode()
    sock.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
