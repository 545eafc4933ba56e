"""Whether a bed is clear: staff's word, made safe against answers that crossed a start."""

import sqlite3
from collections.abc import Collection

from printer_agents.drivers.base import PrinterState
from printer_agents.journal import Journal
from printer_agents.protocol import PrinterCondition
from printer_agents.records import Attempt, AttemptState

BUSY = {
    PrinterCondition.PREPARING,
    PrinterCondition.PRINTING,
    PrinterCondition.PAUSED,
    PrinterCondition.CANCELLING,
    PrinterCondition.FINISHING,
}
# While an attempt is here, no confirmation can be about the bed after it.
HOLDING = (AttemptState.PERMITTED, AttemptState.STARTING, AttemptState.PRINTING)
NOT_NOW = -1


class Beds:
    """The beds of all printers of an agent, kept in its journal."""

    def __init__(self, journal: Journal, printer_ids: list[str]) -> None:
        self._journal = journal
        with journal.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO printers (printer_id) VALUES (?)",
                [(printer_id,) for printer_id in printer_ids],
            )

    def clear(self, printer_id: str) -> bool:
        """Whether staff confirmed the bed after the last start."""
        rows = self._journal.rows("SELECT bed_clear FROM printers WHERE printer_id=?", printer_id)
        return bool(rows and rows[0]["bed_clear"])

    def starts(self, printer_id: str) -> int:
        """Starts seen at a printer in this generation, by anyone."""
        rows = self._journal.rows("SELECT starts FROM printers WHERE printer_id=?", printer_id)
        return int(rows[0]["starts"]) if rows else 0

    def press(self, printer_id: str) -> bool:
        """Somebody at the printer says that its bed is clear; the server decides and answers.

        Returns:
            False: something of ours may lie there or be about to, so it means nothing.
        """
        with self._journal.transaction() as db:
            held = db.execute(
                "SELECT 1 FROM attempts WHERE printer_id=? AND (state IN (?,?,?) OR "
                "(permit_asked=1 AND state<>'ended'))",
                (printer_id, *HOLDING),
            ).fetchone()
            if held is None:
                db.execute(
                    "INSERT INTO presses VALUES (?, 1, 1) ON CONFLICT (printer_id) "
                    "DO UPDATE SET count=count+1, counts=1",
                    (printer_id,),
                )
        return held is None

    def pressed(self, printer_id: str) -> int:
        """Return the number of the last press, 0 if none counts any more."""
        rows = self._journal.rows(
            "SELECT count FROM presses WHERE printer_id=? AND counts=1", printer_id
        )
        return int(rows[0]["count"]) if rows else 0

    def unclear(self, printer_id: str) -> None:
        """Something may lie there that the server knows nothing of, as after an emergency stop."""
        with self._journal.transaction() as db:
            _soil(db, printer_id)

    def loaded(self, printer_id: str) -> str | None:
        """Return the material that is loaded by the word of staff, if they have said it."""
        rows = self._journal.rows("SELECT material FROM loaded WHERE printer_id=?", printer_id)
        return str(rows[0]["material"]) if rows else None

    def hear_loaded(self, answer: dict[str, str]) -> None:
        """Take the word of staff on what is loaded."""
        for printer_id, material in answer.items():
            if self.loaded(printer_id) != material:
                with self._journal.transaction() as db:
                    db.execute(
                        "INSERT OR REPLACE INTO loaded VALUES (?, ?)", (printer_id, material)
                    )

    def marks(self, carried: Collection[str]) -> dict[str, int]:
        """Take this before sending a request; ``hear`` needs it to judge the answer.

        ``carried`` are the printers whose starts the request tells: only of these does the server
        know, when it answers, whatever has happened there.
        """
        holding = {
            attempt.ref.printer_id
            for attempt in self._journal.all_alive()
            if attempt.state in HOLDING
        }
        return {
            row["printer_id"]: NOT_NOW if row["printer_id"] in holding else int(row["starts"])
            for row in self._journal.rows("SELECT printer_id, starts FROM printers")
            if row["printer_id"] in carried
        }

    def hear(self, marks: dict[str, int], answer: dict[str, bool]) -> bool:
        """Take the server's word.

        ``false`` counts at once. ``true`` counts only if the request told of every start there
        was, and neither then nor now is anything of ours permitted or printing: else the
        confirmation may be about an earlier print.

        Returns:
            Whether a bed may be clear that this answer could not say: worth asking again.
        """
        worth_asking = False
        for printer_id, is_clear in answer.items():
            mark = marks.get(printer_id, NOT_NOW)
            rows = self._journal.rows(
                "SELECT bed_clear, starts FROM printers WHERE printer_id=?", printer_id
            )
            if not rows or bool(rows[0]["bed_clear"]) == is_clear:
                continue
            if is_clear and mark != rows[0]["starts"]:
                worth_asking = worth_asking or printer_id not in marks
                continue
            with self._journal.transaction() as db:
                if is_clear:
                    db.execute(
                        "UPDATE printers SET bed_clear=1 WHERE printer_id=? AND starts=? "
                        "AND NOT EXISTS (SELECT 1 FROM attempts a WHERE "
                        "a.printer_id=printers.printer_id AND a.state IN (?,?,?))",
                        (printer_id, mark, *HOLDING),
                    )
                else:
                    db.execute("UPDATE printers SET bed_clear=0 WHERE printer_id=?", (printer_id,))
        return worth_asking

    def look(self, printer_id: str, state: PrinterState, own: Attempt | None) -> None:
        """Compare a snapshot with the last one: did anybody else start something?

        A lost memory (another session) counts as a start, and so does the first look of a
        journal: nobody knows what was done there before, whatever staff said of it then. Only a
        printer that proves that it was never used has an empty bed. ``own`` is our attempt, if
        it may be running: one start of the printer's count is its.
        """
        row = self._journal.rows("SELECT * FROM printers WHERE printer_id=?", printer_id)[0]
        busy = state.condition in BUSY
        own_file = own.ref.file_name if own is not None else None
        foreign_file = state.file_name if busy and state.file_name != own_file else None
        if (
            row["session"] == state.session
            and row["jobs_started"] == state.jobs_started
            and row["foreign_file"] == foreign_file
        ):
            return
        first_look = row["session"] is None
        forgot = not first_look and row["session"] != state.session
        known = row["jobs_started"] or 0
        if own is not None and own.start_jobs is not None and own.start_session == state.session:
            known = max(known, own.start_jobs + 1)
        counted = not first_look and not forgot and (state.jobs_started or 0) > known
        appeared = foreign_file is not None and foreign_file != row["foreign_file"]
        dirty = (first_look and not state.unused) or forgot or counted or appeared
        with self._journal.transaction() as db:
            db.execute(
                "UPDATE printers SET session=?, jobs_started=?, foreign_file=? WHERE printer_id=?",
                (state.session, state.jobs_started, foreign_file, printer_id),
            )
            if dirty:
                _soil(db, printer_id)


def _soil(db: sqlite3.Connection, printer_id: str) -> None:
    """Count a start that the server did not order: it hears of it before it can say clear."""
    db.execute(
        "UPDATE printers SET bed_clear=0, starts=starts+1 WHERE printer_id=?",
        (printer_id,),
    )
    db.execute("UPDATE presses SET counts=0 WHERE printer_id=?", (printer_id,))
