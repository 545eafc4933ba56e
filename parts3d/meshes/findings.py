"""The findings of a mesh check: their codes, severities and words.

The sentences stand in one table with named places, so that a translation is one more table.
"""

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


# The English words, one sentence what and one what to do. Places are filled from ``params``.
ENGLISH: Mapping[Code, str] = {
    Code.OPEN_EDGES: "{count} edges have a facet on one side only: the surface has holes. "
    "Close the model in the drawing program, or try the repair.",
    Code.HAIRLINE_GAPS: "{count} edges are open by less than {tolerance_mm:.4f} mm; they close "
    "when points that near are joined. Slicers do that; nothing to do.",
    Code.NON_MANIFOLD_EDGES: "{count} edges are shared by three or more facets, so inside and "
    "outside are not clear there. Unite the bodies in the drawing program.",
    Code.TOUCHING_EDGES: "At {count} edges two bodies touch along a line. They print, but may "
    "come apart there; let them overlap or keep them apart.",
    Code.FLIPPED_FACETS: "{count} facets face the wrong way. Turn them round (recalculate "
    "normals) in the drawing program, or try the repair.",
    Code.INSIDE_OUT_SHELLS: "{count} shells are inside out: all their facets face inwards. "
    "Turn them round in the drawing program, or try the repair.",
    Code.ONE_SIDED_SHELLS: "{count} shells have no inside and outside (as a Moebius strip). "
    "Give the surface a thickness in the drawing program.",
    Code.DUPLICATE_FACETS: "{count} facets are there more than once. Export the model only "
    "once, or try the repair.",
    Code.DEGENERATE_FACETS: "{count} facets have no area. They do no harm; nothing to do.",
    Code.NO_VOLUME: "The model encloses no volume: it is a flat sheet or a bare surface. "
    "Give it a thickness in the drawing program.",
    Code.SEVERAL_SHELLS: "The model has {count} separate shells. Check that all of them belong "
    "to the part.",
    Code.CAVITIES: "{count} closed hollows lie inside the model. Check that they are meant.",
    Code.LOOKS_LIKE_INCHES: "The model is only {largest_mm:.3g} mm large; in inches it would be "
    "{scaled_mm:.4g} mm. Say which unit the file is in.",
    Code.LOOKS_LIKE_METRES: "The model is only {largest_mm:.3g} mm large; in metres it would be "
    "{scaled_mm:.4g} mm. Say which unit the file is in.",
    Code.SIZE_NOT_AS_DECLARED: "The model measures {measured:.2f} mm along {axis}, but "
    "{limit:.2f} mm are declared. Correct the declaration, or export the model in the right size.",
    Code.SELF_INTERSECTIONS: "{count} facets cut through each other. Unite the bodies in the "
    "drawing program, or try the repair.",
    Code.NESTED_SHELLS: "{count} bodies lie inside another body. What is inside is printed as if "
    "it were solid; take it out, or turn it into a hollow.",
    Code.THIN_WALLS: "Walls are down to {measured:.2f} mm thin ({share_percent:.1f} % of the "
    "surface is under {limit:.2f} mm). They will be weak; make them thicker.",
    Code.VANISHING_WALLS: "Upright walls of {measured:.2f} mm are thinner than one printed line "
    "({limit:.2f} mm; {share_percent:.1f} % of the surface) and will be missing. Make them "
    "thicker.",
    Code.SMALL_FEATURES: "{count} pins or ribs are down to {measured:.2f} mm thin; under "
    "{limit:.2f} mm they break easily. Make them thicker.",
    Code.SMALL_HOLES: "{count} holes are down to {measured:.2f} mm wide; under {limit:.2f} mm they "
    "may close in print. Make them wider, or plan to drill.",
    Code.TOO_LARGE_FOR_BED: "The model is {x_mm:.1f} x {y_mm:.1f} x {z_mm:.1f} mm and fits none "
    "of the {count} printers, however it is turned. Split it or make it smaller.",
    Code.FITS_WHEN_TURNED: "The model is {x_mm:.1f} x {y_mm:.1f} x {z_mm:.1f} mm and fits no "
    "printer as it lies, but it does when turned by {turn_x_deg:.0f}, {turn_y_deg:.0f}, "
    "{turn_z_deg:.0f} degrees.",
    Code.OVERHANGS: "{share_percent:.0f} % of the surface ({area_mm2:.0f} mm2) hangs over by more "
    "than {limit:.0f} degrees and needs about {support_mm3:.0f} mm3 of support.",
    Code.BRIDGES: "{count} flat undersides span up to {measured:.1f} mm in the air; up to "
    "{limit:.0f} mm is printed without support. Longer ones sag.",
    Code.SMALL_BED_CONTACT: "Only {measured:.1f} mm2 touch the bed (at least {limit:.1f} mm2 is "
    "safe); the part may come loose. Lay it on a flat side, or print it with a brim.",
    Code.MAY_TIP_OVER: "The part leans: its weight acts {measured:.1f} mm inside the edge of what "
    "stands on the bed ({limit:.1f} mm is safe). Lay it down, or print it with a brim.",
}

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
    def message(self) -> str:
        """The finding in English."""
        return words(self)


def words(finding: Finding, table: Mapping[Code, str] = ENGLISH) -> str:
    """Put a finding in words by a table of sentences (another language: another table)."""
    return table[finding.code].format(
        count=finding.count,
        measured=finding.measured,
        limit=finding.limit,
        axis=finding.axis,
        **finding.params,
    )


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Come to a verdict: what blocks decides, then whether all of it can be repaired."""
    blocking = [finding for finding in findings if finding.severity is Severity.BLOCKS]
    if blocking:
        repairable = all(finding.repairable for finding in blocking)
        return Verdict.REPAIRABLE if repairable else Verdict.NOT_PRINTABLE
    if any(finding.severity is Severity.WARNING for finding in findings):
        return Verdict.PRINTABLE_WITH_WARNINGS
    return Verdict.PRINTABLE
