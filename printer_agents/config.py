"""The agent's configuration: one TOML file, closed types, faults in sentences."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from printer_agents.errors import ConfigFault
from printer_agents.paired import load_paired
from printer_agents.protocol import (
    CLAIM_WAIT_SECONDS,
    PRINTERS_SECONDS,
    RENEW_SECONDS,
    Identifier,
)

NOT_PAIRED = ""
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Section(BaseModel):
    """A closed, frozen part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def http_address(value: str) -> str:
    """Return an http address without its last slash; raises ``ValueError`` in words."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise ValueError("write it as https://host or http://host:port")
    return value.rstrip("/")


class VirtualOptions(Section):
    """A printer without hardware: its own folder is the machine."""

    speed: float = Field(default=1.0, gt=0, le=1_000_000, description="1 second here is so many")
    folder: Path | None = None  # the printer's own memory; default: <data_dir>/printers/<id>
    acceleration_mm_s2: float = Field(default=1_250.0, gt=0)
    nozzle_degrees_per_second: float = Field(default=2.5, gt=0)
    bed_degrees_per_second: float = Field(default=0.8, gt=0)


class PrinterTable(Section):
    """What every ``[[printers]]`` table says."""

    id: Identifier
    material: str = Field(min_length=1, max_length=64)
    # What people call it; pairing gives the network's name.
    name: str = Field(default="", max_length=80)

    @property
    def label(self) -> str:
        """What people are shown."""
        return self.name or self.id


class VirtualPrinterSection(PrinterTable):
    """A table with ``driver = "virtual"``."""

    driver: Literal["virtual"]
    options: VirtualOptions = VirtualOptions()


class HostOptions(Section):
    """Where a printer host answers, and what it wants to be told."""

    url: str  # for example http://octopi.local
    api_key: str | None = Field(default=None, min_length=1, repr=False)
    request_seconds: float = Field(default=10.0, gt=0, le=120)
    # An upload over a shop's wireless network takes its time.
    upload_seconds: float = Field(default=600.0, gt=0, le=7_200)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return http_address(value)


class MoonrakerSection(PrinterTable):
    """A printer behind Moonraker (Klipper, Kalico)."""

    driver: Literal["moonraker"]
    options: HostOptions


class OctoPrintSection(PrinterTable):
    """A printer behind OctoPrint; ``api_key`` is a user's key, not the global one."""

    driver: Literal["octoprint"]
    options: HostOptions


class PrusaLinkOptions(HostOptions):
    """PrusaLink takes a key, or a user and a password (digest), as the printer shows them."""

    username: str = Field(default="maker", min_length=1, max_length=64)
    password: str | None = Field(default=None, min_length=1, repr=False)
    # After an upload, fetch the file back and compare its hash; off: its size alone.
    read_back: bool = True


class PrusaLinkSection(PrinterTable):
    """A Prusa printer with PrusaLink, inside it or on a Raspberry Pi."""

    driver: Literal["prusalink"]
    options: PrusaLinkOptions


class BambuOptions(Section):
    """A Bambu Lab printer in LAN developer mode. The certificate is pinned when it is known."""

    host: str = Field(min_length=1, max_length=253)
    serial: str = Field(min_length=1, max_length=64)
    access_code: str = Field(min_length=1, max_length=64, repr=False)
    mqtt_port: int = Field(default=8883, gt=0, le=65_535)
    ftps_port: int = Field(default=990, gt=0, le=65_535)
    # P1 and A1 stream pictures here; other models have another camera, which is not read.
    camera_port: int = Field(default=6000, gt=0, le=65_535)
    # Which place of the AMS feeds it, counted from 0 over all units; none: the outer spool.
    ams_tray: int | None = Field(default=None, ge=0, le=15)
    # After an upload, fetch the file back and compare its hash; off: its size alone.
    read_back: bool = True
    certificate_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    request_seconds: float = Field(default=10.0, gt=0, le=120)
    upload_seconds: float = Field(default=600.0, gt=0, le=7_200)


class BambuSection(PrinterTable):
    """A Bambu Lab printer on the local network."""

    driver: Literal["bambu"]
    options: BambuOptions


# A further brand is a further section in this union, told apart by ``driver``.
PrinterSection = Annotated[
    VirtualPrinterSection | MoonrakerSection | OctoPrintSection | PrusaLinkSection | BambuSection,
    Field(discriminator="driver"),
]
DRIVERS = ("virtual", "moonraker", "octoprint", "prusalink", "bambu")


class Intervals(Section):
    """How often and how long. All in seconds."""

    claim_wait_seconds: float = Field(default=CLAIM_WAIT_SECONDS, ge=0, le=60)
    renew_seconds: Seconds = RENEW_SECONDS
    printers_seconds: Seconds = PRINTERS_SECONDS
    # While a bed waits for staff, how often to ask whether they have confirmed it; mostly the
    # server's bell says so at once.
    bed_seconds: Seconds = 10.0
    progress_seconds: Seconds = 10.0
    poll_seconds: Seconds = 1.0
    # "Printed" is believed when it has been true for so long.
    steady_seconds: float = Field(default=6.0, ge=0, le=600)
    # After a start without an answer: how long to look before believing that nothing runs.
    settle_seconds: float = Field(default=10.0, ge=0, le=600)
    # A permit older than this is asked for again before the start.
    permit_fresh_seconds: Seconds = 20.0
    # How long a job waits for a printer that is suddenly away or busy before it is given back.
    patience_seconds: Seconds = 120.0
    # No progress for so long: the printer needs a look.
    stall_seconds: Seconds = 900.0
    # What G-code may take of the agent's disk, beside what is being printed from.
    gcode_most_bytes: int = Field(default=512 * 1024 * 1024, ge=0)
    # How long a command of staff may wait for the printer before it is refused.
    command_seconds: Seconds = 30.0
    # How often a picture is taken while it prints, beside those at events.
    picture_seconds: Seconds = 120.0
    retry_first_seconds: Seconds = 0.5
    retry_most_seconds: Seconds = 30.0
    request_seconds: Seconds = 15.0


class AgentConfig(Section):
    """The whole file. Relative paths start at the folder of the file."""

    server_url: str
    # Who this agent is; left out where ``parts3d-agent pair`` is told.
    agent_id: Identifier = NOT_PAIRED
    key_file: Path
    data_dir: Path
    intervals: Intervals = Intervals()
    # Where the status page answers, on this machine only; 0: nowhere.
    status_port: int = Field(default=7130, ge=0, le=65_535)
    printers: tuple[PrinterSection, ...] = Field(min_length=1)

    @field_validator("server_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return http_address(value)

    @field_validator("printers")
    @classmethod
    def _ids_differ(cls, value: tuple[PrinterSection, ...]) -> tuple[PrinterSection, ...]:
        seen: set[str] = set()
        for printer in value:
            if printer.id in seen:
                raise ValueError(f"the printer id {printer.id!r} stands there twice")
            seen.add(printer.id)
        return value

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.data_dir / "journal.sqlite3"


def load_config(path: Path) -> AgentConfig:
    """Read and check a configuration file, with what pairing told of the agent.

    A printer that staff did not choose when they paired the agent is left out.

    Raises:
        ConfigFault: as ``read_config``; or none of its printers is paired.
    """
    config = read_config(path)
    paired = load_paired(config.data_dir) if config.agent_id == NOT_PAIRED else None
    if paired is None or paired.server_url != config.server_url:
        return config
    printers = tuple(
        printer.model_copy(update={"id": known.id, "name": printer.name or known.name})
        for printer in config.printers
        if (known := paired.printers.get(printer.id))
    )
    if not printers:
        raise ConfigFault(
            f"{path}: none of its printers is paired. Pair again: parts3d-agent pair --again"
        )
    return config.model_copy(update={"agent_id": paired.agent_id, "printers": printers})


def read_config(path: Path) -> AgentConfig:
    """Read and check a configuration file as its owner wrote it.

    Raises:
        ConfigFault: every fault of the file, one sentence each, with file and place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise ConfigFault(f"{path}: cannot be read: {fault.strerror or fault}.") from fault
    except UnicodeDecodeError as fault:
        raise ConfigFault(f"{path}: is not a text file in UTF-8.") from fault
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigFault(f"{path}: is not valid TOML: {fault}.") from fault
    try:
        config = AgentConfig.model_validate(raw)
    except ValidationError as fault:
        raise ConfigFault("\n".join(_sentences(path, fault))) from fault
    home = path.resolve().parent
    data_dir = home / config.data_dir
    printers = tuple(_with_its_folder(printer, home, data_dir) for printer in config.printers)
    return config.model_copy(
        update={"data_dir": data_dir, "key_file": home / config.key_file, "printers": printers}
    )


def _with_its_folder(printer: PrinterSection, home: Path, data_dir: Path) -> PrinterSection:
    """Give a virtual printer the folder that is its machine; others have a machine."""
    if not isinstance(printer, VirtualPrinterSection):
        return printer
    folder = printer.options.folder
    own = home / folder if folder is not None else data_dir / "printers" / printer.id
    return printer.model_copy(
        update={"options": printer.options.model_copy(update={"folder": own})}
    )


def _sentences(path: Path, fault: ValidationError) -> list[str]:
    sentences = []
    for error in fault.errors(include_url=False, include_input=False):
        place = ""
        for before, step in zip(("", *error["loc"]), error["loc"], strict=False):
            if isinstance(before, int) and step in DRIVERS:
                continue  # which kind of printer it is, not a place in the file
            # People count printers from one.
            place += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if place else step
        if error["type"] == "extra_forbidden":
            words = "is not a setting of the agent; remove it or correct its spelling"
        elif error["type"] == "union_tag_invalid":
            place += ".driver"
            words = f"must be one of {', '.join(DRIVERS)}"
        elif error["type"] == "union_tag_not_found":
            place += ".driver"
            words = f"is missing; write one of {', '.join(DRIVERS)}"
        elif error["type"] == "missing":
            words = "is missing"
        else:
            words = error["msg"].removeprefix("Value error, ")
            words = words[:1].lower() + words[1:]
        sentences.append(f"{path}: {place or 'the file'}: {words}.")
    return sentences
