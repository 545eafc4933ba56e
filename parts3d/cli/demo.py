"""``parts3d demo``."""

from pathlib import Path
from typing import Annotated

import typer

_CATALOGUE = Path(__file__).parents[2] / "catalogue"


def demo(
    once: Annotated[  # noqa: FBT002  # typer's way
        bool, typer.Option("--once", help="Place one order, follow it to the end, and leave.")
    ] = False,  # typer's way
    port: Annotated[int, typer.Option(help="First port to try.")] = 8000,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the demo's data (default: data/demo).")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=1, help="How many times faster printers print.")
    ] = None,
    catalogue: Annotated[Path, typer.Option(help="Folder of the catalogue.")] = _CATALOGUE,
) -> None:
    """Run a whole network on this machine: shop, worker, printer agents, virtual printers."""
    from parts3d.settings import Settings

    if once:
        from parts3d.demo.once import run_once

        run_once(catalogue=catalogue, speed=speed or 600.0, data_dir=data_dir)
        return
    from parts3d.demo.serving import serve_demo

    folder = (data_dir or Path("data/demo")).resolve()
    settings = Settings(data_dir=folder, demo=True, demo_speed=speed or Settings().demo_speed)
    serve_demo(settings, catalogue.resolve(), port)
