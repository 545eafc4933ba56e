"""``parts3d simulate``: policies compared in a network on paper."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parts3d.errors import Invalid, Parts3dError

if TYPE_CHECKING:
    from parts3d.simulation.scenario import Scenario
    from parts3d.simulation.summary import Summary

_STOPPED = 130
_WRONG_USE = 2
_MOST_BYTES = 1_000_000


def simulate(
    scenario: Annotated[
        str, typer.Argument(help="A scenario file (TOML), or the name of a shipped one.")
    ],
    *,
    policy: Annotated[
        list[str] | None, typer.Option(help="Only this policy; may be given several times.")
    ] = None,
    load: Annotated[
        float | None, typer.Option(min=0.01, max=5, help="Offered load instead of the file's.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Average over so many seeds.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object, and nothing else.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw promises, calibration and lateness (an .svg file).")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; as many as cores, if not given.")
    ] = None,
) -> None:
    """Simulate a network by every policy, and count how promises were kept.

    Exit 0: done; 2: the scenario cannot be read, or what was asked cannot be done.
    """
    from parts3d.simulation.running import compare

    try:
        if plot is not None and plot.suffix.lower() != ".svg":
            raise Invalid(f"Pictures are drawn as SVG. Name the file {plot.with_suffix('.svg')}.")
        world = _read(scenario)
        if load is not None:
            world = world.at_load(load)
        with _bar() as told:
            found = compare(world, policy or (), seeds=seeds, workers=workers, told=told)
        if plot is not None:
            from parts3d.simulation.plot import draw

            _write(plot, draw(world, found, seeds))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        raise typer.Exit(_STOPPED) from None
    except Parts3dError as refusal:
        sys.stderr.write(f"{refusal.message}\n")
        raise typer.Exit(_WRONG_USE) from None
    if as_json:
        policies = {name: asdict(one.figures) for name, one in found.items()}
        typer.echo(json.dumps({"scenario": world.scenario.name, "policies": policies}, indent=2))
    else:
        _print(world, found, seeds)


def _read(name: str) -> "Scenario":
    from parts3d.simulation.scenario_file import read_scenario
    from parts3d.simulation.scenarios import shipped

    path = Path(name)
    if not path.exists() and name in shipped():
        path = shipped()[name]
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Invalid(f"{name} is larger than a scenario can be. Is it the right file?")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(shipped())
        raise Invalid(
            f"{name} cannot be read. Give a scenario file, or one of the shipped: {known}."
        ) from error
    return read_scenario(text, name)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(
            f"{path} cannot be written: {error.strerror}. Choose another file."
        ) from error


@contextmanager
def _bar() -> Iterator[Callable[[float], object] | None]:
    """Show how far it is, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    # No thread that refreshes: processes are started meanwhile.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task("", total=1.0)
        bar.refresh()
        yield lambda share: bar.update(task, completed=share, refresh=True)


def _print(world: "Scenario", found: "Mapping[str, Summary]", seeds: int) -> None:
    from rich.console import Console

    from parts3d.simulation.table import heading, table

    console = Console()
    if not console.is_terminal:
        console.width = 165
    console.print(heading(world, found, seeds))
    console.print(table(found))
