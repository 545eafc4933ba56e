"""One seed: an agent, two printers, some jobs, staff, and everything that can go wrong.

The agent is the real one with its real journal; the printers count their starts and have beds on
which parts really lie; the server is the reduced one. Time passes only here.
"""

import heapq
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nacl.signing import SigningKey

from printer_agents.client import sha256_of
from printer_agents.config import AgentConfig
from printer_agents.errors import JournalFault
from printer_agents.keys import AgentKey
from printer_agents.loop import Agent
from printer_agents.protocol import CommandVerb
from tests.faults.protocol.printer import SimPrinter
from tests.faults.protocol.server import GCODE, UNDER_WAY, Job, Machine, ReducedServer
from tests.faults.protocol.wire import Wire

STEPS = ["claim", "download", "verify", "permit", "starting", "start", "printing", "report"]
KILL_POINTS = [f"{step}.{side}" for step in STEPS for side in ("before", "after")]
TROUBLED_SECONDS = 420.0
CALM_SECONDS = 3_000.0
DAY_SECONDS = 86_400.0
SETTLED = {"printed", "cancelled"}


class Killed(BaseException):
    """SIGKILL, as seen from inside."""


class Violation(AssertionError):
    """What must never be was."""


@dataclass
class World:
    """The whole simulated shop, and what must be true of it."""

    seed: int
    folder: Path
    kill_at: str | None = None
    log: Callable[[str], None] = lambda _words: None
    now: float = 10_000.0
    calm: bool = False
    starts: list[str] = field(default_factory=list)
    kills: int = 0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        random.seed(self.seed)
        self.chance = random.Random(self.seed)
        self.offset = 0.0
        self.printers = {
            name: SimPrinter(lambda: self.now, self._on_start)
            for name in ["p1", "p2"][: self.chance.randint(1, 2)]
        }
        jobs = self.chance.randint(1, 3)
        self.jobs = {f"job{n}": Job(f"job{n}") for n in range(1, jobs + 1)}
        path = self.folder / "gcode"
        path.write_bytes(GCODE)
        self.server = ReducedServer(
            {name: Machine() for name in self.printers}, self.jobs, gcode_sha256=sha256_of(path)
        )
        self.again = dict.fromkeys(self.jobs, 0)
        self.key = AgentKey("shop", SigningKey(b"k" * 32))
        self.wire = Wire(self.server, self.key, self.chance, lambda: self.now, self.later)
        self.kill_after = self.chance.randrange(jobs)
        self.config = self._config()
        self.old_journal: bytes | None = None
        self.agent: Agent | None = None
        self.away_until = 0.0
        self.boot()

    # Time

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen after a while."""
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, act))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with what is due on the way."""
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            at, _, act = heapq.heappop(self._due)
            self.now = max(self.now, at)
            act()
        self.now = until
        for printer in self.printers.values():
            printer.step_on()
        self.server.sweep(self.now)

    def clock(self) -> float:
        """The agent's clock, which may be wrong and may jump."""
        return self.now + self.offset

    # The agent's lives

    def boot(self) -> None:
        """Start the agent; an old or copied journal that is refused is moved away by a person."""
        if self.agent is not None:
            self.agent.close()
            self.agent = None
        self.key.baton = None
        self.wire.key = self.key
        self.agent = Agent(
            self.config,
            self.key,
            drivers=self.printers,
            client=self.wire,  # type: ignore[arg-type]
            clock=self.clock,
            crash=self._moment,
        )

    def step_agent(self) -> None:
        """One round of the agent; it may die on the way."""
        if self.now < self.away_until or self.agent is None:
            return
        try:
            self.agent.step()
        except Killed:
            self.kills += 1
            self.log("the agent is killed")
            self.away_until = self.now + self.chance.choice([0.0, 5.0, 70.0])
            self.boot()
        except JournalFault as fault:
            self.log(f"the agent ends: {fault}")
            self._move_journal_away()

    def _move_journal_away(self) -> None:
        if self.agent is not None:
            self.agent.close()
            self.agent = None
        for file in self.config.data_dir.glob("journal*"):
            file.unlink()
        self.boot()

    def _moment(self, moment: str) -> None:
        if moment == self.kill_at:
            self.kill_after -= 1
            if self.kill_after == -1:
                raise Killed(moment)
        if self.calm or self.kill_at is not None:
            return
        luck = self.chance.random()
        if luck < 0.01:
            raise Killed(moment)
        if luck < 0.02:
            pause = self.chance.uniform(1.0, 200.0)
            self.log(f"the agent is paused {pause:.0f} s at {moment}")
            self.pass_time(pause)

    # What goes wrong

    def trouble(self) -> None:
        """Something happens, or nothing."""
        troubles: list[tuple[float, Callable[[], None]]] = [
            (0.012, self._network_away),
            (0.010, self._kill),
            (0.010, self._printer_offline),
            (0.004, self._printer_reboots),
            (0.006, self._start_goes_wrong),
            (0.004, self._stranger_prints),
            (0.003, self._clock_jumps),
            (0.002, self._journal_lost),
            (0.002, self._journal_restored),
            (0.006, self._command),
            (0.003, self._customer_cancels),
            (0.003, self._emergency_stop),
        ]
        for share, act in troubles:
            if self.chance.random() < share:
                self.log(act.__name__.strip("_").replace("_", " "))
                act()

    def _network_away(self) -> None:
        self.wire.down = True
        self.later(self.chance.uniform(5, 400), lambda: setattr(self.wire, "down", False))

    def _kill(self) -> None:
        self.away_until = self.now + self.chance.choice([1.0, 30.0, 200.0])
        self.boot()

    def _printer(self) -> SimPrinter:
        return self.printers[self.chance.choice(list(self.printers))]

    def _printer_offline(self) -> None:
        printer = self._printer()
        printer.offline = True
        self.later(self.chance.uniform(3, 200), lambda: setattr(printer, "offline", False))

    def _printer_reboots(self) -> None:
        self._printer().reboot()

    def _start_goes_wrong(self) -> None:
        setattr(self._printer(), self.chance.choice(["lose_start_answer", "ignore_start"]), True)

    def _stranger_prints(self) -> None:
        self._printer().start_by_hand("own.gcode")

    def _clock_jumps(self) -> None:
        self.offset += self.chance.choice([-DAY_SECONDS, DAY_SECONDS, 300.0])

    def _journal_lost(self) -> None:
        self._move_journal_away()

    def _journal_restored(self) -> None:
        """The card is replaced by a copy of it made a while ago."""
        path = self.config.journal_path
        if self.agent is not None:
            self.agent.close()
            self.agent = None
        if self.old_journal is not None:
            for file in self.config.data_dir.glob("journal*"):
                file.unlink()
            path.write_bytes(self.old_journal)
        self.old_journal = path.read_bytes() if path.exists() else None
        self.boot()

    def _command(self) -> None:
        self._count += 1
        verb = self.chance.choice(list(CommandVerb))
        job = self.chance.choice(list(self.jobs))
        if self.server.ask(f"c{self._count}", job, verb, self.now) and verb is CommandVerb.PAUSE:
            # Nobody leaves a print paused for ever.
            self.later(40, lambda: self._resume(job))

    def _resume(self, job_id: str) -> None:
        self._count += 1
        self.server.ask(f"c{self._count}", job_id, CommandVerb.RESUME, self.now)

    def _customer_cancels(self) -> None:
        self.server.cancel(self.chance.choice(list(self.jobs)))

    def _emergency_stop(self) -> None:
        name = self.chance.choice(list(self.printers))
        if self.agent is None or self.now < self.away_until:
            return
        try:
            self.agent.stations[name].emergency_stop()
        except Exception as fault:  # noqa: BLE001  # the printer is away: a person pulls the plug
            self.log(str(fault))

    # Staff

    def staff(self) -> None:
        """Honest people: they look before they say anything."""
        for name, printer in self.printers.items():
            stopped = printer.running is not None and printer.running.paused
            if stopped and self.calm:
                printer.resume() if not printer.offline else None
            at_work = printer.running is not None
            unclear = not self.server.printers[name].bed_clear
            if unclear and not at_work and self.chance.random() < 0.3:
                self._decide_about(printer)
                printer.bed.clear()
                self._say_clear(name)
        for job in self.jobs.values():
            patient = self.chance.random() < (0.3 if self.calm else 0.05)
            if job.status in {"needs_human", "unknown"} and patient:
                self._decide(job)
            elif job.status == "failed" and patient:
                self.again[job.job_id] += 1
                self.server.print_again(job.job_id)
                self.log(f"staff: {job.job_id} again")

    def _say_clear(self, name: str) -> None:
        awake = self.agent is not None and self.now >= self.away_until
        if self.agent is not None and awake and self.chance.random() < 0.3:
            pressed = self.agent.stations[name].confirm_bed()
            self.log(f"staff: the button at {name} ({pressed})")
            return
        said = self.server.clear_bed(name)
        self.log(f"staff: the bed of {name} is clear ({said})")

    def _decide_about(self, printer: SimPrinter) -> None:
        """Before a bed is cleared, whoever waits for a decision about it gets one."""
        for job in self.jobs.values():
            open_question = job.status in {"needs_human", "unknown"} and job.ref is not None
            if open_question and job.ref and self.printers[job.ref.printer_id] is printer:
                self._decide(job)

    def _decide(self, job: Job) -> None:
        ref = job.ref
        if ref is None:
            self.server.decide(job.job_id, printed=False)
            return
        printer = self.printers[ref.printer_id]
        if printer.running is not None and printer.running.name == ref.file_name:
            return  # they see it printing, and wait
        whole = any(name == ref.file_name and done for name, done in printer.bed)
        self.log(f"staff: {job.job_id} was {'printed' if whole else 'not printed'}")
        self.server.decide(job.job_id, printed=whole)

    # What must be true

    def _on_start(self, printer: SimPrinter, name: str) -> None:
        self.log(f"START {name}")
        if printer.bed:
            raise Violation(f"{name} was started onto {printer.bed}")
        if name in self.starts:
            raise Violation(f"{name} was started twice")
        self.starts.append(name)
        job = self._job_of(name)
        if job is None:
            raise Violation(f"{name} is nobody's")
        if job.status == "cancelled":
            raise Violation(f"{name} was started although its order was cancelled")
        epoch = int(name.split("_e")[1].split("_", maxsplit=1)[0])
        if epoch not in job.permitted_epochs:
            raise Violation(f"{name} was started without a permit")
        count = sum(self._job_of(one) is job for one in self.starts)
        if count > 1 + self.again[job.job_id]:
            raise Violation(f"{job.job_id} was started {count} times, nobody asked for that")

    def _job_of(self, file_name: str) -> Job | None:
        return next((j for j in self.jobs.values() if f"_{j.job_id}_" in file_name), None)

    def run(self) -> None:
        """Trouble for a while, then calm; in the end everything must be settled."""
        end = self.now + TROUBLED_SECONDS
        self.wire.trouble = 0.0 if self.kill_at else self.chance.choice([0.02, 0.12, 0.4])
        while self.now < end:
            self.pass_time(self.chance.choice([1.0, 3.0, 6.0]))
            if self.kill_at is None:
                self.trouble()
            self.staff()
            self.step_agent()
        self._calm_down()
        end = self.now + CALM_SECONDS
        while self.now < end and not self.settled:
            self.pass_time(4.0)
            self.staff()
            self.step_agent()
        self.check()

    def _calm_down(self) -> None:
        self.log("--- calm ---")
        self.calm, self.wire.down, self.wire.trouble = True, False, 0.0
        for printer in self.printers.values():
            printer.offline = printer.lose_start_answer = printer.ignore_start = False

    @property
    def settled(self) -> bool:
        """Every job has come to its end, and the agent has nothing left to tell."""
        if self.agent is None or {job.status for job in self.jobs.values()} - SETTLED:
            return False
        return not self.agent.journal.all_alive() and not self.agent.journal.waiting_reports(1)

    def check(self) -> None:
        """Hold the end against what must be true."""
        for job in self.jobs.values():
            if job.status not in SETTLED:
                raise Violation(f"{job.job_id} is lost: {job.status}")
            if job.status == "printed" and not any(self._job_of(s) is job for s in self.starts):
                raise Violation(f"{job.job_id} counts as printed and was never started")
        if not self.settled:
            raise Violation("the agent never came to rest")
        by_generation: dict[int, list[int]] = {}
        for generation, seq in self.server.order:
            by_generation.setdefault(generation, []).append(seq)
        for generation, seqs in by_generation.items():
            if len(set(seqs)) != len(seqs):
                raise Violation(f"an event of generation {generation} counted twice")
        if self.kill_at is not None and self.kills != 1:
            raise Violation(f"{self.kill_at} was never reached")
        if any(job.status in UNDER_WAY for job in self.jobs.values()):
            raise Violation("something is still under way")

    def _config(self) -> AgentConfig:
        data = self.folder / "data"
        return AgentConfig.model_validate(
            {
                "server_url": "http://server.test",
                "agent_id": "shop",
                "key_file": self.folder / "agent.key",
                "data_dir": data,
                "intervals": {"claim_wait_seconds": 0},
                "printers": [
                    {"id": name, "driver": "virtual", "material": "PLA"} for name in self.printers
                ],
            }
        )


def run_seed(
    seed: int, kill_at: str | None = None, log: Callable[[str], None] | None = None
) -> World:
    """Live through one seed; raises ``Violation`` when something must never be."""
    memory = Path("/dev/shm")  # noqa: S108  # a disk that costs nothing, where there is one
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    world: World | None = None
    try:
        world = World(seed, folder, kill_at, log or (lambda _words: None))
        world.run()
        return world
    finally:
        if world is not None and world.agent is not None:
            world.agent.close()
        shutil.rmtree(folder, ignore_errors=True)
