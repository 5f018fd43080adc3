"""A server that behaves like Azure's instance metadata service, or not.

fake_imds.py ADDRESS PORT MANNER FILE: serves what standard input has, and
appends a line of JSON to FILE when it listens (its port) and for each request:
what came, and when (time.time())."""
import json
import socket
import sys
import threading
import time

REAL = "real"        # what Azure's does
SLOW = "slow"        # says nothing for long
DRIP = "drip"        # a byte now and then
HTML = "html"        # a proxy's page, with 200
NO_ONE = "none"      # 404, as another cloud's answers
MOVED = "moved"      # sends elsewhere
NOISE = "noise"      # no HTTP at all
SHUT = "shut"        # closes at once
ENDLESS = "endless"  # an answer without end

TARGET = "/metadata/instance?api-version=2021-02-01"


def document(*addresses, subnet=("10.3.0.0", "24"), **compute):
    """As documented, with what else stands there."""
    known = {"azEnvironment": "AzurePublicCloud", "location": "westeurope",
             "name": "tvm-1", "osType": "Linux", "priority": "Spot",
             "tags": "owner:someone", "userData": "c2VjcmV0",
             "vmId": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
             "vmSize": "Standard_NC6s_v3"}
    interfaces = [{
        "ipv4": {"ipAddress": [{"privateIpAddress": a, "publicIpAddress": ""}],
                 "subnet": [{"address": subnet[0], "prefix": subnet[1]}]
                 if subnet else []},
        "ipv6": {"ipAddress": []}, "macAddress": "0011AAFFBB22"}
        for a in addresses]
    return {"compute": dict(known, **compute),
            "network": {"interface": interfaces}}


def reply(status, body, kind="application/json; charset=utf-8", more=""):
    body = body.encode()
    return ("HTTP/1.1 %s\r\nContent-Type: %s\r\nServer: IMDS/150.870.65.1\r\n"
            "%sContent-Length: %d\r\n\r\n" % (status, kind, more,
                                             len(body))).encode() + body


def real(request, answer):
    head = request.decode("latin-1")
    lines = [line.lower() for line in head.split("\r\n")]
    if "metadata: true" not in lines or "x-forwarded-for" in head.lower():
        return reply("400 Bad Request", '{"error": "Bad request. Required '
                     'metadata header not specified"}')
    if not head.startswith("GET %s HTTP/1.1\r\n" % TARGET):
        return reply("404 Not Found", '{"error": "Not found"}')
    return reply("200 OK", json.dumps(answer))


OTHERS = {
    HTML: reply("200 OK", "<html><body>Please log in {</body></html>",
                "text/html"),
    NO_ONE: reply("404 - Not Found", "<?xml version='1.0'?>", "text/html"),
    MOVED: reply("302 Found", "", "text/html",
                 "Location: http://169.254.169.254/elsewhere\r\n"),
    NOISE: b"\x16\x03\x01\x00\xa5 SSH-2.0-who_is_there\r\n" * 20,
    SHUT: b"",
}


def answer_to(client, manner, request, answer):
    if manner == SLOW:
        time.sleep(5)
    elif manner == DRIP:
        for byte in real(request, answer):
            client.sendall(bytes([byte]))
            time.sleep(0.05)
    elif manner == ENDLESS:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
        while True:
            client.sendall(b"1," * 10000)
    else:
        client.sendall(OTHERS.get(manner) if manner in OTHERS
                       else real(request, answer))


def serve(client, manner, answer, tell):
    request = b""
    with client:
        while b"\r\n\r\n" not in request:
            data = client.recv(65536)
            if not data:
                break
            request += data
        tell(request=request.decode("latin-1"), at=time.time())
        try:
            answer_to(client, manner, request, answer)
        except OSError:
            pass    # it has left


def main():
    address, port, manner, path = sys.argv[1:]
    answer = json.load(sys.stdin)
    out = open(path, "a")

    def tell(**what):
        out.write(json.dumps(what) + "\n")
        out.flush()

    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, int(port)))
    server.listen(8)
    tell(port=server.getsockname()[1])
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, daemon=True,
                         args=(client, manner, answer, tell)).start()


if __name__ == "__main__":
    main()
