"""What one process is built with, handed to every task and every request."""

from dataclasses import dataclass
from typing import Protocol, Self

from parts3d.bell import Bell
from parts3d.db import Database
from parts3d.settings import Settings
from parts3d.store import FileStore, FolderStore


class TaskRinger(Protocol):
    """Rings the worker's doorbell."""

    def ring_task(self, name: str, *args: str | int) -> None:
        """Ask a worker to run a task soon. Never raises: the sweep rings again."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database, file store, bell and doorbell of one process.

    Args:
        settings: the process's settings.
        database: the truth.
        store: files by SHA-256.
        bell: wakes those who wait for a changed row.
        tasks: asks the workers to do something.
    """

    settings: Settings
    database: Database
    store: FileStore
    bell: Bell
    tasks: TaskRinger

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build everything from the settings; connects to nothing yet.

        Raises:
            Unavailable: a forced broker does not exist here.
        """
        from parts3d.embedded.broker import choose_broker
        from parts3d.worker import CeleryRinger

        broker = choose_broker(settings)
        if settings.database_url is None:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        return cls(
            settings=settings,
            database=Database(settings.database),
            store=FolderStore(settings.files_dir),
            bell=Bell(broker.redis_url),
            tasks=CeleryRinger(settings, broker),
        )

    def ring_task(self, name: str, *args: str | int) -> None:
        """Ask a worker to run a task soon; call it after the commit.

        ::

            work.after_commit(lambda: context.ring_task("slicing.slice", slice_id))
        """
        self.tasks.ring_task(name, *args)

    def close(self) -> None:
        """Close what is open, at the end of the process or of a test."""
        self.bell.close()
        self.database.close()
