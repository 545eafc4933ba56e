"""The printer's voice: MQTT over TLS, full reports and the changes that follow them."""

import contextlib
import itertools
import json
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from printer_agents.clock import Clock
from printer_agents.config import BambuOptions
from printer_agents.drivers.bambu_tls import Pin, pinned_context
from printer_agents.errors import PrinterOffline

log = logging.getLogger("parts3d.agent")

USER = "bblp"
Report = dict[str, Any]
# A printer that prints tells something each second or two. Silence for so long: ask it for
# everything, each time twice as late while it says nothing by itself (asking costs a P1 much).
SILENT_SECONDS = 12.0
MOST_SILENT_SECONDS = 48.0
# How long to wait for a connection that broke just now; paho tries again within this.
AGAIN_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 15
NEWS = ("gcode_state", "print_error", "subtask_name")
# A report with these is the whole of it, whatever it is called.
WHOLE = ("gcode_state", "subtask_name", "mc_percent")


class Unanswered(Exception):
    """A command was sent and no answer came."""


class Channel:
    """One connection to one printer, kept open, and what has been heard on it.

    Commands go at most once (QoS 0, and never before a connection is there): a start or a stop
    that is delivered late is worse than one that is lost.
    """

    def __init__(self, options: BambuOptions, pin: Pin, clock: Clock) -> None:
        self._options = options
        self._pin = pin
        self._clock = clock
        self._heard = threading.Condition()
        self._report: Report = {}
        self._whole = False  # a full report has been heard since the connection
        self._heard_at = float("-inf")
        self._asked_at = float("-inf")
        self._patience = SILENT_SECONDS
        self._fault: str | None = None
        self._answers: dict[str, Report] = {}
        self._awaited: set[str] = set()
        self._wake: Callable[[], None] | None = None
        self._numbers = itertools.count(secrets.randbelow(1_000_000) * 1_000)
        self._started = False
        self._request_topic = f"device/{options.serial}/request"
        self._report_topic = f"device/{options.serial}/report"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"parts3d-{secrets.token_hex(4)}",
            protocol=mqtt.MQTTv311,
        )
        self._client.username_pw_set(USER, options.access_code)
        self._client.tls_set_context(pinned_context(pin))
        self._client.tls_insecure_set(True)  # the pin is the check, not a name
        self._client.connect_timeout = options.request_seconds
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def report(self) -> Report:
        """Return all that is known of the printer now.

        Raises:
            PrinterOffline: no connection, no full report yet, or silence.
        """
        with self._heard:
            self._connect()
            wait = self._options.request_seconds
            if not self._whole and self._clock() - self._asked_at > wait:
                self._push_all()
            if not self._heard.wait_for(lambda: self._whole or bool(self._fault), wait):
                raise PrinterOffline(f"{self._printer} does not answer.")
            if not self._whole:
                raise PrinterOffline(f"{self._printer} does not answer: {self._fault}.")
            if self._clock() - self._heard_at > SILENT_SECONDS:
                self._break_silence()
            return dict(self._report)

    def ask(self, kind: str, command: str, **fields: object) -> Report:
        """Send a command once and return its answer.

        Raises:
            PrinterOffline: there is no connection; nothing was sent.
            Unanswered: no answer in time; it may have been heard.
        """
        number = str(next(self._numbers))
        with self._heard:
            self._connect()
            self._heard.wait_for(lambda: self._whole or bool(self._fault), AGAIN_SECONDS)
            if not self._client.is_connected():
                raise PrinterOffline(f"{self._printer} does not answer.")
            self._awaited.add(number)
            body = {kind: {"sequence_id": number, "command": command, **fields}}
            sent = self._client.publish(self._request_topic, json.dumps(body), qos=0)
            try:
                if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    raise PrinterOffline(f"{self._printer} does not answer.")
                wait = self._options.request_seconds
                if not self._heard.wait_for(lambda: number in self._answers, wait):
                    # Whatever came of it, only what is told from now on counts.
                    self._whole = False
                    self._push_all()
                    raise Unanswered(command)
                return self._answers[number]
            finally:
                self._awaited.discard(number)
                self._answers.pop(number, None)

    def wait_for(self, wanted: Callable[[Report], bool], seconds: float) -> bool:
        """Wait until the report is as wanted; False when it is not in time."""
        with self._heard:
            return self._heard.wait_for(lambda: self._whole and wanted(self._report), seconds)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` when the printer's state changes."""
        self._wake = wake
        with self._heard:
            self._connect()

    def close(self) -> None:
        """Hang up."""
        self._wake = None
        if self._started:
            self._client.disconnect()
            self._client.loop_stop()

    @property
    def _printer(self) -> str:
        return f"The printer {self._options.serial} at {self._options.host}"

    def _connect(self) -> None:
        if self._started:
            return
        self._started = True
        self._client.connect_async(
            self._options.host, self._options.mqtt_port, keepalive=KEEP_ALIVE_SECONDS
        )
        self._client.loop_start()

    def _break_silence(self) -> None:
        """Ask a silent printer for everything; no answer means that it is away."""
        if self._clock() - max(self._heard_at, self._asked_at) < self._patience:
            return
        heard_before = self._heard_at
        self._push_all()
        wait = self._options.request_seconds
        if self._heard.wait_for(lambda: self._heard_at > heard_before, wait):
            self._patience = min(self._patience * 2, MOST_SILENT_SECONDS)
            return
        self._whole, self._fault = False, "its connection fell silent"
        # Broken from here, paho notices and connects anew.
        if isinstance(connection := self._client.socket(), socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        raise PrinterOffline(f"{self._printer} has fallen silent.")

    def _push_all(self) -> None:
        self._asked_at = self._clock()
        body = {"pushing": {"sequence_id": str(next(self._numbers)), "command": "pushall"}}
        self._client.publish(self._request_topic, json.dumps(body), qos=0)

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        with self._heard:
            self._whole, self._report, self._fault = False, {}, None
            if reason.is_failure:
                self._fault = (
                    "it does not accept the access code (read it from the printer's screen: "
                    f"Settings, LAN only mode; {reason})"
                )
            self._heard.notify_all()
        if not reason.is_failure:
            client.subscribe(self._report_topic)

    def _on_connect_fail(self, *_about: object) -> None:
        self._lost(self._pin.refused or "nothing listens there, or the network is away")

    def _on_subscribe(self, *_about: object) -> None:
        self._push_all()

    def _on_disconnect(self, *_about: object) -> None:
        self._lost("the connection broke")

    def _lost(self, why: str) -> None:
        with self._heard:
            self._whole, self._fault = False, self._fault or why
            self._heard.notify_all()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            told = json.loads(message.payload)
        except ValueError:
            log.warning("%s says what is no JSON.", self._printer)
            return
        if not isinstance(told, dict):
            return
        news = False
        with self._heard:
            self._heard_at = self._clock()
            for part in told.values():
                if isinstance(part, dict):
                    news = self._hear(part) or news
            self._heard.notify_all()
        wake = self._wake
        if news and wake is not None:
            wake()

    def _hear(self, part: Report) -> bool:
        if part.get("command") != "push_status":
            number = str(part.get("sequence_id"))
            if number in self._awaited:
                self._answers[number] = part
            return False
        before = [self._report.get(key) for key in NEWS]
        merge(self._report, part)
        if part.get("msg") == 1:
            self._patience = SILENT_SECONDS  # it speaks by itself
        if not self._whole and all(key in part for key in WHOLE):
            self._whole = True
            return True
        return before != [self._report.get(key) for key in NEWS]


def merge(known: Report, change: Report) -> None:
    """Put a change into what is known: objects key by key, all else replaced."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            merge(known[key], value)
        else:
            known[key] = value
