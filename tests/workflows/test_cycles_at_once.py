"""Cycles that reach the store at one moment: each takes a revision of its own, and one set is valid on a day."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from behavior.io.assumption_store import AssumptionStore
from behavior.workflows.cycle import set_in_force
from tests.workflows.test_cycle_publish import SEPTEMBER, run

CYCLES = 6


def _cycle(folder: Path, start: multiprocessing.synchronize.Barrier) -> None:  # type: ignore[name-defined]
    start.wait()
    run(AssumptionStore(folder), SEPTEMBER)


def test_cycles_that_publish_at_one_moment(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(CYCLES)
    running = [context.Process(target=_cycle, args=(tmp_path / "store", start)) for _ in range(CYCLES)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert [one.exitcode for one in running] == [0] * CYCLES
    store = AssumptionStore(tmp_path / "store")
    assert store.ids() == tuple(f"2026-09-30.r{number}" for number in range(1, CYCLES + 1))
    assert store.verify() == ()
    assert set_in_force(store.validity(), SEPTEMBER) is not None, "one, and not several, which are refused"
