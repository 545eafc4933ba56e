"""What maintainers' pages show of a check: steps, findings, repair, orientations. Reads only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from parts3d.catalogue.lifecycle import CHECK_LIFECYCLE, CheckStatus
from parts3d.catalogue.tables import ModelCheck
from parts3d.meshes.examination import BEFORE_AFTER, PICTURE, Examination, Pose, marks_name
from parts3d.meshes.findings import Code, Severity
from parts3d.meshes.mesh import MM_PER_UNIT, Unit, Vector
from parts3d.meshes.report import FileReport, FindingReport
from parts3d.meshes.words import language_of

_GRAVEST_FIRST = (Severity.BLOCKS, Severity.WARNING, Severity.INFO)
# A doubt about the unit, and the unit that it speaks of.
_DOUBTED: Mapping[str, Unit] = {Code.LOOKS_LIKE_INCHES: "inch", Code.LOOKS_LIKE_METRES: "m"}
_WITHOUT_UNIT = frozenset({"stl_binary", "stl_ascii", "obj"})
# Walls that no printer makes, in a part that small: it was drawn in inches, perhaps.
_TINY_MM = 25.4
# A surface with these has an edge somewhere; bodies that only touch are closed.
_OPEN: frozenset[str] = frozenset({Code.OPEN_EDGES, Code.NO_VOLUME})
# Against the layers a part bears about half of what it bears along them.
_STRONG_DEG = 60.0
_WEAK_DEG = 30.0


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding in the reader's language; ``picture`` is the address of its places marked."""

    code: str
    severity: str
    words: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class PoseView:
    """An orientation to choose; ``strength`` is strong, middling or weak, or None: not known."""

    number: int
    pose: Pose
    picture: str
    strength: str | None

    @property
    def support_cm3(self) -> float:
        """Volume of its support."""
        return self.pose.support_mm3 / 1000


@dataclass(frozen=True, slots=True)
class CheckView:
    """A check as it is shown; what there is not yet is empty."""

    row: ModelCheck
    under_way: bool
    steps: tuple[dict[str, str], ...]
    report: FileReport | None
    findings: tuple[FindingView, ...]
    doubted_unit: Unit | None
    doubted_sides_mm: Vector | None
    poses: tuple[PoseView, ...]
    picture: str | None
    repair: dict[str, Any] | None
    repair_refused: str | None


def finding_views(
    findings: Iterable[FindingReport], language: str, check: ModelCheck | None
) -> tuple[FindingView, ...]:
    """Return findings in words, the gravest first, with the pictures that their check left."""
    views = [
        FindingView(
            finding.code,
            finding.severity.value,
            finding.words(language_of(language)),
            _marks(check, finding.code),
        )
        for finding in findings
    ]
    return tuple(sorted(views, key=lambda view: _GRAVEST_FIRST.index(Severity(view.severity))))


def check_view(row: ModelCheck, language: str, _: Callable[[str], str]) -> CheckView:
    """Return what is shown of a check, in the reader's language."""
    found = Examination.model_validate(row.examination) if row.examination else None
    under_way = row.status not in CHECK_LIFECYCLE.ends()
    report = found.report if found else None
    findings = report.findings if report else ()
    doubted = _doubted_unit(row, report) if report else None
    return CheckView(
        row=row,
        under_way=under_way,
        steps=tuple(_steps(row, _)) if under_way else (),
        report=report,
        findings=finding_views(findings, language, row),
        doubted_unit=doubted,
        doubted_sides_mm=_scaled(report, doubted) if report and doubted else None,
        poses=tuple(
            PoseView(number, pose, _address(row, pose.picture), _strength(pose))
            for number, pose in enumerate(found.poses)
        )
        if found
        else (),
        picture=_address(row, PICTURE) if PICTURE in row.files else None,
        repair=_repair(row, found, language) if found else None,
        repair_refused=found.repair_refused if found else None,
    )


def pose_turn(row: ModelCheck, number: int) -> Vector:
    """Return the turn of an orientation that was shown; one that was not is the best."""
    if row.examination is None:
        return 0.0, 0.0, 0.0
    poses = Examination.model_validate(row.examination).poses
    if not poses:
        return 0.0, 0.0, 0.0
    return poses[number if 0 <= number < len(poses) else 0].orientation_deg


def is_closed(report: FileReport) -> bool:
    """Return whether a surface has no open edge, also where bodies touch along a line."""
    return bool(report.watertight) or not any(one.code in _OPEN for one in report.findings)


def _doubted_unit(row: ModelCheck, report: FileReport) -> Unit | None:
    """Return the unit that somebody should be asked about, unless somebody said one."""
    codes = [one.code for one in report.findings]
    said = next((_DOUBTED[code] for code in codes if code in _DOUBTED), None)
    if said or row.unit or report.bounds_mm is None or report.format not in _WITHOUT_UNIT:
        return said
    tiny = max(report.bounds_mm) < _TINY_MM
    return "inch" if tiny and Code.VANISHING_WALLS in codes else None


def _scaled(report: FileReport, unit: Unit) -> Vector | None:
    if report.bounds_mm is None:
        return None
    x_mm, y_mm, z_mm = report.bounds_mm
    times = MM_PER_UNIT[unit]
    return x_mm * times, y_mm * times, z_mm * times


def _address(row: ModelCheck, name: str) -> str:
    return f"/maintainer/checks/{row.id}/files/{name}"


def _marks(check: ModelCheck | None, code: str) -> str | None:
    if check is None or code not in set(Code):
        return None
    name = marks_name(Code(code))
    return _address(check, name) if name in check.files else None


def _strength(pose: Pose) -> str | None:
    if pose.layer_angle_deg is None:
        return None
    if pose.layer_angle_deg >= _STRONG_DEG:
        return "strong"
    return "weak" if pose.layer_angle_deg < _WEAK_DEG else "middling"


def _repair(row: ModelCheck, found: Examination, language: str) -> dict[str, Any] | None:
    """Return the repair on offer, with each figure before and after."""
    offer = found.repair
    if offer is None:
        return None
    return {
        "steps": [step.words(language_of(language)) for step in offer.steps],
        "moved_mm": offer.moved_mm,
        "volume_change_percent": offer.volume_change_percent,
        "before": found.report,
        "after": offer.after,
        "findings": finding_views(
            [one for one in offer.after.findings if one.severity is not Severity.INFO],
            language,
            None,
        ),
        "picture": _address(row, BEFORE_AFTER) if BEFORE_AFTER in row.files else None,
    }


def _steps(row: ModelCheck, _: Callable[[str], str]) -> Iterable[dict[str, str]]:
    """Yield the steps of a check with their states; a repair may not be needed."""
    labels = {
        "reading": _("Reading the file"),
        "measuring": _("Measuring: size, volume, edges, shells"),
        "surface": _("Looking at the surface"),
        "crossings": _("Looking for facets that cut through each other"),
        "walls": _("Looking for thin walls, pins and small holes"),
        "lie": _("Looking at overhangs and at how it stands"),
        "picture": _("Drawing the pictures"),
        "poses": _("Trying orientations"),
        "repair": _("Trying a repair, if it needs one"),
    }
    reached = list(labels).index(row.stage) if row.stage in labels else -1
    if row.status is CheckStatus.CHECKING:
        reached = max(reached, 0)
    for number, label in enumerate(labels.values()):
        state = "done" if number < reached else "current" if number == reached else "todo"
        yield {"label": label, "state": state}
