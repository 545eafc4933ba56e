"""Where the browser finds the built modules, style sheet, fonts and images."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from parts3d.errors import NotFound, Unavailable

STATIC_FOLDER = Path(__file__).parent / "static"
STATIC_URL = "/static"
_BUILT = "built"
_VERSION_DIGITS = 10


@lru_cache(maxsize=4)
def _manifest(path: Path, _modified_ns: int) -> dict[str, str]:
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries


@lru_cache(maxsize=256)
def _version(path: Path, _modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_VERSION_DIGITS]


def asset_path(name: str, *, static_folder: Path = STATIC_FOLDER) -> str:
    """Return the URL path of an asset, which changes when its content does.

    Args:
        name: a built asset by its plain name (``app.js``, ``app.css``, ``viewer.js``), or an
            image by its path below ``parts3d/static`` (``favicon.svg``).
        static_folder: where the static files lie; another one in tests only.

    Raises:
        Unavailable: the front end was not built on this machine.
        NotFound: no asset has this name.
    """
    image = static_folder / name
    if not name.startswith(f"{_BUILT}/") and image.is_file():
        version = _version(image, image.stat().st_mtime_ns)
        return f"{STATIC_URL}/{quote(name)}?v={version}"
    manifest = static_folder / _BUILT / "manifest.json"
    try:
        entries = _manifest(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError as missing:
        raise Unavailable(
            "The front end is not built: parts3d/static/built/manifest.json is missing. "
            "Run `python hatch_build.py` in the project's folder, or install the package again."
        ) from missing
    if name not in entries:
        raise NotFound(
            f"There is no asset named {name}. Built assets are: {', '.join(sorted(entries))}.",
            place=name,
        )
    return f"{STATIC_URL}/{_BUILT}/{entries[name]}"
