from collections.abc import Iterator

import pytest

from tests.browser.conftest import browser, open_page, page
from tests.support.live import LiveNetwork, live_network

__all__ = ["browser", "open_page", "page"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    with live_network(tmp_path_factory.mktemp("network"), speed=120) as network:
        yield network
