"""The same triangles as a file of each format, by writers that share nothing with our readers."""

import io
import random
import zipfile

import numpy as np
from numpy.typing import NDArray

Triangles = NDArray[np.float32]
MODEL = "3D/3dmodel.model"
_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.'
    '3dmanufacturing-3dmodel+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.'
    'microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)


def binary(triangles: Triangles, header: bytes = b"") -> bytes:
    facets = np.zeros(len(triangles), [("n", "<f4", 3), ("c", "<f4", (3, 3)), ("a", "<u2")])
    facets["c"] = triangles
    return header[:80].ljust(80) + len(triangles).to_bytes(4, "little") + facets.tobytes()


def ascii_stl(triangles: Triangles, name: str = "part") -> bytes:
    lines = [f"solid {name}"]
    for facet in triangles.tolist():
        lines += ["facet normal 0 0 0", " outer loop"]
        lines += [f"  vertex {x!r} {y!r} {z!r}" for x, y, z in facet]
        lines += [" endloop", "endfacet"]
    return "\n".join([*lines, f"endsolid {name}", ""]).encode()


def obj(triangles: Triangles) -> bytes:
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in triangles.reshape(-1, 3).tolist()]
    lines += [f"f {i + 1} {i + 2} {i + 3}" for i in range(0, 3 * len(triangles), 3)]
    return "\n".join(["# by a test", *lines, ""]).encode()


def mesh_xml(triangles: Triangles) -> str:
    points = "".join(
        f'<vertex x="{x!r}" y="{y!r}" z="{z!r}"/>' for x, y, z in triangles.reshape(-1, 3).tolist()
    )
    faces = "".join(
        f'<triangle v1="{i}" v2="{i + 1}" v3="{i + 2}"/>' for i in range(0, 3 * len(triangles), 3)
    )
    return f"<mesh><vertices>{points}</vertices><triangles>{faces}</triangles></mesh>"


def model_xml(resources: str, build: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<model unit="millimeter" xmlns="{_CORE}">'
        f"<resources>{resources}</resources><build>{build}</build></model>"
    )


def archive(entries: dict[str, bytes], *, packed: bool = True) -> bytes:
    out = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", kind, compresslevel=1) as file:
        written = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS} | entries
        for name, content in written.items():
            # By itself an entry bears the hour of writing, and no two files would be the same.
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            file.writestr(entry, content, compress_type=kind)
    return out.getvalue()


def three_mf(triangles: Triangles) -> bytes:
    xml = model_xml(
        f'<object id="1" type="model">{mesh_xml(triangles)}</object>', '<item objectid="1"/>'
    )
    return archive({MODEL: xml.encode()})


def tricky_3mf(dice: random.Random, triangles: Triangles) -> bytes:
    """A 3MF that tries something: bombs, names, cycles, entities, nesting."""
    inner = mesh_xml(triangles)
    plain = f'<object id="1" type="model">{inner}</object>'
    item = '<item objectid="1"/>'

    def packed(resources: str, build: str = item, head: str = "") -> bytes:
        return archive({MODEL: model_xml(resources, build, head).encode()})

    def copies(levels: int, fan: int) -> bytes:
        objects = [plain]
        for level in range(2, levels + 2):
            parts = f'<component objectid="{level - 1}"/>' * fan
            objects.append(f'<object id="{level}"><components>{parts}</components></object>')
        return packed("".join(objects), f'<item objectid="{levels + 1}"/>')

    entities = "<!DOCTYPE m [" + '<!ENTITY a "aaaaaaaaaa">'
    for here, before in zip("bcdefgh", "abcdefg", strict=True):
        entities += f'<!ENTITY {here} "{f"&{before};" * 10}">'
    good = model_xml(plain, item).encode()
    number = dice.choice(["NaN", "1e39", "1e400", "-inf", "0x10", "1_0", "", "9" * 400, "1e-320"])
    tries = [
        lambda: copies(dice.randint(2, 12), dice.randint(2, 20)),
        lambda: copies(dice.randint(30, 300), 1),
        lambda: packed(
            '<object id="1"><components><component objectid="1"/></components></object>'
        ),
        lambda: packed(plain + '<object id="1"><components/></object>'),
        lambda: packed(plain, item, entities + "]>"),
        lambda: packed(plain, item, '<!DOCTYPE m SYSTEM "file:///etc/passwd">'),
        lambda: packed(plain + "<x>" * dice.choice([200, 5000, 50_000])),
        lambda: packed(plain, f'<item objectid="1" transform="{" ".join([number] * 12)}"/>'),
        lambda: packed(plain, f'<item objectid="{number}"/>'),
        lambda: packed(plain, item * dice.choice([2, 500, 30_000])),
        lambda: packed(plain.replace('v1="0"', f'v1="{number}"')),
        lambda: packed(plain.replace('x="', f'x="{number}', 1)),
        lambda: archive({MODEL: good, "../../escaped": b"x", "/etc/x": b"x"}),
        lambda: archive({MODEL: good + b" " * dice.choice([10**6, 10**7, 10**8])}),
        lambda: archive({MODEL: good, "junk": bytes(dice.choice([10**7, 10**8]))}),
        lambda: archive({MODEL: good, **{f"x{i}": b"" for i in range(3000)}}),
        lambda: archive({MODEL: good, MODEL.upper(): good}),
        lambda: archive({MODEL: good.decode().encode("utf-16")}),
        lambda: archive({MODEL: archive({MODEL: good})}),
        lambda: archive({}),
        lambda: archive({MODEL: good}, packed=False),
    ]
    return dice.choice(tries)()
