"""The worker: Celery, configured so that it may die at any moment and be asked twice.

The row is the truth and a task is a doorbell, hence early acknowledgement (a task that
kills its worker must not come back by itself), no results, and a sweep that rings again
whatever was forgotten. The sweep is rung by a thread of the worker process: Celery's own
``-B`` forks a process that outlives a killed worker.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.transport import redis as redis_transport
from kombu.transport import virtual

from parts3d.context import Context
from parts3d.embedded.broker import Broker, choose_broker
from parts3d.errors import Parts3dError
from parts3d.settings import Settings
from parts3d.tasks import Registry

_log = logging.getLogger(__name__)

SWEEP = "parts3d.sweep"
_REST_SECONDS = 1.0
_ANSWER_SECONDS = 0.4
_POLL_SECONDS = 0.05


class _FreeingQoS(redis_transport.QoS):
    """Gives a message's credit back even where its acknowledgement is lost with Redis.

    kombu keeps it, and does not watch its connection while no credit is left: once as many
    acknowledgements are lost as there are credits, the worker is deaf for ever.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


class _FreeingChannel(redis_transport.Channel):
    QoS = _FreeingQoS


class _FreeingRedis(redis_transport.Transport):
    Channel = _FreeingChannel


class _QuickConnection(Connection):
    """Comes back soon after the broker does: kombu would wait up to 30 s between tries."""

    def get_transport_cls(self) -> Any:  # noqa: ANN401  # kombu's signature
        found = super().get_transport_cls()
        return _FreeingRedis if found is redis_transport.Transport else found

    def ensure_connection(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  # kombu's signature
        options = {"interval_start": 0.2, "interval_step": 0.3, "interval_max": 2.0, **options}
        return super().ensure_connection(*args, **options)


class _QuickAmqp(AMQP):
    Connection = _QuickConnection


def make_celery(settings: Settings, broker: Broker, *, answer_seconds: float = 5.0) -> Celery:
    """Return the Celery application, without tasks; connects to nothing yet.

    Args:
        settings: only ``data_dir`` is read, for the filesystem transport.
        broker: where the rings go.
        answer_seconds: how long a broker that is connected may be silent.
    """
    app = Celery("parts3d", amqp=_QuickAmqp, set_as_current=False)
    app.conf.update(
        broker_url=_celery_url(broker),
        broker_transport_options=_transport_options(settings, broker, answer_seconds),
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=0.5,
        task_publish_retry=False,
        task_ignore_result=True,
        task_acks_late=False,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )
    return app


class CeleryRinger:
    """Rings the worker over the broker; loses at most a second when the broker is away."""

    def __init__(self, settings: Settings, broker: Broker) -> None:
        self._app = make_celery(settings, broker, answer_seconds=_ANSWER_SECONDS)
        self._rest_until = 0.0

    def ring_task(self, name: str, *args: str | int, expires_seconds: float | None = None) -> None:
        """Send the task. A broker that is away is logged, then left alone for a second.

        Args:
            name: the task's name, ``noun.verb``.
            args: identifiers.
            expires_seconds: forget the ring if no worker has heard it by then.
        """
        if time.monotonic() < self._rest_until:
            return
        try:
            self._app.send_task(name, args=args, expires=expires_seconds, ignore_result=True)
        except (OperationalError, OSError) as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            _log.warning("Task %s could not be rung, the sweep will: %s", name, error)


class Beat:
    """Rings the sweep every ``sweep_seconds``, in a thread or in the foreground."""

    def __init__(self, ringer: CeleryRinger, sweep_seconds: float) -> None:
        self._ringer = ringer
        self._sweep_seconds = sweep_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Ring until stopped."""
        while not self._stopping.is_set():
            # Sweeps must not pile up while no worker listens.
            self._ringer.ring_task(SWEEP, expires_seconds=max(self._sweep_seconds, 1.0))
            self._stopping.wait(self._sweep_seconds)

    def start(self) -> None:
        """Ring from a thread of this process."""
        threading.Thread(target=self.run, name="beat", daemon=True).start()

    def stop(self) -> None:
        """Ring no more."""
        self._stopping.set()


def install_tasks(
    app: Celery,
    context: Context,
    registry: Registry,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Give Celery every declared task, and the sweep that runs all sweepers."""
    for name, function in registry.tasks.items():
        app.task(name=name)(_runner(name, function, context))
    sweeping = threading.Lock()

    def sweep() -> None:
        if sweeping.acquire(blocking=False):
            try:
                registry.sweep(context, clock())
            finally:
                sweeping.release()

    app.task(name=SWEEP)(sweep)


def run_worker(
    context: Context, registry: Registry, *, concurrency: int = 3, beat: bool = True
) -> None:
    """Work until SIGTERM (finishes what runs) or SIGINT.

    Args:
        context: handed to every task.
        registry: the tasks and sweepers.
        concurrency: threads; a task runs in one of them.
        beat: ring the sweep too; exactly one process should, though more do no harm.
    """
    broker = choose_broker(context.settings)
    app = make_celery(context.settings, broker)
    install_tasks(app, context, registry)
    bell = Beat(CeleryRinger(context.settings, broker), context.settings.sweep_seconds)
    if beat:
        bell.start()
    try:
        app.Worker(
            hostname=f"parts3d-{uuid4().hex[:8]}@localhost",
            pool="threads",
            concurrency=concurrency,
            loglevel="INFO",
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        ).start()
    finally:
        bell.stop()
        context.close()


def _runner(name: str, function: Callable[..., None], context: Context) -> Callable[..., None]:
    def run(*args: str | int) -> None:
        try:
            function(context, *args)
        except Parts3dError as error:
            # A sentence for a person; the row has the rest, the sweep comes back to it.
            _log.warning("%s%r: %s", name, args, error)

    return run


def _celery_url(broker: Broker) -> str:
    if broker.redis_url is None:
        return "filesystem://"
    if broker.redis_url.startswith("unix://"):
        return "redis+socket://" + broker.redis_url.removeprefix("unix://")
    return broker.redis_url


def _transport_options(
    settings: Settings, broker: Broker, answer_seconds: float
) -> dict[str, object]:
    # A web request that rings an absent broker must give up at once.
    options: dict[str, object] = {"max_retries": 0}
    if broker.redis_url is not None:
        return options | {"socket_connect_timeout": 0.4, "socket_timeout": answer_seconds}
    folder = settings.data_dir / "broker"
    queue = _made(folder / "queue")
    return options | {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(_made(folder / "control")),
        "polling_interval": _POLL_SECONDS,
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
