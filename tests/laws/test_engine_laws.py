"""Laws of the engine, over random books: what must hold whatever the numbers."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

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
from behavior.engine.layout import (
    CAPITALISED,
    CLOSING,
    CURTAILMENT,
    DRAWN,
    INTEREST,
    PAYOFF,
    SCHEDULED,
    WITHDRAWAL,
)
from behavior.engine.positions import Book
from behavior.engine.projection import CashFlows, ProjectionOptions, project
from behavior.quantities import Quantity
from behavior.workflows.value import position_flows, value
from tests.engine.books import book_of, random_position, random_world, set_of
from tests.engine.random_books import random_case as any_book
from tests.engine.simple import AS_OF, flat_world, loan, runoff, table

SEEDS = st.integers(0, 10**9)
OVERNIGHT = ProjectionOptions(uncovered="overnight")
LEAVING = [SCHEDULED, PAYOFF, CURTAILMENT, WITHDRAWAL]


def random_case(seed: int, count: int = 4) -> tuple[pd.DataFrame, AssumptionSet, Any]:
    draw = random.Random(seed)
    world, plain = random_world(draw)
    found = [random_position(draw, plain.as_of) for _ in range(count)]
    return book_of(found, plain.as_of), set_of(found, plain.as_of), world


def everything(flows: CashFlows) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [flows.flows, flows.value, flows.income, flows.constant, flows.gap]


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_money_is_conserved_in_every_month(seed: int) -> None:
    book, assumptions, world = random_case(seed)
    flows = project(Book(book), world, assumptions, OVERNIGHT)
    by_product = book.set_index("product")["balance"]
    opening = np.asarray([by_product[name] for name in flows.groups.product])
    f = flows.flows
    closing = f[:, :, 1:, CLOSING]
    before = np.concatenate(
        [np.broadcast_to(opening[None, :, None], closing[:, :, :1].shape), closing[:, :, :-1]], axis=2
    )
    out = f[:, :, 1:][..., LEAVING].sum(axis=-1)
    into = f[:, :, 1:, DRAWN] + f[:, :, 1:, CAPITALISED]
    assert np.abs(before + into - out - closing).max() <= 1e-9 * opening.max()
    assert np.abs(flows.gap.sum(axis=1) - opening).max() <= 1e-9 * opening.max()


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_values_are_linear_in_balance_and_add_up(seed: int) -> None:
    book, assumptions, world = random_case(seed)
    whole = project(Book(book), world, assumptions, OVERNIGHT)
    double = project(Book(book.assign(balance=book["balance"] * 2)), world, assumptions, OVERNIGHT)
    for one, two in zip(everything(whole), everything(double), strict=True):
        np.testing.assert_allclose(two, 2 * one, rtol=1e-11, atol=1e-6)
    alone = [project(Book(book.iloc[[k]]), world, assumptions, OVERNIGHT) for k in range(len(book))]
    total = np.sum([part.value.sum(axis=1) for part in alone], axis=0)
    np.testing.assert_allclose(total, whole.value.sum(axis=1), rtol=1e-12, atol=1e-6)
    income = np.sum([part.constant.sum(axis=1) for part in alone], axis=0)
    np.testing.assert_allclose(income, whole.constant.sum(axis=1), rtol=1e-11, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_neither_row_order_nor_chunks_nor_threads_matter(seed: int) -> None:
    book, assumptions, world = random_case(seed, 6)
    whole = project(Book(book), world, assumptions, OVERNIGHT)
    turned = project(Book(book.iloc[::-1]), world, assumptions, replace(OVERNIGHT, chunk=2, threads=1))
    for one, two in zip(everything(whole), everything(turned), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-12, atol=1e-7)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_zero_hazard_is_the_contract(seed: int) -> None:
    draw = random.Random(seed)
    world, plain = random_world(draw)
    found = [p for p in (random_position(draw, plain.as_of) for _ in range(8)) if p.maturity is not None]
    for p in found:
        p.causes = []
    book = book_of(found, plain.as_of)
    none = AssumptionCurve(("pooled",), np.arange(1, 13), {}, np.zeros(12))
    scheme = SegmentScheme(("product",))
    made = AssumptionTable("none", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, scheme, (none,), "payoff")
    rates = tuple(t for t in set_of(found, plain.as_of).tables if t.effect is Effect.REPRICING)
    idle = project(Book(book), world, AssumptionSet("x", plain.as_of, (made, *rates)))
    contract = project(Book(book), world, AssumptionSet("x", plain.as_of, rates))
    for one, two in zip(everything(idle), everything(contract), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-9)


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


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_money_is_conserved_in_every_position_of_every_kind(seed: int) -> None:
    inputs, options, _ = any_book(seed, 16)
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
    assert seen == set(opening.index)


@pytest.mark.parametrize("seed", [21, 22])
def test_a_position_is_a_batch_of_one(seed: int) -> None:
    inputs, options, _ = any_book(seed, 8)
    keys = ["scenario", "currency", "product", "side"]
    whole = value(inputs, options).eve.set_index(keys)["present_value"]
    parts = []
    for k in range(len(inputs.book)):
        one = replace(inputs, book=inputs.book.iloc[[k]].reset_index(drop=True))
        parts.append(value(one, options).eve)
    total = pd.concat(parts).groupby(keys)["present_value"].sum()
    scale = float(inputs.book["balance"].max())
    np.testing.assert_allclose(total.reindex(whole.index), whole, rtol=0, atol=1e-9 * scale)
