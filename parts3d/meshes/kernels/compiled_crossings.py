"""Which facets of a large mesh may cut through each other: the loops of ``crossings``, compiled.

The same tests as in ``crossings_candidates`` and ``crossings_apart``, pair by pair and with little
memory: the boxes of facets are made anew from their corners whenever they are asked for.
"""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.kernels.compiled_jit import FACES, LABELS, POINTS, compiled_as, inlined, types

_BRANCHES = 4
# As in crossings_apart.
_ROUNDING = 2.0**-44
_SURE = 0.01
_PARALLEL = 1e-5
# Steps of work for a box, for a pair of groups of four, and for a pair held against the planes.
_BOX_STEPS = 4
_GROUPS_STEPS = 60
_PLANE_STEPS = 40
_CUTS, _LIES = 1, 2


@compiled_as(types.void(POINTS, FACES, types.float64[::1], types.float64, types.uint64[::1]))
def curve_keys(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    start: NDArray[np.float64],
    scale: float,
    keys: NDArray[np.uint64],
) -> None:
    """Write each facet's place on a Z-order curve, and its number in the lower half."""
    for facet in range(len(faces)):
        code = np.uint64(0)
        for axis in range(3):
            a = vertices[faces[facet, 0], axis]
            b = vertices[faces[facet, 1], axis]
            c = vertices[faces[facet, 2], axis]
            middle = np.float64(min(a, b, c)) + np.float64(max(a, b, c))
            bits = np.uint64((middle - start[axis]) * scale)
            bits = (bits | (bits << np.uint64(16))) & np.uint64(0x30000FF)
            bits = (bits | (bits << np.uint64(8))) & np.uint64(0x300F00F)
            bits = (bits | (bits << np.uint64(4))) & np.uint64(0x30C30C3)
            bits = (bits | (bits << np.uint64(2))) & np.uint64(0x9249249)
            code |= bits << np.uint64(axis)
        keys[facet] = (code << np.uint64(32)) | np.uint64(facet)


@compiled_as(types.void(POINTS, FACES, LABELS, types.int64[::1], types.float32[:, ::1]))
def fill_boxes(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    order: NDArray[np.int32],
    starts: NDArray[np.int64],
    boxes: NDArray[np.float32],
) -> None:
    """Write the boxes of groups of four facets, of four groups, and so on: lower, then upper.

    ``starts`` has the row where each level begins, lowest first, and the end of the last.
    """
    for node in range(starts[1]):
        for axis in range(3):
            boxes[node, axis] = np.inf
            boxes[node, 3 + axis] = -np.inf
        for place in range(node * _BRANCHES, min((node + 1) * _BRANCHES, len(order))):
            facet = order[place]
            for corner in range(3):
                vertex = faces[facet, corner]
                for axis in range(3):
                    at = vertices[vertex, axis]
                    boxes[node, axis] = min(boxes[node, axis], at)
                    boxes[node, 3 + axis] = max(boxes[node, 3 + axis], at)
    for level in range(1, len(starts) - 1):
        below = starts[level - 1]
        for node in range(starts[level + 1] - starts[level]):
            to = starts[level] + node
            boxes[to] = boxes[below + node * _BRANCHES]
            last = min(below + (node + 1) * _BRANCHES, starts[level])
            for child in range(below + node * _BRANCHES + 1, last):
                for axis in range(3):
                    boxes[to, axis] = min(boxes[to, axis], boxes[child, axis])
                    boxes[to, 3 + axis] = max(boxes[to, 3 + axis], boxes[child, 3 + axis])


@inlined
def _load(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    order: NDArray[np.int32],
    group: int,
    corners: NDArray[np.float64],
    boxes: NDArray[np.float64],
    planes: NDArray[np.float64],
) -> int:
    """Load a group's facets, corners and boxes; planes are marked as not laid yet."""
    first = group * _BRANCHES
    count = min(_BRANCHES, len(order) - first)
    for row in range(count):
        facet = order[first + row]
        for corner in range(3):
            vertex = faces[facet, corner]
            for axis in range(3):
                corners[row, 3 * corner + axis] = vertices[vertex, axis]
        c = corners[row]
        for axis in range(3):
            boxes[row, axis] = min(c[axis], c[3 + axis], c[6 + axis])
            boxes[row, 3 + axis] = max(c[axis], c[3 + axis], c[6 + axis])
        planes[row, 4] = -1.0
    return count


@inlined
def _lay_plane(c: NDArray[np.float64], largest: float, plane: NDArray[np.float64]) -> None:
    ux, uy, uz = c[3] - c[0], c[4] - c[1], c[5] - c[2]
    vx, vy, vz = c[6] - c[0], c[7] - c[1], c[8] - c[2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    sizes = abs(uy * vz) + abs(uz * vy) + abs(uz * vx) + abs(ux * vz) + abs(ux * vy) + abs(uy * vx)
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    share = 1.0 / length if length > 0 else 0.0
    plane[0], plane[1], plane[2] = nx * share, ny * share, nz * share
    plane[3] = plane[0] * c[0] + plane[1] * c[1] + plane[2] * c[2]
    plane[4] = _ROUNDING * largest * sizes * share


@inlined
def _insides_meet(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    for axis in range(3):
        low, high = one[axis], one[3 + axis]
        low_other, high_other = other[axis], other[3 + axis]
        if not (low < high_other and low_other < high) and not (
            low == high_other and low_other == high
        ):
            return False
    return True


@inlined
def _through(
    plane: NDArray[np.float64], c: NDArray[np.float64], limit: float, heights: NDArray[np.float64]
) -> int:
    """Whether a facet goes through a plane by more than the limit, or may lie in it, or both."""
    for corner in range(3):
        heights[corner] = (
            plane[0] * c[3 * corner] + plane[1] * c[3 * corner + 1] + plane[2] * c[3 * corner + 2]
        ) - plane[3]
    highest = max(heights[0], heights[1], heights[2])
    lowest = -min(heights[0], heights[1], heights[2])
    found = 0
    if highest > limit - plane[4] and lowest > limit - plane[4]:
        found = _CUTS
    if highest <= plane[4] and lowest <= plane[4]:
        found |= _LIES
    return found


@inlined
def _stretch(
    along: tuple[float, float, float],
    c: NDArray[np.float64],
    heights: NDArray[np.float64],
    rounding: float,
) -> tuple[float, float]:
    above = (heights[0] > 0) + (heights[1] > 0) + (heights[2] > 0)
    lone = 0
    for corner in range(3):
        if (heights[corner] > 0) == (above == 1):
            lone = corner
            break
    at = 3 * lone
    place = along[0] * c[at] + along[1] * c[at + 1] + along[2] * c[at + 2]
    earliest, latest = np.inf, -np.inf
    for step in range(1, 3):
        end = (lone + step) % 3
        fall = heights[lone] - heights[end]
        share = 1.0 / fall if fall != 0 else 0.0
        to = along[0] * c[3 * end] + along[1] * c[3 * end + 1] + along[2] * c[3 * end + 2]
        way = (to - place) * share
        either_way = abs(way) * 2 * rounding
        earliest = min(earliest, place + way * heights[lone] - either_way)
        latest = max(latest, place + way * heights[lone] + either_way)
    return earliest, latest


@inlined
def _stretches_overlap(
    m: NDArray[np.float64],
    n: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    heights_of_one: NDArray[np.float64],
    heights_of_other: NDArray[np.float64],
    limit: float,
) -> bool:
    if max(m[4], n[4]) > _SURE * limit:
        return True
    x, y, z = m[1] * n[2] - m[2] * n[1], m[2] * n[0] - m[0] * n[2], m[0] * n[1] - m[1] * n[0]
    sine = np.sqrt(x * x + y * y + z * z)
    if sine < _PARALLEL:
        return True
    begin, end = _stretch((x, y, z), one, heights_of_one, n[4])
    begin_other, end_other = _stretch((x, y, z), other, heights_of_other, m[4])
    return bool(min(end - begin_other, end_other - begin) > limit * sine)


@inlined
def _beyond_no_edge(
    n: NDArray[np.float64], c: NDArray[np.float64], other: NDArray[np.float64], limit: float
) -> bool:
    for start in range(3):
        at, to = 3 * start, 3 * ((start + 1) % 3)
        ex, ey, ez = c[to] - c[at], c[to + 1] - c[at + 1], c[to + 2] - c[at + 2]
        ix, iy, iz = n[1] * ez - n[2] * ey, n[2] * ex - n[0] * ez, n[0] * ey - n[1] * ex
        furthest = -np.inf
        for corner in range(3):
            x, y, z = other[3 * corner], other[3 * corner + 1], other[3 * corner + 2]
            furthest = max(furthest, ix * x + iy * y + iz * z)
        furthest -= ix * c[at] + iy * c[at + 1] + iz * c[at + 2]
        if furthest <= limit * np.sqrt(ex * ex + ey * ey + ez * ez):
            return False
    return True


@compiled_as(
    types.int64(
        POINTS,
        FACES,
        LABELS,
        types.int64[::1],
        types.float32[:, ::1],
        types.float64,
        types.float64,
        types.int64[::1],
        types.int32[:, ::1],
    )
)
def suspects(  # noqa: C901, PLR0912 - one loop nest, without calls in between
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    order: NDArray[np.int32],
    starts: NDArray[np.int64],
    boxes: NDArray[np.float32],
    largest: float,
    limit: float,
    state: NDArray[np.int64],
    found: NDArray[np.int32],
) -> int:
    """Write pairs of facets that may meet by more than the limit, until there is no room or work.

    Each group walks along the lowest level from itself on, skipping whole nodes that its box does
    not meet, so that where it stands is one number.

    Args:
        vertices: mm.
        faces: vertex numbers.
        order: facets along the curve; groups are every four of these.
        starts: see ``fill_boxes``.
        boxes: see ``fill_boxes``.
        largest: largest coordinate, mm.
        limit: mm.
        state: the group, the group it is to be held against next, and the steps of work left;
            written here. The group is ``starts[1]`` when all is done.
        found: the two facets, and whether they may lie on each other, written here.

    Returns:
        How many pairs were found.
    """
    groups, levels = starts[1], len(starts) - 1
    one, one_boxes, one_planes = np.empty((4, 9)), np.empty((4, 6)), np.empty((4, 5))
    two, two_boxes, two_planes = np.empty((4, 9)), np.empty((4, 6)), np.empty((4, 5))
    heights_of_one, heights_of_other = np.empty(3), np.empty(3)
    group, other, left = state[0], state[1], state[2]
    count = 0
    room = len(found) - _BRANCHES * _BRANCHES
    while group < groups and left >= 0 and count <= room:
        facets = _load(vertices, faces, order, group, one, one_boxes, one_planes)
        box = boxes[group]
        level = 0
        while other < groups and left >= 0 and count <= room:
            while level < levels - 1 and other & ((1 << (2 * (level + 1))) - 1) == 0:
                level += 1
            while True:
                node = boxes[starts[level] + (other >> (2 * level))]
                left -= _BOX_STEPS
                meet = (
                    box[0] <= node[3]
                    and node[0] <= box[3]
                    and box[1] <= node[4]
                    and node[1] <= box[4]
                    and box[2] <= node[5]
                    and node[2] <= box[5]
                )
                if not meet or level == 0:
                    break
                level -= 1
            if not meet:
                other += 1 << (2 * level)
                continue
            left -= _GROUPS_STEPS
            others = _load(vertices, faces, order, other, two, two_boxes, two_planes)
            for i in range(facets):
                for j in range(i + 1 if other == group else 0, others):
                    if not _insides_meet(one_boxes[i], two_boxes[j]):
                        continue
                    left -= _PLANE_STEPS
                    if one_planes[i, 4] < 0:
                        _lay_plane(one[i], largest, one_planes[i])
                    through = _through(one_planes[i], two[j], limit, heights_of_other)
                    if through == 0:
                        continue
                    if two_planes[j, 4] < 0:
                        _lay_plane(two[j], largest, two_planes[j])
                    m, n = one_planes[i], two_planes[j]
                    through &= _through(n, one[i], limit, heights_of_one)
                    lies = bool(
                        (through & _LIES)
                        and m[0] * n[0] + m[1] * n[1] + m[2] * n[2] > 0
                        and _beyond_no_edge(m, one[i], two[j], limit)
                        and _beyond_no_edge(n, two[j], one[i], limit)
                    )
                    if lies or (
                        (through & _CUTS)
                        and _stretches_overlap(
                            m, n, one[i], two[j], heights_of_one, heights_of_other, limit
                        )
                    ):
                        found[count, 0] = order[group * _BRANCHES + i]
                        found[count, 1] = order[other * _BRANCHES + j]
                        found[count, 2] = lies
                        count += 1
            other += 1
        if other >= groups:
            group += 1
            other = group
    state[0], state[1], state[2] = group, other, left
    return count
