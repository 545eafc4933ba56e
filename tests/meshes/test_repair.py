"""Repair: what it mends, what it leaves alone, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.check import check
from parts3d.meshes.findings import Severity
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.orient import write_stl
from parts3d.meshes.printing import Printing
from parts3d.meshes.repair import Done, Repaired, RepairRefused, repair
from tests.meshes import solids
from tests.meshes.solids import (
    Triangles,
    box,
    cylinder,
    flipped,
    mesh,
    nudged,
    sphere,
    tetrahedron,
    together,
    torus,
    tube,
    with_centre_split,
    without,
)

BOX_MM3 = 6000.0


def volume(triangles: Triangles) -> float:
    """Signed volume of a closed surface, mm3."""
    corners = triangles.astype(np.float64)
    return float(
        np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    )


def done(repaired: Repaired) -> dict[Done, int]:
    return {step.done: step.count for step in repaired.steps}


def surface_blocks(triangles: Triangles) -> list[str]:
    """Blocking findings of the check that are about the surface."""
    return [
        finding.code.value
        for finding in check(mesh(triangles)).findings
        if finding.severity is Severity.BLOCKS
    ]


@pytest.mark.parametrize("name", list(solids.SOUND))
def test_a_sound_mesh_comes_back_as_it_was(name: str) -> None:
    given_mesh = mesh(solids.SOUND[name]())
    repaired = repair(given_mesh)
    assert repaired.nothing_to_repair
    assert repaired.mesh is given_mesh
    assert repaired.before == repaired.after


MENDED = {
    "a facet is missing": (without(box(), 4), {Done.FILLED_HOLES: 1}, BOX_MM3),
    "a side is missing": (without(box(), 4, 5), {Done.FILLED_HOLES: 1}, BOX_MM3),
    "a T-junction": (with_centre_split(box(), 4), {Done.SPLIT_AT_JUNCTIONS: 1}, BOX_MM3),
    "a hairline tear": (nudged(box(), 4, 1e-4), {Done.JOINED_POINTS: 3}, BOX_MM3),
    "a facet flipped": (flipped(box(), 7), {Done.TURNED_FACETS: 1}, BOX_MM3),
    "inside out": (flipped(box()), {Done.TURNED_SHELLS: 1}, BOX_MM3),
    "a facet twice": (together(box(), box()[3:4]), {Done.DROPPED_COPIES: 1}, BOX_MM3),
    "every facet twice": (together(box(), box()), {Done.DROPPED_COPIES: 12}, BOX_MM3),
    "a facet twice, once turned": (
        together(box(), flipped(box()[3:4])),
        {Done.DROPPED_COPIES: 1},
        BOX_MM3,
    ),
    "every facet thrice, once turned": (
        together(box(), box(), flipped(box())),
        {Done.DROPPED_COPIES: 24},
        BOX_MM3,
    ),
}


@pytest.mark.parametrize("name", list(MENDED))
def test_a_known_defect_is_mended_by_the_step_made_for_it(name: str) -> None:
    triangles, steps, mm3 = MENDED[name]
    repaired = repair(mesh(triangles))
    assert done(repaired) == steps
    assert volume(repaired.mesh.triangles) == pytest.approx(mm3, rel=1e-6)
    assert repaired.after.watertight
    assert surface_blocks(repaired.mesh.triangles) == []
    assert repaired.moved_mm <= Printing().limits.tolerance_mm


def test_a_tube_without_its_end_gets_a_ring_for_a_lid_not_two_discs() -> None:
    whole = tube(24)
    top = (whole[:, :, 2] == 20).all(axis=1)
    repaired = repair(mesh(whole[~top]))
    assert repaired.after.area_mm2 == pytest.approx(repair(mesh(whole)).after.area_mm2, rel=1e-5)
    assert volume(repaired.mesh.triangles) == pytest.approx(volume(whole), rel=1e-5)
    assert done(repaired) == {Done.FILLED_HOLES: 2}


def test_a_large_flat_hole_of_any_size_is_filled() -> None:
    whole = cylinder(64)
    top = (whole[:, :, 2] == 20).all(axis=1)
    repaired = repair(mesh(whole[~top]))
    assert done(repaired) == {Done.FILLED_HOLES: 1}
    assert volume(repaired.mesh.triangles) == pytest.approx(volume(whole), rel=1e-5)


def test_a_small_hole_in_a_round_wall_is_filled() -> None:
    whole = sphere(60)
    repaired = repair(mesh(without(whole, 1500, 1501)))
    assert done(repaired) == {Done.FILLED_HOLES: 1}
    assert volume(repaired.mesh.triangles) == pytest.approx(volume(whole), rel=1e-3)


def test_a_large_hole_that_is_not_flat_is_refused_with_a_remedy() -> None:
    half = sphere(24)
    half = half[half.mean(axis=1)[:, 0] > 0]
    rough = half[half.mean(axis=1)[:, 2] < 7]
    with pytest.raises(RepairRefused, match="drawing program") as refused:
        repair(mesh(rough))
    assert refused.value.code == "repair_failed"


def test_a_hollow_stays_a_hollow_when_all_is_inside_out() -> None:
    hollow = together(box((30, 30, 30)), flipped(box((5, 5, 5), (10, 10, 10))))
    repaired = repair(mesh(flipped(hollow)))
    assert done(repaired) == {Done.TURNED_SHELLS: 2}
    assert volume(repaired.mesh.triangles) == pytest.approx(27000 - 125)


def test_a_hollow_stays_a_hollow_when_only_the_outside_is_inside_out() -> None:
    hollow = together(flipped(box((30, 30, 30))), flipped(box((5, 5, 5), (10, 10, 10))))
    repaired = repair(mesh(hollow))
    assert done(repaired) == {Done.TURNED_SHELLS: 1}
    assert volume(repaired.mesh.triangles) == pytest.approx(27000 - 125)


def test_one_of_two_bodies_inside_out_is_turned_alone() -> None:
    repaired = repair(mesh(together(box(), flipped(box(at=(40, 0, 0))))))
    assert done(repaired) == {Done.TURNED_SHELLS: 1}
    assert volume(repaired.mesh.triangles) == pytest.approx(2 * BOX_MM3)


def test_a_small_fin_is_taken_off() -> None:
    fin = np.array([[[0, 0, 0], [0, 0, 1], [-1, 0, 0]]], np.float32)
    split = box().copy()
    upright = with_point_on_edge(split, np.array([0, 0, 1], np.float32))
    repaired = repair(mesh(together(upright, fin)))
    assert done(repaired) == {Done.DROPPED_FINS: 1}
    assert volume(repaired.mesh.triangles) == pytest.approx(BOX_MM3)


def with_point_on_edge(triangles: Triangles, point: Triangles) -> Triangles:
    """Split every facet that has the box's edge x = y = 0 at a point of it."""
    facets = []
    for facet in triangles:
        for turn in range(3):
            a, b, c = np.roll(facet, -turn, axis=0)
            if not a[:2].any() and not b[:2].any():
                facets += [(a, point, c), (point, b, c)]
                break
        else:
            facets.append(tuple(facet))
    return np.array(facets, dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "triangles"),
    [
        ("a Moebius strip", solids.moebius()),
        ("one triangle", box()[:1]),
        ("a flat sheet", box()[:2]),
        ("only points", box()[:2][:, [0, 0, 0]]),
        ("a sheet of two sides", together(box()[:2], flipped(box()[:2]))),
        (
            "a large fin",
            together(box(), np.array([[[0, 0, 0], [20, 0, 0], [0, -9, -9]]], np.float32)),
        ),
    ],
)
def test_what_cannot_be_mended_without_inventing_is_refused(
    name: str, triangles: Triangles
) -> None:
    with pytest.raises(RepairRefused) as refused:
        repair(mesh(triangles))
    assert refused.value.code.startswith("repair_"), name
    assert "drawing program" in refused.value.message


def test_a_soup_of_loose_facets_is_refused() -> None:
    rng = np.random.default_rng(4)
    with pytest.raises(RepairRefused):
        repair(mesh(rng.uniform(0, 50, (300, 3, 3)).astype(np.float32)))


def test_a_gap_is_joined_only_within_the_materials_tolerance() -> None:
    torn = nudged(box(), 4, 0.02)
    assert volume(repair(mesh(torn)).mesh.triangles) == pytest.approx(BOX_MM3)
    assert 0.01 < repair(mesh(torn)).moved_mm <= 0.05
    assert Done.JOINED_POINTS in done(repair(mesh(torn)))
    off = box()
    off[4, :, 1] -= np.float32(0.3)
    with pytest.raises(RepairRefused):
        repair(mesh(off))


def test_overlapping_bodies_are_united_only_when_asked() -> None:
    crossed = mesh(together(box((10, 10, 10)), box((10, 10, 10), (5, 5, 5))))
    assert repair(crossed).nothing_to_repair
    repaired = repair(crossed, unite=True)
    assert done(repaired)[Done.UNITED] == 2
    assert repaired.after.volume_mm3 == pytest.approx(2000 - 125, rel=1e-5)
    assert repaired.after.bounds_mm == repaired.before.bounds_mm


def test_a_hollow_stays_when_bodies_are_united() -> None:
    hollow = together(box((30, 30, 30)), flipped(box((5, 5, 5), (3, 3, 3))))
    repaired = repair(mesh(together(hollow, box((30, 30, 30), (20, 20, 20)))), unite=True)
    assert repaired.after.volume_mm3 == pytest.approx(2 * 27000 - 1000 - 125, rel=1e-5)


def test_the_same_mesh_gives_the_same_file() -> None:
    broken = together(without(torus(), 5, 99), torus()[40:44])
    first, second = repair(mesh(broken)), repair(mesh(broken))
    assert write_stl(first.mesh) == write_stl(second.mesh)


def test_a_repaired_mesh_needs_no_repair() -> None:
    repaired = repair(mesh(together(without(flipped(torus(), 3, 77), 5, 99), torus()[40:44])))
    assert repair(repaired.mesh).nothing_to_repair


def test_the_mesh_given_is_left_as_it_was() -> None:
    broken = flipped(without(box(), 4), 0)
    given_mesh = Mesh(broken.copy())
    repair(given_mesh)
    assert np.array_equal(given_mesh.triangles, broken)


SOLIDS = [box(), tetrahedron(), cylinder(12), tube(12), torus(12), sphere(12)]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, len(SOLIDS) - 1),
    st.lists(st.integers(0, 10_000), max_size=4),
    st.lists(st.integers(0, 10_000), max_size=6),
    st.lists(st.integers(0, 10_000), max_size=3),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_a_sound_solid_broken_gently_comes_back(
    which: int,
    doubled: list[int],
    turned: list[int],
    torn: list[int],
    one_is_missing: bool,  # noqa: FBT001 - drawn, not called
    random: object,
) -> None:
    whole = SOLIDS[which]
    count = len(whole)
    broken = whole.copy()
    for row in torn:
        broken[row % count, row % 3] += np.float32(1e-5)
    few = list({row % count for row in turned})[: max(1, count // 5 - 1)]
    broken = flipped(broken, *few) if few else broken
    extra = broken[[row % count for row in doubled]]
    if one_is_missing:
        broken = without(broken, (doubled or turned or [7])[0] % count)
        extra = extra[:0]
    broken = together(broken, extra)
    broken = broken[np.random.default_rng(random.randint(0, 99)).permutation(len(broken))]  # type: ignore[attr-defined]
    repaired = repair(mesh(broken))
    assert repaired.after.watertight
    assert volume(repaired.mesh.triangles) == pytest.approx(volume(whole), rel=1e-3)
    assert surface_blocks(repaired.mesh.triangles) == []


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40),
    st.sampled_from([1.0, 1e-3, 1e-38, 300.0]),
    st.sampled_from([1, 2, 5]),
    st.integers(0, 9999),
)
def test_any_soup_is_repaired_soundly_or_refused(
    count: int, scale: float, grid: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    soup = (rng.integers(0, grid + 1, (count, 3, 3)) * scale).astype(np.float32)
    assert outcome(soup) in {"sound", "refused with a remedy"}


def outcome(triangles: Triangles) -> str:
    try:
        repaired = repair(mesh(triangles))
    except RepairRefused as refused:
        return "refused with a remedy" if "drawing program" in refused.message else refused.message
    return ", ".join(surface_blocks(repaired.mesh.triangles)) or "sound"
