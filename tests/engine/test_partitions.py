"""A plan in partitions adds up to the plan, here and on a cluster that loses a worker."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest

from behavior.engine.cluster import SchedulerError, run_on
from behavior.engine.partitions import merged, partition, partition_rows
from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from behavior.engine.run import run
from tests.benchmarks.engine_books import behaviour, every_kind, world


def plan_of(count: int, **options: Any) -> Plan:
    return prepare(Book(every_kind(count)), world(), behaviour(True, True), ProjectionOptions(threads=1, **options))


def assert_same(found: CashFlows, expected: CashFlows) -> None:
    for name in ("flows", "value", "income", "constant", "gap", "counted", "position_value", "position_income"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        scale = np.abs(theirs).max(initial=1.0)
        assert np.abs(ours - theirs).max(initial=0.0) <= 1e-12 * scale, name
    assert found.coverage["share_clamped"].to_numpy() == pytest.approx(expected.coverage["share_clamped"], abs=1e-12)


@pytest.mark.parametrize("each", [False, True])
def test_partitions_add_up_to_the_whole(each: bool) -> None:
    plan = plan_of(600, per_position=each)
    rows = partition_rows(plan, 4)
    assert sorted(np.concatenate(rows).tolist()) == list(range(600))
    parts = [run(partition(plan, places)) for places in rows]
    assert_same(merged(plan, rows, parts), run(plan))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is an optional extra")
    monkeypatch.setattr("behavior.cluster.PATIENCE", "1s")
    with pytest.raises(SchedulerError, match="no Dask scheduler answers"):
        run_on("tcp://127.0.0.1:9", plan_of(5))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_lost_worker_costs_nothing_but_time() -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is an optional extra")
    plan = plan_of(20_000)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        address = cluster.scheduler_address
        assert_same(run_on(address, plan), run(plan))
        killed: list[int] = []

        def kill_one(share: float) -> None:
            if not killed:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)

        assert_same(run_on(address, plan, kill_one), run(plan))
        assert killed
