"""The server's rules on a few dictionaries: small enough for tens of thousands of seeds.

It must answer as the real one does; ``test_reduced_server`` holds the two against each other.
One agent, one point. Times are seconds.
"""

from dataclasses import dataclass, field
from typing import Literal

from printer_agents.protocol import (
    AttemptRef,
    Claim,
    ClaimAnswer,
    Command,
    CommandVerb,
    Hello,
    HelloAnswer,
    PrinterCondition,
    PrinterReport,
    PrintersAnswer,
    PrintersUpdate,
    Report,
    ReportKind,
    ReportResult,
    Reports,
    ReportsAnswer,
    Work,
)

ON_A_PRINTER = {"leased", "start_permitted", "printing", "unknown", "needs_human"}
UNDER_WAY = {"start_permitted", "printing", "unknown"}
TARGET = {
    ReportKind.PRINTING: "printing",
    ReportKind.PROGRESS: "printing",
    ReportKind.PAUSED: "printing",
    ReportKind.PRINTED: "printed",
    ReportKind.FAILED: "failed",
    ReportKind.CANCELLED: "failed",
    ReportKind.NEEDS_HUMAN: "needs_human",
}
ENDS = {ReportKind.PRINTED, ReportKind.FAILED, ReportKind.CANCELLED}
ANSWERS = {ReportKind.OBEYED, ReportKind.DISOBEYED}
ALLOWED = {
    "leased": {"waiting", "start_permitted", "needs_human", "cancelled"},
    "start_permitted": {"printing", "printed", "unknown", "needs_human", "failed"},
    "printing": {"printed", "unknown", "needs_human", "failed"},
    "unknown": {"start_permitted", "printing", "printed", "failed", "needs_human"},
    "needs_human": {"printing", "printed", "failed", "cancelled"},
    "printed": {"failed"},
    "failed": {"waiting", "cancelled"},
}
BUSY = {
    PrinterCondition.PREPARING,
    PrinterCondition.PRINTING,
    PrinterCondition.PAUSED,
    PrinterCondition.FINISHING,
}
ROUNDS_BEFORE_A_PERSON = 5
GCODE = b"G28\n"
SHA256 = "9" * 64


class Refusal(Exception):
    """A no of the server: its status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Job:
    """A job and its present attempt."""

    job_id: str
    status: str = "waiting"
    epoch: int = 0
    attempts: int = 0
    ref: AttemptRef | None = None
    lease_until: float = 0.0
    heard_at: float = 0.0
    started: bool = False
    attempt_over: bool = True
    released: int = 0
    permitted_epochs: list[int] = field(default_factory=list)
    # As of the order, which never goes back: once it is in production, it stays so.
    in_production: bool = False

    def move(self, status: str) -> None:
        self.status = status
        if status not in {"waiting", "leased", "cancelled"}:
            self.in_production = True


@dataclass
class Machine:
    """A printer as the server knows it."""

    bed_clear: bool = True
    starts_generation: int = 0
    starts_seen: int = 0
    presses_seen: int = 0


@dataclass
class ReducedServer:
    """The rules. ``now`` is handed to whatever depends on time."""

    printers: dict[str, Machine]
    jobs: dict[str, Job]
    lease_seconds: float = 60.0
    silence_seconds: float = 300.0
    generation: int = 0
    baton: str | None = None
    heard: dict[tuple[int, int], str] = field(default_factory=dict)
    order: list[tuple[int, int]] = field(default_factory=list)
    commands: dict[str, tuple[Command, float, str | None]] = field(default_factory=dict)
    gcode_bytes: int = len(GCODE)
    gcode_sha256: str = SHA256

    def hello(self, message: Hello, now: float) -> HelloAnswer:
        del now
        seqs = [seq for generation, seq in self.heard if generation == message.agent_generation]
        last, known = max(seqs, default=0), message.last_event_seq
        if message.agent_generation < self.generation or (known is not None and known < last):
            raise Refusal(409, "stale_generation")
        fresh = message.agent_generation > self.generation
        repeated = message.baton_next is not None and message.baton_next == self.baton
        ours = fresh or repeated or message.baton_held == self.baton
        if self.baton is not None and not ours:
            raise Refusal(409, "copied_journal")
        if fresh and self.generation:
            for machine in self.printers.values():
                machine.bed_clear = False
        self.baton, self.generation = message.baton_next, message.agent_generation
        return HelloAnswer(
            server_version="reduced",
            last_event_seq=last,
            bed_clear=self.beds(),
            current=self._refs(ON_A_PRINTER),
        )

    def claim(self, message: Claim, now: float) -> ClaimAnswer:
        self._hear_printers(message.agent_generation, message.printers, now)
        work = self._claim(message, now)
        return ClaimAnswer(
            work=work,
            bed_clear=self.beds(),
            cancel=self._refs({"cancelled"}),
            commands=self._commands(now),
        )

    def renew(self, ref: AttemptRef, now: float) -> float:
        job = self._current(ref)
        if job.status == "leased":
            job.lease_until = now + self.lease_seconds
        job.heard_at = now
        return self.lease_seconds

    def permit(self, ref: AttemptRef, now: float) -> None:
        job = self._current(ref)
        job.heard_at = now
        if job.status == "start_permitted":
            return
        if job.status == "unknown" and not job.started:
            job.move("start_permitted")
            return
        if job.status != "leased":
            raise Refusal(409, "not_startable")
        if not self.printers[ref.printer_id].bed_clear:
            raise Refusal(409, "bed_not_clear")
        self.printers[ref.printer_id].bed_clear = False
        job.move("start_permitted")
        job.permitted_epochs.append(job.epoch)

    def reports(self, message: Reports, now: float) -> ReportsAnswer:
        results = [self._hear(message.agent_generation, one, now) for one in message.reports]
        return ReportsAnswer(results=tuple(results))

    def printers_update(self, message: PrintersUpdate, now: float) -> PrintersAnswer:
        self._hear_printers(message.agent_generation, message.printers, now)
        return PrintersAnswer(
            bed_clear=self.beds(),
            cancel=self._refs({"cancelled"}),
            commands=self._commands(now),
        )

    def sweep(self, now: float) -> None:
        """What time alone does."""
        for job in self.jobs.values():
            if job.status == "leased" and job.lease_until < now:
                self._release(job)
            silent = job.heard_at < now - self.silence_seconds
            if job.status in {"start_permitted", "printing"} and silent:
                job.move("unknown")

    # Staff

    def clear_bed(self, printer_id: str) -> bool:
        """Staff confirm a bed; refused while a print runs there, or may."""
        at_work = self._on(printer_id, UNDER_WAY)
        if not at_work:
            self.printers[printer_id].bed_clear = True
        return not at_work

    def decide(self, job_id: str, *, printed: bool) -> None:
        job = self.jobs[job_id]
        job.attempt_over = True
        job.move("printed" if printed else "failed")

    def print_again(self, job_id: str) -> None:
        job = self.jobs[job_id]
        job.move("waiting")
        job.ref = None

    def cancel(self, job_id: str) -> bool:
        """A customer cancels; too late once a start was permitted, even if that print failed."""
        job = self.jobs[job_id]
        if job.in_production or job.status not in {"waiting", "leased"}:
            return False
        job.move("cancelled")
        return True

    def ask(self, command_id: str, job_id: str, verb: CommandVerb, now: float) -> bool:
        job = self.jobs[job_id]
        if job.status not in UNDER_WAY or job.ref is None:
            return False
        command = Command(command_id=command_id, ref=job.ref, verb=verb)
        self.commands[command_id] = (command, now + 60.0, None)
        return True

    # Inside

    def beds(self) -> dict[str, bool]:
        return {name: machine.bed_clear for name, machine in self.printers.items()}

    def _on(self, printer_id: str, statuses: set[str]) -> bool:
        return any(
            job.status in statuses and job.ref is not None and job.ref.printer_id == printer_id
            for job in self.jobs.values()
        )

    def _refs(self, statuses: set[str]) -> tuple[AttemptRef, ...]:
        return tuple(
            job.ref
            for job in self.jobs.values()
            if job.ref is not None and not job.attempt_over and job.status in statuses
        )

    def _commands(self, now: float) -> tuple[Command, ...]:
        return tuple(c for c, until, answer in self.commands.values() if not answer and until > now)

    def _current(self, ref: AttemptRef) -> Job:
        job = self.jobs.get(ref.job_id)
        if job is None or job.ref is None or job.status == "waiting":
            raise Refusal(409, "stale_epoch")
        if (job.epoch, job.ref.printer_id) != (ref.epoch, ref.printer_id):
            raise Refusal(409, "stale_epoch")
        return job

    def _claim(self, message: Claim, now: float) -> Work | None:
        if message.agent_generation < self.generation:
            return None
        for look in message.printers:
            held = next((j for j in self.jobs.values() if self._holds(j, look.printer_id)), None)
            if held is not None:
                again = self._repeat(held, message.agent_generation, now)
                if again is not None:
                    return again
                continue
            clear = look.bed_clear and self.printers[look.printer_id].bed_clear
            if look.condition is not PrinterCondition.IDLE or not clear:
                continue
            for job in self.jobs.values():
                if job.status == "waiting":
                    return self._lease(job, look.printer_id, message.agent_generation, now)
        return None

    def _holds(self, job: Job, printer_id: str) -> bool:
        ref = job.ref
        return job.status in ON_A_PRINTER and ref is not None and ref.printer_id == printer_id

    def _repeat(self, job: Job, generation: int, now: float) -> Work | None:
        if job.status != "leased" or job.ref is None:
            return None
        if job.ref.agent_generation != generation:
            self._release(job)
            return None
        job.lease_until = now + self.lease_seconds
        return self._work(job.ref)

    def _lease(self, job: Job, printer_id: str, generation: int, now: float) -> Work:
        job.epoch += 1
        job.attempts += 1
        job.move("leased")
        job.started, job.attempt_over = False, False
        job.lease_until, job.heard_at = now + self.lease_seconds, now
        job.ref = AttemptRef(
            job_id=job.job_id,
            attempt=job.attempts,
            epoch=job.epoch,
            printer_id=printer_id,
            agent_generation=generation,
            gcode_sha256=self.gcode_sha256,
        )
        return self._work(job.ref)

    def _work(self, ref: AttemptRef) -> Work:
        return Work(
            ref=ref,
            job_label=ref.job_id,
            material="PLA",
            gcode_path=f"/agent/v1/gcode/{ref.job_id}.{ref.epoch}",
            gcode_bytes=self.gcode_bytes,
            print_seconds=25,
            lease_seconds=self.lease_seconds,
        )

    def _release(self, job: Job) -> None:
        job.move("waiting")
        job.attempt_over, job.ref = True, None

    def _hear(self, generation: int, report: Report, now: float) -> ReportResult:
        def said(outcome: Literal["accepted", "repeated", "stale"]) -> ReportResult:
            return ReportResult(event_seq=report.event_seq, outcome=outcome)

        try:
            job = self._current(report.ref)
        except Refusal:
            job = None
        key = (generation, report.event_seq)
        if key in self.heard:
            return said("stale" if self.heard[key] == "stale" else "repeated")
        self.heard[key] = "accepted" if job else "stale"
        self.order.append(key)
        if report.kind in ANSWERS and report.command_id in self.commands:
            command, until, answer = self.commands[report.command_id]
            self.commands[report.command_id] = (command, until, answer or report.kind.value)
        if job is None:
            return said("stale")
        job.heard_at = now
        if report.kind not in ANSWERS and report.kind is not ReportKind.STARTING:
            self._apply(job, report)
        return said("accepted")

    def _apply(self, job: Job, report: Report) -> None:
        if report.kind is ReportKind.RELEASED:
            self._give_back(job)
            return
        target = TARGET[report.kind]
        if report.kind is ReportKind.PRINTING:
            job.started = True
        if target == "printing" and job.status not in UNDER_WAY | {"needs_human"}:
            return
        if report.kind in ENDS:
            job.attempt_over = True
        if job.status != target and target in ALLOWED.get(job.status, set()):
            job.move(target)

    def _give_back(self, job: Job) -> None:
        if job.status == "leased":
            job.released += 1
            if job.released < ROUNDS_BEFORE_A_PERSON:
                self._release(job)
            else:
                job.move("needs_human")
                job.attempt_over, job.ref = True, None
        elif job.status == "cancelled":
            job.attempt_over = True
        elif job.status in UNDER_WAY:
            job.move("needs_human")

    def _hear_printers(self, generation: int, looks: tuple[PrinterReport, ...], now: float) -> None:
        for look in looks:
            machine = self.printers[look.printer_id]
            same = generation == machine.starts_generation
            if generation < self.generation or (same and look.starts < machine.starts_seen):
                continue
            if not same:
                machine.starts_generation, machine.presses_seen = generation, 0
                machine.bed_clear = machine.bed_clear and not look.starts
            elif look.starts > machine.starts_seen:
                machine.bed_clear = False
            machine.starts_seen = look.starts
            if look.bed_confirmed > machine.presses_seen:
                machine.presses_seen = look.bed_confirmed
                if not self._on(look.printer_id, ON_A_PRINTER):
                    machine.bed_clear = True
            for job in self.jobs.values():
                ref = job.ref
                if (
                    ref is not None
                    and job.status in {"printing", "unknown"}
                    and look.condition in BUSY
                    and look.file_name == ref.file_name
                ):
                    job.heard_at = now
                    job.move("printing")
