"""The agent: one thread a printer, one that claims, one that reports. All may die at any time."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue

import httpx

from printer_agents.beds import Beds
from printer_agents.client import ServerClient
from printer_agents.clock import Backoff, Clock, steady_seconds
from printer_agents.config import AgentConfig
from printer_agents.disk_reserve import free_bytes
from printer_agents.drivers import open_driver
from printer_agents.drivers.base import Driver
from printer_agents.errors import AgentError, JournalFault, Refused, ServerFault
from printer_agents.folder_lock import lock_folder
from printer_agents.greet import reconcile, say_hello
from printer_agents.journal import Journal
from printer_agents.keys import AgentKey
from printer_agents.pictures import Photographer
from printer_agents.protocol import Claim, PrinterCondition, ReportKind, Work
from printer_agents.records import AttemptState, Event
from printer_agents.speak import Speaker
from printer_agents.station import CrashPoint, Station, Surroundings

log = logging.getLogger("parts3d.agent")

# A claim that leaves out a printer which may become free soon must not wait long.
IMPATIENT_CLAIM_SECONDS = 3.0
TICK_SECONDS = 0.25
# As many as a claim may list.
MOST_COMMANDS_KNOWN = 200
AWAY = {PrinterCondition.OFFLINE, PrinterCondition.UNKNOWN, PrinterCondition.ERROR}


def _alive(_moment: str) -> None:
    """In life, nothing happens at a crash point."""


class Agent:
    """Drives its printers. ``step`` does one round in order; ``run`` does it in threads."""

    def __init__(
        self,
        config: AgentConfig,
        key: AgentKey,
        *,
        drivers: Mapping[str, Driver] | None = None,
        transport: httpx.BaseTransport | None = None,
        client: ServerClient | None = None,
        clock: Clock = steady_seconds,
        crash: CrashPoint = _alive,
        free_bytes: Callable[[Path], int] = free_bytes,
    ) -> None:
        self.config = config
        self.key = key
        self._lock = lock_folder(config.data_dir)
        try:
            self.journal = Journal(config.journal_path, free_bytes)
        except JournalFault:
            self._lock.close()
            raise
        key.generation = self.journal.generation
        self.client = client or ServerClient(config, key, transport)
        self.around = Surroundings(
            journal=self.journal,
            beds=Beds(self.journal, [section.id for section in config.printers]),
            client=self.client,
            intervals=config.intervals,
            clock=clock,
            data_dir=config.data_dir,
            crash=crash,
        )
        self.stations = {
            section.id: Station(
                section, drivers[section.id] if drivers else open_driver(section), self.around
            )
            for section in config.printers
        }
        self.speaker = Speaker(self.around, self.stations)
        self.photographer = Photographer(self.around, self.stations)
        self.fault: AgentError | None = None
        self._hello_wanted = True
        self._bed_in_question = False
        first, most = config.intervals.retry_first_seconds, config.intervals.retry_most_seconds
        self._claim_backoff = Backoff(clock, first, most)
        self._speak_backoff = Backoff(clock, first, most)
        # Told from a signal handler, which may interrupt itself: only this queue's ``put`` is
        # safe there. An event's lock is not, and the agent would hang instead of ending.
        self._asked_to_stop: SimpleQueue[None] = SimpleQueue()
        self._stop = threading.Event()
        self._told_refused = False

    def close(self) -> None:
        """Close connections and journal."""
        self.client.close()
        self.journal.close()
        self._lock.close()

    def step(self) -> None:
        """One round: printers, claim, printers, reports. For tests and single-threaded use."""
        for station in self.stations.values():
            station.step()
        self.claim_step()
        for station in self.stations.values():
            station.step()
        self.speak_step()

    def claim_step(self) -> bool:
        """Greet if needed, then claim for the printers that are free; say whether work came."""
        if not self._claim_backoff.ready:
            return False
        try:
            if self._hello_wanted:
                self._greet()
            worked = self._claim()
        except ServerFault as fault:
            self._claim_backoff.failed()
            self._hello_wanted = True
            self._complain(fault)
            return False
        self._claim_backoff.worked()
        self._told_refused = False
        return worked

    def speak_step(self) -> None:
        """Renew leases, tell what printers look like, deliver reports."""
        if not self._speak_backoff.ready:
            return
        try:
            self.speaker.step()
        except ServerFault as fault:
            self._speak_backoff.failed()
            self._hello_wanted = True
            self._complain(fault)
            return
        self._speak_backoff.worked()

    def stop(self) -> None:
        """Ask ``run`` to end; safe in a signal handler, and twice. Prints go on."""
        self._asked_to_stop.put(None)

    def run(self) -> None:
        """Work until ``stop``. Raises the fault that made going on impossible, if any."""
        threads = [
            threading.Thread(
                target=self._forever,
                args=(station.step, station.wake),
                name=station.id,
                daemon=True,
            )
            for station in self.stations.values()
        ]
        speaker = threading.Thread(target=self._speak_forever, name="speaker", daemon=True)
        claimer = threading.Thread(target=self._claim_forever, name="claimer", daemon=True)
        looker = threading.Thread(target=self._look_forever, name="photographer", daemon=True)
        for thread in [*threads, speaker, claimer, looker]:
            thread.start()
        self._asked_to_stop.get()
        self._stop.set()
        for station in self.stations.values():
            station.wake.set()
        # A printer's step is short and worth its end; a long poll is not.
        for thread in [*threads, speaker]:
            thread.join(timeout=5)
        if self.fault is not None:
            raise self.fault

    def _greet(self) -> None:
        answer = say_hello(self.journal, self.client, self.key, list(self.stations))
        for ref in reconcile(self.journal, list(self.stations), answer.current):
            self.stations[ref.printer_id].stale.add(ref)
        # A hello tells of no starts, so it can only say that a bed is not clear.
        self._bed_in_question = self.around.beds.hear({}, answer.bed_clear)
        self.around.beds.hear_loaded(answer.loaded)
        self.around.hear_notice(answer.notice)
        self._hello_wanted = False
        self.around.greeted.set()
        log.info("The server (%s) knows this agent.", answer.server_version)

    def _claim(self) -> bool:
        if not self.journal.reserve.held:
            self.journal.reserve.take()
        free = [station for station in self.stations.values() if station.claimable]
        known = [id_ for station in self.stations.values() for id_ in station.mailbox.known()]
        marks = self.around.beds.marks([station.id for station in free])
        message = Claim(
            agent_generation=self.journal.generation,
            printers=tuple(station.report() for station in free),
            wait_seconds=self._patience(free),
            commands_known=tuple(known[-MOST_COMMANDS_KNOWN:]),
        )
        self.around.crash("claim.before")
        with self.speaker.telling(message.printers):
            answer = self.client.claim(message)
        self.around.crash("claim.after")
        accepted = answer.work is not None and self._accept(answer.work)
        self._bed_in_question = self.speaker.obey(marks, answer)
        return accepted

    def _patience(self, free: list[Station]) -> float:
        """How long this claim may wait: not long where a printer may become free by itself.

        A bed that staff clear ends the wait by the server's bell.
        """
        wait = self.config.intervals.claim_wait_seconds
        if self._bed_in_question:
            # What is told of the printers meanwhile settles it; then there may be work for them.
            wait = min(wait, IMPATIENT_CLAIM_SECONDS)
        for station in self.stations.values():
            look = station.report()
            if station not in free and look.condition not in AWAY and look.bed_clear:
                wait = min(wait, IMPATIENT_CLAIM_SECONDS)
        return wait

    def _accept(self, work: Work) -> bool:
        """Journal the work, or give it back at once when it does not fit."""
        if self.journal.known(work.ref) is not None:
            return False  # the same answer again
        station = self.stations.get(work.ref.printer_id)
        why = None
        if station is None:
            why = f"This agent has no printer {work.ref.printer_id}."
        elif station.material != work.material:
            why = f"{station.material} is loaded, not {work.material}."
        elif work.ref.agent_generation != self.journal.generation:
            why = "The work is for another generation of the journal."
        elif self.journal.alive(station.id) is not None:
            why = "The printer has other work in hand."
        if station is None or why is not None:
            log.warning("%s is given back: %s", work.ref.job_id, why)
            event = Event(ReportKind.RELEASED, why)
            self.journal.add(work.ref, None, AttemptState.ENDED, event)
            return False
        self.journal.add(work.ref, work)
        log.info("%s: took %s (%s)", station.id, work.job_label, work.ref.job_id)
        station.wake.set()
        return True

    def _complain(self, fault: ServerFault) -> None:
        if isinstance(fault, Refused):
            if not self._told_refused:
                log.error(
                    "The server refuses this agent (%s): %s Its public key is %s, fingerprint %s.",
                    self.config.agent_id,
                    fault,
                    self.key.public_key,
                    self.key.fingerprint,
                )
            self._told_refused = True
        else:
            log.warning("%s", fault)

    def _forever(self, step: Callable[[], object], wake: threading.Event) -> None:
        while not self._stop.is_set():
            wake.clear()
            self._guarded(step)
            wake.wait(self.config.intervals.poll_seconds)

    def _speak_forever(self) -> None:
        while not self._stop.is_set():
            self._guarded(self.speak_step)
            self._stop.wait(TICK_SECONDS)

    def _look_forever(self) -> None:
        while not self._stop.is_set():
            self._guarded(self.photographer.step)
            self._stop.wait(self.config.intervals.poll_seconds)

    def _claim_forever(self) -> None:
        while not self._stop.is_set():
            if not self._guarded(self.claim_step):
                self._stop.wait(2 * TICK_SECONDS)

    def _guarded(self, step: Callable[[], object]) -> bool:
        """Run a step; one printer's trouble must not end the others."""
        try:
            return bool(step())
        except JournalFault as fault:
            if self._stop.is_set():
                return False  # closed under a long poll that nobody waits for
            # Without a journal nothing may be started: end, and let the supervisor try again.
            log.exception("The journal failed; the agent ends. Prints go on.")
            self.fault = fault
            self.stop()
        except Exception:
            log.exception("Something went wrong; it is tried again.")
            self._stop.wait(self.config.intervals.poll_seconds)
        return False
