import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from parts3d.line import AT_ONCE, in_line


def test_of_a_crowd_only_a_few_are_served_at_once_and_all_in_the_end() -> None:
    lock, served, at_once = threading.Lock(), [], []

    def serve(number: int) -> int:
        with lock:
            served.append(number)
            at_once.append(len(served))
        time.sleep(0.01)
        with lock:
            served.remove(number)
        return number

    async def crowd() -> list[int]:
        return await asyncio.gather(*(in_line(serve, number) for number in range(50)))

    assert asyncio.run(crowd()) == list(range(50))
    assert max(at_once) == AT_ONCE


def test_each_event_loop_has_a_line_of_its_own() -> None:
    """Else whoever asks in a second one would wait for turns that nobody there gives back."""

    async def ask() -> str:
        return await in_line(lambda: "served")

    with ThreadPoolExecutor(3) as loops:
        answers = list(loops.map(lambda _: asyncio.run(ask()), range(9)))
    assert answers == ["served"] * 9
