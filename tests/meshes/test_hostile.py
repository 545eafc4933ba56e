"""A small share of the hostile files; ``make fuzz`` checks ten thousand and more."""

from collections import Counter

from tests.meshes.hostile.files import hostile_file
from tests.meshes.hostile.warm import Warm

FILES = 300


def test_every_hostile_file_is_read_with_the_right_count_or_refused() -> None:
    with Warm(seconds=30) as warm:
        outcomes = [warm.check(number) for number in range(FILES)]
    bad = [found for found in outcomes if found.outcome not in {"read", "refused"}]
    assert not bad, "\n".join(f"{f.number} {f.kind} {f.outcome}: {f.words}" for f in bad)
    assert max(found.peak_mb for found in outcomes) < 512
    # Were all refused, nothing behind the gate would have been tried.
    counted = Counter(found.outcome for found in outcomes)
    assert counted["read"] > FILES / 4
    assert counted["refused"] > FILES / 4


def test_a_number_always_gives_the_same_file() -> None:
    assert [hostile_file(n) for n in range(20)] == [hostile_file(n) for n in range(20)]
