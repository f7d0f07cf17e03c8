"""What a cluster costs over threads; run with --benchmark-only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from behavior.engine.cluster import run_on
from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from behavior.engine.run import run
from tests.benchmarks.engine_books import behaviour, mortgages, world
from tests.engine.test_partitions import assert_same

LOANS = 400_000


def plan_of() -> Plan:
    """Loans that each prepay by their own incentive, exact dates, seven scenarios."""
    return prepare(Book(mortgages(LOANS)), world(), behaviour(True), ProjectionOptions(threads=2))


def best(work: Callable[[], CashFlows], rounds: int = 3) -> float:
    """Fewest seconds of a few turns; the first one warms up."""
    work()
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


@pytest.mark.filterwarnings("ignore")
def test_a_local_cluster_of_two_workers(benchmark: Any) -> None:
    """The same book on two threads and on two workers of one thread each, from the book to results."""
    distributed = pytest.importorskip("distributed", reason="Dask is an optional extra")
    here = best(lambda: run(plan_of()))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        run_on(address, plan_of())
        found = benchmark.pedantic(lambda: run_on(address, plan_of()), rounds=3)
    assert_same(found, run(plan_of()))
    if benchmark.stats is not None:
        benchmark.extra_info["times_as_long_as_threads"] = benchmark.stats.stats.min / here
        print(f"\n{benchmark.stats.stats.min:.2f} s on the cluster, {here:.2f} s on threads")
