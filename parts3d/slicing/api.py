"""How far slicing has come."""

from fastapi import APIRouter

from parts3d.slicing.queries import progress
from parts3d.web import ReadDep

router = APIRouter(prefix="/api/v1/slices", tags=["slicing"])


@router.get("/progress")
def show_progress(session: ReadDep) -> dict[str, int]:
    """Return how many slices wait, are being made, are ready, have failed."""
    return {status.value: count for status, count in progress(session).items()}
