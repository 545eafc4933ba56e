"""Hostile files by number: the same number gives the same file, on any machine."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.meshes import solids
from tests.meshes.hostile import writing
from tests.meshes.hostile.counting import count_of
from tests.meshes.hostile.horrors import HORRORS, size
from tests.meshes.hostile.writing import Triangles

_WRITERS: dict[str, Callable[[Triangles], bytes]] = {
    "stl_binary": writing.binary,
    "stl_ascii": writing.ascii_stl,
    "obj": writing.obj,
    "3mf": writing.three_mf,
}
_HUGE = [b"NaN", b"inf", b"-1e39", b"1e400", b"9" * 5000, b"0x1p3", b"\xff\xfe", b"1e-400", b"1_0"]
_WORDS = [b"facet", b"vertex", b"endsolid", b"endfacet", b"solid", b"\nf ", b"\nv ", b"/", b"\\\n"]


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A file, what it is, and the right count of triangles if it is read; None: not known."""

    number: int
    kind: str
    data: bytes
    triangles: int | None
    must_be_read: bool = False


def hostile_file(number: int) -> HostileFile:
    """Return the file of a number."""
    dice = random.Random(number)
    way = dice.random()
    if way < 0.25:
        name = dice.choice(sorted(HORRORS))
        form = dice.choice(sorted(_WRITERS)) if dice.random() < 0.4 else "stl_binary"
        count = size(dice) if form == "stl_binary" else min(size(dice), 5000)
        triangles = HORRORS[name](dice, count)
        data = _WRITERS[form](triangles)
        return HostileFile(number, f"horror, {form}", data, len(triangles), must_be_read=True)
    if way < 0.35:
        data = writing.tricky_3mf(dice, solids.box()[: dice.randint(0, 12)])
        return HostileFile(number, "3mf trick", data, count_of(data))
    form = dice.choice(sorted(_WRITERS))
    data = _WRITERS[form](_solid(dice))
    change = _gently_changed if dice.random() < 0.3 else _mutated
    for _ in range(dice.randint(1, 4)):
        data = change(dice, data, form)
    return HostileFile(number, f"mutated {form}", data, count_of(data))


def _solid(dice: random.Random) -> Triangles:
    steps = dice.randint(3, 12)
    shapes: list[Callable[[], Triangles]] = [
        solids.box,
        solids.tetrahedron,
        lambda: solids.tube(steps),
        lambda: solids.torus(steps),
    ]
    made = dice.choice(shapes)()
    kept = np.array(dice.sample(range(len(made)), dice.randint(1, len(made))))
    return np.asarray(made[kept])


def _gently_changed(dice: random.Random, data: bytes, form: str) -> bytes:
    """Change what leaves the file well-formed, often: figures, or facets given twice."""
    if form == "stl_binary":
        facets = [data[at : at + 50] for at in range(84, len(data), 50)]
        at = dice.randrange(len(facets))
        figure = np.float32(dice.choice([0, 1e-38, 999, -7, 1e-45])).tobytes()
        corner = 12 + 4 * dice.randrange(9)
        facets[at] = facets[at][:corner] + figure + facets[at][corner + 4 :]
        facets += dice.choices(facets, k=dice.choice([0, 0, 1, 1000]))
        return data[:80] + len(facets).to_bytes(4, "little") + b"".join(facets)
    if form == "3mf":
        return data + bytes(dice.choice([0, 1]))
    figures = [at for at, byte in enumerate(data) if chr(byte).isdigit()]
    out = bytearray(data)
    for at in dice.choices(figures, k=5):
        out[at : at + 1] = str(dice.randrange(10)).encode()
    return bytes(out).replace(b"\n", dice.choice([b"\n", b"\r\n", b"\n\n", b" \n\t"]))


def _mutated(dice: random.Random, data: bytes, form: str) -> bytes:  # noqa: C901, PLR0912 - one case a mutation
    out = bytearray(data)
    at, other = (dice.randint(0, len(out)) for _ in range(2))
    match dice.randrange(11):
        case 0:  # flips
            for _ in range(dice.randint(1, 20)):
                if out:
                    out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
        case 1:
            del out[at:]
        case 2:  # a piece moves
            piece = out[min(at, other) : max(at, other)]
            out[dice.randint(0, len(out)) : 0] = piece
        case 3:  # a piece is gone
            del out[min(at, other) : max(at, other)]
        case 4:
            out[at:at] = dice.choice(_HUGE)
        case 5:
            out[at : at + 4] = np.float32(
                dice.choice([np.nan, np.inf, -np.inf, 1e38, 1e-38, 1001, -0.0])
            ).tobytes()
        case 6 if form == "stl_binary":  # the count lies
            out[80:84] = dice.choice([0, 1, 2**31, 2**32 - 1, 85_899_345, 10**6]).to_bytes(
                4, "little"
            )
        case 6 | 7:
            out[at:at] = dice.choice(_WORDS) * dice.choice([1, 3, 2000])
        case 8:
            out[at:at] = bytes([dice.randrange(256)]) * dice.choice([1, 50, 5000, 300_000])
        case 9:
            out[:0] = dice.choice([b"solid ", b"PK\x03\x04", b"\xef\xbb\xbf", b"v 0 0 0\n", b"\0"])
        case _:  # joined with another
            out += _WRITERS[dice.choice(sorted(_WRITERS))](_solid(dice))
    return bytes(out)
