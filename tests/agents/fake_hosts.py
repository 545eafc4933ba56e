"""Small hosts on loopback that answer as printers' hosts do when somebody asks who they are."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Path to (status, headers, body).
Answers = dict[str, tuple[int, dict[str, str], str]]

MOONRAKER: Answers = {
    "/server/info": (
        200,
        {},
        json.dumps({"result": {"klippy_state": "ready", "moonraker_version": "v0.11"}}),
    ),
    # It also answers as OctoPrint does, for the sake of slicers.
    "/api/version": (200, {}, json.dumps({"api": "0.1", "text": "OctoPrint (Moonraker)"})),
}
LOCKED_MOONRAKER: Answers = {
    "/server/info": (401, {}, json.dumps({"error": {"code": 401, "message": "Unauthorized"}}))
}
OCTOPRINT: Answers = {
    "/api/version": (403, {}, "{}"),
    "/": (200, {}, "<title>OctoPrint Login</title>"),
}
PRUSALINK: Answers = {
    "/api/version": (401, {"WWW-Authenticate": 'Digest realm="Printer API"'}, "{}"),
}
WEBSITE: Answers = {"/": (200, {}, "<h1>A router</h1>")}


@contextmanager
def host(answers: Answers) -> Iterator[int]:
    """Serve answers on loopback; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, "nothing here"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        log_message: Callable[..., None] = lambda *_args: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()
