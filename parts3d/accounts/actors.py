"""Who acted, as a history shows it: ``staff:<id>`` becomes a person's name."""

from collections.abc import Iterable

from sqlmodel import Session

from parts3d.accounts.tables import Account, Agent


def actor_names(session: Session, actors: Iterable[str | None]) -> dict[str, str]:
    """Return a name for each actor; one that is no person or agent keeps its own word."""
    names: dict[str, str] = {}
    for actor in {actor for actor in actors if actor}:
        kind, _colon, identity = actor.partition(":")
        found: Account | Agent | None = None
        if kind == "agent":
            found = session.get(Agent, identity)
        elif identity:
            found = session.get(Account, identity)
        names[actor] = found.name if found else kind
    return names
