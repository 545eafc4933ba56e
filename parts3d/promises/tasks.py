"""What time alone does to promises, done by the sweep."""

from datetime import datetime, timedelta

from parts3d.context import Context
from parts3d.promises.decisions import forget
from parts3d.promises.holds import release_expired
from parts3d.tasks import sweeper


@sweeper
def release_expired_holds(context: Context, now: datetime) -> None:
    """Tidy holds past their time; they stopped counting by themselves."""
    with context.database.unit_of_work() as work:
        release_expired(work.session, now)


@sweeper
def forget_old_decisions(context: Context, now: datetime) -> None:
    """Throw away what nobody will ask for: checkouts without an order, and old evidence."""
    keep = timedelta(days=context.settings.decision_days)
    with context.database.unit_of_work() as work:
        forget(work.session, now, keep=keep)
