"""A bar for commands that take many files one after the other."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], object]]:
    """Show a bar on a terminal where there are several files; else nothing."""
    if total <= 1 or not sys.stderr.isatty():
        yield len  # nobody is told
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    # No thread that refreshes: workers are forked while the bar is shown.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task("", total=total)

        def tell(name: str) -> None:
            bar.update(task, advance=1, description=name[:60], refresh=True)

        bar.refresh()
        yield tell
