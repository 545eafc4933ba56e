"""Fit the estimate's coefficients to a slicer's results, and try them on repositories left out.

Relative errors are what matters to a customer, so each part's equation is divided by its truth.
The coefficients stay near what the drawn lines are by themselves (ridge), and large errors count
by their size rather than its square (iteratively reweighted), so that one odd part moves little.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from parts3d.slicing.estimate.coefficients import Coefficients
from parts3d.slicing.estimate.features import FILAMENT_AT_FIRST, SECONDS_AT_FIRST

Floats = NDArray[np.float64]
_RIDGE = 1.0
_SMALL_ERROR = 0.03
_ROUNDS = 15
# Of the parts of repositories left out. Bands made from three repositories hold some more of the
# fourth: on those of the corpus this share gives 90 to 93 %.
_BAND_SHARE = 0.85
_SUPPORT_FILAMENT_AT_FIRST = (1.0, 0.25, 0.3)
_SUPPORT_SECONDS_AT_FIRST = (1.0, 0.25, 0.5)


@dataclass(frozen=True)
class Part:
    """What was computed of one file, and what the slicer said of it."""

    file: str
    supports: bool
    slicer_mm: float
    slicer_seconds: float
    filament: Floats
    seconds: Floats
    column_mm: float
    column_mm2: float
    volume_mm3: float

    @property
    def repository(self) -> str:
        """The first folder: files of one hand are alike."""
        return self.file.split("/")[0]


def fitted(parts: list[Part], words: dict[str, str]) -> Coefficients:
    """Fit all coefficients to parts; the bands to errors on repositories left out."""
    plain = [part for part in parts if not part.supports]
    filament = _solved(
        np.array([part.filament for part in plain]), _mm(plain), np.array(FILAMENT_AT_FIRST)
    )
    seconds = _solved(
        np.array([part.seconds for part in plain]), _s(plain), np.array(SECONDS_AT_FIRST)
    )
    held = [part for part in parts if part.supports]
    over = np.array([[part.filament @ filament, part.column_mm, part.column_mm2] for part in held])
    late = np.array([[part.seconds @ seconds, part.column_mm, part.column_mm2] for part in held])
    more = np.array(_SUPPORT_FILAMENT_AT_FIRST), np.array(_SUPPORT_SECONDS_AT_FIRST)
    support_filament = _solved(over, _mm(held), more[0]) if held else more[0]
    support_seconds = _solved(late, _s(held), more[1]) if held else more[1]
    return Coefficients(
        made={"on": date.today().isoformat(), "parts": str(len(parts)), **words},  # noqa: DTZ011 - a day is enough
        filament=_rounded(filament),
        seconds=_rounded(seconds),
        support_filament=_rounded(support_filament),
        support_seconds=_rounded(support_seconds),
        filament_band=_band(_left_out(plain, "filament"), _mm(plain)),
        seconds_band=_band(_left_out(plain, "seconds"), _s(plain)),
    )


def _left_out(parts: list[Part], of: str) -> Floats:
    """Predict each part from the other repositories' parts."""
    first = np.array(FILAMENT_AT_FIRST if of == "filament" else SECONDS_AT_FIRST)
    truth = _mm(parts) if of == "filament" else _s(parts)
    features = np.array([getattr(part, of) for part in parts])
    repository = np.array([part.repository for part in parts])
    found = np.zeros(len(parts))
    for name in np.unique(repository):
        out = repository == name
        known = ~out if (~out).any() else out
        found[out] = features[out] @ _solved(features[known], truth[known], first)
    return found


def _band(found: Floats, truth: Floats) -> float:
    errors = np.abs(np.log(truth / found))
    return round(float(np.quantile(errors, min(1.0, _BAND_SHARE * (1 + 1 / len(errors))))), 4)


def _solved(features: Floats, truth: Floats, first: Floats) -> Floats:
    scaled = np.vstack((features / truth[:, None] * first, _RIDGE * np.eye(len(first))))
    wanted = np.concatenate((np.ones(len(truth)), _RIDGE * np.ones(len(first))))
    weight = np.ones(len(wanted))
    solution = np.ones(len(first))
    for _ in range(_ROUNDS):
        solution = nnls(scaled * weight[:, None], wanted * weight)[0]
        error = np.abs(scaled @ solution - wanted)[: len(truth)]
        weight[: len(truth)] = 1 / np.sqrt(np.maximum(error, _SMALL_ERROR))
    return np.asarray(solution * first)


def _mm(parts: list[Part]) -> Floats:
    return np.array([part.slicer_mm for part in parts])


def _s(parts: list[Part]) -> Floats:
    return np.array([part.slicer_seconds for part in parts])


def _rounded(figures: Floats) -> tuple[float, ...]:
    return tuple(round(float(one), 4) for one in figures)
