"""Which layers of a part stand for the others, and what each of them costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.estimate.choosing import BESIDE_MM, chosen_layers
from parts3d.slicing.estimate.sections import sections
from parts3d.slicing.estimate.toolpaths import Kind, Lines, Surroundings, draw, line_area_mm2
from parts3d.slicing.gcode import Toolpath
from parts3d.slicing.motion import move_seconds
from parts3d.slicing.profiles import Profile

Floats = NDArray[np.float64]
SAMPLES = 24
_LEAST_MOVE_MM = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Layers drawn, and how many layers each stands for.

    Args:
        weight: (k,), layers.
        seconds: (k, kinds), of each kind of move.
        length_mm: (k, kinds), drawn.
        retractions: (k,).
        height_mm: (k,), thickness of the layer.
        first: (k,), whether it lies on the bed.
        layer_count: of the whole print.
    """

    weight: Floats
    seconds: Floats
    length_mm: Floats
    retractions: Floats
    height_mm: Floats
    first: NDArray[np.bool_]
    layer_count: int


def sample(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    recipe: Recipe,
    profile: Profile,
    *,
    flow_mm3_s: float = np.inf,
    samples: int = SAMPLES,
) -> Sampled:
    """Draw some layers of a part.

    Args:
        vertices: (v, 3), mm, turned as it is printed.
        faces: (f, 3).
        recipe: layer height, walls, infill.
        profile: the printer's.
        flow_mm3_s: as much as the nozzle melts of the material; faster lines are slowed to it.
        samples: layers to draw besides the first.
    """
    floor, top = float(vertices[:, 2].min()), float(vertices[:, 2].max())
    thick, bottom = recipe.layer_height_mm, profile.first_layer_height_mm
    count = max(1, 1 + round((top - floor - bottom) / thick))
    upper, weights = chosen_layers(vertices, faces, floor + bottom, count, recipe, profile, samples)
    numbers = [0, *upper]
    offsets = [0, 1, *_within(recipe.top_layers, 1), *_within(recipe.bottom_layers, -1)]
    wanted = np.unique([number + offset for number in numbers for offset in offsets])
    heights = floor + bottom + (wanted - 0.5) * thick + BESIDE_MM
    heights[wanted == 0] = floor + bottom / 2 + BESIDE_MM
    cut = dict(zip(wanted.tolist(), sections(vertices, faces, heights), strict=True))
    drawn: dict[tuple[object, ...], Lines] = {}
    lines = [
        _drawn_once(
            Surroundings(
                cut[number],
                cut[number + 1],
                tuple(cut[number + step] for step in _within(recipe.top_layers, 1)),
                tuple(cut[number + step] for step in _within(recipe.bottom_layers, -1)),
                first=number == 0,
            ),
            recipe,
            profile,
            number,
            drawn,
        )
        for number in numbers
    ]
    first = np.array(numbers) == 0
    seconds, lengths = _timed(lines, first, recipe, profile, flow_mm3_s)
    return Sampled(
        weight=np.array([1.0, *weights]),
        seconds=seconds,
        length_mm=lengths,
        retractions=np.array([float(one.retractions) for one in lines]),
        height_mm=np.where(first, bottom, thick),
        first=first,
        layer_count=count,
    )


def _drawn_once(
    around: Surroundings,
    recipe: Recipe,
    profile: Profile,
    number: int,
    drawn: dict[tuple[object, ...], Lines],
) -> Lines:
    """Draw a layer, or return the one before that has the same sections all around."""
    key = (
        *map(id, (around.here, around.next_above, *around.above, *around.below)),
        around.first,
        number % 2,
    )
    if key not in drawn:
        drawn[key] = draw(around, recipe, profile, number)
    return drawn[key]


def _within(layers: int, way: int) -> tuple[int, ...]:
    """The layers that are looked at for what is solid: the farthest, and one half way."""
    return tuple(way * step for step in sorted({layers // 2, layers}) if step)


def _timed(
    lines: list[Lines],
    first: NDArray[np.bool_],
    recipe: Recipe,
    profile: Profile,
    flow_mm3_s: float,
) -> tuple[Floats, Floats]:
    """Seconds and millimetres of each layer by kind, by the planner that times G-code."""
    speeds, ramps = profile.speeds, profile.accelerations
    speed = np.array(
        [
            speeds.wall_outer,
            speeds.wall_inner,
            speeds.solid,
            speeds.top,
            speeds.infill,
            speeds.travel,
        ]
    )
    speed[: Kind.TRAVEL] = np.minimum(
        speed[: Kind.TRAVEL],
        flow_mm3_s / line_area_mm2(profile.widths.line, recipe.layer_height_mm),
    )
    ramp = np.array([ramps.wall, ramps.wall, *[ramps.infill] * 3, ramps.travel])
    layer = np.repeat(np.arange(len(lines)), [len(one.kinds) for one in lines])
    kind = np.concatenate([one.kinds for one in lines])
    begin = np.vstack([one.points[:-1] for one in lines])
    end = np.vstack([one.points[1:] for one in lines])
    length = np.linalg.norm(end - begin, axis=1)
    moved = length > _LEAST_MOVE_MM
    layer, kind, begin, end, length = (x[moved] for x in (layer, kind, begin, end, length))
    on_bed = first[layer] & (kind != Kind.TRAVEL)
    zero = np.zeros(len(kind))
    path = Toolpath(
        line=np.arange(len(kind)),
        start=np.column_stack((begin, zero)),
        end=np.column_stack((end, zero)),
        extruded=zero,
        speed=np.where(on_bed, speeds.first_layer, speed[kind]),
        acceleration=np.where(on_bed, ramps.first_layer, ramp[kind]),
        homed=np.ones(len(kind), dtype=np.bool_),
        role=kind,
        section=np.zeros(len(kind), dtype=np.int64),
        commands=(),
        dwell_seconds=0.0,
    )
    at = layer * len(Kind) + kind
    shape = (len(lines), len(Kind))
    size = len(lines) * len(Kind)
    taken = np.bincount(at, weights=move_seconds(path, profile.limits), minlength=size)
    drawn = np.bincount(at, weights=length, minlength=size)
    return (
        taken.reshape(shape).astype(np.float64, copy=False),
        drawn.reshape(shape).astype(np.float64, copy=False),
    )
