"""What cameras see, sent to the server: at events, and from time to time while it prints.

A picture is a help for people, never evidence for the agent: what fails here is only logged.
"""

import logging

from printer_agents.errors import DriverFault, Rejected, ServerFault
from printer_agents.protocol import PICTURE_MOST_BYTES, PrinterCondition
from printer_agents.station import Station, Surroundings

log = logging.getLogger("parts3d.agent")

JPEG_BEGINS = b"\xff\xd8\xff"
AT_WORK = {PrinterCondition.PREPARING, PrinterCondition.PRINTING, PrinterCondition.PAUSED}


class Photographer:
    """Looks through each printer's camera. ``step`` is called by one thread only."""

    def __init__(self, around: Surroundings, stations: dict[str, Station]) -> None:
        self._around = around
        self._stations = stations
        self._taken: dict[str, tuple[object, float]] = {}

    def step(self) -> None:
        """Take and send the pictures that are due."""
        if not self._around.greeted.is_set():
            return
        for station in self._stations.values():
            self._look(station)

    def _look(self, station: Station) -> None:
        now = self._around.clock()
        look = station.report()
        # An event: another job, or another condition of it.
        moment = (look.file_name, look.condition)
        before, taken_at = self._taken.get(station.id, (None, now))
        age = now - taken_at
        due = look.condition in AT_WORK and age >= self._around.intervals.picture_seconds
        if before is None:
            self._taken[station.id] = (moment, now)
            if look.condition not in AT_WORK:
                return
        elif moment == before and not due and age >= 0:
            return
        self._taken[station.id] = (moment, now)
        try:
            picture = station.driver.camera_jpeg()
        except DriverFault as fault:
            log.info("%s: no picture: %s", station.id, fault)
            return
        if picture is None:
            return
        if not picture.startswith(JPEG_BEGINS) or len(picture) > PICTURE_MOST_BYTES:
            log.info("%s: what the camera gave is no JPEG of a fair size.", station.id)
            return
        try:
            self._around.client.picture(station.id, picture)
        except Rejected as fault:
            log.info("%s: the server does not want the picture: %s", station.id, fault)
        except ServerFault as fault:
            log.debug("%s: the picture is lost: %s", station.id, fault)
