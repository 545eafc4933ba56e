"""``parts3d-agent``: drive the printers, and all that comes before and beside it."""

import argparse
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from printer_agents import __version__
from printer_agents.beds import Beds
from printer_agents.config import NOT_PAIRED, AgentConfig, load_config
from printer_agents.errors import AgentError
from printer_agents.journal import Journal
from printer_agents.keys import AgentKey, load_key, make_key
from printer_agents.loop import Agent
from printer_agents.paired import load_paired

if TYPE_CHECKING:
    from printer_agents.status.server import StatusPage

PR_SET_PDEATHSIG = 1
FAILURE = 1
PAIRING_LOOK_SECONDS = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.handler(options))
    except AgentError as fault:
        sys.stderr.write(f"{fault}\n")
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
    return FAILURE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parts3d-agent", description="Drives the printers of a shop for parts3d."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, handler: Callable[[argparse.Namespace], int], words: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=f"{words.capitalize()}.")
        added.set_defaults(handler=handler)
        added.add_argument(
            "--config",
            type=Path,
            default=Path("agent.toml"),
            metavar="FILE",
            help="the agent's configuration (default: agent.toml here)",
        )
        return added

    init = command("init", _init, "look for printers, write a configuration, check each printer")
    init.add_argument("--server", metavar="URL", help="the network's address")
    init.add_argument(
        "--ask",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="ask this address too, as 192.168.1.20 or octopi.local:5000; may be repeated",
    )
    init.add_argument(
        "--seconds", type=float, default=4.0, help="how long to listen for printers (4)"
    )
    init.add_argument(
        "--virtual", type=int, default=0, metavar="N", help="add N printers without hardware"
    )
    init.add_argument("--force", action="store_true", help="write over a file that is there")
    pair = command("pair", _pair, "show a code for the network's page, and become known by it")
    pair.add_argument(
        "--again", action="store_true", help="although paired: after a change of printers"
    )
    run = command("run", _run, "drive the printers until told to stop")
    run.add_argument("--verbose", action="store_true", help="log more")
    run.add_argument(
        "--die-with-parent",
        type=int,
        nargs="?",
        const=0,
        metavar="PID",
        help="end when the thread that started this program ends (Linux); with its "
        "process id, also if that was before this program could ask",
    )
    service = command("install-service", _install_service, "keep the agent running by systemd")
    service.add_argument("--user", action="store_true", help="by the user's own systemd, no root")
    service.add_argument("--account", metavar="NAME", help="whom it runs as (default: the caller)")
    service.add_argument("--print", action="store_true", help="only show the unit")
    command("doctor", _doctor, "check configuration, key, server, printers; say what to do")
    command("status", _status, "say what the journal holds")
    unpair = command("unpair", _unpair, "end the pairing and remove this machine's key")
    unpair.add_argument(
        "--force", action="store_true", help="although work is in hand or nobody can be told"
    )
    command("key", _key, "make the key if there is none; print its public half and fingerprint")
    return parser


def _init(options: argparse.Namespace) -> int:
    from printer_agents.commands.init import ask_for_server, init_agent

    return init_agent(
        options.config,
        server_url=options.server or ask_for_server(),
        asked=options.ask,
        seconds=options.seconds,
        virtual=options.virtual,
        force=options.force,
    )


def _pair(options: argparse.Namespace) -> int:
    from printer_agents.commands.pair import pair_agent

    return pair_agent(options.config, again=options.again)


def _install_service(options: argparse.Namespace) -> int:
    from printer_agents.commands.service import install_service

    return install_service(
        options.config, user=options.user, account=options.account, only_print=options.print
    )


def _doctor(options: argparse.Namespace) -> int:
    from printer_agents.commands.doctor import run_doctor

    return run_doctor(options.config)


def _unpair(options: argparse.Namespace) -> int:
    from printer_agents.commands.pair import unpair_agent

    return unpair_agent(options.config, force=options.force)


def _run(options: argparse.Namespace) -> int:
    if options.die_with_parent is not None:
        _die_with_parent(options.die_with_parent or os.getppid())
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    # The library below logs addresses, and a download's address is a secret.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    config = _paired_config(options.config)
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
    page = _open_page(agent)
    try:
        agent.run()
    finally:
        if page is not None:
            page.close()
        agent.close()
        # It is ending: a handler would be gone before the interpreter is, and the signal kill it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return 0


def _open_page(agent: Agent) -> "StatusPage | None":
    """Open the status page; without it the agent works as well."""
    from printer_agents.status.look import AgentLook, look_at
    from printer_agents.status.server import StatusPage

    if not agent.config.status_port:
        return None
    paired = load_paired(agent.config.data_dir)
    name, point = (paired.agent_name, paired.point) if paired else ("", "")

    def stop(printer_id: str) -> None:
        agent.stations[printer_id].emergency_stop()

    def confirm(printer_id: str) -> bool:
        return agent.stations[printer_id].confirm_bed()

    def look() -> AgentLook:
        return look_at(agent, name=name, point=point)

    log = logging.getLogger("parts3d.agent")
    try:
        page = StatusPage(look, stop, confirm, agent.config.status_port)
    except OSError as fault:
        log.warning(
            "There is no status page: port %d is taken (%s). Set another status_port.",
            agent.config.status_port,
            fault.strerror or fault,
        )
        return None
    log.info("The status page is at %s", page.url)
    return page


def _paired_config(path: Path) -> AgentConfig:
    """Return the configuration as soon as the agent is paired: it waits for that."""
    config = load_config(path)
    if config.agent_id == NOT_PAIRED:
        logging.getLogger("parts3d.agent").warning(
            "This agent is not paired yet; it waits. Run: parts3d-agent pair --config %s", path
        )
    while config.agent_id == NOT_PAIRED:
        time.sleep(PAIRING_LOOK_SECONDS)
        config = load_config(path)
    return config


def _key(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    key: AgentKey
    if config.key_file.exists():
        key = load_key(config.agent_id, config.key_file)
    else:
        key = make_key(config.agent_id, config.key_file)
    sys.stdout.write(f"public key:  {key.public_key}\nfingerprint: {key.fingerprint}\n")
    return 0


def _status(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    if not config.journal_path.exists():
        sys.stdout.write("This agent has not run yet: there is no journal.\n")
        return 0
    journal = Journal(config.journal_path)
    try:
        beds = Beds(journal, [section.id for section in config.printers])
        sys.stdout.write(
            f"agent {config.agent_id or '(not paired yet)'}, generation {journal.generation}\n"
        )
        for section in config.printers:
            attempt = journal.alive(section.id)
            bed = "bed clear" if beds.clear(section.id) else "bed waits for staff"
            work = f"{attempt.ref.job_id}: {attempt.state}" if attempt else "nothing in hand"
            sys.stdout.write(f"{section.label} ({section.material}): {bed}; {work}\n")
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
