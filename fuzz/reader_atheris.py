"""Coverage-guided fuzzing of the reader: only ``Unreadable`` may escape ``read``.

``python -m fuzz.reader_atheris -runs=100000 -max_total_time=60``; the options are libFuzzer's. It
starts from our own small files. An input that fails is kept under test-artefacts/fuzz; give its
path as the only argument to read it again.
"""

import sys
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["parts3d.meshes"]):
    from parts3d.errors import Unreadable
    from parts3d.meshes.reader import Limits, read

from tests.meshes import solids
from tests.meshes.hostile import writing
from tests.meshes.hostile.warm import ROOT

KEPT = ROOT / "test-artefacts" / "fuzz"
_LIMITS = Limits(max_bytes=1_000_000, max_triangles=10_000, max_unpacked_bytes=1_000_000)


def read_one(data: bytes) -> None:
    """Read; whatever is no ``Unreadable`` ends the run."""
    try:
        found = read(data, limits=_LIMITS)
    except Unreadable as refusal:
        if not refusal.message.endswith("."):
            raise AssertionError(f"No sentence: {refusal.message}") from refusal
        return
    if not 0 < len(found.triangles) <= _LIMITS.max_triangles:
        raise AssertionError(f"{len(found.triangles)} triangles")


def main() -> None:
    """Fuzz with libFuzzer's options, from seeds of every format."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="parts3d-fuzz-") as corpus:
        for name in ("binary", "ascii_stl", "obj", "three_mf"):
            with open(f"{corpus}/{name}", "wb") as file:  # noqa: PTH123 - a name in a folder
                file.write(getattr(writing, name)(solids.tetrahedron()))
        given = sys.argv[1:]
        seeds = [] if given and not given[0].startswith("-") else [corpus]
        options = [
            f"-artifact_prefix={KEPT}/",
            "-max_len=8192",
            "-timeout=10",
            "-rss_limit_mb=1024",
        ]
        atheris.Setup([sys.argv[0], *seeds, *options, *given], read_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
