"""PrusaSlicer's program, where it is found or set. It sees only an STL that we wrote.

Older versions run commands found in a 3MF; it never gets one. Each slice has a settings
folder of its own, so no preset of the machine's user is ever used.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from parts3d.catalogue.recipe import Recipe
from parts3d.errors import Unavailable
from parts3d.sandbox import Limits, ProgramFailed, run
from parts3d.slicing.engines.base import SliceResult, SlicingFailed, finish, prepare
from parts3d.slicing.engines.prusaslicer_settings import (
    BEGIN,
    END,
    TRANSLATION,
    ini,
    prusaslicer_settings,
)
from parts3d.slicing.profiles import MaterialProperties, Profile

PROGRAM_NAMES: Final = ("prusa-slicer", "PrusaSlicer", "prusa-slicer-console")
_VERSION: Final = re.compile(r"PrusaSlicer[- ](\d+\.\d+\.\d+)")
_MEGABYTE: Final = 1024 * 1024
DEFAULT_LIMITS: Final = Limits(
    wall_seconds=180, cpu_seconds=600, rss_bytes=2048 * _MEGABYTE, file_bytes=256 * _MEGABYTE
)
_VERSION_LIMITS: Final = Limits(wall_seconds=30, cpu_seconds=30)


def find_program() -> Path | None:
    """Return PrusaSlicer's program on PATH, or None."""
    for name in PROGRAM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


class PrusaSlicer:
    """PrusaSlicer run as a program.

    Args:
        program: path of the program.
        limits: of one slice.

    Raises:
        Unavailable: the program cannot be started or is not PrusaSlicer.
    """

    name: Final = "prusaslicer"

    def __init__(self, program: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._program = program.resolve()
        self._limits = limits
        self.version = f"{_program_version(self._program)}+t{TRANSLATION}"

    def slice(
        self,
        stl: bytes,
        profile: Profile,
        material: MaterialProperties,
        recipe: Recipe,
        copies: int = 1,
    ) -> SliceResult:
        """Slice a model; see ``base.Engine.slice``."""
        part = prepare(stl, profile, material, recipe, copies)
        settings = prusaslicer_settings(profile, material, recipe)
        centre = f"{profile.bed_x_mm / 2:g},{profile.bed_y_mm / 2:g}"
        moves = part_moves(self._raw_gcode(part.stl, ini(settings), centre))
        return finish(moves, part, profile, material, recipe, self)

    def _raw_gcode(self, stl: bytes, configuration: str, centre: str) -> str:
        with tempfile.TemporaryDirectory(prefix="parts3d-slice-") as temporary:
            folder = Path(temporary).resolve()
            (folder / "part.stl").write_bytes(stl)
            (folder / "config.ini").write_text(configuration, "utf-8")
            (folder / "settings").mkdir()
            command = [
                str(self._program),
                "--datadir",
                str(folder / "settings"),
                "--load",
                str(folder / "config.ini"),
                "--loglevel",
                "1",
                "--center",
                centre,
                "--export-gcode",
                "--output",
                str(folder / "out.gcode"),
                str(folder / "part.stl"),
            ]
            try:
                run(command, folder=folder, limits=self._limits)
            except ProgramFailed as failure:
                raise SlicingFailed(
                    f"The slicer PrusaSlicer failed on this part. {failure.message}",
                    code=f"slicing_{failure.reason}",
                ) from failure
            written = folder / "out.gcode"
            return written.read_text("utf-8", "replace") if written.is_file() else ""


def part_moves(gcode: str) -> str:
    """Return the moves between our marks, without the program's header, date and settings.

    Raises:
        SlicingFailed: there are none.
    """
    # The settings are repeated as comments at the end: only whole lines are marks.
    _, found, rest = gcode.partition(f"\n{BEGIN}\n")
    moves, ended, _ = rest.partition(f"\n{END}\n")
    if not found or not ended or "\nG1 " not in moves:
        raise SlicingFailed(
            "The slicer PrusaSlicer made no moves for this part: nothing would be printed.",
            code="slicing_empty",
        )
    return moves


def _program_version(program: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="parts3d-slicer-") as temporary:
        try:
            done = run(
                [str(program), "--help"], folder=Path(temporary).resolve(), limits=_VERSION_LIMITS
            )
        except ProgramFailed as failure:
            raise Unavailable(f"PrusaSlicer cannot be used: {failure.message}") from failure
    found = _VERSION.search(done.stdout)
    if not found:
        raise Unavailable(f"{program} does not say that it is PrusaSlicer; check the setting.")
    return found.group(1)
