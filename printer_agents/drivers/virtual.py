"""A printer without hardware that takes as long as its G-code says, times a speed factor."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from printer_agents.client import sha256_of
from printer_agents.config import VirtualPrinterSection
from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobOutcome,
    JobSeen,
    PrinterState,
    RemainingSource,
    RemoteFile,
)
from printer_agents.drivers.print_time import estimate
from printer_agents.drivers.virtual_device import Control, Course, DeviceFolder, Memory, Start
from printer_agents.errors import (
    ConfigFault,
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition


@dataclass(frozen=True, slots=True)
class _Now:
    """The device at one moment, after time has done its work."""

    control: Control
    memory: Memory
    starts: list[Start]
    job: Start | None  # the running one
    course: Course
    elapsed_seconds: float  # of the model


class VirtualPrinter(Driver):
    """A printer whose machine is a folder; ``clock`` returns the device's own seconds."""

    def __init__(
        self, section: VirtualPrinterSection, clock: Callable[[], float] = time.time
    ) -> None:
        if section.options.folder is None:
            raise ConfigFault(f"The virtual printer {section.id} has no folder.")
        self._options = section.options
        self._device = DeviceFolder(section.options.folder)
        self._clock = clock
        self._lock = threading.RLock()

    def probe(self) -> Capabilities:
        """Say what is there."""
        with self._lock:
            self._now()
        camera = self._device.picture() is not None
        return Capabilities(
            host="virtual printer", can_pause=True, remembers_jobs=True, has_camera=camera
        )

    def snapshot(self) -> PrinterState:
        """Say what the printer does now."""
        with self._lock:
            now = self._now()
        session, started = now.memory.session, len(now.starts)
        if now.job is None:
            return PrinterState(PrinterCondition.IDLE, session, started, unused=not started)
        condition = PrinterCondition.PRINTING
        if now.course.paused:
            condition = PrinterCondition.PAUSED
        elif now.elapsed_seconds < now.job.preparing_seconds:
            condition = PrinterCondition.PREPARING
        return PrinterState(
            condition,
            session,
            started,
            file_name=now.job.file_name,
            progress=_progress(now.job, now.elapsed_seconds),
            remaining_seconds=self._remaining(now.job, now.elapsed_seconds),
            remaining_source=RemainingSource.PRINTER,
        )

    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up by its file name, the newest first."""
        with self._lock:
            now = self._now()
        for start in reversed(now.starts[now.memory.first_start :]):
            if start.file_name != file_name:
                continue
            course = now.memory.courses.get(start.number, Course())
            if course.outcome is None or course.ended_at is None:
                outcome = JobOutcome.PAUSED if course.paused else JobOutcome.RUNNING
                return JobSeen(
                    outcome,
                    _progress(start, now.elapsed_seconds),
                    self._remaining(start, now.elapsed_seconds),
                    now.elapsed_seconds,
                    remaining_source=RemainingSource.PRINTER,
                )
            elapsed = self._elapsed(start, course, course.ended_at)
            return JobSeen(
                JobOutcome(course.outcome), _progress(start, elapsed), 0.0, elapsed, course.detail
            )
        return None

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Copy a file into the printer under ``name`` and verify it."""
        with self._lock:
            control = self._now().control
            target = self._device.files / Path(name).name
            draft = target.with_suffix(".part")
            shutil.copyfile(path, draft)
            if control.damage_upload:
                self._device.obey_once(control, "damage_upload")
                draft.write_bytes(draft.read_bytes()[:-1])
            if sha256_of(draft) != sha256:
                draft.unlink()
                raise UploadCorrupt(f"{name} arrived at the printer with another SHA-256.")
            draft.replace(target)
        return RemoteFile(target.name, sha256, target.stat().st_size)

    def start(self, remote: RemoteFile) -> None:
        """Start a print: reads the G-code, then one synced line in ``starts.log``."""
        with self._lock:
            now = self._now()
            if now.job is not None:
                raise PrinterBusy(f"The printer is printing {now.job.file_name}.")
            path = self._device.files / remote.name
            if not path.exists() or sha256_of(path) != remote.sha256:
                raise PrinterRefused(f"{remote.name} is not on the printer as it was uploaded.")
            with path.open(encoding="utf-8", errors="replace") as file:
                needed = estimate(
                    file,
                    acceleration_mm_s2=self._options.acceleration_mm_s2,
                    nozzle_degrees_per_second=self._options.nozzle_degrees_per_second,
                    bed_degrees_per_second=self._options.bed_degrees_per_second,
                )
            if now.control.ignore_start:
                self._device.obey_once(now.control, "ignore_start")
                raise StartUnanswered("The printer did not answer the start.")
            self._device.append_start(
                Start(
                    number=len(now.starts),
                    file_name=remote.name,
                    sha256=remote.sha256,
                    session=now.memory.session,
                    started_at=self._clock(),
                    total_seconds=needed.total_seconds,
                    preparing_seconds=needed.preparing_seconds,
                )
            )
            if now.control.lose_start_answer:
                self._device.obey_once(now.control, "lose_start_answer")
                raise StartUnanswered("The printer did not answer the start.")

    def pause(self) -> None:
        """Pause the running print."""
        with self._lock:
            now = self._now()
            if now.job is None or now.course.paused:
                raise PrinterRefused("Nothing is printing that could be paused.")
            stopped_at = self._clock() if now.course.stopped_at is None else now.course.stopped_at
            self._set(now, now.job, {"paused": True, "stopped_at": stopped_at})

    def resume(self) -> None:
        """Go on with a paused print."""
        with self._lock:
            now = self._now()
            if now.job is None or not now.course.paused or now.course.stopped_at is None:
                raise PrinterRefused("Nothing is paused that could go on.")
            lost = now.course.lost_seconds + self._clock() - now.course.stopped_at
            self._set(now, now.job, {"paused": False, "stopped_at": None, "lost_seconds": lost})

    def cancel(self) -> None:
        """End the running print."""
        self._end_running("The print was cancelled.", JobOutcome.CANCELLED)

    def emergency_stop(self) -> None:
        """Stop everything at once."""
        self._end_running("Emergency stop.", JobOutcome.FAILED)

    def delete(self, name: str) -> None:
        """Remove a file from the printer."""
        with self._lock:
            self._now()
            (self._device.files / Path(name).name).unlink(missing_ok=True)

    def camera_jpeg(self) -> bytes | None:
        """Return ``camera.jpg`` of the device's folder, where somebody has put one."""
        with self._lock:
            self._now()
            return self._device.picture()

    def starts(self) -> int:
        """How often anything was ever started here."""
        return len(self._device.starts())

    def _end_running(self, detail: str, outcome: JobOutcome) -> None:
        with self._lock:
            now = self._now()
            if now.job is None:
                raise PrinterRefused("Nothing is printing.")
            self._finish(now, now.job, self._clock(), outcome, detail)

    def _now(self) -> _Now:
        """Let time do its work: prints end, fail, stall; orders from outside are obeyed."""
        control = self._device.control()
        memory, starts = self._device.memory(), self._device.starts()
        if control.offline:
            raise PrinterOffline("The printer does not answer.")
        if control.reboot:
            memory = Memory(first_start=len(starts))
            self._device.remember(memory)
            self._device.obey_once(control, "reboot")
        job = starts[-1] if len(starts) > memory.first_start else None
        course = memory.courses.get(job.number, Course()) if job else Course()
        if job is None or course.outcome is not None:
            return _Now(control, memory, starts, None, course, 0.0)
        elapsed = self._elapsed(job, course, self._clock())
        now = _Now(control, memory, starts, job, course, elapsed)
        progress = _progress(job, elapsed)
        if control.vanish_at is not None and progress >= control.vanish_at:
            raise PrinterOffline("The printer does not answer.")
        if control.fail_at is not None and progress >= control.fail_at:
            at = self._moment(job, course, control.fail_at * job.total_seconds)
            self._device.obey_once(control, "fail_at")
            self._finish(now, job, at, JobOutcome.FAILED, "The printer reports a fault.")
            return self._now()
        stalled = control.stall_at is not None and progress >= control.stall_at
        if stalled and control.stall_at is not None and course.stopped_at is None:
            at = self._moment(job, course, control.stall_at * job.total_seconds)
            self._set(now, job, {"stopped_at": at})
            return self._now()
        if not stalled and not course.paused and course.stopped_at is not None:
            lost = course.lost_seconds + self._clock() - course.stopped_at
            self._set(now, job, {"stopped_at": None, "lost_seconds": lost})
            return self._now()
        if course.stopped_at is None and elapsed >= job.total_seconds:
            at = self._moment(job, course, job.total_seconds)
            self._finish(now, job, at, JobOutcome.COMPLETED, None)
            return self._now()
        return now

    def _finish(
        self, now: _Now, job: Start, at: float, outcome: JobOutcome, detail: str | None
    ) -> None:
        self._set(now, job, {"outcome": outcome.value, "ended_at": at, "detail": detail})

    def _set(self, now: _Now, job: Start, change: dict[str, object]) -> None:
        now.memory.courses[job.number] = now.course.model_copy(update=change)
        self._device.remember(now.memory)

    def _elapsed(self, job: Start, course: Course, at: float) -> float:
        """Seconds of the model that have been printed at a moment of the device's clock."""
        until = at if course.stopped_at is None else min(course.stopped_at, at)
        real = until - job.started_at - course.lost_seconds
        return min(max(real, 0.0) * self._options.speed, job.total_seconds)

    def _moment(self, job: Start, course: Course, model_seconds: float) -> float:
        return job.started_at + course.lost_seconds + model_seconds / self._options.speed

    def _remaining(self, job: Start, elapsed_seconds: float) -> float:
        return (job.total_seconds - elapsed_seconds) / self._options.speed


def _progress(job: Start, elapsed_seconds: float) -> float:
    return 1.0 if job.total_seconds <= 0 else min(elapsed_seconds / job.total_seconds, 1.0)
