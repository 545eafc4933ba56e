"""``parts3d-agent pair | unpair``."""

import sys
import time
from pathlib import Path

from printer_agents.config import NOT_PAIRED, AgentConfig, read_config
from printer_agents.errors import AgentError, JournalFault, ServerFault
from printer_agents.folder_lock import lock_folder
from printer_agents.journal import Journal
from printer_agents.keys import AgentKey, load_key, make_key
from printer_agents.paired import Paired, forget_paired, load_paired, save_paired
from printer_agents.pairing import PairingClient, pair


def pair_agent(path: Path, *, again: bool) -> int:
    """Make the key if there is none, show a code, wait for staff; return the exit code.

    Raises:
        AgentError: paired already, refused, or the server cannot be reached.
    """
    config = read_config(path)
    if config.agent_id != NOT_PAIRED:
        raise AgentError(
            f"{path}: agent_id stands there, so this agent was registered by hand. "
            "Remove that line to pair it by a code."
        )
    known = load_paired(config.data_dir)
    if known is not None and not again:
        raise AgentError(
            f"This agent is paired with {known.point} already, as {known.agent_name}. "
            "After a change of its printers run 'parts3d-agent pair --again'; to begin afresh, "
            "'parts3d-agent unpair'."
        )
    client = PairingClient(config, _key(config))
    try:
        paired = pair(config, _key(config), client, say=_say, sleep=time.sleep)
    finally:
        client.close()
    save_paired(config.data_dir, paired)
    _say(_done(config, paired, path))
    return 0


def unpair_agent(path: Path, *, force: bool) -> int:
    """End a pairing at the server, and remove key and pairing from this machine.

    Raises:
        AgentError: work is in hand, or the server cannot be told (``--force`` goes on).
    """
    config = read_config(path)
    known = load_paired(config.data_dir)
    agent_id = config.agent_id if config.agent_id != NOT_PAIRED else known and known.agent_id
    if not force:
        _check_idle(config)
    if agent_id and config.key_file.exists():
        client = PairingClient(config, load_key(agent_id, config.key_file))
        try:
            client.unpair(agent_id)
        except ServerFault as fault:
            if not force:
                raise AgentError(
                    f"{fault} The server could not be told. Try again later; or use --force and "
                    "let staff revoke the key on the page of agents."
                ) from fault
            _say(f"{fault} Let staff revoke the key on the page of agents.")
        finally:
            client.close()
    config.key_file.unlink(missing_ok=True)
    forget_paired(config.data_dir)
    _say("Unpaired: this machine's key is gone, and the network takes it no more.")
    return 0


def _key(config: AgentConfig) -> AgentKey:
    if config.key_file.exists():
        return load_key(NOT_PAIRED, config.key_file)
    return make_key(NOT_PAIRED, config.key_file)


def _check_idle(config: AgentConfig) -> None:
    """Refuse while a print may be running, or the agent itself is."""
    try:
        lock_folder(config.data_dir).close()
    except JournalFault as fault:
        raise AgentError(
            f"{fault} Stop it first (systemctl stop parts3d-agent), or use --force."
        ) from fault
    if not config.journal_path.exists():
        return
    journal = Journal(config.journal_path)
    try:
        alive = journal.all_alive()
    finally:
        journal.close()
    if alive:
        jobs = ", ".join(attempt.ref.job_id for attempt in alive)
        raise AgentError(
            f"The agent still has work in hand ({jobs}); its end could not be told any more. "
            "Wait until it is done, or use --force: staff then look at the printers."
        )


def _done(config: AgentConfig, paired: Paired, path: Path) -> str:
    lines = [f"Paired with {paired.point}, as {paired.agent_name}."]
    for printer in config.printers:
        known = paired.printers.get(printer.id)
        if known is None:
            lines.append(f"  {printer.id}: not used; staff did not choose it")
        else:
            lines.append(f"  {printer.id}: {known.name} ({known.model})")
    lines.append(
        "An agent that waits for this goes on by itself; one that ran before is restarted "
        "(systemctl restart parts3d-agent)."
    )
    lines.append(f"To start it with the machine: parts3d-agent install-service --config {path}")
    return "\n".join(lines)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
