"""Run a plan's partitions on a Dask cluster that the user already has; a lost worker's partitions are sent again."""

from __future__ import annotations

from typing import Any

from behavior.cluster import SchedulerError, connected, workers_of
from behavior.engine.partitions import merged, partition, partition_rows
from behavior.engine.plan import CashFlows, Plan, Progress
from behavior.engine.run import run
from behavior.quantities import IntArray

ATTEMPTS = 3
EACH = 2
"""Partitions for each worker, so that a quick one takes over from a slow one."""


def run_on(address: str, plan: Plan, progress: Progress | None = None) -> CashFlows:
    """Run a plan on the cluster whose scheduler listens at an address (``tcp://host:8786``).

    Raises
    ------
    SchedulerError : Dask is not installed, nothing answers, there is no worker, or partitions were lost three times.
    """
    with connected(address) as client:
        rows = partition_rows(plan, EACH * workers_of(client))
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
    return client.submit(run, part, pure=False)


def _is_lost(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError", "FutureLostError"}
    )
