"""All that a maintainer wants to know of an upload, as one errand of the child.

The check with its findings, a picture of each finding's places, the three best orientations with
their cost, and, where one can be offered, a repair with before and after.
"""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from parts3d.errors import Unreadable
from parts3d.meshes.check import Question
from parts3d.meshes.findings import Code, Finding, Severity, Verdict
from parts3d.meshes.isolation.errands import Desk, Errand
from parts3d.meshes.mesh import Mesh, Unit, Vector
from parts3d.meshes.orient import orient, write_stl
from parts3d.meshes.orientation import candidates
from parts3d.meshes.overlay import before_after, render_marked
from parts3d.meshes.printing import Material, Printing
from parts3d.meshes.reader import UPLOAD_LIMITS
from parts3d.meshes.render import render
from parts3d.meshes.repair import RepairRefused, repair
from parts3d.meshes.repairing.done import Done, Step
from parts3d.meshes.report import Examined, FileReport, examine
from parts3d.meshes.words import Language, say_step

PICTURE = "picture.png"
MODEL = "model.stl"
REPAIRED = "repaired.stl"
BEFORE_AFTER = "before-after.png"
POSES = 3
# The file's own pose is shown beside the three best where it is none of them.
_POSES_SHOWN = POSES + 1
_PICTURE_PIXELS = 512
_POSE_PIXELS = 320
_PICTURE_BYTES = 4_000_000
_MODEL_BYTES = 80_000_000


def marks_name(code: Code) -> str:
    """Return the name of the picture that shows the places of a finding."""
    return f"finding-{code.value}.png"


def pose_name(number: int) -> str:
    """Return the name of the picture of an orientation, counted from 0."""
    return f"pose-{number}.png"


# Everything that an examination may leave behind, with the most bytes of each.
FILES: dict[str, int] = {
    PICTURE: _PICTURE_BYTES,
    BEFORE_AFTER: _PICTURE_BYTES,
    MODEL: _MODEL_BYTES,
    REPAIRED: _MODEL_BYTES,
    **{marks_name(code): _PICTURE_BYTES for code in Code},
    **{pose_name(number): _PICTURE_BYTES for number in range(_POSES_SHOWN)},
}


class ExaminationOrders(BaseModel):
    """What to examine a file for.

    Args:
        name: how the report calls the file.
        unit: what a person said, None if nobody did.
        material: what it will be printed in.
        beds_mm: printable x, y, z of each printer model of the network.
        declared_mm: the sides that the maker declared, None: not declared.
        load_direction: where the part is pulled, in the file's axes, None: not known.
        max_bytes: the largest file.
        max_triangles: and the most triangles.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "upload"
    unit: Unit | None = None
    material: Material = "PETG"
    beds_mm: tuple[Vector, ...] = ()
    declared_mm: Vector | None = None
    load_direction: Vector | None = None
    max_bytes: int = UPLOAD_LIMITS.max_bytes
    max_triangles: int = UPLOAD_LIMITS.max_triangles


class Pose(BaseModel):
    """An orientation that can be chosen, best first; ``picture`` names its picture.

    ``orientation_deg`` is about x, y, z as a recipe stores it; costs are what it takes to print.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    orientation_deg: Vector
    support_mm3: float
    height_mm: float
    contact_mm2: float
    layer_angle_deg: float | None
    stable: bool
    as_it_is: bool
    picture: str


class StepDone(BaseModel):
    """One step of a repair, with its English words; ``words`` has others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    done: Done
    count: int
    message: str

    def words(self, language: Language = "en") -> str:
        """Return the step in a language."""
        return say_step(Step(self.done, self.count), language)


class RepairOffer(BaseModel):
    """A repair that can be taken: what was done, and what changed.

    ``before`` and ``after`` are the reports of the two; ``moved_mm`` the largest distance that the
    surface moved. The repaired file is ``REPAIRED``, the picture of both ``BEFORE_AFTER``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: tuple[StepDone, ...]
    after: FileReport
    moved_mm: float
    volume_change_percent: float | None


class Examination(BaseModel):
    """What an examination comes to.

    Args:
        report: the check.
        model_kept: whether ``MODEL`` holds the mesh as an STL of ours: for what was no STL.
        marked: the codes whose places have a picture of their own.
        poses: orientations to choose from, best first.
        repair: a repair to take, where one can be offered.
        repair_refused: why none can, where the verdict wants one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: FileReport
    model_kept: bool = False
    marked: tuple[Code, ...] = ()
    poses: tuple[Pose, ...] = ()
    repair: RepairOffer | None = None
    repair_refused: str | None = None


def _examine(data: bytes, orders: ExaminationOrders, desk: Desk) -> Examination:
    question = Question(
        Printing(orders.material), beds_mm=orders.beds_mm, declared_mm=orders.declared_mm
    )
    limits = replace(
        UPLOAD_LIMITS,
        max_bytes=orders.max_bytes,
        max_triangles=orders.max_triangles,
        allow_step=True,
    )
    found = examine(
        orders.name, data, unit=orders.unit, question=question, limits=limits, on_stage=desk.stage
    )
    desk.stage("picture")
    desk.keep(PICTURE, render(found.mesh, size=_PICTURE_PIXELS, dimensions=True))
    marked = tuple(_draw(finding, found.mesh, desk) for finding in _shown(found))
    is_stl = found.mesh.format in {"stl_binary", "stl_ascii"}
    if not is_stl:
        desk.keep(MODEL, write_stl(found.mesh))
    desk.stage("poses")
    poses = _poses(found.mesh, orders, desk)
    result = Examination(report=found.report, model_kept=not is_stl, marked=marked, poses=poses)
    if found.report.verdict in {Verdict.REPAIRABLE, Verdict.NOT_PRINTABLE}:
        desk.stage("repair")
        return _with_repair(result, found, question, desk)
    return result


def _shown(found: Examined) -> list[Finding]:
    """Return the findings that have places, the gravest first."""
    order = [Severity.BLOCKS, Severity.WARNING, Severity.INFO]
    shown = [finding for finding in found.check.findings if finding.has_places]
    return sorted(shown, key=lambda finding: order.index(finding.severity))


def _draw(finding: Finding, mesh: Mesh, desk: Desk) -> Code:
    desk.keep(marks_name(finding.code), render_marked(mesh, [finding], _PICTURE_PIXELS).png)
    return finding.code


def _poses(mesh: Mesh, orders: ExaminationOrders, desk: Desk) -> tuple[Pose, ...]:
    best = candidates(
        mesh,
        printing=Printing(orders.material),
        beds_mm=orders.beds_mm,
        load_direction=orders.load_direction,
        count=POSES,
    )
    poses = []
    for number, pose in enumerate(best):
        lying = orient(mesh, pose.orientation_deg)
        desk.keep(pose_name(number), render(lying, size=_POSE_PIXELS))
        poses.append(
            Pose(
                orientation_deg=pose.orientation_deg,
                support_mm3=pose.support_mm3,
                height_mm=pose.height_mm,
                contact_mm2=pose.contact_mm2,
                layer_angle_deg=pose.layer_angle_deg,
                stable=pose.stable,
                as_it_is=pose.as_is,
                picture=pose_name(number),
            )
        )
    return tuple(poses)


def _with_repair(
    result: Examination, found: Examined, question: Question, desk: Desk
) -> Examination:
    """Try a repair, and offer it if the check of what it made finds nothing that blocks."""
    try:
        repaired = repair(found.mesh, question.printing)
        data = write_stl(repaired.mesh)
        # The same limits do not count here: it is ours.
        after = examine(REPAIRED, data, unit="mm", question=question)
    except (RepairRefused, Unreadable) as refusal:
        return result.model_copy(update={"repair_refused": refusal.message})
    if repaired.nothing_to_repair:
        return result
    desk.keep(REPAIRED, data)
    desk.keep(BEFORE_AFTER, before_after(found.mesh, repaired.mesh, _PICTURE_PIXELS))
    offer = RepairOffer(
        steps=tuple(
            StepDone(done=step.done, count=step.count, message=say_step(step))
            for step in repaired.steps
        ),
        after=after.report,
        moved_mm=repaired.moved_mm,
        volume_change_percent=repaired.volume_change_percent,
    )
    return result.model_copy(update={"repair": offer})


EXAMINE = Errand(
    at="parts3d.meshes.examination:EXAMINE",
    orders=ExaminationOrders,
    answer=Examination,
    run=_examine,
    files=FILES,
)
