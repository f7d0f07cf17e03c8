"""Time per stage: close-cycle time is a figure that users track."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Progress = Callable[[str], AbstractContextManager[None]]


@contextmanager
def silent(_label: str) -> Iterator[None]:
    """Progress that says nothing, for callers without a console."""
    yield


class Stages:
    """Names stages, shows them through `progress` and keeps their seconds in order."""

    def __init__(self, progress: Progress = silent) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a block as a stage; the same name twice adds up."""
        started = time.perf_counter()
        with self._progress(name):
            yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - started

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage, in the order they first ran."""
        return dict(self._seconds)
