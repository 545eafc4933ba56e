"""Slices of shapes made here, each made once a session."""

import functools
from collections.abc import Callable

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.cura_install import ensure_installed
from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.profiles import materials, profile

SliceShape = Callable[..., SliceResult]


@pytest.fixture(scope="session")
def cura() -> CuraEngine:
    """The real engine; fetched once where it is missing."""
    ensure_installed()
    return CuraEngine()


@pytest.fixture(scope="session")
def slice_shape(cura: CuraEngine) -> SliceShape:
    """Slice an STL with a recipe given by keywords; the same question is asked once."""

    @functools.cache
    def sliced(stl: bytes, printer_model: str, recipe: Recipe) -> SliceResult:
        return cura.slice(stl, profile(printer_model), materials()[recipe.material], recipe)

    def ask(stl: bytes, printer_model: str = "mk3s", **recipe: object) -> SliceResult:
        asked = Recipe.model_validate({"material": "PLA", **recipe})
        return sliced(stl, printer_model, asked)

    return ask
