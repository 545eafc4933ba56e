"""Model files on a disk: what each would take to print, estimated or really sliced."""

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from pydantic import BaseModel, ConfigDict

from parts3d.catalogue.recipe import Recipe
from parts3d.errors import Parts3dError
from parts3d.meshes.files import read_file
from parts3d.meshes.isolation.errands import Desk, Errand
from parts3d.meshes.isolation.sandbox import run_in_child
from parts3d.meshes.mesh import Mesh, Unit
from parts3d.meshes.orient import write_stl
from parts3d.meshes.reader import DEFAULT_LIMITS, UPLOAD_LIMITS, needs_child, read
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.estimate.coefficients import coefficients
from parts3d.slicing.estimate.estimate import estimate
from parts3d.slicing.placement import rotation_matrix
from parts3d.slicing.profiles import MaterialProperties, Profile, fits


class FileEstimate(BaseModel):
    """One file's entry; figures are null where the file gave none, and ``message`` says why.

    ``low`` and ``high`` are the band of ``print_seconds`` that holds the slicer's value nine
    times in ten; of a slice all three are the same. ``engine`` is the one that sliced, or whose
    results the estimate was fitted to. Seconds are of moves, without heating and
    levelling. ``fits`` says whether the part fits the printer's bed as it lies.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    filament_mm: float | None = None
    filament_g: float | None = None
    print_seconds: float | None = None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    engine: str | None = None
    elapsed_ms: float
    fits: bool | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How the files are to be printed."""

    profile: Profile
    material: MaterialProperties
    recipe: Recipe
    unit: Unit | None = None


class EstimateOrders(BaseModel):
    """The same for the child process that reads STEP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    profile: Profile
    material: MaterialProperties
    recipe: Recipe
    unit: Unit | None = None


def estimate_file(path: Path, asked: Asked, engine: Engine | None = None) -> FileEstimate:
    """Estimate one file, or slice it with an engine; one that cannot be read gets an entry too."""
    began = perf_counter()
    name = str(path)
    try:
        data = read_file(path)
        if needs_child(data):
            orders = EstimateOrders(
                name=name,
                profile=asked.profile,
                material=asked.material,
                recipe=asked.recipe,
                unit=asked.unit,
            )
            found = run_in_child(ESTIMATE, orders, data).answer
        else:
            mesh = read(data, unit=asked.unit, limits=DEFAULT_LIMITS)
            found = (
                _estimated(name, mesh, asked)
                if engine is None
                else _sliced(name, mesh, asked, engine)
            )
    except Parts3dError as refusal:
        found = FileEstimate(file=name, elapsed_ms=0, message=refusal.message)
    return found.model_copy(update={"elapsed_ms": 1000 * (perf_counter() - began)})


def exit_code(entries: list[FileEstimate]) -> int:
    """Return 0: all have figures and fit; 1: one does not fit; 2: one has no figures."""
    if not entries or any(entry.print_seconds is None for entry in entries):
        return 2
    return int(not all(entry.fits for entry in entries))


def _estimated(name: str, mesh: Mesh, asked: Asked) -> FileEstimate:
    found = estimate(mesh, asked.profile, asked.material, asked.recipe)
    fitting = _fits(mesh, asked)
    return FileEstimate(
        file=name,
        filament_mm=round(found.filament_mm, 1),
        filament_g=round(found.filament_g, 2),
        print_seconds=round(found.print_seconds),
        low=round(found.low_seconds),
        high=round(found.high_seconds),
        method="geometry",
        # Whose results it was fitted to, and so stands for.
        engine=coefficients().made.get("engine"),
        elapsed_ms=0,
        fits=fitting,
        message=None if fitting else _too_large(mesh, asked),
    )


def _sliced(name: str, mesh: Mesh, asked: Asked, engine: Engine) -> FileEstimate:
    result = engine.slice(write_stl(mesh), asked.profile, asked.material, asked.recipe)
    return FileEstimate(
        file=name,
        filament_mm=result.filament_mm,
        filament_g=result.filament_mg / 1000,
        print_seconds=result.print_seconds,
        low=result.print_seconds,
        high=result.print_seconds,
        method="slice",
        engine=f"{result.engine} {result.engine_version}",
        elapsed_ms=0,
        fits=True,
    )


def _sizes(mesh: Mesh, asked: Asked) -> tuple[float, float, float]:
    turned = mesh.triangles.reshape(-1, 3) @ rotation_matrix(asked.recipe.orientation_deg).T
    x_mm, y_mm, z_mm = (turned.max(axis=0) - turned.min(axis=0)).tolist()
    return x_mm, y_mm, z_mm


def _fits(mesh: Mesh, asked: Asked) -> bool:
    x_mm, y_mm, z_mm = _sizes(mesh, asked)
    none = (0.0, 0.0, 0.0)
    return fits((none, (x_mm, y_mm, z_mm)), asked.profile) or fits(
        (none, (y_mm, x_mm, z_mm)), asked.profile
    )


def _too_large(mesh: Mesh, asked: Asked) -> str:
    size = " x ".join(f"{side:.0f}" for side in _sizes(mesh, asked))
    printer = asked.profile
    return (
        f"The part is {size} mm as it lies; {printer.name} prints "
        f"{printer.bed_x_mm:.0f} x {printer.bed_y_mm:.0f} x {printer.height_mm:.0f} mm. "
        "Turn it, or choose a larger printer."
    )


def _run(data: bytes, orders: EstimateOrders, desk: Desk) -> FileEstimate:
    desk.stage("reading")
    limits = replace(UPLOAD_LIMITS, allow_step=True)
    mesh = read(data, unit=orders.unit, limits=limits)
    desk.stage("estimating")
    asked = Asked(orders.profile, orders.material, orders.recipe, orders.unit)
    return _estimated(orders.name, mesh, asked)


ESTIMATE = Errand(
    at="parts3d.slicing.estimate.files:ESTIMATE",
    orders=EstimateOrders,
    answer=FileEstimate,
    run=_run,
)
