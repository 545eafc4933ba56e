"""Figures of several policies side by side, for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from parts3d.simulation.figures import Figures
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.summary import Summary

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = (
    ("kept", "kept"),
    ("kept_same_day", "same day kept"),
    ("kept_at_point", "kept at point"),
    ("worst_day_kept", "worst day"),
    ("promised_same_day_before_15", "same day offers"),
    ("ready_same_day_before_15", "ready same day"),
    ("moved", "moved"),
    ("refused", "refused"),
)


def heading(scenario: Scenario, found: Mapping[str, Summary], seeds: int) -> str:
    """Return a line that says what was simulated."""
    about = scenario.scenario
    orders = max(one.figures.orders for one in found.values())
    seeds_words = f", {seeds} seeds" if seeds > 1 else f", seed {about.seed}"
    return (
        f"{about.name}: {scenario.network.points} points, "
        f"{about.measure_days} days after {about.warmup_days}, "
        f"{scenario.demand.utilisation:.0%} offered load, {orders} orders{seeds_words}"
    )


def table(found: Mapping[str, Summary]) -> "Table":
    """Return the figures as a table; offers are of orders before 15:00 on open days."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("policy", no_wrap=True)
    for _, title in _COLUMNS:
        shown.add_column(title, justify="right")
    for title in (
        "of oracle's offers",
        "late min (median)",
        "wait h",
        "used",
        "ms p50 / p99",
    ):
        shown.add_column(title, justify="right")
    oracle = found.get("oracle")
    for name, summary in found.items():
        figures = summary.figures
        shown.add_row(
            name,
            *(percent(getattr(figures, key)) for key, _ in _COLUMNS),
            percent(of_oracle(figures, oracle.figures if oracle else None)),
            f"{_number(figures.late_mean_min, 0)} ({_number(figures.late_median_min, 0)})",
            _number(figures.median_wait_h, 1),
            percent(figures.utilisation),
            f"{_number(figures.ms_per_decision_p50, 2)} / "
            f"{_number(figures.ms_per_decision_p99, 1)}",
        )
    return shown


def of_oracle(figures: Figures, oracle: Figures | None) -> float | None:
    """Return same-day offers as a share of the oracle's."""
    if oracle is None or not oracle.promised_same_day_before_15:
        return None
    if figures.promised_same_day_before_15 is None:
        return None
    return figures.promised_same_day_before_15 / oracle.promised_same_day_before_15


def percent(share: float | None) -> str:
    """Return a share in per cent, with one decimal."""
    return "-" if share is None else f"{share * 100:.1f}"


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"
