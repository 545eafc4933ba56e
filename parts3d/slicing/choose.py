"""Which engine slices: as set, or the best one found."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from parts3d.errors import Unavailable
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.engines.prusaslicer import PrusaSlicer, find_program

Preference = Literal["auto", "cura", "prusaslicer"]


def engine_for(
    preference: Preference = "auto",
    *,
    prusaslicer_program: Path | None = None,
    cura_modules: Path | None = None,
    find: Callable[[], Path | None] = find_program,
) -> Engine:
    """Return the engine to slice with. Make it once per process: it asks for versions.

    Args:
        preference: ``auto`` takes PrusaSlicer where it is found or set and works, else Cura.
        prusaslicer_program: its path, if set; else it is looked for on PATH.
        cura_modules: where CuraEngine is installed, if not at its usual place.
        find: how PrusaSlicer is looked for.

    Raises:
        Unavailable: PrusaSlicer was asked for and is not there or does not run.
    """
    if preference == "cura":
        return CuraEngine(cura_modules)
    program = prusaslicer_program or find()
    if preference == "prusaslicer":
        if program is None:
            raise Unavailable(
                "PrusaSlicer is set as the slicing engine but was not found; "
                "install it, set its path, or set the engine to 'auto'."
            )
        return PrusaSlicer(program)
    if program is not None:
        try:
            return PrusaSlicer(program)
        except Unavailable:
            # A broken installation must not stop the network: the other engine is always there.
            return CuraEngine(cura_modules)
    return CuraEngine(cura_modules)
