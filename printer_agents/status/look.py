"""What the status page and ``parts3d-agent status`` show, gathered from a running agent."""

import time
from dataclasses import asdict, dataclass

from printer_agents import __version__
from printer_agents.loop import Agent
from printer_agents.protocol import PrinterCondition
from printer_agents.station import Station

MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class PrinterLook:
    """One printer."""

    id: str
    label: str
    driver: str
    material: str
    condition: PrinterCondition
    detail: str | None
    bed_clear: bool
    progress: float | None
    remaining_seconds: float | None
    job: str | None
    job_state: str | None


@dataclass(frozen=True, slots=True)
class AgentLook:
    """The whole agent. ``heard_seconds`` is how long ago the server last answered."""

    agent_id: str
    name: str
    point: str
    server_url: str
    version: str
    heard_seconds: float | None
    fault: str | None
    refused: bool
    reports_waiting: int
    printers: tuple[PrinterLook, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


def look_at(agent: Agent, *, name: str = "", point: str = "") -> AgentLook:
    """Look at an agent, from any thread; asks neither printers nor server."""
    contact = agent.client.contact
    return AgentLook(
        agent_id=agent.config.agent_id,
        name=name,
        point=point,
        server_url=agent.config.server_url,
        version=__version__,
        heard_seconds=(
            None if contact.answered_at is None else time.monotonic() - contact.answered_at
        ),
        fault=contact.fault,
        refused=contact.refused,
        reports_waiting=len(agent.journal.waiting_reports(MOST_COUNTED)),
        printers=tuple(
            _printer(agent.stations[section.id], section.label, section.driver)
            for section in agent.config.printers
        ),
    )


def _printer(station: Station, label: str, driver: str) -> PrinterLook:
    report = station.report()
    attempt = station.journal.alive(station.id)
    job = None
    if attempt is not None:
        job = attempt.work.job_label if attempt.work else attempt.ref.job_id
    return PrinterLook(
        id=station.id,
        label=label,
        driver=driver,
        material=station.material,
        condition=report.condition,
        detail=report.detail,
        bed_clear=report.bed_clear,
        progress=report.progress,
        remaining_seconds=report.remaining_seconds,
        job=job,
        job_state=attempt.state.value if attempt else None,
    )
