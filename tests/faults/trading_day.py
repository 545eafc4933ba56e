"""A trading day: orders come in, a clerk works, customers collect, and things are killed.

One thread does all of it, looking a few times a second: a day is a sequence that can be read.
"""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from parts3d.demo.people import Clerk, Customer
from parts3d.notices.tables import NoticeStatus
from tests.faults.ledger import ready_notices
from tests.faults.living_network import PART, POINT, LivingNetwork
from tests.faults.patience import PatientTransport

_LOOK_SECONDS = 0.2
# Minutes only for what is rare: a worker that dies with a mail in hand is given up after two.
_DAY_SECONDS = 240.0


class Step(StrEnum):
    """Where on its path an order is when something is killed."""

    PLACED = "placed"  # its jobs wait or are leased
    PRINTING = "printing"
    PRINTED = "printed"  # to be checked, bagged and told to the customer


_STATUSES = {
    Step.PLACED: {"waiting", "leased", "start_permitted"},
    Step.PRINTING: {"printing"},
    Step.PRINTED: {"printed", "passed"},
}
_OVER = {Step.PRINTING: {"printed", "passed", "ready"}, Step.PRINTED: {"ready"}}


@dataclass(frozen=True)
class Fault:
    """Kill ``victim`` (a child's name) when an order of so many copies is at ``step``."""

    victim: str
    step: Step
    quantity: int = 1


@dataclass
class Bought:
    """An order as its customer follows it."""

    number: str
    token: str
    quantity: int
    fault: Fault | None = None
    status: str = ""
    copies: list[str] = field(default_factory=list)
    reason: str | None = None


class TradingDay:
    """The customers, the clerk, and the list of what has been killed."""

    def __init__(self, network: LivingNetwork) -> None:
        self.network = network
        self.transport = PatientTransport()
        self.customer = Customer(network.url, self.transport)
        self.clerk = Clerk(network.url, self.transport)
        self.clerk.sign_in()
        self.open: list[Bought] = []
        self.collected: list[Bought] = []
        self.killed: list[Fault] = []

    def buy(self, quantity: int = 1, fault: Fault | None = None) -> Bought:
        """Order and confirm; a fault of the first step strikes with the confirmation."""
        order = self.customer.order(PART, POINT.slug, quantity=quantity)
        order = self.customer.confirm_by_mail(order["number"], seconds=60)
        bought = self.follow(order, quantity, fault)
        self._strike(bought)
        return bought

    def follow(
        self, order: dict[str, Any], quantity: int = 1, fault: Fault | None = None
    ) -> Bought:
        """Look after an order from now on."""
        bought = Bought(order["number"], order["token"], quantity, fault)
        self._note(bought, order)
        self.open.append(bought)
        return bought

    def go_round(self) -> None:
        """Look at every open order, kill what is due, work at the counter, hand over."""
        for bought in list(self.open):
            order = self.customer.look(bought.token)
            self._note(bought, order)
            self._strike(bought)
            # The customer comes when her mail has told her.
            told = ready_notices(self.network, bought.number) == [NoticeStatus.SENT]
            if bought.status == "ready" and told:
                self.clerk.hand_over(order["collection_code"])
                self._note(bought, self.customer.look(bought.token))
            if bought.status == "collected":
                self.open.remove(bought)
                self.collected.append(bought)
        self.clerk.do_what_is_to_do()
        time.sleep(_LOOK_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()

    def finish(self) -> None:
        """Go round until everything is collected."""
        until = time.monotonic() + _DAY_SECONDS
        while self.open:
            assert time.monotonic() < until, f"These orders never came to their end: {self.open}"
            self.go_round()

    def go_through(self, faults: Iterable[Fault], *, at_once: int) -> None:
        """Let each fault strike an order of its own; a step that was missed gets another order."""
        left, until = deque(faults), time.monotonic() + _DAY_SECONDS
        while left or self.open:
            assert time.monotonic() < until, f"Not done: {left}; {self.open}"
            if left and sum(one.quantity for one in self.open) < at_once:
                fault = left.popleft()
                self.buy(fault.quantity, fault)
            self.go_round()
            for bought in [*self.open, *self.collected]:
                fault_missed = bought.fault
                if fault_missed is not None and self._missed(bought, fault_missed):
                    bought.fault = None
                    left.append(fault_missed)

    def _note(self, bought: Bought, order: dict[str, Any]) -> None:
        bought.status = order["status"]
        bought.copies = [copy["status"] for copy in order["copies"]]
        bought.reason = order["reason"]

    def _strike(self, bought: Bought) -> None:
        fault = bought.fault
        if fault is not None and not _STATUSES[fault.step].isdisjoint(bought.copies):
            self.network.supervisor.kill(fault.victim)
            self.killed.append(fault)
            bought.fault = None

    def _missed(self, bought: Bought, fault: Fault) -> bool:
        if bought.status in {"ready", "collected"}:
            return True
        return set(bought.copies) <= _OVER.get(fault.step, {"printing", *_OVER[Step.PRINTING]})
