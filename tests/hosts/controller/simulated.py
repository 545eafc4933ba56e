"""A printer's controller on a pseudo-terminal, as Klipper and Kalico drive it.

``python -m tests.hosts.controller.simulated LINK STARTS``: the terminal appears as LINK, and
each print that reaches the controller appends a line to STARTS: a print here begins by setting
pin ``MARK_PIN``. SIGUSR1 is a fault of the hardware: it shuts down and says so.

It keeps its configuration as long as it runs, answers in real time, and does no physics: every
sensor reads the temperature of the room.
"""

import os
import pty
import select
import signal
import sys
import time
import tty
from pathlib import Path

from tests.hosts.controller.dictionary import (
    ADC_MAX,
    BY_NUMBER,
    CLOCK_HZ,
    NUMBERS,
    STOPPED_BY_FAULT,
    STOPPED_BY_ORDER,
    identification,
)
from tests.hosts.controller.wire_format import SEQUENCE_MASK, Blocks, block, number, read_number

MARK_PIN = 7
ROOM_DEGREES = 22.0
# The sensor of the configuration is linear: full scale is so many degrees.
SCALE_DEGREES = 500.0
STATS_SECONDS = 5.0
TICK_SECONDS = 0.02
_LOW32 = 0xFFFFFFFF


class Controller:
    """Answers the host's messages, and counts the prints that reach it."""

    def __init__(self, terminal: int, starts: Path) -> None:
        self._terminal = terminal
        self._starts = starts
        self._blocks = Blocks()
        self._sequence = 0
        self._began = time.monotonic()
        self._identification = identification()
        self._shut_down: int | None = None
        self._stats_due = 0.0
        self._forget()

    def run(self) -> None:
        """Serve for ever."""
        while True:
            readable, _, _ = select.select([self._terminal], [], [], TICK_SECONDS)
            if readable:
                for sequence, content in self._blocks.feed(os.read(self._terminal, 4096)):
                    self._take(sequence, content)
            self._report()

    def fail(self) -> None:
        """Shut down as the firmware does when a sensor reads nonsense."""
        self._stop(STOPPED_BY_FAULT)

    def _forget(self) -> None:
        self._crc: int | None = None
        self._pins: dict[int, int] = {}
        self._marked = False
        # Sensor -> (samples it adds up, seconds between reports, when the next one is due)
        self._sensors: dict[int, tuple[int, float, float]] = {}

    @property
    def _clock(self) -> int:
        return int((time.monotonic() - self._began) * CLOCK_HZ)

    def _take(self, sequence: int, content: bytes) -> None:
        if sequence == self._sequence:
            self._sequence = (sequence + 1) & SEQUENCE_MASK
            at = 0
            while at < len(content):
                kind, at = read_number(content, at)
                name, parameters = BY_NUMBER[kind]
                values = {}
                for parameter in parameters:
                    values[parameter], at = read_number(content, at)
                self._obey(name, values)
        # In order or not: this says which block is wanted next.
        os.write(self._terminal, block(self._sequence))

    def _say(self, name: str, *values: int | bytes) -> None:
        content = number(NUMBERS[name])
        for value in values:
            content += bytes([len(value)]) + value if isinstance(value, bytes) else number(value)
        os.write(self._terminal, block(self._sequence, content))

    def _obey(self, name: str, values: dict[str, int]) -> None:
        match name:
            case "identify":
                start = values["offset"]
                piece = self._identification[start : start + values["count"]]
                self._say("identify_response", start, piece)
            case "get_uptime":
                self._say("uptime", self._clock >> 32, self._clock & _LOW32)
            case "get_clock":
                self._say("clock", self._clock & _LOW32)
            case "get_config":
                stopped = self._shut_down is not None
                self._say("config", self._crc is not None, self._crc or 0, stopped, 1024)
            case "finalize_config":
                self._crc = values["crc"] & _LOW32
            case "config_reset" | "reset":
                self._shut_down = None
                self._forget()
            case "clear_shutdown":
                self._shut_down = None
            case "emergency_stop":
                self._stop(STOPPED_BY_ORDER)
            case _ if self._shut_down is not None:
                self._say("is_shutdown", self._shut_down)
            case _:
                self._drive(name, values)

    def _drive(self, name: str, values: dict[str, int]) -> None:
        match name:
            case "config_digital_out":
                self._pins[values["oid"]] = values["pin"]
            case "queue_digital_out":
                self._set_pin(self._pins.get(values["oid"]), on=values["on_ticks"] != 0)
            case "query_analog_in":
                seconds = (values["rest_ticks"] & _LOW32) / CLOCK_HZ
                self._sensors[values["oid"]] = (values["sample_count"], seconds, 0.0)
            case "stepper_get_position":
                self._say("stepper_position", values["oid"], 0)
            case "endstop_query_state":
                self._say("endstop_state", values["oid"], 0, 0, 0)
            case "trsync_trigger":
                self._say("trsync_state", values["oid"], 0, values["reason"], 0)
            case _:
                pass  # moves and settings: nothing here turns or warms

    def _set_pin(self, pin: int | None, *, on: bool) -> None:
        if pin != MARK_PIN:
            return
        if on and not self._marked:
            with self._starts.open("a") as file:
                file.write("a print begins\n")
        self._marked = on

    def _stop(self, reason: int) -> None:
        if self._shut_down is None:
            self._shut_down = reason
            self._marked = False
            self._say("shutdown", self._clock & _LOW32, reason)

    def _report(self) -> None:
        if self._crc is None or self._shut_down is not None:
            return
        now = time.monotonic()
        for sensor, (samples, seconds, due) in self._sensors.items():
            if now >= due:
                self._sensors[sensor] = (samples, seconds, now + seconds)
                value = int(ROOM_DEGREES / SCALE_DEGREES * ADC_MAX * samples)
                then = self._clock + int(seconds * CLOCK_HZ)
                self._say("analog_in_state", sensor, then & _LOW32, value)
        if now >= self._stats_due:
            self._stats_due = now + STATS_SECONDS
            self._say("stats", 100, 1000, 1000)


def main(link: Path, starts: Path) -> None:
    """Open a terminal, show it as ``link``, and be a controller."""
    ours, theirs = pty.openpty()
    for end in (ours, theirs):
        tty.setraw(end)
    draft = link.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(os.ttyname(theirs))
    draft.replace(link)
    # Our hold on the far end keeps the terminal alive when a host lets go of it.
    controller = Controller(ours, starts)
    signal.signal(signal.SIGUSR1, lambda *_: controller.fail())
    controller.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
