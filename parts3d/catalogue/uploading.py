"""A maintainer's upload: read and checked by a child process, then a draft. Nothing half."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from parts3d.catalogue.manifest import parse_manifest
from parts3d.catalogue.manifest_faults import Fault
from parts3d.catalogue.manifest_folder import DIMENSION_TOLERANCE_MM, MAX_MANIFEST_BYTES
from parts3d.catalogue.manifest_model import Manifest
from parts3d.catalogue.service import record_revision
from parts3d.context import Context
from parts3d.errors import Invalid, TooLarge
from parts3d.meshes.check import AS_IT_IS, Question
from parts3d.meshes.isolation.sandbox import check_in_child
from parts3d.meshes.mesh import Vector
from parts3d.meshes.printing import Material, Printing
from parts3d.meshes.reader import UPLOAD_LIMITS, Limits
from parts3d.meshes.report import FileReport

RENDER = "catalogue.render"


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A model file that could be read, and what the check found.

    ``check_id`` names the check of an upload that it came from.
    """

    data: bytes
    report: FileReport
    check_id: str | None = None

    @property
    def bounds_mm(self) -> Vector:
        """The measured box; what was read has one."""
        return self.report.bounds_mm or (0.0, 0.0, 0.0)


def check_model(
    data: bytes,
    *,
    name: str,
    max_bytes: int,
    beds_mm: Sequence[Vector],
    material: str,
    check_id: str | None = None,
) -> CheckedModel:
    """Check an uploaded model in a child process; a person said that it is in mm.

    Args:
        data: the file.
        name: how the report calls it.
        max_bytes: the largest file that is taken.
        beds_mm: printable x, y, z of each printer model.
        material: what it will be printed in; the form's rules judge one that is unknown.
        check_id: the check of an upload that it came from.

    Raises:
        Invalid: there is no file.
        TooLarge: it is larger than that.
        Unreadable: the gate refused it, or the child did not survive it.
    """
    if not data:
        raise Invalid("Choose the model's STL file.", place="model")
    if len(data) > max_bytes:
        raise TooLarge(
            f"The file has {len(data) / 1e6:.1f} MB; at most {max_bytes / 1e6:.0f} MB are taken. "
            "Export it with a coarser resolution.",
            place="model",
        )
    limits = Limits(
        min(max_bytes, UPLOAD_LIMITS.max_bytes),
        UPLOAD_LIMITS.max_triangles,
        UPLOAD_LIMITS.max_line_bytes,
    )
    known = next((one for one in get_args(Material) if one == material), None)
    report = check_in_child(
        data,
        name=name[:80],
        unit="mm",
        beds_mm=beds_mm,
        question=Question(Printing(known)) if known else AS_IT_IS,
        limits=limits,
    )
    return CheckedModel(data, report, check_id)


def read_manifest(
    data: bytes, model: CheckedModel, softening_c: Mapping[str, float]
) -> Manifest | list[Fault]:
    """Return an uploaded ``part.toml``, or every fault of it; its box must be the model's.

    Args:
        data: the file.
        model: the model beside it.
        softening_c: the temperature in °C at which each material goes soft.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        return [_fault("The manifest is too long.", "Shorten it.")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [_fault("The manifest is not UTF-8.", "Save the file as UTF-8.")]
    manifest = parse_manifest(text, file="part.toml", softening_c=softening_c)
    if isinstance(manifest, list):
        return manifest
    said = manifest.dimensions_mm
    wrong = [
        _fault(
            f"dimensions_mm.{axis} is {written:g}, but the model measures {real:.2f} mm.",
            f"Write {real:.2f}, or export the model again in mm.",
        )
        for axis, written, real in zip(
            "xyz", (said.x, said.y, said.z), model.bounds_mm, strict=True
        )
        if abs(written - real) > DIMENSION_TOLERANCE_MM
    ]
    return wrong or manifest


def store_upload(
    context: Context,
    manifest: Manifest,
    model: CheckedModel,
    *,
    uploaded_by: str,
    now: datetime,
) -> str:
    """Keep the model, record the draft, ask for its picture; returns the revision's id."""
    model_sha256 = context.store.put(model.data)
    with context.database.unit_of_work() as work:
        revision = record_revision(
            work.session,
            manifest=manifest,
            model_sha256=model_sha256,
            picture_sha256=None,
            check_result=model.report.model_dump(mode="json"),
            uploaded_by=uploaded_by,
            now=now,
            model_check_id=model.check_id,
        )
        identity = revision.id
        if revision.picture_sha256 is None:
            work.after_commit(lambda: context.ring_task(RENDER, identity))
        return identity


def _fault(message: str, remedy: str) -> Fault:
    return Fault("part.toml", 1, "", message, remedy)
