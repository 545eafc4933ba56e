"""What the agent says unasked: leases to renew, what printers look like, what happened."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from printer_agents.clock import begun
from printer_agents.errors import Rejected, ServerFault, Stale
from printer_agents.obey import refuse_rest
from printer_agents.protocol import (
    AttemptRef,
    Command,
    PrinterReport,
    PrintersUpdate,
    ReportKind,
    Reports,
    Tidings,
)
from printer_agents.records import UNSTARTED, Attempt, AttemptState, Event
from printer_agents.station import Station, Surroundings

log = logging.getLogger("parts3d.agent")

BATCH = 100
UNACCEPTABLE = {409, 422}
# Ends that are worth repeating when a cancel comes too late for them.
OUTCOMES = {ReportKind.PRINTED, ReportKind.FAILED, ReportKind.CANCELLED}


class Speaker:
    """Renews, updates, reports. ``step`` is called by one thread only."""

    def __init__(self, around: Surroundings, stations: dict[str, Station]) -> None:
        self._around = around
        self._stations = stations
        self._renewed_at: dict[AttemptRef, float] = {}
        self._told: tuple[PrinterReport, ...] = ()
        self._told_at: float | None = None
        self._batch = BATCH
        self._answered: set[AttemptRef] = set()

    def step(self) -> None:
        """Do what is due.

        Raises:
            ServerFault: the server is away or refuses; nothing is lost, it is said again.
        """
        if not self._around.greeted.is_set():
            return
        self._renew()
        self._tell_printers()
        self._report()

    @contextmanager
    def telling(self, looks: tuple[PrinterReport, ...]) -> Iterator[None]:
        """A claim is on its way that tells what all printers look like: no need to say it twice."""
        all_told = len(looks) == len(self._stations)
        if all_told:
            self._told, self._told_at = looks, self._around.clock()
        try:
            yield
        except ServerFault:
            if all_told:
                self._told_at = None
            raise

    def obey(self, marks: dict[str, int], answer: Tidings) -> bool:
        """Take what an answer brought: cleared beds, what is loaded, commands, attempts to drop.

        Returns:
            Whether a bed may be clear that this answer could not say; the next update asks.
        """
        bed_in_question = self._around.beds.hear(marks, answer.bed_clear)
        if bed_in_question:
            self._told_at = None
        self._around.beds.hear_loaded(answer.loaded)
        self._around.hear_notice(answer.notice)
        for command in answer.commands:
            self._take(command)
        for ref in answer.cancel:
            known = self._around.journal.known(ref)
            station = self._stations.get(ref.printer_id)
            if known is None or known.state is AttemptState.ENDED or station is None:
                self._answer_cancel(ref, known)
            elif ref not in station.cancelled:
                station.cancelled.add(ref)
                station.wake.set()
        return bed_in_question

    def _take(self, command: Command) -> None:
        station = self._stations.get(command.ref.printer_id)
        known = self._around.journal.known(command.ref)
        if station is None or known is None:
            return  # of another journal: the server stops asking after a while
        if not station.mailbox.put(command, self._around.clock()):
            return
        if self._around.journal.has_answered(command.command_id):
            station.mailbox.answered(command.command_id)
        elif known.state is AttemptState.ENDED:
            refuse_rest(station, known)
        else:
            station.wake.set()

    def _answer_cancel(self, ref: AttemptRef, known: Attempt | None) -> None:
        """Say once that there is nothing to cancel any more, or the server asks for ever."""
        if ref in self._answered:
            return
        self._answered.add(ref)
        event = Event(ReportKind.CANCELLED, "There is nothing of it here to cancel.")
        if known is None:
            self._around.journal.add(ref, None, AttemptState.ENDED, event)
        elif not self._around.journal.has_waiting_report(known):
            if known.outcome in OUTCOMES:
                event = Event(ReportKind(known.outcome), "It had ended before the cancel came.")
            self._around.journal.report(known, event)

    def _renew(self) -> None:
        now = self._around.clock()
        leased = [a for a in self._around.journal.all_alive() if a.state in UNSTARTED]
        known = self._renewed_at
        self._renewed_at = {a.ref: begun(known.get(a.ref), now) for a in leased}
        for attempt in leased:
            if now - self._renewed_at[attempt.ref] < self._around.intervals.renew_seconds:
                continue
            try:
                self._around.client.renew(attempt.ref)
                self._renewed_at[attempt.ref] = now
            except (Stale, Rejected) as fault:
                log.info("%s: the lease is gone: %s", attempt.ref.job_id, fault)
                station = self._stations.get(attempt.ref.printer_id)
                # Once the permit was asked for, its answer alone decides.
                if station is not None and not attempt.permit_asked:
                    station.stale.add(attempt.ref)
                self._renewed_at[attempt.ref] = now

    def _tell_printers(self) -> None:
        intervals, now = self._around.intervals, self._around.clock()
        # Marks before looks: the server then knows at least the starts that the marks count.
        marks = self._around.beds.marks(self._stations)
        looks = tuple(station.report() for station in self._stations.values())
        waits_for_bed = any(
            not look.bed_clear and self._around.journal.alive(look.printer_id) is None
            for look in looks
        )
        interval = intervals.printers_seconds
        if waits_for_bed:
            interval = min(interval, intervals.bed_seconds)
        due = self._told_at is None or now - self._told_at >= interval
        if not due and [_essence(look) for look in looks] == [_essence(s) for s in self._told]:
            return
        message = PrintersUpdate(agent_generation=self._around.journal.generation, printers=looks)
        answer = self._around.client.printers(message)
        self._told, self._told_at = looks, now
        self.obey(marks, answer)

    def _report(self) -> None:
        journal, crash = self._around.journal, self._around.crash
        while reports := journal.waiting_reports(self._batch):
            message = Reports(agent_generation=journal.generation, reports=tuple(reports))
            crash("report.before")
            try:
                answer = self._around.client.reports(message)
            except Rejected as fault:
                if fault.status not in UNACCEPTABLE:
                    raise
                if len(reports) == 1:
                    # Never acceptable: it must not hold up all the others for ever.
                    log.exception("A report was not acceptable and is given up: %s", reports[0])
                    journal.acknowledge([reports[0].event_seq])
                self._batch = 1
                continue
            crash("report.after")
            sent = {report.event_seq: report for report in reports}
            heard = [result.event_seq for result in answer.results if result.event_seq in sent]
            for result in answer.results:
                if result.outcome == "stale" and result.event_seq in sent:
                    self._stale(sent[result.event_seq].ref)
            if not heard:
                raise ServerFault("The server answered the reports without acknowledging any.")
            journal.acknowledge(heard)
            self._batch = BATCH

    def _stale(self, ref: AttemptRef) -> None:
        log.warning(
            "%s: the server no longer counts epoch %d; a running print is not touched",
            ref.job_id,
            ref.epoch,
        )
        station = self._stations.get(ref.printer_id)
        attempt = self._around.journal.alive(ref.printer_id)
        if station is not None and attempt is not None and attempt.ref == ref:
            station.stale.add(ref)


def _essence(look: PrinterReport) -> tuple[object, ...]:
    """What is told at once when it changes; progress is not."""
    return (
        look.printer_id,
        look.condition,
        look.bed_clear,
        look.starts,
        look.bed_confirmed,
        look.material,
        look.file_name,
    )
