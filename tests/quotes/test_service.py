from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.errors import Conflict, Expired, Invalid, NotFound
from parts3d.promises.queries import orderable_models
from parts3d.quotes.queries import ready_slices
from parts3d.quotes.service import find_quote, price_part, quote_lines, quote_part, still_valid
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings
from parts3d.slicing.tables import SliceStatus
from tests.support.network import Network, settings_for, small_network


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def test_a_quote_keeps_its_components_and_its_time(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        quote_id = quote_part(
            work.session, settings, network.revision_id, 2, now, printer_models={"mk3s"}
        ).id
    with database.reading() as session:
        quote = find_quote(session, quote_id)
        parts = (
            quote.material_cents + quote.machine_cents + quote.handling_cents + quote.share_cents
        )
        assert parts == quote.net_cents
        assert quote.net_cents + quote.vat_cents == quote.total_cents
        [line] = quote_lines(session, quote_id)
        assert (line.quantity, line.total_cents) == (2, quote.total_cents)
        assert quote.expires_at == now + timedelta(minutes=30)
        late = now + timedelta(minutes=29, seconds=59)
        assert still_valid(session, settings, quote, late) is quote
        with pytest.raises(Expired, match="frozen until 10:30"):
            still_valid(session, settings, quote, now + timedelta(minutes=30))


def test_the_price_is_that_of_the_dearest_model_that_stands_somewhere(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = Network(now)
    with database.unit_of_work() as work:
        network.add_point(work.session, models=("mk3s", "slow"))
        network.add_part(work.session, print_seconds=20_000, models=("mk3s", "slow", "nowhere"))
        models = orderable_models(work.session)
        assert models == {"mk3s", "slow"}
        both = price_part(
            work.session, settings, network.revision_id, 1, now, printer_models=models
        )
        fast = price_part(
            work.session, settings, network.revision_id, 1, now, printer_models={"mk3s"}
        )
        assert both.lines[0].model == "slow"
        assert both.price.total_cents > fast.price.total_cents


def test_the_newest_slice_of_a_model_counts(database: Database, now: datetime) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        revision = work.session.get_one(Revision, network.revision_id)
        newer = network.add_slice(
            work.session, revision, "mk3s", print_seconds=900, engine_version="5.1"
        )
        newer.created_at = now + timedelta(minutes=1)
        work.session.flush()
        assert ready_slices(work.session, revision, ["mk3s"])["mk3s"].print_seconds == 900


def test_a_part_that_is_being_sliced_says_how_far_it_is(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now, print_seconds=None)
    with database.unit_of_work() as work:
        revision = work.session.get_one(Revision, network.revision_id)
        network.add_slice(work.session, revision, "mk3s", status=SliceStatus.SLICING)
        with pytest.raises(Conflict, match=r"being prepared .* \(0 of 1 done\)"):
            price_part(work.session, settings, revision.id, 1, now, printer_models={"mk3s"})


def test_a_part_that_no_slicer_could_slice_says_so(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now, print_seconds=None)
    with database.unit_of_work() as work:
        revision = work.session.get_one(Revision, network.revision_id)
        network.add_slice(work.session, revision, "mk3s", status=SliceStatus.FAILED)
        with pytest.raises(Conflict, match="cannot be printed"):
            price_part(work.session, settings, revision.id, 1, now, printer_models={"mk3s"})


def test_without_any_point_nothing_is_sold(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work, pytest.raises(Conflict, match="No point is open"):
        price_part(work.session, settings, network.revision_id, 1, now, printer_models=frozenset())


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_a_quantity_beyond_the_limits_is_refused(
    database: Database, settings: Settings, now: datetime, quantity: int
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work, pytest.raises(Invalid, match="Choose from 1 to 10"):
        quote_part(
            work.session, settings, network.revision_id, quantity, now, printer_models={"mk3s"}
        )


@pytest.mark.parametrize("status", [RevisionStatus.DRAFT, RevisionStatus.WITHDRAWN])
def test_what_is_not_approved_has_no_price(
    database: Database, settings: Settings, now: datetime, status: RevisionStatus
) -> None:
    network = small_network(database, now, status=status)
    with database.unit_of_work() as work, pytest.raises(Conflict, match="not on sale"):
        quote_part(work.session, settings, network.revision_id, 1, now, printer_models={"mk3s"})


def test_an_older_revision_is_no_longer_sold(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        work.session.exec(select(Part)).one().current_revision_id = "another"
    with database.unit_of_work() as work, pytest.raises(Conflict, match="not on sale"):
        quote_part(work.session, settings, network.revision_id, 1, now, printer_models={"mk3s"})


def test_unknown_revisions_and_quotes_are_named_as_such(
    database: Database, settings: Settings, now: datetime
) -> None:
    with database.unit_of_work() as work:
        with pytest.raises(NotFound, match="no such part"):
            quote_part(work.session, settings, "0" * 32, 1, now, printer_models={"mk3s"})
        with pytest.raises(NotFound, match="no such quote"):
            find_quote(work.session, "0" * 32)
        assert work.session.exec(select(Quote)).all() == []
