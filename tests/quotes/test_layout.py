"""Copies of a part share beds where that is sliced; until then they are printed one by one."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from parts3d.catalogue.tables import Revision
from parts3d.db import Database
from parts3d.jobs.tables import Job
from parts3d.quotes.layout import LONGEST_PLATE, lay_out, share_out
from parts3d.quotes.service import price_part, quote_lines
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings
from parts3d.slicing.tables import Slice, SliceStatus
from tests.support.network import Network, placed, settings_for, small_network

SMALL_MM = (40.0, 40.0, 20.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def plate_of(
    network: Network,
    session: Session,
    copies: int,
    seconds: int | None,
    status: SliceStatus = SliceStatus.READY,
) -> Slice:
    """Add the slice of a plate; the single slice tells how large one copy is."""
    revision = session.get_one(Revision, network.revision_id)
    for one in session.exec(select(Slice).where(Slice.copies == 1)):
        one.part_x_mm, one.part_y_mm, one.part_z_mm = SMALL_MM
    sliced = network.add_slice(
        session,
        revision,
        "mk3s",
        print_seconds=seconds or 1,
        filament_mg=12_000 * copies - 500,
        status=status,
        engine_version=f"5.{copies}",
    )
    sliced.copies = copies
    session.flush()
    return sliced


def test_copies_share_a_bed_and_price_and_time_reflect_it(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        one_by_one = price_part(
            work.session, settings, network.revision_id, 4, now, printer_models={"mk3s"}
        )
        plate_of(network, work.session, 4, 5000)
        together = price_part(
            work.session, settings, network.revision_id, 4, now, printer_models={"mk3s"}
        )
    assert together.price.total_cents < one_by_one.price.total_cents
    assert together.price.machine_cents < one_by_one.price.machine_cents
    assert together.lines[0].print_seconds == 5000
    assert together.lines[0].filament_mg == 47_500
    assert [(plate.copies, plate.prints) for plate in together.lines[0].layout.plates] == [(4, 1)]


def test_while_a_plate_is_not_sliced_single_prints_serve_and_it_is_asked_for_once(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        plate_of(network, work.session, 9, 9000)  # tells the part's size; of no use for three
        price = price_part(
            work.session, settings, network.revision_id, 3, now, printer_models={"mk3s"}
        )
        assert price.awaits_plates
        assert price.unasked_plates == [(network.revision_id, 3)]
        assert price.lines[0].print_seconds == 3 * 1800
        plate_of(network, work.session, 3, None, SliceStatus.WAITING)
        again = price_part(
            work.session, settings, network.revision_id, 3, now, printer_models={"mk3s"}
        )
        assert again.awaits_plates
        assert again.unasked_plates == []
        assert again.price == price.price


def test_a_plate_that_no_slicer_could_slice_is_not_waited_for(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        plate_of(network, work.session, 3, None, SliceStatus.FAILED)
        price = price_part(
            work.session, settings, network.revision_id, 3, now, printer_models={"mk3s"}
        )
    assert not price.awaits_plates
    assert price.lines[0].print_seconds == 3 * 1800


def test_a_plate_that_takes_longer_than_single_prints_is_left_alone(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        plate_of(network, work.session, 3, 3 * 1800)
        price = price_part(
            work.session, settings, network.revision_id, 3, now, printer_models={"mk3s"}
        )
    assert [plate.copies for plate in price.lines[0].layout.plates] == [1]


def test_a_bed_is_not_filled_with_more_than_four_hours_of_printing(
    database: Database, now: datetime
) -> None:
    seconds = int(LONGEST_PLATE.total_seconds() // 2) - 1
    network = small_network(database, now, print_seconds=seconds)
    with database.unit_of_work() as work:
        revision = work.session.get_one(Revision, network.revision_id)
        plate_of(network, work.session, 2, 2 * seconds - 60)
        layout = lay_out(work.session, revision, 4, {"mk3s"})
    assert [(plate.copies, plate.prints) for plate in layout.plates] == [(2, 2)]


def test_a_frozen_price_keeps_its_beds_when_a_plate_becomes_ready_later(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        plate_of(network, work.session, 9, 9000)
    order = placed(database, settings, network, quantity=3)
    with database.unit_of_work() as work:
        plate_of(network, work.session, 3, 4000)
    with database.reading() as session:
        quote = session.get_one(Quote, order.quote_id)
        [line] = quote_lines(session, quote.id)
        assert [(one["copies"], one["prints"]) for one in line.plates] == [(1, 3)]
        assert order.total_cents == quote.total_cents
        assert [job.copies for job in session.exec(select(Job)).all()] == [1, 1, 1]


@given(st.integers(1, 60), st.integers(1, 60))
def test_beds_are_as_few_and_as_even_as_can_be(quantity: int, most: int) -> None:
    beds = share_out(quantity, most)
    assert sum(copies * prints for copies, prints in beds.items()) == quantity
    assert max(beds) <= most
    assert sum(beds.values()) == -(-quantity // most)
    assert max(beds) - min(beds) <= 1
