"""The libraries as they are built speak HTTPS to the servers there are."""
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from test_build import chroot_command

ROOT = pathlib.Path(__file__).resolve().parent.parent
MUSL = ROOT / "build/deps/musl"
LIBRARIES = ["-lcurl", "-lmbedtls", "-lmbedx509", "-lmbedcrypto", "-lpthread"]
KEYS = {"RSA 2048": ["rsa:2048"],
        "P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "P-384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
PEER_FAILED_VERIFICATION = 60   # CURLE_PEER_FAILED_VERIFICATION
RECEIVE_ERROR = 56              # CURLE_RECV_ERROR


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def get(tmp_path_factory):
    program = tmp_path_factory.mktemp("tls") / "get"
    subprocess.check_call([
        MUSL / "bin/musl-gcc", "-static-pie", "-fPIE", "-Wall", "-Werror",
        ROOT / "tests/tls/get.c", "-o", program, f"-L{MUSL}/lib", *LIBRARIES])
    return program


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """{kind of key: (certificate, key)}, each for 127.0.0.1."""
    made, top = {}, tmp_path_factory.mktemp("certificates")
    for number, (kind, key) in enumerate(KEYS.items()):
        paths = [top / f"{number}.{end}" for end in ("crt", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-newkey", *key,
             "-out", paths[0], "-keyout", paths[1], "-days", "30",
             "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, stderr=subprocess.DEVNULL)
        made[kind] = paths
    return made


@pytest.fixture
def serve():
    servers = []

    def start(certificate, key, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return "https://127.0.0.1:%d/" % server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(*command, **environment):
    return subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True, timeout=60,
        env={"PATH": os.environ["PATH"], **environment})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KEYS)
def test_talks_to(get, certificates, serve, kind, version):
    certificate, key = certificates[kind]
    url = serve(certificate, key, VERSIONS[version])
    result = run(get, url, certificate)
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr


def test_refuses_an_unknown_certificate(get, certificates, serve):
    url = serve(*certificates["P-256"], VERSIONS["1.3"])
    for trusted in ([], [certificates["P-384"][0]]):
        assert run(get, url, *trusted).returncode == PEER_FAILED_VERIFICATION


def test_refuses_a_certificate_of_another_name(get, certificates, serve):
    certificate, key = certificates["P-256"]
    url = serve(certificate, key, VERSIONS["1.3"])
    result = run(get, url.replace("127.0.0.1", "localhost"), certificate)
    assert result.returncode == PEER_FAILED_VERIFICATION


def test_needs_no_device_file(get, certificates, serve, tmp_path):
    certificate, key = certificates["P-256"]
    url = serve(certificate, key, VERSIONS["1.3"])
    shutil.copy(get, tmp_path / "get")
    shutil.copy(certificate, tmp_path / "ca")
    result = run(*chroot_command(), tmp_path, "/get", url, "/ca")
    assert (result.returncode, result.stdout) == (0, "hello\n"), result.stderr


def test_asks_the_proxy_of_the_environment(get):
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(20)

        def take_one():
            client, _ = proxy.accept()
            with client:
                seen.append(client.recv(4096).split(b"\r\n")[0])

        thread = threading.Thread(target=take_one)
        thread.start()
        result = run(get, "https://server.invalid/", HTTPS_PROXY=(
            "http://127.0.0.1:%d" % proxy.getsockname()[1]))
        thread.join()
    assert seen == [b"CONNECT server.invalid:443 HTTP/1.1"]
    assert result.returncode == RECEIVE_ERROR
