"""Servers that the run log goes to, as far as the tests need them."""
import http.server
import json
import os
import ssl
import subprocess
import threading

from harness import wait_for

HANG, CLOSE, HUGE, TRICKLE = "hang", "close", "huge", "trickle"
GARBAGE = "garbage"


class Request:
    def __init__(self, handler, body):
        self.path = handler.path
        self.headers = handler.headers
        self.text = body.decode()
        self.json = json.loads(self.text)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server.owner
        assert self.headers["Content-Type"] == "application/json"
        with server.lock:
            server.requests.append(Request(self, body))
            answer = server.answers.pop(0) if server.answers else \
                server.default
        self.give(answer(server.requests[-1]) if callable(answer) else answer)

    def give(self, answer):
        if answer in (HANG, CLOSE, GARBAGE):
            if answer == HANG:
                self.server.owner.over.wait()
            if answer == GARBAGE:
                self.wfile.write(os.urandom(100000))
            self.close_connection = True
            return
        if answer in (HUGE, TRICKLE):
            self.flood(answer)
            return
        status, fields, body = answer
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def flood(self, how):
        """An answer that never ends."""
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.owner.over.wait(0.05 * (how == TRICKLE)):
                self.wfile.write(b"x" * (1 if how == TRICKLE else 65536))
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server:
    """Answers in turn, each (status, headers, body), HANG, CLOSE, HUGE,
    TRICKLE or GARBAGE, or a function of the request that gives one; then the default."""

    def __init__(self, *answers, default=(200, {}, ""), tls=None, port=0):
        self.answers, self.default = list(answers), default
        self.requests = []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", port),
                                                    Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None    # clients that hang up
        self.http.owner = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(
                self.http.socket, server_side=True,
                do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        self.host = "127.0.0.1:%d" % self.port
        self.url = "http%s://%s" % ("s" if tls else "", self.host)
        threading.Thread(target=self.http.serve_forever, args=(0.02,),
                         daemon=True).start()

    def wait(self, count):
        """The first `count` requests."""
        wait_for(lambda: len(self.requests) >= count, "%d requests" % count)
        return self.requests[:count]

    def end(self):
        self.over.set()
        self.http.shutdown()
        self.http.server_close()


def certificate(folder, name="IP:127.0.0.1"):
    """(certificate, key), its own CA."""
    paths = [str(folder / ("server." + end)) for end in ("crt", "key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048",
         "-out", paths[0], "-keyout", paths[1], "-days", "30",
         "-subj", "/CN=test", "-addext", "subjectAltName=" + name],
        check=True, stderr=subprocess.DEVNULL)
    return paths
