"""Which entry of a 3MF's zip is the model: the package's root relationships say it."""

from xml.parsers import expat

from parts3d.errors import Unreadable
from parts3d.meshes.formats.archive import Archive, Entry

_RELATIONSHIPS = "_rels/.rels"
_RELATIONSHIP = "http://schemas.openxmlformats.org/package/2006/relationships Relationship"
_MODEL_TYPE = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"
_LARGEST_BYTES = 1_000_000
_MODELS = (".stl", ".obj", ".3mf", ".step", ".stp")


def model_path(archive: Archive) -> Entry:
    """Return the entry of the start part.

    Raises:
        Unreadable: ``zip_without_model`` for a zip that is no 3MF, ``bad_xml`` or ``bad_reference``
            for relationships that are damaged or lead nowhere.
    """
    entry = archive.find(_RELATIONSHIPS)
    if entry is None:
        raise _no_model(archive)
    targets: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == _RELATIONSHIP and attributes.get("Type") == _MODEL_TYPE:
            targets.append(attributes.get("Target", ""))

    def doctype(*_: object) -> None:
        raise _bad("it has a document type (DTD)", "bad_xml")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    if entry.unpacked_bytes > _LARGEST_BYTES:
        raise _bad(f"it is larger than {_LARGEST_BYTES} bytes", "bad_xml")
    stream = archive.stream(entry)
    try:
        while piece := stream.read():
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError, ValueError):
        raise _bad("it is not well-formed XML", "bad_xml") from None
    if not targets:
        raise _no_model(archive)
    found = archive.find(targets[0])
    if found is None:
        raise _bad(f"the model '{targets[0][:60]}' is not in the file", "bad_reference")
    return found


def _no_model(archive: Archive) -> Unreadable:
    models = [name for name in archive.names if name.lower().endswith(_MODELS)]
    inside = f"upload '{models[0][-60:]}' from it" if models else "upload the model's file itself"
    return Unreadable(
        f"This is a zip file, but no 3MF: it says of no entry that it is the model. Unpack it and "
        f"{inside}.",
        code="zip_without_model",
        place=_RELATIONSHIPS,
    )


def _bad(what: str, code: str) -> Unreadable:
    return Unreadable(
        f"The 3MF's list of parts ({_RELATIONSHIPS}) is damaged: {what}. Export the model again.",
        code=code,
        place=_RELATIONSHIPS,
    )
