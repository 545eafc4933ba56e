"""What holds for a child whichever way it is shut in: used with and without bubblewrap."""

from pathlib import Path

from parts3d.meshes.isolation.sandbox import ChildLimits, ChildResult, Isolation, run_in_child
from tests.meshes.hostile.errands import TRY, Attempt, Outcome

ROOT = Path(__file__).parents[3]


def attempt(
    what: str, isolation: Isolation, *, path: str = "", limits: ChildLimits | None = None
) -> str:
    result: ChildResult[Outcome] = run_in_child(
        TRY,
        Attempt(what=what, path=path),
        b"",
        isolation=isolation,
        limits=limits or ChildLimits(),
        visible=[ROOT] if isolation == "process" else [ROOT / "tests", ROOT],
    )
    return result.answer.said
