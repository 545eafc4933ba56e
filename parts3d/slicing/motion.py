"""How long moves take: a trapezoid planner with look-ahead over a whole file. Pure.

The slicers' own times are not comparable (and CuraEngine's header holds a placeholder), so
one planner times every engine's G-code: classic jerk at junctions, as Marlin does
(``planner.cpp``, classic jerk), and a reverse and a forward pass for reachable speeds.

Both passes are min-plus recurrences, ``u[i] = min(m[i], u[i+1] + c[i])`` with ``u`` the
square of a speed, so each is one running minimum over a prefix sum: no Python loop.
"""

import numpy as np
from numpy.typing import NDArray

from parts3d.slicing.gcode import Toolpath
from parts3d.slicing.profile_tables import MachineLimits

Floats = NDArray[np.float64]
_TINY = 1e-12


def move_seconds(path: Toolpath, limits: MachineLimits) -> Floats:
    """Return the seconds of each move, shape ``(n,)``; dwells and heating are not in it.

    Args:
        path: the moves.
        limits: what the firmware clamps to; the acceleration where the file says none.
    """
    if len(path.line) == 0:
        return np.zeros(0)
    travel = np.column_stack([path.end - path.start, path.extruded])
    distance = np.linalg.norm(travel[:, :3], axis=1)
    extruder_only = distance < _TINY
    distance = np.where(extruder_only, np.abs(path.extruded), distance)
    direction = travel / distance[:, None]
    share = np.maximum(np.abs(direction), _TINY)
    speed_limits = np.array([limits.speed_xy, limits.speed_xy, limits.speed_z, limits.speed_e])
    speed = np.minimum(path.speed, (speed_limits / share).min(axis=1))
    asked = np.where(path.acceleration > 0, path.acceleration, limits.acceleration_xy)
    asked = np.where(extruder_only, limits.acceleration_retract, asked)
    acceleration_limits = np.array(
        [
            limits.acceleration_xy,
            limits.acceleration_xy,
            limits.acceleration_z,
            limits.acceleration_e,
        ]
    )
    acceleration = np.minimum(asked, (acceleration_limits / share).min(axis=1))
    entry_limit = _junction_speeds(direction, speed, limits)
    gain = 2 * acceleration * distance
    squares = _reachable_squares(entry_limit**2, gain)
    return _trapezoid_seconds(squares[:-1], squares[1:], speed, acceleration, distance)


def _junction_speeds(direction: Floats, speed: Floats, limits: MachineLimits) -> Floats:
    """Highest speed into each move, and out of the last, by classic jerk; shape ``(n + 1,)``."""
    jerks = np.array([limits.jerk_xy, limits.jerk_xy, limits.jerk_z, limits.jerk_e])
    common = np.minimum(speed[:-1], speed[1:])
    leaving = direction[:-1] * common[:, None]
    entering = direction[1:] * common[:, None]
    # Coasting in one direction: the difference; reversing: the faster of the two.
    change = np.where(
        leaving * entering > 0,
        np.abs(leaving - entering),
        np.maximum(np.abs(leaving), np.abs(entering)),
    )
    factor = np.minimum(1.0, (jerks / np.maximum(change, _TINY)).min(axis=1))
    ends = direction[[0, -1]] * speed[[0, -1], None]
    end_factor = np.minimum(1.0, (jerks / np.maximum(np.abs(ends), _TINY)).min(axis=1))
    first, last = speed[[0, -1]] * end_factor
    joined: Floats = np.concatenate([[first], common * factor, [last]])
    return joined


def _reachable_squares(limit: Floats, gain: Floats) -> Floats:
    """Bound squared junction speeds by what braking and speeding up can reach."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    braking = np.minimum.accumulate((limit + total)[::-1])[::-1] - total
    reached: Floats = np.minimum.accumulate(braking - total) + total
    return np.maximum(reached, 0.0)


def _trapezoid_seconds(
    entry: Floats, leave: Floats, speed: Floats, acceleration: Floats, distance: Floats
) -> Floats:
    """Time of moves with squared end speeds: speed up, cruise, brake."""
    peak = np.minimum(speed**2, (entry + leave) / 2 + acceleration * distance)
    peak = np.maximum(peak, np.maximum(entry, leave))
    top = np.sqrt(peak)
    ramps = (2 * peak - entry - leave) / (2 * acceleration)
    cruise = np.maximum(distance - ramps, 0.0)
    seconds: Floats = (2 * top - np.sqrt(entry) - np.sqrt(leave)) / acceleration
    return seconds + cruise / np.maximum(top, _TINY)


def print_seconds(path: Toolpath, limits: MachineLimits) -> float:
    """Return the seconds of all moves and dwells of a file; heating and levelling excluded."""
    return float(move_seconds(path, limits).sum()) + path.dwell_seconds
