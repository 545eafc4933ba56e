"""A bed is believed clear only if staff confirmed it after the last start."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from printer_agents.beds import Beds
from printer_agents.drivers.base import PrinterState
from printer_agents.journal import Journal
from printer_agents.protocol import AttemptRef, PrinterCondition, ReportKind
from printer_agents.records import AttemptState, Event

OPERATIONS = st.lists(
    st.sampled_from(
        ["staff", "begin", "end", "foreign", "send", "handle", "deliver", "deliver_any"]
    ),
    max_size=40,
)


def _ref(job_id: str) -> AttemptRef:
    return AttemptRef(
        job_id=job_id,
        attempt=1,
        epoch=1,
        printer_id="p1",
        agent_generation=1,
        gcode_sha256="0" * 64,
    )


class World:
    """Server, staff and network in a few lines; the journal and the beds are real."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.sqlite3")
        self.beds = Beds(self.journal, ["p1"])
        self.server_clear = False
        self.server_starts = 0
        self.held = False
        self.truly_clear = False  # staff looked after the last start
        self.sent: list[tuple[dict[str, int], int]] = []
        self.handled: list[tuple[dict[str, int], bool]] = []
        self.attempts = 0
        self.foreign = 0
        self.beds.look("p1", self._state(), None)

    def _state(self) -> PrinterState:
        return PrinterState(PrinterCondition.IDLE, "session", self.foreign)

    def staff(self) -> None:
        if not self.held:
            self.server_clear = self.truly_clear = True

    def begin(self) -> None:
        """Claim, permit and start, if the agent believes that the bed is clear."""
        if self.held or not self.beds.clear("p1"):
            return
        assert self.truly_clear
        self.attempts += 1
        self.journal.add(_ref(f"j{self.attempts}"), None, AttemptState.PERMITTED)
        self.held, self.server_clear = True, False
        attempt = self.journal.alive("p1")
        assert attempt is not None
        self.journal.begin_start(attempt, "session", self.foreign)
        self.truly_clear = False

    def end(self) -> None:
        attempt = self.journal.alive("p1")
        if attempt is not None:
            self.journal.end(attempt, Event(ReportKind.PRINTED))
            self.held = False

    def foreign_start(self) -> None:
        if not self.held:
            self.foreign += 1
            self.truly_clear = False
            self.beds.look("p1", self._state(), None)

    def send(self) -> None:
        marks = self.beds.marks(["p1"])
        self.sent.append((marks, self.beds.starts("p1")))

    def handle(self) -> None:
        if self.sent:
            marks, starts = self.sent.pop(0)
            if starts > self.server_starts:
                self.server_starts, self.server_clear = starts, False
            self.handled.append((marks, self.server_clear))

    def deliver(self, index: int = 0) -> None:
        if self.handled:
            marks, clear = self.handled.pop(index)
            self.beds.hear(marks, {"p1": clear})


@settings(max_examples=150, deadline=None)
@given(operations=OPERATIONS)
def test_no_order_of_answers_makes_a_used_bed_clear(operations: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        steps = {
            "staff": world.staff,
            "begin": world.begin,
            "end": world.end,
            "foreign": world.foreign_start,
            "send": world.send,
            "handle": world.handle,
            "deliver": world.deliver,
            "deliver_any": lambda: world.deliver(-1),
        }
        try:
            for operation in operations:
                steps[operation]()
                assert world.truly_clear or not world.beds.clear("p1")
        finally:
            world.journal.close()


def test_a_confirmation_after_the_last_start_arrives(tmp_path: Path) -> None:
    world = World(tmp_path)
    for step in (world.staff, world.send, world.handle, world.deliver, world.begin, world.end):
        step()
    assert not world.beds.clear("p1")
    for step in (world.send, world.handle, world.deliver):
        step()
    world.staff()
    for step in (world.send, world.handle, world.deliver):
        step()
    assert world.beds.clear("p1")
    world.journal.close()


def test_after_an_unordered_start_only_an_answer_to_news_of_it_can_clear_the_bed(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    told_before = world.beds.marks(["p1"])
    world.foreign_start()
    assert not world.beds.hear(told_before, {"p1": True})
    assert not world.beds.clear("p1")
    # An answer to a request that told nothing of this printer: worth asking again.
    assert world.beds.hear(world.beds.marks([]), {"p1": True})
    assert not world.beds.clear("p1")
    assert not world.beds.hear(world.beds.marks(["p1"]), {"p1": True})
    assert world.beds.clear("p1")
    world.journal.close()


def test_what_staff_said_of_a_bed_before_the_first_look_is_asked_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    beds = Beds(journal, ["used", "new"])
    beds.hear(beds.marks(["used", "new"]), {"used": True, "new": True})
    # OctoPrint counts what it hears, so a count of nothing proves nothing.
    beds.look("used", PrinterState(PrinterCondition.IDLE, "session", 0), None)
    beds.look("new", PrinterState(PrinterCondition.IDLE, "session", 0, unused=True), None)
    assert [beds.clear("used"), beds.starts("used")] == [False, 1]
    assert [beds.clear("new"), beds.starts("new")] == [True, 0]
    journal.close()


def test_a_start_beyond_our_own_soils_the_bed_even_while_our_job_is_in_doubt(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    beds = Beds(journal, ["p1"])
    beds.look("p1", PrinterState(PrinterCondition.IDLE, "session", 4), None)
    journal.add(_ref("job-1"), None, AttemptState.PERMITTED)
    attempt = journal.alive("p1")
    assert attempt is not None
    journal.begin_start(attempt, "session", 4)
    attempt = journal.alive("p1")
    ours = beds.starts("p1")
    beds.look("p1", PrinterState(PrinterCondition.IDLE, "session", 5), attempt)
    assert beds.starts("p1") == ours
    beds.look("p1", PrinterState(PrinterCondition.IDLE, "session", 6), attempt)
    assert beds.starts("p1") == ours + 1
    journal.close()


def test_of_a_job_of_a_lost_journal_no_start_is_expected_any_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    beds = Beds(journal, ["p1"])
    journal.add(_ref("job-1"), None, AttemptState.STARTING)
    adopted = journal.alive("p1")
    beds.look("p1", PrinterState(PrinterCondition.IDLE, "session", 4), adopted)
    beds.hear(beds.marks(["p1"]), {"p1": True})
    beds.look("p1", PrinterState(PrinterCondition.IDLE, "session", 5), adopted)
    assert beds.starts("p1") == 2
    assert not beds.clear("p1")
    journal.close()
