"""What an upload would take to print, before anybody slices it: a part of its check's page."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from parts3d.accounts.guards import MaintainerDep
from parts3d.catalogue.check_view import pose_turn
from parts3d.catalogue.checks import get_check
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import ModelCheck
from parts3d.errors import NotFound, Parts3dError
from parts3d.meshes.measure import measure
from parts3d.meshes.reader import read
from parts3d.slicing.correction import corrected_median
from parts3d.slicing.corrections import Corrections, current_corrections
from parts3d.slicing.estimate.estimate import Estimate, estimate
from parts3d.slicing.profiles import Profile, materials, printer_models, profile
from parts3d.web import ContextDep, render

router = APIRouter(prefix="/maintainer", include_in_schema=False)
_SECONDS_PER_MINUTE = 60
# Nothing of a check that is done changes; what prints of a model take is learned once a night.
_KEPT = {"Cache-Control": "private, max-age=3600"}


@dataclass(frozen=True, slots=True)
class EstimateView:
    """One printer model's estimate, times as hours and minutes.

    ``measured_prints`` is how many prints of the model corrected its times; 0: none did.
    """

    printer: str
    grams: float
    time: str
    low: str
    high: str
    measured_prints: int


@router.get("/checks/{check_id}/estimate")
def show_estimate(
    request: Request, check_id: str, maintainer: MaintainerDep, context: ContextDep
) -> Response:
    """Send the estimates of a checked file, as its best orientation, for all printer models."""
    del maintainer
    with context.database.reading() as session:
        row = get_check(session, check_id)
        measured = current_corrections(session)
    if row.stl_sha256 is None:
        raise NotFound("There is no such check. Upload the model again.")
    answer = render(
        request,
        "slicing/estimate.html",
        {
            "row": row,
            "estimates": _estimates(row, context.store.read(row.stl_sha256), measured),
        },
    )
    answer.headers.update(_KEPT)
    return answer


def _estimates(row: ModelCheck, stl: bytes, measured: Corrections) -> list[EstimateView]:
    """Estimate with the usual recipe; the STL is ours, written from the checked mesh.

    Where prints of a model were measured, its times are those that its prints really take.
    """
    mesh = read(stl)
    measures = measure(mesh)
    recipe = Recipe.model_validate({"material": row.material, "orientation_deg": pose_turn(row, 0)})
    found = []
    for model in printer_models():
        printer = profile(model)
        try:
            printer.temperatures_for(row.material)
        except Parts3dError:
            continue
        one = estimate(mesh, printer, materials()[row.material], recipe, measures=measures)
        found.append(_view(printer, one, measured))
    return sorted(found, key=lambda view: view.printer)


def _view(printer: Profile, one: Estimate, measured: Corrections) -> EstimateView:
    known = measured.models.get(printer.printer_model)
    log_factor = known.correction.log_factor if known else 0.0
    return EstimateView(
        printer=printer.name,
        grams=one.filament_g,
        time=_clock(corrected_median(one.print_seconds, log_factor)),
        low=_clock(corrected_median(one.low_seconds, log_factor)),
        high=_clock(corrected_median(one.high_seconds, log_factor)),
        measured_prints=known.correction.prints if known else 0,
    )


def _clock(seconds: float) -> str:
    hours, minutes = divmod(max(1, round(seconds / _SECONDS_PER_MINUTE)), 60)
    return f"{hours}:{minutes:02d} h"
