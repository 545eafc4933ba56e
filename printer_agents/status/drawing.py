"""The status page as HTML. Whatever a printer or a server said is escaped. Pure."""

from functools import partial
from html import escape
from typing import Protocol

from printer_agents.protocol import SILENT_SECONDS, PrinterCondition
from printer_agents.status.look import AgentLook, PrinterLook
from printer_agents.status.words import say

MINUTE_SECONDS = 60
MOST_COUNTED = 1000

TONES = {
    PrinterCondition.OFFLINE: "bad",
    PrinterCondition.ERROR: "bad",
    PrinterCondition.ATTENTION: "bad",
    PrinterCondition.IDLE: "good",
    PrinterCondition.PAUSED: "warn",
    PrinterCondition.CANCELLING: "warn",
    PrinterCondition.UNKNOWN: "plain",
}
LOGO = (
    '<svg viewBox="0 0 40 40" aria-hidden="true"><g fill="currentColor">'
    '<rect x="8" y="3" width="24" height="7.2" rx="3.6"/>'
    '<rect x="2" y="11.6" width="36" height="7.2" rx="3.6"/>'
    '<rect x="2" y="20.2" width="36" height="7.2" rx="3.6"/>'
    '<rect x="8" y="28.8" width="24" height="7.2" rx="3.6"/></g>'
    '<path fill="#ffc92e" d="M15.2 13.9h9.6a7.4 7.4 0 1 1-9.6 0z"/></svg>'
)


class Say(Protocol):
    """Words in the reader's language."""

    def __call__(self, words: str, **values: object) -> str:
        """Return them."""
        ...


def draw_page(
    look: AgentLook, language: str, token: str, *, done: str = "", fault: str = ""
) -> str:
    """Return the whole page; ``done`` or ``fault`` tells of the act before it."""
    _: Say = partial(say, language)
    title = escape(look.name or look.agent_id)
    notice = ""
    if done or fault:
        kind = "warn" if done else "bad"
        notice = f'<p class="notice {kind}" role="alert">{escape(done or fault)}</p>'
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{title} · parts3d</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/style.css"><script defer src="/refresh.js"></script>'
        f'</head><body><header><span class="mark">{LOGO}</span><div><h1>{title}</h1>'
        f"<p>{escape(look.point)}</p></div></header><main>{notice}"
        f'<div id="lost" role="status" data-words="{escape(_(LOST))}"></div>'
        f'<div id="now">{draw_now(look, language, token)}</div></main></body></html>'
    )


LOST = "The agent does not answer: it has stopped, or this machine is busy. Prints go on."


def draw_now(look: AgentLook, language: str, token: str) -> str:
    """Return the part that changes: contact, and every printer."""
    _: Say = partial(say, language)
    printers = "".join(_printer(printer, _, token) for printer in look.printers)
    return (
        f'{_contact(look, _)}<section aria-labelledby="printers"><h2 id="printers">'
        f'{_("Printers")}</h2><div class="printers">{printers}</div></section>'
    )


def _contact(look: AgentLook, _: Say) -> str:
    chip, words = _state_of_contact(look, _)
    trouble = ""
    if look.refused:
        trouble = f'<p class="notice bad">{escape(_(REFUSED))}</p>'
    elif look.fault or chip == "bad":
        said = f"{look.fault} " if look.fault else ""
        trouble = f'<p class="notice warn">{escape(said + _(OFFLINE))}</p>'
    waiting = look.reports_waiting
    more = "+" if waiting >= MOST_COUNTED else ""
    queue = f"{waiting}{more}" if waiting else _("all sent")
    facts = [
        (_("Network"), look.server_url),
        (_("Reports to be sent"), queue),
        (_("Version"), look.version),
    ]
    return (
        f'<section class="card" aria-labelledby="contact"><div class="row">'
        f'<h2 id="contact">{_("Contact")}</h2>{_chip(words, chip)}</div>'
        f'<p class="soft">{escape(_ago(look.heard_seconds, _))}</p>{trouble}{_facts(facts)}'
        "</section>"
    )


REFUSED = (
    "The network refuses this agent. Its key may have been revoked: ask the operator, then "
    "run parts3d-agent unpair and parts3d-agent pair."
)
OFFLINE = "Prints go on meanwhile; what happens is told as soon as the network answers."


def _state_of_contact(look: AgentLook, _: Say) -> tuple[str, str]:
    if look.refused:
        return "bad", _("refused")
    if look.heard_seconds is None:
        return "plain", _("not heard yet")
    if look.heard_seconds > SILENT_SECONDS:
        return "bad", _("out of contact")
    return "good", _("in contact")


def _ago(seconds: float | None, _: Say) -> str:
    if seconds is None:
        return _("not heard yet")
    if seconds < 2 * MINUTE_SECONDS:
        return _("last heard {seconds} s ago", seconds=round(seconds))
    return _("last heard {minutes} min ago", minutes=round(seconds / MINUTE_SECONDS))


def _printer(printer: PrinterLook, _: Say, token: str) -> str:
    name, own_id = escape(printer.label), escape(printer.id)
    detail = f'<p class="soft">{escape(printer.detail)}</p>' if printer.detail else ""
    job = escape(printer.job) if printer.job else _("none in hand")
    if printer.job_state and printer.job_state != "printing":
        job += f' <span class="soft">({escape(_(printer.job_state))})</span>'
    bed = _("clear") if printer.bed_clear else _("waits for staff")
    facts = _facts([(_("Bed"), bed), (_("Loaded"), printer.material)])
    return (
        f'<article class="card" aria-labelledby="p-{own_id}"><div class="row">'
        f'<h3 id="p-{own_id}">{name}</h3>'
        f"{_chip(_(printer.condition.value), TONES.get(printer.condition, 'busy'))}</div>{detail}"
        f'<p><span class="soft">{_("Job")}:</span> {job}</p>{_progress(printer, _)}{facts}'
        f"{_bed_button(printer, _, token)}"
        f"<details><summary>{_('Emergency stop')}</summary>"
        f"<p>{escape(_(STOP, name=printer.label))}</p>"
        f'<form method="post" action="/printers/{own_id}/stop">'
        f'<input type="hidden" name="token" value="{token}">'
        f"<button>{escape(_('Stop {name} now', name=printer.label))}</button></form></details>"
        "</article>"
    )


STOP = (
    "Stop {name} at once? Motors and heaters go off, and the print is lost. Afterwards the "
    "printer may have to be switched off and on."
)


def _bed_button(printer: PrinterLook, _: Say, token: str) -> str:
    """For who stands at the printer: the same word that staff give at the counter."""
    if printer.bed_clear or printer.job or printer.condition is not PrinterCondition.IDLE:
        return ""
    return (
        f'<form method="post" action="/printers/{escape(printer.id)}/clear">'
        f'<input type="hidden" name="token" value="{token}">'
        f'<button class="calm">{escape(_("The bed is clear"))}</button></form>'
    )


def _progress(printer: PrinterLook, _: Say) -> str:
    if printer.progress is None or printer.job is None:
        return ""
    percent = round(printer.progress * 100)
    left = ""
    if printer.remaining_seconds:
        minutes = max(1, round(printer.remaining_seconds / MINUTE_SECONDS))
        left = f" · {_('about {minutes} min left', minutes=minutes)}"
    label = escape(f"{printer.label}: {percent} % {_('printed')}")
    return (
        f'<div class="progress"><progress max="100" value="{percent}" aria-label="{label}">'
        f'</progress><span class="soft">{percent} %{left}</span></div>'
    )


def _facts(facts: list[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f"<dl>{rows}</dl>"


def _chip(words: str, tone: str) -> str:
    return f'<span class="chip {tone}">{escape(words)}</span>'
