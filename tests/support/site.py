"""The web pages over a test's database: signed in as somebody, at a moment of its own."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Account, Role
from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.guards import Guard
from parts3d.settings import Settings
from parts3d.store import FolderStore
from parts3d.web import SIGN_IN_COOKIE, install_error_answers

ENGLISH = {"accept-language": "en"}


@dataclass
class RungTasks:
    """A doorbell that only remembers."""

    rung: list[tuple[str, ...]] = field(default_factory=list)

    def ring_task(self, name: str, *args: str | int) -> None:
        self.rung.append((name, *map(str, args)))


@dataclass
class Site:
    """A site of some route modules; ``now`` may be moved on."""

    context: Context
    tasks: RungTasks
    app: FastAPI
    now: datetime

    @classmethod
    def open(
        cls, database: Database, settings: Settings, folder: Path, now: datetime, *modules: str
    ) -> "Site":
        tasks = RungTasks()
        context = Context(
            settings=settings,
            database=database,
            store=FolderStore(folder / "files"),
            bell=Bell(None),
            tasks=tasks,
        )
        app = FastAPI()
        site = cls(context, tasks, app, now)
        app.state.context = context
        app.state.clock = lambda: site.now
        install_error_answers(app)
        app.add_middleware(Guard)
        for module in ("parts3d.accounts.pages", *modules):
            app.include_router(import_module(module).router)
        return site

    def visitor(self) -> TestClient:
        """Return a browser that is not signed in and reads English."""
        return TestClient(self.app, headers=ENGLISH, follow_redirects=False)

    def signed_in(self, role: Role, *, name: str = "", point_id: str | None = None) -> TestClient:
        """Return the browser of a new account of a role."""
        email = f"{name or role.value}@example.be".replace(" ", ".")
        with self.context.database.unit_of_work() as work:
            account: Account = add_account(
                work.session,
                email=email,
                name=name or role.value.title(),
                role=role,
                now=self.now,
                point_id=point_id,
            )
            token = sign_in(work.session, account, self.now)
        browser = self.visitor()
        browser.cookies.set(SIGN_IN_COOKIE, token)
        return browser
