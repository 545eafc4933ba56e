"""The network between agent and server: it loses, delays, repeats and reorders."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from printer_agents.errors import Refused, Rejected, Stale, Unreachable
from printer_agents.keys import AgentKey
from printer_agents.protocol import (
    AttemptRef,
    Claim,
    ClaimAnswer,
    Hello,
    HelloAnswer,
    PermitAnswer,
    PrintersAnswer,
    PrintersUpdate,
    RenewAnswer,
    Reports,
    ReportsAnswer,
)
from tests.faults.protocol.server import GCODE, ReducedServer, Refusal

LONGEST_DELAY_SECONDS = 150.0


class Wire:
    """Stands where the agent's client stands; each call may come to grief by the seed."""

    def __init__(
        self,
        server: ReducedServer,
        key: AgentKey,
        chance: Random,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.server, self.key, self.chance = server, key, chance
        self.clock, self.later = clock, later
        self.down = False
        self.trouble = 0.12

    def close(self) -> None:
        pass

    def hello(self, message: Hello) -> HelloAnswer:
        return self._call(lambda: self.server.hello(message, self.clock()), greeting=True)

    def claim(self, message: Claim) -> ClaimAnswer:
        return self._call(lambda: self.server.claim(message, self.clock()))

    def renew(self, ref: AttemptRef) -> RenewAnswer:
        seconds = self._call(lambda: self.server.renew(ref, self.clock()))
        return RenewAnswer(lease_seconds=seconds)

    def permit(self, ref: AttemptRef) -> PermitAnswer:
        self._call(lambda: self.server.permit(ref, self.clock()))
        return PermitAnswer()

    def reports(self, message: Reports) -> ReportsAnswer:
        return self._call(lambda: self.server.reports(message, self.clock()))

    def printers(self, message: PrintersUpdate) -> PrintersAnswer:
        return self._call(lambda: self.server.printers_update(message, self.clock()))

    def picture(self, *_: object) -> None:
        raise Unreachable("Nobody wants pictures here.")

    def download(self, gcode_path: str, size_bytes: int, target: Path) -> None:
        del gcode_path, size_bytes
        if self.down or self.chance.random() < self.trouble:
            raise Unreachable("The download broke off.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(GCODE)

    def _call(self, effect: Callable[[], Any], *, greeting: bool = False) -> Any:
        baton = self.key.baton

        def arrive() -> Any:
            if not greeting and self.server.baton is not None and baton != self.server.baton:
                raise Refusal(401, "copied_journal")
            return effect()

        if self.down:
            raise Unreachable("down")
        luck = self.chance.random() / self.trouble if self.trouble else 1.0
        if luck < 0.25:
            raise Unreachable("the request was lost")
        if luck < 0.5:
            # It arrives when nobody counts on it any more, perhaps after others sent later.
            delay = self.chance.uniform(1.0, LONGEST_DELAY_SECONDS)
            self.later(delay, lambda: _quietly(arrive))
            raise Unreachable("the request was delayed")
        try:
            answer = arrive()
        except Refusal as no:
            raise _fault(no) from None
        if luck < 0.75:
            raise Unreachable("the answer was lost")
        if luck < 1.0:
            self.later(self.chance.uniform(0.0, 20.0), lambda: _quietly(arrive))
        return answer


def _quietly(arrive: Callable[[], object]) -> None:
    with contextlib.suppress(Refusal):  # nobody hears the answer
        arrive()


def _fault(no: Refusal) -> Exception:
    kind: type[Refused | Stale | Rejected] = Rejected
    if no.status == 401:
        kind = Refused
    elif no.code == "stale_epoch":
        kind = Stale
    return kind(no.code, code=no.code, status=no.status)
