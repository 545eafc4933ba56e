"""What a shop puts into its agent's configuration, ready to copy. Pure."""

import base64
from collections.abc import Sequence

from parts3d.accounts.tables import Agent
from parts3d.points.tables import Printer
from printer_agents.protocol import key_fingerprint


def key_of(text: str) -> str:
    """Return the key of what ``parts3d-agent key`` printed: its line, both lines, or the key."""
    for line in text.strip().splitlines():
        label, colon, rest = line.partition(":")
        if colon and label.strip().lower() == "public key":
            return rest.strip()
    return text.strip()


def fingerprint_of(agent: Agent) -> str:
    """Return what the operator and the shop compare."""
    return key_fingerprint(base64.b64decode(agent.public_key))


def config_of(agent: Agent, printers: Sequence[Printer], server_url: str) -> str:
    """Return an ``agent.toml`` for the printers that this agent drives."""
    lines = [
        f'server_url = "{server_url.rstrip("/")}"',
        f'agent_id = "{agent.id}"',
        'key_file = "agent.key"',
        'data_dir = "agent-data"',
    ]
    for printer in printers:
        if printer.agent_id == agent.id and printer.withdrawn_at is None:
            lines += [
                "",
                f"# {_one_line(printer.name)}, {printer.model}",
                "[[printers]]",
                f'id = "{printer.id}"',
                'driver = "virtual"',
                f'material = "{printer.material}"',
            ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
