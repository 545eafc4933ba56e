"""The fitted figures of the estimate, and how they were made: ``data/estimate.json``."""

from functools import cache

from pydantic import BaseModel, ConfigDict

from parts3d.slicing.profiles import DATA

PATH = DATA / "estimate.json"


class Coefficients(BaseModel):
    """What the drawn lines are multiplied by; near 1 where a line is as the slicer draws it.

    Args:
        made: how, in words: from what, when, with which error.
        filament: one for each of ``features.FILAMENT``.
        seconds: one for each of ``features.SECONDS``.
        support_filament: for the part itself, and mm of filament for each mm of filament that the
            supported columns would take if solid and for each mm2 of supported area.
        support_seconds: the same in seconds.
        filament_band: 90 % of the slicer's values are within this factor's logarithm, either way.
        seconds_band: the same of the time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made: dict[str, str]
    filament: tuple[float, ...]
    seconds: tuple[float, ...]
    support_filament: tuple[float, float, float]
    support_seconds: tuple[float, float, float]
    filament_band: float
    seconds_band: float


@cache
def coefficients() -> Coefficients:
    """Return the figures that ship with the program; ``make fit`` makes them anew."""
    return Coefficients.model_validate_json(PATH.read_text(encoding="utf-8"))
