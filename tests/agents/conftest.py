"""Fixtures of the agent's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agents.shop import Shop


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Return a way to open shops; their agents are closed at the end."""
    shops: list[Shop] = []

    def opened(**options: float) -> Shop:
        shops.append(Shop(tmp_path / str(len(shops)), **options))  # type: ignore[arg-type]
        return shops[-1]

    yield opened
    for shop in shops:
        shop.agent.close()


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop with one virtual printer."""
    return open_shop()
