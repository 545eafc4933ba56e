"""All that a maintainer wants to know of an upload, as one errand of the child.

The check with its findings, a picture of each finding's places, the three best orientations with
their cost, and, where one can be offered, a repair with before and after.
"""

from pydantic import BaseModel, ConfigDict

from parts3d.meshes.findings import Code
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.printing import Material
from parts3d.meshes.reader import UPLOAD_LIMITS
from parts3d.meshes.report import FileReport

PICTURE = "picture.png"
REPAIRED = "repaired.stl"
BEFORE_AFTER = "before-after.png"
POSES = 3
_PICTURE_BYTES = 4_000_000
_REPAIRED_BYTES = 80_000_000


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
    REPAIRED: _REPAIRED_BYTES,
    **{marks_name(code): _PICTURE_BYTES for code in Code},
    **{pose_name(number): _PICTURE_BYTES for number in range(POSES)},
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


class RepairOffer(BaseModel):
    """A repair that can be taken: what was done, and what changed.

    ``before`` and ``after`` are the reports of the two; ``moved_mm`` the largest distance that the
    surface moved. The repaired file is ``REPAIRED``, the picture of both ``BEFORE_AFTER``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: tuple[str, ...]
    after: FileReport
    moved_mm: float
    volume_change_percent: float | None


class Examination(BaseModel):
    """What an examination comes to.

    Args:
        report: the check.
        marked: the codes whose places have a picture of their own.
        poses: orientations to choose from, best first.
        repair: a repair to take, where one can be offered.
        repair_refused: why none can, where the verdict wants one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: FileReport
    marked: tuple[Code, ...] = ()
    poses: tuple[Pose, ...] = ()
    repair: RepairOffer | None = None
    repair_refused: str | None = None
