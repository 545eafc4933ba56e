"""The neutral profile and recipe in PrusaSlicer's words. Pure.

Names of settings: ``prusa-slicer --help-fff``, version 2.5, and those that later versions added
and that would change the moves by their defaults; a version that does not know one ignores it.
For the printer model ``mk3s``, PLA and the default recipe this is what Prusa's own 0.20 mm
profile gives (``tests/slicing/test_prusaslicer.py`` holds its figures).
"""

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.profiles import MaterialProperties, Profile

Value = float | int | bool | str

# Written into the engine's version: raise it when a change here changes the moves.
TRANSLATION = 2

# Marks around the part's moves; what the program writes before and after is dropped.
BEGIN = ";PARTS3D-MOVES-BEGIN"
END = ";PARTS3D-MOVES-END"

_SOLID_PERCENT = 100
_PATTERNS = {"gyroid": "gyroid", "grid": "grid", "lines": "line"}


def prusaslicer_settings(
    profile: Profile, material: MaterialProperties, recipe: Recipe
) -> dict[str, str]:
    """Return every setting for PrusaSlicer, by its name there, as written into its ini file."""
    values: dict[str, Value] = {
        **_printer(profile),
        **_filament(profile, material),
        **_widths(profile, recipe),
        **_structure(recipe),
        **_motion(profile),
        **_supports(profile, recipe),
    }
    return {name: _written(value) for name, value in values.items()}


def ini(settings: dict[str, str]) -> str:
    """Return the settings as an ini file."""
    return "".join(f"{name} = {value}\n" for name, value in sorted(settings.items()))


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else f"{value:g}"


def _printer(profile: Profile) -> dict[str, Value]:
    x, y = f"{profile.bed_x_mm:g}", f"{profile.bed_y_mm:g}"
    limits, retraction = profile.limits, profile.retraction
    return {
        "printer_technology": "FFF",
        "bed_shape": f"0x0,{x}x0,{x}x{y},0x{y}",
        "max_print_height": profile.height_mm,
        "nozzle_diameter": profile.nozzle_mm,
        # The plain commands of Marlin are what Klipper understands too.
        "gcode_flavor": "marlin",
        "start_gcode": BEGIN,
        "end_gcode": END,
        # With relative extrusion the program demands this reset somewhere in each layer.
        "before_layer_gcode": "G92 E0",
        "layer_gcode": "",
        "toolchange_gcode": "",
        "gcode_comments": False,
        "gcode_label_objects": False,
        "remaining_times": False,
        "silent_mode": False,
        "thumbnails": "",
        "use_relative_e_distances": True,
        "use_firmware_retraction": False,
        "use_volumetric_e": False,
        "z_offset": 0,
        "binary_gcode": False,
        "arc_fitting": "disabled",
        "gcode_resolution": 0.0125,
        "gcode_substitutions": "",
        "min_layer_height": 0.07,
        "max_layer_height": 0,
        "machine_limits_usage": "time_estimate_only",
        "machine_max_feedrate_x": limits.speed_xy,
        "machine_max_feedrate_y": limits.speed_xy,
        "machine_max_feedrate_z": limits.speed_z,
        "machine_max_feedrate_e": limits.speed_e,
        "machine_max_acceleration_x": limits.acceleration_xy,
        "machine_max_acceleration_y": limits.acceleration_xy,
        "machine_max_acceleration_z": limits.acceleration_z,
        "machine_max_acceleration_e": limits.acceleration_e,
        "machine_max_acceleration_extruding": limits.acceleration_xy,
        "machine_max_acceleration_retracting": limits.acceleration_retract,
        "machine_max_jerk_x": limits.jerk_xy,
        "machine_max_jerk_y": limits.jerk_xy,
        "machine_max_jerk_z": limits.jerk_z,
        "machine_max_jerk_e": limits.jerk_e,
        "machine_max_acceleration_travel": limits.acceleration_xy,
        "machine_min_extruding_rate": 0,
        "machine_min_travel_rate": 0,
        "retract_length": retraction.length_mm,
        "retract_speed": retraction.speed,
        "deretract_speed": 0,
        "retract_lift": retraction.lift_mm,
        "retract_before_travel": retraction.minimum_travel_mm,
        "retract_layer_change": True,
        "retract_lift_above": 0,
        "retract_lift_below": 0,
        "retract_restart_extra": 0,
        "travel_ramping_lift": False,
        "travel_slope": 0,
        "wipe": True,
        "retract_before_wipe": "0%",
    }


def _filament(profile: Profile, material: MaterialProperties) -> dict[str, Value]:
    heat = profile.temperatures_for(material.name)
    return {
        "filament_type": material.name,
        "filament_diameter": profile.filament_diameter_mm,
        "filament_density": material.density_g_cm3,
        "extrusion_multiplier": 1,
        "filament_max_volumetric_speed": min(profile.max_flow_mm3_s, material.max_flow_mm3_s),
        "temperature": heat.nozzle_c,
        "first_layer_temperature": heat.nozzle_first_layer_c,
        "bed_temperature": heat.bed_c,
        "first_layer_bed_temperature": heat.bed_first_layer_c,
        # Not empty: version 2.5.0 then reads freed memory and refuses its own rubbish.
        "start_filament_gcode": '"; filament"',
        "end_filament_gcode": '"; filament"',
        "cooling": True,
        "fan_always_on": material.fan_percent > 0,
        "min_fan_speed": material.fan_percent,
        "max_fan_speed": material.fan_percent,
        "bridge_fan_speed": material.bridge_fan_percent,
        "disable_fan_first_layers": 1,
        "full_fan_speed_layer": 4,
        "fan_below_layer_time": 100,
        "slowdown_below_layer_time": profile.minimum_layer_seconds,
        "min_print_speed": profile.speeds.minimum,
        "enable_dynamic_fan_speeds": False,
    }


def _widths(profile: Profile, recipe: Recipe) -> dict[str, Value]:
    widths = profile.widths
    return {
        "layer_height": recipe.layer_height_mm,
        "first_layer_height": profile.first_layer_height_mm,
        "extrusion_width": widths.line,
        "perimeter_extrusion_width": widths.line,
        "external_perimeter_extrusion_width": widths.line,
        "infill_extrusion_width": widths.line,
        "solid_infill_extrusion_width": widths.line,
        "top_infill_extrusion_width": widths.top,
        "first_layer_extrusion_width": widths.first_layer,
        "support_material_extrusion_width": widths.support,
        "elefant_foot_compensation": profile.elephant_foot_mm,
        "xy_size_compensation": 0,
        "resolution": 0,
        "slice_closing_radius": 0.049,
        "slicing_mode": "regular",
        "min_bead_width": "85%",
        "min_feature_size": "25%",
        "wall_distribution_count": 1,
        "wall_transition_angle": 10,
        "wall_transition_filter_deviation": "25%",
        "wall_transition_length": "100%",
        "infill_overlap": f"{profile.infill_overlap_percent}%",
        "bridge_flow_ratio": 0.95,
    }


def _structure(recipe: Recipe) -> dict[str, Value]:
    solid = recipe.infill_percent == _SOLID_PERCENT
    # At 100 % only rectilinear is accepted; the program refuses the others.
    pattern = "rectilinear" if solid else _PATTERNS[recipe.infill_pattern]
    return {
        "perimeters": recipe.wall_count,
        "extra_perimeters": False,
        "thin_walls": False,
        "ensure_vertical_shell_thickness": True,
        "overhangs": True,
        "thick_bridges": False,
        "external_perimeters_first": False,
        "top_solid_layers": recipe.top_layers,
        "bottom_solid_layers": recipe.bottom_layers,
        # The recipe's counts are the truth, whatever thickness they make.
        "top_solid_min_thickness": 0,
        "bottom_solid_min_thickness": 0,
        "fill_density": f"{recipe.infill_percent}%",
        "fill_pattern": pattern,
        "top_fill_pattern": "monotonic",
        "bottom_fill_pattern": "monotonic",
        "fill_angle": 45,
        "bridge_angle": 0,
        "gap_fill_enabled": True,
        "interface_shells": False,
        "ironing": False,
        "fuzzy_skin": "none",
        "infill_only_where_needed": False,
        "top_one_perimeter_type": "none",
        "only_one_perimeter_first_layer": False,
        "extra_perimeters_on_overhangs": False,
        "automatic_infill_combination": False,
        "interlocking_beam": False,
        "infill_anchor": 2.5,
        "infill_anchor_max": 12,
        "solid_infill_below_area": 0,
        "solid_infill_every_layers": 0,
        "infill_every_layers": 1,
        "infill_first": False,
        "seam_position": "aligned",
        "staggered_inner_seams": False,
        "scarf_seam_placement": "nowhere",
        "spiral_vase": False,
        "complete_objects": False,
        "raft_layers": 0,
        "skirts": 1 if recipe.brim_mm == 0 else 0,
        "skirt_distance": 2,
        "skirt_height": 3,
        "min_skirt_length": 4,
        "brim_width": recipe.brim_mm,
        "brim_separation": 0,
        "brim_type": "outer_only" if recipe.brim_mm > 0 else "no_brim",
        "post_process": "",
        "draft_shield": "disabled",
        "wipe_tower": False,
        "perimeter_generator": "arachne",
    }


def _motion(profile: Profile) -> dict[str, Value]:
    speeds, accelerations = profile.speeds, profile.accelerations
    return {
        "perimeter_speed": speeds.wall_inner,
        "small_perimeter_speed": speeds.wall_outer,
        "external_perimeter_speed": speeds.wall_outer,
        "infill_speed": speeds.infill,
        "solid_infill_speed": speeds.solid,
        "top_solid_infill_speed": speeds.top,
        "gap_fill_speed": speeds.top,
        "bridge_speed": speeds.bridge,
        "support_material_speed": speeds.support,
        "support_material_interface_speed": "80%",
        "first_layer_speed": speeds.first_layer,
        "travel_speed": speeds.travel,
        "travel_speed_z": speeds.z,
        "max_print_speed": speeds.travel,
        "max_volumetric_speed": 0,
        "perimeter_acceleration": accelerations.wall,
        "infill_acceleration": accelerations.infill,
        "bridge_acceleration": accelerations.infill,
        "first_layer_acceleration": accelerations.first_layer,
        "default_acceleration": accelerations.travel,
        # Of later versions: 0 is what the settings above say.
        "external_perimeter_acceleration": 0,
        "solid_infill_acceleration": 0,
        "top_solid_infill_acceleration": 0,
        "travel_acceleration": 0,
        "first_layer_infill_speed": 0,
        "enable_dynamic_overhang_speeds": False,
        "avoid_crossing_curled_overhangs": False,
        "max_volumetric_extrusion_rate_slope_positive": 0,
        "max_volumetric_extrusion_rate_slope_negative": 0,
        "avoid_crossing_perimeters": False,
        "only_retract_when_crossing_perimeters": False,
    }


def _supports(profile: Profile, recipe: Recipe) -> dict[str, Value]:
    return {
        "support_material": recipe.supports,
        "support_material_auto": True,
        "support_material_style": "grid",
        "support_material_with_sheath": False,
        "support_material_angle": 0,
        "support_material_closing_radius": 2,
        "support_material_synchronize_layers": False,
        "support_material_enforce_layers": 0,
        "support_material_interface_contact_loops": False,
        "support_material_interface_pattern": "rectilinear",
        "support_material_bottom_contact_distance": 0,
        "raft_first_layer_density": "90%",
        "raft_first_layer_expansion": 3,
        "support_material_threshold": 50,
        "support_material_pattern": "rectilinear",
        "support_material_spacing": 2,
        "support_material_contact_distance": 0.2,
        "support_material_interface_layers": 2,
        "support_material_bottom_interface_layers": 0,
        "support_material_interface_spacing": 0.2,
        "support_material_xy_spacing": f"{0.6 * profile.widths.line:g}",
        "support_material_buildplate_only": False,
        "dont_support_bridges": False,
    }
