"""CuraEngine as WebAssembly under Node: the embedded engine. No root, no display.

It runs once per slice in a process of its own, in the sandbox, with Node's permission model
on: it may read the engine and its own folder and write that folder, nothing else.
"""

import json
import tempfile
from pathlib import Path
from typing import Final

from parts3d.catalogue.recipe import Recipe
from parts3d.sandbox import Limits, ProgramFailed, run
from parts3d.slicing.cura_install import RUNNER_FOLDER, ensure_installed, node_program
from parts3d.slicing.engines.base import SliceResult, SlicingFailed, finish, prepare
from parts3d.slicing.engines.cura_lines import Settings
from parts3d.slicing.engines.cura_settings import (
    TRANSLATION,
    cura_settings,
    extruder_settings,
)
from parts3d.slicing.gcode import refused
from parts3d.slicing.profiles import MaterialProperties, Profile

ENGINE_VERSION: Final = "1.5.2"
_MEGABYTE: Final = 1024 * 1024
DEFAULT_LIMITS: Final = Limits(
    wall_seconds=180, cpu_seconds=300, rss_bytes=1024 * _MEGABYTE, file_bytes=256 * _MEGABYTE
)
_LAYER_COUNT: Final = ";LAYER_COUNT:"
# The only lines that may stand before the first layer and are dropped: ours replace them.
_DROPPED: Final = ("G92 E0", "M105")


class CuraEngine:
    """CuraEngine of the npm package ``cura-wasm``.

    Args:
        modules: its ``node_modules``; installed there when missing. Default: the runner's.
        limits: of one slice.
    """

    name: Final = "cura"
    version: Final = f"{ENGINE_VERSION}+t{TRANSLATION}"

    def __init__(self, modules: Path | None = None, limits: Limits = DEFAULT_LIMITS) -> None:
        self._modules = modules
        self._limits = limits

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
        settings = cura_settings(profile, material, recipe)
        moves = part_moves(self.raw_gcode(part.stl, settings, extruder_settings(profile)))
        return finish(moves, part, profile, material, recipe, self)

    def raw_gcode(self, stl: bytes, settings: Settings, extruder: Settings) -> str:
        """Run the engine over an STL as it is, and return what it wrote.

        Raises:
            SlicingFailed: it crashed, hung, or wrote nothing.
            Unavailable: it is not installed and cannot be fetched.
        """
        modules = ensure_installed(self._modules)
        with tempfile.TemporaryDirectory(prefix="parts3d-slice-") as temporary:
            folder = Path(temporary).resolve()
            (folder / "part.stl").write_bytes(stl)
            (folder / "printer.json").write_text(_printer_definition(settings), "utf-8")
            (folder / "extruder.json").write_text(_extruder_definition(extruder), "utf-8")
            try:
                run(self._command(modules.resolve(), folder), folder=folder, limits=self._limits)
            except ProgramFailed as failure:
                raise SlicingFailed(
                    f"The slicer CuraEngine failed on this part. {failure.message}",
                    code=f"slicing_{failure.reason}",
                ) from failure
            written = folder / "moves.gcode"
            gcode = written.read_text("utf-8", "replace") if written.is_file() else ""
        if not gcode:
            raise SlicingFailed(
                "The slicer CuraEngine wrote nothing for this part.", code="slicing_empty"
            )
        return gcode

    def _command(self, modules: Path, folder: Path) -> list[str]:
        return [
            str(node_program()),
            # V8's main thread and its worker can wait for each other for ever while a function
            # of the engine is optimised (Node 24 on two cores: one slice in a few). Alone it
            # is as fast.
            "--single-threaded",
            "--permission",
            f"--allow-fs-read={modules}/",
            f"--allow-fs-read={RUNNER_FOLDER.resolve()}/",
            f"--allow-fs-read={folder}/",
            f"--allow-fs-write={folder}/",
            str(RUNNER_FOLDER.resolve() / "slice.mjs"),
            str(modules),
            str(folder),
        ]


def part_moves(gcode: str) -> str:
    """Return the moves of the part from CuraEngine's output, relative extrusion.

    Its header (placeholders) and preamble are dropped; nothing else stands there, else the
    output is not what we know and is refused.

    Raises:
        SlicingFailed: there are no layers in it.
        GcodeRefused: the preamble holds a command that we do not know.
    """
    head, found, body = gcode.partition(_LAYER_COUNT)
    if not found or body.split("\n", 1)[0].strip() == "0":
        raise SlicingFailed(
            "The slicer CuraEngine found no layers in this part: nothing would be printed.",
            code="slicing_empty",
        )
    kept = ["M83"]
    for number, line in enumerate(head.split("\n"), start=1):
        word = line.partition(";")[0].strip()
        if word.startswith("G1 F") and " E-" in word:
            kept.append(word)  # the first retraction, undone by the first line
        elif word and word not in {*_DROPPED, "M82", "M83"}:
            raise refused(number, line, "is not expected before the first layer.")
    return "\n".join([*kept, found + body.rstrip("\n")])


def _printer_definition(settings: Settings) -> str:
    return json.dumps(
        {
            "version": 2,
            "name": "parts3d",
            "inherits": "fdmprinter",
            "metadata": {"machine_extruder_trains": {"0": "extruder"}},
            "overrides": {key: {"default_value": value} for key, value in settings.items()},
        }
    )


def _extruder_definition(settings: Settings) -> str:
    return json.dumps(
        {
            "version": 2,
            "name": "extruder",
            "inherits": "fdmextruder",
            "metadata": {"machine": "printer", "position": "0"},
            "overrides": {key: {"default_value": value} for key, value in settings.items()},
        }
    )
