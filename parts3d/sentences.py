"""The domain's finished sentences in a visitor's language, also those with figures in them.

Rules and services say English sentences (``errors.py``, reasons of orders). Here stands every
one that a customer can meet, as a template; a finished sentence is recognised by its template,
which is translated and filled with the same figures.
"""

import re
from collections.abc import Callable
from functools import cache

from parts3d.promises.snapshot import Refusal, RefusalCode
from parts3d.promises.words import N_, refusal_sentence
from parts3d.staff_sentences import STAFF_TEMPLATES

_TEMPLATES = (
    # points
    N_('"{typed}" is not a Belgian postcode. Type its four digits, for example 4500.'),
    N_("There is no Belgian postcode {digits}. Check it, or type that of a place nearby."),
    N_("There is no such point. Choose one from the list."),
    N_("This point takes no orders. Choose another one."),
    # catalogue
    N_("This part is not on sale. Search for it by your appliance's model number."),
    N_("There is no such part in the shop. Search for it by name or model number."),
    N_("This part is not on sale."),
    # quotes
    N_("{quantity} copies cannot be ordered here. Choose from 1 to {most}."),
    N_("{count} different parts are too many for one order. Order at most {most} at once."),
    N_("The basket is full: it holds {most} different parts. Order these first."),
    N_("The same part is on two lines. Give it once, with its whole quantity."),
    N_("There is nothing to price: the basket is empty."),
    N_("No point is open for orders at the moment."),
    N_("This part cannot be printed at the moment; the maintainers have been told."),
    N_(
        "This part measures {x} x {y} x {z} mm and fits no printer of ours; "
        "the largest prints {bed_x} x {bed_y} x {height} mm."
    ),
    N_(
        "This part is being prepared for our printers ({ready} of {total} done). "
        "Try again in a few minutes."
    ),
    N_("This price was frozen until {until}. Ask for the price again."),
    N_(
        "This quote is not as it was given: a price or a part in it was altered. "
        "Ask for the price again."
    ),
    N_("There is no such quote. Ask for the price again."),
    N_("There is no such quote. Open it by its whole link, or by the code on the paper."),
    N_("This quote was ordered already. Ask for the price again to order more."),
    N_("The price of a saved quote is fixed; it takes no other voucher."),
    N_("The price of a saved quote is fixed; nothing is added to it."),
    N_(
        "Served before others, it would not be ready any earlier at this point now. "
        "Order without it."
    ),
    # vouchers
    N_("There is no voucher of this code. Check each sign."),
    N_("The voucher {code} is no longer valid."),
    N_("The voucher {code} was valid until {day}."),
    N_("The voucher {code} is valid from {day} on."),
    N_("The voucher {code} is for another part than those in the basket."),
    N_("The voucher {code} is for a first order only."),
    N_("The voucher {code} has been used as often as it may be."),
    N_("An order takes one voucher only."),
    N_("Too many wrong voucher codes came from here. Try again in an hour."),
    # orders
    N_("{most} orders of this address are open already. Collect or cancel one of them first."),
    N_("There is no such checkout. Open the part again."),
    N_("This checkout was ordered already. Your mail has the link to the order."),
    N_("This checkout was ordered already."),
    N_("The part that was to serve this order is no longer in stock. Ask again."),
    N_("This idempotency key was used for another order. Use a fresh key for each order."),
    N_("There is no such order. Open it by the link in your mail; the number alone is not enough."),
    N_("This is no e-mail address. Write it as name@example.be."),
    N_("This link is not one of ours, or it was cut in two. Copy the whole link of the mail."),
    N_(
        "This link has expired, and the order was given up. Nothing was charged; "
        "order again from the shop."
    ),
    N_("This order was cancelled. Order again from the shop."),
    N_("{title} was taken off sale; the order cannot be placed. Nothing was charged."),
    N_("An order that is printing can no longer be cancelled."),
    N_("This order is finished; it can no longer be cancelled. Ask at the counter."),
    N_("This order has changed a moment ago. Look again, then retry."),
    N_("The address was not confirmed within a day."),
    N_("Cancelled by the customer."),
    N_("There is no receipt: this order has not been paid yet."),
    # what keeps a promise
    N_("Another printer of the shop makes it now, so that it stays in time."),
    N_("The first try did not turn out well; it is printed again."),
    N_("A second printer makes it as well, so that it stays in time."),
    N_("It will be ready later than promised; we have written to you."),
    N_("It stays where it is."),
    N_("It was not ready when promised. We have apologised, with a voucher."),
    N_("It was not ready when promised. We have apologised."),
    N_("We have asked you whether you would rather collect at {point}."),
    N_("As you agreed, it is made at {point} and collected there."),
    N_("There is no such question about this order."),
    N_("The time to answer is over; your order stays where it was."),
    N_("Your order is ready where it is, or has ended; it can no longer move."),
    # the house
    N_("There is nothing at this address."),
    N_("Somebody else changed this a moment ago. Look again, then retry."),
    N_("The database is busy. Try again in a moment."),
    N_("Please sign in."),
)
_HOLE = re.compile(r"\{(\w+)\}")
_REFUSAL_HOLES = ("material", "loaded", "days", "print_time", "quantity")


def in_language(sentence: str, _: Callable[[str], str]) -> str:
    """Return a finished English sentence in a language; an unknown one stays as it is.

    Args:
        sentence: as raised or stored.
        _: gettext of the language.
    """
    translated = _(sentence) if sentence else ""
    if translated != sentence:
        return translated
    for template, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return _(template).format(**found.groupdict())
    # Of several lines a sentence says which one it is about: the part's name, then the rest.
    part, colon, rest = sentence.partition(": ")
    if colon and (said := in_language(rest, _)) != rest:
        return _("{part}: {sentence}").format(part=part, sentence=said)
    return sentence


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    refusals = [
        refusal_sentence(
            Refusal("", code, {hole: f"{{{hole}}}" for hole in _REFUSAL_HOLES}),
            point_name="{point}",
            _=str,
        )
        for code in RefusalCode
    ]
    return tuple(
        (template, _pattern(template))
        for template in (*_TEMPLATES, *STAFF_TEMPLATES, *refusals)
        if _HOLE.search(template)
    )


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _HOLE.split(template)
    # Every second piece is a hole's name.
    return re.compile(
        "".join(
            f"(?P<{piece}>.+?)" if index % 2 else re.escape(piece)
            for index, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )
