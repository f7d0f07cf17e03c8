"""Speed of the engine: ``pytest tests/benchmarks/test_engine_speed.py --benchmark-only -o addopts=""``.

Seconds alone say little on a busy machine. Each figure therefore stands beside others of the same run: the arithmetic
that the machine reaches at this moment (the roof), and the same work as a loop over months in NumPy (the oracle, whose
present values the engine must also reproduce).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numba import njit

from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from behavior.engine.run import cut_up, run
from behavior.quantities import FloatArray
from tests.benchmarks.engine_books import behaviour, every_kind, mortgages, world

MILLION = 1_000_000
THREADS = 2
FLOPS = 6
"""Operations that a month of a fixed annuity needs: interest, principal, balance, and their sums."""


def plan_of(book: pd.DataFrame, by_incentive: bool = False, scenarios: int = 7, **options: Any) -> Plan:
    """A plan with its tiles found: what remains is the kernel."""
    grid = str(options.pop("time", "exact"))
    deposits = bool((book["product"] == "savings").any())
    chosen = ProjectionOptions(threads=THREADS, **options)
    return cut_up(prepare(Book(book), world(scenarios, grid), behaviour(by_incentive, deposits), chosen))


@njit(fastmath=True)
def chains(turns: int, x: FloatArray) -> None:
    """Fused multiply-adds in eight independent vectors that never leave the first cache."""
    for _ in range(turns):
        for i in range(len(x)):
            x[i] = x[i] * 0.999999 + 1e-9


def roof() -> float:
    """Floating-point operations a second of all threads' arithmetic, as this machine gives them now."""
    x = np.ones(512)
    chains(1, x)
    best = np.inf
    for _ in range(5):
        begin = time.perf_counter()
        chains(20_000, x)
        best = min(best, time.perf_counter() - begin)
    return THREADS * 2 * 20_000 * len(x) / best


def measured(benchmark: Any, plan: Plan, rounds: int = 5) -> CashFlows:
    """Run a plan a few times; note what a month costs and the share of the roof of the same moment, each the median."""
    run(plan)
    roofs: list[float] = []

    def before() -> tuple[tuple[Plan], dict[str, Any]]:
        roofs.append(roof())
        return (plan,), {}

    found = benchmark.pedantic(run, setup=before, rounds=rounds)
    if benchmark.stats is None:
        return found
    months = int(plan.positions.events.sum())
    taken = np.asarray(benchmark.stats.stats.data)
    benchmark.extra_info["nanoseconds_a_month_and_scenario"] = (
        float(np.median(taken)) / months / len(plan.scenarios) * 1e9
    )
    benchmark.extra_info["share_of_roof"] = float(
        np.median(FLOPS * months / (np.asarray(roofs)[-len(taken) :] * taken))
    )
    return found


def test_a_million_loans_by_key_on_the_month_grid(benchmark: Any) -> None:
    """Loans that pay on month ends, k / 12: one calendar."""
    plan = plan_of(mortgages(MILLION, month_ends=True), time="month_grid")
    assert np.isfinite(measured(benchmark, plan).value).all()


def test_a_million_loans_by_key_on_exact_dates(benchmark: Any) -> None:
    """Loans that pay on any day."""
    assert np.isfinite(measured(benchmark, plan_of(mortgages(MILLION))).value).all()


def test_a_million_loans_along_their_own_incentive(benchmark: Any) -> None:
    """Behaviour that reads each loan's rate against the mortgage rate of its scenario."""
    assert np.isfinite(measured(benchmark, plan_of(mortgages(MILLION), by_incentive=True)).value).all()


def test_a_million_loans_each_with_its_own_value_and_income(benchmark: Any) -> None:
    """Present value and income of a year for every position and scenario."""
    plan = plan_of(mortgages(MILLION), per_position=True, cash_flows=False)
    found = measured(benchmark, plan)
    assert found.position_value.sum(axis=0) == pytest.approx(found.value[:, 0], rel=1e-10)


def test_every_kind_under_a_thousand_scenarios(benchmark: Any) -> None:
    """100,000 loans, floaters, bonds, term deposits and deposits: totals."""
    plan = plan_of(every_kind(100_000), scenarios=1000, cash_flows=False)
    assert np.isfinite(measured(benchmark, plan, rounds=1).value).all()


@pytest.mark.parametrize("count", [10_000, 100_000, MILLION])
def test_growth(benchmark: Any, count: int) -> None:
    """The same book at three sizes, prepared and run."""

    def whole() -> CashFlows:
        return run(plan_of(book))

    book = mortgages(count)
    whole()
    assert np.isfinite(benchmark.pedantic(whole, rounds=2).value).all()
    if benchmark.stats is not None:
        benchmark.extra_info["microseconds_a_position"] = benchmark.stats.stats.min / count * 1e6


def month_loop(plan: Plan) -> FloatArray:
    """Present values by scenario of fixed annuities on one calendar, as a loop over months in NumPy."""
    loans, curves = plan.positions, plan.behaviours
    balance, rate, left = loans.balance.copy(), loans.rate / 12.0, loans.events
    with np.errstate(all="ignore"):
        payment = balance * rate / (1.0 - (1.0 + rate) ** -left)
    value = np.zeros(len(plan.scenarios))
    share = np.ones(len(balance))
    factors = plan.market.discount[0]
    for month in range(1, int(left.max()) + 1):
        interest = balance * rate
        paid = np.where(month < left, np.minimum(payment - interest, balance), balance)
        balance = balance - paid
        hazard = curves.values[np.minimum(month + loans.age, curves.months[0]) - 1]
        cash = share @ (interest + paid + balance * hazard)
        share = share * (1.0 - hazard)
        value += cash * factors[:, plan.terms.calendars.arrays.day[month - 1]]
    return value


def test_the_oracle_agrees_and_is_slower(benchmark: Any) -> None:
    """The NumPy loop works one scenario-free path out; the engine's seven scenarios must still be many times faster."""
    plan = plan_of(mortgages(100_000, month_ends=True), time="month_grid")
    found = run(plan)
    begin = time.perf_counter()
    expected = month_loop(plan)
    alone = time.perf_counter() - begin
    assert found.value[:, 0] == pytest.approx(expected, rel=1e-12)
    benchmark.pedantic(run, args=(plan,), rounds=3)
    if benchmark.stats is not None:
        benchmark.extra_info["oracle_over_engine"] = alone / benchmark.stats.stats.min
