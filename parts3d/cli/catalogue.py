"""``parts3d catalogue``: look after the folder of parts."""

from pathlib import Path
from typing import Annotated

import typer

catalogue_app = typer.Typer(no_args_is_help=True, help="Check the parts of a catalogue folder.")


@catalogue_app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(help="The catalogue: <category>/<part>/part.toml.")
    ] = Path("catalogue"),
) -> None:
    """Report every fault of every manifest and model, with file, line and remedy.

    Exit 0: no fault; 1: at least one.
    """
    from parts3d.catalogue.manifest_folder import read_catalogue
    from parts3d.slicing.profiles import materials

    softening_c = {name: material.softening_c for name, material in materials().items()}
    parts, faults = read_catalogue(folder, softening_c)
    for fault in faults:
        typer.echo(str(fault))
    manifests = [part.manifest for part in parts]
    drafts = [manifest.slug for manifest in manifests if manifest.safety is None]
    never = [manifest.slug for manifest in manifests if manifest.never_sold]
    sellable = len(manifests) - len(drafts) - len(never)
    counted = f"{len(faults)} faults" if len(faults) != 1 else "1 fault"
    typer.echo(f"{counted}. {sellable} parts may be sold once they are approved.")
    if drafts:
        typer.echo(f"Drafts without a safety class: {', '.join(drafts)}.")
    if never:
        typer.echo(f"Never sold (S4): {', '.join(never)}.")
    raise typer.Exit(1 if faults else 0)


@catalogue_app.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="The catalogue: <category>/<part>/part.toml.")
    ] = Path("catalogue"),
) -> None:
    """Load every faultless part into the database; what is sellable goes on sale.

    Exit 0: no fault; 1: at least one part was not loaded.
    """
    from datetime import UTC, datetime

    from parts3d.catalogue.loading import load_catalogue
    from parts3d.context import Context
    from parts3d.migrate import upgrade
    from parts3d.settings import Settings
    from parts3d.slicing.profiles import materials

    softening_c = {name: material.softening_c for name, material in materials().items()}
    context = Context.from_settings(Settings())
    upgrade(context.database)
    loaded, faults = load_catalogue(context, folder, softening_c=softening_c, now=datetime.now(UTC))
    for fault in faults:
        typer.echo(str(fault))
    for part in loaded:
        typer.echo(f"{part.slug}: {part.status.value}{'' if part.fresh else ' (as before)'}")
    context.close()
    raise typer.Exit(1 if faults else 0)
