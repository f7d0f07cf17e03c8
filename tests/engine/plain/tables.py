"""Books in, result tables out."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from typing import Any

import pandas as pd

from tests.engine.plain.dates import Day, later
from tests.engine.plain.market import Curve, PlainWorld, day_of
from tests.engine.plain.options import STRESS, Options
from tests.engine.plain.renewals import margin, renewed
from tests.engine.plain.rows import Row
from tests.engine.plain.scenarios import AGGREGATION, STILL, Floor, Path, PlainScenario, framework, shape
from tests.engine.plain.spreads import calibrate, cap_life
from tests.engine.plain.summaries import eve_summary, nii_summary
from tests.engine.plain.walk import FIELDS, HORIZON, Choices, Walk

BUCKETS = [0, 1, 3, 6, 9, 12, 18, 24, 36, 48, 60, 72, 84, 96, 108, 120, 180, 240, math.inf]
SHEETS = ("run_off", "constant")
SIGN = {"asset": 1.0, "liability": -1.0, "receive": 1.0, "pay": -1.0}
DATES = (
    "origination_date",
    "maturity_date",
    "next_reset_date",
    "amortization_start_date",
    "start_date",
    "expiry_date",
)


def scenarios_of(options: Any, moneys: list[str]) -> list[PlainScenario]:
    """The scenarios of a run: the framework's, or the user's own with the floor that was chosen."""
    if options.scenarios is None:
        return framework(options.framework, moneys)
    floor = Floor(options.floor) if isinstance(options.floor, float) else None
    found = []
    for scenario in options.scenarios.scenarios:
        paths = {}
        for money in moneys:
            given = scenario.shifts.get(money) or scenario.shifts.get("*") or ()
            parts = [shape(one.parallel, one.short, one.long, one.decay_years, one.nodes) for one in given]
            still = all(one.is_zero for one in given)
            paths[money] = Path(tuple(parts), None if still else floor) if parts else STILL
        found.append(PlainScenario(scenario.name, paths, dict(scenario.index_values)))
    return found


def world_of(inputs: Any, options: Any) -> PlainWorld:
    """The market of a valuation's inputs, scenario by scenario."""
    table = inputs.curves
    held: dict[Day, dict[tuple[str, str], Curve]] = defaultdict(dict)
    for (day, money, index), part in table.groupby(["as_of", "currency", "index"]):
        date = day_of(day)
        nodes = [(int(m), float(z)) for m, z in zip(part["months"], part["zero_rate"], strict=True)]
        held[date][str(money), str(index)] = Curve(
            date, nodes, options.interpolation, options.time == "month_grid", options.driver_interpolation
        )
    curves = held[inputs.as_of]
    spot = {index: curve.z[0] for (_, index), curve in curves.items() if len(curve.t) == 1}
    history: dict[str, list[tuple[Day, float]]] = defaultdict(list)
    if inputs.rates is not None:
        for date, index, value in inputs.rates.sort_values("date")[["date", "index", "value"]].itertuples(index=False):
            history[str(index)].append((day_of(date), float(value)))
    roles = dict(inputs.index_roles)
    earlier = {
        day: {money: curve for (money, index), curve in part.items() if index == "discount"}
        for day, part in held.items()
        if day <= inputs.as_of
    }
    return PlainWorld(
        inputs.as_of,
        curves,
        scenarios_of(options, sorted({name for name, _ in curves})),
        spot,
        dict(history),
        roles.get("short", ""),
        roles.get("short", ""),
        earlier,
        options.time == "month_grid",
        options.rate_path == "constant",
    )


def rows_of(inputs: Any, choices: Choices, uncovered: str) -> list[Row]:
    """The book's rows with their behaviour."""
    schedules: dict[str, dict[Day, float]] = defaultdict(lambda: defaultdict(float))
    if inputs.schedule is not None:
        for name, day, amount in inputs.schedule[["position_id", "date", "principal"]].itertuples(index=False):
            schedules[str(name)][day_of(day)] += float(amount)
    found = []
    for cells in inputs.book.to_dict("records"):
        clean = {name: None if value is None or value != value else value for name, value in cells.items()}
        clean.update({name: day_of(clean.get(name)) for name in DATES})
        row = Row(clean, inputs.as_of, schedules.get(str(clean["position_id"]), {}))
        row.behave(inputs.assumptions, choices)
        row.overnight = row.open_ended and not row.rules and uncovered == "overnight"
        found.append(row)
    return found


def value_tables(inputs: Any, options: Any, choices: Choices) -> dict[str, pd.DataFrame]:
    """eve, nii, gap and cash_flows of a book, in the shapes of the contracts."""
    world = world_of(inputs, options)
    names = [scenario.name for scenario in world.scenarios]
    eve: Any = defaultdict(float)
    nii: Any = defaultdict(lambda: [0.0, 0.0])
    flows: Any = defaultdict(lambda: defaultdict(float))
    gap: Any = defaultdict(float)
    rows = rows_of(inputs, choices, options.uncovered)
    if choices.margins == "calibrated":
        calibrate(world, rows, choices)
    if choices.life_cap is not None:
        cap_life(world, rows, choices, choices.life_cap)
    options_of = Options(world, inputs.vols, choices)
    add_on: Any = defaultdict(float)
    for row in rows:
        if row.option or (row.limited and choices.limits):
            _optional(options_of, row, names, eve, add_on)
        if row.option:
            for key in ((s, sheet, k) for s in names for sheet in SHEETS for k in range(1, HORIZON + 1)):
                nii[key[0], key[1], row.money, row.product, key[2]][0] += 0.0
            continue
        base: dict[Any, Any] = {}
        extra = 0.0
        renews = row.cash and not row.open_ended and row.kind != "administered"
        if renews and row.kind == "fixed":
            extra = margin(world, row, dict(inputs.new_business_margins))
        for s, scenario in enumerate(names):
            out = Walk(world, row, s, choices, base).run()
            eve[scenario, row.money, row.product, row.side] += SIGN[row.side] * out.value
            for k, cells in out.flows.items():
                for name, amount in cells.items():
                    flows[scenario, row.money, row.side, row.product, k][name] += amount
            constant: Any = defaultdict(float)
            if renews:
                renewed(world, row, s, out.gone, extra, constant)
                for k, amount in out.income.items():
                    constant[k] += amount
            elif row.cash:
                constant = Walk(world, row, s, choices, base).stays().staying
            else:
                constant = out.income
            earns = row.side in ("asset", "receive")
            for sheet, income in zip(SHEETS, (out.income, constant), strict=True):
                for k in range(1, HORIZON + 1):
                    nii[scenario, sheet, row.money, row.product, k][0 if earns else 1] += income.get(k, 0.0)
            if s == 0:
                for day, amount in out.reprices:
                    gap[_bucket(inputs.as_of, day), row.money, row.side] += amount
    found = _shaped(inputs.as_of, eve, nii, gap, flows)
    return found | _summed(found, add_on, inputs, options)


def _optional(held: Options, row: Row, names: list[str], eve: Any, add_on: Any) -> None:
    """Add what a row's options are worth, and the loss by stressed volatility."""
    for s, scenario in enumerate(names):
        plain, stressed = (SIGN[row.side] * held.value(row, s, factor) for factor in (1.0, STRESS))
        eve[scenario, row.money, row.product, row.side] += plain
        add_on[scenario, row.money] += plain - stressed if s else 0.0


def _summed(found: dict[str, pd.DataFrame], add_on: Any, inputs: Any, options: Any) -> dict[str, pd.DataFrame]:
    """The summaries in the reporting currency."""
    rates = {inputs.reporting_currency: 1.0}
    rates |= {str(money): float(rate) for money, rate in inputs.fx[["currency", "rate"]].itertuples(index=False)}
    rule = AGGREGATION[options.framework] if options.scenarios is None else options.scenarios.aggregation
    return {
        "nii_summary": nii_summary(found["nii"], rates, inputs.tier1),
        "eve_summary": eve_summary(found["eve"], dict(add_on), rates, inputs.tier1, rule),
    }


def _bucket(as_of: Day, day: Day) -> int:
    for k, months in enumerate(BUCKETS):
        last = as_of + dt.timedelta(days=1) if months == 0 else dt.date.max
        if 0 < months < math.inf:
            last = later(as_of, int(months))
        if day <= last:
            return k
    raise AssertionError


def _shaped(as_of: Day, eve: Any, nii: Any, gap: Any, flows: Any) -> dict[str, pd.DataFrame]:
    def end(k: int) -> pd.Timestamp:
        return pd.Timestamp(later(as_of, k))

    return {
        "eve": pd.DataFrame(
            [(*key, amount) for key, amount in eve.items()],
            columns=["scenario", "currency", "product", "side", "present_value"],
        ),
        "nii": pd.DataFrame(
            [(*key[:4], end(key[4]), a, b, a - b) for key, (a, b) in nii.items()],
            columns=[
                "scenario",
                "balance_sheet",
                "currency",
                "product",
                "month",
                "interest_income",
                "interest_expense",
                "nii",
            ],
        ),
        "gap": pd.DataFrame(
            [(*key, amount) for key, amount in gap.items()],
            columns=["bucket", "currency", "side", "repricing_amount"],
        ),
        "cash_flows": pd.DataFrame(
            [(*key[:4], end(key[4]), *(cells.get(name, 0.0) for name in FIELDS)) for key, cells in flows.items()],
            columns=["scenario", "currency", "side", "product", "month", *FIELDS],
        ),
    }
