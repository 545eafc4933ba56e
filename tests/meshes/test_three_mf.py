import io
import struct
import tracemalloc
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Unreadable
from parts3d.meshes.measure import measure
from parts3d.meshes.reader import Limits, read
from tests.meshes import solids
from tests.meshes.models import (
    RELATIONSHIPS,
    components_xml,
    model_xml,
    object_xml,
    package,
    three_mf,
)

BOX = object_xml(solids.box())
ONE = 'objectid="1"'
SHIFT = "1 0 0 0 1 0 0 0 1"
PLAIN = three_mf(solids.box())


def refusal(data: bytes, limits: Limits | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, limits=limits or Limits())
    assert caught.value.message.endswith(".")
    return caught.value


def bounds(data: bytes) -> list[list[float]]:
    corners = read(data).triangles
    return [corners.min(axis=(0, 1)).tolist(), corners.max(axis=(0, 1)).tolist()]


def bomb(size: int) -> bytes:
    return package(model_xml(BOX, ONE), others={"3D/other.model": b" " * size})


def test_a_3mf_gives_its_triangles_and_knows_its_unit() -> None:
    result = read(PLAIN)
    assert result.format == "3mf"
    assert result.unit_is_known
    assert (result.triangles == solids.box()).all()


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("micron", 0.001), ("millimeter", 1), ("centimeter", 10), ("inch", 25.4), ("meter", 1000)],
)
def test_a_3mf_is_scaled_by_its_own_unit(unit: str, factor: float) -> None:
    small = solids.box((0.2, 0.3, 0.1))
    high = bounds(three_mf(small, unit))[1]
    assert high == pytest.approx([0.2 * factor, 0.3 * factor, 0.1 * factor])


def test_a_unit_that_contradicts_the_file_is_refused_and_the_same_one_is_not() -> None:
    inches = three_mf(solids.box((0.2, 0.3, 0.1)), "inch")
    assert len(read(inches, unit="inch").triangles) == 12
    with pytest.raises(Unreadable, match="says its unit itself") as caught:
        read(inches, unit="mm")
    assert caught.value.code == "unit_differs"


def test_only_what_the_build_names_is_read_and_each_item_in_its_place() -> None:
    other = object_xml(solids.torus(), 2)
    data = package(
        model_xml(BOX + other, ONE, f'{ONE} transform="{SHIFT} 100 0 5"', f'{ONE} printable="0"')
    )
    assert len(read(data).triangles) == 24
    assert bounds(data) == [[0, 0, 0], [120, 30, 15]]


def test_components_are_placed_by_their_own_transform_and_then_by_the_items() -> None:
    turned = "0 1 0 -1 0 0 0 0 1"  # a quarter turn to the left, for row vectors
    group = components_xml(2, f'{ONE} transform="{SHIFT} 10 0 0"')
    top = components_xml(3, f'objectid="2" transform="{turned} 0 0 0"')
    data = package(model_xml(BOX + group + top, f'objectid="3" transform="{SHIFT} 0 0 7"'))
    assert bounds(data) == [[-30, 10, 7], [0, 30, 17]]


def test_a_mirrored_object_still_faces_outwards() -> None:
    data = package(model_xml(BOX, f'{ONE} transform="-1 0 0 0 1 0 0 0 1 0 0 0"'))
    measures = measure(read(data))
    assert measures.signed_volume_mm3 == pytest.approx(6000)
    assert bounds(data) == [[-20, 0, 0], [0, 30, 10]]


def test_another_model_part_is_read_where_the_production_extension_names_it() -> None:
    group = components_xml(1, 'p:path="/3D/Objects/a.model" objectid="7"')
    data = package(
        model_xml(group, ONE, attributes='requiredextensions="p"'),
        others={"3D/Objects/a.model": model_xml(object_xml(solids.box(), 7))},
    )
    assert (read(data).triangles == solids.box()).all()


def test_supports_are_left_to_the_shop() -> None:
    support = object_xml(solids.torus(), 2, "support")
    data = package(model_xml(BOX + support, ONE, 'objectid="2"'))
    assert len(read(data).triangles) == 12
    only = package(model_xml(BOX + support, 'objectid="2"'))
    assert refusal(only).code == "nothing_to_build"


def test_an_unknown_extension_that_is_not_required_is_passed_over() -> None:
    extra = '<b:beamlattice xmlns:b="http://beams"><b:vertex x="a"/></b:beamlattice></mesh>'
    data = package(model_xml(BOX.replace("</mesh>", extra), ONE))
    assert len(read(data).triangles) == 12


def test_a_model_in_utf16_is_read() -> None:
    text = model_xml(BOX, ONE).replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert len(read(package(text.encode("utf-16"))).triangles) == 12


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        (model_xml(BOX), "nothing_to_build", "puts nothing on the bed"),
        (model_xml(BOX, 'objectid="9"'), "bad_reference", "no object 9"),
        (model_xml(components_xml(1, ONE), ONE), "bad_reference", "contains itself"),
        (
            model_xml(components_xml(1, 'objectid="2"') + components_xml(2, ONE), ONE),
            "bad_reference",
            "contains itself",
        ),
        (
            model_xml(components_xml(1, 'objectid="1" p:path="/3D/x.model"'), ONE),
            "bad_reference",
            "not in the file",
        ),
        (model_xml(object_xml(solids.box(), 1, "other"), ONE), "bad_reference", "not meant"),
        (model_xml(BOX, f'{ONE} transform="1 0 0"'), "bad_model", "12 numbers"),
        (model_xml(BOX, f'{ONE} transform="{SHIFT} nan 0 0"'), "bad_model", "12 numbers"),
        (model_xml(BOX, f'{ONE} transform="1 0 0 0 1 0 0 0 0 0 0 0"'), "bad_transform", "flattens"),
        (model_xml(BOX, ONE, unit="parsec"), "bad_model", "parsec"),
        (model_xml(BOX + BOX, ONE), "bad_model", "number of its own"),
        (model_xml(BOX.replace('v1="1"', 'v1="99"'), ONE), "bad_index", "there are 8"),
        (model_xml(BOX.replace('v1="1"', 'v1="-1"'), ONE), "bad_index", "there are 8"),
        (model_xml(BOX.replace('v1="1"', 'v1="1.5"'), ONE), "bad_model", "a number that is none"),
        (model_xml(BOX.replace('v1="1"', f'v1="{10**30}"'), ONE), "bad_model", "number"),
        (model_xml(BOX.replace('x="20.0"', 'x="2_0"'), ONE), "bad_model", "a number that is none"),
        (model_xml(BOX.replace('x="20.0"', 'x="20,0"'), ONE), "bad_model", "a number that is none"),
        (model_xml(BOX.replace('x="20.0"', ""), ONE), "bad_model", "without x, y or z"),
        (model_xml(BOX.replace('x="20.0"', 'x="nan"'), ONE), "not_a_number", "no number"),
        (model_xml(BOX.replace('x="20.0"', 'x="1e9"'), ONE), "beyond_one_metre", "a metre"),
        (model_xml('<object id="1"/>', ONE), "no_triangles", "no triangles"),
        (model_xml(BOX, ONE)[:-9], "bad_xml", "not well-formed"),
        ("<html/>", "bad_model", "no <model>"),
        (model_xml(BOX, ONE).replace("UTF-8", "nonsense"), "bad_xml", "3D/3dmodel.model"),
        (
            model_xml(BOX, ONE, head='<!DOCTYPE model [<!ENTITY a "b">]>'),
            "bad_xml",
            "document type",
        ),
        (
            model_xml(BOX, ONE, head='<!DOCTYPE model SYSTEM "http://127.0.0.1/x.dtd">'),
            "bad_xml",
            "document type",
        ),
        (
            model_xml(BOX, ONE, attributes='xmlns:b="http://beams" requiredextensions="p b"'),
            "needs_extension",
            "http://beams",
        ),
        (
            model_xml(
                BOX,
                ONE,
                attributes='xmlns:s="http://schemas.microsoft.com/3dmanufacturing/'
                'securecontent/2019/04" requiredextensions="s"',
            ),
            "encrypted",
            "securecontent",
        ),
        (model_xml("<object>" * 100, ONE), "bad_model", "number of its own"),
        ("<a>" * 100, "bad_xml", "too deep"),
        (model_xml(f'<object id="{"9" * 9_000_000}"/>', ONE), "bad_xml", "megabytes"),
    ],
)
def test_what_is_wrong_in_a_model_is_refused_with_words(model: str, code: str, words: str) -> None:
    error = refusal(package(model), Limits(max_unpacking_ratio=2000))
    assert error.code == code
    assert words in error.message
    assert error.place


def test_copies_of_copies_are_counted_before_they_are_written_out() -> None:
    chain = "".join(components_xml(n, *[f'objectid="{n - 1}"'] * 10) for n in range(2, 30))
    laughs = package(model_xml(BOX + chain, 'objectid="29"'))
    error = refusal(laughs)
    assert error.code == "too_many_triangles"
    assert f"{12 * 10**28} triangles" in error.message
    hollow = package(model_xml('<object id="1"/>' + chain, 'objectid="29"', ONE))
    assert refusal(hollow).code == "too_many_instances"


@pytest.mark.parametrize("order", [1, -1])
def test_components_deep_inside_each_other_are_refused_in_any_order(order: int) -> None:
    chain = "".join(components_xml(b, f'objectid="{a}"') for a, b in pairwise(range(1, 3000)))
    items = [f'objectid="{n}"' for n in range(1, 3000)][::order]
    error = refusal(package(model_xml(BOX + chain, *items)))
    assert error.code == "bad_reference"
    assert "deeper than 32" in error.message


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (PLAIN, Limits(max_triangles=11), "too_many_triangles"),
        (PLAIN, Limits(max_entries=2), "too_many_entries"),
        (package(model_xml("<a/>" * 61_000, ONE)), Limits(max_triangles=10), "bad_xml"),
        (PLAIN, Limits(max_unpacked_bytes=500), "unpacks_too_large"),
        (PLAIN, Limits(max_bytes=100), "too_many_bytes"),
        (bomb(30_000_000), Limits(), "unpacks_too_large"),
    ],
)
def test_each_cap_of_a_3mf_refuses_what_is_beyond_it(
    data: bytes, limits: Limits, code: str
) -> None:
    tracemalloc.start()
    error = refusal(data, limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == code
    assert peak < 3_000_000


def test_an_entry_that_unpacks_to_more_than_it_says_is_stopped_there() -> None:
    data = bytearray(package(model_xml(BOX, ONE) + " " * 5_000_000))
    at = data.rindex(b"3D/3dmodel.model") - 46
    struct.pack_into("<I", data, at + 24, 900_000)
    tracemalloc.start()
    error = refusal(bytes(data))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "bad_zip"
    assert "more than it says" in error.message
    assert peak < 8_000_000


def renamed(name: str) -> bytes:
    return package(model_xml(BOX, ONE), others={name: "x"})


def flagged() -> bytes:
    data = bytearray(PLAIN)
    data[data.rindex(b"3D/3dmodel.model") - 46 + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    data = bytearray(package(model_xml(BOX, ONE), others={"3D/a": "x" * 50}))
    first, second = data.rindex(b"3D/3dmodel.model") - 46, data.rindex(b"3D/a") - 46
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (PLAIN[:-1], "truncated", "cut off"),
        (PLAIN[:300], "truncated", "cut off"),
        (renamed("../../etc/passwd"), "bad_entry_name", "points elsewhere"),
        (renamed("/etc/passwd"), "bad_entry_name", "points elsewhere"),
        (renamed("c:\\windows"), "bad_entry_name", "points elsewhere"),
        (renamed("a\\..\\b"), "bad_entry_name", "points elsewhere"),
        (renamed("x" * 500), "bad_entry_name", "points elsewhere"),
        (renamed("3d/3DMODEL.model"), "bad_zip", "same name"),
        (flagged(), "encrypted", "password"),
        (overlapping(), "bad_zip", "lie over each other"),
        (package("", relationships="<a/>"), "zip_without_model", "no 3MF"),
        (package("", relationships="<a"), "bad_xml", "not well-formed"),
        (package("", relationships="<!DOCTYPE a><a/>"), "bad_xml", "document type"),
        (
            package("", relationships=RELATIONSHIPS.replace("3dmodel.model", "x.model")),
            "bad_reference",
            "not in the file",
        ),
    ],
)
def test_a_zip_that_is_not_sound_is_refused_before_it_is_unpacked(
    data: bytes, code: str, words: str
) -> None:
    error = refusal(data)
    assert error.code == code
    assert words in error.message
    assert error.place


def test_a_zip_with_a_model_inside_says_which_to_upload() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("parts/knob.STL", "solid")
    error = refusal(buffer.getvalue())
    assert error.code == "zip_without_model"
    assert "parts/knob.STL" in error.message
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert refusal(empty.getvalue()).code == "zip_without_model"


def test_a_3mf_with_64_bit_sizes_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", RELATIONSHIPS)
        with archive.open("3D/3dmodel.model", "w", force_zip64=True) as entry:
            entry.write(model_xml(BOX, ONE).encode())
    data = bytearray(buffer.getvalue())
    # What Python leaves in 32 bits: move the sizes of the directory to the extra field.
    at = data.rindex(b"3D/3dmodel.model") - 46
    packed, unpacked = struct.unpack_from("<II", data, at + 20)
    name, old_extra = struct.unpack_from("<HH", data, at + 28)
    extra = struct.pack("<HHQQ", 1, 16, unpacked, packed)
    struct.pack_into("<II", data, at + 20, 2**32 - 1, 2**32 - 1)
    struct.pack_into("<H", data, at + 30, len(extra))
    data[at + 46 + name : at + 46 + name + old_extra] = extra
    end = data.rindex(b"PK\x05\x06")
    (size,) = struct.unpack_from("<I", data, end + 12)
    struct.pack_into("<I", data, end + 12, size + len(extra) - old_extra)
    assert len(read(bytes(data)).triangles) == 12


@given(st.lists(st.tuples(*[st.floats(-1000, 1000, width=32)] * 9), min_size=1, max_size=8))
def test_what_we_write_as_3mf_we_read_again_to_the_bit(rows: list[tuple[float, ...]]) -> None:
    triangles = np.array(rows, dtype=np.float32).reshape(-1, 3, 3)
    assert (read(three_mf(triangles)).triangles == triangles).all()


@given(
    at=st.integers(0, len(PLAIN) - 1),
    new=st.binary(max_size=6),
    gone=st.integers(0, 6),
    inside=st.booleans(),
)
def test_a_damaged_3mf_is_refused_or_read_whole(
    at: int, new: bytes, gone: int, *, inside: bool
) -> None:
    if inside:  # damage the model, and pack it soundly
        text = model_xml(BOX, ONE).encode()
        at %= len(text)
        data = package(text[:at] + new + text[at + gone :])
    else:
        data = PLAIN[:at] + new + PLAIN[at + gone :]
    try:
        result = read(data)
    except Unreadable:
        return
    if not inside:
        assert len(result.triangles) == 12
