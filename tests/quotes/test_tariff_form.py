"""A tariff as it is typed: exact both ways."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from parts3d.quotes.tariff_file import sheet_of
from parts3d.quotes.tariff_form import MOST_BREAKS, read_form, typed_of
from tests.quotes.random_tariffs import random_tariff


@given(st.integers(0, 2**32))
def test_what_a_form_shows_is_read_back_as_it_was(seed: int) -> None:
    sheet = sheet_of(random_tariff(Random(seed)))
    if sheet.rush is not None:
        meaning = {"en": "first", "fr": "d'abord"}
        sheet = sheet.model_copy(
            update={"rush": sheet.rush.model_copy(update={"meaning": meaning})}
        )
    assert len(sheet.quantity_breaks) <= MOST_BREAKS
    read, faults = read_form(typed_of(sheet))
    assert faults == {}
    assert read == sheet


@given(
    st.dictionaries(st.sampled_from(list(typed_of(sheet_of(random_tariff(Random(1)))))), st.text())
)
def test_whatever_is_typed_is_read_or_told_at_its_field(changes: dict[str, str]) -> None:
    typed = {**typed_of(sheet_of(random_tariff(Random(1)))), **changes}
    sheet, faults = read_form(typed)
    assert (sheet is None) == bool(faults)
    assert all(words for words in faults.values())
