"""Writers of 3MF, OBJ and STEP for the tests: small, plain, and easy to make wrong on purpose."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from itertools import count
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
RELATIONSHIPS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="rel0" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)


def object_xml(
    triangles: NDArray[np.float32], number: int = 1, kind: str = "model", extra: str = ""
) -> str:
    points, indices = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    vertices = "".join(f'<vertex x="{x!r}" y="{y!r}" z="{z!r}"/>' for x, y, z in points.tolist())
    rows = "".join(
        f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in indices.reshape(-1, 3).tolist()
    )
    return (
        f'<object id="{number}" type="{kind}"{extra}><mesh><vertices>{vertices}</vertices>'
        f"<triangles>{rows}</triangles></mesh></object>"
    )


def components_xml(number: int, *components: str) -> str:
    inside = "".join(f"<component {each}/>" for each in components)
    return f'<object id="{number}"><components>{inside}</components></object>'


def model_xml(
    objects: str, *items: str, unit: str | None = None, attributes: str = "", head: str = ""
) -> str:
    said = f' unit="{unit}"' if unit else ""
    build = "".join(f"<item {each}/>" for each in items)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}'
        f'<model xmlns="{CORE}" xmlns:p="{PRODUCTION}"{said} {attributes}>\n'
        f"<resources>{objects}</resources>\n<build>{build}</build>\n</model>"
    )


def package(
    model: str | bytes,
    *,
    relationships: str = RELATIONSHIPS,
    others: Mapping[str, str | bytes] = MappingProxyType({}),
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", relationships)
        archive.writestr("3D/3dmodel.model", model)
        for name, content in others.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def three_mf(triangles: NDArray[np.float32], unit: str | None = None) -> bytes:
    return package(model_xml(object_xml(triangles), 'objectid="1"', unit=unit))


def obj(triangles: NDArray[np.float32]) -> bytes:
    points, indices = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    lines = ["# a model", "mtllib ../../etc/passwd", "o part"]
    lines += [f"v {x!r} {y!r} {z!r}" for x, y, z in points.tolist()]
    lines += [f"f {a} {b} {c}" for a, b, c in (indices.reshape(-1, 3) + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


def step_box(size: Sequence[float] = (20, 30, 10), unit: str = "SI_UNIT(.MILLI.,.METRE.)") -> bytes:
    """One box with its lowest corner at the origin, as AP214 with planes and straight edges."""
    numbers, lines = count(1), []

    def add(text: str) -> str:
        number = f"#{next(numbers)}"
        lines.append(f"{number}={text};")
        return number

    def triple(values: Sequence[float]) -> str:
        return "(" + ",".join(f"{float(value):.6f}" for value in values) + ")"

    def point(values: Sequence[float]) -> str:
        return add(f"CARTESIAN_POINT('',{triple(values)})")

    def direction(values: Sequence[float]) -> str:
        return add(f"DIRECTION('',{triple(values)})")

    places = {
        (x, y, z): (x * size[0], y * size[1], z * size[2])
        for x in (0, 1)
        for y in (0, 1)
        for z in (0, 1)
    }
    vertices = {key: add(f"VERTEX_POINT('',{point(at)})") for key, at in places.items()}
    edges: dict[tuple[object, object], str] = {}

    def edge(one: tuple[int, int, int], two: tuple[int, int, int]) -> str:
        if (two, one) in edges:
            return add(f"ORIENTED_EDGE('',*,*,{edges[two, one]},.F.)")
        along = [b - a for a, b in zip(one, two, strict=True)]
        vector = add(f"VECTOR('',{direction(along)},1.)")
        line = add(f"LINE('',{point(places[one])},{vector})")
        edges[one, two] = add(f"EDGE_CURVE('',{vertices[one]},{vertices[two]},{line},.T.)")
        return add(f"ORIENTED_EDGE('',*,*,{edges[one, two]},.T.)")

    faces = []
    for axis in range(3):
        for side in (0, 1):
            ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
            loop = []
            for u, v in ring if side else ring[::-1]:
                key = [0, 0, 0]
                key[axis], key[(axis + 1) % 3], key[(axis + 2) % 3] = side, u, v
                loop.append((key[0], key[1], key[2]))
            oriented = [edge(loop[i], loop[(i + 1) % 4]) for i in range(4)]
            normal, across = [0, 0, 0], [0, 0, 0]
            normal[axis], across[(axis + 1) % 3] = (1 if side else -1), 1
            where = add(
                f"AXIS2_PLACEMENT_3D('',{point(places[loop[0]])},{direction(normal)},"
                f"{direction(across)})"
            )
            ring_name = add("EDGE_LOOP('',(" + ",".join(oriented) + "))")
            bound = add(f"FACE_OUTER_BOUND('',{ring_name},.T.)")
            plane = add(f"PLANE('',{where})")
            faces.append(add(f"ADVANCED_FACE('',({bound}),{plane},.T.)"))
    shell = add("CLOSED_SHELL('',(" + ",".join(faces) + "))")
    solid = add(f"MANIFOLD_SOLID_BREP('box',{shell})")
    length = add(f"(LENGTH_UNIT()NAMED_UNIT(*){unit})")
    angle = add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
    solid_angle = add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
    precision = add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-07),{length},'d','')")
    context = add(
        f"(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({precision}))"
        f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid_angle}))"
        "REPRESENTATION_CONTEXT('',''))"
    )
    shape = add(f"ADVANCED_BREP_SHAPE_REPRESENTATION('',({solid}),{context})")
    application = add("APPLICATION_CONTEXT('automotive design')")
    product_context = add(f"PRODUCT_CONTEXT('',{application},'mechanical')")
    product = add(f"PRODUCT('box','box','',({product_context}))")
    formation = add(f"PRODUCT_DEFINITION_FORMATION('','',{product})")
    definition_context = add(
        f"PRODUCT_DEFINITION_CONTEXT('part definition',{application},'design')"
    )
    definition = add(f"PRODUCT_DEFINITION('design','',{formation},{definition_context})")
    definition_shape = add(f"PRODUCT_DEFINITION_SHAPE('','',{definition})")
    add(f"SHAPE_DEFINITION_REPRESENTATION({definition_shape},{shape})")
    header = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('box','2026-01-01T00:00:00',(''),(''),'','','');\n"
        "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n"
    )
    return (header + "\n".join(lines) + "\nENDSEC;\nEND-ISO-10303-21;\n").encode()
