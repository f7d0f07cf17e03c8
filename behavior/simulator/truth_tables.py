"""The truth as an assumption set: what a perfect model would hand to the engine, in the engine's own tables."""

from __future__ import annotations

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms, Provenance
from behavior.quantities import FloatArray, IntArray, Quantity
from behavior.simulator.deposit_law import DepositSegment
from behavior.simulator.laws import PRODUCTS, LoanState
from behavior.simulator.rates import MORTGAGE_INDEX
from behavior.simulator.truth import Truth

INCENTIVES = np.array([-500, -300, *range(-200, 201, 25), 250, 300, 400]) / 10_000.0
IN_THE_MONEY = np.array([0.0, 6.0, 12.0, 24.0, 48.0, 96.0])
AGES = np.array([1, 6, 12, 18, 24, 30, 180, 360])
SPREADS = np.array([-0.01, 0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
DECAY_MONTHS = np.array([1, 3, 6, 12, 18, 24, 36, 48, 60, 84, 120])
DEPOSIT_SCHEME = SegmentScheme(("product", "customer_type"))


def true_assumption_set(truth: Truth, set_id: str, seed: int) -> AssumptionSet:
    """All true tables under one identity; exact at the grid's nodes, multilinear between them.

    Payoff and curtailment by product since origination; decay by product and customer type since as-of, closures and
    net outflow of survivors under `withdrawal`, moves to another product under `migrated`; rates paid as target and
    speed. Covariates are averaged over the loans and accounts open at as-of, by balance.
    """
    tables = (payoff_table(truth), curtailment_table(truth), *decay_tables(truth), *pass_through_tables(truth))
    note = f"The truth of the simulated bank of seed {seed}; no model stands behind it."
    return AssumptionSet(id=set_id, as_of=truth.settings.as_of, tables=tables, note=note)


def _provenance() -> Provenance:
    return Provenance(source="the law of the simulated bank", validation="true by construction")


def payoff_table(truth: Truth) -> AssumptionTable:
    """Full prepayment by product, incentive, months in the money and age, with its season."""
    curves = []
    for product in PRODUCTS:
        values = truth.payoff_surface(product, AGES, INCENTIVES, IN_THE_MONEY)
        grids = {Driver.RATE_INCENTIVE: INCENTIVES, Driver.MONTHS_IN_THE_MONEY: IN_THE_MONEY}
        curves.append(AssumptionCurve((product,), AGES, grids, np.round(values, 8)))
    return AssumptionTable(
        name="mortgage_prepayment_payoff",
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=SegmentScheme(("product",)),
        curves=tuple(curves),
        cause="payoff",
        month_meaning=MonthMeaning.SINCE_ORIGINATION,
        drivers=(Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY),
        terms=DriverTerms(MORTGAGE_INDEX, 120, truth.loans.lag_months, truth.loans.in_the_money_above),
        season=getattr(truth.loans, "season", None),
        averaged_over={
            "covariates": "credit_score, ltv, original_balance, purpose, occupancy, region",
            "book": "as-of",
        },
        provenance=_provenance(),
    )


def curtailment_table(truth: Truth) -> AssumptionTable:
    """Unscheduled part payments by product and age, share of the balance a month."""
    size = AGES.size
    state = LoanState(
        **dict.fromkeys(("product", "purpose", "occupancy", "region"), np.zeros(size, dtype=np.int64)),
        age_months=AGES,
        month_of_year=np.full(size, 4),
        incentive=np.zeros(size),
        months_in_the_money=np.zeros(size, dtype=np.int64),
        credit_score=np.full(size, 740.0),
        ltv=np.full(size, 0.75),
        original_balance=np.full(size, 200_000.0),
        unemployment=np.full(size, 0.05),
        latent=np.full(size, 0.5),
    )
    chance, share = truth.loans.curtailment(state)
    return AssumptionTable(
        name="mortgage_prepayment_curtailment",
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=SegmentScheme(("product",)),
        curves=tuple(AssumptionCurve((product,), AGES, {}, np.round(chance * share, 8)) for product in PRODUCTS),
        cause="curtailment",
        month_meaning=MonthMeaning.SINCE_ORIGINATION,
        provenance=_provenance(),
    )


def decay_tables(truth: Truth) -> tuple[AssumptionTable, AssumptionTable]:
    """`withdrawal` and `migrated` by segment, spread and month since as-of, in the view with redeposits."""
    withdrawn, migrated = _decay_grids(truth)
    return _decay_table(truth, "nmd_decay_withdrawal", "withdrawal", withdrawn), _decay_table(
        truth, "nmd_decay_migrated", "migrated", migrated
    )


def _decay_table(truth: Truth, name: str, cause: str, values: FloatArray) -> AssumptionTable:
    kept = values[:, :, DECAY_MONTHS - 1]
    return AssumptionTable(
        name=name,
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=DEPOSIT_SCHEME,
        curves=tuple(
            AssumptionCurve(
                (one.product, one.customer_type),
                DECAY_MONTHS,
                {Driver.RATE_SPREAD: SPREADS},
                np.round(kept[position], 8),
                view=View.WITH_REDEPOSITS,
            )
            for position, one in enumerate(truth.segments)
        ),
        cause=cause,
        month_meaning=MonthMeaning.SINCE_AS_OF,
        drivers=(Driver.RATE_SPREAD,),
        averaged_over={"covariates": "age, size, channel, region", "book": "accounts open at as-of, by balance"},
        provenance=_provenance(),
    )


def _decay_grids(truth: Truth) -> tuple[FloatArray, FloatArray]:
    """Hazards under a spread that stays, shape (segments, spreads, months): withdrawal and migration."""
    life, law = truth.account_life, truth.deposits
    kept = life.balance > 0
    which, trend = life.open_accounts[kept], life.trend[kept]
    segment, count = life.book.segment[which], len(truth.segments)
    months = int(DECAY_MONTHS[-1])
    withdrawn, migrated = np.empty((count, SPREADS.size, months)), np.empty((count, SPREADS.size, months))
    for position, spread in enumerate(SPREADS):
        alive = trend.copy()
        level = float(truth.paths.short[-1])
        paid = np.full(count, level - spread)
        for month in range(1, months + 1):
            state = life.book.state(which, truth.paths.months - 1 + month, truth.paths, level, paid)
            before = np.bincount(segment, alive, count)
            moves = law.migration(state)
            moved = np.bincount(segment, alive * moves, count) / before
            alive = alive * (1.0 - law.closure(state)) * (1.0 - moves) * (1.0 + law.growth(state))
            left = np.bincount(segment, alive, count) / before
            migrated[:, position, month - 1] = moved
            withdrawn[:, position, month - 1] = np.clip(1.0 - left / (1.0 - moved), 0.0, 1.0)
    return withdrawn, migrated


def pass_through_tables(truth: Truth) -> tuple[AssumptionTable, ...]:
    """Target by level of the short rate, and speeds by direction; one table of speeds for each pair of delays."""
    target = AssumptionTable(
        name="deposit_beta_target",
        effect=Effect.REPRICING,
        quantity=Quantity.MARGINAL_PASS_THROUGH,
        scheme=DEPOSIT_SCHEME,
        curves=tuple(
            AssumptionCurve(
                (one.product, one.customer_type),
                _no_months(),
                {Driver.RATE_LEVEL: one.pass_through.levels},
                one.pass_through.marginal,
            )
            for one in truth.segments
        ),
        drivers=(Driver.RATE_LEVEL,),
        provenance=_provenance(),
    )
    delays = sorted({(one.delay_up, one.delay_down) for one in truth.segments})
    names = ["deposit_beta_speed"] if len(delays) == 1 else [f"deposit_beta_speed_{up}_{down}" for up, down in delays]
    speeds = [
        _speed_table(name, pair, [one for one in truth.segments if (one.delay_up, one.delay_down) == pair])
        for name, pair in zip(names, delays, strict=True)
    ]
    return (target, *speeds)


def _speed_table(name: str, delays: tuple[int, int], segments: list[DepositSegment]) -> AssumptionTable:
    curves = [
        AssumptionCurve((one.product, one.customer_type), _no_months(), {}, np.array(share), direction=direction)
        for one in segments
        for direction, share in ((Direction.UP, one.up), (Direction.DOWN, one.down))
    ]
    return AssumptionTable(
        name=name,
        effect=Effect.REPRICING,
        quantity=Quantity.MONTHLY_ADJUSTMENT,
        scheme=DEPOSIT_SCHEME,
        curves=tuple(curves),
        delay_months={Direction.UP: delays[0], Direction.DOWN: delays[1]},
        provenance=_provenance(),
    )


def _no_months() -> IntArray:
    return np.zeros(0, dtype=np.int64)
