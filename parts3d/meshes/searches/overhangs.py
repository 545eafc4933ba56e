"""Overhangs and bridges of a part as it lies, and the support it needs, as findings."""

import numpy as np

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.hanging import hanging
from parts3d.meshes.searches.support import Obstacles
from parts3d.meshes.shape import Shape

# Less than a hundredth of the surface with less than a tenth of a millilitre under it is a
# detail: an engraved letter, a rounded edge at the bed.
_SHARE_TOLD = 0.01
_SUPPORT_TOLD_MM3 = 100.0


def find_overhangs(
    shape: Shape, printing: Printing, obstacles: Obstacles | None = None
) -> tuple[Finding, ...]:
    """Find overhangs (when they matter) and bridges of a part as it lies.

    Spans are measured along eight directions, so they are at most 2 % too long; areas and volumes
    are estimates from points. The work is bounded whatever the mesh: at most 3,400 points and
    their rays, beyond one pass over the normals and the tree.

    Args:
        shape: the part as it lies.
        printing: gives the steepest slope and the longest bridge.
        obstacles: the part's tree, where there is one already.
    """
    found = hanging(shape, np.eye(3), printing, obstacles)
    limits = printing.limits
    findings: list[Finding] = []
    whole = float(shape.areas_mm2.sum())
    if found.area_mm2 > _SHARE_TOLD * whole or found.support_mm3 > _SUPPORT_TOLD_MM3:
        params = {
            "share_percent": 100 * found.area_mm2 / whole,
            "area_mm2": found.area_mm2,
            "support_mm3": found.support_mm3,
            "support_cm3": found.support_mm3 / 1000,
        }
        findings.append(
            Finding(
                Code.OVERHANGS,
                Severity.INFO,
                len(found.facets),
                params,
                limit=limits.overhang_deg,
                facets=found.facets,
            )
        )
    if len(found.bridges_mm):
        longest = float(found.bridges_mm[0])
        findings.append(
            Finding(
                Code.BRIDGES,
                Severity.INFO if longest <= limits.bridge_mm else Severity.WARNING,
                len(found.bridges_mm),
                measured=longest,
                limit=limits.bridge_mm,
                facets=found.bridge_facets,
            )
        )
    return tuple(findings)
