"""The findings of a mesh check: codes, severities and places; ``words`` has their sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    BLOCKS = "blocks"


class Verdict(StrEnum):
    """What the findings come to. A file that cannot be read has no check, but ``UNREADABLE``."""

    PRINTABLE = "printable"
    PRINTABLE_WITH_WARNINGS = "printable_with_warnings"
    REPAIRABLE = "repairable"
    NOT_PRINTABLE = "not_printable"
    UNREADABLE = "unreadable"


class Code(StrEnum):
    """What can be found."""

    OPEN_EDGES = "open_edges"
    HAIRLINE_GAPS = "hairline_gaps"
    NON_MANIFOLD_EDGES = "non_manifold_edges"
    TOUCHING_EDGES = "touching_edges"
    FLIPPED_FACETS = "flipped_facets"
    INSIDE_OUT_SHELLS = "inside_out_shells"
    ONE_SIDED_SHELLS = "one_sided_shells"
    DUPLICATE_FACETS = "duplicate_facets"
    DEGENERATE_FACETS = "degenerate_facets"
    NO_VOLUME = "no_volume"
    SEVERAL_SHELLS = "several_shells"
    CAVITIES = "cavities"
    LOOKS_LIKE_INCHES = "looks_like_inches"
    LOOKS_LIKE_METRES = "looks_like_metres"
    SIZE_NOT_AS_DECLARED = "size_not_as_declared"
    SELF_INTERSECTIONS = "self_intersections"
    NESTED_SHELLS = "nested_shells"
    THIN_WALLS = "thin_walls"
    VANISHING_WALLS = "vanishing_walls"
    SMALL_FEATURES = "small_features"
    SMALL_HOLES = "small_holes"
    TOO_LARGE_FOR_BED = "too_large_for_bed"
    FITS_WHEN_TURNED = "fits_when_turned"
    OVERHANGS = "overhangs"
    BRIDGES = "bridges"
    SMALL_BED_CONTACT = "small_bed_contact"
    MAY_TIP_OVER = "may_tip_over"


# What a repair can mend.
MENDABLE = frozenset(
    {
        Code.OPEN_EDGES,
        Code.NON_MANIFOLD_EDGES,
        Code.DUPLICATE_FACETS,
        Code.FLIPPED_FACETS,
        Code.INSIDE_OUT_SHELLS,
    }
)

# A person is asked for the unit before anything that depends on the size is believed.
UNIT_DOUBTS = frozenset({Code.LOOKS_LIKE_INCHES, Code.LOOKS_LIKE_METRES})

NO_FACETS: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
NO_SEGMENTS: NDArray[np.float32] = np.zeros((0, 2, 3), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One result of a check.

    Args:
        code: what was found.
        severity: how much it matters.
        count: how many (edges, facets, shells, walls); 1 where there is nothing to count.
        params: the other figures of the sentence, with units in their names.
        repairable: for one that blocks, whether a repair can be offered.
        measured: the worst value, in the unit of ``limit``, which the sentence names.
        limit: what was compared with.
        axis: for a finding about one axis, "x", "y" or "z".
        facets: int64 (k,), the file's numbers of the facets meant.
        segments_mm: float32 (k, 2, 3), edges meant, where it is about edges.
    """

    code: Code
    severity: Severity
    count: int = 1
    params: Mapping[str, float] = field(default_factory=dict)
    repairable: bool = False
    measured: float | None = None
    limit: float | None = None
    axis: str = ""
    facets: NDArray[np.int64] = field(default_factory=lambda: NO_FACETS)
    segments_mm: NDArray[np.float32] = field(default_factory=lambda: NO_SEGMENTS)

    @property
    def has_places(self) -> bool:
        """Whether a picture can show where it is."""
        return len(self.facets) > 0 or len(self.segments_mm) > 0


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Come to a verdict: what blocks decides, then whether all of it can be repaired."""
    blocking = [finding for finding in findings if finding.severity is Severity.BLOCKS]
    if blocking:
        repairable = all(finding.repairable for finding in blocking)
        return Verdict.REPAIRABLE if repairable else Verdict.NOT_PRINTABLE
    if any(finding.severity is Severity.WARNING for finding in findings):
        return Verdict.PRINTABLE_WITH_WARNINGS
    return Verdict.PRINTABLE
