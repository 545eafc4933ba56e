"""The estimate against the slicer, on repositories that were not fitted to, as Markdown.

``python benchmarks/estimate.py CORPUS`` (``make bench-estimate CORPUS=...``): the corpus is a
folder with models and a ``slices.csv`` of what PrusaSlicer said of them (file, support, est_s,
mm). ``--write`` (``make fit``) fits to all of it and remakes ``data/estimate.json``.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from estimate_fit import Part, fitted

from parts3d.catalogue.recipe import Recipe
from parts3d.errors import Unreadable
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.reader import read
from parts3d.meshes.shape import shape_of
from parts3d.slicing.estimate.coefficients import PATH, Coefficients
from parts3d.slicing.estimate.estimate import Estimate, estimate
from parts3d.slicing.estimate.features import filament_area_mm2, filament_features, seconds_features
from parts3d.slicing.estimate.layers import sample
from parts3d.slicing.estimate.supports import supported
from parts3d.slicing.profiles import materials, profile

PROFILE, MATERIAL = profile("mk3s"), materials()["PLA"]


@dataclass(frozen=True)
class Tried:
    """A part, and the estimate by figures from other repositories."""

    part: Part
    found: Estimate
    by_volume_mm: float
    by_volume_seconds: float
    cost_ms: float


def main() -> int:
    """Print the table, or fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--write", action="store_true", help="remake data/estimate.json")
    parser.add_argument("--worst", type=int, default=0, help="name so many of the worst parts")
    asked = parser.parse_args()
    meshes: dict[str, Mesh] = {}
    parts: list[Part] = []
    for row in csv.DictReader((asked.corpus / "slices.csv").open(encoding="utf-8")):
        if row["support"] not in {"0", "1"} or not row["est_s"]:
            continue
        try:
            meshes[row["file"]] = read((asked.corpus / row["file"]).read_bytes())
        except Unreadable:
            continue
        parts.append(computed(row, meshes[row["file"]]))
    words = {
        "engine": "prusaslicer 2.5.0",
        "printer": PROFILE.printer_model,
        "material": MATERIAL.name,
        "slicer": "PrusaSlicer 2.5.0, MK3S, generic PLA, 0.20 mm, 20 % gyroid",
        "repositories": ", ".join(sorted({part.repository for part in parts})),
    }
    if asked.write:
        PATH.write_text(fitted(parts, words).model_dump_json(indent=2) + "\n", encoding="utf-8")
        print(f"{PATH.name} is made anew from {len(parts)} slices.")
        return 0
    tried = [one for name in repositories(parts) for one in left_out(name, parts, meshes, words)]
    table([one for one in tried if not one.part.supports], "no supports")
    table([one for one in tried if one.part.supports], "with supports")
    for one in sorted(tried, key=lambda one: -abs(np.log(seconds_ratio(one))))[: asked.worst]:
        mm = one.found.filament_mm / one.part.slicer_mm
        print(f"{one.part.file}: seconds x {seconds_ratio(one):.2f}, filament x {mm:.2f}")
    return 0


def computed(row: dict[str, str], mesh: Mesh) -> Part:
    """Draw a part's layers once; fitting needs only their sums."""
    measures = measure(mesh)
    recipe = Recipe(material="PLA")
    topology = measures.topology
    sampled = sample(topology.vertices, topology.faces, recipe, PROFILE)
    columns = (0.0, 0.0)
    if row["support"] == "1":
        columns = supported(shape_of(mesh, measures), recipe.layer_height_mm)
    return Part(
        file=row["file"],
        supports=row["support"] == "1",
        slicer_mm=float(row["mm"]),
        slicer_seconds=float(row["est_s"]),
        filament=filament_features(sampled, PROFILE),
        seconds=seconds_features(sampled, PROFILE),
        column_mm=columns[0] / filament_area_mm2(PROFILE),
        column_mm2=columns[1],
        volume_mm3=abs(measures.signed_volume_mm3),
    )


def repositories(parts: list[Part]) -> list[str]:
    """Return the names of the repositories."""
    return sorted({part.repository for part in parts})


def left_out(
    name: str, parts: list[Part], meshes: dict[str, Mesh], words: dict[str, str]
) -> list[Tried]:
    """Estimate a repository's parts by figures fitted to all others."""
    others = [part for part in parts if part.repository != name]
    figures = fitted(others, words)
    plain = [part for part in others if not part.supports and part.volume_mm3]
    per_mm3 = float(np.median([part.slicer_mm / part.volume_mm3 for part in plain]))
    slow = float(np.median([part.slicer_seconds / part.volume_mm3 for part in plain]))
    return [
        tried(part, meshes[part.file], figures, (per_mm3, slow))
        for part in parts
        if part.repository == name
    ]


def tried(part: Part, mesh: Mesh, figures: Coefficients, slopes: tuple[float, float]) -> Tried:
    """Estimate one part, warm, and time it."""
    recipe = Recipe(material="PLA", supports=part.supports)
    found = estimate(mesh, PROFILE, MATERIAL, recipe, figures=figures)
    began = process_time()
    estimate(mesh, PROFILE, MATERIAL, recipe, figures=figures)
    cost = 1000 * (process_time() - began)
    return Tried(part, found, slopes[0] * part.volume_mm3, slopes[1] * part.volume_mm3, cost)


def seconds_ratio(one: Tried) -> float:
    """Estimated over sliced time."""
    return float(one.found.print_seconds / one.part.slicer_seconds)


def table(tried: list[Tried], title: str) -> None:
    """Print one table: errors, the band's hits, the cost."""
    if not tried:
        return
    mm = np.array([one.part.slicer_mm for one in tried])
    seconds = np.array([one.part.slicer_seconds for one in tried])
    print(f"\n{len(tried)} parts, {title}; each repository by figures fitted to the others\n")
    print("| what | median | p90 | worst |\n|---|---|---|---|")
    rows = (
        ("filament", [one.found.filament_mm for one in tried], mm),
        ("filament, k x volume", [one.by_volume_mm for one in tried], mm),
        ("time", [one.found.print_seconds for one in tried], seconds),
        ("time, k x volume", [one.by_volume_seconds for one in tried], seconds),
    )
    for name, found, truth in rows:
        error = 100 * np.abs(np.array(found) / truth - 1)
        print(f"| {name}, error | " + _cells(np.quantile(error, [0.5, 0.9, 1.0]), "%"))
    cost = np.quantile([one.cost_ms for one in tried], [0.5, 0.9, 1.0])
    print("| cost a part, processor time | " + _cells(cost, "ms"))
    inside = [
        one.found.low_seconds <= s <= one.found.high_seconds
        for one, s in zip(tried, seconds, strict=True)
    ]
    hit = [
        one.found.filament_low_mm <= s <= one.found.filament_high_mm
        for one, s in zip(tried, mm, strict=True)
    ]
    print(
        f"\nThe 90 % band holds the slicer's time for {100 * np.mean(inside):.0f} % of the parts,"
    )
    print(f"its filament for {100 * np.mean(hit):.0f} %.")


def _cells(figures: np.ndarray, unit: str) -> str:
    return " | ".join(f"{one:.1f} {unit}" for one in figures) + " |"


if __name__ == "__main__":
    sys.exit(main())
