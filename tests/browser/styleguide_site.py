"""A small site that serves the style guide under a strict content security policy."""

import asyncio
import io
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import segno
import trimesh
import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from parts3d.assets import STATIC_FOLDER, asset_path
from parts3d.meshes.reader import read
from parts3d.meshes.viewer import MEDIA_TYPE, viewer_mesh

TEMPLATES = Path(__file__).resolve().parents[2] / "parts3d/templates"
POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"


def environment() -> Environment:
    """Return Jinja as strict as can be: a name a template lacks is an error."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
    )
    jinja.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    jinja.globals["asset"] = asset_path
    return jinja


@cache
def knob_stl() -> bytes:
    """Return an oven knob, 44 mm across and 26.5 mm high, with a grip and a D-shaft's hole."""
    base = trimesh.creation.cylinder(radius=22.0, height=7.0, sections=96)
    base.apply_translation((0, 0, 3.5))
    collar = trimesh.creation.cylinder(radius=15.0, height=15.0, sections=96)
    collar.apply_translation((0, 0, 13.5))
    grip = trimesh.creation.box((9.0, 40.0, 19.5))
    grip.apply_translation((0, 0, 16.75))
    flat = trimesh.creation.box((8.0, 8.0, 14.0))
    flat.apply_translation((6.0, 0, 5.0))
    shaft = trimesh.creation.cylinder(radius=3.0, height=14.0, sections=48)
    shaft.apply_translation((0, 0, 5.0))
    hole = shaft.difference(flat)
    knob = trimesh.boolean.union([base, collar, grip]).difference(hole)
    exported = knob.export(file_type="stl")
    assert isinstance(exported, bytes)
    return exported


def styleguide(jinja: Environment, *, language: str = "en", live_url: str = "/events") -> str:
    """Render the style guide with the figures it needs from outside."""
    qr = io.BytesIO()
    segno.make("K7M2QX", error="m").save(
        qr, kind="svg", xmldecl=False, svgns=False, border=0, omitsize=True
    )
    names = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}
    orders = [
        {
            "number": Markup('<a href="#">1042</a>'),
            "part": "Drawer runner stop",
            "state": Markup('<span class="chip chip--warn">waiting</span>'),
            "why": "Printer 2's bed is not clear since 14:02",
            "total": "€6.80",
        },
        {
            "number": Markup('<a href="#">1041</a>'),
            "part": "Oven knob with D-shaft",
            "state": Markup('<span class="chip chip--busy">printing</span>'),
            "why": "—",
            "total": "€12.40",
        },
    ]
    parts = [
        {
            "href": "#oven-knob",
            "name": "Oven knob with D-shaft",
            "fits": "Bosch HBA 23, Siemens HB 20 and 14 more",
            "price": "€12.40",
            "ready": "today at 16:40",
        },
        {
            "href": "#basket-wheel",
            "name": "Dishwasher basket wheel",
            "fits": "Whirlpool ADP, Bauknecht GSF",
            "price": "€4.90",
            "ready": "today at 15:55",
        },
        {
            "href": "#latch",
            "name": "Vacuum hose latch",
            "fits": "Miele S 5000",
            "price": "€7.15",
            "not_ready": "No point near you prints it today",
        },
    ]
    return jinja.get_template("styleguide.html").render(
        lang=language,
        languages=[{"code": c, "name": names[c], "href": f"?lang={c}"} for c in names],
        account={"name": "Anna Lambert", "href": "#account"},
        sections=[
            {"label": "To do", "href": "#todo", "current": True},
            {"label": "Printers", "href": "#printers"},
            {"label": "Hand over", "href": "#hand-over"},
        ],
        live_url=live_url,
        parts=parts,
        orders=orders,
        qr=Markup(qr.getvalue().decode()),  # noqa: S704 - made by segno a line above
    )


@dataclass
class StyleguideSite:
    """The site, run in a thread; it remembers what the live region asked for."""

    url: str = ""
    stl: bytes = b""
    event_ids_asked: list[str | None] = field(default_factory=list)
    forms_received: int = 0
    _stopping: bool = False
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def application(self) -> Starlette:
        """Return the application: the page, a mesh, a stream of two events, a form's end."""
        jinja = environment()

        async def page(request: Request) -> Response:
            language = request.query_params.get("lang", "en")
            live_url = "/" + request.query_params.get("live", "events")
            html = styleguide(jinja, language=language, live_url=live_url)
            return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

        async def model(_request: Request) -> Response:
            return Response(viewer_mesh(read(self.stl)), media_type=MEDIA_TYPE)

        async def events(request: Request) -> Response:
            self.event_ids_asked.append(request.headers.get("last-event-id"))
            first = len(self.event_ids_asked) == 1

            async def stream() -> AsyncIterator[str]:
                if first:
                    yield "id: 7\ndata: <p id='swapped'>Layer 150 of 200</p>\n\n"
                    return
                yield "id: 8\ndata: <p id='swapped'>Layer 200 of 200</p>\n\n"
                await self._until_stopped()

            return StreamingResponse(stream(), media_type="text/event-stream")

        async def quiet(_request: Request) -> Response:
            async def stream() -> AsyncIterator[str]:
                yield ": nothing yet\n\n"
                await self._until_stopped()

            return StreamingResponse(stream(), media_type="text/event-stream")

        async def receive(_request: Request) -> Response:
            self.forms_received += 1
            await asyncio.sleep(0.5)
            return Response(status_code=204)

        endpoint = Callable[[Request], Awaitable[Response]]
        routes: list[tuple[str, endpoint, list[str]]] = [
            ("/", page, ["GET"]),
            ("/part.stl", model, ["GET"]),
            ("/events", events, ["GET"]),
            ("/quiet", quiet, ["GET"]),
            ("/", receive, ["POST"]),
        ]
        return Starlette(
            routes=[
                *[Route(path, handle, methods=methods) for path, handle, methods in routes],
                Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
            ]
        )

    async def _until_stopped(self) -> None:
        while not self._stopping:  # noqa: ASYNC110 - set from another thread than the loop's
            await asyncio.sleep(0.05)

    def start(self) -> None:
        """Serve on a free port of the loopback."""
        self.stl = knob_stl()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # so that the first page may come before the server is up
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self.application(), log_level="warning", timeout_graceful_shutdown=5, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and wait for the end."""
        self._stopping = True
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(timeout=10)
