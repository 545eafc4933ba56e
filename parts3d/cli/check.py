"""``parts3d check``: what is wrong with these files, for people and for programs."""

import glob
import hashlib
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from parts3d.errors import Unreadable

if TYPE_CHECKING:
    from parts3d.meshes.report import FileReport

_STOPPED = 130
_PAGE_COLUMNS = 120  # where the output is no terminal
_COLOURS = {
    "printable": "green",
    "printable_with_warnings": "yellow",
    "repairable": "dark_orange",
    "not_printable": "red",
    "unreadable": "red",
}


def check(
    files: Annotated[
        list[str], typer.Argument(help="STL files, folders (searched for .stl) or patterns.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array, and nothing else.")
    ] = False,
    material: Annotated[
        Literal["PLA", "PETG", "ASA", "ABS", "PA-CF", "TPU"] | None,
        typer.Option(help="For the wall thickness check, which this version does not have yet."),
    ] = None,
    unit: Annotated[
        Literal["mm", "inch", "m"] | None,
        typer.Option(help="Unit of the files; without it mm, and small sizes are doubted."),
    ] = None,
) -> None:
    """Check whether STL files can be printed.

    Exit 0: all printable, perhaps with warnings; 1: one is not, or only after a repair; 2: one
    cannot be read.
    """
    from parts3d.meshes.report import exit_code

    del material
    paths = _found(files)
    reports: list[FileReport] = []
    try:
        for number, path in enumerate(paths, start=1):
            if len(paths) > 1 and sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[K{number}/{len(paths)} {path.name[:60]}")
                sys.stderr.flush()
            reports.append(_report(path, unit))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        raise typer.Exit(_STOPPED) from None
    finally:
        if len(paths) > 1 and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    if as_json:
        typer.echo(json.dumps([entry.as_json_object() for entry in reports], indent=2))
    else:
        _print_table(reports)
    if not reports:
        sys.stderr.write("No STL file was found in: " + ", ".join(files) + "\n")
    raise typer.Exit(exit_code(reports))


def _found(names: list[str]) -> list[Path]:
    """Return the files meant, each once: folders are searched, patterns filled in."""
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = (entry for entry in path.rglob("*") if entry.suffix.lower() == ".stl")
            found.update(dict.fromkeys(sorted(entry for entry in inside if entry.is_file())))
        elif not path.exists() and glob.has_magic(name):
            found.update(dict.fromkeys(map(Path, sorted(glob.glob(name, recursive=True)))))  # noqa: PTH207 - a pattern may be absolute, which Path.glob refuses
        else:
            found[path] = None
    return list(found)


def _report(path: Path, unit: Literal["mm", "inch", "m"] | None) -> "FileReport":
    from parts3d.meshes.report import report, unreadable_report

    began = perf_counter()
    data = b""
    try:
        data = _bytes_of(path)
        return report(str(path), data, unit=unit)
    except Unreadable as refusal:
        return unreadable_report(
            str(path),
            refusal,
            sha256=hashlib.sha256(data).hexdigest() if data else None,
            elapsed_ms=1000 * (perf_counter() - began),
        )


def _bytes_of(path: Path) -> bytes:
    """Read a file once its size was looked at; what is no file or too large is refused."""
    from parts3d.meshes.reader import DEFAULT_LIMITS

    if not path.is_file():
        raise Unreadable("There is no such file. Check its name.", code="no_such_file")
    size = path.stat().st_size
    if size > DEFAULT_LIMITS.max_bytes:
        raise Unreadable(
            f"The file has {size} bytes; at most {DEFAULT_LIMITS.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"The file cannot be opened: {error.strerror}. Check its permissions.",
            code="cannot_open",
        ) from error


def _print_table(reports: "list[FileReport]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # What all files have in common is said once, above the table.
    folders = {str(Path(entry.file).parent) for entry in reports}
    common = os.path.commonpath(folders) if len(reports) > 1 and _comparable(folders) else ""
    table = Table(box=None, pad_edge=False, show_edge=False, title=common, title_justify="left")
    table.add_column("File", overflow="fold", ratio=2)
    for heading in ("Verdict", "Size, mm", "Triangles"):
        table.add_column(heading, no_wrap=heading == "Triangles")
    table.add_column("Findings", overflow="fold", ratio=3)
    for entry in reports:
        colour = _COLOURS[entry.verdict]
        size = " x ".join(f"{side:.1f}" for side in entry.bounds_mm) if entry.bounds_mm else "-"
        table.add_row(
            escape(os.path.relpath(entry.file, common) if common else entry.file),
            f"[{colour}]{entry.verdict.replace('_', ' ')}[/]",
            size,
            "-" if entry.triangles is None else f"{entry.triangles:,}",
            escape("\n".join(f"{item.severity}: {item.message}" for item in entry.findings) or "-"),
        )
    if reports:
        console = Console()
        console.width = console.width if console.is_terminal else _PAGE_COLUMNS
        console.print(table)


def _comparable(folders: set[str]) -> bool:
    """Whether paths are all absolute or all relative, without which they have nothing in common."""
    return len({Path(folder).is_absolute() for folder in folders}) == 1
