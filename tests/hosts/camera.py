"""A webcam of a host: one picture, over HTTP."""

import io
import threading
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image


class Camera:
    """Serves a JPEG of an empty bed on loopback until it is closed."""

    def __init__(self) -> None:
        picture = self.picture

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()
                self.wfile.write(picture)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @cached_property
    def picture(self) -> bytes:
        """What it sees."""
        file = io.BytesIO()
        Image.new("RGB", (320, 240), (40, 44, 52)).save(file, "JPEG")
        return file.getvalue()

    @property
    def url(self) -> str:
        """Where it answers, as the host is told."""
        return f"http://127.0.0.1:{self._server.server_port}/snapshot.jpg"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
