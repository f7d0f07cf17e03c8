"""Random books with what the first ones leave out: odd terms, segments with a fallback, options, steps, frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve, Tail
from behavior.assumptions.effects import View
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.market.scenarios import Scenario, ScenarioSet, ramp
from behavior.market.shifts import Shift
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from tests.engine.plain.dates import Day, later
from tests.engine.plain.walk import Choices
from tests.engine.random_books import COUNTS, MORTGAGE, SCENARIOS, SHORT, Draw, random_case, some_maturity

Cells = dict[str, Any]
Case = tuple[ValuationInputs, ValuationOptions, Choices]

# Odd terms ----------------------------------------------------------------------------------------------------------


def dated_cash(row: Cells) -> bool:
    """A cash position with a maturity."""
    return row["repayment"] != "none" and row["instrument"] != "swap_leg"


def odd_origination(draw: Draw, row: Cells, now: Day) -> None:
    """Originated on another day of the month than it matures on."""
    if row["repayment"] != "none":
        row["origination_date"] = pd.Timestamp(row["origination_date"]) - pd.Timedelta(days=draw.whole(0, 200))


def begins_later(draw: Draw, row: Cells, now: Day) -> None:
    """A commitment that begins after as-of, between two payment dates or on one: nothing is owed yet."""
    day = pd.Timestamp(now) + pd.Timedelta(days=draw.whole(1, 600))
    if dated_cash(row) and day < row["maturity_date"]:
        row |= {draw.pick("start_date", "origination_date"): day, "balance": 0.0, "undrawn": draw.between(1.0, 1e5)}


def undated(draw: Draw, row: Cells, now: Day) -> None:
    """Nobody knows when it began: age and original term count from as-of."""
    if dated_cash(row) and row["payment_months"]:
        row["origination_date"] = pd.NaT


def rare_payments(draw: Draw, row: Cells, now: Day) -> None:
    """Pays every two months, or less often than it lasts."""
    if dated_cash(row) and row["repayment"] != "schedule":
        row["payment_months"] = draw.pick(2, 4, 24, 36)


def other_deposit(draw: Draw, row: Cells, now: Day) -> None:
    """An overdraft, a commitment without maturity, no known origination."""
    if row["repayment"] == "none":
        changes: list[Cells] = [{"side": "asset"}, {"payment_months": 3}, {"undrawn": 100.0}]
        row.update(draw.pick(*changes, {"origination_date": pd.NaT}))


def short_amortisation(draw: Draw, row: Cells, now: Day) -> None:
    """A level payment over fewer months than remain, or over many more."""
    if dated_cash(row) and row["repayment"] in ("annuity", "linear", "interest_only"):
        row["amortization_months"] = draw.pick(36, 60, 120, 300, 480)


def nothing(draw: Draw, row: Cells, now: Day) -> None:
    """No balance, or no interest."""
    row[draw.pick("balance", "rate")] = 0.0


def tight_limits(draw: Draw, row: Cells, now: Day) -> None:
    """Limits around the current rate, also on rates that never reset."""
    row |= {"cap": 0.03, "floor": 0.02}


def compounded(draw: Draw, row: Cells, now: Day) -> None:
    """Compounded at a frequency of its own: half-yearly as in Canada, yearly, monthly."""
    row["compounding_months"] = draw.pick(1, 2, 3, 6, 12)


def rounded(draw: Draw, row: Cells, now: Day) -> None:
    """Payments and interest in whole units."""
    row["rounding"] = draw.pick(0.01, 0.01, 0.05, 1.0)


TERMS: Mapping[str, Callable[[Draw, Cells, Day], None]] = {
    one.__name__: one
    for one in (
        odd_origination,
        begins_later,
        undated,
        rare_payments,
        other_deposit,
        short_amortisation,
        nothing,
        tight_limits,
        compounded,
        rounded,
    )
}


def with_terms(case: Case, draw: Draw, names: tuple[str, ...]) -> Case:
    """The case whose rows have odd terms here and there."""
    inputs, options, choices = case
    rows = inputs.book.to_dict("records")
    for row in rows:
        for name in names:
            if draw.chance(0.5):
                TERMS[name](draw, row, inputs.as_of)
    book = pd.DataFrame(rows)
    for name in [column for column in book if str(column).endswith("_date")]:
        book[name] = pd.to_datetime(book[name])
    return replace(inputs, book=book), options, choices


# Segments -----------------------------------------------------------------------------------------------------------

EDGES = (100000.0, 250000.0, 600000.0)
BANDS = {"size_band": Band("balance", EDGES)}
REGIONS = ("north", "south", None)


def divided(draw: Draw, table: AssumptionTable) -> AssumptionTable:
    """The table with curves by region and size too, some of them pooled, some missing."""
    columns = draw.pick(("product", "region"), ("product", "size_band"), ("size_band", "product", "region"))
    labels = {"region": ("north", "south", "pooled"), "size_band": (*BANDS["size_band"].labels, "pooled")}
    found = []
    seed = np.random.default_rng(draw.whole(0, 10**6))
    for curve in table.curves:
        segments = [()]
        for column in columns:
            mine = (curve.segment[0], "pooled") if column == "product" else labels[column]
            segments = [(*one, label) for one in segments for label in mine]
        for segment in segments:
            # Wholly pooled curves are left out: whom they speak for is a matter of the cause.
            if all(label == "pooled" for label in segment[: columns.index("product") + 1]) or draw.chance(0.4):
                continue
            found.append(replace(curve, segment=segment, values=curve.values * seed.uniform(0.3, 1.0)))
    kept: dict[Any, AssumptionCurve] = {(one.segment, one.direction): one for one in found}
    if not kept:
        return table
    scheme = SegmentScheme(columns, {name: BANDS[name] for name in columns if name in BANDS})
    return replace(table, scheme=scheme, curves=tuple(kept.values()))


def with_segments(case: Case, draw: Draw) -> Case:
    """The case whose set divides the book by product, region and size."""
    inputs, options, choices = case
    assert inputs.assumptions is not None
    tables = tuple(divided(draw, table) for table in inputs.assumptions.tables)
    book = inputs.book.assign(region=[draw.pick(*REGIONS) for _ in range(len(inputs.book))])
    found = replace(inputs, book=book, assumptions=AssumptionSet("random", inputs.as_of, tables))
    return found, options, choices


# Steps --------------------------------------------------------------------------------------------------------------


def with_calibrated_margins(case: Case, draw: Draw) -> Case:
    """The case whose base values are the balances."""
    inputs, options, choices = case
    return inputs, replace(options, margins="calibrated"), replace(choices, margins="calibrated")


def with_life_cap(case: Case, draw: Draw) -> Case:
    """The case whose deposits live no longer than some years on average."""
    inputs, options, choices = case
    years = draw.pick(0.5, 2.0, 5.0)
    capped = replace(options, cap_deposits=True, deposit_life_cap=years)
    return inputs, capped, replace(choices, life_cap=years)


def with_long_curves(case: Case, draw: Draw) -> Case:
    """The case whose curves reach month 120 and more, as those of a set in a folder must."""
    inputs, options, choices = case
    assert inputs.assumptions is not None

    def longer(one: AssumptionCurve) -> AssumptionCurve:
        if not len(one.months):
            return one
        last = one.values[..., -1:] * draw.between(0.5, 1.0)
        months = np.append(one.months, draw.pick(120, 240))
        return replace(one, months=months, values=np.concatenate([one.values, last], axis=-1))

    tables = [
        replace(one, curves=tuple(map(longer, one.curves)), drivers=tuple(one.curves[0].driver_grids))
        for one in inputs.assumptions.tables
    ]
    return replace(inputs, assumptions=AssumptionSet("random", inputs.as_of, tuple(tables))), options, choices


def with_framework(case: Case, draw: Draw) -> Case:
    """The case under the scenarios, the floor and the aggregation of a published framework."""
    inputs, options, choices = case
    name = draw.pick("bcbs_2016", "bcbs_2024", "eu_2024_856", "us_parallel")
    chosen = replace(options, framework=name, scenarios=None, floor=None, behaviour="model", cap_deposits=False)
    return inputs, chosen, replace(choices, behaviour="model", multipliers={})


def an_option(draw: Draw, now: Day, name: str) -> Cells:
    """A cap, a floor or a swaption, bought or sold."""
    kind, months = draw.pick("cap", "floor", "swaption"), draw.pick(3, 6, 12)
    start = later(now, draw.whole(1, 60)) if draw.chance(0.5) else some_maturity(draw, now, 4)
    row: Cells = {
        "position_id": name,
        "product": draw.pick("hedge", "swap"),
        "side": draw.pick("receive", "pay"),
        "instrument": kind,
        "currency": draw.pick("USD", "CHF"),
        "balance": draw.between(1.0, 1e6),
        "index": draw.pick("TERM", "TERM3"),
        "strike": draw.between(-0.005, 0.06),
        "payment_months": months,
        "day_count": draw.pick(*COUNTS),
        "rate": draw.pick(0.03, None),
    }
    if kind == "swaption":
        row |= {"expiry_date": start, "option_type": draw.pick("payer", "receiver")}
        row |= {"start_date": draw.pick(None, later(start, 1)), "reset_months": draw.pick(None, 3)}
        row["maturity_date"] = draw.pick(later(start, 12 * draw.whole(1, 10)), later(start, 61))
    else:
        begins = draw.pick(None, None, later(now, 3))
        row |= {"maturity_date": start, "start_date": begins if begins is not None and begins < start else None}
    if draw.chance(0.3):
        row["volatility"] = draw.between(0.001, 0.01)
    return row


def vols_table(draw: Draw, now: Day) -> pd.DataFrame:
    """Surfaces of both indices: normal, or lognormal with a shift that every forward clears; by strike or not."""
    rows = []
    for money, index in product(("USD", "CHF"), ("TERM", "TERM3")):
        kind = draw.pick("normal", "lognormal")
        size = 0.01 if kind == "normal" else 0.3
        strikes = draw.pick((None,), (-0.01, 0.02, 0.05))
        for expiry, tenor, strike in product((1, 6, 12, 60, 120), (3, 12, 60), strikes):
            rows.append(
                {
                    "as_of": pd.Timestamp(now),
                    "currency": money,
                    "index": index,
                    "expiry_months": expiry,
                    "tenor_months": tenor,
                    "strike": strike,
                    "kind": kind,
                    "shift": 0.5 if kind == "lognormal" else 0.0,
                    "value": draw.between(0.1, 1.0) * size,
                }
            )
    return pd.DataFrame(rows).astype({"strike": float})


def with_options(case: Case, draw: Draw) -> Case:
    """The case with options of its own, and limits valued."""
    inputs, options, choices = case
    found = pd.DataFrame([an_option(draw, inputs.as_of, f"o{k}") for k in range(6)])
    for name in [column for column in found if str(column).endswith("_date")]:
        found[name] = pd.to_datetime(found[name])
    book = pd.concat([inputs.book, found], ignore_index=True)
    held = replace(inputs, book=book, vols=vols_table(draw, inputs.as_of))
    return held, options, replace(choices, limits=options.embedded_limits == "option")


def priced(draw: Draw, free: bool) -> Cells:
    """Terms of new business: its term, its payments and what it earns; free : it may earn as its product does."""
    row: Cells = {"term_months": draw.pick(1, 3, 12, 24, 120), "payment_months": draw.pick(None, 0, 1, 3, 12)}
    row |= {"day_count": draw.pick(*COUNTS)}
    how = draw.pick("rate", "margin", "index", *(["none"] if free else []))
    if how in ("rate", "margin"):
        row[how] = draw.between(-0.005, 0.03)
    elif how == "index":
        row |= {"index": draw.pick("TERM", "TERM3"), "spread": draw.between(0.0, 0.02), "reset_months": draw.pick(1, 6)}
    return row


def with_moving_sheets(case: Case, draw: Draw) -> Case:
    """The case with a plan of new business and shifts of mix."""
    inputs, options, choices = case
    book, now = inputs.book, inputs.as_of
    cash = book[(book["instrument"] != "swap_leg") & (book["balance"] > 0)]
    held = sorted(set(zip(cash["currency"], cash["side"], cash["product"], strict=True)))
    names = [scenario.name for scenario in SCENARIOS.scenarios]
    plan, shift = [], []
    for k in range(8):
        money, side, name = draw.pick(*held)
        known = draw.chance(0.8)
        row = {"currency": money, "side": side, "product": name if known else "brand_new"}
        row |= {"month": later(now, draw.whole(1, 60)), "scenario": draw.pick(None, None, draw.pick(*names))}
        amount = {"growth": draw.between(-0.1, 0.2)} if draw.chance(0.4) else {"volume": draw.between(0.0, 1e5)}
        plan.append(row | amount | priced(draw, known))
        if k < 4:
            moved = {"currency": money, "from_product": name, "to_product": draw.pick("brand_new", "newer")}
            moved |= {"month": row["month"], "scenario": row["scenario"], "share": draw.between(0.0, 0.2)}
            shift.append(moved | priced(draw, False))
    plan_table = pd.DataFrame(plan).assign(month=lambda t: pd.to_datetime(t["month"]))
    keys = ["scenario", "product", "currency", "side", "month"]
    plan_table = plan_table.drop_duplicates(keys).reset_index(drop=True)
    shift_table = pd.DataFrame(shift).assign(month=lambda t: pd.to_datetime(t["month"]))
    shift_table = shift_table.drop_duplicates(["scenario", "currency", "from_product", "month"]).reset_index(drop=True)
    found = replace(inputs, plan=plan_table, mix_shift=shift_table)
    return found, replace(options, scenarios=SCENARIOS), choices


def with_paths(case: Case, draw: Draw) -> Case:
    """The case under ramps, shifts by month and values of indices by month."""
    inputs, options, choices = case
    turn = Shift(short=-0.01, long=0.015, decay_years=4.0) + Shift.at_tenors([3, 24, 120], [0.0, 0.01, -0.01])
    months = tuple(Shift(draw.between(-0.02, 0.02)) for _ in range(draw.whole(2, 30)))
    told = {
        name: tuple(draw.between(-0.01, 0.07) for _ in range(draw.whole(1, 40)))
        for name in ("TERM", SHORT, MORTGAGE)
        if draw.chance(0.7)
    }
    scenarios = (
        Scenario("base"),
        Scenario("ramp", {"*": ramp(turn, draw.pick(1, 6, 12))}),
        Scenario("months", {"USD": months, "CHF": (turn,)}, told),
        Scenario("told", {}, told),
    )
    chosen = replace(options, scenarios=ScenarioSet(scenarios, "paths"), behaviour="model")
    return inputs, chosen, replace(choices, behaviour="model", multipliers={})


def seen_two_ways(table: AssumptionTable) -> AssumptionTable:
    """The table with a second view of each curve, in which less leaves."""
    calm = [replace(one, view=View.MINIMUM_BALANCE, values=one.values * 0.5) for one in table.curves]
    return replace(table, curves=(*(replace(one, view=View.WITH_REDEPOSITS) for one in table.curves), *calm))


def with_switches(case: Case, draw: Draw) -> Case:
    """The case with conventions other than the defaults."""
    inputs, options, choices = case
    assert inputs.assumptions is not None
    tables = [seen_two_ways(one) if one.cause == "withdrawal" else one for one in inputs.assumptions.tables]
    switched = replace(
        options,
        price=draw.pick("clean", "dirty"),
        driver_interpolation=draw.pick("linear", "log_linear", "pchip"),
        migrated=draw.pick("counted", "censored"),
        deposit_view=draw.pick("with_redeposits", "minimum_balance"),
        tail=draw.pick(*Tail),
        embedded_limits="intrinsic",
    )
    choices = replace(
        choices,
        clean=switched.price == "clean",
        migrated=switched.migrated == "counted",
        view=switched.deposit_view,
        tail=str(switched.tail),
        limits=False,
    )
    return replace(inputs, assumptions=AssumptionSet("random", inputs.as_of, tuple(tables))), switched, choices


FEATURES: Mapping[str, Callable[[Case, Draw], Case]] = {
    "segments": with_segments,
    "calibrated": with_calibrated_margins,
    "life_cap": with_life_cap,
    "framework": with_framework,
    "long_curves": with_long_curves,
    "moving": with_moving_sheets,
    "options": with_options,
    "paths": with_paths,
    "switches": with_switches,
}


def featured_case(seed: int, count: int, *names: str) -> Case:
    """A random case with odd terms (`TERMS`) and features (`FEATURES`) by name."""
    draw = Draw(seed + 10**6)
    case = random_case(seed, count)
    case = with_terms(case, draw, tuple(name for name in names if name in TERMS))
    for name in names:
        if name in FEATURES:
            case = FEATURES[name](case, draw)
    return case
