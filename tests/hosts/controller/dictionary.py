"""What the simulated controller says of itself: its messages, pins and figures.

The host asks for this dictionary first ("identify") and from then on uses its numbers. Formats
are those of Klipper's documents "MCU commands" and "Protocol"; only what a printer with one
extruder, a heated bed and a pin needs is there.
"""

import json
import zlib

CLOCK_HZ = 16_000_000
ADC_MAX = 4095
PINS = 32
COMMANDS = """
identify offset=%u count=%c
get_uptime
get_clock
get_config
allocate_oids count=%c
finalize_config crc=%u
config_reset
reset
clear_shutdown
emergency_stop
debug_nop
config_stepper oid=%c step_pin=%c dir_pin=%c invert_step=%c step_pulse_ticks=%u
queue_step oid=%c interval=%u count=%hu add=%hi
set_next_step_dir oid=%c dir=%c
reset_step_clock oid=%c clock=%u
stepper_get_position oid=%c
stepper_stop_on_trigger oid=%c trsync_oid=%c
config_digital_out oid=%c pin=%u value=%c default_value=%c max_duration=%u
set_digital_out_pwm_cycle oid=%c cycle_ticks=%u
queue_digital_out oid=%c clock=%u on_ticks=%u
update_digital_out oid=%c value=%c
set_digital_out pin=%u value=%c
config_analog_in oid=%c pin=%u
query_analog_in oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u min_value=%hu \
max_value=%hu range_check_count=%c
config_trsync oid=%c
trsync_start oid=%c report_clock=%u report_ticks=%u expire_reason=%c
trsync_set_timeout oid=%c clock=%u
trsync_trigger oid=%c reason=%c
config_endstop oid=%c pin=%c pull_up=%c
endstop_home oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u pin_value=%c \
trsync_oid=%c trigger_reason=%c
endstop_query_state oid=%c
""".strip().splitlines()
RESPONSES = """
identify_response offset=%u data=%.*s
uptime high=%u clock=%u
clock clock=%u
config is_config=%c crc=%u is_shutdown=%c move_count=%hu
stats count=%u sum=%u sumsq=%u
analog_in_state oid=%c next_clock=%u value=%hu
stepper_position oid=%c pos=%i
trsync_state oid=%c can_trigger=%c trigger_reason=%c clock=%u
endstop_state oid=%c homing=%c next_clock=%u pin_value=%c
shutdown clock=%u static_string_id=%hu
is_shutdown static_string_id=%hu
starting
""".strip().splitlines()
# Why it has stopped; the numbers are the controller's own.
STOPPED_BY_ORDER, STOPPED_BY_FAULT = 2, 3
_REASONS = {
    "Command request": STOPPED_BY_ORDER,
    "ADC out of range": STOPPED_BY_FAULT,
}


def _numbered() -> dict[str, int]:
    """Every message's number; the two of "identify" are fixed by the protocol."""
    numbers = {"identify_response": 0, "identify": 1}
    for line in COMMANDS + RESPONSES:
        numbers.setdefault(line.split()[0], len(numbers))
    return numbers


NUMBERS = _numbered()
# A command's number -> its name and the names of its parameters.
BY_NUMBER = {
    NUMBERS[line.split()[0]]: (
        line.split()[0],
        [word.partition("=")[0] for word in line.split()[1:]],
    )
    for line in COMMANDS
}


def identification() -> bytes:
    """Return the dictionary as the host fetches it: JSON, compressed."""
    words = {
        "version": "simulated",
        "build_versions": "none",
        "app": "Klipper",
        "commands": {line: NUMBERS[line.split()[0]] for line in COMMANDS},
        "responses": {line: NUMBERS[line.split()[0]] for line in RESPONSES},
        "enumerations": {"pin": {"P0": [0, PINS]}, "static_string_id": _REASONS},
        "config": {
            "CLOCK_FREQ": CLOCK_HZ,
            "MCU": "simulated",
            "ADC_MAX": ADC_MAX,
            "PWM_MAX": 255,
            "STATS_SUMSQ_BASE": 256,
            "SERIAL_BAUD": 250_000,
        },
    }
    return zlib.compress(json.dumps(words).encode())
