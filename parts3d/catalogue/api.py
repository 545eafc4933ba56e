"""The catalogue over HTTP: search, one part, its picture and its mesh for the viewer."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict

from parts3d.catalogue.manifest_model import ApplianceFit, Manifest
from parts3d.catalogue.queries import part_on_sale
from parts3d.catalogue.search import find_parts
from parts3d.errors import NotFound
from parts3d.web import ContextDep, LanguageDep, ReadDep

router = APIRouter(prefix="/api/v1/parts", tags=["catalogue"])
# A revision never changes, but the part's address outlives it.
_CACHE = {"Cache-Control": "public, max-age=3600"}


class PartCard(BaseModel):
    """A part in a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str
    name: str
    category: str
    material: str
    fitting: str | None


class PartDetails(PartCard):
    """A part with all that a buyer should know."""

    description: str
    fits: tuple[ApplianceFit, ...]
    dimensions_mm: tuple[float, float, float]
    safety_class: str
    load: str
    max_temperature_c: float | None


@router.get("")
def search_parts(
    session: ReadDep,
    language: LanguageDep,
    q: Annotated[str, Query(max_length=200)] = "",
) -> list[PartCard]:
    """Find parts on sale by words, brand or model number."""
    return [
        PartCard(
            slug=found.part.slug,
            name=getattr(Manifest.model_validate(found.revision.manifest).name, language),
            category=found.part.category,
            material=found.revision.recipe["material"],
            fitting=found.fitting,
        )
        for found in find_parts(session, q)
    ]


@router.get("/{slug}")
def show_part(slug: str, session: ReadDep, language: LanguageDep) -> PartDetails:
    """Return one part."""
    shown = part_on_sale(session, slug)
    manifest = shown.manifest
    size = manifest.dimensions_mm
    return PartDetails(
        slug=slug,
        name=shown.name(language),
        category=shown.part.category,
        material=manifest.recipe.material,
        fitting=None,
        description=shown.description(language),
        fits=manifest.fits,
        dimensions_mm=(size.x, size.y, size.z),
        safety_class=manifest.safety_class or "",
        load=getattr(manifest.limits.load, language),
        max_temperature_c=manifest.limits.max_temperature_c,
    )


@router.get("/{slug}/picture.png")
def show_picture(
    slug: str, session: ReadDep, context: ContextDep, size: Literal["96", "320"] | None = None
) -> FileResponse:
    """Send the part's picture, or a small copy of so many pixels a side once there is one."""
    revision = part_on_sale(session, slug).revision
    if revision.picture_sha256 is None:
        raise NotFound("There is no picture of this part yet.")
    small = (revision.thumbnails or {}).get(size or "")
    path = context.store.path(small or revision.picture_sha256)
    return FileResponse(path, media_type="image/png", headers=_CACHE)


@router.get("/{slug}/model.glb")
def show_model(slug: str, session: ReadDep, context: ContextDep) -> Response:
    """Send the mesh for the viewer, as it lies on the bed."""
    from parts3d.meshes.reader import read
    from parts3d.meshes.viewer import MEDIA_TYPE, viewer_mesh

    revision = part_on_sale(session, slug).revision
    mesh = read(context.store.read(revision.model_sha256))
    content = viewer_mesh(mesh, tuple(revision.recipe["orientation_deg"]))
    return Response(content, media_type=MEDIA_TYPE, headers=_CACHE)
