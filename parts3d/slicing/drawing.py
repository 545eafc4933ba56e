"""The layers of a slice, drawn from its stored G-code when somebody first asks for them."""

from sqlmodel import Session

from parts3d.db import Database
from parts3d.slicing.first_layer import first_layer_svg
from parts3d.slicing.layers import layer_file, read_layers
from parts3d.slicing.profiles import profile
from parts3d.slicing.tables import Slice
from parts3d.store import FileStore

DRAW_TASK = "slicing.draw"


def draw_slice(database: Database, store: FileStore, slice_id: str) -> bool:
    """Make the layer file and the first layer's picture of a slice, unless it has them.

    Returns:
        Whether the slice has them now; a slice that is not ready has nothing to draw.

    Raises:
        NotFound: its G-code is gone, or its printer model is known no more.
    """
    with database.reading() as session:
        row = session.get(Slice, slice_id)
        if row is None or row.gcode_sha256 is None:
            return False
        if row.layers_sha256 is not None and store.exists(row.layers_sha256):
            return True
    printer = profile(row.printer_model)
    with store.open(row.gcode_sha256) as stream:
        layers = read_layers(stream)
    layers_sha256 = store.put(layer_file(layers, printer))
    first = first_layer_svg(layers.kept[0], printer) if layers.kept else None
    first_sha256 = store.put(first) if first else None
    with database.unit_of_work() as work:
        _keep(work.session, slice_id, row.gcode_sha256, layers_sha256, first_sha256)
    return True


def _keep(
    session: Session, slice_id: str, gcode: str, layers: str, first_layer: str | None
) -> None:
    row = session.get_one(Slice, slice_id, with_for_update=True)
    if row.gcode_sha256 == gcode:
        row.layers_sha256, row.first_layer_sha256 = layers, first_layer
