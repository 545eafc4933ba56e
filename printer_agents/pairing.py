"""Becoming known to the network: a code for staff to type, a fingerprint for them to compare."""

import socket
from collections.abc import Callable
from typing import NoReturn

import httpx

from printer_agents import __version__
from printer_agents.client import ServerClient
from printer_agents.config import AgentConfig, BambuSection, PrinterSection, VirtualPrinterSection
from printer_agents.errors import AgentError, Refused, ServerFault, Unreachable
from printer_agents.keys import AgentKey
from printer_agents.paired import KnownPrinter, Paired
from printer_agents.pairing_protocol import (
    LocalPrinter,
    PairingAnswer,
    PairingPoll,
    PairingRequest,
    PairingStarted,
    PairingState,
    Unpair,
    UnpairAnswer,
)

# A code lasts ten minutes; then the agent shows a new one, for about an hour.
CODES = 6


class NotPaired(AgentError):
    """Nobody took the agent in."""


class PairingClient(ServerClient):
    """The wire of pairing. Raises as ``ServerClient`` does."""

    def __init__(
        self, config: AgentConfig, key: AgentKey, transport: httpx.BaseTransport | None = None
    ) -> None:
        super().__init__(config, key, transport)
        self._public_key = key.public_key

    def begin(self, config: AgentConfig) -> PairingStarted:
        """Ask for a code."""
        wish = PairingRequest(
            public_key=self._public_key,
            computer=socket.gethostname()[:80],
            version=__version__,
            printers=tuple(
                LocalPrinter(
                    id=printer.id,
                    driver=printer.driver,
                    material=printer.material,
                    host=_host(printer)[:120],
                )
                for printer in config.printers
            ),
        )
        return self._post("pairing", wish, PairingStarted)

    def poll(self, device_code: str) -> PairingAnswer:
        """Ask whether somebody has decided."""
        poll = PairingPoll(public_key=self._public_key, device_code=device_code)
        return self._post("pairing/poll", poll, PairingAnswer)

    def unpair(self, agent_id: str) -> None:
        """Ask the server to refuse this key from now on; refused already is fine."""
        try:
            self._post("unpair", Unpair(agent_id=agent_id), UnpairAnswer)
        except Refused as fault:
            if fault.code not in {"revoked_agent", "unknown_agent"}:
                raise


def pair(
    config: AgentConfig,
    key: AgentKey,
    client: PairingClient,
    *,
    say: Callable[[str], object],
    sleep: Callable[[float], object],
) -> Paired:
    """Show codes until staff have typed one and decided.

    Args:
        config: as its owner wrote it, with its own names of the printers.
        key: the agent's key, made before.
        client: the wire.
        say: tells the owner something.
        sleep: waits for seconds.

    Raises:
        NotPaired: refused, or nobody came for an hour.
        ServerFault: the server cannot be reached, or refuses to give a code.
    """
    for _ in range(CODES):
        started = client.begin(config)
        say(_invitation(started, key.fingerprint))
        answer = _wait(client, started, say, sleep)
        match answer.state:
            case PairingState.PAIRED:
                return _paired(config, answer)
            case PairingState.DENIED:
                raise NotPaired(
                    "The agent was refused: the fingerprints differed, or it was not expected. "
                    "Ask the network's operator, then run 'parts3d-agent pair' again."
                )
            case _:
                say("The code has expired; here is a new one.\n")
    raise NotPaired("Nobody typed the code. Run 'parts3d-agent pair' when somebody can.")


def _wait(
    client: PairingClient,
    started: PairingStarted,
    say: Callable[[str], object],
    sleep: Callable[[float], object],
) -> PairingAnswer:
    """Poll until there is a decision, or the code's time is over."""
    interval, waited, troubled = started.interval_seconds, 0, False
    # One poll more than its time: an approval in the last seconds is heard of.
    while waited <= started.expires_in_seconds:
        sleep(interval)
        waited += interval
        try:
            answer = client.poll(started.device_code)
        except Unreachable as fault:
            if not troubled:
                say(f"{fault} It is tried again.")
            troubled = True
            continue
        troubled = False
        interval = max(answer.interval_seconds, started.interval_seconds)
        if answer.state not in {PairingState.PENDING, PairingState.SLOW_DOWN}:
            return answer
    return PairingAnswer(state=PairingState.EXPIRED)


def _paired(config: AgentConfig, answer: PairingAnswer) -> Paired:
    if answer.agent_id is None:
        _not_ours()
    return Paired(
        server_url=config.server_url,
        agent_id=answer.agent_id,
        agent_name=answer.agent_name or "",
        point=answer.point or "",
        printers={
            printer.local_id: KnownPrinter(id=printer.id, name=printer.name, model=printer.model)
            for printer in answer.printers
        },
    )


def _not_ours() -> NoReturn:
    raise ServerFault("The server says that the agent is paired, but not under which name.")


def _invitation(started: PairingStarted, fingerprint: str) -> str:
    groups = fingerprint.split(":")
    minutes = round(started.expires_in_seconds / 60)
    return (
        f"Sign in at {started.where} and type this code:\n\n"
        f"    {started.user_code}\n\n"
        "Then compare this fingerprint with the one shown there; all groups must be equal:\n\n"
        f"    {'  '.join(groups[:4])}\n    {'  '.join(groups[4:])}\n\n"
        f"Waiting; the code is good for {minutes} minutes. Ctrl-C stops.\n"
    )


def _host(printer: PrinterSection) -> str:
    """Where a printer answers, for people; never a key or a code."""
    if isinstance(printer, VirtualPrinterSection):
        return ""
    if isinstance(printer, BambuSection):
        return printer.options.host
    return printer.options.url.split("://", 1)[-1].rsplit("@", 1)[-1]
