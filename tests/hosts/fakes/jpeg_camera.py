"""The camera of a P1 or A1: after an 80 byte greeting, JPEG frames with a header each, on TLS."""

import contextlib
import socket
import ssl
import struct
import threading
import time

FRAME = b"\xff\xd8 a bed, seen from above \xff\xd9"


def serve(port: int, password: str, context: ssl.SSLContext) -> None:
    """Answer in threads of its own; a wrong password gets no picture."""
    listener = socket.create_server(("127.0.0.1", port), backlog=8)

    def accept() -> None:
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_serve, args=(plain, password, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _serve(plain: socket.socket, password: str, context: ssl.SSLContext) -> None:
    plain.settimeout(10)
    with (
        contextlib.suppress(OSError, ssl.SSLError),
        plain,
        context.wrap_socket(plain, server_side=True) as stream,
    ):
        greeting = b""
        while len(greeting) < 80:
            greeting += stream.recv(80 - len(greeting))
        size, kind, *_, user, code = struct.unpack("<IIII32s32s", greeting)
        fine = (size, kind) == (0x40, 0x3000) and user.rstrip(b"\0") == b"bblp"
        if not fine or code.rstrip(b"\0") != password.encode():
            return
        while True:
            stream.sendall(struct.pack("<IIII", len(FRAME), 0, 1, 0) + FRAME)
            time.sleep(0.5)
