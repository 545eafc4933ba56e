"""The part of CuraEngine's settings that is about heat, speed and travel. Pure.

See ``cura_settings.py`` for why each one, derived ones too, stands here.
"""

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.engines.cura_lines import Settings
from parts3d.slicing.profiles import MaterialProperties, Profile
from parts3d.slicing.spacing import spacing_mm

_FULL_FAN_LAYER = 4
_BRIDGE_FLOW_PERCENT = 95


def heat_and_fan_settings(profile: Profile, material: MaterialProperties) -> Settings:
    """Temperatures in °C, fan in percent."""
    heat = profile.temperatures_for(material.name)
    return {
        "default_material_print_temperature": heat.nozzle_c,
        "material_print_temperature": heat.nozzle_c,
        "material_print_temperature_layer_0": heat.nozzle_first_layer_c,
        "material_initial_print_temperature": heat.nozzle_c,
        "material_final_print_temperature": heat.nozzle_c,
        "material_break_preparation_temperature": heat.nozzle_c,
        "default_material_bed_temperature": heat.bed_c,
        "material_bed_temperature": heat.bed_c,
        "material_bed_temperature_layer_0": heat.bed_first_layer_c,
        "build_volume_temperature": 0,
        "material_flow": 100,
        "cool_fan_enabled": material.fan_percent > 0,
        "cool_fan_speed": material.fan_percent,
        "cool_fan_speed_min": material.fan_percent,
        "cool_fan_speed_max": material.fan_percent,
        "cool_fan_speed_0": 0,
        "cool_fan_full_layer": _FULL_FAN_LAYER,
        "cool_fan_full_at_height": profile.first_layer_height_mm,
        "cool_min_layer_time": profile.minimum_layer_seconds,
        "cool_min_layer_time_fan_speed_max": profile.minimum_layer_seconds,
        "cool_min_speed": profile.speeds.minimum,
        "cool_lift_head": False,
        "bridge_fan_speed": material.bridge_fan_percent,
    }


def speeds_settings(profile: Profile, material: MaterialProperties, recipe: Recipe) -> Settings:
    """Speeds in mm/s, none faster than the hot end can melt."""
    speeds = profile.speeds
    height, first_height = recipe.layer_height_mm, profile.first_layer_height_mm
    section_mm2 = max(
        height * spacing_mm(profile.widths.line, height),
        first_height * spacing_mm(profile.widths.first_layer, first_height),
    )
    # No faster than the hot end melts; CuraEngine knows no limit of flow itself.
    fastest = min(profile.max_flow_mm3_s, material.max_flow_mm3_s) / section_mm2

    def bound(speed: float) -> float:
        return round(min(speed, fastest), 2)

    bridge = bound(speeds.bridge)
    return {
        "speed_print": bound(speeds.infill),
        "speed_infill": bound(speeds.infill),
        "speed_wall": bound(speeds.wall_outer),
        "speed_wall_0": bound(speeds.wall_outer),
        "speed_wall_x": bound(speeds.wall_inner),
        "speed_roofing": bound(speeds.top),
        "speed_topbottom": bound(speeds.solid),
        "speed_support": bound(speeds.support),
        "speed_support_infill": bound(speeds.support),
        "speed_support_interface": bound(speeds.support * 0.8),
        "speed_support_roof": bound(speeds.support * 0.8),
        "speed_support_bottom": bound(speeds.support * 0.8),
        "speed_travel": speeds.travel,
        "speed_layer_0": bound(speeds.first_layer),
        "speed_print_layer_0": bound(speeds.first_layer),
        "speed_travel_layer_0": speeds.travel,
        "skirt_brim_speed": bound(speeds.first_layer),
        "speed_slowdown_layers": 1,
        "speed_z_hop": speeds.z,
        "speed_equalize_flow_enabled": False,
        "small_hole_max_size": 0,
        "small_feature_max_length": 0,
        "bridge_settings_enabled": True,
        "bridge_enable_more_layers": False,
        "bridge_wall_speed": bridge,
        "bridge_skin_speed": bridge,
        "bridge_skin_speed_2": bridge,
        "bridge_skin_speed_3": bridge,
        "bridge_wall_coast": 0,
        "bridge_wall_material_flow": _BRIDGE_FLOW_PERCENT,
        "bridge_skin_material_flow": _BRIDGE_FLOW_PERCENT,
        "bridge_skin_density": 100,
    }


def accelerations_settings(profile: Profile) -> Settings:
    """Accelerations in mm/s², by what is printed."""
    accelerations, jerk = profile.accelerations, profile.limits.jerk_xy
    by_name: dict[str, float] = {
        "print": accelerations.infill,
        "infill": accelerations.infill,
        "wall": accelerations.wall,
        "wall_0": accelerations.wall,
        "wall_x": accelerations.wall,
        "roofing": accelerations.infill,
        "topbottom": accelerations.infill,
        "support": accelerations.infill,
        "support_infill": accelerations.infill,
        "support_interface": accelerations.infill,
        "support_roof": accelerations.infill,
        "support_bottom": accelerations.infill,
        "travel": accelerations.travel,
        "layer_0": accelerations.first_layer,
        "print_layer_0": accelerations.first_layer,
        "travel_layer_0": accelerations.first_layer,
        "skirt_brim": accelerations.first_layer,
    }
    settings: Settings = {f"acceleration_{name}": value for name, value in by_name.items()}
    settings |= {f"jerk_{name}": jerk for name in by_name}
    # Jerk is the firmware's own and the same everywhere: never written into the G-code.
    return settings | {"acceleration_enabled": True, "jerk_enabled": False}


def travel_settings(profile: Profile) -> Settings:
    """Retraction, lifting and travel between islands."""
    retraction = profile.retraction
    return {
        "retraction_enable": retraction.length_mm > 0,
        "retract_at_layer_change": False,
        "retraction_amount": retraction.length_mm,
        "retraction_speed": retraction.speed,
        "retraction_retract_speed": retraction.speed,
        "retraction_prime_speed": retraction.speed,
        "retraction_extra_prime_amount": 0,
        "retraction_min_travel": retraction.minimum_travel_mm,
        "retraction_extrusion_window": retraction.length_mm,
        "retraction_combing": "noskin",
        "retraction_combing_max_distance": 30,
        "retraction_hop_enabled": retraction.lift_mm > 0,
        "retraction_hop_only_when_collides": False,
        "retraction_hop": retraction.lift_mm,
        "travel_avoid_other_parts": True,
        "travel_avoid_distance": 0.625,
    }
