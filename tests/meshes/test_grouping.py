import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from parts3d.meshes import grouping


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=60))
def test_rows_are_in_one_group_exactly_when_they_are_equal(
    rows: list[tuple[int, int, int]],
) -> None:
    table = np.array(rows, dtype=np.uint32)
    labels = grouping.group_equal(
        [table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()]
    ).labels()
    for i, row in enumerate(rows):
        assert [label == labels[i] for label in labels] == [other == row for other in rows]


def test_rows_that_share_a_hash_are_still_told_apart() -> None:
    columns = [np.array([5, 9, 5, 9, 5, 7], dtype=np.uint32)]
    order = np.arange(6)
    one_hash = np.ones(5, dtype=np.bool_)
    mixed = columns[0][1:] != columns[0][:-1]
    sorted_out = columns[0][grouping._sort_out(columns, order, one_hash, mixed)]
    assert sorted_out.tolist() == [5, 5, 5, 7, 9, 9]


@given(
    nodes=st.integers(1, 40),
    links=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60),
)
def test_components_are_those_that_scipy_finds(nodes: int, links: list[tuple[int, int]]) -> None:
    ends = np.array(links, dtype=np.int64).reshape(-1, 2) % nodes
    count, labels = grouping.connected(nodes, ends[:, 0], ends[:, 1])
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    expected_count, expected = connected_components(graph.tocsr(), directed=False)
    assert count == expected_count
    assert ((labels[:, None] == labels) == (expected[:, None] == expected)).all()
