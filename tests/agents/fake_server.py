"""A server in memory, as the agent relies on it; a hand-in transport at the border."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from pydantic import BaseModel

from printer_agents.protocol import (
    HEADER_AGENT,
    HEADER_NONCE,
    HEADER_SIGNATURE,
    AttemptRef,
    Claim,
    ClaimAnswer,
    Command,
    Hello,
    HelloAnswer,
    PermitAnswer,
    PermitRequest,
    PrinterReport,
    PrintersAnswer,
    PrintersUpdate,
    Renew,
    RenewAnswer,
    Report,
    ReportKind,
    ReportResult,
    Reports,
    ReportsAnswer,
    Work,
    baton_of,
    signed_text,
)

HELD = {"leased", "permitted", "printing"}
FROM_HELD = {
    ReportKind.PRINTED: "printed",
    ReportKind.FAILED: "failed",
    ReportKind.CANCELLED: "cancelled",
    ReportKind.NEEDS_HUMAN: "needs_human",
}


class No(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Job:
    job_id: str
    gcode: bytes
    material: str = "PLA"
    status: str = "waiting"
    epoch: int = 0
    attempt: int = 0
    ref: AttemptRef | None = None
    lease_until: float = 0.0
    cancel: bool = False
    promised_sha256: str | None = None

    @property
    def sha256(self) -> str:
        return self.promised_sha256 or hashlib.sha256(self.gcode).hexdigest()


@dataclass
class FakeServer:
    clock: Callable[[], float]
    public_key: str
    agent_id: str = "shop"
    jobs: dict[str, Job] = field(default_factory=dict)
    bed_clear: dict[str, bool] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    printers: dict[str, PrinterReport] = field(default_factory=dict)
    heard: list[Report] = field(default_factory=list)
    down: bool = False
    # Verb -> how many of the next answers get lost after their effect.
    lose: Counter[str] = field(default_factory=Counter)
    refuse_permit: bool = False
    refusal_code: str = "conflict"
    ranges: list[str | None] = field(default_factory=list)
    break_download_at: int | None = None
    generation: int = 0
    baton: str | None = None
    generation_was_known: bool = False
    presses: dict[str, int] = field(default_factory=dict)
    loaded: dict[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    notice: str | None = None
    claim_waits: list[float] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)
    _seqs: dict[tuple[int, int], str] = field(default_factory=dict)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    def add(self, job_id: str, gcode: bytes, material: str = "PLA") -> Job:
        self.jobs[job_id] = Job(job_id, gcode, material)
        return self.jobs[job_id]

    def staff_clear(self, printer_id: str) -> None:
        """Staff may confirm a bed only when no job is held there."""
        for job in self.jobs.values():
            held = job.status in {"permitted", "printing"}
            assert not (held and job.ref and job.ref.printer_id == printer_id)
        self.bed_clear[printer_id] = True

    def kinds(self, job_id: str = "job-1") -> list[str]:
        return [r.kind.value for r in self.heard if r.ref.job_id == job_id]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        verb = request.url.path.removeprefix("/agent/v1/").split("/")[0]
        if self.down:
            raise httpx.ConnectError("down")
        self._sweep()
        try:
            self._check(request)
            if verb == "gcode":
                return self._gcode(request)
            if verb == "pictures":
                self.pictures.append((request.url.path.split("/")[-1], request.content))
                return httpx.Response(204)
            answer: BaseModel = getattr(self, f"_{verb}")(request.content)
        except No as no:
            body = {"code": no.code, "message": no.message}
            return httpx.Response(no.status, content=json.dumps(body).encode())
        if self.lose[verb] > 0:
            self.lose[verb] -= 1
            raise httpx.ReadTimeout("lost")
        return httpx.Response(200, content=answer.model_dump_json().encode())

    def _check(self, request: httpx.Request) -> None:
        nonce = request.headers[HEADER_NONCE]
        greeting = request.url.path.endswith("/hello")
        if self.baton is not None and not greeting and baton_of(nonce) != self.baton:
            raise No(401, "copied_journal", "Another copy of this agent has spoken since.")
        text = signed_text(request.method, request.url.raw_path.decode(), request.content, nonce)
        try:
            key = VerifyKey(base64.b64decode(self.public_key))
            key.verify(text, base64.b64decode(request.headers[HEADER_SIGNATURE]))
        except BadSignatureError:
            raise No(401, "not_signed_in", "The signature does not verify.") from None
        if nonce in self._nonces or request.headers[HEADER_AGENT] != self.agent_id:
            raise No(401, "not_signed_in", "This request was made before.")
        self._nonces.add(nonce)

    def _sweep(self) -> None:
        for job in self.jobs.values():
            if job.status == "leased" and self.clock() > job.lease_until:
                job.status = "waiting"

    def _current(self, ref: AttemptRef) -> Job:
        job = self.jobs[ref.job_id]
        if job.ref != ref or job.status == "waiting":
            raise No(409, "stale_epoch", "Another attempt has taken over.")
        return job

    def _look(self, looks: tuple[PrinterReport, ...]) -> None:
        for look in looks:
            self.printers[look.printer_id] = look
            if look.starts > self.starts.get(look.printer_id, 0):
                self.starts[look.printer_id] = look.starts
                self.bed_clear[look.printer_id] = False
            if look.bed_confirmed > self.presses.get(look.printer_id, 0):
                self.presses[look.printer_id] = look.bed_confirmed
                busy = [j for j in self.jobs.values() if j.status in HELD and j.ref]
                if look.printer_id not in {j.ref.printer_id for j in busy if j.ref}:
                    self.bed_clear[look.printer_id] = True

    def _orders(self) -> tuple[AttemptRef, ...]:
        return tuple(j.ref for j in self.jobs.values() if j.cancel and j.ref and j.status in HELD)

    def _hello(self, body: bytes) -> HelloAnswer:
        message = Hello.model_validate_json(body)
        if message.agent_generation < self.generation:
            raise No(409, "stale_generation", "A newer journal of this agent is known.")
        seqs = [seq for generation, seq in self._seqs if generation == message.agent_generation]
        if (message.last_event_seq or 0) < max(seqs, default=0):
            raise No(409, "stale_generation", "This journal is an old copy.")
        fresh = message.agent_generation > self.generation
        batons = {None, message.baton_held, message.baton_next}
        if not fresh and self.baton not in batons:
            raise No(409, "copied_journal", "Another copy of this agent has spoken since.")
        self.baton = message.baton_next
        if fresh:
            self.generation, self.starts = message.agent_generation, {}
            self.presses = {}
            if self.generation_was_known:
                self.bed_clear = dict.fromkeys(self.bed_clear, False)
            self.generation_was_known = True
        return HelloAnswer(
            server_version="fake",
            last_event_seq=max(seqs, default=0),
            bed_clear=self.bed_clear,
            loaded=self.loaded,
            notice=self.notice,
            current=tuple(j.ref for j in self.jobs.values() if j.status in HELD and j.ref),
        )

    def _claim(self, body: bytes) -> ClaimAnswer:
        message = Claim.model_validate_json(body)
        self.claim_waits.append(message.wait_seconds)
        self._look(message.printers)
        taken = {j.ref.printer_id for j in self.jobs.values() if j.status in HELD and j.ref}
        for look in message.printers:
            if look.printer_id in taken or not self.bed_clear.get(look.printer_id):
                continue
            if self.loaded.get(look.printer_id, look.material) != look.material:
                continue
            for job in self.jobs.values():
                if job.status == "waiting" and job.material == look.material and not job.cancel:
                    work = self._lease(job, look.printer_id, message.agent_generation)
                    return ClaimAnswer(work=work, **self._tidings())
        return ClaimAnswer(**self._tidings())

    def _tidings(self) -> dict[str, Any]:
        return {
            "bed_clear": self.bed_clear,
            "loaded": self.loaded,
            "cancel": self._orders(),
            "commands": tuple(self.commands),
            "notice": self.notice,
        }

    def _lease(self, job: Job, printer_id: str, generation: int) -> Work:
        job.epoch += 1
        job.attempt += 1
        job.status, job.lease_until = "leased", self.clock() + 60
        job.ref = AttemptRef(
            job_id=job.job_id,
            attempt=job.attempt,
            epoch=job.epoch,
            printer_id=printer_id,
            agent_generation=generation,
            gcode_sha256=job.sha256,
        )
        return Work(
            ref=job.ref,
            job_label=job.job_id,
            material=job.material,
            gcode_path=f"/agent/v1/gcode/{job.job_id}.{job.epoch}",
            gcode_bytes=len(job.gcode),
            print_seconds=60,
            lease_seconds=60,
        )

    def _renew(self, body: bytes) -> RenewAnswer:
        job = self._current(Renew.model_validate_json(body).ref)
        if job.status == "leased":
            job.lease_until = self.clock() + 60
        return RenewAnswer(lease_seconds=60)

    def _gcode(self, request: httpx.Request) -> httpx.Response:
        job_id, epoch = request.url.path.removeprefix("/agent/v1/gcode/").split(".")
        job = self.jobs[job_id]
        if job.epoch != int(epoch) or job.status not in HELD:
            raise No(404, "not_found", "There is no such file.")
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body = job.gcode[start:]
        if self.break_download_at is not None:
            body, self.break_download_at = body[: self.break_download_at], None
        headers = {"Content-Range": f"bytes {start}-{len(job.gcode) - 1}/{len(job.gcode)}"}
        return httpx.Response(206 if wanted else 200, content=body, headers=headers)

    def _permit(self, body: bytes) -> PermitAnswer:
        ref = PermitRequest.model_validate_json(body).ref
        job = self._current(ref)
        if job.status not in HELD:
            raise No(409, "stale_epoch", "This attempt is over.")
        if (self.refuse_permit or job.cancel) and job.status == "leased":
            raise No(409, self.refusal_code, "The order was cancelled.")
        if job.status == "leased":
            job.status = "permitted"
            self.bed_clear[ref.printer_id] = False
        return PermitAnswer()

    def _reports(self, body: bytes) -> ReportsAnswer:
        message = Reports.model_validate_json(body)
        results = []
        for report in message.reports:
            key = (message.agent_generation, report.event_seq)
            if key in self._seqs:
                results.append(ReportResult(event_seq=report.event_seq, outcome="repeated"))
                continue
            outcome = "accepted" if self._take(report) else "stale"
            self._seqs[key] = outcome
            self.heard.append(report)
            results.append(
                ReportResult.model_validate({"event_seq": report.event_seq, "outcome": outcome})
            )
        return ReportsAnswer(results=tuple(results))

    def _take(self, report: Report) -> bool:
        if report.command_id is not None:
            self.commands = [c for c in self.commands if c.command_id != report.command_id]
        job = self.jobs[report.ref.job_id]
        if job.ref != report.ref or job.status not in HELD:
            return False
        if report.kind in FROM_HELD:
            job.status = FROM_HELD[report.kind]
        elif report.kind is ReportKind.RELEASED:
            assert job.status == "leased", "released after a permit"
            job.status = "waiting"
        elif report.kind is ReportKind.PRINTING:
            assert job.status in {"permitted", "printing"}, "printing without a permit"
            job.status = "printing"
        return True

    def _printers(self, body: bytes) -> PrintersAnswer:
        message = PrintersUpdate.model_validate_json(body)
        self._look(message.printers)
        return PrintersAnswer(**self._tidings())
