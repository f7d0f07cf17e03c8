"""Run a plan's partitions on a Dask cluster that the user already has; a lost worker's partitions are sent again."""

from __future__ import annotations

from typing import Any

from behavior.engine.partitions import merged, partition, partition_rows, run_partition
from behavior.engine.plan import CashFlows, Plan, Progress
from behavior.errors import UsageError
from behavior.quantities import IntArray

ATTEMPTS = 3
EACH = 2
"""Partitions for each worker, so that a quick one takes over from a slow one."""


class SchedulerError(UsageError):
    """A cluster that cannot be reached or loses its workers."""


def run_on(address: str, plan: Plan, progress: Progress | None = None) -> CashFlows:
    """Run a plan on the cluster whose scheduler listens at an address (``tcp://host:8786``).

    Raises
    ------
    SchedulerError : Dask is not installed, nothing answers, there is no worker, or partitions were lost three times.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SchedulerError(
            "--scheduler needs Dask. Install it with pip install 'alm-behavior[distributed]'."
        ) from error
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"no Dask scheduler answers at {address}: {error}. Start one with `dask scheduler`, and workers that have "
            "alm-behavior installed with `dask worker ADDRESS`."
        ) from error
    with client:
        workers = len(client.scheduler_info()["workers"])
        if workers == 0:
            raise SchedulerError(f"the scheduler at {address} has no workers. Start some with `dask worker {address}`.")
        rows = partition_rows(plan, EACH * workers)
        return merged(plan, rows, gathered(client, plan, rows, progress))


def gathered(client: Any, plan: Plan, rows: list[IntArray], progress: Progress | None) -> list[CashFlows]:
    """Results of the partitions in their order, each sent again where its worker was lost."""
    found: dict[int, CashFlows] = {}
    for _ in range(ATTEMPTS):
        missing = [number for number in range(len(rows)) if number not in found]
        sent = {number: _send(client, plan, rows[number]) for number in missing}
        lost = []
        for number, future in sent.items():
            try:
                found[number] = future.result()
            except Exception as error:
                # Data that was handed to a worker goes with it: such a partition is lost, not wrong.
                if not _is_lost(error):
                    raise
                lost.append(number)
                continue
            if progress is not None:
                progress(len(found) / len(rows))
        if not lost:
            return [found[number] for number in range(len(rows))]
    raise SchedulerError(
        f"{len(rows) - len(found)} of {len(rows)} partitions were lost with their workers three times."
    )


def _send(client: Any, plan: Plan, rows: IntArray) -> Any:
    part = client.scatter(partition(plan, rows), hash=False)
    return client.submit(run_partition, part, pure=False)


def _is_lost(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError", "FutureLostError"}
    )
