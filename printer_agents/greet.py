"""Hello, and bringing the journal and the server's memory to the same page."""

import logging
from collections.abc import Collection

from printer_agents import __version__
from printer_agents.client import ServerClient
from printer_agents.errors import JournalFault, Rejected, Stale
from printer_agents.journal import Journal
from printer_agents.keys import AgentKey
from printer_agents.protocol import AttemptRef, Hello, HelloAnswer, ReportKind
from printer_agents.records import DROPPED, UNSTARTED, Attempt, AttemptState, Event

log = logging.getLogger("parts3d.agent")

GENERATION_TRIES = 64
ENDS = {
    ReportKind.PRINTED,
    ReportKind.FAILED,
    ReportKind.CANCELLED,
    ReportKind.RELEASED,
}


def say_hello(
    journal: Journal, client: ServerClient, key: AgentKey, printer_ids: Collection[str]
) -> HelloAnswer:
    """Introduce this journal; a fresh one steps its generation up until it is accepted.

    Raises:
        JournalFault: the journal is an old copy, or another copy holds its baton: it proves
            nothing.
        ServerFault: as the client raises.
    """
    for _ in range(GENERATION_TRIES):
        key.generation = journal.generation
        held, offered = journal.baton_offer()
        message = Hello(
            agent_generation=journal.generation,
            version=__version__,
            printers=tuple(printer_ids),
            last_event_seq=journal.last_event_seq,
            baton_held=held,
            baton_next=offered,
        )
        try:
            answer = client.hello(message)
        except (Stale, Rejected) as fault:
            if journal.confirmed and fault.code in {"stale_generation", "copied_journal"}:
                raise JournalFault(f"{fault} Prints go on.") from fault
            if journal.confirmed or fault.status != 409:  # noqa: PLR2004 - HTTP: conflict
                raise
            journal.step_generation()
            continue
        if answer.last_event_seq > journal.last_event_seq:
            if not journal.confirmed:
                journal.step_generation()
                continue
            raise JournalFault(
                f"The server has heard of event {answer.last_event_seq}, but this journal knows "
                f"only {journal.last_event_seq}: it is an old copy. Move it away; staff then "
                "look at the printers."
            )
        if not journal.confirmed:
            journal.confirm_generation()
        journal.take_baton()
        key.baton = offered
        return answer
    raise JournalFault("The server accepts no generation of this fresh journal.")


def reconcile(
    journal: Journal, printer_ids: Collection[str], current: Collection[AttemptRef]
) -> list[AttemptRef]:
    """Make journal and server agree on what this agent has in hand.

    Given back: what the server thinks we hold and the journal proves we never began. Told
    again: ends that the server seems to have lost. Looked for at the printer: attempts of a
    lost journal.

    Returns:
        Attempts that are no longer ours and were not yet asked a permit for; each printer's own
        thread drops them, so that only one thread ever moves an attempt.
    """
    held = set(current)
    lapsed = []
    for attempt in journal.all_alive():
        if attempt.ref.printer_id not in printer_ids:
            _without_printer(journal, attempt)
        elif not attempt.permit_asked and attempt.state in UNSTARTED and attempt.ref not in held:
            lapsed.append(attempt.ref)
    for ref in current:
        known = journal.known(ref)
        if known is not None:
            _tell_again(journal, known)
        elif ref.agent_generation == journal.generation:
            event = Event(ReportKind.RELEASED, "The claim's answer never arrived here.")
            journal.add(ref, None, AttemptState.ENDED, event)
        elif ref.printer_id in printer_ids and journal.alive(ref.printer_id) is None:
            # An empty start session means: only finding it on the printer is a proof.
            journal.add(ref, None, AttemptState.STARTING)
        else:
            words = "Look at the printer: the agent lost its journal and cannot ask about this job."
            journal.add(ref, None, AttemptState.ENDED, Event(ReportKind.NEEDS_HUMAN, words))
    return lapsed


def _without_printer(journal: Journal, attempt: Attempt) -> None:
    """The printer was taken out of the configuration with an attempt in hand."""
    words = f"{attempt.ref.printer_id} is no longer in the agent's configuration."
    if attempt.state not in UNSTARTED:
        journal.end(attempt, Event(ReportKind.NEEDS_HUMAN, f"Look at the printer: {words}"))
    elif attempt.permit_asked:
        journal.end(attempt, Event(ReportKind.FAILED, f"Never started: {words}", progress=0.0))
    else:
        journal.end(attempt, Event(ReportKind.RELEASED, words))


def _tell_again(journal: Journal, known: Attempt) -> None:
    """An attempt ended here and still lives at the server: repeat how it ended."""
    if known.state is not AttemptState.ENDED or journal.has_waiting_report(known):
        return
    if known.outcome == DROPPED:
        kind = ReportKind.FAILED if known.permit_asked else ReportKind.RELEASED
        journal.report(known, Event(kind, "Never started: it was dropped as no longer ours."))
    elif known.outcome in ENDS:
        journal.report(known, Event(ReportKind(known.outcome), "Told again after a reconnect."))
