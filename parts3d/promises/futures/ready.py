"""When everything at a point may be ready: runs its futures and reads quantiles from them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from parts3d.promises.futures.compiled import futures_loop
from parts3d.promises.futures.draws import (
    HUSH_WINDOW,
    OUTAGE_WINDOW,
    Draws,
    Strata,
    draws,
    strata,
)
from parts3d.promises.futures.print_tables import Floats, Ints, tables_of
from parts3d.promises.futures.scene import Scene
from parts3d.promises.print_time import PrintTime

SAMPLES = (64, 96, 96)  # calm, disturbed, failing
FEW_SAMPLES = (16, 24, 24)  # for a glance
_MANY_PRINTS = 60  # that stand at a point: beyond that fewer futures, they even each other out
_NEW_SLOTS = 12
_TOLERANCE = 1e-9
_NONE: Floats = np.zeros(0)


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

    def reached(self) -> "Reached":
        """Return how the new order's ready times are distributed."""
        values = self.all_new()
        order = values.argsort(kind="stable")
        return Reached(values[order], self.weights[order].cumsum())

    def quantile(self, level: float) -> float:
        """Return the minute by which the new order is ready in ``level`` of the futures."""
        return self.reached().quantile(level)

    def late(self, part: int, due: float) -> float:
        """Return the chance that a part is ready only after a minute."""
        return float(self.weights[self.ready[:, part] > due].sum())


@dataclass(frozen=True, slots=True)
class Reached:
    """Ready times, ascending, and the weight of the futures up to each."""

    values: Floats
    weight: Floats

    def quantile(self, level: float) -> float:
        """Return the smallest value that ``level`` of all weight does not exceed."""
        index = int(self.weight.searchsorted(level - _TOLERANCE))
        return float(self.values[min(index, len(self.values) - 1)])

    def share(self, minute: float) -> float:
        """Return the weight of the futures that are ready by a minute."""
        index = int(self.values.searchsorted(minute, side="right"))
        return float(self.weight[index - 1]) if index else 0.0


def weighted_quantile(values: Floats, of_weight: Floats, level: float) -> float:
    """Return the smallest value that ``level`` of all weight does not exceed."""
    order = values.argsort(kind="stable")
    return Reached(values[order], of_weight[order].cumsum()).quantile(level)


def run(
    scene: Scene,
    new: Prints | None = None,
    *,
    urgency: float = inf,
    only_new: bool = False,
) -> Futures:
    """Run the futures of a point, with an order that is new there or without; see ``Joined``."""
    return join(scene, new).run(urgency=urgency, only_new=only_new)


@dataclass(frozen=True, slots=True)
class Joined:
    """A point and what is new there, ready to be run, with several urgencies if need be."""

    scene: Scene
    minutes: Floats
    planned: Floats
    sigma: Floats
    failing: Floats
    home: Ints
    group: Ints
    material: Ints
    copies: Ints
    slots: Ints
    kin: Ints
    standing: int
    parts: int
    new_chances: Floats
    table: Draws
    layers: Strata

    def with_samples(self, samples: tuple[int, int, int]) -> "Joined":
        """Return the same, to be run so many times."""
        table = _table(self.scene, samples)
        if table is self.table:
            return self
        return replace(self, table=table, layers=_layers(self.scene, table, self.new_chances))

    def run(self, *, urgency: float = inf, only_new: bool = False) -> Futures:
        """Run the futures.

        Args:
            urgency: the minute that decides when the new prints' turn is; ``inf``: after all.
            only_new: do not look at what becomes of the others once the new ones are ready.
        """
        scene = self.scene
        first_new = len(scene.group)
        news = len(self.group) - first_new
        # In the order given, all as urgent as the first: a thousandth of a minute between them.
        urgencies = np.concatenate((scene.urgency, min(urgency, 1e15) + 1e-3 * np.arange(news)))
        samples = len(self.table.uniform)
        ready = np.empty((samples, self.standing + self.parts))
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
            scene.printer_spread,
            scene.printer_done,
            scene.printer_loaded,
            scene.printer_outages,
            scene.printer_away,
            scene.printer_silent,
            scene.repair,
            scene.silence_rate,
            scene.silence,
            self.minutes,
            self.planned,
            self.sigma,
            self.failing,
            scene.reject_share,
            urgencies,
            urgencies.argsort(kind="stable"),
            self.home,
            self.group,
            self.material,
            self.copies,
            self.slots,
            self.kin,
            first_new,
            self.standing + self.parts,
            self.layers.standing_fails,
            self.layers.new_fails,
            only_new and self.parts > 0,
            self.table.uniform,
            self.table.normal,
            ready,
            tries,
        )
        return Futures(ready, self.layers.weights, tries, self.standing)


def join(
    scene: Scene, new: Prints | None = None, *, samples: tuple[int, int, int] = SAMPLES
) -> Joined:
    """Put an order's prints behind what stands at a point, to be run so many times."""
    standing = int(scene.group.max()) + 1 if len(scene.group) else 0
    count = 0 if new is None else len(new.times)
    table = _table(scene, samples)
    if new is None:
        return Joined(
            scene,
            scene.minutes,
            scene.planned,
            scene.sigma,
            scene.failing,
            scene.home,
            scene.group,
            scene.material,
            scene.copies,
            scene.slots,
            scene.slots,
            standing,
            0,
            _NONE,
            table,
            _layers(scene, table, _NONE),
        )
    minutes, planned, sigma, failing = tables_of(new.times)
    known = [
        scene.materials.index(material) if material in scene.materials else 10_000 + number
        for number, material in enumerate(new.materials)
    ]
    chances = np.array(
        [
            row_failing[home] if home >= 0 else row_failing[np.isfinite(row)].max()
            for row_failing, row, home in zip(failing, minutes, new.homes, strict=True)
        ],
        np.float64,
    )
    return Joined(
        scene,
        np.concatenate((scene.minutes, minutes)),
        np.concatenate((scene.planned, planned)),
        np.concatenate((scene.sigma, sigma)),
        np.concatenate((scene.failing, failing)),
        _joined(scene.home, new.homes),
        _joined(scene.group, [standing + one if one >= 0 else -1 - one for one in new.parts]),
        _joined(scene.material, known),
        _joined(scene.copies, new.copies),
        _joined(scene.slots, np.arange(count) % _NEW_SLOTS),
        _joined(scene.slots, _kin(scene, new)),
        standing,
        max(*new.parts, -1) + 1,
        chances,
        table,
        _layers(scene, table, chances),
    )


def _table(scene: Scene, samples: tuple[int, int, int]) -> Draws:
    return draws(*(FEW_SAMPLES if len(scene.group) > _MANY_PRINTS else samples))


def _layers(scene: Scene, table: Draws, new_chances: Floats) -> Strata:
    outages = -np.expm1(-scene.printer_outages * OUTAGE_WINDOW)
    silence = -np.expm1(-scene.silence_rate * HUSH_WINDOW)
    standing = np.concatenate((scene.first_fails, outages, (silence,)))
    return strata(table, standing, new_chances, len(scene.group))


def _kin(scene: Scene, new: Prints) -> list[int]:
    """Return for each new print the slot of the first print of its part."""
    return [
        int(scene.slots[int(np.argmax(scene.group == -1 - part))])
        if part < 0
        else new.parts.index(part) % _NEW_SLOTS
        for part in new.parts
    ]


def _joined(before: Ints, more: Sequence[int] | Ints) -> Ints:
    return np.concatenate((before, np.asarray(more, np.int64)))
