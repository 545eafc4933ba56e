"""A picture of a comparison, as SVG: promises over time, calibration, lateness. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from math import log10

from parts3d.promises.learning.shrinking import interval
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.summary import Summary
from parts3d.simulation.table import heading

# Colours that people with any colour vision tell apart (Okabe and Ito, 2008), ours the strongest.
_COLOURS = {
    "next-day": "#999999",
    "nearest-naive": "#E69F00",
    "earliest-naive": "#CC79A7",
    "safety-lead": "#009E73",
    "ours": "#0072B2",
    "oracle": "#000000",
}
_DASHES = {"oracle": "2 4", "next-day": "7 4", "safety-lead": "9 3 2 3"}
_WIDTH, _HEIGHT = 1200, 440
_PANEL, _TOP, _TALL, _WIDE = 390, 96, 280, 320
_LEFT = 52
_MINUTES = (1, 5, 15, 60, 240, 1440, 10_080)
_MINUTE_WORDS = ("1 min", "5", "15", "1 h", "4 h", "1 day", "1 week")
_LEVELS = (0.5, 0.9, 0.99, 0.999)

Scale = Callable[[float], float]


def draw(scenario: Scenario, found: Mapping[str, Summary], seeds: int) -> str:
    """Return the picture as an SVG document."""
    panels = [
        _panel(0, "Kept promises by day of the order", _over_time(scenario, found)),
        _panel(1, "Kept, against what was stated", _calibration(found)),
        _panel(2, "Share of orders later than …", _lateness(found)),
    ]
    title = escape(heading(scenario, found, seeds))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="{title}">'
    )
    return "\n".join(
        [
            opening,
            f"<title>{title}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            _text(24, 30, escape(heading(scenario, found, seeds)), size=17, weight=600),
            _legend(found),
            *panels,
            "</svg>\n",
        ]
    )


def _panel(number: int, title: str, content: Iterable[str]) -> str:
    body = "\n".join(content)
    return (
        f'<g transform="translate({number * _PANEL + _LEFT} {_TOP})">'
        f"{_text(0, -12, title, weight=600)}\n{body}</g>"
    )


def _over_time(scenario: Scenario, found: Mapping[str, Summary]) -> list[str]:
    days = scenario.scenario.measure_days
    shares = {
        name: [(day, kept / total) for day, (kept, total) in one.by_day.items()]
        for name, one in found.items()
    }
    x = _linear(0, max(days - 1, 1))
    # Where all keep most, the difference is at the top.
    lowest = min((share for points in shares.values() for _, share in points), default=0.0)
    low = 0.9 if lowest >= 0.9 else 0.5 if lowest >= 0.5 else 0.0  # noqa: PLR2004 - round edges
    y = _upwards(low, 1)
    step = max(days // 7, 1)
    drawn = [
        _across(y(share), f"{share:.0%}".replace("%", " %"))
        for share in (low + part * (1 - low) / 5 for part in range(6))
    ]
    drawn += [
        _below(x(day), f"day {day}" if day == 0 else f"{day}") for day in range(0, days, step)
    ]
    for name, points in shares.items():
        drawn.append(_line(name, [(x(day), y(share)) for day, share in points]))
    return drawn


def _calibration(found: Mapping[str, Summary]) -> list[str]:
    def odds(share: float) -> float:
        share = min(max(share, 0.3), 0.9995)
        return log10(share / (1 - share))

    x, y = _linear(odds(0.4), odds(0.9995)), _upwards(odds(0.3), odds(0.9995))
    drawn = [_across(y(odds(level)), f"{level * 100:g} %") for level in _LEVELS]
    drawn += [_below(x(odds(level)), f"{level * 100:g} %") for level in _LEVELS]
    drawn.append(
        f'<line x1="{x(odds(0.4)):.1f}" y1="{y(odds(0.4)):.1f}" x2="{x(odds(0.9995)):.1f}" '
        f'y2="{y(odds(0.9995)):.1f}" stroke="#bbb" stroke-dasharray="4 4"/>'
    )
    stating = {name: one.by_level for name, one in found.items() if name != "oracle"}
    if not any(stating.values()):
        drawn.append(_text(_WIDE / 2, _TALL / 2, "none of them states a level", anchor="middle"))
    for name, by_level in stating.items():
        for level, (kept, total) in by_level.items():
            low, high = interval(kept, total)
            at = x(odds(level))
            colour = _colour(name)
            drawn.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y(odds(low)):.1f}" '
                f'y2="{y(odds(high)):.1f}" stroke="{colour}" stroke-width="1.5" opacity="0.5"/>'
                f'<circle cx="{at:.1f}" cy="{y(odds(kept / total)):.1f}" fill="{colour}" '
                f'r="{2.5 + min(total, 3000) ** 0.5 / 20:.1f}">'
                f"<title>{escape(name)}: stated {level:.1%}, kept {kept / total:.1%} "
                f"of {total}</title></circle>"
            )
    drawn.append(_text(_WIDE / 2, _TALL + 36, "stated (odds)", anchor="middle"))
    return drawn


def _lateness(found: Mapping[str, Summary]) -> list[str]:
    def place(minutes: float) -> float:
        return log10(min(max(minutes, _MINUTES[0]), _MINUTES[-1]))

    def share_at(share: float) -> float:
        return log10(max(share, 0.001))

    x, y = _linear(place(_MINUTES[0]), place(_MINUTES[-1])), _upwards(-3, 0)
    drawn = [_across(y(power), word) for power, word in zip((-3, -2, -1, 0), _SHARES, strict=True)]
    drawn += [
        _below(x(place(minutes)), word)
        for minutes, word in zip(_MINUTES, _MINUTE_WORDS, strict=True)
    ]
    for name, one in found.items():
        orders = one.figures.orders
        if not orders or not one.late_min:
            continue
        late = one.late_min
        points = [
            (x(place(minutes)), y(share_at((len(late) - index) / orders)))
            for index, minutes in _thinned(late)
        ]
        drawn.append(_line(name, [(0.0, points[0][1]), *points]))
    drawn.append(_text(_WIDE / 2, _TALL + 36, "minutes after the promise", anchor="middle"))
    return drawn


_SHARES = ("0.1 %", "1 %", "10 %", "100 %")


def _thinned(values: Sequence[float], most: int = 200) -> list[tuple[int, float]]:
    step = max(len(values) // most, 1)
    chosen = list(range(0, len(values), step))
    return [(index, values[index]) for index in dict.fromkeys([*chosen, len(values) - 1])]


def _legend(found: Mapping[str, Summary]) -> str:
    parts = []
    for number, name in enumerate(found):
        at = 24 + number * 150
        parts.append(
            f'<line x1="{at}" x2="{at + 26}" y1="56" y2="56" {_stroke(name)}/>'
            + _text(at + 34, 60, escape(name))
        )
    return "".join(parts)


def _linear(low: float, high: float) -> Scale:
    return lambda value: (value - low) / (high - low) * _WIDE


def _upwards(low: float, high: float) -> Scale:
    return lambda value: _TALL - (value - low) / (high - low) * _TALL


def _line(name: str, points: Sequence[tuple[float, float]]) -> str:
    placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{placed}" fill="none" {_stroke(name)}><title>{name}</title></polyline>'
    )


def _stroke(name: str) -> str:
    dash = f' stroke-dasharray="{_DASHES[name]}"' if name in _DASHES else ""
    width = 3 if name == "ours" else 1.8
    return f'stroke="{_colour(name)}" stroke-width="{width}" stroke-linejoin="round"{dash}'


def _colour(name: str) -> str:
    return _COLOURS.get(name, "#56B4E9")


def _across(y: float, word: str) -> str:
    return f'<line x1="0" x2="{_WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>' + _text(
        -8, y + 4, word, anchor="end", size=11
    )


def _below(x: float, word: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TALL}" y2="{_TALL + 5}" stroke="#999"/>' + _text(
        x, _TALL + 19, word, anchor="middle", size=11
    )


def _text(
    x: float, y: float, words: str, *, size: int = 12, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="#222">{words}</text>'
    )
