"""How long the simulated bank takes: 20 seconds at most, histories, book and truth together."""

from __future__ import annotations

import time
from pathlib import Path

from behavior.io.bank_writer import write_bank
from behavior.simulator import simulate


def test_simulate_the_default_bank(benchmark) -> None:
    started = time.process_time()
    bank = benchmark.pedantic(simulate, rounds=1, iterations=1)
    assert len(bank.mortgages.tables["loans"]) >= 20_000
    # Processor seconds, so that a busy machine does not fail what a calm one passes.
    assert time.process_time() - started < 20.0


def test_write_the_default_bank(benchmark, tmp_path: Path) -> None:
    bank = simulate()
    written = benchmark.pedantic(write_bank, args=(bank, tmp_path), rounds=1, iterations=1)
    assert len(written) == 10
