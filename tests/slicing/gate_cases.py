"""G-code files for the gate: what must not pass, and what must, for every firmware."""

from parts3d.slicing.assemble import assemble
from parts3d.slicing.profiles import printer_models, profile

START = ("M104 S210", "M140 S60", "M190 S60", "M109 S210", "G28", "G90", "M83", "G92 E0")
FIRST = ("G1 Z0.2 F720", "G1 X50 Y50 F6000", "M106 S255")
# The line that a case puts in comes next.
AT_LINE = len(START) + len(FIRST) + 1
END = ("G1 X60 E1 F1200", "M107", "M104 S0", "M140 S0", "M84")

# Wrong on any printer: read or checked, refused in the line itself.
NEVER = (
    # EEPROM, firmware, files, reset, motors, pins, other machines
    "M500", "M501", "M502", "M503", "M504", "M92 E500", "M301 P1", "M303", "M304 P1", "M305 P1",
    "M206 X5", "M428", "M851 Z1", "M115", "M997", "M999", "M112", "M108", "M410", "M20", "M21",
    "M22", "M23", "M24", "M25", "M26 S5", "M27", "M28", "M29", "M30", "M32", "M33", "M524", "M928",
    "M0", "M1", "M17", "M18", "M42 P5 S255", "M43", "M80", "M81", "M226 P2", "M280 P0 S90", "M300",
    "M350 X16", "M355 S1", "M360", "M380", "M381", "M401", "M402", "M405", "M412 S0", "M413 S1",
    "M420 S1", "M421", "M425", "M593 F0", "M600", "M601", "M602", "M603", "M605 S2", "M665", "M666",
    "M701", "M702", "M710", "M808 L5", "M852 I1", "M860", "M871", "M876 S1", "M906 X2000", "M907",
    "M908 P0", "M910", "M911", "M913 X100", "M914 X0", "M915", "M916", "M951", "M993", "M995",
    "M201 X9000", "M203 X900", "M569 S1", "M211 S0", "M302 P1", "M110", "M111 S255", "M113", "M120",
    "M121", "M155 S1", "M165 A1", "M200 D1", "M217", "M218 T1", "M240", "M250", "M260 A1", "M261",
    "M486 T0", "M73 P5", "T0", "T1", "M116", "M98", "M99", "M150", "M118", "M117", "M16", "M6",
    # moving otherwise
    "G91", "G20", "G53", "G54", "G10", "G11", "G12", "G17", "G18", "G26", "G27", "G30", "G31",
    "G32", "G33", "G34", "G35", "G38.2 Z1", "G42", "G60", "G61", "G76", "G425", "G2 X1 Y1 I1 J1",
    "G3 X1 Y1 I1 J1", "G5 X1 Y1", "G6 X1", "G92 X0", "G92 Z5", "G92 E5", "G28 O", "G28 R5",
    # parameters that the command must not have, or that say too much
    "M104", "M104 S-5", "M104 T1 S200", "M109 R200", "M140 T1", "M190 R60", "M106 S256",
    "M106 P2 S255", "M106 S-1", "M107 P1", "M84 S5", "M84 X", "M400 P1", "M105 T0", "M220 S300",
    "M220 S50", "M220 B", "M221 S200", "M221 S10", "M221 X0 Y0 Z0", "M204 S0", "M204 S900000",
    "M204 T99999", "G4 P99999999", "G4 S-1", "G21 X1", "G90 X", "M83 E1",
    # lines that firmwares read each in their own way
    "G1 X1e3 F600", "G1 Xnan F600", "G1 Xinf F600", "G1 X1_0 F600", "G1 X F600", "G1 X1 X2 F600",
    "G1 X1 G28", "G1 X1 H2 F600", "G1 X1 F0", "G1 X1 F-5", "G1 X1*55 F600", "N5 G1 X1*33", "@pause",
    "hello", "{macro}", "SET_PIN PIN=x", "M117 Hello there", "M104 S200 S10", "!reset", "G28 X$",
    "M23 a.g", "g1 x5 f600", "G1X5F600", "(comment)", "%", "M104 S0x20", "; x\x1b[2J\nM500",
    # cold
    "M104 S0\nG1 X55 E1 F1200", "M104 S100", "M104 S149",
)  # fmt: skip

# What one firmware knows and another does not, or takes for something else.
OF_FIRMWARE = {
    "klipper": (
        "G29", "G29 P1", "G80", "G28 W", "M205 X5", "M900 K0.05", "M862.1 P0.4", "START_PRINT",
        "PRINT_START BED=60", "END_PRINT", "BED_MESH_CALIBRATE", "BED_MESH_PROFILE LOAD=default",
        "QUAD_GANTRY_LEVEL", "Z_TILT_ADJUST", "SAVE_CONFIG", "RESTART", "FIRMWARE_RESTART",
        "SET_VELOCITY_LIMIT ACCEL=50000", "SET_HEATER_TEMPERATURE HEATER=extruder TARGET=400",
        "RUN_SHELL_COMMAND CMD=x", "SET_GCODE_OFFSET Z=-1", "FORCE_MOVE STEPPER=x DISTANCE=5",
        "EXCLUDE_OBJECT_START NAME=x", "PAUSE", "UPDATE_DELAYED_GCODE ID=x DURATION=1",
    ),
    "prusa": (
        "G29 P9", "G29 P0", "G29 X0 Y0", "G29 J", "G29 S1", "G80 N7", "M862.3 P1", "M862.1 P5",
        "M862.1 T1 P0.4", "M900 K50", "M900 K-1", "M205 X99", "M205 E50", "M205 S0", "M555 X0",
        "M572 S0.05", "M591 S0", "M863", "M704", "M970", "M974", "PRUSA Lz", "D3 Ax0 C16",
    ),
    "bambu": (
        "G29 A X0 Y0 I5 J5", "G29.1 Z-1", "G29.2 S0", "G380 S2 Z30 F300", "G392 S0", "G80",
        "G28 W", "M620 S0A", "M621 S0A", "M622 J1", "M73.2 R1", "M205 X9", "M900 K0.02 L1000 M10",
        "M960 S5 P1", "M970.3 Q1 A7", "M975 S1", "M981 S1 P20000", "M1002 gcode_claim_action : 2",
        "M9833.2", "T1000", "M991 S0 P0", "M862.1 P0.4",
    ),
}  # fmt: skip

# What a print may need, on any printer.
ALWAYS = (
    "", "; a comment", ";TYPE:FILL", "G4 P500", "G4 S2", "M204 S800", "M204 P800 T1000",
    "M221 S95", "M220 S100", "G0 X170 Y170 F9000", "M400", "M105", "G92 E0", "M106 S127.5",
    "M106", "M107", "G21", "G90", "M104 S280", "M140 S100", "G28 X Y", "M82\nG92 E0\nM83",
    "G1 E-0.8 F2100\nG1 E0.8 F2100", "G1 Z170 F600\nG1 Z0.4", "G1 X179.5 E5 F1200",
)  # fmt: skip
ALWAYS_OF_FIRMWARE = {
    "prusa": ("G80", "G29", "G29 P1", "G29 P3.2", "G29 P3.13", "G29 A", "G28 W", "M862.1 P0.4",
              "M900 K0.05", "M205 X8 Y8", "M205 E4.5"),
    "bambu": ("G29",),
    "klipper": (),
}  # fmt: skip


def with_line(line: str) -> str:
    """A good file with one line put in."""
    return "\n".join([*START, *FIRST, line, *END, ""])


def beyond_the_machine(model: str) -> list[str]:
    """Lines that go just beyond what one printer model reaches or bears."""
    p = profile(model)
    out, acceleration = p.overtravel_mm + 0.1, p.limits.acceleration_xy + 1
    lines = [
        f"M104 S{p.max_nozzle_c + 1}",
        f"M109 S{p.max_nozzle_c + 100}",
        f"M140 S{p.max_bed_c + 1}",
        f"M190 S{p.max_bed_c + 60}",
        f"M204 S{max(acceleration, p.limits.acceleration_retract + 1):g}",
        f"G1 X{p.bed_x_mm + out:g} F6000",
        f"G1 X{-out:g} F6000",
        f"G1 Y{p.bed_y_mm + out:g} F6000",
        f"G1 Y{-out:g} F6000",
        f"G1 Z{p.height_mm + 0.1:g} F600",
        "G1 Z-0.1 F600",
        f"G1 X{p.bed_x_mm - p.keep_clear_x_mm + 0.1:g} E1 F1200",
        f"G1 X{p.keep_clear_x_mm - 0.1:g} E1 F1200",
        f"G1 Y{p.bed_y_mm + 0.1:g} E1 F1200",
        "G1 Y-0.1 E1 F1200",
    ]
    if p.overtravel_mm > 0:
        lines.append(f"G1 Y{-p.overtravel_mm:g} F1000\nG1 Y5 E1")
    return lines


def bad_cases() -> list[tuple[str, str]]:
    """Printer model and the line that must not pass there; each firmware's on each of its own."""
    models = printer_models()
    cases = [(models[number % len(models)], line) for number, line in enumerate(NEVER)]
    for model in models:
        cases += [(model, line) for line in OF_FIRMWARE[profile(model).firmware]]
        cases += [(model, line) for line in beyond_the_machine(model)]
    return cases


def good_cases() -> list[tuple[str, str]]:
    """Printer model and a whole file that must pass there."""
    models = printer_models()
    cases = [(models[number % len(models)], with_line(line)) for number, line in enumerate(ALWAYS)]
    for model in models:
        p = profile(model)
        cases += [(model, with_line(line)) for line in ALWAYS_OF_FIRMWARE[p.firmware]]
        # Start and end of our own, for each material; a part as high as the machine too.
        moves = f"G1 X50 Y50 F6000\nG1 X60 E1 F1200\nG1 Z{p.height_mm:g} F600"
        for material in p.temperatures:
            made = assemble(moves, p, material, height_mm=p.height_mm, made_by="a test")
            cases.append((model, made.decode()))
    return cases
