"""What ``parts3d check`` prints for people."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parts3d.meshes.report import FileReport
from parts3d.meshes.words import Language

_PAGE_COLUMNS = 120  # where the output is no terminal
_COLOURS = {
    "printable": "green",
    "printable_with_warnings": "yellow",
    "repairable": "dark_orange",
    "not_printable": "red",
    "unreadable": "red",
}


def print_table(reports: Sequence[FileReport], language: Language) -> None:
    """Print one table for all files, and how many came to which verdict."""
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
        sentences = (f"{item.severity}: {item.words(language)}" for item in entry.findings)
        table.add_row(
            escape(os.path.relpath(entry.file, common) if common else entry.file),
            f"[{colour}]{entry.verdict.replace('_', ' ')}[/]",
            size,
            "-" if entry.triangles is None else f"{entry.triangles:,}",
            escape("\n".join(sentences) or "-"),
        )
    if not reports:
        return
    console = Console()
    console.width = console.width if console.is_terminal else _PAGE_COLUMNS
    console.print(table)
    if len(reports) > 1:
        console.print(f"\n{len(reports)} files: {_counts(reports)}.")


def _counts(reports: Sequence[FileReport]) -> str:
    verdicts = [entry.verdict.value for entry in reports]
    return ", ".join(
        f"{verdicts.count(verdict)} {verdict.replace('_', ' ')}"
        for verdict in _COLOURS
        if verdict in verdicts
    )


def _comparable(folders: set[str]) -> bool:
    """Whether paths are all absolute or all relative, without which they have nothing in common."""
    return len({Path(folder).is_absolute() for folder in folders}) == 1
