"""``parts3d slices``: how slicing stands, and slicing what is missing from here."""

import json
import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from parts3d.context import Context
    from parts3d.slicing.engines.base import Engine
    from parts3d.slicing.rebuild import Made, Scope
    from parts3d.slicing.status import SlicingStatus

slices_app = typer.Typer(no_args_is_help=True, help="Look after the slices of the catalogue.")
_LOOK_SECONDS = 0.5
_STOPPED = 130  # as the shell says of a program that Ctrl-C ended


@slices_app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,  # noqa: FBT002  # typer's way
    check: Annotated[  # noqa: FBT002  # typer's way
        bool,
        typer.Option("--check", help="Exit with 1 unless every part on sale has all its slices."),
    ] = False,
) -> None:
    """Say how many slices are ready, under way, waiting and failed, how fast, and why.

    And whether every part on sale is sliced for every printer model that it fits, by any engine.
    """
    from parts3d.slicing.coverage import coverage
    from parts3d.slicing.status import slicing_status

    context = _context()
    models = context.settings.models_to_slice()
    with context.database.reading() as session:
        found = slicing_status(session, datetime.now(UTC))
        covered = coverage(session, models)
    context.close()
    if as_json:
        both = {**found.as_json(), "coverage": covered.as_json()}
        typer.echo(json.dumps(both, ensure_ascii=False, indent=2))
    else:
        _show(found)
        typer.echo(covered.words())
    if check and not covered.is_whole:
        raise typer.Exit(1)


@slices_app.command()
def rebuild(
    part: Annotated[str | None, typer.Option(help="Only this part, by its slug.")] = None,
    printer: Annotated[str | None, typer.Option(help="Only this printer model.")] = None,
    failed: Annotated[  # noqa: FBT002  # typer's way
        bool, typer.Option("--failed", help="Also what failed: try it again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002  # typer's way
    side_by_side: Annotated[
        int | None, typer.Option(min=1, help="Slices at a time (default: one a core).")
    ] = None,
) -> None:
    """Slice now, from here, what is missing or lost from the store.

    Safe beside running workers. Ctrl-C stops after what is under way; run it again to go on.
    What is ready is not made again: equal content gives equal moves.
    """
    from parts3d.slicing.rebuild import Scope, begin_rebuild, plan_rebuild
    from parts3d.slicing.tasks import engine_of

    context = _context()
    engine = engine_of(context.settings)
    scope = Scope(part, printer, failed)
    # A model that is named is sliced for, whatever the network slices for otherwise.
    models = (printer,) if printer else context.settings.models_to_slice()
    now = datetime.now(UTC)
    plan = plan_rebuild(context.database, context.store, engine, scope, now, models=models)
    typer.echo(
        f"{engine.name} {engine.version}: {plan.waiting} to slice, {plan.failed} failed to try "
        f"again, {plan.lost} whose G-code is gone."
    )
    if plan.total == 0:
        context.close()
        return
    if not yes and not typer.confirm(f"Slice {plan.total} now?"):
        context.close()
        raise typer.Exit(1)
    begin_rebuild(context.database, context.store, engine, scope)
    stopped = _make(context, engine, scope, plan.total, side_by_side or os.cpu_count() or 1)
    context.close()
    if stopped:
        raise typer.Exit(_STOPPED)


def _make(context: "Context", engine: "Engine", scope: "Scope", total: int, threads: int) -> bool:
    """Slice with a progress bar; returns whether it was stopped."""
    from parts3d.slicing.rebuild import Made, count_waiting, make_waiting

    made, stop = Made(), threading.Event()
    begun = time.monotonic()

    def work() -> None:
        make_waiting(
            context.database,
            context.store,
            engine,
            scope,
            made=made,
            stop=stop,
            clock=lambda: datetime.now(UTC),
        )

    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    stopped = False
    try:
        _watch(context, engine, scope, total, workers, made)
    except KeyboardInterrupt:
        stopped = True
        stop.set()
        _stop(context, workers, made)
    minutes = (time.monotonic() - begun) / 60
    cores = min(threads, os.cpu_count() or 1)
    with context.database.reading() as session:
        left = count_waiting(session, engine, scope)
    typer.echo(
        f"{made.ready} sliced, {made.failed} failed, {made.unfit} too large, {left} left; "
        f"{made.count / minutes / cores:.1f} slices per minute and core."
    )
    if made.failed:
        typer.echo("`parts3d slices status` says why they failed.")
    if left and stopped:
        typer.echo("Run the same command again to go on.")
    return stopped


def _watch(
    context: "Context",
    engine: "Engine",
    scope: "Scope",
    total: int,
    workers: "list[threading.Thread]",
    made: "Made",
) -> None:
    """Show how far it is, by the rows: workers elsewhere help."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from parts3d.slicing.rebuild import count_waiting

    with Progress(
        TextColumn("Slicing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        Remaining(),
        console=Console(stderr=True),
    ) as bar:
        shown = bar.add_task("slices", total=total, rate="")
        begun = time.monotonic()
        while any(worker.is_alive() for worker in workers):
            time.sleep(_LOOK_SECONDS)
            with context.database.reading() as session:
                waiting = count_waiting(session, engine, scope)
            done = max(0, total - waiting - len(made.under_way))
            rate = 60 * made.count / (time.monotonic() - begun)
            bar.update(shown, completed=done, rate=f"{rate:.1f} a minute")
        bar.update(shown, completed=total)


def _stop(context: "Context", workers: "list[threading.Thread]", made: "Made") -> None:
    """Wait for what is under way; a second Ctrl-C gives it back to the queue."""
    from parts3d.slicing.rebuild import give_all_back

    typer.echo("Stopping once what is under way is done; Ctrl-C again gives it back at once.")
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        given = give_all_back(context.database, made)
        typer.echo(f"{given} given back to the queue. Run the same command again to go on.")
        sys.stdout.flush()
        # Threads that still slice must not write down what they no longer have.
        os._exit(_STOPPED)


def _show(found: "SlicingStatus") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("Printer model", "Engine", "ready", "slicing", "waiting", "failed", "too large")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found.models:
        table.add_row(
            one.name,
            f"{one.engine} {one.engine_version}",
            *map(str, (one.ready, one.slicing, one.waiting, one.failed, one.unfit)),
        )
    console.print(table)
    if not found.models:
        console.print("Nothing has been wished for yet: no part on sale, or no worker ran.")
    if found.per_minute is not None:
        console.print(f"{found.per_minute:.1f} slices a minute in the last half hour.")
    if found.left:
        left = (
            f"about {timedelta(seconds=found.seconds_left)}"
            if found.seconds_left is not None
            else "no time can be told: nothing was made in the last half hour"
        )
        console.print(f"{found.left} to be made; {left}.")
    for failure in found.failures:
        parts = ", ".join(failure.parts) or "no part of today"
        models = ", ".join(failure.printer_models)
        console.print(f"Failed {failure.count}: {failure.words} ({parts}; {models})")


def _context() -> "Context":
    from parts3d.context import Context
    from parts3d.migrate import upgrade
    from parts3d.settings import Settings

    context = Context.from_settings(Settings())
    upgrade(context.database)
    return context
