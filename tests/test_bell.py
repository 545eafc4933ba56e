import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parts3d.bell import Bell
from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.embedded.supervisor import Supervisor
from parts3d.settings import Settings
from tests.support.processes import until


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis that does not come back when it is killed."""
    broker = choose_broker(Settings(data_dir=tmp_path, broker="wheel"), {})
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        assert broker.redis_url is not None
        yield broker.redis_url


async def _heard(bell: Bell, channel: str, ringer: Bell, rings: str) -> bool:
    async with bell.listen([channel]) as ear:
        await asyncio.to_thread(ringer.ring, rings)
        return await ear.wait(0.5)


def test_a_ring_of_another_process_wakes_the_waiter(redis_url: str) -> None:
    here, elsewhere = Bell(redis_url), Bell(redis_url)

    async def story() -> None:
        assert await _heard(here, "order:1", elsewhere, "order:1")
        await here.aclose()

    asyncio.run(story())
    here.close()
    elsewhere.close()


def test_a_ring_for_somebody_else_wakes_nobody(redis_url: str) -> None:
    here, elsewhere = Bell(redis_url), Bell(redis_url)

    async def story() -> None:
        assert not await _heard(here, "order:1", elsewhere, "order:2")
        await here.aclose()

    asyncio.run(story())
    here.close()
    elsewhere.close()


def test_an_ear_hears_what_rang_before_it_knew_whom_to_follow() -> None:
    bell = Bell(None)

    async def story(follows: str) -> bool:
        async with bell.listen_to_all() as ear:
            bell.ring("order:1")
            await asyncio.sleep(0)
            ear.follow([follows])
            rung = await ear.ring(0.01)
            bell.ring(follows)
            assert await ear.ring(1)
        return rung

    assert asyncio.run(story("order:1"))
    assert not asyncio.run(story("order:2"))


def test_many_waiters_share_one_connection(redis_url: str) -> None:
    bell = Bell(redis_url)

    async def story() -> None:
        waiting = [asyncio.create_task(bell.wait([f"agent:{i % 5}"], 20)) for i in range(200)]
        await asyncio.sleep(0.2)
        for number in range(5):
            await asyncio.to_thread(bell.ring, f"agent:{number}")
        assert all(await asyncio.gather(*waiting))
        assert bell._publisher is not None
        clients = await asyncio.to_thread(bell._publisher.client_list)
        assert len(clients) == 2  # the one that hears, the one that rings
        await bell.aclose()

    asyncio.run(story())
    bell.close()


def test_what_rings_between_listening_and_waiting_is_not_lost(redis_url: str) -> None:
    here, elsewhere = Bell(redis_url), Bell(redis_url)

    async def story() -> None:
        async with here.listen(["job:1"]) as ear:
            await asyncio.to_thread(elsewhere.ring, "job:1")
            await asyncio.sleep(0.1)
            assert await ear.wait(0.5)
            assert not await ear.wait(0.1)
        await here.aclose()

    asyncio.run(story())
    here.close()
    elsewhere.close()


def test_when_redis_dies_the_waiter_looks_again_and_then_each_second(tmp_path: Path) -> None:
    broker = choose_broker(Settings(data_dir=tmp_path, broker="wheel"), {})
    bell = Bell(broker.redis_url)

    async def story(supervisor: Supervisor) -> None:
        async with bell.listen(["order:1"]) as ear:
            waiting = asyncio.create_task(ear.wait(20))
            await asyncio.sleep(0.05)
            supervisor.kill("redis", signal.SIGSTOP)
            supervisor.stop_child("redis")
            assert await waiting  # something may have been missed
            assert await ear.wait(20)  # a second later: look again
            supervisor.start(redis_child(broker))
            supervisor.wait_ready()
            for _ in range(3):  # and once it is back, rings are heard again
                await ear.wait(2)
            assert ear._tower.connected
        await bell.aclose()

    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        asyncio.run(story(supervisor))
    bell.close()


def test_without_any_redis_the_waiters_of_this_process_still_hear() -> None:
    bell = Bell(None)

    async def story() -> None:
        assert await _heard(bell, "order:1", bell, "order:1")
        assert not await _heard(bell, "order:1", bell, "order:2")
        assert await bell.wait(["order:1"], 1.5)  # the poll of a second says: look again
        await bell.aclose()

    asyncio.run(story())


def test_ringing_an_absent_redis_neither_raises_nor_insists(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bell = Bell(f"unix://{tmp_path}/nobody.sock")
    for _ in range(1000):
        bell.ring("order:1")
    assert len([record for record in caplog.records if "could not be rung" in record.message]) < 3


def test_after_one_late_answer_the_next_ring_is_heard_at_once(tmp_path: Path) -> None:
    broker = choose_broker(Settings(data_dir=tmp_path, broker="wheel"), {})
    here, elsewhere = Bell(broker.redis_url), Bell(broker.redis_url)

    async def story(supervisor: Supervisor) -> None:
        async with here.listen(["order:2"]) as ear:
            supervisor.kill("redis", signal.SIGSTOP)
            await asyncio.to_thread(elsewhere.ring, "order:1")
            supervisor.kill("redis", signal.SIGCONT)
            await asyncio.to_thread(elsewhere.ring, "order:2")
            assert await ear.ring(20)
        await here.aclose()

    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        asyncio.run(story(supervisor))
    here.close()
    elsewhere.close()


def test_a_redis_that_accepts_and_says_nothing_costs_a_ring_little(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen()
        bell = Bell(f"unix://{tmp_path}/mute.sock")
        began = time.monotonic()
        bell.ring("order:1")
        bell.ring("order:1")
        until(lambda: bell._rest_until > began, seconds=1, what="giving up")
        bell.close()
