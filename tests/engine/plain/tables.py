"""Books in, result tables out."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tests.engine.plain.dates import Day, later
from tests.engine.plain.market import Curve, PlainWorld, day_of
from tests.engine.plain.moving import Key, Moving, moved, opening_of, pieces, planned
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
DATES = ("origination_date", "maturity_date", "next_reset_date", "amortization_start_date", "start_date", "expiry_date")


def scenarios_of(options: Any, moneys: list[str], as_of: Day) -> list[PlainScenario]:
    """The scenarios of a run: the framework's, or the user's own with the floor that was chosen."""
    if options.scenarios is None:
        return framework(options.framework, moneys)
    floor = Floor(options.floor) if isinstance(options.floor, float) else None
    grid = options.time == "month_grid"

    def dated(nodes: Any) -> list[tuple[float, float]]:
        return [(m / 12 if grid else (later(as_of, int(m)) - as_of).days / 365, size) for m, size in nodes]

    found = []
    for scenario in options.scenarios.scenarios:
        paths = {}
        for money in moneys:
            given = scenario.shifts.get(money) or scenario.shifts.get("*") or ()
            parts = [shape(one.parallel, one.short, one.long, one.decay_years, dated(one.nodes)) for one in given]
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
        scenarios_of(options, sorted({name for name, _ in curves}), inputs.as_of),
        spot,
        dict(history),
        roles.get("short", ""),
        roles.get("short", ""),
        home_of(inputs, curves),
        earlier,
        options.time == "month_grid",
        options.rate_path == "constant",
    )


def home_of(inputs: Any, curves: Mapping[tuple[str, str], Curve]) -> str:
    """Currency whose short rate the role `short` is: the only one with a curve of it, or the reporting one."""
    moneys = [money for money, index in curves if index == inputs.index_roles.get("short", "")]
    return moneys[0] if len(moneys) == 1 else str(inputs.reporting_currency)


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


class Tally:
    """Result tables as they grow, row by row of the book."""

    def __init__(self, inputs: Any, options: Any, choices: Choices) -> None:
        self.inputs, self.choices, self.world = inputs, choices, world_of(inputs, options)
        self.names = [scenario.name for scenario in self.world.scenarios]
        self.eve: Any = defaultdict(float)
        self.interest: Any = {sheet: defaultdict(float) for sheet in SHEETS}
        self.flows: Any = defaultdict(lambda: defaultdict(float))
        self.gap: Any = defaultdict(float)
        self.add_on: Any = defaultdict(float)
        self.keys: set[Key] = set()
        self.held = Options(self.world, inputs.vols, choices)

    def add(self, row: Row) -> None:
        """A row along every scenario."""
        self.keys.add((row.money, row.side, row.product))
        if row.option or (row.limited and self.choices.limits):
            self._optional(row)
        if row.option:
            return
        base: dict[Any, Any] = {}
        renews = row.cash and not row.open_ended and row.kind != "administered"
        fixed = renews and row.kind == "fixed"
        extra = margin(self.world, row, dict(self.inputs.new_business_margins)) if fixed else 0.0
        for s, scenario in enumerate(self.names):
            out = Walk(self.world, row, s, self.choices, base).run()
            self.eve[scenario, row.money, row.product, row.side] += SIGN[row.side] * out.value
            for k, cells in out.flows.items():
                for name, amount in cells.items():
                    self.flows[scenario, row.money, row.side, row.product, k][name] += amount
            constant = out.income
            if renews:
                constant = out.income.copy()
                renewed(self.world, row, s, out.gone, extra, constant)
            elif row.cash:
                constant = Walk(self.world, row, s, self.choices, base).stays().staying
            self._earn(s, row, out.income, constant)
            for day, amount in out.reprices if s == 0 else ():
                self.gap[_bucket(self.inputs.as_of, day), row.money, row.side] += amount

    def _earn(self, s: int, row: Row, run_off: Any, constant: Any) -> None:
        key = (row.money, row.side, row.product)
        for sheet, income in (("run_off", run_off), ("constant", constant)):
            for k in range(1, HORIZON + 1):
                self.interest[sheet][s, key, k] += income.get(k, 0.0)

    def _optional(self, row: Row) -> None:
        """Add what a row's options are worth, and the loss by stressed volatility."""
        for s, scenario in enumerate(self.names):
            plain, stressed = (SIGN[row.side] * self.held.value(row, s, factor) for factor in (1.0, STRESS))
            self.eve[scenario, row.money, row.product, row.side] += plain
            self.add_on[scenario, row.money] += plain - stressed if s else 0.0

    def move(self, opening: dict[Key, float]) -> None:
        """The constant sheet with its mix shift, and the dynamic one with its plan, where the inputs have any."""
        w, held = self.world, Moving(self.world, self.interest["constant"].copy(), opening)
        plan, shift = self.inputs.plan, self.inputs.mix_shift
        sides = {(money, product): side for money, side, product in opening if opening[money, side, product] > 0}
        if plan is not None:
            self.interest["dynamic"] = self.interest["run_off"].copy()
            self.keys |= set(zip(plan["currency"], plan["side"], plan["product"], strict=True))
        if shift is not None:
            named = zip(shift["currency"], shift["from_product"], shift["to_product"], strict=True)
            self.keys |= {(money, sides[money, source], target) for money, source, target in named}
        for s, name in enumerate(self.names):
            if shift is not None:
                rows = pieces(w, shift, name, ("currency", "from_product"), True)
                moved(held, s, rows, sides, self.interest["constant"])
            if plan is not None:
                rows = pieces(w, plan, name, ("product", "currency", "side"), False)
                planned(held, s, rows, self._closing(name, opening), self.interest["dynamic"])

    def _closing(self, name: str, opening: dict[Key, float]) -> dict[Key, list[float]]:
        """Run-off balances of cash positions at the ends of months 0 to 60."""
        return {
            key: [amount, *(self._left(name, key, k) for k in range(1, HORIZON + 1))] for key, amount in opening.items()
        }

    def _left(self, name: str, key: Key, k: int) -> float:
        return float(self.flows.get((name, *key, k), {}).get("closing_balance", 0.0))

    def nii(self) -> Any:
        """Income and expense by scenario, sheet, currency, product and month."""
        found: Any = defaultdict(lambda: [0.0, 0.0])
        for sheet, income in self.interest.items():
            for s, name in enumerate(self.names):
                for money, side, product in self.keys:
                    earns = side in ("asset", "receive")
                    for k in range(1, HORIZON + 1):
                        found[name, sheet, money, product, k][0 if earns else 1] += income[s, (money, side, product), k]
        return found


def value_tables(inputs: Any, options: Any, choices: Choices) -> dict[str, pd.DataFrame]:
    """Every result table of a book, in the shapes of the contracts."""
    tally = Tally(inputs, options, choices)
    rows = rows_of(inputs, choices, options.uncovered)
    if choices.margins == "calibrated":
        calibrate(tally.world, rows, choices)
    if choices.life_cap is not None:
        cap_life(tally.world, rows, choices, choices.life_cap)
    for row in rows:
        tally.add(row)
    tally.move(opening_of(rows))
    found = _shaped(inputs.as_of, tally.eve, tally.nii(), tally.gap, tally.flows)
    return found | _summed(found, tally.add_on, inputs, options)


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
            [(*key, amount) for key, amount in gap.items()], columns=["bucket", "currency", "side", "repricing_amount"]
        ),
        "cash_flows": pd.DataFrame(
            [(*key[:4], end(key[4]), *(cells.get(name, 0.0) for name in FIELDS)) for key, cells in flows.items()],
            columns=["scenario", "currency", "side", "product", "month", *FIELDS],
        ),
    }
