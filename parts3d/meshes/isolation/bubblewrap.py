"""The command line of bubblewrap.

The child sees the interpreter, its libraries, our package and its own folder, and no other file,
process or network.

Start it under the child's own small environment: ``--clearenv`` would leave the parent's readable
in ``/proc/1/environ``.
"""

import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

# Where shared libraries and the loader are on the usual systems; what is not there is left out.
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache")


def command(program: Path, *, folder: Path, visible: Sequence[Path]) -> list[str]:
    """Return the words to put before the child's own command line.

    Args:
        program: bubblewrap.
        folder: the child's own folder, the only one it may write to, beside an empty /tmp.
        visible: what it may read, beside the interpreter and the system's libraries.
    """
    words = [
        str(program),
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        *("--tmpfs", "/tmp"),  # noqa: S108 - it is the sandbox's own
    ]
    for path in _without_inner([*map(Path, _SYSTEM), *_interpreter(), *visible]):
        words += ["--ro-bind", str(path), str(path)]
    return [
        *words,
        *("--proc", "/proc"),
        *("--dev", "/dev"),
        *("--bind", str(folder), str(folder)),
        *("--chdir", str(folder)),
        "--",
    ]


def _interpreter() -> list[Path]:
    """Return the folders and files that this Python runs from, links and their targets."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found = [Path(prefix) for prefix in prefixes if prefix not in {"/", "/usr", "/usr/local"}]
    found += [Path(path) for path in sysconfig.get_paths().values()]
    program = Path(sys.executable)
    while program.is_symlink():
        found.append(program)
        program = program.parent / program.readlink()
    return [*found, program]


def _without_inner(paths: Sequence[Path]) -> list[Path]:
    """Drop what is not there and what lies in a folder that is listed too; outermost first."""
    kept: list[Path] = []
    for path in sorted({path for path in paths if path.exists()}, key=lambda p: len(p.parts)):
        if not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return kept
