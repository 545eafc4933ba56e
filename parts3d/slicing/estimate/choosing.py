"""Which layers of a part are drawn: those that stand for about equal work."""

import numpy as np
from numpy.typing import NDArray

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.estimate.sections import outlines
from parts3d.slicing.profiles import Profile

_LOOKED_AT = 200
# A section at a height that is a vertex's is ambiguous: layers are cut a little beside.
BESIDE_MM = 1.37e-4


def chosen_layers(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    second_mm: float,
    count: int,
    recipe: Recipe,
    profile: Profile,
    samples: int,
) -> tuple[list[int], list[float]]:
    """Choose layers that stand for about equal work, and how many layers' work each stands for.

    A thin base plate is as much work as many layers of the walls on it, and evenly spread samples
    would miss it. The work is guessed for up to 200 layers from outline and area alone.

    Args:
        vertices: (v, 3), mm, as it stands.
        faces: (f, 3).
        second_mm: height of the second layer's lower side.
        count: layers of the print, the first among them; that is always drawn and not chosen.
        recipe: layer height, walls, solid layers.
        profile: widths and speeds.
        samples: layers wanted.

    Returns:
        Numbers of layers, ascending, and the layers that each stands for.
    """
    every = max(1, -(-(count - 1) // _LOOKED_AT))
    looked = np.arange(1, count, every)
    if len(looked) == 0:
        return [], []
    thick = recipe.layer_height_mm
    heights = np.asarray(second_mm + (looked - 0.5) * thick + BESIDE_MM, dtype=np.float64)
    length, area = outlines(vertices, faces, heights)
    reach = (max(1, recipe.top_layers // every), max(1, recipe.bottom_layers // every))
    over = np.concatenate((area[reach[0] :], np.zeros(min(reach[0], len(area)))))[: len(area)]
    under = np.concatenate((np.zeros(min(reach[1], len(area))), area))[: len(area)]
    solid = np.clip(area - np.minimum(over, under), 0, None)
    width, speeds = profile.widths.line, profile.speeds
    walls = length * (1 / speeds.wall_outer + (recipe.wall_count - 1) / speeds.wall_inner)
    sparse = np.clip(area - solid - recipe.wall_count * width * length, 0, None)
    work = walls + (solid + sparse * recipe.infill_percent / 100) / (width * speeds.infill)
    work = np.maximum(work, profile.minimum_layer_seconds) + 1.0
    done = np.cumsum(work)
    parts = min(samples, len(looked))
    borders = np.searchsorted(done, done[-1] * np.arange(1, parts) / parts)
    stratum = np.zeros(len(looked), dtype=np.int64)
    np.add.at(stratum, np.minimum(borders + 1, len(looked) - 1), 1)
    stratum = np.cumsum(stratum)
    found, weights = [], []
    for number in np.unique(stratum):
        mine = np.flatnonzero(stratum == number)
        middle = mine[np.searchsorted(done[mine], done[mine].mean())]
        found.append(int(looked[middle]))
        weights.append(float(work[mine].sum() / work[middle] * (count - 1) / len(looked)))
    return found, weights
