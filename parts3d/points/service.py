"""Opening and changing points and their printers; agents' keys are revoked here.

An agent's key is registered by ``accounts.agents.register_agent``.
"""

import re
import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.errors import Conflict, Invalid, NotFound, Parts3dError
from parts3d.points.geography import locate
from parts3d.points.hours import Hours
from parts3d.points.tables import Point, Printer, Unattended
from parts3d.slicing.profiles import materials, profile

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_MAX_HOURS_LENGTH = 500


class PointDetails(BaseModel):
    """What the operator says of a point.

    Args:
        name: as customers read it.
        street: with the number.
        postcode: a Belgian one; it gives the coordinates where none are given.
        city: empty: the postcode's.
        opening_hours: OSM syntax, Brussels time.
        staffed_hours: likewise; empty: the opening hours.
        unattended: what printers may do while nobody is there.
        bed_clear_minutes: from the end of a print to a free bed, while somebody is there.
        check_minutes: to check and bag a part.
        people: how many do that at once.
        latitude: WGS 84, in degrees, together with ``longitude``.
        longitude: likewise.
        active: whether it takes orders.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    street: Line
    postcode: Line
    city: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)] = ""
    opening_hours: Annotated[str, Field(max_length=_MAX_HOURS_LENGTH)]
    staffed_hours: Annotated[str, Field(max_length=_MAX_HOURS_LENGTH)] = ""
    unattended: Unattended = Unattended.FINISH
    bed_clear_minutes: Annotated[int, Field(ge=1, le=240)] = 5
    check_minutes: Annotated[int, Field(ge=1, le=240)] = 5
    people: Annotated[int, Field(ge=1, le=20)] = 1
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    active: bool = True

    @field_validator("opening_hours", "staffed_hours")
    @classmethod
    def _can_be_read(cls, text: str, info: object) -> str:
        text = text.strip()
        if text or getattr(info, "field_name", "") == "opening_hours":
            _as_value_error(Hours.parse, text)
        return text

    @field_validator("postcode")
    @classmethod
    def _exists(cls, text: str) -> str:
        _as_value_error(locate, text)
        return re.sub(r"\D", "", text)[:4]

    @classmethod
    def of(cls, point: Point) -> "PointDetails":
        """Return what is stored of a point, whatever the rules are by now."""
        names = cls.model_fields.keys()
        return PointDetails.model_construct(**{name: getattr(point, name) for name in names})


def add_point(
    session: Session, details: PointDetails, now: datetime, *, slug: str | None = None
) -> Point:
    """Add a point; its slug is made of its name where none is given.

    Raises:
        Conflict: another point has this name.
    """
    base = slug or make_slug(details.name) or "point"
    if session.exec(select(Point).where(Point.slug == base)).first():
        raise Conflict(f"There is a point called {details.name} already.", place="name")
    point = Point.model_validate({"slug": base, "created_at": now, **_columns(details)})
    session.add(point)
    session.flush()
    return point


def edit_point(session: Session, point_id: str, details: PointDetails) -> Point:
    """Change a point; its slug, which customers' links hold, stays.

    Raises:
        NotFound: there is no such point.
    """
    point = get_point(session, point_id)
    moved = details.postcode != point.postcode
    for column, value in _columns(details).items():
        if column in {"latitude", "longitude"} and details.latitude is None and not moved:
            continue
        setattr(point, column, value)
    session.flush()
    return point


def get_point(session: Session, point_id: str) -> Point:
    """Return a point.

    Raises:
        NotFound: there is none.
    """
    point = session.get(Point, point_id)
    if point is None:
        raise NotFound("There is no such point.")
    return point


def add_printer(
    session: Session,
    *,
    point_id: str,
    name: str,
    model: str,
    material: str,
    now: datetime,
    agent_id: str | None = None,
    printer_id: str | None = None,
) -> Printer:
    """Add a printer to a point.

    Args:
        session: flushed, not committed.
        point_id: where it stands.
        name: what staff call it.
        model: the id of a printer profile.
        material: what is loaded.
        now: the moment.
        agent_id: the agent that drives it; it may be connected later.
        printer_id: an id of its own choice (the demo's); else a fresh one.

    Raises:
        NotFound: no such point, model or agent.
        Invalid: no name, or a material that this model does not print.
        Conflict: the point has a printer of this name.
    """
    get_point(session, point_id)
    name = name.strip()
    if not name:
        raise Invalid("Give the printer a name, as staff call it.", place="name")
    taken = select(Printer).where(
        Printer.point_id == point_id, Printer.name == name, col(Printer.withdrawn_at).is_(None)
    )
    if session.exec(taken).first():
        raise Conflict(f"This point has a printer called {name} already.", place="name")
    _check_material(model, material)
    printer = Printer(
        point_id=point_id,
        agent_id=_agent_of_point(session, point_id, agent_id),
        name=name[:80],
        model=model,
        material=material,
        created_at=now,
    )
    if printer_id:
        printer.id = printer_id
    session.add(printer)
    session.flush()
    return printer


def change_printer(
    session: Session, *, point_id: str, printer_id: str, material: str, agent_id: str | None
) -> Printer:
    """Say what is loaded in a printer, and which agent drives it.

    Raises:
        NotFound: no such printer or agent at this point.
        Invalid: this model does not print the material.
    """
    printer = _printer_of_point(session, point_id, printer_id)
    _check_material(printer.model, material)
    printer.material = material
    printer.agent_id = _agent_of_point(session, point_id, agent_id)
    session.flush()
    return printer


def withdraw_printer(session: Session, *, point_id: str, printer_id: str, now: datetime) -> Printer:
    """Take a printer out of the network; nothing new is planned on it. Twice is once.

    Raises:
        NotFound: no such printer at this point.
    """
    printer = _printer_of_point(session, point_id, printer_id)
    printer.withdrawn_at = printer.withdrawn_at or now
    session.flush()
    return printer


def revoke_agent(session: Session, *, point_id: str, agent_id: str, now: datetime) -> Agent:
    """Refuse an agent's key from now on; its printers stay and wait for another. Twice is once.

    Raises:
        NotFound: no such agent at this point.
    """
    agent = session.get(Agent, agent_id)
    if agent is None or agent.point_id != point_id:
        raise NotFound("There is no such agent at this point.")
    agent.revoked_at = agent.revoked_at or now
    session.flush()
    return agent


def make_slug(name: str) -> str:
    """Return a name as it stands in an address: small letters, digits, hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _columns(details: PointDetails) -> dict[str, object]:
    place = locate(details.postcode)
    given = details.latitude is not None and details.longitude is not None
    return {
        **details.model_dump(exclude={"latitude", "longitude"}),
        "city": details.city or place.name,
        "staffed_hours": details.staffed_hours or details.opening_hours,
        "latitude": details.latitude if given else place.latitude,
        "longitude": details.longitude if given else place.longitude,
    }


def _printer_of_point(session: Session, point_id: str, printer_id: str) -> Printer:
    printer = session.get(Printer, printer_id, with_for_update=True)
    if printer is None or printer.point_id != point_id:
        raise NotFound("There is no such printer at this point.")
    return printer


def _agent_of_point(session: Session, point_id: str, agent_id: str | None) -> str | None:
    if not agent_id:
        return None
    agent = session.get(Agent, agent_id)
    if agent is None or agent.point_id != point_id or agent.revoked_at is not None:
        raise NotFound("There is no such agent at this point.", place="agent_id")
    return agent.id


def _check_material(model: str, material: str) -> None:
    if material not in materials():
        known = ", ".join(materials())
        raise Invalid(f"There is no material {material}; known: {known}.", place="material")
    profile(model).temperatures_for(material)


def _as_value_error(check: object, text: str) -> None:
    """Let pydantic collect a fault in our own words with those of the other fields."""
    try:
        check(text)  # type: ignore[operator]
    except Parts3dError as error:
        raise ValueError(error.message) from error
