"""Laws of the engine, over random books: what must hold whatever the numbers."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect
from behavior.assumptions.pass_through_path import RestingRate
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.layout import CLOSING, INTEREST, PAYOFF, SCHEDULED
from behavior.engine.plan import CashFlows, Plan
from behavior.engine.positions import Book
from behavior.engine.projection import project
from behavior.engine.run import run
from behavior.quantities import Quantity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import position_flows, resolved_plan, value
from tests.engine.random_books import random_case
from tests.engine.simple import AS_OF, flat_world, loan, runoff, table

SEEDS = st.integers(0, 10**9)


def plan_of(inputs: ValuationInputs, options: ValuationOptions) -> Plan:
    return resolved_plan(inputs, options)[1]


def everything(flows: CashFlows) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [flows.flows, flows.value, flows.income, flows.constant, flows.gap]


def differences(found: CashFlows, expected: CashFlows, times: float = 1.0) -> list[float]:
    """The largest difference of each part, as a share of the part's own largest amount."""
    pairs = zip(everything(found), everything(expected), strict=True)
    return [float(np.abs(one - times * two).max() / max(np.abs(two).max(), 1.0)) for one, two in pairs]


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_flows_are_linear_in_balance(seed: int) -> None:
    inputs, options, _ = random_case(seed, 6)
    once = inputs.book.assign(rounding=np.nan) if "rounding" in inputs.book else inputs.book
    twice = once.assign(**{name: 2 * once[name] for name in ("balance", "undrawn") if name in once})
    plan = None if inputs.schedule is None else inputs.schedule.assign(principal=2 * inputs.schedule["principal"])
    whole = run(plan_of(replace(inputs, book=once), options))
    double = run(plan_of(replace(inputs, book=twice, schedule=plan), options))
    assert max(differences(double, whole, 2.0)) <= 1e-11


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_neither_row_order_nor_chunks_nor_threads_matter(seed: int) -> None:
    inputs, options, _ = random_case(seed, 6)
    turned = plan_of(replace(inputs, book=inputs.book.iloc[::-1]), options)
    turned = replace(turned, options=replace(turned.options, chunk=2, threads=1))
    assert max(differences(run(turned), run(plan_of(inputs, options)))) <= 1e-12


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_zero_hazard_is_the_contract(seed: int) -> None:
    inputs, options, _ = random_case(seed, 8)
    book = inputs.book[inputs.book["maturity_date"].notna()]
    none = AssumptionCurve(("pooled",), np.arange(1, 13), {}, np.zeros(12))
    scheme = SegmentScheme(("product",))
    made = AssumptionTable("none", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, scheme, (none,), "payoff")
    assert inputs.assumptions is not None
    rates = tuple(table for table in inputs.assumptions.tables if table.effect is Effect.REPRICING)
    idle, contract = (
        run(plan_of(replace(inputs, book=book, assumptions=replace(inputs.assumptions, tables=tables)), options))
        for tables in ((made, *rates), rates)
    )
    assert max(differences(idle, contract)) <= 1e-12


def test_hazard_one_pays_everything_at_the_first_event() -> None:
    flows = project(Book(table(loan(120, 0.05))), flat_world(), runoff("loan", np.ones(12))).flows[0, 0]
    assert flows[1, SCHEDULED] + flows[1, PAYOFF] == pytest.approx(1e6)
    assert np.abs(flows[2:]).max() == 0.0


def test_zero_shift_changes_nothing() -> None:
    from behavior.market.shifts import Shift

    world = flat_world(0.03, {"nothing": Shift(parallel=0.0)})
    found = project(Book(table(loan(120, 0.05), loan(60, 0.03, repayment="bullet"))), world, None)
    for part in (found.value, found.income, found.constant, found.flows):
        np.testing.assert_array_equal(part[0], part[1])


def deposit(beta: float, speed: float = 1.0) -> AssumptionSet:
    none = np.zeros(0, dtype=np.int64)
    scheme = SegmentScheme(("product",))
    target = AssumptionCurve(("loan",), none, {Driver.RATE_LEVEL: np.asarray([0.0, 0.1])}, np.asarray([beta, beta]))
    paid = AssumptionCurve(("loan",), none, {}, np.asarray(speed))
    return AssumptionSet(
        "x",
        AS_OF,
        (
            *runoff("loan", np.full(12, 0.01), "withdrawal").tables,
            AssumptionTable("target", Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, scheme, (target,)),
            AssumptionTable("speed", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, scheme, (paid,)),
        ),
    )


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_beta_nought_is_fixed_and_beta_one_floats(beta: float) -> None:
    from behavior.market.shifts import Shift

    world = flat_world(0.03, {"up": Shift(parallel=0.01)})
    row = loan(1, 0.02, repayment="none", rate_type="administered", side="liability", maturity_date=None)
    flows = project(Book(table(row)), world, deposit(beta)).flows
    base, up = (flows[s, 0, 1:13, INTEREST] / (1e6 * 0.99 ** np.arange(12)) * 12 for s in (0, 1))
    short = 12 * (np.exp(np.asarray([0.03, 0.04]) / 12) - 1)
    np.testing.assert_allclose(base, 0.02, rtol=1e-12)
    np.testing.assert_allclose(up - base, beta * (short[1] - short[0]), rtol=1e-9, atol=1e-15)


def test_a_rate_at_its_floor_waits_for_its_target() -> None:
    """A target half a point below the floor takes the first half point of a rise; above its floor a rate takes all."""
    from behavior.market.shifts import Shift

    world = flat_world(0.03, {"up": Shift(parallel=0.01)})
    short = 12 * (np.exp(np.asarray([0.03, 0.04]) / 12) - 1)
    terms = {"repayment": "none", "rate_type": "administered", "side": "liability", "maturity_date": None}
    made = deposit(1.0)
    resting = {("loan",): RestingRate(float(short[0]), -0.005)}
    tables = [replace(one, resting_rates=resting) if one.name == "target" else one for one in made.tables]
    rise, known = short[1] - short[0], replace(made, tables=tuple(tables))
    for rate, floor, waits in ((0.0, None, 0.005), (0.02, None, 0.0), (0.002, 0.002, 0.007)):
        flows = project(Book(table(loan(1, rate, floor=floor, **terms))), world, known).flows
        paid = flows[:, 0, 12, INTEREST] / (1e6 * 0.99**11) * 12
        np.testing.assert_allclose(paid, [rate, rate + rise - waits], rtol=1e-9, atol=1e-12)
    # A rate a little above its floor is held by it, and keeps its distance from what it is drawn to.
    near = project(Book(table(*(loan(1, rate, **terms) for rate in (1e-4, 4e-4)))), world, known).flows
    paid = near[:, 0, 12, INTEREST] / (1e6 * 0.99**11) * 12
    np.testing.assert_allclose(paid, [0.0, 5e-4 + 2 * (rise - 0.005)], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rate", [0.03, -0.004])
def test_a_par_floater_is_worth_par_on_a_reset(rate: float) -> None:
    world = flat_world(rate)
    simple = 4 * (np.exp(rate / 4) - 1)
    row = loan(
        60,
        simple,
        repayment="bullet",
        rate_type="floating",
        index="TERM",
        spread=0.0,
        payment_months=3,
        reset_months=3,
        next_reset_date=dt.date(2026, 3, 31),
    )
    assert project(Book(table(row)), world, None).value[0, 0] == pytest.approx(1e6, abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_survival_falls(seed: int) -> None:
    draw = random.Random(seed)
    hazards = np.asarray([draw.uniform(0.0, 0.2) for _ in range(48)])
    row = loan(48, 0.03, repayment="bullet")
    closing = project(Book(table(row)), flat_world(), runoff("loan", hazards)).flows[0, 0, 1:48, CLOSING]
    np.testing.assert_allclose(closing, 1e6 * np.cumprod(1 - hazards)[:47], rtol=1e-12)


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_money_is_conserved_in_every_position_of_every_kind(seed: int) -> None:
    inputs, options, _ = random_case(seed, 16)
    opening = inputs.book.set_index("position_id")["balance"]
    lent = opening + (inputs.book.set_index("position_id")["undrawn"].fillna(0.0) if "undrawn" in inputs.book else 0.0)
    seen: set[str] = set()
    for part in position_flows(inputs, options):
        for (name, _), rows in part.groupby(["position_id", "scenario"]):
            rows = rows.sort_values("month")
            out = rows[["scheduled", "payoff", "curtailment", "withdrawal"]].sum(axis=1)
            into = rows["drawn"] + rows["capitalised"]
            held = np.concatenate([[opening[name]], rows["closing_balance"].to_numpy()])
            left = held[:-1] + into.to_numpy() - out.to_numpy() - held[1:]
            assert np.abs(left).max() <= 1e-9 * max(lent[name], 1.0), f"{name}: {left}"
            assert held[-1] == 0.0
            seen.add(str(name))
    assert seen >= set(opening.index[opening > 0]), "a commitment that nothing draws may have no flow, nothing else"


def alone(inputs: ValuationInputs, row: int) -> ValuationInputs:
    """The inputs of one position, with the dates of its own schedule."""
    book, plan = inputs.book.iloc[[row]].reset_index(drop=True), inputs.schedule
    own = None if plan is None else plan[plan["position_id"].isin(book["position_id"])].reset_index(drop=True)
    return replace(inputs, book=book, schedule=own if own is not None and len(own) else None)


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_a_position_is_a_batch_of_one(seed: int) -> None:
    inputs, options, _ = random_case(seed, 8)
    whole = value(inputs, options)
    parts = [value(alone(inputs, k), options) for k in range(len(inputs.book))]
    scale = float(inputs.book["balance"].max())
    for name, keys, amount in (
        ("eve", ["scenario", "currency", "product", "side"], "present_value"),
        ("nii", ["scenario", "balance_sheet", "currency", "product", "month"], "nii"),
        ("gap", ["bucket", "currency", "side"], "repricing_amount"),
    ):
        expected = getattr(whole, name).set_index(keys)[amount]
        total = pd.concat([getattr(part, name) for part in parts]).groupby(keys)[amount].sum()
        np.testing.assert_allclose(total.reindex(expected.index).fillna(0.0), expected, rtol=0, atol=1e-9 * scale)
