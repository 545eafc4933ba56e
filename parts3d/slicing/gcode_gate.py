"""The gate: no G-code reaches the store, and so a printer, without passing here. Pure.

An allow-list: commands, their parameters, temperatures and positions. What is not on it is
refused with its line: EEPROM writes, firmware calls, macros, relative positioning, files.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from parts3d.slicing.gcode import PART_SECTION, Command, GcodeRefused, Toolpath
from parts3d.slicing.profiles import Profile

# Command -> parameters it may have. G0 and G1 are checked where they are read.
_ALLOWED: Final[dict[str, str]] = {
    "G4": "SP",  # dwell
    "G21": "",  # millimetres
    "G28": "XYZ",  # home
    "G90": "",  # absolute positions
    "G92": "E",  # extruder to zero
    "M82": "",
    "M83": "",
    "M84": "",
    "M104": "S",
    "M105": "",  # report temperatures
    "M106": "S",
    "M107": "",
    "M109": "S",
    "M140": "S",
    "M190": "S",
    "M204": "SPTR",  # accelerations, until switched off
    "M220": "S",  # speed factor
    "M221": "S",  # flow factor
    "M400": "",  # wait for moves
}
# What only some firmwares know; elsewhere it could be anything, a macro too.
_MARLIN: Final[dict[str, str]] = {
    "G29": "",  # level the bed
    "M205": "XYZE",  # jerk, until switched off
    "M900": "K",  # linear advance, until switched off
}
_OF_FIRMWARE: Final[dict[str, dict[str, str]]] = {
    "marlin": _MARLIN,
    "prusa": {
        **_MARLIN,
        "G28": "XYZW",  # W: without levelling
        "G29": "PA",  # level the bed by phases, then use what was probed
        "G80": "",  # level the bed
        "M862.1": "P",  # refuse to start with another nozzle
    },
    "bambu": {"G29": ""},
    # Levelling is a macro or a command of Klipper's own there.
    "klipper": {},
}
# Command -> lowest and highest value of each parameter.
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "G4": (0, 600_000),
    "M106": (0, 255),
    "M220": (100, 100),
    "M221": (90, 110),
    "M862.1": (0.1, 1.2),
    "M900": (0, 2),
    "G92": (0, 0),
}
_PROBE: Final = (1, 3.2, 3.13)
_LEAST_ACCELERATION: Final = 20.0
_HEATERS: Final = ("M104", "M109", "M140", "M190")
_COLDEST_EXTRUSION_C: Final = 150
_BELOW_BED_MM: Final = -0.01
_ROUNDING_MM: Final = 0.01


def check_gate(path: Toolpath, profile: Profile) -> None:
    """Let a file pass, or refuse it with the first line found at fault.

    Raises:
        GcodeRefused: names the line and what it must not do.
    """
    for command in path.commands:
        _check_command(command, profile)
    if len(path.line) == 0:
        raise GcodeRefused("The G-code moves nothing.")
    _check_moves(path, profile)
    _check_heat(path)


def _check_command(command: Command, profile: Profile) -> None:
    allowed = _OF_FIRMWARE[profile.firmware].get(command.code, _ALLOWED.get(command.code))
    if allowed is None:
        raise _refused(
            command.line,
            f"{command.code} is not on the list of allowed commands for {profile.name}",
        )
    if command.code in _HEATERS and command.parameters.get("S") is None:
        raise _refused(command.line, f"{command.code} sets no temperature (S)")
    for letter, value in command.parameters.items():
        if letter not in allowed:
            raise _refused(command.line, f"{command.code} must not have the parameter {letter}")
        low, high = _range(command.code, letter, profile)
        if value is not None and not low <= value <= high:
            raise _refused(
                command.line,
                f"{command.code} {letter}{value:g} is outside {low:g} to {high:g} "
                f"for {profile.name}",
            )
        if command.code == "G29" and letter == "P" and value not in _PROBE:
            raise _refused(command.line, "G29 P may only probe, fill in and extrapolate")


def _range(code: str, letter: str, profile: Profile) -> tuple[float, float]:
    """Lowest and highest value of a command's parameter on this printer model."""
    limits = profile.limits
    if code in _HEATERS:
        return 0.0, profile.max_nozzle_c if code in _HEATERS[:2] else profile.max_bed_c
    if code == "M204":
        # Klipper takes this for its new limit, so it is never more than the machine's own.
        return _LEAST_ACCELERATION, max(limits.acceleration_xy, limits.acceleration_retract)
    if code == "M205":
        jerk = {"Z": limits.jerk_z, "E": limits.jerk_e}.get(letter, limits.jerk_xy)
        return 0.0, jerk
    return _RANGES.get(code, (float("-inf"), float("inf")))


def _check_moves(path: Toolpath, profile: Profile) -> None:
    if not path.homed.all():
        raise _refused(int(path.line[~path.homed][0]), "moves before the printer was homed (G28)")
    beyond = profile.overtravel_mm + _ROUNDING_MM
    low = np.array([-beyond, -beyond, _BELOW_BED_MM])
    high = np.array(
        [profile.bed_x_mm + beyond, profile.bed_y_mm + beyond, profile.height_mm + _ROUNDING_MM]
    )
    outside = np.flatnonzero(((path.end < low) | (path.end > high)).any(axis=1))
    if len(outside):
        raise _refused_move(path, outside, f"leaves the space that {profile.name} can reach")
    clear = profile.keep_clear_x_mm
    least = np.array([clear, 0.0]) - _ROUNDING_MM
    bed = np.array([profile.bed_x_mm - clear, profile.bed_y_mm]) + _ROUNDING_MM
    of_part = np.flatnonzero(path.printing & (path.section == PART_SECTION))
    points = np.hstack([path.start[of_part, :2], path.end[of_part, :2]])
    off_bed = (points < np.tile(least, 2)) | (points > np.tile(bed, 2))
    beside = of_part[off_bed.any(axis=1)]
    if len(beside):
        raise _refused_move(path, beside, "prints beside the bed")


def _check_heat(path: Toolpath) -> None:
    """Nothing is pushed through a cold nozzle, and both heaters are off at the end."""
    heating = [c for c in path.commands if c.code in _HEATERS]
    nozzle = [(c.at_move, c.parameters["S"] or 0.0) for c in heating if c.code in _HEATERS[:2]]
    bed = [c.parameters["S"] or 0.0 for c in heating if c.code in _HEATERS[2:]]
    target = np.zeros(len(path.line))
    for at_move, celsius in nozzle:
        target[at_move:] = celsius
    cold = np.flatnonzero((path.extruded > 0) & (target < _COLDEST_EXTRUSION_C))
    if len(cold):
        raise _refused_move(path, cold, "extrudes while the nozzle is not heated")
    if not nozzle or nozzle[-1][1] != 0:
        raise GcodeRefused("The G-code ends with the nozzle still heated; M104 S0 is missing.")
    if not bed or bed[-1] != 0:
        raise GcodeRefused("The G-code ends with the bed still heated; M140 S0 is missing.")


def _refused_move(path: Toolpath, which: NDArray[np.intp], why: str) -> GcodeRefused:
    first = int(which[0])
    x, y, z = path.end[first]
    return _refused(int(path.line[first]), f"a move to X{x:g} Y{y:g} Z{z:g} {why}")


def _refused(line: int, why: str) -> GcodeRefused:
    return GcodeRefused(f"Line {line} of the G-code: {why}.", place=f"line {line}")
