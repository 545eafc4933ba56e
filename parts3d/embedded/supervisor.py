"""A tree of children: started together, awaited, each restarted when it dies, stopped together."""

import signal
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from parts3d.embedded.processes import Child, ChildSpec
from parts3d.errors import NotFound, Unavailable

_LOOK_SECONDS = 0.05
_LOG_LINES = 15


class Supervisor:
    """Holds the children of one parent process. Use it as a context: leaving stops all.

    Args:
        logs_dir: one log file a child, ``<name>.log``.
    """

    def __init__(self, logs_dir: Path) -> None:
        self.logs_dir = logs_dir
        self._children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def names(self) -> list[str]:
        """Names of the children, in the order they were added."""
        return list(self._children)

    def start(self, *specs: ChildSpec) -> None:
        """Start children side by side; returns at once (see ``wait_ready``)."""
        for spec in specs:
            child = Child(spec, self.logs_dir / f"{spec.name}.log")
            self._children[spec.name] = child
            child.start()

    def wait_ready(self, names: Iterable[str] | None = None, *, seconds: float = 30) -> None:
        """Wait until the named children (default: all) answer.

        Raises:
            Unavailable: one did not in time; the sentence holds the end of its log.
        """
        until = time.monotonic() + seconds
        for name in names if names is not None else self.names:
            child = self._child(name)
            while not self.is_ready(name):
                if time.monotonic() > until:
                    raise Unavailable(
                        f"{name} did not answer within {seconds:.0f} s. "
                        f"The end of {child.log_path}:\n{_end_of(child.log_path)}"
                    )
                time.sleep(_LOOK_SECONDS)

    def is_ready(self, name: str) -> bool:
        """Tell whether a child runs and answers."""
        child = self._child(name)
        return child.pid is not None and (child.spec.ready is None or child.spec.ready())

    def pid(self, name: str) -> int | None:
        """Process id of a child, None between a death and the next start."""
        return self._child(name).pid

    def starts(self, name: str) -> int:
        """How often a child has been started."""
        return self._child(name).starts

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Kill one child; it is started again."""
        self._child(name).kill(number)

    def stop_child(self, name: str) -> None:
        """Stop one child for good and forget it."""
        self._child(name).stop()
        del self._children[name]

    def stop(self) -> None:
        """Stop all, side by side; none is left when this returns."""
        if self._children:
            with ThreadPoolExecutor(len(self._children)) as stoppers:
                list(stoppers.map(Child.stop, self._children.values()))
            self._children.clear()

    def _child(self, name: str) -> Child:
        try:
            return self._children[name]
        except KeyError:
            raise NotFound(f"No child is called {name}; there are {self.names}.") from None


def _end_of(log_path: Path) -> str:
    if not log_path.exists():
        return "(it wrote nothing)"
    return "\n".join(log_path.read_text(errors="replace").splitlines()[-_LOG_LINES:])
