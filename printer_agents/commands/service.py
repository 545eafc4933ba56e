"""``parts3d-agent install-service``: a systemd unit that keeps the agent running."""

import getpass
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from printer_agents.config import AgentConfig, read_config
from printer_agents.errors import ConfigFault

NAME = "parts3d-agent.service"
SYSTEM_FOLDER = Path("/etc/systemd/system")
USER_FOLDER = Path(".config/systemd/user")

# Hardening: systemd.exec(5). The agent needs its data folder, its configuration, the network.
# What only the system's manager may set stands apart: a user's manager refuses it.
_UNIT = """\
# Written by 'parts3d-agent install-service'; run that again after an update moved the program.
[Unit]
Description=parts3d printer agent
# Not tied to network-online.target: prints go on, and are watched, without the internet.
After=network.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
WorkingDirectory={home}
Restart=always
RestartSec=5
# It ends within a few seconds and leaves printers printing.
TimeoutStopSec=20
KillSignal=SIGTERM
Environment=PYTHONUNBUFFERED=1
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
MemoryMax=256M
{more}
[Install]
WantedBy={target}
"""
_SYSTEM = """\
User={user}
ProtectSystem=strict
ReadWritePaths={data}
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

Run = Callable[[Sequence[str]], int]


def install_service(
    path: Path,
    *,
    user: bool,
    account: str | None = None,
    only_print: bool = False,
    folder: Path | None = None,
    run: Run | None = None,
) -> int:
    """Write the unit, and start it where systemd runs; return the exit code.

    Args:
        path: the agent's configuration.
        user: for the user's own systemd, which needs no root.
        account: whose name the system's unit runs under; default: who called, not root.
        only_print: write the unit to standard output and do nothing.
        folder: where the unit goes; default: systemd's own.
        run: runs a program and returns its exit code.

    Raises:
        ConfigFault: the configuration is wrong, or the unit cannot be written.
    """
    config = read_config(path)
    account = account or _caller()
    text = unit_text(path.resolve(), config, program(), user=user, account=account)
    if only_print:
        sys.stdout.write(text)
        return 0
    target = (folder or (Path.home() / USER_FOLDER if user else SYSTEM_FOLDER)) / NAME
    if not user and account == "root":
        raise ConfigFault(
            "The agent needs no root: name the account that it runs under with --account NAME "
            "(it must be able to read the configuration and write its data folder)."
        )
    try:
        _make_folder(config.data_dir, None if user else account)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as fault:
        remedy = "" if user else " Run it with sudo, or use --user."
        raise ConfigFault(
            f"{target}: cannot be written: {fault.strerror or fault}.{remedy}"
        ) from fault
    _say(f"{target} is written: the agent runs as {account}, restarts always, reads {path}.")
    return _start(user=user, run=run or _run)


def unit_text(path: Path, config: AgentConfig, command: str, *, user: bool, account: str) -> str:
    """Return the unit for a configuration (absolute path). Pure."""
    more = ""
    if not user:
        homes = ("/home/", "/root/", "/run/user/")
        at_home = str(config.data_dir).startswith(homes) or str(path).startswith(homes)
        more = _SYSTEM.format(
            user=account,
            data=_quoted(str(config.data_dir)),
            # The data folder stays writable by ReadWritePaths; all else at home only readable.
            protect_home="read-only" if at_home or command.strip('"').startswith(homes) else "yes",
        )
    return _UNIT.format(
        command=f"{command} run --config {_quoted(str(path))}",
        home=str(path.parent).replace("%", "%%"),
        more=more,
        target="default.target" if user else "multi-user.target",
    )


def program() -> str:
    """Return how this program is started: by its own name, or as a module."""
    script = Path(sys.argv[0])
    if script.name == "parts3d-agent" and script.exists():
        return _quoted(str(script.resolve()))
    beside = Path(sys.executable).with_name("parts3d-agent")
    if beside.exists():
        return _quoted(str(beside))
    return f"{_quoted(sys.executable)} -m printer_agents"


def _make_folder(data_dir: Path, account: str | None) -> None:
    """Make the agent's own folder, of its account: called through sudo, it would be root's."""
    if account is not None:
        try:
            pwd.getpwnam(account)
        except KeyError as fault:
            raise ConfigFault(
                f"There is no account {account} on this machine. Name another with --account."
            ) from fault
    if data_dir.exists():
        return
    data_dir.mkdir(parents=True)
    if account is not None and os.geteuid() == 0:
        shutil.chown(data_dir, account)


def _start(*, user: bool, run: Run) -> int:
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").exists():
        _say(
            "systemd does not run here, so it is not started. "
            f"On the shop's machine: {_systemctl(user, 'enable', '--now', NAME)}"
        )
        return 0
    for words in (["daemon-reload"], ["enable", "--now", NAME]):
        command = ["systemctl", *(["--user"] if user else []), *words]
        _say(f"$ {' '.join(command)}")
        if run(command):
            _say("That failed; the reason stands above.")
            return 1
    if user:
        _say("To keep it running while nobody is signed in: loginctl enable-linger")
    _say(f"See what it says: journalctl {'--user ' if user else ''}-u {NAME} -f")
    return 0


def _systemctl(user: bool, *words: str) -> str:  # noqa: FBT001 - one of two managers
    return " ".join(["systemctl", *(["--user"] if user else []), *words])


def _caller() -> str:
    """Who called, also through sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _quoted(text: str) -> str:
    """Return a word of a unit: systemd's own signs taken literally."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if plain != text or " " in plain else plain


def _run(command: Sequence[str]) -> int:
    return subprocess.run(list(command), check=False).returncode


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
