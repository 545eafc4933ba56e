import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid, NotFound
from parts3d.points.geography import Place, belgian_postcodes, distance_km, locate

PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


def test_every_postcode_we_ship_lies_in_belgium_and_has_a_name() -> None:
    postcodes = belgian_postcodes()
    assert len(postcodes) == 1145
    for postcode, place in postcodes.items():
        assert postcode.isdigit()
        assert len(postcode) == 4
        assert 49.4 < place.latitude < 51.6
        assert 2.5 < place.longitude < 6.5
        assert place.name


@pytest.mark.parametrize("typed", ["4500", " 4500 ", "B-4500", "be 4500", "4500 Huy"])
def test_a_postcode_is_read_as_people_type_it(typed: str) -> None:
    assert locate(typed).name == "Huy"


@pytest.mark.parametrize("typed", ["", "45", "45000", "Huy", "; 4500", "F-4500", "4500 5000"])
def test_what_is_no_postcode_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Invalid, match="four digits"):
        locate(typed)


def test_a_postcode_that_does_not_exist_is_refused_in_words() -> None:
    with pytest.raises(NotFound) as refusal:
        locate("4999")
    assert refusal.value.message.startswith("There is no Belgian postcode 4999.")
    assert refusal.value.code == "unknown_postcode"


def test_the_distance_between_brussels_and_antwerp_is_some_42_kilometres() -> None:
    assert distance_km(locate("1000"), locate("2000")) == pytest.approx(41.8, abs=0.5)


def test_a_quarter_of_the_globe_is_ten_thousand_kilometres() -> None:
    assert distance_km(Place(0, 0), Place(90, 0)) == pytest.approx(10_007.5, abs=0.1)


@given(PLACES, PLACES)
def test_distances_are_symmetric_and_at_most_half_the_globe(one: Place, other: Place) -> None:
    there = distance_km(one, other)
    assert there == pytest.approx(distance_km(other, one))
    assert 0 <= there <= 20_016
    assert distance_km(one, one) == 0


def test_a_place_off_the_globe_is_refused() -> None:
    for latitude, longitude in ((91, 0), (0, 181), (float("nan"), 0)):
        with pytest.raises(Invalid, match="no place on earth"):
            Place(latitude, longitude)
