"""One picture from a P1's or A1's camera: JPEG frames over TLS on a port of their own."""

import socket
import ssl
import struct

from printer_agents.config import BambuOptions

USER = b"bblp"
AUTH = struct.Struct("<IIII32s32s")
HEADER = struct.Struct("<IIII")
AUTH_BYTES = 0x40
AUTH_KIND = 0x3000
MOST_BYTES = 900_000
PATIENCE_SECONDS = 5.0


def picture(options: BambuOptions, context: ssl.SSLContext) -> bytes | None:
    """Return the next frame; None where no such camera answers (an X1 streams video instead)."""
    seconds = min(options.request_seconds, PATIENCE_SECONDS)
    try:
        with (
            socket.create_connection((options.host, options.camera_port), seconds) as plain,
            context.wrap_socket(plain) as stream,
        ):
            code = options.access_code.encode()
            stream.sendall(AUTH.pack(AUTH_BYTES, AUTH_KIND, 0, 0, USER, code))
            size = HEADER.unpack(_exactly(stream, HEADER.size))[0]
            if not 0 < size <= MOST_BYTES:
                return None
            frame = _exactly(stream, size)
    except OSError:
        return None
    return frame if frame.startswith(b"\xff\xd8") and frame.endswith(b"\xff\xd9") else None


def _exactly(stream: ssl.SSLSocket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = stream.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the camera hung up")
        data += chunk
    return bytes(data)
