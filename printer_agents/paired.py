"""What pairing told the agent: who it is, and which of the network's printers it drives.

A file of its own beside the journal, written by the program; ``agent.toml`` belongs to the shop's
owner and is never rewritten.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from printer_agents.errors import ConfigFault
from printer_agents.protocol import Identifier

FILE_NAME = "paired.json"


class KnownPrinter(BaseModel):
    """A printer as the network knows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Identifier
    name: str
    model: str


class Paired(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server_url: str
    agent_id: Identifier
    agent_name: str
    point: str
    # By the id in agent.toml; a printer that staff did not choose is not there.
    printers: dict[str, KnownPrinter]


def load_paired(data_dir: Path) -> Paired | None:
    """Return what pairing told; None: not paired yet.

    Raises:
        ConfigFault: the file cannot be read.
    """
    path = data_dir / FILE_NAME
    try:
        return Paired.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as fault:
        raise ConfigFault(
            f"{path}: cannot be read. Remove it and pair again: parts3d-agent pair"
        ) from fault


def save_paired(data_dir: Path, paired: Paired) -> None:
    """Write the file, whole or not at all.

    Raises:
        ConfigFault: it cannot be written.
    """
    path = data_dir / FILE_NAME
    fresh = path.with_suffix(".new")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(paired.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as fault:
        raise ConfigFault(f"{path}: cannot be written: {fault.strerror or fault}.") from fault


def forget_paired(data_dir: Path) -> None:
    """Remove the file; a missing one is fine."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)
