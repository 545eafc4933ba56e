"""A server and a worker load what promises are read from behind their work."""

from parts3d.promises.futures.compiled import futures_loop
from parts3d.promises.warming import warm_up


def test_the_futures_are_loaded_by_a_thread_that_ends_by_itself() -> None:
    thread = warm_up()
    assert thread.daemon  # it holds up nobody's end
    thread.join()
    assert futures_loop.cache_info().currsize == 1
