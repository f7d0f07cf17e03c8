"""Random books of every kind of position, with markets, behaviour and options, from one seed."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms
from behavior.market.scenarios import Scenario, ScenarioSet
from behavior.market.shifts import Shift
from behavior.quantities import Quantity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from tests.engine.plain.dates import Day, anchor_day, in_month, index, later
from tests.engine.plain.walk import Choices

TENORS = [0, 1, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360, 480]
COUNTS = ["30/360", "30E/360", "ACT/360", "ACT/365F", "ACT/ACT", None]
AS_OFS = [
    dt.date(2026, 9, 30),
    dt.date(2026, 2, 28),
    dt.date(2024, 2, 29),
    dt.date(2028, 2, 28),
    dt.date(2027, 1, 31),
    dt.date(2026, 6, 15),
    dt.date(2026, 12, 1),
]
MONEYS = ("USD", "CHF")
MORTGAGE, SHORT = "MORTGAGE30", "FEDFUNDS"
SCENARIOS = ScenarioSet(
    (
        Scenario("base"),
        Scenario("parallel_up", {m: (Shift(parallel=0.02),) for m in MONEYS}),
        Scenario("parallel_down", {"USD": (Shift(parallel=-0.025),), "CHF": (Shift(parallel=-0.01),)}),
        Scenario("steepener", {m: (Shift(short=-0.0195, long=0.02, decay_years=4.0),) for m in MONEYS}),
    ),
    framework="random",
    aggregation="basel",
)
LOANS = ("mortgage", "arm", "consumer")
PREPAYMENT = {"parallel_up": 0.8, "parallel_down": 1.2, "steepener": 0.8}
REDEMPTION = {"parallel_up": 1.2, "parallel_down": 0.8, "steepener": 0.8}


class Draw:
    """Random choices from one seed."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)

    def pick(self, *found: Any) -> Any:
        """One of several."""
        return self.r.choice(found)

    def between(self, low: float, high: float) -> float:
        """A number."""
        return self.r.uniform(low, high)

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.r.randint(low, high)

    def chance(self, share: float) -> bool:
        """True in a share of cases."""
        return self.r.random() < share


def curves_table(draw: Draw, as_of: Day) -> pd.DataFrame:
    """Curves of two currencies, one with an own short curve, and earlier ones."""
    rows: list[dict[str, Any]] = []
    for day in (as_of, later(as_of, -24), later(as_of, -60)) if draw.chance(0.5) else (as_of,):
        for money in MONEYS:
            zeros = [draw.between(-0.01, 0.06) for _ in TENORS]
            names = ["discount", "TERM", "TERM3"] + ([SHORT] if money == "USD" and draw.chance(0.5) else [])
            for name in names:
                basis = 0.0 if name == "discount" else draw.between(-0.002, 0.004)
                for m, z in zip(TENORS, zeros, strict=True):
                    rows.append({"as_of": day, "currency": money, "index": name, "months": m, "zero_rate": z + basis})
        today = {"as_of": day, "currency": "USD", "index": MORTGAGE, "months": 0, "zero_rate": draw.between(0.02, 0.08)}
        rows.append(today)
    return pd.DataFrame(rows)


def history_table(draw: Draw, as_of: Day) -> pd.DataFrame | None:
    """Past fixings of both drivers, month by month, or none."""
    if draw.chance(0.5):
        return None
    rows = []
    for k in range(-draw.whole(6, 40), 1):
        day = later(as_of, k)
        rows.append({"date": day, "index": SHORT, "value": 0.03 + 0.02 * np.sin(k / 5)})
        rows.append({"date": day, "index": MORTGAGE, "value": 0.05 + 0.01 * np.cos(k / 4)})
    return pd.DataFrame(rows).assign(date=lambda t: pd.to_datetime(t["date"]))


# Behaviour ----------------------------------------------------------------------------------------------------------

GRIDS = {
    Driver.RATE_INCENTIVE: [-0.02, 0.0, 0.015],
    Driver.RATE_LEVEL: [0.0, 0.02, 0.05],
    Driver.RATE_SPREAD: [-0.01, 0.01, 0.03],
    Driver.MONTHS_IN_THE_MONEY: [0.0, 6.0, 24.0],
}
SEASON = (0.8, 0.9, 1.0, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0, 0.9, 0.9, 0.9)


def curve(draw: Draw, label: str, drivers: tuple[Driver, ...], top: float) -> AssumptionCurve:
    """A random curve by month and drivers."""
    months = list(range(1, draw.pick(30, 60) + 1)) if draw.chance(0.6) else [1, 3, 6, 12, 24, 60]
    grids = {name: np.asarray(GRIDS[name]) for name in drivers}
    shape = [len(grid) for grid in grids.values()] + [len(months)]
    values = np.random.default_rng(draw.whole(0, 10**6)).uniform(0.0, top, shape)
    return AssumptionCurve((label,), np.asarray(months), grids, values)


def runoff_table(draw: Draw, name: str, cause: str, labels: tuple[str, ...], top: float) -> AssumptionTable:
    """A random table of one cause over some products."""
    deposit = cause in ("withdrawal", "migrated")
    kinds: list[tuple[Driver, ...]] = [(), (Driver.RATE_LEVEL,)]
    if deposit:
        kinds += [(Driver.RATE_SPREAD,)]
    else:
        kinds += [(Driver.RATE_INCENTIVE,), (Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY)]
    drivers = draw.pick(*kinds)
    burnt = Driver.RATE_INCENTIVE in drivers
    terms = DriverTerms(MORTGAGE, draw.pick(60, 120), draw.pick(0, 1, 2), 0.002) if burnt else DriverTerms()
    return AssumptionTable(
        name,
        Effect.DRAWDOWN if cause == "drawdown" else Effect.RUNOFF,
        Quantity.DRAWN_SHARE if cause == "drawdown" else Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        tuple(curve(draw, label, drivers, top) for label in labels),
        "" if cause == "drawdown" else cause,
        draw.pick(MonthMeaning.SINCE_AS_OF, MonthMeaning.SINCE_ORIGINATION),
        drivers,
        terms,
        draw.pick(None, SEASON),
        recovery=draw.pick(None, 0.6) if cause == "default" else None,
    )


def repricing_tables(draw: Draw, labels: tuple[str, ...]) -> list[AssumptionTable]:
    """Targets and speeds of administered products."""
    none = np.zeros(0, dtype=np.int64)
    scheme = SegmentScheme(("product",))
    levels = draw.pick([0.0, 0.02, 0.05], [0.01])
    targets, speeds = [], []
    for label in labels:
        marginal = [draw.between(0.0, 0.9) for _ in levels]
        targets.append(AssumptionCurve((label,), none, {Driver.RATE_LEVEL: np.asarray(levels)}, np.asarray(marginal)))
        for way in (Direction.UP, Direction.DOWN):
            speeds.append(AssumptionCurve((label,), none, {}, np.asarray(draw.between(0.05, 1.0)), way))
    delays = {Direction.UP: draw.whole(0, 2), Direction.DOWN: draw.whole(0, 2)}
    return [
        AssumptionTable("target", Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, scheme, tuple(targets)),
        AssumptionTable(
            "speed", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, scheme, tuple(speeds), delay_months=delays
        ),
    ]


def random_set(draw: Draw, as_of: Day) -> AssumptionSet:
    """Behaviour of loans, deposits and commitments; some products have none."""
    loans = LOANS[: draw.whole(1, 3)]
    tables = [runoff_table(draw, "payoff", "payoff", loans, 0.03)]
    if draw.chance(0.5):
        tables.append(runoff_table(draw, "curtailment", "curtailment", loans, 0.01))
    if draw.chance(0.5):
        tables.append(runoff_table(draw, "default", "default", loans[:1], 0.005))
    tables.append(runoff_table(draw, "withdrawal", "withdrawal", ("sight", "savings", "term_deposit"), 0.04))
    if draw.chance(0.3):
        tables.append(runoff_table(draw, "migrated", "migrated", ("savings",), 0.02))
    tables.append(runoff_table(draw, "drawdown", "drawdown", ("commitment",), 0.2))
    if draw.chance(0.8):
        tables += repricing_tables(draw, ("savings", "administered_loan"))
    return AssumptionSet("random", as_of, tuple(tables))


# Positions ----------------------------------------------------------------------------------------------------------


def some_maturity(draw: Draw, as_of: Day, most: int = 14) -> Day:
    """A day up to some years ahead, often at the end of a month."""
    number = index(as_of) + draw.whole(1, 12 * most)
    day = in_month(number, draw.pick(1, 15, 28, 29, 30, 31))
    return day if day > as_of else in_month(number + 1, 31)


def started(draw: Draw, as_of: Day, maturity: Day) -> Day:
    """An origination a whole term before maturity, on or before as-of."""
    term = draw.pick(12, 36, 60, 120, 180)
    number = index(maturity) - term
    while (found := in_month(number, anchor_day(maturity))) > as_of:
        number -= term
    return found


def cash(draw: Draw, as_of: Day, product: str, **own: Any) -> dict[str, Any]:
    """What every row has."""
    return {
        "product": product,
        "side": "asset",
        "instrument": draw.pick(None, "cash"),
        "currency": draw.pick("USD", "USD", "CHF"),
        "balance": draw.between(1.0, 1e6),
        "rate_type": "fixed",
        "rate": draw.between(-0.005, 0.09),
        "day_count": draw.pick(*COUNTS),
        "transfer_rate": draw.between(0.0, 0.04),
        "behavioral": draw.pick(None, None, None, True, False),
        **own,
    }


def dated(draw: Draw, as_of: Day, repayments: tuple[str, ...]) -> dict[str, Any]:
    """Dates, payments and repayment."""
    maturity = some_maturity(draw, as_of)
    step = draw.pick(1, 1, 1, 3, 6, 12)
    repayment = draw.pick(*repayments)
    found: dict[str, Any] = {
        "maturity_date": maturity,
        "origination_date": started(draw, as_of, maturity),
        "payment_months": step,
        "repayment": repayment,
    }
    if repayment == "interest_only":
        back = index(maturity) - step * draw.whole(0, 8)
        found["amortization_start_date"] = in_month(back, anchor_day(maturity))
    if repayment in ("annuity", "linear") and draw.chance(0.3):
        found["amortization_months"] = draw.pick(240, 360)
    return found


def fixed_loan(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A loan at a fixed rate, sometimes compounded at its own frequency, sometimes to the cent."""
    row = cash(draw, as_of, draw.pick("mortgage", "consumer"))
    row |= dated(draw, as_of, ("annuity", "annuity", "linear", "bullet", "interest_only"))
    if draw.chance(0.2):
        row["compounding_months"] = draw.pick(1, 3, 6, 12)
    if draw.chance(0.2):
        row["rounding"] = 0.01
    if draw.chance(0.3):
        row["months_in_the_money"] = draw.whole(0, 20)
    return row


def floating(draw: Draw, as_of: Day, maturity: Day) -> dict[str, Any]:
    """Index, resets and limits."""
    months = draw.pick(1, 3, 6, 12)
    if draw.chance(0.5):
        first = as_of + dt.timedelta(days=draw.whole(1, 28 * months))
    else:
        first = in_month(index(as_of) + draw.whole(1, 12), anchor_day(maturity))
    if draw.chance(0.15):
        first = in_month(index(as_of) + draw.whole(24, 60), anchor_day(maturity))
    found: dict[str, Any] = {
        "rate_type": "floating",
        "index": draw.pick("TERM", "TERM3"),
        "spread": draw.between(0.0, 0.03),
        "reset_months": months,
        "next_reset_date": first,
    }
    if draw.chance(0.4):
        found |= {"cap": draw.between(0.04, 0.07), "floor": draw.between(-0.01, 0.03)}
    if draw.chance(0.4):
        found["periodic_cap"] = draw.between(0.0025, 0.02)
    return found


def adjustable_loan(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A floating or adjustable loan; some annuities bound the change of their payment."""
    row = cash(draw, as_of, "arm") | dated(draw, as_of, ("annuity", "annuity", "linear", "bullet", "interest_only"))
    row |= floating(draw, as_of, row["maturity_date"])
    if row["repayment"] == "annuity" and draw.chance(0.5):
        row["payment_cap"] = draw.between(0.0, 0.1)
    return row


def bond(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A bond, held or issued, sometimes zero coupon."""
    row = cash(draw, as_of, draw.pick("bond", "covered_bond"), side=draw.pick("asset", "liability"))
    row |= dated(draw, as_of, ("bullet",))
    if draw.chance(0.2):
        row["payment_months"] = 0
    if draw.chance(0.3):
        row |= floating(draw, as_of, row["maturity_date"])
    return row


def term_deposit(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A deposit with a maturity that may be broken."""
    row = cash(draw, as_of, "term_deposit", side="liability") | dated(draw, as_of, ("bullet",))
    row["payment_months"] = draw.pick(0, 1, 3, 12)
    return row


def sight(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A deposit without maturity."""
    row = cash(draw, as_of, draw.pick("sight", "savings"), side="liability")
    row |= {"repayment": "none", "rate_type": draw.pick("administered", "fixed"), "payment_months": 1}
    row |= {"origination_date": dt.date(draw.whole(2005, 2023), draw.whole(1, 12), 28), "behavioral": None}
    if draw.chance(0.3):
        row["floor"] = draw.between(-0.01, 0.01)
    return row


def administered_loan(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A loan whose rate the bank sets."""
    row = cash(draw, as_of, "administered_loan", rate_type="administered")
    return row | dated(draw, as_of, ("annuity", "linear", "bullet"))


def commitment(draw: Draw, as_of: Day) -> dict[str, Any]:
    """A facility that is still drawn."""
    row = cash(draw, as_of, "commitment") | dated(draw, as_of, ("annuity", "linear", "bullet"))
    row["undrawn"] = draw.between(1.0, 1e6)
    if draw.chance(0.3):
        row["balance"] = 0.0
    if draw.chance(0.3):
        row |= floating(draw, as_of, row["maturity_date"])
    return row


def swap(draw: Draw, as_of: Day) -> list[dict[str, Any]]:
    """Two legs, sometimes forward-starting, sometimes amortising."""
    shared = dated(draw, as_of, ("bullet", "bullet", "linear"))
    shared["maturity_date"] = later(shared["maturity_date"], 36)
    step = shared["payment_months"]
    if draw.chance(0.4):
        number = index(shared["maturity_date"])
        while number - step > index(as_of) + 6 and draw.chance(0.97):
            number -= step
        shared["start_date"] = in_month(number - step, anchor_day(shared["maturity_date"]))
        if draw.chance(0.4):
            shared["start_date"] += dt.timedelta(days=draw.whole(1, 40))
        if shared["start_date"] >= shared["maturity_date"]:
            del shared["start_date"]
    base = cash(draw, as_of, "swap", instrument="swap_leg", behavioral=None) | shared
    base["trade_id"] = f"t{draw.whole(0, 10**9)}"
    one = base | {"side": "pay"}
    two = base | {"side": "receive", "day_count": draw.pick(*COUNTS)} | floating(draw, as_of, base["maturity_date"])
    two |= {"cap": None, "floor": None, "periodic_cap": None}
    start = shared.get("start_date")
    if start is not None and start > as_of:
        two["next_reset_date"] = start
    return [one, two]


KINDS = (fixed_loan, fixed_loan, adjustable_loan, adjustable_loan, bond, term_deposit, sight, sight, administered_loan)


def scheduled(draw: Draw, as_of: Day, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A loan repaid by an explicit schedule."""
    row = cash(draw, as_of, "project") | dated(draw, as_of, ("schedule",))
    days, number = [], index(row["maturity_date"])
    while (day := in_month(number, anchor_day(row["maturity_date"]))) > as_of:
        days.append(day)
        number -= row["payment_months"]
    parts = [draw.between(0.0, 1.0) for _ in days]
    total = sum(parts) / row["balance"]
    rows = [
        {"position_id": name, "date": day, "principal": part / total} for day, part in zip(days, parts, strict=True)
    ]
    return row, [one for one in rows if draw.chance(0.7)] or rows


def book_and_schedule(draw: Draw, as_of: Day, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A book of every kind of position and the schedules that belong to it."""
    rows: list[dict[str, Any]] = []
    plans: list[dict[str, Any]] = []
    while len(rows) < count:
        lot = draw.r.random()
        if lot < 0.1:
            rows += swap(draw, as_of)
        elif lot < 0.2:
            row, plan = scheduled(draw, as_of, f"p{len(rows)}")
            rows.append(row)
            plans += plan
        elif lot < 0.3:
            rows.append(commitment(draw, as_of))
        else:
            rows.append(draw.pick(*KINDS)(draw, as_of))
    table = pd.DataFrame(rows)
    table.insert(0, "position_id", [f"p{k}" for k in range(len(rows))])
    for name in [column for column in table if column.endswith("_date")]:
        table[name] = pd.to_datetime(table[name])
    plan = pd.DataFrame(plans, columns=["position_id", "date", "principal"])
    return table, plan.assign(date=pd.to_datetime(plan["date"]))


def factors_of(assumptions: AssumptionSet | None) -> dict[tuple[str, int], float]:
    """Standardised multipliers by table and scenario."""
    found: dict[tuple[str, int], float] = {}
    for table in () if assumptions is None else assumptions.tables:
        factors = REDEMPTION if table.cause in ("withdrawal", "migrated") else PREPAYMENT
        for s, name in enumerate(SCENARIOS.names):
            if table.effect is Effect.RUNOFF:
                found[table.name, s] = factors.get(name, 1.0)
    return found


def random_case(seed: int, count: int = 12) -> tuple[ValuationInputs, ValuationOptions, Choices]:
    """Inputs and options of the engine, and the same options for the plain valuation."""
    draw = Draw(seed)
    as_of = draw.pick(*AS_OFS)
    book, schedule = book_and_schedule(draw, as_of, count)
    curves = curves_table(draw, as_of).assign(as_of=lambda t: pd.to_datetime(t["as_of"]))
    inputs = ValuationInputs(
        book=book,
        curves=curves,
        as_of=as_of,
        reporting_currency="USD",
        tier1=1e6,
        book_equity=1e6,
        assumptions=random_set(draw, as_of),
        rates=history_table(draw, as_of),
        fx=pd.DataFrame([{"as_of": pd.Timestamp(as_of), "currency": "CHF", "reporting_currency": "USD", "rate": 1.1}]),
        schedule=schedule,
        index_roles={"short": SHORT, "mortgage": MORTGAGE},
        new_business_margins={"mortgage": 0.011} if draw.chance(0.3) else {},
    )
    behaviour = draw.pick("model", "model", "frozen", "standardised")
    choices = Choices(
        convention=draw.pick("pool", "pool", "opening_balance", "constant_payment"),
        behaviour=behaviour,
        multipliers=factors_of(inputs.assumptions) if behaviour == "standardised" else {},
        include_default=draw.chance(0.5),
        margins=draw.pick("included", "included", "excluded"),
        pending=draw.chance(0.8),
        exchange=draw.chance(0.3),
    )
    options = ValuationOptions(
        scenarios=SCENARIOS,
        floor=draw.pick(None, None, -0.005),
        interpolation=draw.pick("linear", "linear", "log_linear"),
        runoff_convention=choices.convention,
        behaviour=choices.behaviour,
        include_default=choices.include_default,
        margins=choices.margins,
        pending=choices.pending,
        exchange_notionals=choices.exchange,
        uncovered="overnight",
        cap_deposits=False,
        time="month_grid" if draw.chance(0.2) else "exact",
        rate_path="constant" if draw.chance(0.2) else "forward",
    )
    return inputs, options, choices
