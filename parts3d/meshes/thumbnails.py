"""Small copies of a part's picture."""

from io import BytesIO

THUMBNAIL_PIXELS = (96, 320)


def thumbnails(picture_png: bytes, sizes: tuple[int, ...] = THUMBNAIL_PIXELS) -> dict[int, bytes]:
    """Return square PNG copies by their pixels a side.

    Averaged with colours multiplied by alpha, so that no dark seam appears round the part.

    Args:
        picture_png: a square picture with transparency, as ``render`` gives.
        sizes: pixels a side, none above the picture's.

    Raises:
        ValueError: a size is above the picture's, or the picture is not square.
    """
    from PIL import Image

    with Image.open(BytesIO(picture_png)) as picture:
        whole = picture.convert("RGBa")
    if whole.size[0] != whole.size[1]:
        raise ValueError("Only a square picture has small copies.")
    if max(sizes) > whole.size[0]:
        raise ValueError(f"A picture of {whole.size[0]} px gives no copy of {max(sizes)} px.")
    copies = {}
    for size in sizes:
        copy = whole.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
        out = BytesIO()
        copy.convert("RGBA").save(out, format="PNG", compress_level=6)
        copies[size] = out.getvalue()
    return copies
