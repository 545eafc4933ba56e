"""Engines that need no program: what they answer is given."""

import hashlib

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.engines.base import SliceResult, SlicingFailed
from parts3d.slicing.profiles import MaterialProperties, Profile


class PaperEngine:
    """Gives G-code of one line that names the question, or fails; counts what it was asked."""

    name = "cura"

    def __init__(self, version: str = "9.9", *, fails: str | None = None) -> None:
        self.version = version
        self.fails = fails
        self.asked: list[tuple[str, int]] = []

    def slice(
        self,
        stl: bytes,  # noqa: ARG002  # an engine's signature
        profile: Profile,
        material: MaterialProperties,
        recipe: Recipe,  # noqa: ARG002  # the same
        copies: int = 1,
    ) -> SliceResult:
        self.asked.append((profile.printer_model, copies))
        if self.fails:
            raise SlicingFailed(self.fails)
        gcode = f"; {profile.printer_model} {material.name} {copies} {self.version}\n".encode()
        return SliceResult(
            gcode=gcode,
            sha256=hashlib.sha256(gcode).hexdigest(),
            print_seconds=100 * copies,
            filament_mm=1000 * copies,
            filament_mg=3000 * copies,
            layers=10,
            part_mm=(20.0, 10.0, 2.0),
            copies=copies,
            engine=self.name,
            engine_version=self.version,
        )
