"""What the contract suite wants of a printer host on trial, whatever its brand.

A rig is one host with one printer that is no hardware: it starts and kills the real programs,
does to them what life does, and counts at the printer's side what was really started. A new
brand writes a rig and a driver, and the suite in ``tests/drivers`` does the rest.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar, TypeVar

from printer_agents.config import PrinterSection
from printer_agents.drivers import open_driver
from printer_agents.drivers.base import Driver, JobOutcome, PrinterState, RemoteFile
from printer_agents.errors import DriverFault
from printer_agents.protocol import PrinterCondition

Found = TypeVar("Found")
# What a shop would accept between an order and its effect at the printer.
SOON_SECONDS = 20.0


class HostMissing(Exception):
    """A host is not installed; the message says what to do."""


@dataclass(frozen=True)
class Sheet:
    """A G-code file on this machine, as the agent would have it."""

    path: Path
    name: str
    sha256: str
    size_bytes: int


class Rig(ABC):
    """A printer host on trial. Everything here happens at the host's side, not the agent's.

    ``lacks`` names the contract tests that mean nothing for this brand, each with its reason:
    they are not run, and the table says so. Use it for what a brand does not have, never for
    what it does wrong.
    """

    brand: ClassVar[str]
    lacks: ClassVar[dict[str, str]] = {}
    # True: one host serves many tests, made ready by ``fresh`` between them.
    shared: ClassVar[bool] = True
    # How much faster than a real host its time goes: waits and prints are so much shorter.
    pace: ClassVar[float] = 1.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._drivers: list[Driver] = []
        self._sheets = 0

    # ---- the programs

    @abstractmethod
    def start(self) -> None:
        """Start the host and its printer; return when a print could be started.

        Raises:
            HostMissing: it is not installed; the message says how to install it.
        """

    @abstractmethod
    def stop(self) -> None:
        """End everything that was started, in order. Twice is fine."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL host and printer, as a power cut does: memory is lost, disks stay."""

    def restart(self) -> None:
        """Switch it off and on again; return when a print could be started."""
        self.kill()
        self.start()

    @abstractmethod
    def fresh(self) -> None:
        """Make it ready for another test: faults undone, nothing printing, host running."""

    # ---- what the agent is told, and what is true

    @abstractmethod
    def section(self, **options: Any) -> PrinterSection:
        """Return the printer's section of an agent's configuration."""

    @abstractmethod
    def starts(self) -> int:
        """How many prints were ever really started, by the printer's own count."""

    @abstractmethod
    def stored(self, name: str) -> bytes | None:
        """Return what lies under a name on the host's disk; None when nothing does."""

    @abstractmethod
    def gcode(self, seconds: float) -> bytes:
        """Return G-code that takes this printer about so many seconds."""

    # ---- what life does

    @abstractmethod
    def cut(self) -> None:
        """Lose the network between agent and host; host and print go on."""

    @abstractmethod
    def mend(self) -> None:
        """Undo ``cut``, ``slow_down`` and ``mute``."""

    @abstractmethod
    def slow_down(self, seconds: float) -> None:
        """Let every answer of the host take so long."""

    @abstractmethod
    def lose_start_answer(self) -> None:
        """Let the next start begin its print, and its answer get lost."""

    @abstractmethod
    def swallow_start(self) -> None:
        """Let the next start get lost on its way: no print, no answer."""

    @abstractmethod
    def damage_upload(self) -> None:
        """Change bytes of the next upload on its way."""

    @abstractmethod
    def firmware_error(self) -> None:
        """Let the printer's firmware fail, as a thermal fault does."""

    @abstractmethod
    def recover(self) -> None:
        """Do what a person does after a firmware error or an emergency stop."""

    @abstractmethod
    def pause_here(self) -> None:
        """Pause the print at the printer, not by the agent."""

    @abstractmethod
    def print_here(self, seconds: float) -> str:
        """Start another print without the agent, as a person does; return its file name."""

    def mute(self) -> None:
        """Let push fall silent while its connection stays open."""
        raise NotImplementedError(f"{self.brand} has no push to be silenced.")

    # ---- conveniences of the suite, the same for all brands

    def open(self, **options: Any) -> Driver:
        """Return a driver of this printer; it is closed at the end of the test."""
        driver = open_driver(self.section(**options))
        self._drivers.append(driver)
        return driver

    def close_drivers(self) -> None:
        """Close the drivers that were opened."""
        while self._drivers:
            self._drivers.pop().close()

    def wait(self, seconds: float) -> None:
        """Let time pass at the host."""
        sleep(seconds / self.pace)

    def sheet(self, seconds: float = 300.0, name: str | None = None) -> Sheet:
        """Write a G-code file of its own, named as the agent names its files."""
        self._sheets += 1
        # Content of its own: some hosts know a file again by its hash.
        data = self.gcode(seconds) + f"; sheet {self._sheets} {monotonic()}\n".encode()
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / f"sheet-{self._sheets}.gcode"
        path.write_bytes(data)
        return Sheet(path, name or f"job-{self._sheets}_1_1_{digest[:12]}.gcode", digest, len(data))

    def send(self, driver: Driver, seconds: float = 300.0, name: str | None = None) -> RemoteFile:
        """Upload a file of its own, through the driver."""
        sheet = self.sheet(seconds, name)
        return driver.upload(sheet.path, sheet.sha256, sheet.name)

    def running(self, driver: Driver, seconds: float = 300.0) -> RemoteFile:
        """Upload and start a print, and wait until the printer says that it prints."""
        remote = self.send(driver, seconds)
        driver.start(remote)
        until_condition(driver, PrinterCondition.PRINTING)
        return remote


def eventually(
    look: Callable[[], Found], wanted: Callable[[Found], bool], seconds: float = SOON_SECONDS
) -> Found:
    """Look until what is seen is wanted, and return it. A driver's fault is not it yet."""
    deadline = monotonic() + seconds
    seen: object = None
    while True:
        try:
            found = look()
        except DriverFault as fault:
            seen = fault
        else:
            if wanted(found):
                return found
            seen = found
        if monotonic() > deadline:
            raise AssertionError(f"For {seconds:g} s it stayed: {seen!r}")
        sleep(0.05)


def until_condition(
    driver: Driver, *conditions: PrinterCondition, seconds: float = SOON_SECONDS
) -> PrinterState:
    """Wait until the printer says that it is in one of these conditions."""
    return eventually(driver.snapshot, lambda state: state.condition in conditions, seconds)


def until_outcome(
    driver: Driver, name: str, *outcomes: JobOutcome, seconds: float = SOON_SECONDS
) -> JobOutcome:
    """Wait until the job of that file name has one of these outcomes."""
    seen = eventually(
        lambda: driver.find(name), lambda job: job is not None and job.outcome in outcomes, seconds
    )
    assert seen is not None
    return seen.outcome
