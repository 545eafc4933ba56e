"""``parts3d demo --once``: one order from search to collection, with the clock beside it.

The network is the demo's own, in a data folder of its own, on a free port; nothing is left.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parts3d.demo.people import Clerk, Customer
from parts3d.demo.serving import data_folder_lock, say
from parts3d.demo.tree import (
    choose_port,
    environment_of,
    found_network,
    start_broker,
    start_network,
)
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Unavailable
from parts3d.settings import Settings

_BRUSSELS = ZoneInfo("Europe/Brussels")
_SEARCH = "drawer runner stop"
_POSTCODE = "4500"
_POINT = "huy"  # always open
_PATIENCE_SECONDS = 180.0
_FIRST_PORT = 18000
_LOOK_SECONDS = 0.3


def run_once(*, catalogue: Path, speed: float, data_dir: Path | None) -> None:
    """Run the whole path and print its timeline.

    Raises:
        Unavailable: a link failed; the sentence says which.
    """
    folder = (data_dir or Path(tempfile.mkdtemp(prefix="parts3d-once-"))).resolve()
    try:
        settings = Settings(data_dir=folder, demo=True, demo_speed=speed, sweep_seconds=2.0)
        with data_folder_lock(folder), Supervisor(folder / "logs") as supervisor:
            url = f"http://127.0.0.1:{choose_port(_FIRST_PORT, lambda _words: None)}"
            environment = environment_of(settings, url)
            start_broker(supervisor, settings, say)
            found_network(environment, catalogue.resolve(), url)
            start_network(supervisor, settings, environment, int(url.rsplit(":", 1)[1]), say)
            say("")
            follow_one_order(url, Timeline())
    except Unavailable as error:
        _show_logs(folder)
        raise Unavailable(f"The order did not come through. {error.message}") from error
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


class Timeline:
    """Lines with the clock time and the seconds since the first one."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def add(self, words: str) -> None:
        """Print a line."""
        now = datetime.now(_BRUSSELS)
        say(f"{now:%H:%M:%S}  +{time.monotonic() - self._began:5.1f} s  {words}")


def follow_one_order(url: str, timeline: Timeline) -> dict[str, Any]:
    """Place one order through the public API, and follow it until it is collected.

    Returns:
        The order as its link shows it in the end.

    Raises:
        Unavailable: a step failed or took too long.
    """
    customer, clerk = Customer(url), Clerk(url)
    found = customer.find(_SEARCH)
    if not found:
        raise Unavailable(f"The search for {_SEARCH!r} found nothing.")
    part = found[0]["slug"]
    timeline.add(f"found {found[0]['name']} by searching {_SEARCH!r}")
    offer = _patiently(f"offer of {_POINT}", lambda: _offers_of(customer, part))[0]
    timeline.add(f"promised: {offer['sentence']}")
    order = customer.order(part, offer["point"]["slug"])
    timeline.add(f"ordered {order['number']} for {order['total_cents'] / 100:.2f} EUR")
    order = customer.confirm_by_mail(order["number"])
    timeline.add("address confirmed by the link in the mail; the order is placed")
    clerk.sign_in()
    order = _follow(customer, clerk, order["token"], timeline)
    code = order["collection_code"]
    timeline.add(f"ready; the customer's code is {code}")
    clerk.hand_over(code)
    order = customer.look(order["token"])
    if order["status"] != "collected" or order["receipt"] is None:
        raise Unavailable(f"After the hand-over the order is {order['status']}.")
    receipt = order["receipt"]
    timeline.add(
        f"collected; receipt {receipt['number']}: {receipt['total_cents'] / 100:.2f} EUR, "
        f"of which {receipt['vat_cents'] / 100:.2f} EUR VAT"
    )
    return order


def _offers_of(customer: Customer, part: str) -> list[dict[str, Any]]:
    try:
        offers = customer.offers(part, _POSTCODE)["offers"]
        return [one for one in offers if one["point"]["slug"] == _POINT]
    except Unavailable:
        return []  # not sliced yet


def _follow(customer: Customer, clerk: Clerk, token: str, timeline: Timeline) -> dict[str, Any]:
    """Look at the tracking and work at the counter until the order is ready."""
    told: set[str] = set()
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        order = customer.look(token)
        for copy in order["copies"]:
            status = copy["status"]
            if status not in told:
                told.add(status)
                timeline.add(f"the job is {status.replace('_', ' ')}")
        if order["status"] == "ready":
            return order
        for act in clerk.do_what_is_to_do():
            timeline.add(f"the clerk: {_CLERK_WORDS.get(act, act)}")
        time.sleep(_LOOK_SECONDS)
    raise Unavailable(
        f"The order was {order['status']} ({order['reason'] or 'no reason given'}) after "
        f"{_PATIENCE_SECONDS:.0f} s."
    )


_CLERK_WORDS = {
    "clear": "bed cleared",
    "pass": "part checked",
    "shelf": "part bagged and on the shelf",
    "again": "ordered a reprint",
}


def _patiently(what: str, ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(_LOOK_SECONDS)
    raise Unavailable(f"There was no {what} within {_PATIENCE_SECONDS:.0f} s.")


def _show_logs(folder: Path) -> None:
    """Show the end of each child's log, since the folder goes away."""
    for path in sorted((folder / "logs").glob("*.log")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        if lines:
            say(f"--- {path.name}")
            for line in lines:
                say(f"    {line[:300]}")
