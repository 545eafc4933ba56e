"""When everything at a point may be ready: runs its futures and reads quantiles from them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from parts3d.promises.futures.compiled import futures_loop
from parts3d.promises.futures.draws import Draws, draws, strata
from parts3d.promises.futures.scene import Floats, Ints, Scene, tables_of
from parts3d.promises.print_time import PrintTime

SAMPLES = (64, 96, 96)  # calm, disturbed, failing
_FEW_SAMPLES = (24, 20, 20)
_MANY_PRINTS = 60  # from here on fewer futures: so many prints even each other out
_NEW_SLOTS = 12
_OUTAGE_WINDOW = 1440.0  # as in ``loop``, which is imported late
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Prints:
    """Prints that do not stand at the point yet.

    Args:
        times: of each, by printer; None where it cannot be made.
        homes: of each, the printer planned for its first try; -1 for any.
        parts: of each, the number of the part that it makes, from 0; twins make the same. Below
            0: a part that stands at the point, ``-1 - number``: a hedge.
        materials: of each.
        copies: of each.
    """

    times: Sequence[Sequence[PrintTime | None]]
    homes: Sequence[int]
    parts: Sequence[int]
    materials: Sequence[str]
    copies: Sequence[int]


@dataclass(frozen=True, slots=True)
class Futures:
    """What came of a point, many times over.

    Args:
        ready: (samples, parts) minute at which each part was ready; ``inf``: not in time.
        weights: (samples,) of each future; together 1.
        tries: (samples,) prints begun for the new order.
        standing: how many of the parts stood at the point before; the new ones follow.
    """

    ready: Floats
    weights: Floats
    tries: Ints
    standing: int

    def all_new(self) -> Floats:
        """Return (samples,) when the last of the new parts was ready."""
        last: Floats = self.ready[:, self.standing :].max(axis=1)
        return last

    def quantile(self, level: float) -> float:
        """Return the minute by which the new order is ready in ``level`` of the futures."""
        return weighted_quantile(self.all_new(), self.weights, level)

    def late(self, part: int, due: float) -> float:
        """Return the chance that a part is ready only after a minute."""
        return float(self.weights[self.ready[:, part] > due].sum())


def weighted_quantile(values: Floats, of_weight: Floats, level: float) -> float:
    """Return the smallest value that ``level`` of all weight does not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(of_weight[order])
    index = int(np.searchsorted(reached, level - _TOLERANCE))
    return float(values[order[min(index, len(order) - 1)]])


def run(
    scene: Scene,
    new: Prints | None = None,
    *,
    urgency: float = inf,
    only_new: bool = False,
    table: Draws | None = None,
) -> Futures:
    """Run the futures of a point, with an order that is new there or without.

    Args:
        scene: the point.
        new: the order's prints.
        urgency: the minute that decides when the new prints' turn is; ``inf``: after all others.
        only_new: do not look at what becomes of the others once the new ones are ready.
        table: draws other than the usual ones.
    """
    standing = int(scene.group.max()) + 1 if len(scene.group) else 0
    prints = 0 if new is None else len(new.times)
    if table is None:
        many = len(scene.group) + prints > _MANY_PRINTS
        table = draws(*(_FEW_SAMPLES if many else SAMPLES))
    arrays, parts, chances = _with_new(scene, new, standing, urgency)
    outages = -np.expm1(-scene.printer_outages * _OUTAGE_WINDOW)
    standing_chances = np.concatenate((scene.first_fails, outages))
    layers = strata(table, standing_chances, chances, len(scene.group))
    samples = len(table.uniform)
    ready = np.empty((samples, standing + parts))
    tries = np.zeros(samples, np.int64)
    futures_loop()(
        scene.staffed,
        scene.bridged,
        scene.rule,
        scene.people,
        scene.staff_free_at,
        scene.now,
        scene.until,
        scene.handling,
        scene.change_minutes,
        scene.printer_state,
        scene.printer_job,
        scene.printer_left,
        scene.printer_done,
        scene.printer_loaded,
        scene.printer_outages,
        scene.repair,
        arrays.minutes,
        arrays.planned,
        arrays.sigma,
        arrays.failing,
        scene.reject_share,
        arrays.urgency,
        arrays.home,
        arrays.group,
        arrays.material,
        arrays.copies,
        arrays.slots,
        len(scene.group),
        standing + parts,
        layers.standing_fails,
        layers.new_fails,
        only_new and prints > 0,
        table.uniform,
        table.normal,
        ready,
        tries,
    )
    return Futures(ready, layers.weights, tries, standing)


@dataclass(frozen=True, slots=True)
class _Jobs:
    minutes: Floats
    planned: Floats
    sigma: Floats
    failing: Floats
    urgency: Floats
    home: Ints
    group: Ints
    material: Ints
    copies: Ints
    slots: Ints


def _with_new(
    scene: Scene, new: Prints | None, standing: int, urgency: float
) -> tuple[_Jobs, int, Floats]:
    """Return the jobs' arrays with the new ones last, how many parts these make, their risks."""
    if new is None:
        return (
            _Jobs(
                scene.minutes,
                scene.planned,
                scene.sigma,
                scene.failing,
                scene.urgency,
                scene.home,
                scene.group,
                scene.material,
                scene.copies,
                scene.slots,
            ),
            0,
            np.zeros(0),
        )
    count = len(new.times)
    minutes, planned, sigma, failing = tables_of(new.times, len(scene.printer_state))
    known = [
        scene.materials.index(material) if material in scene.materials else 10_000 + number
        for number, material in enumerate(new.materials)
    ]
    usual = [
        chances[home] if home >= 0 else chances[np.isfinite(row)].max()
        for chances, row, home in zip(failing, minutes, new.homes, strict=True)
    ]
    # In the order given, all as urgent as the first: a thousandth of a minute between them.
    begin = min(urgency, 1e15)
    return (
        _Jobs(
            np.vstack((scene.minutes, minutes)),
            np.vstack((scene.planned, planned)),
            np.vstack((scene.sigma, sigma)),
            np.vstack((scene.failing, failing)),
            np.concatenate((scene.urgency, begin + 1e-3 * np.arange(count))),
            _joined(scene.home, new.homes),
            _joined(scene.group, [standing + one if one >= 0 else -1 - one for one in new.parts]),
            _joined(scene.material, known),
            _joined(scene.copies, new.copies),
            _joined(scene.slots, np.arange(count) % _NEW_SLOTS),
        ),
        max(*new.parts, -1) + 1,
        np.array(usual, np.float64),
    )


def _joined(before: Ints, more: Sequence[int] | Ints) -> Ints:
    return np.concatenate((before, np.asarray(more, np.int64)))
