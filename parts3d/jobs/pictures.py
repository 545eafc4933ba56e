"""What printers' cameras saw: read, made small, kept for a while, then deleted.

The JPEG of a stranger is not kept as it came: it is decoded and written anew, so that what lies in
the store is a picture and nothing else, without the place or the camera's name in it.
"""

import io
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, UnidentifiedImageError
from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.errors import Invalid, NotFound, TooLarge
from parts3d.jobs.moves import ON_A_PRINTER
from parts3d.jobs.tables import Job, PrinterPicture
from parts3d.points.tables import Printer
from printer_agents.protocol import PICTURE_MOST_BYTES

_WIDEST_PIXELS = 960
_MOST_PIXELS = 24_000_000
_QUALITY = 70
# So many deleted at once: a sweep is short.
_FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of our own writing."""

    jpeg: bytes
    width: int
    height: int


def read_picture(body: bytes) -> Picture:
    """Decode what a camera gave and write it anew, at most 960 pixels wide.

    Raises:
        TooLarge: more bytes or pixels than a picture of a bed needs.
        Invalid: no JPEG.
    """
    if len(body) > PICTURE_MOST_BYTES:
        raise TooLarge(f"A picture may have {PICTURE_MOST_BYTES:,} bytes at most.")
    try:
        with Image.open(io.BytesIO(body), formats=["JPEG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise TooLarge("The picture has too many pixels. Set the camera to 1280 x 720.")
            image.draft("RGB", (_WIDEST_PIXELS, _WIDEST_PIXELS))
            small = image.convert("RGB")
            small.thumbnail((_WIDEST_PIXELS, _WIDEST_PIXELS))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Invalid("The picture is no JPEG that can be read.") from error
    written = io.BytesIO()
    small.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(written.getvalue(), small.width, small.height)


def keep_picture(
    session: Session,
    *,
    agent: Agent,
    printer_id: str,
    picture: Picture,
    picture_sha256: str,
    now: datetime,
) -> Printer:
    """Note a picture of a printer, with the job that is on it; returns the printer.

    Raises:
        NotFound: this agent drives no such printer.
    """
    printer = session.get(Printer, printer_id)
    if printer is None or printer.agent_id != agent.id:
        raise NotFound("This agent drives no such printer.")
    job_id = session.exec(
        select(Job.id).where(Job.printer_id == printer.id, col(Job.status).in_(ON_A_PRINTER))
    ).first()
    session.add(
        PrinterPicture(
            printer_id=printer.id,
            job_id=job_id,
            taken_at=now,
            picture_sha256=picture_sha256,
            width=picture.width,
            height=picture.height,
        )
    )
    session.flush()
    return printer


def last_picture(session: Session, printer_id: str) -> PrinterPicture | None:
    """Return the newest picture of a printer."""
    return session.exec(
        select(PrinterPicture)
        .where(PrinterPicture.printer_id == printer_id)
        .order_by(col(PrinterPicture.taken_at).desc())
        .limit(1)
    ).first()


def pictures_of_job(session: Session, job_id: str, most: int = 6) -> list[PrinterPicture]:
    """Return the newest pictures taken while a job was on a printer, the newest first."""
    return list(
        session.exec(
            select(PrinterPicture)
            .where(PrinterPicture.job_id == job_id)
            .order_by(col(PrinterPicture.taken_at).desc())
            .limit(most)
        )
    )


def picture_at(session: Session, point_id: str, picture_id: str) -> PrinterPicture:
    """Return a picture of a printer of this point.

    Raises:
        NotFound: there is none, it is another point's, or its time is over.
    """
    row = session.get(PrinterPicture, picture_id)
    printer = session.get(Printer, row.printer_id) if row else None
    if row is None or printer is None or printer.point_id != point_id:
        raise NotFound("There is no such picture; they are kept for some days only.")
    return row


def forget_old_pictures(session: Session, before: datetime) -> list[str]:
    """Delete the rows of old pictures; returns the hashes of files that no row names any more."""
    old = session.exec(
        select(PrinterPicture)
        .where(col(PrinterPicture.taken_at) < before)
        .limit(_FORGOTTEN_AT_ONCE)
    ).all()
    hashes = {row.picture_sha256 for row in old}
    for row in old:
        session.delete(row)
    session.flush()
    named = session.exec(
        select(PrinterPicture.picture_sha256).where(col(PrinterPicture.picture_sha256).in_(hashes))
    ).all()
    return sorted(hashes - set(named))
