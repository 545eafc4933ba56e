"""``parts3d operator``: the first person of a network, who adds all others on a page."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from parts3d.errors import Invalid

operator_app = typer.Typer(no_args_is_help=True, help="Add the people who run the network.")


@operator_app.callback()
def _operator() -> None:
    """Keep ``add`` a subcommand, also while it is the only one."""


@operator_app.command()
def add(
    email: Annotated[str, typer.Option(help="Address to sign in with.")],
    name: Annotated[str, typer.Option(help="Name, as others see it.")],
) -> None:
    """Add an operator. The password is asked for, or read from the first line of stdin."""
    from parts3d.accounts.service import add_account
    from parts3d.accounts.tables import Role
    from parts3d.db import Database
    from parts3d.migrate import upgrade
    from parts3d.settings import Settings

    password = _password()
    settings = Settings()
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        upgrade(database)
        with database.unit_of_work() as work:
            account = add_account(
                work.session,
                email=email,
                name=name,
                role=Role.OPERATOR,
                password=password,
                now=datetime.now(UTC),
            )
        typer.echo(f"{account.name} may sign in as {account.email} at {settings.public_url}/login.")
    finally:
        database.close()


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid(
            "No password was given. Type it when asked, or send it as the first line of stdin.",
            place="password",
        )
    return password
