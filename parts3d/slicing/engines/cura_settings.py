"""The neutral profile and recipe in CuraEngine's words. Pure.

CuraEngine computes no derived setting: what its front end would derive stays at the default
of the definition, silently. So every setting that matters stands here, derived ones too;
``tests/slicing/test_cura_settings.py`` evaluates the definition's own formulas over these
values and finds any that was left behind.

Names of settings: https://github.com/Ultimaker/Cura, ``fdmprinter.def.json``, version 4.8.
"""

import math

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.engines.cura_lines import Settings
from parts3d.slicing.engines.cura_motion import (
    accelerations_settings,
    heat_and_fan_settings,
    speeds_settings,
    travel_settings,
)
from parts3d.slicing.profiles import MaterialProperties, Profile
from parts3d.slicing.spacing import spacing_mm

# Written into the engine's version: raise it when a change here changes the moves.
TRANSLATION = 1

SOLID_PERCENT = 100
_ALL_LAYERS = 999_999
_SKIRT_GAP_MM = 2.0
# As long as 4 mm of filament makes at 0.2 mm layers, so that the nozzle is primed.
_SKIRT_LENGTH_MM = 115.0
_SUPPORT_SPACING_MM = 2.0
_SUPPORT_ROOF_SPACING_MM = 0.2
_SUPPORT_ROOF_LAYERS = 2
_SUPPORT_OVERHANG_DEG = 40
_SUPPORT_GAP_MM = 0.2


def cura_settings(profile: Profile, material: MaterialProperties, recipe: Recipe) -> Settings:
    """Return every setting for CuraEngine, by its name there.

    Lengths in mm, speeds in mm/s, temperatures in °C, densities and flows in percent.
    """
    return {
        **_machine(profile),
        **_lines_and_layers(profile, recipe),
        **_shell(profile, recipe),
        **_infill(profile, recipe),
        **heat_and_fan_settings(profile, material),
        **speeds_settings(profile, material, recipe),
        **accelerations_settings(profile),
        **travel_settings(profile),
        **_adhesion(profile, recipe),
        **_supports(profile, recipe),
    }


def extruder_settings(profile: Profile) -> Settings:
    """Return the settings that CuraEngine reads from the extruder's own definition."""
    return {
        "material_diameter": profile.filament_diameter_mm,
        "machine_nozzle_size": profile.nozzle_mm,
        "machine_extruder_start_code": "",
        "machine_extruder_end_code": "",
    }


def _machine(profile: Profile) -> Settings:
    limits = profile.limits
    return {
        "machine_width": profile.bed_x_mm,
        "machine_depth": profile.bed_y_mm,
        "machine_height": profile.height_mm,
        "machine_center_is_zero": False,
        "machine_heated_bed": True,
        "machine_gcode_flavor": "RepRap (Marlin/Sprinter)",
        "machine_firmware_retract": False,
        "machine_nozzle_size": profile.nozzle_mm,
        "material_diameter": profile.filament_diameter_mm,
        # Start and end are ours, put around the moves.
        "machine_start_gcode": "",
        "machine_end_gcode": "",
        "material_print_temp_prepend": False,
        "material_bed_temp_prepend": False,
        "relative_extrusion": True,
        "machine_max_feedrate_x": limits.speed_xy,
        "machine_max_feedrate_y": limits.speed_xy,
        "machine_max_feedrate_z": limits.speed_z,
        "machine_max_feedrate_e": limits.speed_e,
        "machine_max_acceleration_x": limits.acceleration_xy,
        "machine_max_acceleration_y": limits.acceleration_xy,
        "machine_max_acceleration_z": limits.acceleration_z,
        "machine_max_acceleration_e": limits.acceleration_e,
        "machine_acceleration": profile.accelerations.travel,
        "machine_max_jerk_xy": limits.jerk_xy,
        "machine_max_jerk_z": limits.jerk_z,
        "machine_max_jerk_e": limits.jerk_e,
        "gantry_height": profile.height_mm,
        "carve_multiple_volumes": False,
        "center_object": False,
        "mesh_position_x": 0,
        "mesh_position_y": 0,
        "mesh_position_z": 0,
    }


def _lines_and_layers(profile: Profile, recipe: Recipe) -> Settings:
    height = recipe.layer_height_mm
    # CuraEngine takes lines as rectangles, so its width is the spacing of lines that touch: then
    # both engines push the same plastic.
    line = spacing_mm(profile.widths.line, height)
    top = spacing_mm(profile.widths.top, height)
    support = spacing_mm(profile.widths.support, height)
    first = spacing_mm(profile.widths.first_layer, profile.first_layer_height_mm)
    return {
        "layer_height": height,
        "layer_height_0": profile.first_layer_height_mm,
        "adaptive_layer_height_enabled": False,
        "slicing_tolerance": "middle",
        "line_width": line,
        "wall_line_width": line,
        "wall_line_width_0": line,
        "wall_line_width_x": line,
        "skin_line_width": line,
        "infill_line_width": line,
        "roofing_line_width": top,
        "skirt_brim_line_width": line,
        "support_line_width": support,
        "support_interface_line_width": support,
        "support_roof_line_width": support,
        "support_bottom_line_width": support,
        "initial_layer_line_width_factor": 100 * first / line,
        "meshfix_maximum_resolution": 0.25,
        "meshfix_maximum_deviation": 0.02,
        "meshfix_maximum_travel_resolution": 0.8,
    }


def _shell(profile: Profile, recipe: Recipe) -> Settings:
    height, solid = recipe.layer_height_mm, recipe.infill_percent == SOLID_PERCENT
    line = spacing_mm(profile.widths.line, height)
    walls = recipe.wall_count * line
    # As Cura's front end does: a solid part is made of bottom layers only.
    top = 0 if solid else recipe.top_layers
    bottom = _ALL_LAYERS if solid else recipe.bottom_layers
    return {
        "wall_thickness": walls,
        "wall_line_count": recipe.wall_count,
        "wall_0_inset": 0,
        "wall_0_wipe_dist": profile.nozzle_mm / 2,
        "outer_inset_first": False,
        "optimize_wall_printing_order": True,
        "travel_compensate_overlapping_walls_enabled": True,
        "travel_compensate_overlapping_walls_0_enabled": True,
        "travel_compensate_overlapping_walls_x_enabled": True,
        "fill_perimeter_gaps": "everywhere",
        # Walls thinner than a line are printed too, else they vanish without a word.
        "fill_outline_gaps": True,
        "xy_offset": 0,
        "xy_offset_layer_0": -profile.elephant_foot_mm,
        "z_seam_type": "sharpest_corner",
        "z_seam_corner": "z_seam_corner_inner",
        "top_bottom_thickness": recipe.top_layers * height,
        "top_thickness": recipe.top_layers * height,
        "bottom_thickness": recipe.bottom_layers * height,
        "top_layers": top,
        "bottom_layers": bottom,
        "initial_bottom_layers": bottom,
        "roofing_layer_count": 1 if top else 0,
        "top_bottom_pattern": "zigzag",
        "top_bottom_pattern_0": "zigzag",
        "roofing_pattern": "zigzag",
        "skin_outline_count": 0,
        "skin_preshrink": walls,
        "top_skin_preshrink": walls,
        "bottom_skin_preshrink": walls,
        "expand_skins_expand_distance": walls,
        "top_skin_expand_distance": walls,
        "bottom_skin_expand_distance": walls,
        "min_skin_width_for_expansion": 0,
        "skin_overlap": profile.infill_overlap_percent,
        "skin_overlap_mm": line * profile.infill_overlap_percent / 100,
        "ironing_enabled": False,
        "magic_spiralize": False,
    }


def infill_line_distance_mm(profile: Profile, recipe: Recipe) -> float:
    """Return the distance between infill lines; 0 means none.

    Source: the formula of ``infill_line_distance`` in ``fdmprinter.def.json``: a grid lays
    lines in two directions in each layer, lines and gyroid once.
    """
    if recipe.infill_percent == 0:
        return 0.0
    line = spacing_mm(profile.widths.line, recipe.layer_height_mm)
    directions = 2 if recipe.infill_pattern == "grid" else 1
    return directions * line * 100 / recipe.infill_percent


def _infill(profile: Profile, recipe: Recipe) -> Settings:
    line = spacing_mm(profile.widths.line, recipe.layer_height_mm)
    return {
        "infill_sparse_density": recipe.infill_percent,
        "infill_line_distance": infill_line_distance_mm(profile, recipe),
        "infill_pattern": recipe.infill_pattern,
        "zig_zaggify_infill": recipe.infill_pattern != "grid",
        "connect_infill_polygons": False,
        "infill_multiplier": 1,
        "infill_wall_line_count": 0,
        "infill_overlap": profile.infill_overlap_percent,
        "infill_overlap_mm": line * profile.infill_overlap_percent / 100,
        "infill_wipe_dist": 0,
        "infill_sparse_thickness": recipe.layer_height_mm,
        "gradual_infill_steps": 0,
        "infill_before_walls": False,
        "min_infill_area": 0,
        "infill_support_enabled": False,
        "skin_edge_support_thickness": 0,
        "skin_edge_support_layers": 0,
        "sub_div_rad_add": line,
    }


def _adhesion(profile: Profile, recipe: Recipe) -> Settings:
    first = spacing_mm(profile.widths.first_layer, profile.first_layer_height_mm)
    return {
        "adhesion_type": "brim" if recipe.brim_mm > 0 else "skirt",
        "skirt_line_count": 1,
        "skirt_gap": _SKIRT_GAP_MM,
        "skirt_brim_minimal_length": _SKIRT_LENGTH_MM,
        "brim_width": recipe.brim_mm,
        "brim_line_count": math.ceil(recipe.brim_mm / first),
        "brim_gap": 0,
        "brim_outside_only": True,
        "prime_blob_enable": False,
        "prime_tower_enable": False,
    }


def _supports(profile: Profile, recipe: Recipe) -> Settings:
    height = recipe.layer_height_mm
    line = spacing_mm(profile.widths.support, height)
    distance = line + _SUPPORT_SPACING_MM
    roof = line + _SUPPORT_ROOF_SPACING_MM
    return {
        "support_enable": recipe.supports,
        "support_structure": "normal",
        "support_type": "everywhere",
        "support_angle": _SUPPORT_OVERHANG_DEG,
        "support_pattern": "zigzag",
        "support_wall_count": 0,
        "zig_zaggify_support": False,
        "support_infill_rate": 100 * line / distance,
        "support_line_distance": distance,
        "support_initial_layer_line_distance": distance,
        "support_infill_sparse_thickness": height,
        "support_brim_enable": False,
        "support_z_distance": _SUPPORT_GAP_MM,
        "support_top_distance": _SUPPORT_GAP_MM,
        "support_bottom_distance": _SUPPORT_GAP_MM,
        "support_xy_distance": 0.6 * profile.widths.line,
        "support_xy_distance_overhang": profile.nozzle_mm / 2,
        "support_interface_enable": recipe.supports,
        "support_roof_enable": recipe.supports,
        "support_bottom_enable": False,
        "support_interface_height": _SUPPORT_ROOF_LAYERS * height,
        "support_roof_height": _SUPPORT_ROOF_LAYERS * height,
        "support_interface_density": 100 * line / roof,
        "support_roof_density": 100 * line / roof,
        "support_roof_line_distance": roof,
        "support_interface_pattern": "zigzag",
        "support_roof_pattern": "zigzag",
        "support_tree_collision_resolution": line / 2,
    }
