"""``parts3d backup`` and ``parts3d restore``."""

from pathlib import Path
from typing import Annotated

import typer

_BIN = typer.Option(
    "--postgres-bin", help="Folder of pg_dump and pg_restore, where PATH has none that fit."
)


def backup(
    archive: Annotated[Path, typer.Argument(help="The .tar.gz to write.")],
    postgres_bin: Annotated[Path | None, _BIN] = None,
) -> None:
    """Save database, files and signing key as one archive; the network may run meanwhile.

    The archive holds personal data and the key: keep it as safe as the server.
    """
    from datetime import UTC, datetime

    from parts3d.backup import save
    from parts3d.settings import Settings

    manifest = save(Settings(), archive, datetime.now(UTC), postgres_bin=postgres_bin)
    typer.echo(f"Saved {len(manifest.members)} members to {archive}.")


def restore(
    archive: Annotated[Path, typer.Argument(help="The .tar.gz that backup wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,  # noqa: FBT002  # typer's way
    postgres_bin: Annotated[Path | None, _BIN] = None,
) -> None:
    """Bring an archive back into the data folder and database of the settings.

    Every hash is verified before anything changes; a database or files that are there are
    replaced with --force only.
    """
    from datetime import UTC, datetime

    import parts3d.tables  # noqa: F401  # tables name one another, wherever a row is read
    from parts3d.backup import bring_back
    from parts3d.db import Database
    from parts3d.jobs.restoring import after_restore
    from parts3d.migrate import upgrade
    from parts3d.settings import Settings

    settings = Settings()
    manifest = bring_back(settings, archive, force=force, postgres_bin=postgres_bin)
    database = Database(settings.database)
    upgrade(database)
    with database.unit_of_work() as work:
        undecided = after_restore(work.session, datetime.now(UTC))
    database.close()
    typer.echo(f"Restored {len(manifest.members)} members, saved at {manifest.made_at}.")
    if undecided:
        typer.echo(f"{undecided} jobs may have been printed since; their points are asked.")
