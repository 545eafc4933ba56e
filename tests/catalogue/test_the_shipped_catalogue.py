"""The project's own eight parts are faultless, printable, and what the generator draws."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from parts3d.catalogue.manifest_folder import PartFolder, read_catalogue
from parts3d.catalogue.safety import SafetyClass
from parts3d.cli.catalogue import catalogue_app
from parts3d.meshes.check import Question, check
from parts3d.meshes.findings import Severity
from parts3d.meshes.reader import read
from parts3d.slicing.profiles import materials
from tools.make_catalogue import MODELS, stl_bytes

SHIPPED = Path(__file__).parents[2] / "catalogue"


@pytest.fixture(scope="module")
def parts() -> dict[str, PartFolder]:
    softening_c = {name: material.softening_c for name, material in materials().items()}
    found, faults = read_catalogue(SHIPPED, softening_c)
    assert [str(fault) for fault in faults] == []
    return {part.manifest.slug: part for part in found}


def test_the_eight_parts_are_there_and_each_has_a_model_in_code(
    parts: dict[str, PartFolder],
) -> None:
    assert len(parts) == 8
    assert set(MODELS) == {f"{p.manifest.category}/{p.manifest.slug}" for p in parts.values()}


def test_one_part_is_never_sold_and_one_is_an_unclassified_draft(
    parts: dict[str, PartFolder],
) -> None:
    assert [slug for slug, part in parts.items() if part.manifest.never_sold] == [
        "gas-hob-coupling"
    ]
    assert [slug for slug, part in parts.items() if part.manifest.safety_class is None] == [
        "washing-machine-door-handle"
    ]
    assert sum(part.manifest.sellable for part in parts.values()) == 6


def test_the_oven_knob_states_its_temperature(parts: dict[str, PartFolder]) -> None:
    knob = parts["oven-knob-d-shaft"].manifest
    assert knob.safety_class is SafetyClass.S2
    assert knob.limits.max_temperature_c == 80
    assert "80 °C" in knob.limits.load.en


@pytest.mark.parametrize("place", MODELS)
def test_a_shipped_model_is_one_closed_shell_flat_on_the_bed(
    place: str, parts: dict[str, PartFolder]
) -> None:
    part = parts[place.rpartition("/")[2]]
    mesh = read(part.model)
    checked = check(mesh, Question(unit_is_certain=True))
    assert checked.verdict.value == "printable"
    assert all(finding.severity is Severity.INFO for finding in checked.findings)
    assert mesh.lower_mm[2] == 0
    assert len(part.model) < 1_000_000
    assert not part.manifest.recipe.supports
    _, shells = _welded(mesh.triangles)
    assert shells == 1


def _welded(triangles: np.ndarray) -> tuple[int, int]:
    """Points and shells after welding, counted by our own small union."""
    _, names = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    parent = list(range(int(names.max()) + 1))

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    for a, b, c in names.reshape(-1, 3).tolist():
        parent[root(a)] = root(b)
        parent[root(b)] = root(c)
    return len(parent), sum(root(a) == a for a in range(len(parent)))


@pytest.mark.parametrize("place", ["furniture/drawer-runner-stop", "oven/oven-knob-d-shaft"])
def test_the_generator_draws_the_same_bytes_every_time(place: str) -> None:
    slug = place.rpartition("/")[2]
    hashes = {hashlib.sha256(stl_bytes(MODELS[place](), slug)).hexdigest() for _ in range(2)}
    assert len(hashes) == 1


@pytest.mark.parametrize("place", MODELS)
def test_the_generator_draws_what_is_shipped(place: str, parts: dict[str, PartFolder]) -> None:
    slug = place.rpartition("/")[2]
    # Another build of the geometry library may cut its triangles otherwise; the shape stays.
    drawn, shipped = read(stl_bytes(MODELS[place](), slug)), read(parts[slug].model)
    assert np.allclose(drawn.lower_mm, shipped.lower_mm, atol=0.01)
    assert np.allclose(drawn.upper_mm, shipped.upper_mm, atol=0.01)
    assert _volume_mm3(drawn.triangles) == pytest.approx(_volume_mm3(shipped.triangles), rel=1e-3)


def _volume_mm3(triangles: np.ndarray) -> float:
    a, b, c = triangles.astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def test_the_command_finds_no_fault_and_names_what_is_not_sold() -> None:
    result = CliRunner().invoke(catalogue_app, ["check", str(SHIPPED)])
    assert result.exit_code == 0
    assert "6 parts may be sold" in result.output
    assert "Never sold (S4): gas-hob-coupling." in result.output
    assert "Drafts without a safety class: washing-machine-door-handle." in result.output


def test_the_command_tells_faults_and_fails(tmp_path: Path) -> None:
    place = tmp_path / "oven" / "knob"
    place.mkdir(parents=True)
    (place / "part.toml").write_text('slug = "button"\n')
    result = CliRunner().invoke(catalogue_app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{place / 'part.toml'}:1: category is missing. Add category" in result.output
