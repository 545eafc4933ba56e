"""The back door of a fake host: what life does to it, ordered by the test that started it."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Order = Callable[..., Any]


def serve_control(port: int, orders: dict[str, Order]) -> None:
    """Answer ``POST /<order>`` with a JSON object of arguments, in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            arguments = json.loads(self.rfile.read(size) or b"{}")
            done = orders[self.path.strip("/")](**arguments)
            body = json.dumps(done).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
