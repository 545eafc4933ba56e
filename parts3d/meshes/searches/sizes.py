"""Findings about the size as such: the unit of the file, and what its maker declared."""

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.mesh import MM_PER_UNIT, Vector

# Largest sides at which a file is more likely in another unit; few real parts are under 5 mm.
_METRES_BELOW_MM = 0.5
_INCHES_BELOW_MM = 5.0
# A declared length may be rounded, and a mesh is a little smaller than the curve it stands for.
_DECLARED_MM = 0.5
_DECLARED_SHARE = 0.01


def find_doubtful_unit(bounds_mm: Vector) -> tuple[Finding, ...]:
    """Doubt millimetres where a part would be tiny: never guess, ask.

    Args:
        bounds_mm: sides of the box with one unit of the file taken as a millimetre.
    """
    largest = max(bounds_mm)
    if largest >= _INCHES_BELOW_MM:
        return ()
    metres = largest < _METRES_BELOW_MM
    return (
        Finding(
            Code.LOOKS_LIKE_METRES if metres else Code.LOOKS_LIKE_INCHES,
            Severity.WARNING,
            params={"scaled_mm": largest * MM_PER_UNIT["m" if metres else "inch"]},
            measured=largest,
            limit=_INCHES_BELOW_MM,
        ),
    )


def find_wrong_size(bounds_mm: Vector, declared_mm: Vector | None) -> tuple[Finding, ...]:
    """Compare the box with the sides that the maker declared; the worst axis is told.

    Args:
        bounds_mm: measured sides x, y, z.
        declared_mm: declared sides, None: not declared.
    """
    if declared_mm is None:
        return ()
    off = [
        (abs(measured - declared) / max(declared, _DECLARED_MM), axis, measured, declared)
        for axis, measured, declared in zip("xyz", bounds_mm, declared_mm, strict=True)
        if abs(measured - declared) > max(_DECLARED_MM, _DECLARED_SHARE * declared)
    ]
    if not off:
        return ()
    _, axis, measured, declared = max(off)
    return (
        Finding(
            Code.SIZE_NOT_AS_DECLARED,
            Severity.BLOCKS,
            len(off),
            measured=measured,
            limit=declared,
            axis=axis,
        ),
    )
