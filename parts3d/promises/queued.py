"""A print that stands on a printer's list, as a value with an identity. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from parts3d.promises.print_time import PrintTime

_NOWHERE_ELSE: Mapping[str, PrintTime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Queued:
    """A print that runs or waits, known well enough to be put in another order or place.

    Args:
        time: on the printer it stands on; of one that runs, what is left.
        job_id: the job's; empty for one that nothing is known of.
        order_id: the order's, so that an order is ready when the last of its prints is.
        line: position of the order's line.
        due_at: when the order was promised; None: to nobody.
        material: what must be loaded; empty: what is.
        copies: parts on the bed, to be checked one by one.
        print_times: by printer model, where else it could be printed; empty: nowhere.
        hedge_of: the job that this one makes the same part as; whichever passes first serves.
        may_move: may another printer of the point take it? Not once an agent has.
        done_share: of one that runs, how much of it is printed, from 0 to 1: a failure would have
            shown by then.
    """

    time: PrintTime
    job_id: str = ""
    order_id: str = ""
    line: int = 1
    due_at: datetime | None = None
    material: str = ""
    copies: int = 1
    print_times: Mapping[str, PrintTime] = field(default_factory=lambda: _NOWHERE_ELSE)
    hedge_of: str | None = None
    may_move: bool = True
    done_share: float = 0.0
