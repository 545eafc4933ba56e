"""The rows of the journal and their types."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from printer_agents.protocol import AttemptRef, ReportKind, Work

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    printer_id TEXT NOT NULL,
    ref TEXT NOT NULL UNIQUE,
    work TEXT,
    state TEXT NOT NULL,
    permit_asked INTEGER NOT NULL DEFAULT 0,
    bed_mark INTEGER NOT NULL DEFAULT 0,
    start_tries INTEGER NOT NULL DEFAULT 0,
    start_session TEXT NOT NULL DEFAULT '',
    start_jobs INTEGER,
    outcome TEXT,
    cleaned INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS one_alive ON attempts (printer_id) WHERE state <> 'ended';
CREATE TABLE IF NOT EXISTS reports (
    event_seq INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS baton (held TEXT, next TEXT);
CREATE TABLE IF NOT EXISTS loaded (printer_id TEXT PRIMARY KEY, material TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS presses (
    printer_id TEXT PRIMARY KEY,
    count INTEGER NOT NULL DEFAULT 0,
    counts INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS printers (
    printer_id TEXT PRIMARY KEY,
    bed_clear INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    session TEXT,
    jobs_started INTEGER,
    foreign_file TEXT
);
"""


class AttemptState(StrEnum):
    """How far an attempt has come, as far as the disk knows."""

    CLAIMED = "claimed"
    DOWNLOADED = "downloaded"  # size and hash verified
    UPLOADED = "uploaded"  # lies on the printer, not started
    PERMITTED = "permitted"
    STARTING = "starting"  # start may have been called
    PRINTING = "printing"
    ENDED = "ended"


# Until here the agent can prove by its journal alone that nothing was started.
UNSTARTED = {
    AttemptState.CLAIMED,
    AttemptState.DOWNLOADED,
    AttemptState.UPLOADED,
    AttemptState.PERMITTED,
}
# Here it may be running.
STARTED = {AttemptState.STARTING, AttemptState.PRINTING}
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the journal. ``work`` is missing for attempts of an earlier generation."""

    id: int
    ref: AttemptRef
    work: Work | None
    state: AttemptState
    permit_asked: bool
    bed_mark: int
    start_tries: int
    start_session: str
    start_jobs: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something to report about an attempt."""

    kind: ReportKind
    detail: str | None = None
    progress: float | None = None
    remaining_seconds: float | None = None
    printed_seconds: float | None = None
    command_id: str | None = None


def attempt_of(row: sqlite3.Row) -> Attempt:
    """Return the attempt of a row of ``attempts``."""
    return Attempt(
        id=row["id"],
        ref=AttemptRef.model_validate_json(row["ref"]),
        work=Work.model_validate_json(row["work"]) if row["work"] else None,
        state=AttemptState(row["state"]),
        permit_asked=bool(row["permit_asked"]),
        bed_mark=row["bed_mark"],
        start_tries=row["start_tries"],
        start_session=row["start_session"],
        start_jobs=row["start_jobs"],
        outcome=row["outcome"],
    )
