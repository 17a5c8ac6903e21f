"""A real HTTP server that takes webhooks, answers what a test wants, and remembers everything."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


@contextmanager
def receiver():
    """Yield a server with `url`, `answers` (statuses to give, then 200) and what it `got`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.got, server.answers, server.headers, server.hold = [], [], {}, 0.0
    server.url = f"http://localhost:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.got.append(
            SimpleNamespace(path=self.path, headers=dict(self.headers.items()), body=body)
        )
        threading.Event().wait(server.hold)
        self.send_response(server.answers.pop(0) if server.answers else 200)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"thank you")

    def log_message(self, *arguments):
        pass
