"""The demo's own pages: its mailbox, its logins, and its customer. They exist nowhere else."""

import re
from datetime import datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup, escape

from parts3d.errors import NotFound
from parts3d.notices.service import mailbox
from parts3d.notices.tables import Notice
from parts3d.shop import (
    Device,
    DeviceDep,
    only_in_the_demo,
    remember_device,
    remember_place_text,
    shop_page,
)
from parts3d.templating import clock_time, day
from parts3d.web import ContextDep, LanguageDep, ReadDep, gettext_of

router = APIRouter(
    prefix="/demo", include_in_schema=False, dependencies=[Depends(only_in_the_demo)]
)
_NAME, _EMAIL, _POSTCODE = "Camille Demo", "camille@demo.example", "4500"
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_MAILS_KEPT = 500


@router.get("")
def show_people(request: Request, language: LanguageDep, device: DeviceDep) -> Response:
    """Show who one may be in the demo."""
    _ = gettext_of(language)
    people = [
        ("customer", "bag", _("Customer"), _("Camille, at home in Huy, with a broken appliance.")),
        ("staff", "hand", _("Counter"), _("Staff of the point in Huy: check, bag, hand over.")),
        ("maintainer", "shield", _("Maintainer"), _("Uploads, checks and approves parts.")),
        ("operator", "gauge", _("Operator"), _("Points, printers, keys, and every order.")),
    ]
    shown = [
        {"href": f"/demo/login/{role}", "icon": icon, "name": name, "words": words}
        for role, icon, name, words in people
    ]
    return shop_page(request, device, "notices/demo.html", {"people": shown})


@router.get("/login/customer")
def be_the_customer(request: Request, device: DeviceDep) -> RedirectResponse:
    """Be the demo's customer on this device; any number of times, her orders stay."""
    answer = RedirectResponse("/", status_code=303)
    remember_device(request, answer, Device(_NAME, _EMAIL, device.tokens))
    remember_place_text(request, answer, _POSTCODE)
    return answer


@router.get("/mailbox")
def list_mails(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    device: DeviceDep,
    language: LanguageDep,
) -> Response:
    """List the mails that were written, the newest first."""
    mails = [_row(notice, language) for notice, _text in mailbox(session, context.settings)]
    return shop_page(request, device, "notices/mailbox.html", {"mails": mails}, private=True)


@router.get("/mailbox/{notice_id}")
def show_mail(
    request: Request,
    notice_id: str,
    session: ReadDep,
    context: ContextDep,
    device: DeviceDep,
    language: LanguageDep,
) -> Response:
    """Show one mail; its links can be followed."""
    for notice, text in mailbox(session, context.settings, limit=_MAILS_KEPT):
        if notice.id == notice_id:
            mail = {**_row(notice, language), "body": with_links(text)}
            return shop_page(request, device, "notices/mail.html", {"mail": mail}, private=True)
    raise NotFound("There is no such mail.")


def with_links(text: str) -> Markup:
    """Return a mail's text as HTML with its addresses as links; everything else stays text."""
    pieces: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        pieces.append(Markup('<a href="{0}">{0}</a>').format(found.group()))
        end = found.end()
    pieces.append(escape(text[end:]))
    return Markup("").join(pieces)


def _row(notice: Notice, language: str) -> dict[str, str]:
    at: datetime = notice.created_at
    return {
        "id": notice.id,
        "subject": notice.subject,
        "to": notice.to_email,
        "at": f"{day(at, language)}, {clock_time(at)}",
    }
