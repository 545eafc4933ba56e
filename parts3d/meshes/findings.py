"""The findings of a mesh check: their codes, severities and words.

The sentences stand in one table with named places, so that a translation is one more table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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
    TOO_LARGE_FOR_BED = "too_large_for_bed"
    OVERHANGS = "overhangs"
    SMALL_BED_CONTACT = "small_bed_contact"


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
    Code.TOO_LARGE_FOR_BED: "The model is {x_mm:.1f} x {y_mm:.1f} x {z_mm:.1f} mm and fits none "
    "of the {count} printers' beds as it lies. Turn it, split it or make it smaller.",
    Code.OVERHANGS: "{share_percent:.0f} % of the surface ({area_mm2:.0f} mm2) hangs over by more "
    "than {limit_deg:.0f} degrees. It may need supports or another orientation.",
    Code.SMALL_BED_CONTACT: "Only {area_mm2:.1f} mm2 touch the bed; the part may come loose. "
    "Lay it on a flat side, or print it with a brim.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    Args:
        code: what was found.
        severity: how much it matters.
        count: how many (edges, facets, shells); 1 where there is nothing to count.
        params: the figures of the sentence, with units in their names.
        repairable: for one that blocks, whether a repair can be offered.
    """

    code: Code
    severity: Severity
    count: int = 1
    params: Mapping[str, float] = field(default_factory=dict)
    repairable: bool = False

    @property
    def message(self) -> str:
        """The finding in English."""
        return words(self)


def words(finding: Finding, table: Mapping[Code, str] = ENGLISH) -> str:
    """Put a finding in words by a table of sentences (another language: another table)."""
    return table[finding.code].format(count=finding.count, **finding.params)


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Come to a verdict: what blocks decides, then whether all of it can be repaired."""
    blocking = [finding for finding in findings if finding.severity is Severity.BLOCKS]
    if blocking:
        repairable = all(finding.repairable for finding in blocking)
        return Verdict.REPAIRABLE if repairable else Verdict.NOT_PRINTABLE
    if any(finding.severity is Severity.WARNING for finding in findings):
        return Verdict.PRINTABLE_WITH_WARNINGS
    return Verdict.PRINTABLE
