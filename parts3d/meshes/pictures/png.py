"""Pictures as Pillow's images and as PNG bytes."""

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from parts3d.meshes.pictures.scene import Floats

if TYPE_CHECKING:
    from PIL.Image import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 1


def image_of(picture: Floats) -> "Image":
    """Return a picture, float32 (h, w, 4), 0 to 1, as an RGBA image.

    Colours come multiplied by alpha, or dark seams would stand round the part.
    """
    from PIL import Image as ImageModule

    bytes_each = picture * np.float32(255)
    np.minimum(bytes_each, np.float32(255), out=bytes_each)
    bytes_each += np.float32(0.5)
    pixels = bytes_each.astype(np.uint8)
    # Where it is seen through, the colour is taken apart from the alpha.
    alpha = picture[..., 3]
    rows, columns = np.nonzero((alpha > 0) & (alpha < 1))
    through = picture[rows, columns]
    colours = through[:, :3] * (np.float32(255) / np.maximum(through[:, 3:], np.float32(1e-6)))
    pixels[rows, columns, :3] = np.minimum(colours, 255) + np.float32(0.5)
    return ImageModule.fromarray(pixels, "RGBA")


def png_of(image: "Image") -> bytes:
    """Return an RGBA image's PNG in half of Pillow's time and a tenth more bytes.

    Each pixel is told as the difference to its left neighbour (filter 1, PNG 1.2 chapter 6), and
    no other filter is tried.
    """
    wide, high = image.size
    pixels = np.asarray(image.convert("RGBA")).reshape(high, 4 * wide)
    rows = np.empty((high, 4 * wide + 1), dtype=np.uint8)
    rows[:, 0] = 1
    rows[:, 1:5] = pixels[:, :4]
    np.subtract(pixels[:, 4:], pixels[:, :-4], out=rows[:, 5:])
    header = struct.pack(">IIBBBBB", wide, high, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b"")
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def over(below: "Image", fine: "Image") -> None:
    """Lay a transparent drawing of a whole number of times the size over an image, in place."""
    from PIL import Image as ImageModule

    drawn = fine.getbbox()
    if drawn is None:
        return
    times = fine.width // below.width
    # Only what is drawn on; the box ends between pixels of the image below.
    left, top = drawn[0] // times, drawn[1] // times
    right, bottom = -(-drawn[2] // times), -(-drawn[3] // times)
    piece = fine.crop((left * times, top * times, right * times, bottom * times))
    size = right - left, bottom - top
    small = piece.convert("RGBa").resize(size, ImageModule.Resampling.BOX).convert("RGBA")
    below.alpha_composite(small, (left, top))
