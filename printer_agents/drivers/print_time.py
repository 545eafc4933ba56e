"""How long G-code takes: an own small model of moves, waits and heating.

Moves follow trapezoids limited by acceleration (t = 2v/a + (s - v²/a)/v, or a triangle when
the move is short); the speed at a corner falls with the cosine of its angle, looking one move
ahead. That is coarser than a firmware's planner: expect 15 % either way, more on tiny arcs.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

WORD = re.compile(r"([A-Z])\s*([-+]?(?:\d+\.?\d*|\.\d+))")
AXES = "XYZE"
HOMING_SECONDS = 20.0
PROBING_SECONDS = 45.0
ROOM_DEGREES = 21.0
MINUTE_SECONDS = 60.0
# Below this distance (mm) nothing moves.
NO_DISTANCE_MM = 1e-9


@dataclass(frozen=True, slots=True)
class PrintTime:
    """Seconds of real life that a print takes, and how much of it is preparation."""

    total_seconds: float
    preparing_seconds: float
    moves: int


@dataclass(frozen=True, slots=True)
class _Move:
    length_mm: float
    speed_mm_s: float
    acceleration_mm_s2: float
    direction: tuple[float, float, float]


@dataclass(slots=True)
class _Machine:
    """The state that G-code changes while it is read."""

    acceleration_mm_s2: float
    nozzle_degrees_per_second: float
    bed_degrees_per_second: float
    position: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AXES, 0.0))
    speed_mm_s: float = 25.0
    absolute: bool = True
    absolute_extrusion: bool = True
    nozzle_degrees: float = ROOM_DEGREES
    bed_degrees: float = ROOM_DEGREES
    seconds: float = 0.0
    preparing_seconds: float | None = None
    moves: int = 0
    entry_speed: float = 0.0
    waiting: _Move | None = None

    def push(self, move: _Move) -> None:
        """Take a move; the one before it is timed now that its exit corner is known."""
        self.moves += 1
        if self.waiting is not None:
            exit_speed = _corner_speed(self.waiting, move)
            exit_speed = self._time(self.waiting, exit_speed)
            self.entry_speed = exit_speed
        self.waiting = move

    def stand_still(self) -> None:
        """Bring the head to rest: everything that is not a move waits for the moves."""
        if self.waiting is not None:
            self._time(self.waiting, 0.0)
            self.waiting = None
        self.entry_speed = 0.0

    def _time(self, move: _Move, exit_speed: float) -> float:
        limit = math.sqrt(self.entry_speed**2 + 2 * move.acceleration_mm_s2 * move.length_mm)
        exit_speed = min(exit_speed, limit)
        self.seconds += _trapezoid_seconds(move, self.entry_speed, exit_speed)
        return exit_speed


def estimate(
    lines: Iterable[str],
    *,
    acceleration_mm_s2: float = 1_250.0,
    nozzle_degrees_per_second: float = 2.5,
    bed_degrees_per_second: float = 0.8,
) -> PrintTime:
    """Read G-code and return how long it takes.

    Understands G0-G4, G28, G29, G90-G92, M82, M83, M109, M190, M204; all else
    takes no time. Never raises: a printer executes what it understands.
    """
    machine = _Machine(acceleration_mm_s2, nozzle_degrees_per_second, bed_degrees_per_second)
    for line in lines:
        text = line.partition(";")[0].strip().upper()
        if not text or text[0] not in "GM":
            continue
        words = WORD.findall(text)
        if not words or words[0][0] not in "GM":
            continue
        command = f"{words[0][0]}{float(words[0][1]):g}"
        _execute(machine, command, {letter: float(number) for letter, number in words[1:]})
    machine.stand_still()
    preparing = machine.preparing_seconds
    return PrintTime(
        total_seconds=machine.seconds,
        preparing_seconds=machine.seconds if preparing is None else preparing,
        moves=machine.moves,
    )


def _execute(machine: _Machine, command: str, words: dict[str, float]) -> None:
    match command:
        case "G0" | "G1" | "G2" | "G3":
            _move(machine, command, words)
        case "G4":
            machine.stand_still()
            machine.seconds += words.get("P", 0.0) / 1000 + words.get("S", 0.0)
        case "G28" | "G29":
            machine.stand_still()
            machine.seconds += HOMING_SECONDS if command == "G28" else PROBING_SECONDS
            if command == "G28":
                for axis in [axis for axis in "XYZ" if axis in words] or list("XYZ"):
                    machine.position[axis] = 0.0
        case "M109" | "M190":
            _heat(machine, words.get("S", words.get("R")), bed=command == "M190")
        case _:
            _set(machine, command, words)


def _set(machine: _Machine, command: str, words: dict[str, float]) -> None:
    match command:
        case "G90" | "G91":
            machine.absolute = machine.absolute_extrusion = command == "G90"
        case "M82" | "M83":
            machine.absolute_extrusion = command == "M82"
        case "G92":
            machine.position.update({axis: words[axis] for axis in AXES if axis in words})
        case "M204":
            chosen = words.get("P", words.get("S", words.get("T", 0.0)))
            if chosen > 0:
                machine.acceleration_mm_s2 = chosen
        case _:
            pass


def _move(machine: _Machine, command: str, words: dict[str, float]) -> None:
    if words.get("F", 0.0) > 0:
        machine.speed_mm_s = words["F"] / MINUTE_SECONDS
    delta = dict.fromkeys(AXES, 0.0)
    for axis in AXES:
        if axis not in words:
            continue
        absolute = machine.absolute_extrusion if axis == "E" else machine.absolute
        target = words[axis] if absolute else machine.position[axis] + words[axis]
        delta[axis] = target - machine.position[axis]
        machine.position[axis] = target
    length = math.hypot(delta["X"], delta["Y"], delta["Z"])
    if command in {"G2", "G3"} and ("I" in words or "J" in words):
        length = max(length, _arc_length(delta, words, clockwise=command == "G2"))
    travel = length if length > NO_DISTANCE_MM else abs(delta["E"])
    if travel <= NO_DISTANCE_MM:
        return
    if machine.preparing_seconds is None and delta["E"] > 0 and length > NO_DISTANCE_MM:
        # The first line of plastic: heating, homing and probing are over.
        machine.stand_still()
        machine.preparing_seconds = machine.seconds
    chord = math.hypot(delta["X"], delta["Y"], delta["Z"]) or 1.0
    direction = (delta["X"] / chord, delta["Y"] / chord, delta["Z"] / chord)
    machine.push(_Move(travel, machine.speed_mm_s, machine.acceleration_mm_s2, direction))


def _arc_length(delta: dict[str, float], words: dict[str, float], *, clockwise: bool) -> float:
    centre_x, centre_y = words.get("I", 0.0), words.get("J", 0.0)
    radius = math.hypot(centre_x, centre_y)
    start = math.atan2(-centre_y, -centre_x)
    end = math.atan2(delta["Y"] - centre_y, delta["X"] - centre_x)
    angle = (start - end if clockwise else end - start) % math.tau or math.tau
    return math.hypot(radius * angle, delta["Z"])


def _heat(machine: _Machine, degrees: float | None, *, bed: bool) -> None:
    """Heat and wait. Heating without waiting (M104, M140) is counted at the wait."""
    if degrees is None:
        return
    machine.stand_still()
    now = machine.bed_degrees if bed else machine.nozzle_degrees
    rate = machine.bed_degrees_per_second if bed else machine.nozzle_degrees_per_second
    machine.seconds += max(degrees - now, 0.0) / rate
    if bed:
        machine.bed_degrees = degrees
    else:
        machine.nozzle_degrees = degrees


def _corner_speed(before: _Move, after: _Move) -> float:
    cosine = sum(a * b for a, b in zip(before.direction, after.direction, strict=True))
    # Looking one move ahead, the head must be able to stop within it.
    stoppable = math.sqrt(2 * after.acceleration_mm_s2 * after.length_mm)
    return min(before.speed_mm_s, after.speed_mm_s, stoppable) * max(cosine, 0.0)


def _trapezoid_seconds(move: _Move, entry_speed: float, exit_speed: float) -> float:
    """Return the time of a move that accelerates, cruises and brakes (constant acceleration)."""
    acceleration = move.acceleration_mm_s2
    entry_speed = min(entry_speed, move.speed_mm_s)
    peak = math.sqrt(acceleration * move.length_mm + (entry_speed**2 + exit_speed**2) / 2)
    top = max(min(peak, move.speed_mm_s), entry_speed, exit_speed)
    ramps_mm = (2 * top**2 - entry_speed**2 - exit_speed**2) / (2 * acceleration)
    cruise_mm = max(move.length_mm - ramps_mm, 0.0)
    return (2 * top - entry_speed - exit_speed) / acceleration + cruise_mm / top
