"""``parts3d-agent run | key | status``."""

import argparse
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from printer_agents import __version__
from printer_agents.beds import Beds
from printer_agents.config import AgentConfig, load_config
from printer_agents.errors import AgentError
from printer_agents.journal import Journal
from printer_agents.keys import AgentKey, load_key, make_key
from printer_agents.loop import Agent

PR_SET_PDEATHSIG = 1
FAILURE = 1


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="parts3d-agent", description="Drives the printers of a shop for parts3d."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in {
        "run": "drive the printers until told to stop",
        "key": "make the key if there is none; print its public half and fingerprint",
        "status": "say what the journal holds",
    }.items():
        command = commands.add_parser(name, help=words)
        command.add_argument("--config", type=Path, required=True, metavar="FILE")
        if name == "run":
            command.add_argument("--verbose", action="store_true", help="log more")
            command.add_argument(
                "--die-with-parent",
                type=int,
                nargs="?",
                const=0,
                metavar="PID",
                help="end when the thread that started this program ends (Linux); with its "
                "process id, also if that was before this program could ask",
            )
    options = parser.parse_args(arguments)
    try:
        config = load_config(options.config)
        if options.command == "key":
            return _key(config)
        if options.command == "status":
            return _status(config)
        if options.die_with_parent is not None:
            _die_with_parent(options.die_with_parent or os.getppid())
        return _run(config, verbose=options.verbose)
    except AgentError as fault:
        sys.stderr.write(f"{fault}\n")
        return FAILURE


def _run(config: AgentConfig, *, verbose: bool) -> int:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    # The library below logs addresses, and a download's address is a secret.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    agent = Agent(config, load_key(config.agent_id, config.key_file))

    def stop(_number: int, _frame: FrameType | None) -> None:
        agent.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logging.getLogger("parts3d.agent").info(
        "Agent %s drives %d printers for %s.",
        config.agent_id,
        len(config.printers),
        config.server_url,
    )
    try:
        agent.run()
    finally:
        agent.close()
        # It is ending: a handler would be gone before the interpreter is, and the signal kill it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return 0


def _key(config: AgentConfig) -> int:
    key: AgentKey
    if config.key_file.exists():
        key = load_key(config.agent_id, config.key_file)
    else:
        key = make_key(config.agent_id, config.key_file)
    sys.stdout.write(f"public key:  {key.public_key}\nfingerprint: {key.fingerprint}\n")
    return 0


def _status(config: AgentConfig) -> int:
    if not config.journal_path.exists():
        sys.stdout.write("This agent has not run yet: there is no journal.\n")
        return 0
    journal = Journal(config.journal_path)
    try:
        beds = Beds(journal, [section.id for section in config.printers])
        sys.stdout.write(f"agent {config.agent_id}, generation {journal.generation}\n")
        for section in config.printers:
            attempt = journal.alive(section.id)
            bed = "bed clear" if beds.clear(section.id) else "bed waits for staff"
            work = f"{attempt.ref.job_id}: {attempt.state}" if attempt else "nothing in hand"
            sys.stdout.write(f"{section.id} ({section.material}): {bed}; {work}\n")
        waiting = len(journal.waiting_reports(most=1000))
        sys.stdout.write(f"reports not yet acknowledged: {waiting}\n")
    finally:
        journal.close()
    return 0


def _die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent dies; end at once if it already has."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise AgentError("The program that started this agent has ended already.")


if __name__ == "__main__":
    sys.exit(main())
