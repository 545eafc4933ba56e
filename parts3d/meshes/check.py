"""The check: a mesh in, findings and a verdict out. Wall thickness comes later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from parts3d.meshes.findings import Code, Finding, Severity, Verdict, verdict_of
from parts3d.meshes.holes import fillable
from parts3d.meshes.measure import Measures, measure
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.printing import Printing
from parts3d.meshes.topology import WELD_TOLERANCE

# Largest sides at which a file is more likely in another unit; few real parts are under 5 mm.
_METRES_BELOW_MM = 0.5
_INCHES_BELOW_MM = 5.0
OVERHANG_LIMIT_DEG = 45.0
_OVERHANG_SHARE = 0.01
_LAYER_MM = 0.1
_CONTACT_SHARE = 0.02
_CONTACT_MM2 = 4.0
# A volume below this share of (area x diagonal) is rounding, not a body.
_NO_VOLUME_SHARE = 1e-7
# Non-manifold edges can be offered for repair while they and the open ones are few.
_FEW_BROKEN = 0.02
# A soup of loose facets has rings to fill, too, but nothing between them.
_MOSTLY_OPEN = 0.6
_UP = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What a mesh is checked for.

    Args:
        printing: material, nozzle and layers.
        beds_mm: printable x, y, z of each printer model; empty: not asked.
        unit_is_certain: a person or the file said the unit, so a small size is no sign of another.
        declared_mm: the sides that the part's maker declared.
    """

    printing: Printing = field(default_factory=Printing)
    beds_mm: tuple[Vector, ...] = ()
    unit_is_certain: bool = False
    declared_mm: Vector | None = None


AS_IT_IS = Question()

# Called with the name of each step as it begins.
OnStage = Callable[[str], None]


def tell_nobody(stage: str) -> None:
    """Follow no steps."""
    del stage


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """The findings of one mesh, what they come to, and what was measured on the way."""

    findings: tuple[Finding, ...]
    verdict: Verdict
    measures: Measures

    def finding(self, code: Code) -> Finding | None:
        """Return the finding of a code, if it was found."""
        return next((finding for finding in self.findings if finding.code is code), None)


def check(mesh: Mesh, question: Question = AS_IT_IS) -> Check:
    """Check a mesh as it lies (apply the recipe's orientation before).

    Args:
        mesh: the mesh, mm.
        question: what it is checked for.
    """
    return judge(mesh, measure(mesh), question)


def judge(
    mesh: Mesh,
    measures: Measures,
    question: Question = AS_IT_IS,
    on_stage: OnStage = tell_nobody,
) -> Check:
    """Judge a mesh that has been measured already; see ``check``."""
    del on_stage
    findings = (
        *_surface(measures),
        *_facing(measures),
        *_bodies(measures),
        *([] if question.unit_is_certain else _unit(measures)),
        *_bed(measures, question.beds_mm),
        *_lie(mesh, measures),
    )
    return Check(findings, verdict_of(findings), measures)


def _surface(measures: Measures) -> list[Finding]:
    found: list[Finding] = []
    exact, welded = measures.exact, measures.topology
    broken = len(welded.open_edges) + welded.unbalanced_count
    few = broken <= _FEW_BROKEN * welded.edge_count
    if len(welded.open_edges):
        can_fill = len(welded.open_edges) <= _MOSTLY_OPEN * welded.edge_count and fillable(
            welded.open_edges, welded.vertices
        )
        found.append(
            Finding(
                Code.OPEN_EDGES,
                Severity.BLOCKS,
                len(welded.open_edges),
                repairable=can_fill and not _no_volume(measures),
            )
        )
    gaps = len(exact.open_edges) - len(welded.open_edges)
    if gaps > 0:
        tolerance = float(np.linalg.norm(measures.bounds_mm)) * WELD_TOLERANCE
        found.append(Finding(Code.HAIRLINE_GAPS, Severity.WARNING, gaps, limit=tolerance))
    if welded.unbalanced_count:
        found.append(
            Finding(
                Code.NON_MANIFOLD_EDGES, Severity.BLOCKS, welded.unbalanced_count, repairable=few
            )
        )
    touching = welded.non_manifold_count - welded.unbalanced_count
    if touching:
        found.append(Finding(Code.TOUCHING_EDGES, Severity.WARNING, touching))
    if welded.duplicate_count:
        found.append(
            Finding(Code.DUPLICATE_FACETS, Severity.BLOCKS, welded.duplicate_count, repairable=True)
        )
    degenerate = welded.collapsed_count + measures.sliver_count
    if degenerate:
        found.append(Finding(Code.DEGENERATE_FACETS, Severity.INFO, degenerate))
    return found


def _facing(measures: Measures) -> list[Finding]:
    found: list[Finding] = []
    shells = measures.shells
    flipped = int(shells.flipped.sum())
    if flipped:
        found.append(Finding(Code.FLIPPED_FACETS, Severity.BLOCKS, flipped, repairable=True))
    inside_out = int(np.count_nonzero(shells.inside_out))
    if inside_out:
        found.append(Finding(Code.INSIDE_OUT_SHELLS, Severity.BLOCKS, inside_out, repairable=True))
    one_sided = int(np.count_nonzero(~shells.one_sided))
    if one_sided:
        found.append(Finding(Code.ONE_SIDED_SHELLS, Severity.BLOCKS, one_sided))
    return found


def _bodies(measures: Measures) -> list[Finding]:
    found: list[Finding] = []
    if _no_volume(measures):
        found.append(Finding(Code.NO_VOLUME, Severity.BLOCKS))
    cavities = int(np.count_nonzero(measures.shells.cavity))
    if cavities:
        found.append(Finding(Code.CAVITIES, Severity.INFO, cavities))
    if measures.shell_count - cavities > 1:
        found.append(Finding(Code.SEVERAL_SHELLS, Severity.INFO, measures.shell_count - cavities))
    return found


def _no_volume(measures: Measures) -> bool:
    enclosed = float(np.abs(measures.shells.volume_mm3).sum())
    scale = measures.area_mm2 * float(np.linalg.norm(measures.bounds_mm))
    return min(measures.bounds_mm) <= 0 or enclosed <= _NO_VOLUME_SHARE * scale


def _unit(measures: Measures) -> list[Finding]:
    largest = max(measures.bounds_mm)
    if largest >= _INCHES_BELOW_MM:
        return []
    metres = largest < _METRES_BELOW_MM
    return [
        Finding(
            Code.LOOKS_LIKE_METRES if metres else Code.LOOKS_LIKE_INCHES,
            Severity.WARNING,
            1,
            {"scaled_mm": largest * (1000.0 if metres else 25.4)},
            measured=largest,
        )
    ]


def _bed(measures: Measures, beds_mm: Sequence[Vector]) -> list[Finding]:
    x, y, z = measures.bounds_mm
    if not beds_mm or any(
        z <= bed[_UP] and min(x, y) <= min(bed[:2]) and max(x, y) <= max(bed[:2]) for bed in beds_mm
    ):
        return []
    params = {"x_mm": x, "y_mm": y, "z_mm": z}
    return [Finding(Code.TOO_LARGE_FOR_BED, Severity.BLOCKS, len(beds_mm), params)]


def _lie(mesh: Mesh, measures: Measures) -> list[Finding]:
    """Overhangs by the facets' normals, and what stands on the bed."""
    if _no_volume(measures):
        return []
    triangles = mesh.triangles
    one = (triangles[:, 1] - triangles[:, 0]).astype(np.float64)
    two = (triangles[:, 2] - triangles[:, 0]).astype(np.float64)
    doubled = np.cross(one, two)
    areas = np.sqrt(np.einsum("ij,ij->i", doubled, doubled)) / 2
    facing_down = -doubled[:, _UP] / 2 * np.sign(measures.signed_volume_mm3)
    steep = facing_down > areas * np.cos(np.radians(OVERHANG_LIMIT_DEG)) * (1 + 1e-6)
    highest = triangles[:, :, _UP].max(axis=1)
    on_bed = highest <= measures.lower_mm[_UP] + _LAYER_MM
    found: list[Finding] = []
    hanging = float(areas[steep & ~on_bed].sum())
    share = hanging / float(areas.sum())
    if share > _OVERHANG_SHARE:
        params = {"share_percent": 100 * share, "area_mm2": hanging, "support_mm3": 0.0}
        found.append(
            Finding(
                Code.OVERHANGS,
                Severity.INFO,
                int(steep.sum()),
                params,
                limit=OVERHANG_LIMIT_DEG,
            )
        )
    contact = float(facing_down[steep & on_bed].sum())
    footprint = measures.bounds_mm[0] * measures.bounds_mm[1]
    if contact < min(_CONTACT_MM2, footprint / 2) or contact < _CONTACT_SHARE * footprint:
        found.append(
            Finding(Code.SMALL_BED_CONTACT, Severity.WARNING, measured=contact, limit=_CONTACT_MM2)
        )
    return found
