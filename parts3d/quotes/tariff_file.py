"""A tariff as it is written down: in ``data/tariff.toml``, and as JSON in the database. Pure.

Numbers stay exact: TOML's are read as ``Decimal``, JSON's are kept as texts.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from parts3d.errors import Invalid
from parts3d.quotes.tariff import QuantityBreak, Royalty, Rush, Tariff

_Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Rate = Annotated[Decimal, Field(ge=0, le=10, allow_inf_nan=False)]
_PartOf = Annotated[Decimal, Field(gt=0, lt=1, allow_inf_nan=False)]
_WholeCents = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BreakSheet(_Closed):
    """A quantity break."""

    from_copies: Annotated[int, Field(gt=1, le=100_000, strict=True)]
    rate: _PartOf


class RushSheet(_Closed):
    """The surcharge of being served before others."""

    rate: _Rate
    meaning: Annotated[dict[_Name, _Words], Field(min_length=1)]


class RoyaltySheet(_Closed):
    """What a part's author gets."""

    author: _Words
    rate: _Rate = Decimal(0)
    cents_per_copy: _Amount = Decimal(0)


class TariffSheet(_Closed):
    """All of a tariff but its id and its first day; fields as in ``Tariff``."""

    material_cents_per_gram: Annotated[dict[_Name, _Amount], Field(min_length=1)]
    machine_cents_per_hour: Annotated[dict[_Name, _Amount], Field(min_length=1)]
    handling_cents_per_order: _Amount
    handling_cents_per_part: _Amount
    share_rate: _Rate
    minimum_total_cents: _WholeCents
    quantity_breaks: tuple[BreakSheet, ...] = ()
    rush: RushSheet | None = None
    royalties: dict[_Name, RoyaltySheet] = {}
    voucher_floor_cents: _WholeCents = 0

    def tariff(self, tariff_id: str, effective_from: date) -> Tariff:
        """Return it as a tariff.

        Raises:
            Invalid: its quantity breaks do not go up.
        """
        return Tariff(
            id=tariff_id,
            effective_from=effective_from,
            material_cents_per_gram=self.material_cents_per_gram,
            machine_cents_per_hour=self.machine_cents_per_hour,
            handling_cents_per_order=self.handling_cents_per_order,
            handling_cents_per_part=self.handling_cents_per_part,
            share_rate=self.share_rate,
            minimum_total_cents=self.minimum_total_cents,
            quantity_breaks=tuple(
                QuantityBreak(one.from_copies, one.rate) for one in self.quantity_breaks
            ),
            rush=None if self.rush is None else Rush(self.rush.rate, self.rush.meaning),
            royalties={
                part: Royalty(one.author, one.rate, one.cents_per_copy)
                for part, one in self.royalties.items()
            },
            voucher_floor_cents=self.voucher_floor_cents,
        )


class _Entry(TariffSheet):
    id: _Name
    # Strict: a date in quotes is TOML too, and would be read as a day.
    effective_from: Annotated[date, Field(strict=True)]


class _File(_Closed):
    tariffs: Annotated[tuple[_Entry, ...], Field(min_length=1)]


def sheet_of(tariff: Tariff) -> TariffSheet:
    """Return a tariff as it is written down, without its id and first day."""
    return TariffSheet(
        material_cents_per_gram=dict(tariff.material_cents_per_gram),
        machine_cents_per_hour=dict(tariff.machine_cents_per_hour),
        handling_cents_per_order=tariff.handling_cents_per_order,
        handling_cents_per_part=tariff.handling_cents_per_part,
        share_rate=tariff.share_rate,
        minimum_total_cents=tariff.minimum_total_cents,
        quantity_breaks=tuple(
            BreakSheet(from_copies=one.from_copies, rate=one.rate) for one in tariff.quantity_breaks
        ),
        rush=None
        if tariff.rush is None
        else RushSheet(rate=tariff.rush.rate, meaning=dict(tariff.rush.meaning)),
        royalties={
            part: RoyaltySheet(author=one.author, rate=one.rate, cents_per_copy=one.cents_per_copy)
            for part, one in tariff.royalties.items()
        },
        voucher_floor_cents=tariff.voucher_floor_cents,
    )


def written(sheet: TariffSheet) -> dict[str, Any]:
    """Return a sheet as JSON's values, exactly; ``read_sheet`` reads it back."""
    return sheet.model_dump(mode="json")


def read_sheet(content: Mapping[str, Any]) -> TariffSheet:
    """Read what ``written`` gave.

    Raises:
        Invalid: it is not that.
    """
    try:
        return TariffSheet.model_validate(content)
    except ValidationError as error:
        raise Invalid(f"The tariff cannot be read: {_first_fault(error)}.") from error


def parse_tariffs(text: str) -> tuple[Tariff, ...]:
    """Read tariffs from TOML, as in ``data/tariff.toml``; numbers stay exact.

    Raises:
        Invalid: it is no TOML, a key is missing, unknown or of the wrong kind, an id or a first
            day occurs twice.
    """
    try:
        entries = _File.model_validate(tomllib.loads(text, parse_float=Decimal)).tariffs
    except ValidationError as error:
        raise Invalid(
            f"The tariffs cannot be read: {_first_fault(error)}. Days are written without quotes "
            "(2026-01-31), and whole cents without a point.",
            place="tariffs",
        ) from error
    except (tomllib.TOMLDecodeError, ArithmeticError) as error:
        raise Invalid(f"The tariffs cannot be read: {error}.", place="tariffs") from error
    for name in ("id", "effective_from"):
        if len({getattr(entry, name) for entry in entries}) < len(entries):
            raise Invalid(f"Two tariffs have the same {name}.", place="tariffs")
    return tuple(entry.tariff(entry.id, entry.effective_from) for entry in entries)


@lru_cache(maxsize=1)
def shipped_tariffs() -> tuple[Tariff, ...]:
    """Return the tariffs that come with the program."""
    return parse_tariffs(files("parts3d.quotes").joinpath("data/tariff.toml").read_text("utf-8"))


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(step) for step in fault["loc"])
    return f"{place}: {fault['msg']}"
