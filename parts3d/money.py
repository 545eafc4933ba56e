"""Money is integer cents; ``Decimal`` appears only at the borders."""

from decimal import ROUND_HALF_UP, Decimal


def round_cents(amount_cents: Decimal) -> int:
    """Round an exact amount in cents to whole cents, halves away from zero.

    The one rounding rule of the project (commercial rounding, as on Belgian invoices).
    """
    return int(amount_cents.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def vat_included_cents(gross_cents: int, vat_rate: Decimal) -> int:
    """Return the VAT contained in a gross amount, in cents.

    Args:
        gross_cents: amount with VAT.
        vat_rate: 0.21 for 21 %.
    """
    return gross_cents - round_cents(Decimal(gross_cents) / (1 + vat_rate))
