"""All tables in one place, so that migrations and tests see the whole schema."""

from sqlmodel import SQLModel

from parts3d.accounts import tables as accounts
from parts3d.catalogue import tables as catalogue
from parts3d.jobs import tables as jobs
from parts3d.jobs.keeping import tables as keeping
from parts3d.notices import tables as notices
from parts3d.orders import compensation_tables as compensations
from parts3d.orders import tables as orders
from parts3d.points import closure_tables as closures
from parts3d.points import pairing_tables as pairing
from parts3d.points import shelf_tables as shelf
from parts3d.points import spell_tables as spells
from parts3d.points import tables as points
from parts3d.promises import decision_tables as decisions
from parts3d.promises import tables as promises
from parts3d.quotes import tables as quotes
from parts3d.quotes import tariff_tables as tariffs
from parts3d.quotes import voucher_tables as vouchers
from parts3d.slicing import correction_tables as corrections
from parts3d.slicing import tables as slicing
from parts3d.units import tables as units

__all__ = [
    "accounts",
    "catalogue",
    "closures",
    "compensations",
    "corrections",
    "decisions",
    "jobs",
    "keeping",
    "notices",
    "orders",
    "pairing",
    "points",
    "promises",
    "quotes",
    "shelf",
    "slicing",
    "spells",
    "tariffs",
    "units",
    "vouchers",
]

metadata = SQLModel.metadata
