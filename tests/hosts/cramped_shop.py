"""A shop whose agent keeps its data on a file system of its own, which fills to the last byte.

``python -m tests.hosts.cramped_shop STORY FOLDER``, where ``FOLDER/data`` is that file system. Says
as JSON what was seen at each step of the story; ``test_disk_really_full.py`` mounts and judges.
"""

import contextlib
import errno
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from printer_agents import disk_reserve
from printer_agents.errors import JournalFault
from tests.agents.shop import GCODE, Killed, Shop

_PAGE = 4096


@dataclass(frozen=True)
class Seen:
    """What printer, server and disk say at one moment."""

    starts: int
    first: str
    second: str
    second_epoch: int
    heard: list[str]
    detail: str | None
    free_bytes: int
    reserve_held: bool
    journal_faults: int


class CrampedShop(Shop):
    """Its agent measures the disk for real. One whose journal fails ends, and is started again."""

    def __init__(self, folder: Path) -> None:
        self.journal_faults = 0
        super().__init__(folder)
        self.ballast = self.config.data_dir / "ballast"

    def free_bytes(self, _folder: Path) -> int:
        return disk_reserve.free_bytes(self.config.data_dir)

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            self.now += 1
            try:
                self.agent.step()
            except (Killed, JournalFault):
                self.journal_faults += 1
                # As the supervisor does: without room it ends at once, and is tried again.
                with contextlib.suppress(JournalFault):
                    self.restart()

    def fill(self) -> None:
        """Let somebody else take all that is left."""
        with self.ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(_PAGE))
            except OSError as fault:
                if fault.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        """Let somebody remove old files."""
        self.ballast.unlink()

    def look(self, rounds: int) -> Seen:
        """Let time pass, and return what the server heard meanwhile, and how things stand."""
        self.server.printers.clear()
        before = len(self.server.heard)
        self.run(rounds)
        first, second = self.server.jobs["job-1"], self.server.jobs["job-2"]
        look = self.server.printers.get("p1")
        return Seen(
            starts=self.starts(),
            first=first.status,
            second=second.status,
            second_epoch=second.epoch,
            heard=[report.kind.value for report in self.server.heard[before:]],
            detail=look.detail if look else "The server hears nothing of the printer.",
            free_bytes=self.free_bytes(self.folder),
            reserve_held=self.agent.journal.reserve.held,
            journal_faults=self.journal_faults,
        )


def while_it_prints(shop: CrampedShop) -> dict[str, Seen]:
    """The disk fills under a print; a restart and a second filling later there is room again."""
    shop.run_until("printing")
    shop.fill()
    seen = {"full": shop.look(0)}
    shop.run_until("printed")
    shop.server.staff_clear("p1")
    seen["printed"] = shop.look(30)
    shop.restart()
    seen["started again"] = shop.look(30)
    shop.fill()
    seen["without any room"] = shop.look(30)
    shop.restart()
    seen["started without any room"] = shop.look(30)
    shop.make_room()
    shop.run_until("printed", job_id="job-2")
    return seen | {"room again": shop.look(0)}


def without_the_reserve(shop: CrampedShop) -> dict[str, Seen]:
    """Even what the reserve gave up is taken before the print ends: nothing can be written."""
    shop.run_until("printing")
    shop.fill()
    while shop.agent.journal.reserve.held:
        shop.run(1)
    shop.fill()
    seen = {"without any room": shop.look(60)}
    shop.make_room()
    seen["room again"] = shop.look(30)
    shop.server.staff_clear("p1")
    shop.run_until("printed", job_id="job-2")
    return seen | {"second printed": shop.look(0)}


def before_the_start(moment: str) -> Callable[[CrampedShop], dict[str, Seen]]:
    """The disk fills at a moment between claim and start."""

    def story(shop: CrampedShop) -> dict[str, Seen]:
        shop.restart(lambda reached: shop.fill() if reached == moment else None)
        seen = {"full": shop.look(60)}
        shop.restart()
        shop.make_room()
        shop.server.staff_clear("p1")
        # A start that was permitted cannot wait again: the second job goes on.
        given_back = shop.server.jobs["job-1"].status == "waiting"
        shop.run_until("printed", job_id="job-1" if given_back else "job-2")
        return seen | {"room again": shop.look(0)}

    return story


STORIES: dict[str, Callable[[CrampedShop], dict[str, Seen]]] = {
    "while it prints": while_it_prints,
    "without the reserve": without_the_reserve,
    **{
        moment: before_the_start(moment)
        for moment in ("claim.after", "download.after", "permit.after")
    },
}


def main() -> None:
    """Tell one story."""
    shop = CrampedShop(Path(sys.argv[2]))
    shop.server.add("job-1", GCODE)
    shop.server.add("job-2", GCODE)
    seen = STORIES[sys.argv[1]](shop)
    shop.agent.close()
    print(json.dumps({moment: asdict(what) for moment, what in seen.items()}))  # noqa: T201


if __name__ == "__main__":
    main()
