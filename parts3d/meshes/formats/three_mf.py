"""3MF: the package, the objects that its build names, and their copies written out as triangles.

Only what ``build`` names is printed; objects of the type ``support`` are not, for supports are
the shop's. Copies are counted before they are written out. 3MF Core Specification 1.3, and the
Production Extension's ``p:path``.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.archive import Archive, Entry
from parts3d.meshes.formats.limits import Limits, no_triangles, refuse_too_many
from parts3d.meshes.formats.model_xml import Matrix, ModelObject, ModelPart, ModelReader, Reference
from parts3d.meshes.formats.relationships import model_path

_MODEL_PARTS = 500


@dataclass(frozen=True, slots=True)
class Model:
    """Corners (n, 3, 3) in the file's unit, and how many mm one unit is."""

    corners: NDArray[np.floating]
    mm_per_unit: float


@dataclass(frozen=True, slots=True)
class _Size:
    triangles: int
    instances: int
    depth: int


def read_three_mf(data: memoryview, limits: Limits) -> Model:
    """Read a 3MF as one mesh: every item of the build, placed by its transforms.

    Raises:
        Unreadable: see ``archive``, ``model_xml`` and ``_Build``; ``nothing_to_build``.
    """
    archive = Archive(data, limits)
    entry = model_path(archive)
    build = _Build(archive, limits)
    root = build.part(entry)
    items = [item for item in root.items if not build.is_support(item, entry)]
    if not items:
        raise Unreadable(
            "The 3MF puts nothing on the bed: its build is empty or has only supports. Place the "
            "model in the slicer or drawing program and export it again.",
            code="nothing_to_build",
            place=entry.name,
        )
    sizes = [build.size(item, entry, ()) for item in items]
    count = sum(size.triangles for size in sizes)
    refuse_too_many(count, limits, place=entry.name)
    if sum(size.instances for size in sizes) > limits.max_instances:
        raise Unreadable(
            f"The 3MF has more than {limits.max_instances} copies of its objects. "
            "Export fewer at once.",
            code="too_many_instances",
            place=entry.name,
        )
    if count == 0:
        raise no_triangles()
    corners = np.empty((count, 3, 3), dtype=np.float32)
    filled = 0
    for item in items:
        filled = build.place(item, entry, np.eye(4, 3), corners, filled, root.mm_per_unit)
    return Model(corners, root.mm_per_unit)


@dataclass(slots=True)
class _Build:
    """The parts read so far, the sizes of their objects, and their meshes as arrays."""

    archive: Archive
    limits: Limits
    parts: dict[str, ModelPart] = field(default_factory=dict)
    sizes: dict[tuple[str, str], _Size] = field(default_factory=dict)
    meshes: dict[tuple[str, str], tuple[NDArray[np.float64], NDArray[np.int64]]] = field(
        default_factory=dict
    )
    triangles: int = 0

    def part(self, entry: Entry) -> ModelPart:
        """Return a model part, read when it is first asked for."""
        if entry.name not in self.parts:
            if len(self.parts) >= _MODEL_PARTS:
                raise _bad_reference(f"more than {_MODEL_PARTS} model parts", entry.name)
            reader = ModelReader(entry.name, self.limits, self.triangles)
            part = reader.read(self.archive.stream(entry))
            self.triangles += sum(each.triangle_count for each in part.objects.values())
            self.parts[entry.name] = part
        return self.parts[entry.name]

    def resolve(self, reference: Reference, entry: Entry) -> tuple[Entry, ModelObject]:
        """Return the object that is meant, and the part it stands in."""
        if reference.path is not None:
            found = self.archive.find(reference.path)
            if found is None:
                raise _bad_reference(
                    f"the part '{reference.path[:60]}' is not in the file", reference.place
                )
            entry = found
        meant = self.part(entry).objects.get(reference.object_id)
        if meant is None:
            raise _bad_reference(f"there is no object {reference.object_id[:20]}", reference.place)
        return entry, meant

    def is_support(self, item: Reference, entry: Entry) -> bool:
        """Whether an item of the build is a support, which is not the model's."""
        _, meant = self.resolve(item, entry)
        if meant.kind == "other":
            raise _bad_reference(f"object {meant.id} is not meant to be printed", item.place)
        return meant.kind in {"support", "solidsupport"}

    def size(self, reference: Reference, entry: Entry, above: tuple[tuple[str, str], ...]) -> _Size:
        """Count triangles and copies without writing them out; cycles and depth are refused."""
        entry, meant = self.resolve(reference, entry)
        key = (entry.name, meant.id)
        if key in above:
            raise _bad_reference(f"object {meant.id} contains itself", reference.place)
        # A size that is known may be deep, too, so both ways to go too deep are looked at.
        deepest = len(above) + (self.sizes[key].depth if key in self.sizes else 1)
        if deepest > self.limits.max_depth:
            raise _bad_reference(
                f"components deeper than {self.limits.max_depth} inside each other", reference.place
            )
        if key not in self.sizes:
            inner = [self.size(each, entry, (*above, key)) for each in meant.components]
            self.sizes[key] = _Size(
                meant.triangle_count + sum(each.triangles for each in inner),
                1 + sum(each.instances for each in inner),
                1 + max((each.depth for each in inner), default=0),
            )
        return self.sizes[key]

    def place(
        self,
        reference: Reference,
        entry: Entry,
        outer: Matrix,
        corners: NDArray[np.float32],
        filled: int,
        mm_per_unit: float,
    ) -> int:
        """Write an object's triangles into ``corners`` from ``filled`` on; return the new end."""
        entry, meant = self.resolve(reference, entry)
        # A part referred to may have a unit of its own; its numbers are then not the root's.
        if self.part(entry).mm_per_unit != mm_per_unit:
            raise _bad_reference("its model parts have different units", reference.place)
        matrix = _after(reference.transform, outer)
        if meant.triangle_count:
            vertices, indices = self._mesh(entry, meant)
            with np.errstate(over="ignore", invalid="ignore"):
                moved = vertices @ matrix[:3] + matrix[3]
                target = corners[filled : filled + len(indices)]
                target[...] = moved.astype(np.float32)[indices]
                if np.linalg.det(matrix[:3]) < 0:  # mirrored: turn the facets back outwards
                    target[:, [1, 2]] = target[:, [2, 1]]
            filled += len(indices)
        for component in meant.components:
            filled = self.place(component, entry, matrix, corners, filled, mm_per_unit)
        return filled

    def _mesh(
        self, entry: Entry, meant: ModelObject
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        key = (entry.name, meant.id)
        if key not in self.meshes:
            vertices = np.frombuffer(meant.numbers, dtype=np.float64).reshape(-1, 3)
            indices = np.frombuffer(meant.corners, dtype=np.int64).reshape(-1, 3)
            wrong = (indices < 0).any(axis=1) | (indices >= len(vertices)).any(axis=1)
            if wrong.any():
                at = int(np.argmax(wrong))
                place = f"{meant.place}, triangle {at}"
                raise Unreadable(
                    f"Triangle {at} of object {meant.id} names a vertex that is not there; there "
                    f"are {len(vertices)}. The 3MF is damaged; export the model again.",
                    code="bad_index",
                    place=place,
                )
            self.meshes[key] = (vertices, indices)
        return self.meshes[key]


def _after(inner: Matrix | None, outer: Matrix) -> Matrix:
    """Return first ``inner``, then ``outer``, both 4 x 3 for row vectors."""
    if inner is None:
        return outer
    with np.errstate(over="ignore", invalid="ignore"):
        both: Matrix = inner @ outer[:3]
        both[3] += outer[3]
    return both


def _bad_reference(what: str, place: str) -> Unreadable:
    return Unreadable(
        f"The model inside the 3MF does not hold together: {what} ({place}). Export the model "
        "again.",
        code="bad_reference",
        place=place,
    )
