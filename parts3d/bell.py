"""The bell: tells those who wait that a row has changed. It carries a name, never the truth.

A ring goes to the waiters of this process at once, and over Redis to those of the others.
Losing Redis loses nothing: while it is away a waiter looks again each second.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

_log = logging.getLogger(__name__)

_PREFIX = "parts3d:bell:"
_ANSWER_SECONDS = 0.2
# One late answer is a busy machine; so many in a row are a Redis that hangs.
_LATE_IN_A_ROW = 2
_REST_SECONDS = 1.0
_POLL_SECONDS = 1.0
_ALIVE_SECONDS = 10.0


class Bell:
    """Rings and waits. One per process; safe from any thread and any event loop.

    Args:
        redis_url: ``redis://``, ``rediss://`` or ``unix://``; None means no Redis at all:
            waiters in this process are still woken at once, others look each second.
    """

    def __init__(self, redis_url: str | None) -> None:
        self.redis_url = redis_url
        self._publisher: redis.Redis | None = None
        if redis_url is not None:
            self._publisher = redis.Redis.from_url(
                redis_url,
                socket_timeout=_ANSWER_SECONDS,
                socket_connect_timeout=_ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        self._late = 0
        self._rest_until = 0.0
        self._lock = threading.Lock()
        self._towers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Tower] = WeakKeyDictionary()

    def ring(self, channel: str) -> None:
        """Wake whoever waits for the channel. Never raises; at most 0.4 s when Redis hangs.

        Call it after the commit (``work.after_commit(lambda: bell.ring("order:…"))``).
        """
        self.wake(channel)
        if self._publisher is None or time.monotonic() < self._rest_until:
            return
        try:
            self._publisher.publish(_PREFIX + channel, "")
            self._late = 0
        except redis.RedisError as error:
            self._late += 1
            if isinstance(error, redis.TimeoutError) and self._late < _LATE_IN_A_ROW:
                return
            self._rest_until = time.monotonic() + _REST_SECONDS
            _log.warning("The bell %s could not be rung: %s", channel, error)

    def wake(self, channel: str) -> None:
        """Wake those who wait in this process only; for who has looked at the rows for them."""
        with self._lock:
            towers = list(self._towers.items())
        for loop, tower in towers:
            # A loop closes between two lines of ours; then nobody waits there.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tower.wake, channel)

    @property
    def hears(self) -> bool:
        """Whether rings of other processes reach the running event loop now."""
        with self._lock:
            tower = self._towers.get(asyncio.get_running_loop())
        return tower is not None and tower.connected

    @asynccontextmanager
    async def listen(self, channels: Iterable[str]) -> AsyncIterator["Ear"]:
        """Listen first, then look at the row, then wait: so that no ring falls between.

        ::

            async with bell.listen([f"order:{order_id}"]) as ear:
                while ...:
                    look()
                    await ear.wait(25)
        """
        tower = await self._tower()
        ear = Ear(tower, frozenset(channels))
        tower.add(ear)
        try:
            yield ear
        finally:
            tower.discard(ear)

    @asynccontextmanager
    async def listen_to_all(self) -> AsyncIterator["Ear"]:
        """Listen while nobody knows yet to what: the first look at the rows tells.

        ::

            async with bell.listen_to_all() as ear:
                ear.follow([f"order:{look()}"])  # hears too what rang meanwhile
                await ear.wait(25)
        """
        tower = await self._tower()
        ear = Ear(tower, frozenset())
        tower.undecided.add(ear)
        try:
            yield ear
        finally:
            tower.undecided.discard(ear)
            tower.discard(ear)

    async def wait(self, channels: Iterable[str], timeout_seconds: float) -> bool:
        """Wait once for any of the channels; True means look again, False nothing was heard.

        What rings before the call is not heard: prefer ``listen`` where that matters.
        """
        async with self.listen(channels) as ear:
            return await ear.wait(timeout_seconds)

    async def aclose(self) -> None:
        """Stop listening in the running event loop (at the end of the web server's life)."""
        with self._lock:
            tower = self._towers.pop(asyncio.get_running_loop(), None)
        if tower is not None:
            await tower.aclose()

    def close(self) -> None:
        """Close the connection that rings."""
        if self._publisher is not None:
            self._publisher.close()

    async def _tower(self) -> "_Tower":
        loop = asyncio.get_running_loop()
        with self._lock:
            tower = self._towers.get(loop)
            if tower is None:
                tower = self._towers[loop] = _Tower(self.redis_url)
        await tower.start()
        return tower


class Ear:
    """One who listens. Made by ``Bell.listen`` and ``Bell.listen_to_all``."""

    def __init__(self, tower: "_Tower", channels: frozenset[str]) -> None:
        self.channels = channels
        self.rung = asyncio.Event()
        self.heard: set[str] = set()
        self._tower = tower

    def follow(self, channels: Iterable[str]) -> None:
        """Listen to these from now on; what has rung of them since the ear was opened, rings."""
        self._tower.undecided.discard(self)
        self.channels = frozenset(channels)
        self._tower.add(self)
        if self.heard & self.channels:
            self.rung.set()
        self.heard.clear()

    async def wait(self, timeout_seconds: float) -> bool:
        """Wait for a ring since the last wait.

        Returns:
            True: look again (it rang, or Redis is away and a second has passed).
            False: ``timeout_seconds`` have passed in silence.
        """
        deaf = not self._tower.connected
        seconds = min(timeout_seconds, _POLL_SECONDS) if deaf else timeout_seconds
        return await self.ring(seconds) or (deaf and timeout_seconds > _POLL_SECONDS)

    async def ring(self, timeout_seconds: float) -> bool:
        """Wait for a ring and nothing else: somebody else looks at the rows meanwhile."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.rung.wait()
        except TimeoutError:
            return False
        self.rung.clear()
        return True


class _Tower:
    """The one connection of an event loop that hears every ring and wakes its ears."""

    def __init__(self, redis_url: str | None) -> None:
        self.redis_url = redis_url
        # By channel: a ring must not ask each of thousands whether it is meant.
        self.ears: dict[str, set[Ear]] = {}
        # Those who do not know yet whom to follow.
        self.undecided: set[Ear] = set()
        self.connected = False
        self._tried = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, if not yet; the first caller waits until the connection stands or fails."""
        if self.redis_url is None:
            return
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(self.redis_url))
        await self._tried.wait()

    def add(self, ear: Ear) -> None:
        for channel in ear.channels:
            self.ears.setdefault(channel, set()).add(ear)

    def discard(self, ear: Ear) -> None:
        for channel in ear.channels:
            ears = self.ears.get(channel, set())
            ears.discard(ear)
            if not ears:
                self.ears.pop(channel, None)

    def wake(self, channel: str) -> None:
        for ear in self.ears.get(channel, ()):
            ear.rung.set()
        for ear in self.undecided:
            ear.heard.add(channel)

    def _wake_all(self) -> None:
        # A ring may have been missed: everybody looks again.
        for ears in (*self.ears.values(), self.undecided):
            for ear in ears:
                ear.rung.set()

    async def _read(self, redis_url: str) -> None:
        while True:
            try:
                await self._hear(redis_url)
            except (redis.RedisError, OSError, TimeoutError) as error:
                if self.connected or not self._tried.is_set():
                    _log.warning("The bell is deaf, waiters look each second: %s", error)
            finally:
                self.connected = False
                self._tried.set()
                self._wake_all()
            await asyncio.sleep(_REST_SECONDS)

    async def _hear(self, redis_url: str) -> None:
        client = redis.asyncio.Redis.from_url(
            redis_url,
            socket_connect_timeout=_ANSWER_SECONDS * 5,
            socket_timeout=_ALIVE_SECONDS,
            retry=AsyncRetry(NoBackoff(), 0),
            decode_responses=True,
        )
        try:
            async with client.pubsub() as subscription:
                await subscription.psubscribe(_PREFIX + "*")
                await self._follow(subscription)
        finally:
            await client.aclose()

    async def _follow(self, subscription: redis.asyncio.client.PubSub) -> None:
        pinged = False
        while True:
            message = await subscription.get_message(timeout=_ALIVE_SECONDS)
            if message is None:
                # Nothing for long: a half-open connection says nothing either, so ask.
                if pinged:
                    raise TimeoutError("Redis no longer answers.")
                await subscription.ping()
                pinged = True
                continue
            pinged = False
            if message["type"] == "psubscribe":
                self.connected = True
                self._tried.set()
                self._wake_all()
            elif message["type"] == "pmessage":
                self.wake(message["channel"].removeprefix(_PREFIX))

    async def aclose(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
