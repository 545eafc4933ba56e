"""``parts3d worker`` and ``parts3d beat``."""

import subprocess
import sys
import threading
from typing import Annotated

import typer


def worker(
    concurrency: Annotated[int, typer.Option(min=1, help="Tasks side by side.")] = 3,
    beat: Annotated[bool, typer.Option(help="Ring the sweep from this process too.")] = True,  # noqa: FBT002  # typer's way
) -> None:
    """Slice, mail and sweep behind the pages, until stopped.

    Without PARTS3D_REDIS_URL the worker meets the server over the data folder's private
    broker, which `parts3d serve` or `parts3d demo` runs.
    """
    from parts3d.context import Context
    from parts3d.logs import write_logs
    from parts3d.promises.warming import warm_up
    from parts3d.settings import Settings
    from parts3d.tasks import load_tasks
    from parts3d.worker import run_worker

    write_logs()
    _compile_kernels()
    warm_up()
    context = Context.from_settings(Settings())
    run_worker(context, load_tasks(), concurrency=concurrency, beat=beat)


def _compile_kernels() -> None:
    """Compile the mesh kernels beside the work, once on a machine; numpy measures until then."""
    command = [sys.executable, "-m", "parts3d.meshes.kernels.compiled"]
    threading.Thread(
        target=subprocess.run,
        args=(command,),
        kwargs={"check": False, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL},
        name="kernels",
        daemon=True,
    ).start()


def beat() -> None:
    """Ring the sweep every few seconds, until stopped (where workers run with --no-beat)."""
    import signal

    from parts3d.embedded.broker import choose_broker
    from parts3d.logs import write_logs
    from parts3d.settings import Settings
    from parts3d.worker import Beat, CeleryRinger

    write_logs()
    settings = Settings()
    bell = Beat(CeleryRinger(settings, choose_broker(settings)), settings.sweep_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bell.stop())
    bell.run()
