"""Points and printers, as the operator opens and changes them."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from parts3d.accounts.agents import register_agent
from parts3d.db import Database
from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.points.service import (
    PointDetails,
    add_point,
    add_printer,
    change_printer,
    edit_point,
    make_slug,
    revoke_agent,
    withdraw_printer,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HUY = PointDetails(
    name="Point 3D Huy",
    street="Rue Neuve 1",
    postcode="4500",
    opening_hours="Mo-Sa 09:00-18:30; PH off",
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.unit_of_work() as work:
        yield work.session


def test_a_postcode_gives_a_point_its_coordinates_and_its_city(session: Session) -> None:
    point = add_point(session, HUY, NOW)
    assert point.city == "Huy"
    assert (round(point.latitude, 1), round(point.longitude, 1)) == (50.5, 5.2)
    assert point.slug == "point-3d-huy"


def test_a_point_without_staffed_hours_is_staffed_while_it_is_open(session: Session) -> None:
    assert add_point(session, HUY, NOW).staffed_hours == HUY.opening_hours


def test_every_fault_of_a_point_is_told_at_its_field() -> None:
    with pytest.raises(ValidationError) as refused:
        PointDetails(name=" ", street="x", postcode="0001", opening_hours="Mo-Fr nine to five")
    assert {error["loc"][0] for error in refused.value.errors()} == {
        "name",
        "postcode",
        "opening_hours",
    }
    assert "There is no Belgian postcode 0001" in str(refused.value)


def test_two_points_cannot_have_one_name(session: Session) -> None:
    add_point(session, HUY, NOW)
    with pytest.raises(Conflict, match="already"):
        add_point(session, HUY, NOW)


def test_a_new_postcode_moves_the_point_but_not_its_address_in_links(session: Session) -> None:
    point = add_point(session, HUY, NOW)
    before = point.latitude
    edited = edit_point(session, point.id, HUY.model_copy(update={"postcode": "5000", "city": ""}))
    assert (edited.city, edited.slug) == ("Namur", "point-3d-huy")
    assert edited.latitude != before


def test_coordinates_given_by_hand_outlive_an_edit_of_the_hours(session: Session) -> None:
    exact = HUY.model_copy(update={"latitude": 50.5191, "longitude": 5.2391})
    point = add_point(session, exact, NOW)
    edit_point(session, point.id, HUY.model_copy(update={"opening_hours": "24/7"}))
    assert (point.latitude, point.opening_hours) == (50.5191, "24/7")


def test_a_printer_takes_only_what_its_model_prints(session: Session) -> None:
    point = add_point(session, HUY, NOW)
    with pytest.raises(Invalid, match="There is no material WOOD"):
        add_printer(session, point_id=point.id, name="Left", model="mk3s", material="WOOD", now=NOW)
    with pytest.raises(NotFound, match="There is no printer model"):
        add_printer(session, point_id=point.id, name="Left", model="nope", material="PETG", now=NOW)


def test_a_printer_is_driven_only_by_an_agent_of_its_own_point(session: Session) -> None:
    here = add_point(session, HUY, NOW)
    there = add_point(session, HUY.model_copy(update={"name": "Namur"}), NOW)
    key = base64.b64encode(bytes(32)).decode()
    agent = register_agent(session, point_id=there.id, name="pi", public_key=key, now=NOW)
    printer = add_printer(
        session, point_id=here.id, name="Left", model="mk3s", material="PETG", now=NOW
    )
    with pytest.raises(NotFound, match="no such agent"):
        change_printer(
            session, point_id=here.id, printer_id=printer.id, material="PLA", agent_id=agent.id
        )
    with pytest.raises(NotFound):
        revoke_agent(session, point_id=here.id, agent_id=agent.id, now=NOW)
    assert revoke_agent(session, point_id=there.id, agent_id=agent.id, now=NOW).revoked_at == NOW


def test_the_name_of_a_withdrawn_printer_is_free_again(session: Session) -> None:
    point = add_point(session, HUY, NOW)
    first = add_printer(
        session, point_id=point.id, name="Left", model="mk3s", material="PETG", now=NOW
    )
    with pytest.raises(Conflict):
        add_printer(session, point_id=point.id, name="Left", model="mk3s", material="PETG", now=NOW)
    withdraw_printer(session, point_id=point.id, printer_id=first.id, now=NOW)
    second = add_printer(
        session, point_id=point.id, name="Left", model="mk3s", material="PETG", now=NOW
    )
    assert second.id != first.id


def test_accents_and_signs_leave_a_plain_slug() -> None:
    assert make_slug("  Café & Réparation, Liège ") == "cafe-reparation-liege"
