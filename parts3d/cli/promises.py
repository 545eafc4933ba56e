"""``parts3d promises``: why an order was promised what it was, and what was done to keep it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from parts3d.context import Context
    from parts3d.jobs.keeping.explaining import Explained

promises_app = typer.Typer(no_args_is_help=True, help="Explain promises, and re-plan orders.")


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


@promises_app.command()
def close(
    where: Annotated[str, typer.Argument(help="A point's slug, or the beginning of a postcode.")],
    until: Annotated[str, typer.Option(help="When it opens again, as '2026-11-28 18:30'.")],
    reason: Annotated[str, typer.Option(help="Why, for the customers too.")],
    since: Annotated[str, typer.Option("--from", help="From when; now if not given.")] = "",
) -> None:
    """Close a point or a region for a time, and re-plan its orders.

    Ctrl-C stops; `parts3d promises replan` goes on, and so does any worker's sweep.
    """
    from datetime import UTC, datetime

    from parts3d.jobs.keeping.replanning import begin_replan
    from parts3d.points.closing import chosen_points, close_points, typed_moment

    context, now = _context(), datetime.now(UTC)
    with context.database.unit_of_work() as work:
        ids = [point.id for point in chosen_points(work.session, where)]
        batch = close_points(
            work.session,
            ids,
            typed_moment(since, "starts") if since else now,
            typed_moment(until, "ends"),
            reason=reason,
            actor="command",
            now=now,
        )
        orders = begin_replan(work.session, batch, ids, reason, now)
    typer.echo(f"Closed: {len(ids)} points. {orders} orders to look at; batch {batch}.")
    _replan(context, batch)


@promises_app.command()
def replan(
    batch: Annotated[str, typer.Argument(help="Of a closure; without it, all that waits.")] = "",
) -> None:
    """Go on re-planning where it was stopped."""
    _replan(_context(), batch or None)


def _replan(context: "Context", batch: str | None) -> None:
    from datetime import UTC, datetime

    from parts3d.jobs.keeping.replanning import replan_some

    looked_at = 0
    try:
        while count := replan_some(context, datetime.now(UTC), batch=batch, most=10):
            looked_at += count
            typer.echo(f"{looked_at} orders looked at.")
    except KeyboardInterrupt:
        typer.echo("Stopped. Run `parts3d promises replan` to go on.")
        raise typer.Exit(130) from None
    finally:
        context.close()
    typer.echo(f"Done: {looked_at} orders looked at.")


def _context() -> "Context":
    from parts3d.context import Context
    from parts3d.settings import Settings

    return Context.from_settings(Settings())


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
