"""Vouchers: what a code takes off a price. Pure; ``voucher_service.py`` knows who may use it.

What a voucher means, decided:

- A customer reads it as euros off what she pays, so an amount includes VAT, and a share is of the
  total with VAT.
- The tariff's minimum is applied first: it pays for the shop's work. The voucher is the network's
  gift and may take the total below the minimum, but never below the tariff's
  ``voucher_floor_cents`` (nor below zero); what is left of an amount then is lost.
- The point's share and the author's royalty are not touched by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from parts3d.errors import Invalid


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a code takes off.

    Args:
        code: as the customer typed it, in capitals.
        amount_cents: with VAT; None where it is a share.
        share: of the total with VAT, 0.1 is 10 %; None where it is an amount.
        part: the slug of the one part it is for; None for the whole order.
    """

    code: str
    amount_cents: int | None = None
    share: Decimal | None = None
    part: str | None = None

    def __post_init__(self) -> None:
        if (self.amount_cents is None) == (self.share is None):
            raise Invalid(f"Voucher {self.code} needs either an amount or a share.", place="amount")
        if self.amount_cents is not None and self.amount_cents < 1:
            raise Invalid("A voucher takes off at least one cent.", place="amount")
        if self.share is not None and not (self.share.is_finite() and 0 < self.share <= 1):
            raise Invalid(
                "A voucher takes off a share of more than 0 % and at most 100 %.", place="share"
            )


def apply(
    voucher: Voucher,
    line_cents: Sequence[Fraction],
    parts: Sequence[str | None],
    floor_cents: int = 0,
) -> list[Fraction]:
    """Return what a voucher takes off each line, exactly, in cents with VAT.

    Args:
        voucher: the code's terms.
        line_cents: what each line costs with VAT, exactly.
        parts: the slug of each line's part.
        floor_cents: what the lines together cost at least afterwards; when they cost less
            before, nothing is taken off.

    Raises:
        Invalid: it is for a part that is on no line.
    """
    meant = [
        cents if voucher.part in {None, part} else Fraction(0)
        for cents, part in zip(line_cents, parts, strict=True)
    ]
    if voucher.part is not None and voucher.part not in parts:
        raise Invalid(
            f"The voucher {voucher.code} is for another part than those in the basket.",
            place="voucher",
        )
    eligible = sum(meant, Fraction(0))
    if voucher.amount_cents is not None:
        off = min(Fraction(voucher.amount_cents), eligible)
    else:
        off = eligible * Fraction(voucher.share or 0)
    off = min(off, max(sum(line_cents, Fraction(0)) - floor_cents, Fraction(0)))
    if not eligible:
        return [Fraction(0)] * len(meant)
    return [off * cents / eligible for cents in meant]
