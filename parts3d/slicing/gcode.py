"""Read G-code into moves, and say what was really done. Pure: bytes in, values out.

The slicer's own header is not believed (CuraEngine's holds placeholders); every figure here
comes from the moves. Only a strict subset of G-code is read; all else is refused by line.
"""

import io
import re
from array import array
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Invalid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# What is being printed, by our own names; engines differ in theirs (";TYPE:" comments).
ROLES: Final = ("other", "wall_outer", "wall_inner", "solid", "infill", "skirt_brim", "support")
ROLE_OF_TYPE: Final = {
    "WALL-OUTER": "wall_outer",
    "WALL-INNER": "wall_inner",
    "SKIN": "solid",
    "FILL": "infill",
    "SKIRT": "skirt_brim",
    "SUPPORT": "support",
    "SUPPORT-INTERFACE": "support",
    "External perimeter": "wall_outer",
    "Overhang perimeter": "wall_outer",
    "Perimeter": "wall_inner",
    "Gap fill": "wall_inner",
    "Thin wall": "wall_outer",
    "Solid infill": "solid",
    "Top solid infill": "solid",
    "Bridge infill": "solid",
    "Internal infill": "infill",
    "Skirt/Brim": "skirt_brim",
    "Skirt": "skirt_brim",
    "Support material": "support",
    "Support material interface": "support",
}
ROLE_NUMBER: Final = {name: number for number, name in enumerate(ROLES)}
NOT_OF_THE_PART: Final = (ROLE_NUMBER["skirt_brim"], ROLE_NUMBER["support"])

# Sections of a file that we assembled; a file without these marks is all PART.
MARKS: Final = {";PARTS3D:START": 0, ";PARTS3D:PART": 1, ";PARTS3D:END": 2}
PART_SECTION: Final = 1

_COLUMNS = 13
_MAX_LINE = 250
_WORD = re.compile(r"[A-Z][+-]?(?:\d+\.?\d*|\.\d+)?")
_CODE = re.compile(r"[A-Z]\d{1,4}(?:\.\d)?")
_SHOWN = 60


class GcodeRefused(Invalid):
    """A G-code file that must not reach a printer; ``place`` is the line."""

    kind = "gcode_refused"


@dataclass(frozen=True, slots=True)
class Command:
    """One command that is no move. A parameter without a value holds None."""

    line: int
    code: str
    parameters: dict[str, float | None]
    # How many moves came before it.
    at_move: int


@dataclass(frozen=True, slots=True)
class Toolpath:
    """All moves as columns (mm, mm/s, mm/s²) and all other commands, in order."""

    line: Ints
    start: Floats  # (n, 3)
    end: Floats  # (n, 3)
    extruded: Floats  # mm of filament, negative when retracting
    speed: Floats  # as commanded
    acceleration: Floats  # as commanded; 0 where nothing was said
    homed: Flags
    role: Ints
    section: Ints
    commands: tuple[Command, ...]
    dwell_seconds: float

    @property
    def printing(self) -> Flags:
        """Moves that extrude while they travel over the bed."""
        across = self.end[:, :2] != self.start[:, :2]
        printing: Flags = (self.extruded > 0) & (across[:, 0] | across[:, 1])
        return printing


@dataclass
class _State:
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    e: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0
    relative_e: bool = False
    homed: bool = False
    role: int = 0
    section: int = PART_SECTION
    dwell: float = 0.0
    # Flat, _COLUMNS numbers a move: a file of two million moves stays at 200 MB.
    rows: "array[float]" = field(default_factory=lambda: array("d"))
    commands: list[Command] = field(default_factory=list)


def refused(line: int, text: str, why: str) -> GcodeRefused:
    """Return the refusal of a line, in words."""
    shown = text.strip()[:_SHOWN]
    return GcodeRefused(f"Line {line} of the G-code, {shown!r}: {why}", place=f"line {line}")


def read(gcode: bytes) -> Toolpath:
    """Read G-code.

    Raises:
        GcodeRefused: a line is no plain G-code; with its number.
    """
    state = _State()
    # Line by line: a plate's file of 60 MB would take as much again as text, and twice as list.
    lines = io.TextIOWrapper(io.BytesIO(gcode), encoding="utf-8", newline="\n")
    try:
        for number, ended in enumerate(lines, start=1):
            raw = ended.removesuffix("\n")
            if raw[:2] in ("G0", "G1") and raw[2:3] == " ":
                _move(state, number, raw)
            elif raw:
                _other(state, number, raw)
    except UnicodeDecodeError:
        raise _no_text(gcode) from None
    return _toolpath(state)


def _no_text(gcode: bytes) -> GcodeRefused:
    """Return the refusal of bytes that are no UTF-8, with the line of the first."""
    try:
        gcode.decode("utf-8")
    except UnicodeDecodeError as error:
        line = gcode.count(b"\n", 0, error.start) + 1
        return refused(line, "", "holds bytes that are no text.")
    return GcodeRefused("The G-code holds bytes that are no text.")


def _move(state: _State, number: int, raw: str) -> None:
    """Read one G0 or G1; modal position, speed and extrusion stay in ``state``."""
    said: dict[str, float] = {}
    for word in raw.partition(";")[0].split()[1:]:
        letter, digits = word[0], word[1:]
        try:
            # float() also takes "1e5", "nan" and "1_0"; firmwares read these differently.
            value = float(digits) if not digits.strip("+-.0123456789") else None
        except ValueError:
            value = None
        if value is None or letter in said or letter not in "XYZEF":
            raise refused(number, raw, "is no plain move (G1 X Y Z E F, each once).")
        said[letter] = value
    if "F" in said:
        if said["F"] <= 0:
            raise refused(number, raw, "asks for a speed of zero or less.")
        state.speed = said["F"] / 60
    at = (state.x, state.y, state.z)
    to = (said.get("X", at[0]), said.get("Y", at[1]), said.get("Z", at[2]))
    extruded = 0.0
    if "E" in said:
        extruded = said["E"] if state.relative_e else said["E"] - state.e
        state.e += extruded
    if to != at or extruded:
        if state.speed == 0:
            raise refused(number, raw, "moves before any speed was set.")
        row = (number, *at, *to, extruded, state.speed, state.acceleration)
        state.rows.extend((*row, state.homed, state.role, state.section))
    state.x, state.y, state.z = to


def _other(state: _State, number: int, raw: str) -> None:
    """Read a comment, an empty line or a command that is no move."""
    if len(raw) > _MAX_LINE:
        raise refused(number, raw, f"is longer than {_MAX_LINE} characters.")
    code_part, _, comment = raw.partition(";")
    if not code_part.strip():
        if comment.startswith("TYPE:"):
            role = ROLE_OF_TYPE.get(comment[5:].strip(), "other")
            state.role = ROLE_NUMBER[role]
        elif raw.strip() in MARKS:
            state.section, state.role = MARKS[raw.strip()], 0
        return
    words = code_part.split()
    if not _CODE.fullmatch(words[0]):
        raise refused(number, raw, "does not begin with a G or M command.")
    parameters: dict[str, float | None] = {}
    for word in words[1:]:
        if not _WORD.fullmatch(word) or word[0] in parameters:
            raise refused(number, raw, "holds something that is no plain parameter.")
        parameters[word[0]] = float(word[1:]) if len(word) > 1 else None
    command = Command(number, words[0], parameters, len(state.rows) // _COLUMNS)
    state.commands.append(command)
    _apply(state, command)


def _apply(state: _State, command: Command) -> None:
    """Follow the commands that change how later moves are read."""
    values = command.parameters
    if command.code == "M82":
        state.relative_e = False
    elif command.code == "M83":
        state.relative_e = True
    elif command.code == "G92":
        state.e = values.get("E") or 0.0
    elif command.code == "G28":
        state.x, state.y, state.z, state.homed = 0.0, 0.0, 0.0, True
    elif command.code == "M204":
        said = values.get("S") or values.get("P")
        state.acceleration = said or state.acceleration
    elif command.code == "G4":
        state.dwell += (values.get("S") or 0.0) + (values.get("P") or 0.0) / 1000


def _toolpath(state: _State) -> Toolpath:
    table = np.frombuffer(state.rows, dtype=np.float64).reshape(-1, _COLUMNS)
    if not np.isfinite(table).all():
        raise GcodeRefused("The G-code holds a number that is too large.")
    return Toolpath(
        line=table[:, 0].astype(np.int64),
        start=table[:, 1:4],
        end=table[:, 4:7],
        extruded=table[:, 7],
        speed=table[:, 8],
        acceleration=table[:, 9],
        homed=table[:, 10] > 0,
        role=table[:, 11].astype(np.int64),
        section=table[:, 12].astype(np.int64),
        commands=tuple(state.commands),
        dwell_seconds=state.dwell,
    )


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a G-code file really does (mm, °C, seconds are elsewhere: ``motion.py``).

    Bounds are those of the centres of the part's own lines, without skirt, brim, supports
    and purge; None when nothing is printed.
    """

    layers: int
    first_layer_z_mm: float | None
    top_z_mm: float | None
    bounds_mm: tuple[tuple[float, float], tuple[float, float]] | None
    # Net mm of filament between the part's first and last move: part, skirt, brim, supports.
    filament_mm: float
    # Net mm of filament before it: the purge line.
    purge_mm: float
    extruded_mm_by_role: dict[str, float]
    max_nozzle_c: float
    max_bed_c: float
    heaters_off_at_end: bool
    moves: int


def inspect(path: Toolpath) -> Inspection:
    """Measure what the file prints and with which temperatures."""
    in_part = path.section == PART_SECTION
    printing = path.printing & in_part
    of_part = printing & ~np.isin(path.role, NOT_OF_THE_PART)
    heights = np.unique(np.round(path.end[of_part, 2], 3))
    bounds = None
    if of_part.any():
        points = np.concatenate([path.start[of_part, :2], path.end[of_part, :2]])
        low, high = points.min(axis=0), points.max(axis=0)
        bounds = ((float(low[0]), float(low[1])), (float(high[0]), float(high[1])))
    by_role = {
        name: float(path.extruded[printing & (path.role == number)].sum())
        for number, name in enumerate(ROLES)
    }
    nozzle = _targets(path, ("M104", "M109"))
    bed = _targets(path, ("M140", "M190"))
    return Inspection(
        layers=len(heights),
        first_layer_z_mm=float(heights[0]) if len(heights) else None,
        top_z_mm=float(heights[-1]) if len(heights) else None,
        bounds_mm=bounds,
        filament_mm=float(path.extruded[in_part].sum()),
        purge_mm=float(path.extruded[path.section < PART_SECTION].sum()),
        extruded_mm_by_role=by_role,
        max_nozzle_c=max(nozzle, default=0.0),
        max_bed_c=max(bed, default=0.0),
        heaters_off_at_end=nozzle[-1:] == [0.0] and bed[-1:] == [0.0],
        moves=len(path.line),
    )


def _targets(path: Toolpath, codes: tuple[str, str]) -> list[float]:
    return [c.parameters.get("S") or 0.0 for c in path.commands if c.code in codes]
