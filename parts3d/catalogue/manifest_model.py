"""What a ``part.toml`` says, as closed types. Every field's description serves as its remedy."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.safety import SELLABLE_CLASSES, SafetyClass

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=800)]
# At least three letters or digits before the star: "*" alone would fit every appliance.
ModelPattern = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9](?:[ ./-]?[A-Z0-9]){2,30}\*?$", max_length=40)
]
LengthMm = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
_Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-1000, le=1000)]


def _with_a_length(direction: tuple[float, float, float]) -> tuple[float, float, float]:
    if not any(direction):
        raise ValueError("a direction needs a length")
    return direction


# Along which the part is pulled or bent in use, in the file's axes; of any length but zero.
Direction = Annotated[tuple[_Coordinate, _Coordinate, _Coordinate], AfterValidator(_with_a_length)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShortTexts(_Closed):
    """One line in each language of the catalogue."""

    fr: Line = Field(description="one line in French")
    nl: Line = Field(description="one line in Dutch")
    de: Line = Field(description="one line in German")
    en: Line = Field(description="one line in English")


class LongTexts(_Closed):
    """A few sentences in each language of the catalogue."""

    fr: Words = Field(description="a few sentences in French")
    nl: Words = Field(description="a few sentences in Dutch")
    de: Words = Field(description="a few sentences in German")
    en: Words = Field(description="a few sentences in English")


class ApplianceFit(_Closed):
    """Appliances of one brand that the part fits."""

    appliance: Slug = Field(description='the kind of appliance, as "dishwasher"')
    brand: Line = Field(description='the brand as it stands on the appliance, as "Bosch"')
    models: tuple[ModelPattern, ...] = Field(
        min_length=1,
        description='model numbers in capitals, with at most one * at the end, as ["SMS4*"]',
    )
    maker_reference: Line | None = Field(
        default=None, description="the maker's own number of the part it replaces"
    )


class Safety(_Closed):
    """The safety class and why it was given."""

    safety_class: SafetyClass = Field(alias="class", description='one of "S0" to "S4"')
    reason: Words = Field(description="one or two sentences: why this class")
    test_report: Line | None = Field(
        default=None, description="the number and date of the test report; S3 needs one"
    )


class Limits(_Closed):
    """What the part may be used for; shown to the buyer."""

    load: LongTexts = Field(description="how much it may bear, in four languages")
    max_temperature_c: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] | None = Field(
        default=None, description="the highest temperature in use, in °C, 0 to 200"
    )
    load_direction: Direction | None = Field(
        default=None,
        description="the direction of the pull in the file's axes, not all zero, as [0, 0, 1]",
    )


class Dimensions(_Closed):
    """The model's box as the STL lies, in mm."""

    x: LengthMm = Field(description="the model's length along x, in mm")
    y: LengthMm = Field(description="the model's length along y, in mm")
    z: LengthMm = Field(description="the model's height, in mm")


class Licence(_Closed):
    """Who drew the model and what others may do with it."""

    spdx: Literal["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0"] = Field(
        description='the licence: "CC-BY-4.0", "CC-BY-SA-4.0" or "CC0-1.0"'
    )
    author: Line = Field(description="who drew the model")


class Manufacturer(_Closed):
    """The manufacturer of record, as product safety law wants it beside the offer."""

    name: Line = Field(description="the manufacturer's name")
    postal_address: Line = Field(description="street, number, postcode, place and country")
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")] = Field(
        description="an e-mail address that is read"
    )


class StandardWithdrawal(_Closed):
    """Ordinary goods: the buyer may send them back."""

    kind: Literal["standard"] = Field(description='"standard"')
    days: Annotated[int, Field(ge=14, le=100)] = Field(
        description="the days to withdraw, at least 14"
    )


class MadeToOrderWithdrawal(_Closed):
    """Made to the buyer's own specification: no right of withdrawal, and the reason is told."""

    kind: Literal["made_to_order"] = Field(description='"made_to_order"')
    reason: LongTexts = Field(description="why it cannot be sent back, in four languages")


Withdrawal = Annotated[StandardWithdrawal | MadeToOrderWithdrawal, Field(discriminator="kind")]


class Manifest(_Closed):
    """One ``part.toml``."""

    slug: Slug = Field(description="the folder's name: small letters, digits and hyphens")
    category: Slug = Field(description="the name of the folder above")
    name: ShortTexts = Field(description="the part's name in four languages")
    description: LongTexts = Field(description="what it is and what it is for, in four languages")
    fits: tuple[ApplianceFit, ...] = Field(
        default=(), description="one [[fits]] table for each brand it fits"
    )
    recipe: Recipe = Field(description="how it is printed")
    safety: Safety | None = Field(
        default=None, description="the safety class and its reason; absent for a draft"
    )
    limits: Limits = Field(description="what it may be used for")
    dimensions_mm: Dimensions = Field(description="the model's box in mm: x, y, z")
    licence: Licence = Field(description="spdx and author")
    manufacturer: Manufacturer = Field(description="name, postal_address and email")
    withdrawal: Withdrawal = Field(
        description='kind = "standard" with days, or kind = "made_to_order" with a reason'
    )

    @property
    def safety_class(self) -> SafetyClass | None:
        """The class; None for a draft that nobody has classified yet."""
        return self.safety.safety_class if self.safety else None

    @property
    def sellable(self) -> bool:
        """Whether its class lets it be sold: S0 to S3. Unclassified and S4 never are."""
        return self.safety_class in SELLABLE_CLASSES

    @property
    def never_sold(self) -> bool:
        """Whether it is kept for knowledge only (S4)."""
        return self.safety_class is SafetyClass.S4
