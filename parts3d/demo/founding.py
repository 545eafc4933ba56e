"""Founding the demo's network in a data folder; founding again keeps what is there.

A program of its own, so that the demo's parent process stays small:
``python -m parts3d.demo.founding CATALOGUE SERVER_URL``.
"""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, select

from parts3d.accounts.agents import register_agent
from parts3d.accounts.service import add_account
from parts3d.accounts.tables import Account, Agent, Role
from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.loading import load_catalogue
from parts3d.context import Context
from parts3d.demo.places import PEOPLE, POINTS, DemoPoint
from parts3d.errors import Unavailable
from parts3d.migrate import upgrade
from parts3d.points.tables import Point, Printer, Unattended
from parts3d.settings import Settings
from parts3d.slicing.profiles import materials


def agent_config_path(settings: Settings, point: DemoPoint) -> Path:
    """Return where an agent's configuration lies."""
    return settings.data_dir / "agents" / point.slug / "agent.toml"


def found(context: Context, catalogue: Path, server_url: str, now: datetime) -> None:
    """Create what is missing: schema, points, printers, agents with keys, people, catalogue."""
    upgrade(context.database)
    for point in POINTS:
        public_key = _prepare_agent(context.settings, point, server_url)
        with context.database.unit_of_work() as work:
            _found_point(work.session, point, public_key, now)
    with context.database.unit_of_work() as work:
        _found_people(work.session, now)
    printers = sum(len(point.printers) for point in POINTS)
    _say(f"{len(POINTS)} points with {printers} virtual printers are ready.")
    softening_c = {name: material.softening_c for name, material in materials().items()}
    loaded, faults = load_catalogue(context, catalogue, softening_c=softening_c, now=now)
    on_sale = sum(1 for part in loaded if part.status is RevisionStatus.APPROVED)
    _say(f"The catalogue is loaded: {len(loaded)} parts, {on_sale} of them for sale.")
    for fault in faults:
        _say(f"  not loaded: {fault}")


def _found_point(session: Session, demo: DemoPoint, public_key: str, now: datetime) -> None:
    point = session.exec(select(Point).where(Point.slug == demo.slug)).first()
    if point is None:
        point = Point(
            slug=demo.slug,
            name=demo.name,
            street=demo.street,
            postcode=demo.postcode,
            city=demo.city,
            latitude=demo.latitude,
            longitude=demo.longitude,
            opening_hours=demo.opening_hours,
            staffed_hours=demo.staffed_hours,
            unattended=Unattended(demo.unattended),
            created_at=now,
        )
        session.add(point)
        session.flush()
    if session.get(Agent, demo.agent_id) is None:
        register_agent(
            session,
            point_id=point.id,
            name=f"Agent of {demo.name}",
            public_key=public_key,
            now=now,
            agent_id=demo.agent_id,
        )
    for printer in demo.printers:
        if session.get(Printer, printer.id) is None:
            session.add(
                Printer(
                    id=printer.id,
                    point_id=point.id,
                    agent_id=demo.agent_id,
                    name=printer.name,
                    model=printer.model,
                    material=printer.material,
                    created_at=now,
                )
            )
    session.flush()


def _found_people(session: Session, now: datetime) -> None:
    for email, name, role, slug in PEOPLE:
        if session.exec(select(Account).where(Account.email == email)).first():
            continue
        point = session.exec(select(Point).where(Point.slug == slug)).first() if slug else None
        add_account(
            session,
            email=email,
            name=name,
            role=Role(role),
            now=now,
            point_id=point.id if point else None,
        )


def _prepare_agent(settings: Settings, point: DemoPoint, server_url: str) -> str:
    """Write an agent's configuration, let it make its own key; return the public half."""
    path = agent_config_path(settings, point)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_agent_config(point, server_url, settings.demo_speed), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-m", "printer_agents", "key", "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise Unavailable(f"The agent of {point.name} could not make its key: {answer.stderr}")
    first_line = answer.stdout.splitlines()[0]
    return first_line.removeprefix("public key:").strip()


def _agent_config(point: DemoPoint, server_url: str, speed: float) -> str:
    """Return an agent's TOML; waiting is shortened along with the printing."""
    lines = [
        f'server_url = "{server_url}"',
        f'agent_id = "{point.agent_id}"',
        'key_file = "agent.key"',
        'data_dir = "memory"',
        "status_port = 0",
        "",
        "[intervals]",
        "poll_seconds = 0.5",
        "bed_seconds = 1.0",
        "progress_seconds = 1.0",
        "printers_seconds = 5.0",
        "steady_seconds = 1.0",
        "settle_seconds = 2.0",
        "retry_most_seconds = 3.0",
    ]
    for printer in point.printers:
        lines += [
            "",
            "[[printers]]",
            f'id = "{printer.id}"',
            'driver = "virtual"',
            f'material = "{printer.material}"',
            f"options = {{ speed = {speed} }}",
        ]
    return "\n".join(lines) + "\n"


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> None:
    """Found the network of ``PARTS3D_DATA_DIR``."""
    context = Context.from_settings(Settings())
    found(context, Path(sys.argv[1]), sys.argv[2], datetime.now(UTC))
    context.close()


if __name__ == "__main__":
    main()
