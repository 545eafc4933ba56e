"""Caps of the gate; a file beyond one is refused before it is parsed, or while it is."""

from dataclasses import dataclass

from parts3d.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Limits:
    """What is read at most.

    Args:
        max_bytes: of the file as it came.
        max_triangles: after the copies of a 3MF and the polygons of an OBJ are written out.
        max_line_bytes: of a line of ASCII STL; OBJ, whose polygons are lines, may have 16 times it.
        max_unpacked_bytes: what all entries of a 3MF's zip together may unpack to.
        max_unpacking_ratio: unpacked bytes for each packed one, of an entry above a megabyte.
        max_entries: entries in a zip.
        max_instances: objects of a 3MF after components are written out.
        max_depth: components inside components.
        allow_step: whether STEP may be read: the C++ of its library sees the bytes, so only a
            process that may do nothing else sets it (``sandbox.check_in_child``).
    """

    max_bytes: int = 320_000_000
    max_triangles: int = 6_000_000
    max_line_bytes: int = 4096
    max_unpacked_bytes: int = 1_000_000_000
    max_unpacking_ratio: int = 200
    max_entries: int = 2000
    max_instances: int = 20_000
    max_depth: int = 32
    allow_step: bool = False


DEFAULT_LIMITS = Limits()
# For files by others: a part of a household appliance has some ten thousand triangles.
UPLOAD_LIMITS = Limits(
    max_bytes=64_000_000, max_triangles=1_000_000, max_unpacked_bytes=256_000_000
)


def refuse_too_many(count: int, limits: Limits, *, place: str) -> None:
    """Refuse a count of triangles beyond the cap.

    Raises:
        Unreadable: ``too_many_triangles``.
    """
    if count > limits.max_triangles:
        raise Unreadable(
            f"The file has {count} triangles; at most {limits.max_triangles} are read. "
            "Export it with a coarser resolution.",
            code="too_many_triangles",
            place=place,
        )


def no_triangles() -> Unreadable:
    """Return the refusal of a file without a triangle."""
    return Unreadable(
        "The file has no triangles. Export the model again; nothing was selected, perhaps.",
        code="no_triangles",
        place="facet 0",
    )
