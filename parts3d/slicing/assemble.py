"""Put our own start and end around the moves of an engine. Pure.

The engines are told to write no start and no end of their own; what heats, homes and parks
is the profile's template, the same for every engine, and without a date or a name in it, so
that the same input gives the same bytes.
"""

from parts3d.slicing.profiles import Profile

_LIFT_MM = 1.0
_PARK_MM = 50.0
_STANDBY_BELOW_C = 60
_STANDBY_MAX_C = 150


def render(template: str, profile: Profile, material: str, height_mm: float) -> str:
    """Fill a start or end template; its fields are checked when the profile is read.

    Args:
        template: text with the fields of ``profiles.TEMPLATE_FIELDS``.
        profile: the printer model's.
        material: its name.
        height_mm: of the printed part, for lifting the nozzle off it.
    """
    heat = profile.temperatures_for(material)
    return template.strip("\n").format(
        nozzle_c=heat.nozzle_c,
        nozzle_first_layer_c=heat.nozzle_first_layer_c,
        # Warm enough to level, cool enough not to drip.
        nozzle_standby_c=min(_STANDBY_MAX_C, heat.nozzle_first_layer_c - _STANDBY_BELOW_C),
        bed_c=heat.bed_c,
        bed_first_layer_c=heat.bed_first_layer_c,
        nozzle_mm=f"{profile.nozzle_mm:g}",
        pressure_advance=f"{heat.pressure_advance:g}",
        lift_z_mm=f"{min(height_mm + _LIFT_MM, profile.height_mm):.2f}",
        park_z_mm=f"{min(height_mm + _PARK_MM, profile.height_mm):.2f}",
        bed_y_mm=f"{profile.bed_y_mm:g}",
    )


def assemble(
    moves: str, profile: Profile, material: str, *, height_mm: float, made_by: str
) -> bytes:
    """Return the whole file: marks, start, the engine's moves, end.

    Args:
        moves: the engine's G-code without start and end, extrusion relative (M83).
        profile: the printer model's.
        material: its name.
        height_mm: of the part.
        made_by: engine and version, written as a comment.
    """
    start = render(profile.start_gcode, profile, material, height_mm)
    end = render(profile.end_gcode, profile, material, height_mm)
    lines = [
        f"; parts3d for {profile.printer_model}, {material}, moves by {made_by}",
        ";PARTS3D:START",
        start,
        ";PARTS3D:PART",
        moves.strip("\n"),
        ";PARTS3D:END",
        end,
        "",
    ]
    return "\n".join(lines).encode()
