"""``parts3d-agent doctor``: what is wrong, each in a sentence with its remedy."""

import shutil
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path

import httpx

from printer_agents.client import ServerClient
from printer_agents.config import NOT_PAIRED, AgentConfig, load_config, read_config
from printer_agents.drivers import open_driver
from printer_agents.errors import AgentError, JournalFault, Refused, Rejected
from printer_agents.folder_lock import lock_folder
from printer_agents.journal import Journal
from printer_agents.keys import load_key
from printer_agents.paired import load_paired

FREE_BYTES_NEEDED = 200_000_000
FREE_BYTES_WANTED = 1_000_000_000
# The agent does not need a right clock; people who read its log do.
SKEW_SECONDS = 60.0
REPORTS_TO_MENTION = 20
SLOW_SECONDS = 5.0


class Grade(StrEnum):
    """How bad it is."""

    GOOD = "ok"
    WARN = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Result:
    """One check: what was found, and what to do about it."""

    grade: Grade
    about: str
    words: str
    remedy: str = ""


def run_doctor(path: Path, transport: httpx.BaseTransport | None = None) -> int:
    """Check everything and say it; the exit code is 1 when something is bad."""
    worst = 0
    for result in examine(path, transport):
        remedy = f"\n       {result.remedy}" if result.remedy else ""
        sys.stdout.write(f"[{result.grade:>4}] {result.about}: {result.words}{remedy}\n")
        sys.stdout.flush()
        worst = max(worst, int(result.grade is Grade.BAD))
    return worst


def examine(path: Path, transport: httpx.BaseTransport | None = None) -> Iterator[Result]:
    """Check configuration, key, folder, journal, server and printers, in that order.

    Args:
        path: the configuration.
        transport: how the server is reached.
    """
    try:
        written = read_config(path)
        config = load_config(path)
    except AgentError as fault:
        yield Result(Grade.BAD, "configuration", str(fault), "Mend it, then run doctor again.")
        return
    count = len(config.printers)
    yield Result(Grade.GOOD, "configuration", f"{path} is right; {count} printers.")
    yield from _permissions(path)
    yield from _pairing(written, config)
    yield from _disk(config.data_dir)
    running = yield from _folder(config.data_dir)
    yield from _journal(config, running=running)
    yield from _server(config, transport)
    for section in config.printers:
        yield _printer(config, section.id)


def _permissions(path: Path) -> Iterator[Result]:
    if path.stat().st_mode & 0o077 and "api_key" in path.read_text(encoding="utf-8"):
        words = "other users of this machine may read the printers' keys in it."
        yield Result(Grade.WARN, "configuration", words, f"Run: chmod 600 {path}")


def _pairing(written: AgentConfig, config: AgentConfig) -> Iterator[Result]:
    if config.agent_id == NOT_PAIRED:
        yield Result(Grade.BAD, "pairing", "this agent is not paired.", "Run: parts3d-agent pair")
        return
    paired = load_paired(config.data_dir)
    if paired is not None and written.agent_id == NOT_PAIRED:
        words = f"paired with {paired.point}, as {paired.agent_name}."
        yield Result(Grade.GOOD, "pairing", words)
        left_out = [row.id for row in written.printers if row.id not in paired.printers]
        if left_out:
            yield Result(
                Grade.WARN,
                "pairing",
                f"not used, since staff did not choose them: {', '.join(left_out)}.",
                "Run: parts3d-agent pair --again",
            )
    try:
        key = load_key(config.agent_id, config.key_file)
    except AgentError as fault:
        yield Result(Grade.BAD, "key", str(fault), "A lost key is replaced by pairing again.")
    else:
        yield Result(Grade.GOOD, "key", f"fingerprint {key.fingerprint}")


def _disk(data_dir: Path) -> Iterator[Result]:
    there = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    words = f"{free / 1e9:.1f} GB are free where {data_dir} lies."
    remedy = "Remove old files; a full disk lets no print start."
    if free < FREE_BYTES_NEEDED:
        yield Result(Grade.BAD, "disk", words, remedy)
    elif free < FREE_BYTES_WANTED:
        yield Result(Grade.WARN, "disk", words, remedy)
    else:
        yield Result(Grade.GOOD, "disk", words)


def _folder(data_dir: Path) -> Generator[Result, None, bool]:
    try:
        lock_folder(data_dir).close()
    except JournalFault as fault:
        if "another agent" in str(fault):
            yield Result(Grade.GOOD, "agent", "it is running.")
            return True
        yield Result(
            Grade.BAD,
            "folder",
            str(fault),
            "Let the agent's account own it: sudo chown -R NAME FOLDER",
        )
        return False
    yield Result(
        Grade.WARN,
        "agent",
        "it is not running: nothing is printed.",
        "Run: parts3d-agent install-service; or parts3d-agent run",
    )
    return False


def _journal(config: AgentConfig, *, running: bool) -> Iterator[Result]:
    if not config.journal_path.exists():
        yield Result(Grade.GOOD, "journal", "none yet; the agent has not run here.")
        return
    try:
        journal = Journal(config.journal_path)
    except JournalFault as fault:
        yield Result(
            Grade.BAD,
            "journal",
            str(fault),
            "Move the file away, start the agent, and look at every printer before it goes on.",
        )
        return
    try:
        waiting = len(journal.waiting_reports(1000))
        alive = journal.all_alive()
    finally:
        journal.close()
    words = f"whole; {len(alive)} jobs in hand, {waiting} reports to be sent."
    if waiting > REPORTS_TO_MENTION:
        remedy = "They are sent as soon as the server answers." if running else "Start the agent."
        yield Result(Grade.WARN, "journal", words, remedy)
    else:
        yield Result(Grade.GOOD, "journal", words)


def _server(config: AgentConfig, transport: httpx.BaseTransport | None) -> Iterator[Result]:
    about = f"server {config.server_url}"
    began = time.monotonic()
    try:
        with httpx.Client(
            base_url=config.server_url,
            transport=transport,
            timeout=config.intervals.request_seconds,
        ) as http:
            answer = http.get("/healthz")
    except httpx.HTTPError as fault:
        yield Result(
            Grade.BAD,
            about,
            f"does not answer ({type(fault).__name__}).",
            "Check server_url, the cable or the wireless network, and the router.",
        )
        return
    took = time.monotonic() - began
    if took > SLOW_SECONDS:
        yield Result(Grade.WARN, about, f"takes {took:.0f} s to answer.", "Check the network.")
    yield from _clock(answer)
    if config.agent_id != NOT_PAIRED and config.key_file.exists():
        yield _knows_us(config, about, transport)
    else:
        yield Result(Grade.GOOD, about, "answers.")


def _clock(answer: httpx.Response) -> Iterator[Result]:
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return
    skew = (datetime.now(UTC) - theirs).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        words = f"this machine's is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}."
        remedy = "Nothing depends on it, but the log is hard to read: sudo timedatectl set-ntp true"
        yield Result(Grade.WARN, "clock", words, remedy)
    else:
        yield Result(Grade.GOOD, "clock", "right to the minute.")


def _knows_us(config: AgentConfig, about: str, transport: httpx.BaseTransport | None) -> Result:
    """Say something that changes nothing, signed, and see whether it is taken."""
    try:
        client = ServerClient(config, load_key(config.agent_id, config.key_file), transport)
        try:
            # A download that nobody promised: who may ask is told that there is none.
            client.download("/agent/v1/gcode/doctor", 1, config.data_dir / "gcode" / "doctor")
        finally:
            client.close()
    except Rejected:
        return Result(Grade.GOOD, about, "answers, and knows this agent.")
    except Refused as fault:
        return Result(
            Grade.BAD, about, str(fault), "Run: parts3d-agent unpair, then parts3d-agent pair"
        )
    except AgentError as fault:
        return Result(Grade.WARN, about, str(fault), "Try again in a minute.")
    return Result(Grade.WARN, about, "answers oddly.", "Is server_url the network's address?")


def _printer(config: AgentConfig, printer_id: str) -> Result:
    section = next(row for row in config.printers if row.id == printer_id)
    about = f"printer {section.label}"
    try:
        driver = open_driver(section)
        try:
            host = driver.probe().host
            state = driver.snapshot()
        finally:
            driver.close()
    except AgentError as fault:
        return Result(Grade.BAD, about, str(fault), "Is it switched on? Check its address and key.")
    detail = f" ({state.detail})" if state.detail else ""
    return Result(Grade.GOOD, about, f"answers: {host}, {state.condition}{detail}.")
