"""The web application: every noun's routes, under the guards, with one context."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from parts3d import __version__
from parts3d.context import Context
from parts3d.guards import Guard
from parts3d.jobs.lookout import stop_looking
from parts3d.promises.warming import warm_up
from parts3d.settings import Settings
from parts3d.settling import settle
from parts3d.web import install_error_answers, system_clock

# Where routes come from. Each module has a ``router``.
_ROUTES = (
    # First, as routes are tried in turn: a thousand waiting agents ask forty times a second, and
    # to try 120 others before theirs took half of what an answer costs the event loop.
    "parts3d.jobs.agent_api",
    "parts3d.points.agent_api",
    # The rest in the order of an order's life.
    "parts3d.health",
    # Before accounts: /demo/login/customer is nobody's role.
    "parts3d.notices.pages",
    "parts3d.accounts.pages",
    "parts3d.catalogue.api",
    "parts3d.catalogue.checks_api",
    "parts3d.catalogue.pages",
    "parts3d.catalogue.maintainer_pages",
    "parts3d.slicing.api",
    "parts3d.slicing.estimate_pages",
    "parts3d.slicing.pages",
    "parts3d.quotes.tariff_pages",
    "parts3d.quotes.voucher_pages",
    "parts3d.points.pages",
    "parts3d.points.agent_pages",
    "parts3d.orders.api",
    "parts3d.orders.pages",
    "parts3d.jobs.timeline_pages",
    "parts3d.jobs.bench_pages",
    "parts3d.jobs.operator_pages",
    "parts3d.jobs.keeping.pages",
    "parts3d.jobs.keeping.closure_pages",
    "parts3d.jobs.keeping.short_day_pages",
    "parts3d.jobs.print_times_pages",
)
_STATIC = Path(__file__).parent / "static"
# The whole request; uploads have a limit of their own in the settings.
_MULTIPART_OVERHEAD_BYTES = 100_000
_UPLOADS = frozenset({"parts3d.catalogue.checks_api", "parts3d.catalogue.maintainer_pages"})
# Everybody else sends words: a form, or two hundred reports of an agent.
_MOST_WORDS_BYTES = 1_000_000


def create_app(
    context: Context | None = None, clock: Callable[[], datetime] = system_clock
) -> FastAPI:
    """Build the application.

    Args:
        context: database, store, bell and settings; from the environment if not given.
        clock: the moment, for every request; tests hand in their own.
    """
    context = context or Context.from_settings(Settings())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        yield
        await stop_looking(context)
        await context.bell.aclose()

    most_bytes = context.settings.max_upload_bytes + _MULTIPART_OVERHEAD_BYTES
    app = FastAPI(
        title="parts3d",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        max_body_size=most_bytes,
    )
    app.state.context = context
    app.state.clock = clock
    install_error_answers(app)
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(directory=_STATIC, check_dir=False), name="static")
    for name in _ROUTES:
        limit = most_bytes if name in _UPLOADS else _MOST_WORDS_BYTES
        app.include_router(import_module(name).router, max_body_size=limit)
    return app


def served_app() -> FastAPI:
    """Build the application as it is served: what promises are read from is loaded behind it."""
    app = create_app()
    settle(after=warm_up())
    return app
