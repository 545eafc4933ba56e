"""``parts3d estimate``: grams and hours of model files, before anybody slices them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from parts3d.cli.progress import progress
from parts3d.errors import Invalid, Parts3dError

if TYPE_CHECKING:
    from parts3d.catalogue.recipe import Recipe
    from parts3d.slicing.estimate.files import FileEstimate
    from parts3d.slicing.profiles import MaterialProperties, Profile

_STOPPED = 130
_WRONG_USE = 2
_PAGE_COLUMNS = 120  # where the output is no terminal
_SECONDS_PER_MINUTE = 60


def estimate(
    files: Annotated[
        list[str],
        typer.Argument(help="STL, 3MF, OBJ or STEP files, folders of them, or patterns."),
    ],
    *,
    printer: Annotated[str, typer.Option(help="Printer model, as mk3s.")] = "mk3s",
    material: Annotated[str, typer.Option(help="PLA, PETG, ASA, ABS, PA-CF or TPU.")] = "PLA",
    supports: Annotated[bool, typer.Option("--supports", help="With supports.")] = False,
    infill: Annotated[int, typer.Option(min=0, max=100, help="Infill, percent.")] = 20,
    layer_height: Annotated[
        float, typer.Option(min=0.08, max=0.32, help="Layer height, mm.")
    ] = 0.20,
    unit: Annotated[
        Literal["mm", "inch", "m"] | None, typer.Option(help="Unit of the files.")
    ] = None,
    really_slice: Annotated[
        bool, typer.Option("--slice", help="Slice them with the engine found; takes seconds each.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array, and nothing else.")
    ] = False,
) -> None:
    """Estimate filament and time of prints, with the band that a slicer's time lies in.

    Exit 0: all estimated; 1: one does not fit the printer; 2: one could not be estimated.
    """
    from parts3d.meshes.files import find_files
    from parts3d.slicing.estimate.files import Asked, estimate_file, exit_code

    paths = find_files(files)
    found: list[FileEstimate] = []
    try:
        profile, properties, recipe = _wanted(printer, material, supports, infill, layer_height)
        asked = Asked(profile, properties, recipe, unit)
        engine = None
        if really_slice:
            from parts3d.settings import Settings
            from parts3d.slicing.choose import engine_for

            settings = Settings()
            engine = engine_for(
                settings.slicer,
                prusaslicer_program=Path(settings.slicer_path) if settings.slicer_path else None,
            )
        with progress(len(paths)) as tell:
            for path in paths:
                found.append(estimate_file(path, asked, engine))
                tell(path.name)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        raise typer.Exit(_STOPPED) from None
    except Parts3dError as refusal:
        sys.stderr.write(f"{refusal.message}\n")
        raise typer.Exit(_WRONG_USE) from None
    if as_json:
        typer.echo(json.dumps([entry.model_dump() for entry in found], indent=2))
    else:
        _print(found)
    if not found:
        sys.stderr.write("No model file was found in: " + ", ".join(files) + "\n")
    raise typer.Exit(exit_code(found))


def _wanted(
    printer: str,
    material: str,
    supports: bool,  # noqa: FBT001 - as the option
    infill: int,
    layer_height: float,
) -> "tuple[Profile, MaterialProperties, Recipe]":
    from parts3d.catalogue.recipe import Recipe
    from parts3d.slicing.profiles import materials, profile

    wanted = {name.casefold(): name for name in materials()}.get(material.casefold())
    if wanted is None:
        raise Invalid(
            f"There is no material {material!r}; known: {', '.join(materials())}.", place="material"
        )
    found = profile(printer)
    found.temperatures_for(wanted)
    recipe = Recipe.model_validate(
        {
            "material": wanted,
            "supports": supports,
            "infill_percent": infill,
            "layer_height_mm": layer_height,
        }
    )
    return found, materials()[wanted], recipe


def _print(entries: "list[FileEstimate]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("File", overflow="fold", ratio=3)
    for heading in ("Filament", "Time", "Between"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="fold", ratio=2)
    for entry in entries:
        figures = ("-", "-", "-")
        if entry.print_seconds is not None:
            figures = (
                f"{entry.filament_g:.1f} g",
                _hours(entry.print_seconds),
                "sliced"
                if entry.method == "slice"
                else f"{_hours(entry.low or 0)} and {_hours(entry.high or 0)}",
            )
        table.add_row(
            escape("/".join(Path(entry.file).parts[-2:])), *figures, escape(entry.message or "")
        )
    console = Console()
    console.width = console.width if console.is_terminal else _PAGE_COLUMNS
    if entries:
        console.print(table)


def _hours(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / _SECONDS_PER_MINUTE), 60)
    return f"{hours} h {minutes:02d}" if hours else f"{minutes} min"
