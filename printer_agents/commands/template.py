"""The text of a fresh ``agent.toml``: commented, for its owner to read and change. Pure."""

from collections.abc import Sequence

from printer_agents.discovery import Found

_HEAD = """\
# The configuration of the parts3d agent on this machine. It is yours: the agent only reads it.
# After a change: systemctl restart parts3d-agent

# The network's address.
server_url = {server_url}

# The agent's key, made when it is paired; never copy it to another machine.
key_file = "agent.key"

# The agent's own folder: its journal, and files on their way to a printer.
data_dir = "agent-data"

# The status page: http://127.0.0.1:7130 on this machine only. 0 switches it off.
status_port = 7130
"""

_PRINTER = """
[[printers]]
# A short name, as it stands on a label: staff choose by it when the agent is paired.
id = {id}
# {words}
driver = {driver}
# What is loaded: PLA, PETG, ASA, ABS, PA-CF or TPU.
material = "PLA"
"""

_EXAMPLES = """
# No printer was found. Take the # away from the example of your brand and fill it in.
#
# [[printers]]
# id = "left"
# driver = "octoprint"                    # or "moonraker", or "prusalink"
# material = "PLA"
# [printers.options]
# url = "http://octopi.local"
# api_key = "..."                         # moonraker: only if it asks for one
#
# [[printers]]
# id = "right"
# driver = "bambu"                        # LAN mode and developer mode switched on at the printer
# material = "PLA"
# [printers.options]
# host = "192.168.1.21"
# serial = "01S00A000000000"
# access_code = "12345678"
"""

_KEYS = {
    "octoprint": (
        "# In OctoPrint: settings, application keys; make one for this agent.",
        'api_key = "..."',
    ),
    "prusalink": ("# On the printer's screen or its page: settings, API key.", 'api_key = "..."'),
    "moonraker": (
        "# Moonraker asks for a key: trust this machine in moonraker.conf, or copy its key here.",
        'api_key = "..."',
    ),
}


def config_text(
    server_url: str, found: Sequence[Found], names: Sequence[str], virtual: int = 0
) -> str:
    """Return the whole file.

    Args:
        server_url: the network's address.
        found: the printers.
        names: a short name for each of them.
        virtual: how many printers without hardware to add.
    """
    text = _HEAD.format(server_url=quoted(server_url))
    for one, name in zip(found, names, strict=True):
        text += _PRINTER.format(
            id=quoted(name), driver=quoted(one.driver), words=_one_line(one.words)
        )
        text += "[printers.options]\n" + "".join(f"{line}\n" for line in _options(one))
    for number in range(1, virtual + 1):
        text += _PRINTER.format(
            id=quoted(f"virtual-{number}"),
            driver='"virtual"',
            words="A printer without hardware, to try things out.",
        )
    return text + ("" if found or virtual else _EXAMPLES)


def _options(one: Found) -> list[str]:
    if one.driver == "bambu":
        return [
            f"host = {quoted(one.address)}",
            f"serial = {quoted(one.serial or '')}",
            "# On the printer's screen: network, LAN mode, access code; developer mode must be on.",
            'access_code = "..."',
            "# Its certificate, as it was seen today: another printer at this address is refused.",
            f"certificate_sha256 = {quoted(one.certificate_sha256 or '')}",
        ]
    lines = [f"url = {quoted(one.address)}"]
    if one.wants_key or one.driver == "prusalink":
        lines += _KEYS[one.driver]
    return lines


def quoted(text: str) -> str:
    """Return a text as a basic string of TOML."""
    plain = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
