"""A worker that could not acknowledge what it took must hear again when Redis is back."""

import sys

import pytest

from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.embedded.processes import ChildSpec
from parts3d.embedded.supervisor import Supervisor
from parts3d.settings import Settings
from parts3d.worker import CeleryRinger
from tests.support.processes import until

_THREADS = 2
# Tasks wait for a file, so that the test says when they end.
_WORKER = f"""
import logging, sys, time
from pathlib import Path
from parts3d.context import Context
from parts3d.settings import Settings
from parts3d.tasks import Registry
from parts3d.worker import run_worker

logging.basicConfig(level="INFO")
registry = Registry()

@registry.task("test.wait")
def wait(context, number):
    while not Path(sys.argv[1]).exists():
        time.sleep(0.02)
    print("done", number, flush=True)

run_worker(Context.from_settings(Settings()), registry, concurrency={_THREADS}, beat=False)
"""


@pytest.mark.timeout(120)
def test_a_worker_that_lost_every_acknowledgement_hears_again_when_redis_is_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("w")
    gate, log = folder / "gate", folder / "logs" / "worker.log"
    settings = Settings(data_dir=folder, broker="wheel")
    broker = choose_broker(settings)
    environment = {"PARTS3D_DATA_DIR": str(folder), **broker.environment()}
    worker = ChildSpec("worker", (sys.executable, "-c", _WORKER, str(gate)), environment)

    def said(words: str) -> int:
        return log.read_text(encoding="utf-8").count(words) if log.exists() else 0

    with Supervisor(folder / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        supervisor.start(worker)
        until(lambda: said(" ready."), what="the worker")
        ringer = CeleryRinger(settings, broker)
        for number in range(2 * _THREADS):
            ringer.ring_task("test.wait", number)
        # As many run as there are threads, and as many again wait without being acknowledged.
        until(lambda: said("] received") == 2 * _THREADS, what="every task")
        supervisor.stop_child("redis")
        gate.touch()
        until(lambda: said("Couldn't ack") == _THREADS, what="the loss of acknowledgements")
        until(lambda: said("done ") == 2 * _THREADS, what="the end of what was taken")

        supervisor.start(redis_child(broker))
        supervisor.wait_ready(["redis"])
        CeleryRinger(settings, broker).ring_task("test.wait", 99)
        until(lambda: said("done 99"), seconds=30, what="the ring after Redis came back")
        assert supervisor.starts("worker") == 1
