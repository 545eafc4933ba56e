"""A host's push: what is heard, and for how long nothing was missed."""

import threading
from collections.abc import Iterator

import pytest
from websockets.sync.server import ServerConnection, serve

from printer_agents.drivers.push import Push
from printer_agents.errors import DriverFault
from tests.support.processes import until


class Host:
    """A websocket that says what it is told to."""

    def __init__(self) -> None:
        self.open: list[ServerConnection] = []
        self.server = serve(self._greet, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()

    def _greet(self, connection: ServerConnection) -> None:
        self.open.append(connection)
        for _ in connection:
            pass


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.close()


def test_what_a_host_says_is_heard_and_the_watch_lasts_as_long_as_the_connection(
    host: Host,
) -> None:
    heard: list[str] = []
    push = Push("p1", lambda: host.url, lambda _: None, heard.append)
    push.begin()
    assert push.connected
    until(lambda: host.open, what="the host's end")
    watch = push.watch
    host.open[0].send("a")
    host.open[0].send("b")
    until(lambda: heard == ["a", "b"])
    assert push.watch == watch
    host.open[0].close()
    until(lambda: push.watch != watch)
    until(lambda: len(host.open) == 2 and push.connected, what="a second connection")
    push.lost_memory()
    assert push.watch != watch
    push.close()
    assert not push.connected


def test_a_host_that_nobody_can_listen_to_is_tried_again_and_keeps_its_watch() -> None:
    tried = []

    def address() -> str:
        tried.append(1)
        if len(tried) == 1:
            raise DriverFault("The host does not answer.")
        if len(tried) == 2:
            raise KeyError("session")
        return "ws://127.0.0.1:9/"

    push = Push("p1", address, lambda _: None, lambda _: None)
    watch = push.watch
    push.begin()
    until(lambda: len(tried) >= 3, what="a third try")
    assert push.watch == watch
    assert not push.connected
    push.close()
