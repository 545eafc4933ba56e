"""``parts3d promises``: why an order was promised what it was, and what was done to keep it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from parts3d.jobs.keeping.explaining import Explained

promises_app = typer.Typer(no_args_is_help=True, help="Explain promises, and re-plan orders.")


@promises_app.callback()
def _promises() -> None:
    """Keep ``explain`` a subcommand."""


@promises_app.command()
def explain(
    order: Annotated[str, typer.Argument(help="The order's number, as P3D-7K4M-2Q9X.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,  # noqa: FBT002  # typer's way
) -> None:
    """Print the reasons of an order's promise, and compute it again from what was stored."""
    from parts3d.db import Database
    from parts3d.errors import NotFound
    from parts3d.jobs.keeping.explaining import explain_order
    from parts3d.jobs.overview import find_order
    from parts3d.settings import Settings

    database = Database(Settings().database)
    try:
        with database.reading() as session:
            found = find_order(session, order)
            if found is None:
                raise NotFound(
                    f"No order has the number {order}. It looks like P3D-7K4M-2Q9X; "
                    "check each sign."
                )
            explained = explain_order(session, found)
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps(explained.as_json(), ensure_ascii=False, indent=2))
    else:
        _say(explained)


def _say(explained: "Explained") -> None:
    typer.secho(f"{explained.number}: {explained.status}", bold=True)
    for one in explained.decisions:
        typer.echo()
        typer.secho(f"Decided {one.made}, to be kept {one.percent} times in 100:", bold=True)
        typer.echo(f"  {one.sentence}")
        for reason in one.reasons:
            typer.echo(f"  - {reason}")
        colour = typer.colors.GREEN if one.same else typer.colors.YELLOW
        typer.secho(f"  {one.replayed}", fg=colour)
        typer.echo(f"  {one.ended}")
    if explained.moves:
        typer.echo()
        typer.secho("Done to keep it:", bold=True)
        for move in explained.moves:
            typer.echo(f"  - {move}")
