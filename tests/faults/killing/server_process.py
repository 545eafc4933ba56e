"""The agents' real endpoints in a server process of its own, on SQLite, with the jobs' sweep.

Usage: ``python -m tests.faults.killing.server_process DATA_DIR PORT``
"""

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

import parts3d.tables  # noqa: F401  # tables name one another, wherever a row is read
from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.jobs.agent_api import router
from parts3d.jobs.tasks import watch_jobs
from parts3d.settings import Settings
from parts3d.store import FolderStore
from parts3d.web import install_error_answers, system_clock

SWEEP_SECONDS = 0.5


class NoTasks:
    """Rings no worker."""

    def ring_task(self, name: str, *args: str | int) -> None:
        del name, args


def settings_of(folder: Path) -> Settings:
    """Leases and silences short enough for a test."""
    return Settings(
        data_dir=folder,
        secret_key="a secret of the tests",
        lease_seconds=6.0,
        silence_seconds=4.0,
        max_unpaid_orders=1000,
    )


def main() -> None:
    """Serve until killed."""
    settings = settings_of(Path(sys.argv[1]))
    context = Context(
        settings=settings,
        database=Database(settings.database),
        store=FolderStore(settings.files_dir),
        bell=Bell(None),
        tasks=NoTasks(),
    )

    def sweep() -> None:
        while True:
            time.sleep(SWEEP_SECONDS)
            try:
                watch_jobs(context, datetime.now(UTC))
            except Parts3dError:
                continue  # the next sweep finds it again

    threading.Thread(target=sweep, daemon=True).start()
    app = FastAPI()
    app.state.context, app.state.clock = context, system_clock
    install_error_answers(app)
    app.include_router(router)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
