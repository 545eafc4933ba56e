"""The command ``parts3d``. Only the command that is called is imported, so help is quick."""

import importlib.util
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer

from parts3d import __version__
from parts3d.errors import Parts3dError


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives: ``module`` and the name of its function or typer app in it."""

    module: str
    attribute: str
    help: str
    is_group: bool = False


COMMANDS: dict[str, Command] = {
    "demo": Command("parts3d.cli.demo", "demo", "Run a whole network on this machine."),
    "serve": Command("parts3d.cli.serve", "serve", "Serve the web pages and the agents."),
    "worker": Command("parts3d.cli.worker", "worker", "Slice, mail and sweep behind the pages."),
    "beat": Command("parts3d.cli.worker", "beat", "Ring the sweep, where no worker does it."),
    "check": Command("parts3d.cli.check", "check", "Check model files for printing."),
    "estimate": Command(
        "parts3d.cli.estimate", "estimate", "Estimate filament and time of model files."
    ),
    "simulate": Command(
        "parts3d.cli.simulate", "simulate", "Try ways to promise in a network on paper."
    ),
    "catalogue": Command(
        "parts3d.cli.catalogue", "catalogue_app", "Check and load the catalogue.", is_group=True
    ),
    "slices": Command(
        "parts3d.cli.slices", "slices_app", "How slicing stands; slice now.", is_group=True
    ),
    "promises": Command(
        "parts3d.cli.promises",
        "promises_app",
        "Explain promises; re-plan after a closure.",
        is_group=True,
    ),
    "operator": Command(
        "parts3d.cli.operator", "operator_app", "Add the people who run the network.", is_group=True
    ),
    "backup": Command("parts3d.cli.backup", "backup", "Save database and files as one archive."),
    "restore": Command("parts3d.cli.backup", "restore", "Bring a saved archive back."),
}


def build(called: str | None) -> typer.Typer:
    """Return the application with the called command imported and the others named only."""
    app = typer.Typer(
        help="Order a 3D-printed spare part and collect it the same day.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback(invoke_without_command=True)
    def version(
        show: bool = typer.Option(False, "--version", help="Show the version and leave."),  # noqa: FBT001  # typer's way
    ) -> None:
        if show:
            typer.echo(f"parts3d {__version__}")
            raise typer.Exit

    for name, command in COMMANDS.items():
        if importlib.util.find_spec(command.module) is None:
            continue
        if name != called:
            app.command(name, help=command.help)(_named_only)
        elif command.is_group:
            app.add_typer(_load(command), name=name, help=command.help)
        else:
            app.command(name, help=command.help)(_load(command))
    return app


def main() -> None:
    """Run ``parts3d``; an error meant for a person is one red sentence and exit code 1."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    try:
        build(words[0] if words else None)()
    except Parts3dError as error:
        _say(error.message)
    except ValueError as error:
        wrong = _wrong_settings(error)
        if not wrong:
            raise
        _say(wrong)


def _say(sentence: str) -> None:
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    sys.exit(1)


def _wrong_settings(error: ValueError) -> str:
    """Return which settings cannot be, and why, without what they were; "" for another error."""
    validation = import_module("pydantic").ValidationError
    if not isinstance(error, validation) or error.title != "Settings":
        return ""
    return "\n".join(
        f"PARTS3D_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}. See docs/settings.md."
        for one in error.errors(include_url=False, include_input=False)
    )


def _load(command: Command) -> Any:  # noqa: ANN401  # a function, or a typer app for a group
    return getattr(import_module(command.module), command.attribute)


def _named_only() -> None:
    """Stand for a command that is not called."""
