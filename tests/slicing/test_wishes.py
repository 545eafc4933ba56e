"""Which slices are wished for."""

from datetime import datetime

from parts3d.db import Database
from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.profiles import printer_models
from parts3d.slicing.wishes import wish_slices
from tests.support.network import Network


class NoEngine:
    """An engine that is only asked for its name."""

    name = "cura"
    version = "9.9"

    def slice(self, *given: object) -> SliceResult:
        raise AssertionError(given)


def test_a_recipe_that_cannot_be_read_keeps_no_other_from_the_queue(
    database: Database, now: datetime
) -> None:
    network = Network(now)
    with database.unit_of_work() as work:
        broken = network.add_part(work.session, slug="old-knob")
        broken.recipe = {"material": "PETG", "of_an_earlier_version": True}
        network.add_part(work.session, slug="wheel")
    with database.unit_of_work() as work:
        fresh = wish_slices(work.session, NoEngine(), now)
    assert {wish.printer_model for wish in fresh} <= set(printer_models())
    assert len(fresh) > 0
    assert broken.model_sha256 not in {wish.model_sha256 for wish in fresh}
