"""The check: a mesh in, findings and a verdict out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parts3d.meshes.findings import (
    MENDABLE,
    UNIT_DOUBTS,
    Code,
    Finding,
    Severity,
    Verdict,
    verdict_of,
)
from parts3d.meshes.measure import Measures, measure
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.printing import Printing
from parts3d.meshes.repair import can_be_repaired
from parts3d.meshes.searches.bed_fit import find_bed_fit
from parts3d.meshes.searches.crossings import find_crossings
from parts3d.meshes.searches.features import find_small_features
from parts3d.meshes.searches.overhangs import find_overhangs
from parts3d.meshes.searches.round_holes import find_small_holes
from parts3d.meshes.searches.sizes import find_doubtful_unit, find_wrong_size
from parts3d.meshes.searches.stability import find_stability
from parts3d.meshes.searches.surface import encloses_nothing, find_surface_faults
from parts3d.meshes.searches.thickness import measure_thickness
from parts3d.meshes.searches.walls import find_thin_walls, reach_for
from parts3d.meshes.shape import Shape, shape_of


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

# A repair is tried, not guessed, up to so many facets, and where so few edges are broken.
_TRIED_FACETS = 50_000
_FEW_BROKEN = 0.02
# With more open edges it is a heap of facets, in which nothing is inside.
_MOSTLY_OPEN = 0.5

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
    shape = shape_of(mesh, measures)
    on_stage("surface")
    findings = [
        *find_surface_faults(shape),
        *(() if question.unit_is_certain else find_doubtful_unit(measures.bounds_mm)),
        *find_wrong_size(measures.bounds_mm, question.declared_mm),
        *find_bed_fit(shape, question.beds_mm),
    ]
    on_stage("crossings")
    findings += find_crossings(shape)
    if _has_inside(measures):
        findings += _find_in_body(shape, question.printing, on_stage)
    if {finding.code for finding in findings} & UNIT_DOUBTS:
        findings = [_with_doubt(finding) for finding in findings]
    if _may_be_repaired(findings, measures):
        on_stage("repair")
        repairable = can_be_repaired(mesh, question.printing)
        findings = [_as_tried(finding, repairable=repairable) for finding in findings]
    return Check(tuple(findings), verdict_of(tuple(findings)), measures)


def _has_inside(measures: Measures) -> bool:
    """Whether walls, overhangs and stance can be asked for: not of sheets and loose facets."""
    topology = measures.topology
    return (
        not encloses_nothing(measures)
        and bool(measures.shells.one_sided.all())
        and len(topology.open_edges) <= _MOSTLY_OPEN * topology.edge_count
    )


def _may_be_repaired(findings: list[Finding], measures: Measures) -> bool:
    """Whether to try a repair, so that the verdict is no guess: few broken edges, small mesh."""
    blocking = {finding.code for finding in findings if finding.severity is Severity.BLOCKS}
    topology = measures.topology
    broken = len(topology.open_edges) + topology.unbalanced_count
    return (
        bool(blocking)
        and blocking <= MENDABLE
        and len(topology.faces) <= _TRIED_FACETS
        and broken <= _FEW_BROKEN * topology.edge_count
    )


def _as_tried(finding: Finding, *, repairable: bool) -> Finding:
    if finding.code in MENDABLE and finding.severity is Severity.BLOCKS:
        return replace(finding, repairable=repairable)
    return finding


def _with_doubt(finding: Finding) -> Finding:
    """Let nothing that depends on the size block while the unit is doubted: that is asked first."""
    if finding.code is Code.VANISHING_WALLS:
        return replace(finding, severity=Severity.WARNING)
    return finding


def _find_in_body(shape: Shape, printing: Printing, on_stage: OnStage) -> list[Finding]:
    """What can only be asked of a mesh that has an inside."""
    on_stage("walls")
    thickness = measure_thickness(shape, reach_for(printing))
    findings = [
        *find_thin_walls(shape, printing, thickness),
        *find_small_features(shape, printing, thickness),
        *find_small_holes(shape, printing),
    ]
    if shape.measures.shells.inside_out.any():
        return findings  # up and down are not told apart until its facets are turned
    on_stage("lie")
    findings += find_overhangs(shape, printing)
    findings += find_stability(shape, printing)
    return findings
