"""A Dask cluster that the user already has: reached by its address, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from behavior.errors import UsageError

PATIENCE = "10s"
"""How long a scheduler may take to answer."""


class SchedulerError(UsageError):
    """A cluster that cannot be reached or loses its workers."""


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the cluster whose scheduler listens at an address (``tcp://host:8786``), closed with the block.

    Raises
    ------
    SchedulerError : Dask is not installed, nothing answers, or there is no worker.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SchedulerError(
            "--scheduler needs Dask. Install it with pip install 'alm-behavior[distributed]'."
        ) from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"no Dask scheduler answers at {address}: {error}. Start one with `dask scheduler`, and workers that have "
            "alm-behavior installed with `dask worker ADDRESS`."
        ) from error
    with client:
        if workers_of(client) == 0:
            raise SchedulerError(f"the scheduler at {address} has no workers. Start some with `dask worker {address}`.")
        yield client


def workers_of(client: Any) -> int:
    """Workers that the cluster has now."""
    return len(client.scheduler_info(n_workers=-1)["workers"])
