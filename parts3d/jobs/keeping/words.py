"""What is said of a move, in finished English sentences (``sentences.py`` translates them)."""

from parts3d.jobs.keeping.tables import RescueKind

# For the customer, on her order's timeline.
TOLD = {
    RescueKind.PRINTER: "Another printer of the shop makes it now, so that it stays in time.",
    RescueKind.REPRINT: "The first try did not turn out well; it is printed again.",
    RescueKind.HEDGE: "A second printer makes it as well, so that it stays in time.",
    RescueKind.TELL: "It will be ready later than promised; we have written to you.",
}
STAYS = "It stays where it is."


def asked_words(point: str) -> str:
    """Say that the customer was asked whether to collect elsewhere."""
    return f"We have asked you whether you would rather collect at {point}."


def moved_words(point: str) -> str:
    """Say that the order went to another point, as its customer agreed."""
    return f"As you agreed, it is made at {point} and collected there."


def planned_words(printer: str) -> str:
    """Say to staff where a job is planned now."""
    return f"Planned on {printer} now: it would be late otherwise."


def hedge_words(label: str) -> str:
    """Say to staff what a second job is for."""
    return f"A second print of {label}, which may be late or fail."
