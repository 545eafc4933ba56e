"""What the agent must not forget: attempts, beds, and reports not yet acknowledged.

SQLite with ``synchronous=FULL``: a line is on the disk before anything follows from it. One
attempt a printer is alive at a time. If the journal cannot be written, nothing is started.

The generation numbers the journals of an agent: a fresh journal draws a random first number
(no clock, which may be wrong, and no memory, since there is none) and steps up by random
amounts while the server says it has seen a higher one. After the first hello it stays.
"""

import contextlib
import json
import random
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from printer_agents.disk_reserve import DiskReserve, free_bytes
from printer_agents.errors import JournalFault
from printer_agents.protocol import AttemptRef, Report, ReportKind, Work
from printer_agents.records import DROPPED, SCHEMA, Attempt, AttemptState, Event, attempt_of

# Far below 2**31, so that thousands of fresh journals fit in a server's integer.
GENERATION_STEP = 2**20
ENDED_KEPT = 200
# A printer that flaps for hours while the server is away: the newest so many tell enough.
COURSES_KEPT = 100
COMPACTED_FROM_PAGES = 64
LARGEST_LOG_BYTES = 1 << 20
# One agent may drive fifty printers, and asks the same few things of each again and again.
READS_KEPT = 1_000
COURSES = {ReportKind.PRINTING, ReportKind.PAUSED}
NO_JOURNAL = (
    "Nothing is started without a journal: free the disk, or move the file away and let staff "
    "look at the printers."
)


class Journal:
    """The journal of one agent. Safe to use from several threads.

    Every method raises ``JournalFault`` when the disk does not do its part.
    """

    def __init__(self, path: Path, free: Callable[[Path], int] = free_bytes) -> None:
        self._lock = threading.RLock()
        self._read: dict[tuple[str, tuple[object, ...]], list[sqlite3.Row]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.reserve = DiskReserve(path.with_suffix(".reserve"), free)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as fault:
            raise JournalFault(f"{path}: {fault}. {NO_JOURNAL}") from fault
        self._db.row_factory = sqlite3.Row
        try:
            healthy = self._prepare()
        except sqlite3.Error as fault:
            self._db.close()
            raise JournalFault(f"{path}: {fault}. {NO_JOURNAL}") from fault
        if not healthy:
            self._db.close()
            raise JournalFault(f"{path}: the file is damaged. {NO_JOURNAL}")

    def _prepare(self) -> bool:
        """Set the connection up, create what is missing; say whether the file is whole."""
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA cache_size=-512")
        self._db.execute(f"PRAGMA journal_size_limit={LARGEST_LOG_BYTES}")
        if self._db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            return False
        self._compact()
        self._db.executescript(SCHEMA)
        self._db.execute(
            "INSERT OR IGNORE INTO meta VALUES ('generation', ?), ('confirmed', 0)",
            (random.randint(1, GENERATION_STEP),),
        )
        return True

    def _compact(self) -> None:
        """Give the disk back what is no longer needed, where that is most of the file."""
        free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        if pages > COMPACTED_FROM_PAGES and free * 2 > pages:
            with contextlib.suppress(sqlite3.Error):  # a disk too full for it: another time
                self._db.execute("VACUUM")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on the disk when it ends."""
        with self._lock:
            self._read.clear()
            self.reserve.watch()
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as fault:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self.reserve.hear(fault)
                raise JournalFault(f"The journal cannot be written: {fault}.") from fault

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Read. What was read is remembered until something is written: nobody else writes."""
        with self._lock:
            if (sql, values) not in self._read:
                if len(self._read) >= READS_KEPT:
                    self._read.clear()
                try:
                    self._read[sql, values] = self._db.execute(sql, values).fetchall()
                except sqlite3.Error as fault:
                    raise JournalFault(f"The journal cannot be read: {fault}.") from fault
            return self._read[sql, values]

    # Generation

    @property
    def generation(self) -> int:
        """The number of this journal among the journals of this agent."""
        return int(self.rows("SELECT value FROM meta WHERE key='generation'")[0]["value"])

    @property
    def confirmed(self) -> bool:
        """Whether the server has accepted this generation once."""
        return bool(self.rows("SELECT value FROM meta WHERE key='confirmed'")[0]["value"])

    def confirm_generation(self) -> None:
        """The server has accepted this generation; it never changes again."""
        with self.transaction() as db:
            db.execute("UPDATE meta SET value=1 WHERE key='confirmed'")

    def step_generation(self) -> None:
        """Draw a higher generation; only for a journal that was never accepted."""
        with self.transaction() as db:
            db.execute(
                "UPDATE meta SET value=value+? WHERE key='generation' "
                "AND (SELECT value FROM meta WHERE key='confirmed')=0",
                (random.randint(1, GENERATION_STEP),),
            )

    # Baton

    def baton_offer(self) -> tuple[str | None, str]:
        """Return the baton held and the next one; that is drawn once and kept until taken."""
        with self.transaction() as db:
            row = db.execute("SELECT held, next FROM baton").fetchone()
            if row is None:
                db.execute("INSERT INTO baton VALUES (NULL, NULL)")
            if row is not None and row["next"]:
                return row["held"], row["next"]
            drawn = secrets.token_hex(8)
            db.execute("UPDATE baton SET next=?", (drawn,))
            return (row["held"] if row else None), drawn

    def take_baton(self) -> None:
        """The server has accepted the hello: the next baton is the one held."""
        with self.transaction() as db:
            db.execute("UPDATE baton SET held=next, next=NULL WHERE next IS NOT NULL")

    # Attempts

    def alive(self, printer_id: str) -> Attempt | None:
        """The attempt that a printer has in hand."""
        rows = self.rows("SELECT * FROM attempts WHERE state<>'ended' AND printer_id=?", printer_id)
        return attempt_of(rows[0]) if rows else None

    def all_alive(self) -> list[Attempt]:
        """Every attempt that has not ended."""
        rows = self.rows("SELECT * FROM attempts WHERE state<>'ended' ORDER BY id")
        return [attempt_of(row) for row in rows]

    def known(self, ref: AttemptRef) -> Attempt | None:
        """An attempt by its identity, alive or ended."""
        rows = self.rows("SELECT * FROM attempts WHERE ref=?", ref.model_dump_json())
        return attempt_of(rows[0]) if rows else None

    def to_clean(self, printer_id: str) -> list[Attempt]:
        """Ended attempts whose file may still lie on the printer."""
        rows = self.rows(
            "SELECT * FROM attempts WHERE state='ended' AND cleaned=0 AND printer_id=?", printer_id
        )
        return [attempt_of(row) for row in rows]

    def add(
        self,
        ref: AttemptRef,
        work: Work | None,
        state: AttemptState = AttemptState.CLAIMED,
        event: Event | None = None,
    ) -> None:
        """Note a new attempt; one that is added as ended says so to the server."""
        with self.transaction() as db:
            outcome = event.kind.value if event and state is AttemptState.ENDED else None
            row = db.execute(
                "INSERT INTO attempts (printer_id, ref, work, state, outcome) VALUES (?,?,?,?,?)",
                (
                    ref.printer_id,
                    ref.model_dump_json(),
                    work.model_dump_json() if work else None,
                    state,
                    outcome,
                ),
            )
            if event is not None and row.lastrowid is not None:
                _put_report(db, row.lastrowid, ref, event)

    def move(self, attempt: Attempt, state: AttemptState, event: Event | None = None) -> None:
        """Note a step, together with its report."""
        with self.transaction() as db:
            db.execute("UPDATE attempts SET state=? WHERE id=?", (state, attempt.id))
            if event is not None:
                _put_report(db, attempt.id, attempt.ref, event)

    def permit_is_asked(self, attempt: Attempt) -> None:
        """Note, before asking, that from now on the server may have permitted the start.

        The bed mark pins the number of starts at that printer: the permit is for this bed.
        """
        with self.transaction() as db:
            db.execute(
                "UPDATE attempts SET permit_asked=1, bed_mark=COALESCE("
                "(SELECT starts FROM printers p WHERE p.printer_id=attempts.printer_id), 0) "
                "WHERE id=?",
                (attempt.id,),
            )
            _forget_press(db, attempt.ref.printer_id)

    def begin_start(self, attempt: Attempt, session: str, jobs_started: int | None) -> None:
        """Note that start is about to be called. From here the bed is not clear."""
        with self.transaction() as db:
            db.execute(
                "UPDATE attempts SET state='starting', start_tries=start_tries+1, "
                "start_session=?, start_jobs=? WHERE id=?",
                (session, jobs_started, attempt.id),
            )
            db.execute(
                "INSERT INTO printers (printer_id, starts) VALUES (?, 1) ON CONFLICT (printer_id) "
                "DO UPDATE SET bed_clear=0, starts=starts+1",
                (attempt.ref.printer_id,),
            )
            _forget_press(db, attempt.ref.printer_id)
            _put_report(db, attempt.id, attempt.ref, Event(ReportKind.STARTING))

    def start_disproved(self, attempt: Attempt) -> None:
        """The printer proved that nothing was started: upload again, ask the permit again."""
        with self.transaction() as db:
            db.execute(
                "UPDATE attempts SET state='downloaded', bed_mark="
                "(SELECT starts FROM printers p WHERE p.printer_id=attempts.printer_id) "
                "WHERE id=?",
                (attempt.id,),
            )

    def end(self, attempt: Attempt, event: Event | None) -> None:
        """Note the end of an attempt. Without an event it is dropped in silence (stale)."""
        with self.transaction() as db:
            outcome = event.kind.value if event else DROPPED
            db.execute(
                "UPDATE attempts SET state='ended', outcome=? WHERE id=?", (outcome, attempt.id)
            )
            if event is not None:
                _put_report(db, attempt.id, attempt.ref, event)

    def cleaned(self, attempt: Attempt) -> None:
        """Nothing of this attempt is left on printer and disk; forget the oldest such rows."""
        with self.transaction() as db:
            db.execute("UPDATE attempts SET cleaned=1 WHERE id=?", (attempt.id,))
            db.execute(
                "DELETE FROM attempts WHERE cleaned=1 AND id NOT IN "
                "(SELECT id FROM attempts ORDER BY id DESC LIMIT ?) "
                "AND id NOT IN (SELECT attempt_id FROM reports)",
                (ENDED_KEPT,),
            )

    # Reports

    @property
    def last_event_seq(self) -> int:
        """The highest number ever given to a report."""
        rows = self.rows("SELECT seq FROM sqlite_sequence WHERE name='reports'")
        return int(rows[0]["seq"]) if rows else 0

    def report(self, attempt: Attempt, event: Event) -> None:
        """Queue a report; an unsent progress of the same attempt gives way to a newer one."""
        with self.transaction() as db:
            _put_report(db, attempt.id, attempt.ref, event)

    def waiting_reports(self, most: int) -> list[Report]:
        """The oldest unacknowledged reports, in order."""
        rows = self.rows("SELECT event_seq, body FROM reports ORDER BY event_seq LIMIT ?", most)
        return [Report(**json.loads(row["body"]), event_seq=row["event_seq"]) for row in rows]

    def has_waiting_report(self, attempt: Attempt) -> bool:
        """Whether something about an attempt has not been acknowledged yet."""
        return bool(self.rows("SELECT 1 FROM reports WHERE attempt_id=? LIMIT 1", attempt.id))

    def has_answered(self, command_id: str) -> bool:
        """Whether an answer to a command waits for its acknowledgement."""
        sql = "SELECT 1 FROM reports WHERE kind IN ('obeyed','disobeyed') AND body LIKE ? LIMIT 1"
        return bool(self.rows(sql, f'%"command_id": "{command_id}"%'))

    def acknowledge(self, event_seqs: list[int]) -> None:
        """The server has these; forget them."""
        with self.transaction() as db:
            db.executemany("DELETE FROM reports WHERE event_seq=?", [(s,) for s in event_seqs])


def _forget_press(db: sqlite3.Connection, printer_id: str) -> None:
    """A press of the button was about the bed before this."""
    db.execute("UPDATE presses SET counts=0 WHERE printer_id=?", (printer_id,))


def _put_report(db: sqlite3.Connection, attempt_id: int, ref: AttemptRef, event: Event) -> None:
    if event.kind is ReportKind.PROGRESS:
        db.execute("DELETE FROM reports WHERE attempt_id=? AND kind='progress'", (attempt_id,))
    elif event.kind in COURSES:
        db.execute(
            "DELETE FROM reports WHERE attempt_id=? AND kind IN ('printing','paused') "
            "AND event_seq NOT IN (SELECT event_seq FROM reports WHERE attempt_id=? "
            "AND kind IN ('printing','paused') ORDER BY event_seq DESC LIMIT ?) AND event_seq<>("
            "SELECT MIN(event_seq) FROM reports WHERE attempt_id=? AND kind='printing')",
            (attempt_id, attempt_id, COURSES_KEPT, attempt_id),
        )
    body = {
        "ref": ref.model_dump(),
        "kind": event.kind,
        "progress": event.progress,
        "remaining_seconds": event.remaining_seconds,
        "printed_seconds": event.printed_seconds,
        "detail": event.detail[:500] if event.detail else None,
        "command_id": event.command_id,
    }
    db.execute(
        "INSERT INTO reports (attempt_id, kind, body) VALUES (?,?,?)",
        (attempt_id, event.kind, json.dumps(body)),
    )
