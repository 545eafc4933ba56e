"""Where things lie on the drawing of a timeline, in the units of its ``viewBox``. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from parts3d.jobs.timeline import Bar, Lane, Timeline
from parts3d.points.hours import BRUSSELS

WIDTH = 1000.0
LEFT, TOP, LANE_HEIGHT, BAR_HEIGHT, FOOT = 150.0, 34.0, 64.0, 38.0, 10.0
_MOST_HOURS_EACH = 13
_LEAST_TEXT_WIDTH = 74.0
_SIGN_WIDTH = 7.2
_LEAST_WIDTH = 4.0


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A print as a box; ``must_x`` is where it must have started, if that is in the picture."""

    bar: Bar
    x: float
    y: float
    width: float
    text: str
    must_x: float | None


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """A printer's strip from ``y`` on; ``away`` are x and width of its maintenance."""

    lane: Lane
    y: float
    bars: tuple[DrawnBar, ...]
    away: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole: strips, hours (x and words), closed times (x and width), now, closing."""

    width: float
    height: float
    left: float
    top: float
    bottom: float
    lane_height: float
    bar_height: float
    lanes: tuple[DrawnLane, ...]
    hours: tuple[tuple[float, str], ...]
    closed: tuple[tuple[float, float], ...]
    now_x: float
    closing_x: float | None


def draw(timeline: Timeline) -> Drawing:
    """Lay a timeline out."""
    span = timeline.ends_at - timeline.begins_at
    bottom = TOP + LANE_HEIGHT * max(len(timeline.lanes), 1)

    def across(at: datetime) -> float:
        share = (at - timeline.begins_at) / span
        return round(LEFT + (WIDTH - LEFT) * min(max(share, 0.0), 1.0), 1)

    def stretch(begins: datetime, ends: datetime) -> tuple[float, float]:
        return across(begins), round(across(ends) - across(begins), 1)

    def inside(at: datetime | None) -> bool:
        return at is not None and timeline.begins_at <= at <= timeline.ends_at

    def box(bar: Bar, y: float) -> DrawnBar:
        x = across(bar.starts_at)
        width = max(across(bar.ends_at) - x, _LEAST_WIDTH)
        signs = int((width - 14) / _SIGN_WIDTH)
        text = "" if width < _LEAST_TEXT_WIDTH else _shortened(bar.title or bar.label, signs)
        must = bar.must_start_by
        must_x = across(must) if must is not None and inside(must) else None
        return DrawnBar(bar, x, y + (LANE_HEIGHT - BAR_HEIGHT) / 2, width, text, must_x)

    lanes = tuple(
        DrawnLane(
            lane,
            y,
            tuple(box(bar, y) for bar in lane.bars),
            tuple(
                stretch(begins, ends)
                for begins, ends in lane.away
                if begins < timeline.ends_at and ends > timeline.begins_at
            ),
        )
        for number, lane in enumerate(timeline.lanes)
        for y in [TOP + LANE_HEIGHT * number]
    )
    closing = timeline.closes_at
    return Drawing(
        WIDTH,
        bottom + FOOT,
        LEFT,
        TOP,
        bottom,
        LANE_HEIGHT,
        BAR_HEIGHT,
        lanes,
        tuple((across(at), f"{at.astimezone(BRUSSELS):%H:%M}") for at in _hours(timeline)),
        tuple(stretch(opens, closes) for opens, closes in timeline.closed),
        across(timeline.now),
        across(closing) if closing is not None and inside(closing) else None,
    )


def _hours(timeline: Timeline) -> list[datetime]:
    hours = int((timeline.ends_at - timeline.begins_at) / timedelta(hours=1))
    every = next(step for step in (1, 2, 3, 6) if hours / step <= _MOST_HOURS_EACH or step == 6)  # noqa: PLR2004 - the last resort
    return [timeline.begins_at + timedelta(hours=number) for number in range(0, hours + 1, every)]


def _shortened(text: str, signs: int) -> str:
    return text if len(text) <= signs else text[: max(signs - 1, 0)].rstrip() + "…"
