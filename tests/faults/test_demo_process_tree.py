"""`parts3d demo` from outside: its addresses, its ends, its second start."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from parts3d.demo.people import Customer
from parts3d.errors import Unavailable
from tests.faults.demo_process import demo
from tests.faults.patience import PatientTransport
from tests.support.processes import is_alive, processes_naming, until

_ROLES = ("customer", "staff", "maintainer", "operator")
_PROGRAMS = ("redis-server", "uvicorn", "parts3d worker", "printer_agents run")


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Short, so that the broker's socket lies in it and names it.
    return tmp_path_factory.mktemp("d") / "demo"


@pytest.mark.timeout(300)
def test_a_demo_takes_the_next_port_says_five_addresses_lets_in_by_links_and_ends_with_ctrl_c(
    data_dir: Path,
) -> None:
    with _taken_port() as taken, demo(data_dir, taken.getsockname()[1]) as running:
        wanted = taken.getsockname()[1]
        port = int(running.url.rsplit(":", 1)[1])
        assert port > wanted
        assert f"Port {wanted} is taken; using {port}." in running.lines()
        assert running.addresses == [
            f"{running.url}/",
            *(f"{running.url}/demo/login/{role}" for role in _ROLES),
        ]
        for link in running.addresses[1:] * 2:
            with httpx.Client() as browser:
                answer = browser.get(link)
                assert answer.status_code == httpx.codes.SEE_OTHER, link
                there = httpx.URL(link).join(answer.headers["location"])
                assert browser.get(there, follow_redirects=True).is_success

        second = _second_demo(data_dir)
        assert second.returncode != 0
        assert "A demo runs in" in second.stdout + second.stderr
        assert "Traceback" not in second.stdout + second.stderr

        family = running.family
        for program in _PROGRAMS:
            assert any(program in command for command in family.values()), (program, family)
        assert running.addresses == running.lines()[-5:]
        running.interrupt()
        _none_left(family, data_dir)


@pytest.mark.timeout(300)
def test_a_killed_parent_leaves_no_process_and_the_next_start_keeps_the_data(
    data_dir: Path,
) -> None:
    with demo(data_dir, _free_port()) as running, PatientTransport() as transport:
        # The slicer under the worker is the deepest process; it works on the first start.
        until(lambda: "node" in _programs(running.family.values()), seconds=60, what="a slicer")
        order = _order(Customer(running.url, transport))
        until(lambda: "node" in _programs(running.family.values()), seconds=60, what="a slicer")
        family = running.family
        running.process.kill()
        running.process.wait()
        _none_left(family, data_dir)

    with demo(data_dir, _free_port()) as again, PatientTransport() as transport:
        kept = Customer(again.url, transport).look(order["token"])
        assert kept["number"] == order["number"]
        assert kept["status"] != "priced"
        family = again.family
        again.interrupt()
        _none_left(family, data_dir)


def _order(customer: Customer) -> dict[str, Any]:
    part, point = "drawer-runner-stop", "huy"

    def offered() -> bool:
        offers = customer.offers(part, "4500")["offers"]
        return any(one["point"]["slug"] == point for one in offers)

    _patiently(offered)
    order = customer.order(part, point)
    return customer.confirm_by_mail(order["number"])


def _patiently(ask: Callable[[], object], *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if ask():
                return
        except Unavailable:  # not sliced yet
            pass
        assert time.monotonic() < deadline
        time.sleep(0.3)


def _second_demo(data_dir: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "parts3d", "demo", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _programs(commands: Iterable[str]) -> set[str]:
    return {Path(command.split(" ", 1)[0]).name for command in commands if command}


def _none_left(family: dict[int, str], data_dir: Path) -> None:
    assert len(family) >= len(_PROGRAMS)
    until(
        lambda: (
            not [pid for pid in family if is_alive(pid)] and not processes_naming(str(data_dir))
        ),
        what="the end of all the demo's processes",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _taken_port() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken
