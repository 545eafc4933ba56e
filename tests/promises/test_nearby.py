"""The tree finds what a look at every point finds."""

from hypothesis import given
from hypothesis import strategies as st

from parts3d.points.geography import Place
from parts3d.promises.nearby import Nearby, Reach, scan
from tests.support.examples import examples

# A coarse grid, so that many are equally far, and the whole globe with its poles.
grid = st.builds(Place, st.integers(0, 8).map(lambda n: 50 + n / 8), st.integers(0, 8).map(float))
globe = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
reaches = st.builds(
    Reach, st.sampled_from([0.0, 12.0, 60.0, 25_000.0]), st.integers(0, 5), st.integers(0, 12)
)


@examples(60)
@given(
    st.one_of(st.lists(grid, max_size=40), st.lists(globe, max_size=40)),
    st.one_of(grid, globe),
    reaches,
)
def test_the_tree_finds_what_a_scan_finds_in_the_same_order(
    places: list[Place], place: Place, reach: Reach
) -> None:
    assert Nearby(places).find(place, reach) == scan(places, place, reach)


def test_the_nearest_come_first_and_too_few_are_made_up_for() -> None:
    places = [Place(50.0, 4.0 + step / 10) for step in range(10)]
    assert Nearby(places).find(Place(50.0, 4.0), Reach(15, least=3, most=4)) == [0, 1, 2]
    assert Nearby(places).find(Place(50.0, 4.0), Reach(30, least=3, most=4)) == [0, 1, 2, 3]
    assert Nearby([]).find(Place(50.0, 4.0), Reach()) == []
