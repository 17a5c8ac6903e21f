"""The site passes predictions on, and says so in words when it cannot."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lepton.forward import ForwardPredictions


class Echo(BaseHTTPRequestHandler):
    """Answers with what arrived."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        said = {"path": self.path, "headers": dict(self.headers.items()), "bytes": len(body)}
        answer = json.dumps(said).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Prediction", "yes")
        self.send_header("Connection", "keep-alive")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@contextmanager
def echo(settings):
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.LEPTON_INFERENCE_BACKEND = f"http://127.0.0.1:{server.server_port}"
        yield
        server.shutdown()
        thread.join()


async def site(scope, receive, send):
    """The rest of the site."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the site"})


def call(path, parts, headers=(), query=b""):
    """Send one request through the forwarder; returns status, headers and body."""
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    async def go():
        app = ForwardPredictions(site)
        scope = {"type": "http", "method": "POST", "path": path, "query_string": query}
        await app(scope | {"headers": list(headers)}, receive, send)
        if app.client:
            await app.client.aclose()

    asyncio.run(go())
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_a_prediction_is_passed_on_with_path_query_key_and_body(settings):
    headers = [(b"content-length", b"6"), (b"authorization", b"Bearer k"), (b"host", b"site")]
    headers += [(b"connection", b"close"), (b"x-request-timeout", b"3")]
    with echo(settings):
        path = "/v1/endpoints/acme/castings/predict"
        status, answered, body = call(path, [b"abc", b"def"], headers, b"top_k=1")
    said = json.loads(body)
    assert (status, said["bytes"]) == (201, 6)
    assert said["path"] == f"{path}?top_k=1"
    assert said["headers"]["authorization"] == "Bearer k"
    assert said["headers"]["x-request-timeout"] == "3"
    assert said["headers"]["Host"].startswith("127.0.0.1")
    assert answered[b"x-prediction"] == b"yes"
    assert b"connection" not in answered


def test_a_body_of_unknown_length_is_passed_on(settings):
    with echo(settings):
        headers = [(b"transfer-encoding", b"chunked")]
        status, _headers, body = call("/v1/x", [b"abc", b"defg"], headers)
    assert (status, json.loads(body)["bytes"]) == (201, 7)


def test_everything_else_is_the_site_s(settings):
    assert call("/t/acme/", [b""])[2] == b"the site"


def test_a_body_beyond_the_limit_is_refused(settings):
    settings.LEPTON_MAX_REQUEST_BYTES = 5
    with echo(settings):
        declared = call("/v1/x", [b"abcdef"], [(b"content-length", b"6")])
        undeclared = call("/v1/x", [b"abc", b"def"], [(b"transfer-encoding", b"chunked")])
    for status, headers, body in (declared, undeclared):
        assert status == 413
        assert headers[b"content-type"] == b"application/problem+json"
        assert "5 bytes" in json.loads(body)["error"]


@pytest.mark.parametrize("listening", [True, False])
def test_without_an_inference_process_the_client_is_told_to_come_back(settings, listening):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.LEPTON_INFERENCE_BACKEND = f"http://127.0.0.1:{taken.getsockname()[1]}"
        if listening:
            taken.listen()
            threading.Thread(target=lambda: taken.accept()[0].close(), daemon=True).start()
        status, headers, body = call("/v1/x", [b"abc"], [(b"content-length", b"3")])
    assert status == 503
    assert int(headers[b"retry-after"]) > 0
    assert "right now" in json.loads(body)["error"]
