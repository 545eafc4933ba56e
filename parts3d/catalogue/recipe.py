"""The recipe: how a part is to be printed. It belongs to the part, never to the shop."""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Material = Literal["PLA", "PETG", "ASA", "ABS", "PA-CF", "TPU"]


class Recipe(BaseModel):
    """Everything a slicer is told besides the printer's profile and the mesh."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    material: Material
    layer_height_mm: Annotated[float, Field(ge=0.08, le=0.32)] = 0.20
    wall_count: Annotated[int, Field(ge=1, le=10)] = 2
    top_layers: Annotated[int, Field(ge=0, le=20)] = 6
    bottom_layers: Annotated[int, Field(ge=0, le=20)] = 4
    infill_percent: Annotated[int, Field(ge=0, le=100)] = 20
    infill_pattern: Literal["gyroid", "grid", "lines"] = "gyroid"
    supports: bool = False
    brim_mm: Annotated[float, Field(ge=0, le=10)] = 0.0
    # Rotation of the model as uploaded, degrees about x, then y, then z.
    orientation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def sha256(self) -> str:
        """Identity of the recipe: SHA-256 of its canonical JSON, hex."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
