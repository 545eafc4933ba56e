"""The report on one file, as the command prints it and the sandbox's child returns it."""

import hashlib
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from parts3d.errors import Unreadable
from parts3d.meshes.check import AS_IT_IS, Check, OnStage, Question, judge, tell_nobody
from parts3d.meshes.findings import Code, Finding, Severity, Verdict
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Format, Mesh, Unit, Vector
from parts3d.meshes.reader import DEFAULT_LIMITS, Limits, read
from parts3d.meshes.words import Language, fill, say

# A stored report says where; a picture shows all of it.
FACETS_TOLD = 100

EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.PRINTABLE: 0,
    Verdict.PRINTABLE_WITH_WARNINGS: 0,
    Verdict.REPAIRABLE: 1,
    Verdict.NOT_PRINTABLE: 1,
    Verdict.UNREADABLE: 2,
}


class FindingReport(BaseModel):
    """A finding as it is stored and shown; ``params`` lets it be put in other languages.

    ``facets`` are the first of the facets meant (numbers of the file, from 0), ``box_mm`` the
    lower and upper corner of all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    code: str
    severity: Severity
    count: int
    message: str
    params: dict[str, float] = Field(default_factory=dict)
    measured: float | None = None
    limit: float | None = None
    axis: str = ""
    facets: tuple[int, ...] = ()
    box_mm: tuple[Vector, Vector] | None = None

    def words(self, language: Language = "en") -> str:
        """Return the finding in a language; a refusal, and one of older days, as it was said."""
        if self.code not in set(Code):
            return self.message
        figures = {
            "count": self.count,
            "measured": self.measured,
            "limit": self.limit,
            "axis": self.axis,
            **self.params,
        }
        try:
            return fill(Code(self.code), language, figures)
        except (KeyError, TypeError, ValueError):
            return self.message


class FileReport(BaseModel):
    """What is known of one file; what could not be measured is None.

    ``topology_ms`` is reading, welding, edges, shells and volume; ``elapsed_ms`` everything;
    ``peak_memory_mb`` the highest resident memory of the process so far.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    file: str
    sha256: str | None = None
    format: Format | None = None
    triangles: int | None = None
    bounds_mm: Vector | None = None
    volume_mm3: float | None = None
    area_mm2: float | None = None
    watertight: bool | None = None
    shells: int | None = None
    findings: tuple[FindingReport, ...] = ()
    verdict: Verdict
    topology_ms: float | None = None
    elapsed_ms: float
    peak_memory_mb: float

    def as_json_object(self) -> dict[str, object]:
        """Return the fields of ``--json``: without the figures that translations need."""
        hidden = {"params", "axis"}
        return self.model_dump(mode="json", exclude={"findings": {"__all__": hidden}})


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A file that could be read: what is told of it, and the mesh and check behind that."""

    report: FileReport
    mesh: Mesh
    check: Check


def examine(
    name: str,
    data: bytes,
    *,
    unit: Unit | None = None,
    question: Question = AS_IT_IS,
    limits: Limits = DEFAULT_LIMITS,
    on_stage: OnStage = tell_nobody,
) -> Examined:
    """Read and check one file.

    Args:
        name: how the report calls the file.
        data: its bytes.
        unit: what a person said the unit is; None takes what the file says, else millimetres,
            and doubts small sizes.
        question: what it is checked for.
        limits: caps of the gate.
        on_stage: called with the name of each step as it begins.

    Raises:
        Unreadable: the gate refused the file.
    """
    began = perf_counter()
    on_stage("reading")
    mesh = read(data, unit=unit, limits=limits)
    seconds = perf_counter() - began
    sha256 = hashlib.sha256(data).hexdigest()
    done = Reading(mesh, sha256, seconds, perf_counter() - began)
    return examine_read(name, done, unit=unit, question=question, on_stage=on_stage)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A file that was read: its mesh, its hash, and the seconds of reading, and with hashing."""

    mesh: Mesh
    sha256: str
    reading_seconds: float
    seconds: float


def examine_read(
    name: str,
    reading: Reading,
    *,
    unit: Unit | None = None,
    question: Question = AS_IT_IS,
    on_stage: OnStage = tell_nobody,
) -> Examined:
    """Check a file that was read already; see ``examine``."""
    began = perf_counter()
    mesh = reading.mesh
    on_stage("measuring")
    measures = measure(mesh)
    measured = perf_counter()
    question = replace(question, unit_is_certain=unit is not None or mesh.unit_is_known)
    result = judge(mesh, measures, question, on_stage)
    told = FileReport(
        file=name,
        sha256=reading.sha256,
        format=mesh.format,
        triangles=len(mesh.triangles),
        bounds_mm=measures.bounds_mm,
        volume_mm3=measures.volume_mm3,
        area_mm2=measures.area_mm2,
        watertight=measures.watertight,
        shells=measures.shell_count,
        findings=tuple(finding_report(finding, mesh) for finding in result.findings),
        verdict=result.verdict,
        topology_ms=1000 * (reading.reading_seconds + measured - began),
        elapsed_ms=1000 * (reading.seconds + perf_counter() - began),
        peak_memory_mb=peak_memory_mb(),
    )
    return Examined(told, mesh, result)


def report(
    name: str,
    data: bytes,
    *,
    unit: Unit | None = None,
    beds_mm: Sequence[Vector] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> FileReport:
    """Read and check one file, and return only what is told of it; see ``examine``."""
    return examine(
        name, data, unit=unit, question=Question(beds_mm=tuple(beds_mm)), limits=limits
    ).report


def _finite(value: float | None) -> float | None:
    """Return a figure that JSON can hold; a mesh by an enemy may measure infinity."""
    return value if value is not None and isfinite(value) else None


def finding_report(finding: Finding, mesh: Mesh) -> FindingReport:
    """Return a finding as it is stored, with the box of its places."""
    points = [mesh.triangles[finding.facets].reshape(-1, 3), finding.segments_mm.reshape(-1, 3)]
    marked = np.concatenate(points)
    box = None
    if len(marked):
        box = (_vector(marked.min(axis=0)), _vector(marked.max(axis=0)))
    return FindingReport(
        code=finding.code,
        severity=finding.severity,
        count=finding.count,
        message=say(finding),
        params=dict(finding.params),
        measured=_finite(finding.measured),
        limit=finding.limit,
        axis=finding.axis,
        facets=tuple(finding.facets[:FACETS_TOLD].tolist()),
        box_mm=box,
    )


def _vector(values: NDArray[np.float32]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z


def unreadable_report(
    name: str, refusal: Unreadable, *, sha256: str | None = None, elapsed_ms: float = 0.0
) -> FileReport:
    """Return the entry of a file that was refused: one finding that blocks, the rest unknown."""
    finding = FindingReport(
        code=refusal.code, severity=Severity.BLOCKS, count=1, message=refusal.message
    )
    return FileReport(
        file=name,
        sha256=sha256,
        findings=(finding,),
        verdict=Verdict.UNREADABLE,
        elapsed_ms=elapsed_ms,
        peak_memory_mb=peak_memory_mb(),
    )


def exit_code(reports: Sequence[FileReport]) -> int:
    """Return 0 all printable, 1 some not, 2 some unreadable: the worst file decides."""
    return max((EXIT_CODES[entry.verdict] for entry in reports), default=2)


def peak_memory_mb() -> float:
    """Highest resident memory of this process so far, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
