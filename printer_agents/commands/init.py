"""``parts3d-agent init``: look for printers, write a configuration, check each printer."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from printer_agents.commands.template import config_text
from printer_agents.config import http_address, read_config
from printer_agents.discovery import Announced, Found, browse, identify_all
from printer_agents.drivers import open_driver
from printer_agents.errors import AgentError, ConfigFault, DriverFault

Browse = Callable[[float], list[Announced]]


def init_agent(
    path: Path,
    *,
    server_url: str,
    asked: Sequence[str],
    seconds: float,
    virtual: int = 0,
    force: bool = False,
    look: Browse = browse,
) -> int:
    """Write ``path``; the exit code is 0 when every printer in it answers.

    Args:
        path: the configuration to be written.
        server_url: the network's address.
        asked: addresses to ask beside those that announce themselves.
        seconds: how long to listen for announcements; 0: not at all.
        virtual: how many printers without hardware to add, to try things out.
        force: write over a configuration that is there.
        look: listens for announcements.

    Raises:
        AgentError: the file is there already, cannot be written, or the address is none.
    """
    if path.exists() and not force:
        raise ConfigFault(f"{path}: is there already. Use --force to write it anew.")
    try:
        server_url = http_address(server_url)
    except ValueError as fault:
        raise ConfigFault(f"--server {server_url}: {fault}.") from fault
    announced = _listen(look, seconds) if seconds > 0 else []
    for address in asked:
        _say(f"Asking {address} ...")
    found = identify_all(announced, asked)
    for one in found:
        _say(f"  found {one.name}: {one.words} at {one.address}")
    _tell_silent(announced, asked, found)
    names = names_for(found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(config_text(server_url, found, names, virtual), encoding="utf-8")
        # It will hold the printers' keys.
        path.chmod(0o600)
    except OSError as fault:
        raise ConfigFault(f"{path}: cannot be written: {fault.strerror or fault}.") from fault
    _say(f"\n{path} is written.")
    if not found and not virtual:
        _say(
            "No printer was found. Switch the printers on and try again, give their addresses "
            "(--ask 192.168.1.20), or fill in one of the examples in the file."
        )
        return 1
    trouble = check_printers(path)
    _say(
        f"Next: mend what is said above in {path}, then: parts3d-agent doctor --config {path}"
        if trouble
        else f"Next: parts3d-agent pair --config {path}"
    )
    return 1 if trouble else 0


def check_printers(path: Path) -> int:
    """Ask each printer of a configuration who it is; say it, and return how many have trouble."""
    try:
        config = read_config(path)
    except ConfigFault as fault:
        # A key that must be filled in first, for instance.
        _say(str(fault))
        return 1
    trouble = 0
    for section in config.printers:
        try:
            driver = open_driver(section)
            try:
                host = driver.probe().host
            finally:
                driver.close()
        except (DriverFault, ConfigFault) as fault:
            trouble += 1
            _say(f"  {section.label}: {fault}")
        else:
            _say(f"  {section.label}: answers ({host})")
    return trouble


def names_for(found: Sequence[Found]) -> list[str]:
    """Return a short name for each printer, as staff may type it, none of them twice."""
    names: list[str] = []
    for one in found:
        plain = re.sub(r"[^a-z0-9]+", "-", one.name.casefold().removesuffix(".local"))
        base = plain.strip("-")[:40] or one.driver
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _listen(look: Browse, seconds: float) -> list[Announced]:
    _say(f"Listening {seconds:g} seconds for printers that announce themselves ...")
    try:
        return look(seconds)
    except OSError as fault:
        _say(f"The local network cannot be listened to ({fault}); only addresses are asked.")
        return []


def _tell_silent(
    announced: Sequence[Announced], asked: Sequence[str], found: Sequence[Found]
) -> None:
    for address in asked:
        host = address.split("://")[-1].split("/")[0].split(":")[0]
        if not any(host in one.address for one in found):
            _say(
                f"  {address}: nothing there speaks as OctoPrint, Moonraker, PrusaLink or a Bambu "
                "printer in LAN mode does. Is it switched on, and the address right?"
            )
    for one in announced:
        if not any(one.host in answer.address for answer in found):
            _say(f"  {one.name} announces itself at {one.host}, but does not answer there.")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def ask_for_server() -> str:
    """Return the network's address from the person at the keyboard.

    Raises:
        AgentError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise AgentError("Say the network's address: --server https://parts.example")
    return input("Address of the network (https://...): ").strip()
