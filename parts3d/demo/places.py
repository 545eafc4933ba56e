"""The demo's network: four invented points with five printers, and the people who work there.

Plain words, no tables: the demo's parent process reads this too, and stays small.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPrinter:
    """A virtual printer."""

    id: str
    name: str
    model: str
    material: str


@dataclass(frozen=True, slots=True)
class DemoPoint:
    """An invented shop at a real place."""

    slug: str
    name: str
    street: str
    postcode: str
    city: str
    latitude: float
    longitude: float
    opening_hours: str
    staffed_hours: str
    unattended: str
    printers: tuple[DemoPrinter, ...]

    @property
    def agent_id(self) -> str:
        """The agent of this shop."""
        return f"agent-{self.slug}"


POINTS = (
    # Open day and night, so that the demo has an answer at any hour.
    DemoPoint(
        slug="huy",
        name="Point 3D Huy",
        street="Rue Neuve 12",
        postcode="4500",
        city="Huy",
        latitude=50.5187,
        longitude=5.2394,
        opening_hours="24/7",
        staffed_hours="24/7",
        unattended="overnight",
        printers=(
            DemoPrinter("huy-mk3s", "Prusa 1", "mk3s", "PETG"),
            DemoPrinter("huy-neptune", "Neptune 1", "neptune4", "ASA"),
        ),
    ),
    DemoPoint(
        slug="namur",
        name="Atelier Namur",
        street="Rue de Fer 41",
        postcode="5000",
        city="Namur",
        latitude=50.4669,
        longitude=4.8675,
        opening_hours="Mo-Sa 09:30-18:30; PH off",
        staffed_hours="Mo-Sa 09:30-18:30; PH off",
        unattended="finish",
        printers=(DemoPrinter("namur-mk3s", "Prusa 2", "mk3s", "PETG"),),
    ),
    DemoPoint(
        slug="liege",
        name="Imprimerie 3D Liège",
        street="Rue Saint-Gilles 8",
        postcode="4000",
        city="Liège",
        latitude=50.6403,
        longitude=5.5666,
        opening_hours="Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-16:00; PH off",
        staffed_hours="Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-16:00; PH off",
        unattended="overnight",
        printers=(DemoPrinter("liege-neptune", "Neptune 2", "neptune4", "PETG"),),
    ),
    DemoPoint(
        slug="bruxelles",
        name="Fablab Bruxelles",
        street="Rue du Midi 120",
        postcode="1000",
        city="Bruxelles",
        latitude=50.8444,
        longitude=4.3483,
        opening_hours="Tu-Su 10:00-19:00; PH off",
        staffed_hours="Tu-Su 10:00-19:00; PH off",
        unattended="none",
        printers=(DemoPrinter("bruxelles-mk3s", "Prusa 3", "mk3s", "ASA"),),
    ),
)

# Nobody can sign in as these outside demo mode: they have no password.
PEOPLE = (
    ("counter@demo.example", "Sofie (Huy)", "staff", "huy"),
    ("maintainer@demo.example", "Malik", "maintainer", None),
    ("second.maintainer@demo.example", "Greta", "maintainer", None),
    ("operator@demo.example", "Anne", "operator", None),
)
