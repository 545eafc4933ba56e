"""The printer model ``mk3s``, PLA and the default recipe: figure by figure Prusa's own profile.

The figures are those of Prusa's 0.20 mm profile for the MK3S+ with generic PLA, as its slicer
writes them down. They stand here literally, so that no change of ours moves them unnoticed.
"""

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.engines.cura_settings import cura_settings, extruder_settings
from parts3d.slicing.engines.prusaslicer_settings import prusaslicer_settings
from parts3d.slicing.profiles import materials, profile
from parts3d.slicing.spacing import spacing_mm

MK3S, PLA, RECIPE = profile("mk3s"), materials()["PLA"], Recipe(material="PLA")

# Of pairs (normal, silent) the first.
AS_PRUSA = {
    "avoid_crossing_perimeters": "0",
    "bed_shape": "0x0,250x0,250x210,0x210",
    "bed_temperature": "60",
    "bottom_solid_layers": "4",
    "bridge_acceleration": "1000",
    "bridge_angle": "0",
    "bridge_fan_speed": "100",
    "bridge_flow_ratio": "0.95",
    "bridge_speed": "25",
    "brim_width": "0",
    "complete_objects": "0",
    "cooling": "1",
    "default_acceleration": "1000",
    "deretract_speed": "0",
    "disable_fan_first_layers": "1",
    "dont_support_bridges": "0",
    "elefant_foot_compensation": "0.2",
    "ensure_vertical_shell_thickness": "1",
    "external_perimeter_extrusion_width": "0.45",
    "external_perimeter_speed": "25",
    "external_perimeters_first": "0",
    "extra_perimeters": "0",
    "extrusion_multiplier": "1",
    "extrusion_width": "0.45",
    "fan_always_on": "1",
    "fan_below_layer_time": "100",
    "filament_density": "1.24",
    "filament_diameter": "1.75",
    "filament_max_volumetric_speed": "15",
    "filament_type": "PLA",
    "fill_angle": "45",
    "fill_density": "20%",
    "fill_pattern": "gyroid",
    "first_layer_acceleration": "800",
    "first_layer_bed_temperature": "60",
    "first_layer_extrusion_width": "0.42",
    "first_layer_height": "0.2",
    "first_layer_speed": "20",
    "first_layer_temperature": "215",
    "full_fan_speed_layer": "4",
    "gap_fill_speed": "40",
    "gcode_comments": "0",
    "gcode_flavor": "marlin",
    "infill_acceleration": "1000",
    "infill_anchor": "2.5",
    "infill_anchor_max": "12",
    "infill_every_layers": "1",
    "infill_extrusion_width": "0.45",
    "infill_first": "0",
    "infill_only_where_needed": "0",
    "infill_overlap": "25%",
    "infill_speed": "80",
    "interface_shells": "0",
    "layer_height": "0.2",
    "machine_max_acceleration_e": "5000",
    "machine_max_acceleration_retracting": "1250",
    "machine_max_acceleration_x": "1000",
    "machine_max_acceleration_y": "1000",
    "machine_max_acceleration_z": "200",
    "machine_max_feedrate_e": "120",
    "machine_max_feedrate_x": "200",
    "machine_max_feedrate_y": "200",
    "machine_max_feedrate_z": "12",
    "machine_max_jerk_e": "4.5",
    "machine_max_jerk_x": "8",
    "machine_max_jerk_y": "8",
    "machine_max_jerk_z": "0.4",
    "machine_min_extruding_rate": "0",
    "machine_min_travel_rate": "0",
    "max_fan_speed": "100",
    "max_print_height": "210",
    "max_volumetric_extrusion_rate_slope_negative": "0",
    "max_volumetric_extrusion_rate_slope_positive": "0",
    "max_volumetric_speed": "0",
    "min_bead_width": "85%",
    "min_fan_speed": "100",
    "min_layer_height": "0.07",
    "min_print_speed": "15",
    "min_skirt_length": "4",
    "nozzle_diameter": "0.4",
    "only_retract_when_crossing_perimeters": "0",
    "overhangs": "1",
    "perimeter_acceleration": "800",
    "perimeter_extrusion_width": "0.45",
    "perimeter_speed": "45",
    "perimeters": "2",
    "post_process": "",
    "printer_technology": "FFF",
    "raft_first_layer_density": "90%",
    "raft_layers": "0",
    "resolution": "0",
    "retract_before_travel": "1",
    "retract_before_wipe": "0%",
    "retract_layer_change": "1",
    "retract_length": "0.8",
    "retract_lift": "0.4",
    "retract_lift_above": "0",
    "retract_restart_extra": "0",
    "retract_speed": "35",
    "seam_position": "aligned",
    "skirt_distance": "2",
    "skirt_height": "3",
    "skirts": "1",
    "slowdown_below_layer_time": "15",
    "small_perimeter_speed": "25",
    "solid_infill_below_area": "0",
    "solid_infill_every_layers": "0",
    "solid_infill_extrusion_width": "0.45",
    "solid_infill_speed": "80",
    "spiral_vase": "0",
    "support_material": "0",
    "support_material_angle": "0",
    "support_material_bottom_interface_layers": "0",
    "support_material_buildplate_only": "0",
    "support_material_contact_distance": "0.2",
    "support_material_enforce_layers": "0",
    "support_material_extrusion_width": "0.35",
    "support_material_interface_contact_loops": "0",
    "support_material_interface_layers": "2",
    "support_material_interface_spacing": "0.2",
    "support_material_interface_speed": "80%",
    "support_material_pattern": "rectilinear",
    "support_material_spacing": "2",
    "support_material_speed": "50",
    "support_material_synchronize_layers": "0",
    "support_material_threshold": "50",
    "support_material_with_sheath": "0",
    "temperature": "210",
    "thick_bridges": "0",
    "thin_walls": "0",
    "toolchange_gcode": "",
    "top_infill_extrusion_width": "0.4",
    "top_solid_infill_speed": "40",
    "top_solid_layers": "6",
    "travel_speed": "180",
    "travel_speed_z": "12",
    "use_firmware_retraction": "0",
    "use_relative_e_distances": "1",
    "use_volumetric_e": "0",
    "wall_distribution_count": "1",
    "wall_transition_angle": "10",
    "wall_transition_filter_deviation": "25%",
    "wipe": "1",
    "xy_size_compensation": "0",
    "z_offset": "0",
}

# What differs, as (Prusa's, ours, why it makes no other move).
OTHERWISE = {
    "before_layer_gcode": (None, "G92 E0", "comments only; the reset of E stays"),
    "bottom_solid_min_thickness": ("0.5", "0", "four layers of 0.2 mm are thicker than 0.5 mm"),
    "brim_separation": ("0.1", "0", "there is no brim"),
    "end_filament_gcode": ('"; Filament-specific end gcode"', '"; filament"', "a comment"),
    "end_gcode": (None, ";PARTS3D-MOVES-END", "ours, of the profile's TOML, put around the moves"),
    "gcode_label_objects": ("1", "0", "comments only"),
    "layer_gcode": (";AFTER_LAYER_CHANGE\\n;[layer_z]", "", "comments only"),
    "machine_limits_usage": (
        "emit_to_gcode",
        "time_estimate_only",
        "the limits are the firmware's own; our planner has them",
    ),
    "machine_max_acceleration_extruding": (
        "1250,1250",
        "1000",
        "the axes allow 1000, so that 1250 never comes to bear",
    ),
    "max_layer_height": ("0.25", "0", "for variable heights, which we do not use"),
    "max_print_speed": ("200", "180", "for automatic speeds, of which there are none"),
    "remaining_times": ("1", "0", "our status tells them"),
    "retract_lift_below": ("209", "0", "the last millimetre of the height is lifted too"),
    "silent_mode": ("1", "0", "a second estimate by the program"),
    "start_filament_gcode": (None, '"; filament"', "the pressure advance stands in our start"),
    "start_gcode": (
        None,
        ";PARTS3D-MOVES-BEGIN",
        "ours, of the profile's TOML, put around the moves",
    ),
    "support_material_xy_spacing": ("60%", "0.27", "60 % of a wall of 0.45 mm"),
    "thumbnails": ("160x120", "", "no pictures in G-code"),
    "top_solid_min_thickness": ("0.7", "0", "six layers of 0.2 mm are thicker than 0.7 mm"),
    "wall_transition_length": ("0.4", "100%", "a share of the nozzle of 0.4 mm"),
    "wipe_tower": ("1", "0", "one material only"),
}

# Named by us alone, as the program has them by default, so that no later version changes them.
DEFAULTS = {
    "arc_fitting": "disabled",
    "automatic_infill_combination": "0",
    "avoid_crossing_curled_overhangs": "0",
    "binary_gcode": "0",
    "bottom_fill_pattern": "monotonic",
    "brim_type": "no_brim",
    "draft_shield": "disabled",
    "enable_dynamic_fan_speeds": "0",
    "enable_dynamic_overhang_speeds": "0",
    "external_perimeter_acceleration": "0",
    "extra_perimeters_on_overhangs": "0",
    "first_layer_infill_speed": "0",
    "fuzzy_skin": "none",
    "gap_fill_enabled": "1",
    "gcode_resolution": "0.0125",
    "gcode_substitutions": "",
    "interlocking_beam": "0",
    "ironing": "0",
    "machine_max_acceleration_travel": "1000",
    "min_feature_size": "25%",
    "only_one_perimeter_first_layer": "0",
    "perimeter_generator": "arachne",
    "raft_first_layer_expansion": "3",
    "scarf_seam_placement": "nowhere",
    "slice_closing_radius": "0.049",
    "slicing_mode": "regular",
    "solid_infill_acceleration": "0",
    "staggered_inner_seams": "0",
    "support_material_auto": "1",
    "support_material_bottom_contact_distance": "0",
    "support_material_closing_radius": "2",
    "support_material_interface_pattern": "rectilinear",
    "support_material_style": "grid",
    "top_fill_pattern": "monotonic",
    "top_one_perimeter_type": "none",
    "top_solid_infill_acceleration": "0",
    "travel_acceleration": "0",
    "travel_ramping_lift": "0",
    "travel_slope": "0",
}

IN_CURAS_WORDS = {
    "layer_height": 0.2,
    "layer_height_0": 0.2,
    "wall_line_count": 2,
    "top_layers": 6,
    "bottom_layers": 4,
    "infill_pattern": "gyroid",
    "infill_sparse_density": 20,
    "infill_overlap": 25,
    "material_print_temperature": 210,
    "material_print_temperature_layer_0": 215,
    "material_bed_temperature": 60,
    "material_bed_temperature_layer_0": 60,
    "cool_fan_speed": 100,
    "cool_fan_full_layer": 4,
    "cool_min_layer_time": 15.0,
    "cool_min_speed": 15.0,
    "speed_infill": 80.0,
    "speed_wall_0": 25.0,
    "speed_wall_x": 45.0,
    "speed_topbottom": 80.0,
    "speed_roofing": 40.0,
    "speed_travel": 180.0,
    "speed_layer_0": 20.0,
    "speed_support": 50.0,
    "acceleration_wall": 800.0,
    "acceleration_infill": 1000.0,
    "acceleration_print": 1000.0,
    "acceleration_travel": 1000.0,
    "acceleration_layer_0": 800.0,
    "jerk_print": 8.0,
    "jerk_travel": 8.0,
    "retraction_amount": 0.8,
    "retraction_speed": 35.0,
    "retraction_hop": 0.4,
    "retraction_min_travel": 1.0,
    "xy_offset_layer_0": -0.2,
    "machine_width": 250.0,
    "machine_depth": 210.0,
    "machine_height": 210.0,
    "machine_nozzle_size": 0.4,
    "material_diameter": 1.75,
    "machine_max_feedrate_x": 200.0,
    "machine_max_acceleration_x": 1000.0,
    "machine_max_jerk_xy": 8.0,
    "skirt_line_count": 1,
    "skirt_gap": 2.0,
    "support_angle": 40,
    "support_z_distance": 0.2,
}


def settings() -> dict[str, str]:
    return prusaslicer_settings(MK3S, PLA, RECIPE)


def test_each_figure_is_that_of_the_printers_maker() -> None:
    ours = settings()
    assert {name: ours[name] for name in AS_PRUSA} == AS_PRUSA


def test_what_differs_is_known_and_makes_no_other_move() -> None:
    ours = settings()
    assert {name: ours[name] for name in OTHERWISE} == {
        name: said for name, (_, said, _) in OTHERWISE.items()
    }
    # Those that could make one, by arithmetic.
    height = RECIPE.layer_height_mm
    assert RECIPE.bottom_layers * height > 0.5
    assert RECIPE.top_layers * height > 0.7
    assert float(ours["support_material_xy_spacing"]) == pytest.approx(0.6 * 0.45)
    assert MK3S.limits.acceleration_xy <= 1250
    assert RECIPE.brim_mm == 0


def test_nothing_of_ours_is_left_unsaid() -> None:
    """Settings that Prusa's profile does not name: its program's own defaults of that version."""
    assert {name: said for name, said in settings().items() if name not in AS_PRUSA} == {
        name: said for name, (_, said, _) in OTHERWISE.items()
    } | DEFAULTS


def test_the_other_engine_is_given_the_same_figures() -> None:
    cura = cura_settings(MK3S, PLA, RECIPE) | extruder_settings(MK3S)
    line = spacing_mm(0.45, 0.2)
    assert {name: cura[name] for name in IN_CURAS_WORDS} == IN_CURAS_WORDS
    assert cura["line_width"] == cura["wall_line_width_0"] == pytest.approx(line)
    assert cura["infill_line_distance"] == pytest.approx(line * 100 / 20)
    assert cura["wall_thickness"] == pytest.approx(2 * line)
