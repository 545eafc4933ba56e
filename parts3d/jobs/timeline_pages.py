"""The counter's timeline: when each print must start, by printer, with the closing time."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.jobs.counter_desk import CounterDep
from parts3d.jobs.timeline import timeline_of
from parts3d.jobs.timeline_drawing import draw
from parts3d.points.tables import Point
from parts3d.web import LanguageDep, NowDep, ReadDep

router = APIRouter(prefix="/counter/timeline", include_in_schema=False)


@router.get("")
def show_timeline(
    request: Request, counter: CounterDep, session: ReadDep, language: LanguageDep, now: NowDep
) -> Response:
    """Show the printers of the point from now on."""
    point = session.get_one(Point, counter.desk.point_id)
    timeline = timeline_of(session, point, now, language)
    values = {"timeline": timeline, "drawing": draw(timeline)}
    return page(request, Role.STAFF, "jobs/timeline.html", values)
