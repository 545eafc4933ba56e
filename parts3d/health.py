"""Whether this process can do its work, for those who watch it; and what robots may read."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from sqlalchemy import text

from parts3d import __version__
from parts3d.web import ReadDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def tell_health(session: ReadDep) -> dict[str, str]:
    """Answer when the database answers."""
    session.execute(text("SELECT 1"))
    return {"status": "ok", "version": __version__}


@router.get("/robots.txt")
def tell_robots() -> PlainTextResponse:
    """Let robots read the shop, and nothing that belongs to somebody."""
    return PlainTextResponse(
        "User-agent: *\nDisallow: /orders\nDisallow: /checkout\nDisallow: /counter\n"
        "Disallow: /agents\nDisallow: /maintainer\nDisallow: /operator\nDisallow: /demo\n"
    )
