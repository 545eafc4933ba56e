from datetime import datetime
from pathlib import Path

import pytest

from parts3d.db import Database
from tests.jobs.bench import Shop


@pytest.fixture
def shop(database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(database, tmp_path, now)
