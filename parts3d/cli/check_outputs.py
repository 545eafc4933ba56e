"""What ``parts3d check`` writes besides its table: repaired copies and pictures."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parts3d.errors import Invalid, Parts3dError
from parts3d.meshes.check import Question
from parts3d.meshes.files import examine_file
from parts3d.meshes.findings import Finding, Severity
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.report import Examined

_PICTURE_PIXELS = 1024


class RepairDone(BaseModel):
    """What a repair did, as ``--json`` tells it; ``written`` is None where nothing was written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    written: str | None
    sha256: str | None = None
    steps: tuple[str, ...] = ()
    bounds_mm: Vector | None = None
    volume_mm3: float | None = None
    area_mm2: float | None = None
    moved_mm: float | None = None
    volume_change_percent: float | None = None
    message: str


class PictureDone(BaseModel):
    """What was drawn, as ``--json`` tells it; ``marked`` are the codes whose places are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    written: str | None
    marked: tuple[str, ...] = ()
    message: str


def output_paths(paths: Sequence[Path], out: Path, suffix: str) -> list[Path]:
    """Return where each file's output goes: the path itself for one file, else inside a folder.

    Raises:
        Invalid: it would overwrite a file that is checked, or the folder is a file.
    """
    if len(paths) == 1 and not out.is_dir():
        targets = [out]
    else:
        if out.is_file():
            raise Invalid(f"{out} is a file; give a folder for the output of several files.")
        out.mkdir(parents=True, exist_ok=True)
        targets = [_free_name(out, paths, number, suffix) for number in range(len(paths))]
    taken = {path.resolve() for path in paths}
    for target in targets:
        if target.resolve() in taken:
            raise Invalid(
                f"{target} is the file that is checked; it is kept as it is. Give another name."
            )
    return targets


def _free_name(out: Path, paths: Sequence[Path], number: int, suffix: str) -> Path:
    """Name an output after its file, with a number where two files are called the same."""
    stem = paths[number].stem
    before = sum(1 for path in paths[:number] if path.stem.lower() == stem.lower())
    return out / f"{stem}-{before + 1}{suffix}" if before else out / f"{stem}{suffix}"


def write_repaired(
    path: Path, target: Path, *, unit: Unit | None, question: Question
) -> RepairDone:
    """Repair a file into another one, and say what was done; the file itself is never touched."""
    from parts3d.meshes.orient import write_stl
    from parts3d.meshes.repair import repair
    from parts3d.meshes.words import say_step

    try:
        examined = examine_file(path, unit=unit, question=question)
        result = repair(examined.mesh, question.printing)
    except Parts3dError as refusal:
        return RepairDone(written=None, message=refusal.message)
    if result.nothing_to_repair:
        return RepairDone(written=None, message="There is nothing to repair.")
    data = write_stl(result.mesh)
    target.write_bytes(data)
    return RepairDone(
        written=str(target),
        sha256=hashlib.sha256(data).hexdigest(),
        steps=tuple(say_step(step) for step in result.steps),
        bounds_mm=result.after.bounds_mm,
        volume_mm3=result.after.volume_mm3,
        area_mm2=result.after.area_mm2,
        moved_mm=result.moved_mm,
        volume_change_percent=result.volume_change_percent,
        message=f"A repaired copy is in {target}.",
    )


def write_picture(
    path: Path, target: Path, *, unit: Unit | None, question: Question
) -> PictureDone:
    """Draw a file with its findings marked; with its dimensions where none has a place."""
    from parts3d.meshes.overlay import render_marked
    from parts3d.meshes.render import render

    try:
        examined = examine_file(path, unit=unit, question=question)
    except Parts3dError as refusal:
        return PictureDone(written=None, message=refusal.message)
    marked = _worth_marking(examined)
    if marked:
        target.write_bytes(render_marked(examined.mesh, marked, _PICTURE_PIXELS).png)
    else:
        target.write_bytes(render(examined.mesh, size=_PICTURE_PIXELS, dimensions=True))
    return PictureDone(
        written=str(target),
        marked=tuple(finding.code.value for finding in marked),
        message=f"A picture is in {target}.",
    )


def _worth_marking(examined: Examined) -> list[Finding]:
    """Return the findings that have places and are more than information."""
    return [
        finding
        for finding in examined.check.findings
        if finding.severity is not Severity.INFO and finding.has_places
    ]
