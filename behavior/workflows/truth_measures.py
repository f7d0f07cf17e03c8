"""How far what was learnt is from what is true, in the words of the bars: CPR and survival points, betas, months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver, Effect, MonthMeaning, View
from behavior.assumptions.pass_through_path import PassThroughLaw, pending_on_a_day, project_rate_paid
from behavior.assumptions.repricing import half_life_months, pass_through_law, resting_rate, speeds_of
from behavior.assumptions.set import AssumptionTable
from behavior.assumptions.spending import spent_hazard
from behavior.benchmark.hazard_run import banded
from behavior.kinds.base import ExportContext, FittedModel, ModelKind
from behavior.months import month_number
from behavior.panel.base import CustomerHistory, Panel, PanelSplit
from behavior.panel.split import split_panel
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray, Quantity, monthly_to_annual
from behavior.simulator.bank import SimulatedBank
from behavior.simulator.truth_tables import true_assumption_set
from behavior.specs import ModelSpec
from behavior.validation.band_coverage import at_bound
from behavior.workflows.learned import learn as learn_twice
from behavior.workflows.train import kind_of

INCENTIVE_EDGES = np.array([-1, -0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 1.0])
AGE_EDGES = np.array([0, 6, 12, 24, 36, 60, 120, 400])
BURNOUT_EDGES = np.array([-1, 0, 6, 12, 24, 48, 400])
HORIZONS = (12, 36, 60)
LEAST_EVENTS = 100.0
LEAST_ROWS_OF_A_BAND = 300


@dataclass(frozen=True)
class Learnt:
    """A default specification fitted on a simulated bank, and the tables it exports.

    `fitted` is what the tables come from; `judged` and `judged_tables` have not seen the months out of time: the same
    where the specification does not learn again from everything, or where tables are made anew at a landmark.
    """

    kind: ModelKind
    fitted: FittedModel
    panel: Panel
    split: PanelSplit
    tables: tuple[AssumptionTable, ...]
    judged: FittedModel
    judged_tables: tuple[AssumptionTable, ...]

    @property
    def rows(self) -> BoolArray:
        """Mask of the panel's rows that `fitted` learned from."""
        seen = self.split.train | self.split.validate
        return seen if self.fitted is self.judged else np.ones_like(seen)


def learn(bank: SimulatedBank, spec: ModelSpec, history: CustomerHistory) -> Learnt:
    """Fit the specification as it stands, no tuning, and export."""
    kind = kind_of(spec)
    panel = kind.build_panel(history, bank.rate_history, spec)
    split = split_panel(panel, spec.split)
    learned = learn_twice(kind, panel, split, spec)
    context = ExportContext(pd.Timestamp(bank.simulator.as_of), panel, bank.rate_history, bank.book)
    tables = kind.export(learned.exported, context)
    anew = learned.refitted and kind.landmark is None
    judged_tables = kind.export(learned.judged, context) if anew else tables
    return Learnt(kind, learned.exported, panel, split, tables, learned.judged, judged_tables)


def prepayment_rows(bank: SimulatedBank, learnt: Learnt, panel: Panel) -> pd.DataFrame:
    """Rows of a panel with the true payoff hazard, the judged table's, its model's and the best of any such table.

    The best is the true table: the truth averaged over the book.
    """
    truth = bank.truth.loan_life.truth[["loan_id", "month", "payoff_hazard"]].rename(columns={"loan_id": "unit"})
    table = panel.table
    rows = table[["unit", "month", "weight", "age_months", "incentive", "months_in_the_money", "product"]].copy()
    rows["table"] = learnt.kind.look_up(learnt.judged_tables, learnt.judged, panel).table["predicted"].to_numpy()
    rows["model"] = learnt.kind.predict(learnt.judged, panel).table["predicted"].to_numpy()
    rows["best"] = look_up_truth(bank, rows)
    return rows.merge(truth, on=["unit", "month"], how="left", validate="one_to_one").rename(
        columns={"payoff_hazard": "true"}
    )


def look_up_truth(bank: SimulatedBank, rows: pd.DataFrame) -> FloatArray:
    """The true set's payoff hazard on panel rows, season included."""
    table = true_assumption_set(bank.truth, "true", bank.seed).tables[0]
    drivers = {
        Driver.RATE_INCENTIVE: rows["incentive"].to_numpy(),
        Driver.MONTHS_IN_THE_MONEY: rows["months_in_the_money"].to_numpy(),
    }
    months = rows["age_months"].to_numpy().astype(np.int64)
    return spent_hazard(table, rows, months, drivers, rows["month"].dt.month)[0]


def surface_error(rows: pd.DataFrame) -> float:
    """Table less truth in CPR points: mean size over product x age x incentive x burnout cells, weighted by rows."""
    grouped = rows.groupby(_surface_cells(rows))
    mean = grouped[["true", "table"]].mean()
    gap = np.abs(monthly_to_annual(mean["table"]) - monthly_to_annual(mean["true"]))
    return float(100 * np.average(gap, weights=grouped.size()))


def _surface_cells(rows: pd.DataFrame) -> list[Any]:
    """Product, age, incentive and burnout band of each row."""
    return [
        rows["product"].astype(str),
        np.digitize(rows["age_months"], AGE_EDGES),
        np.digitize(rows["incentive"], INCENTIVE_EDGES),
        np.digitize(rows["months_in_the_money"], BURNOUT_EDGES, right=True),
    ]


def payoff_bands(bank: SimulatedBank, learnt: Learnt) -> pd.DataFrame:
    """True payoff hazard and the exported band, both as means, by product x age x incentive x burnout cell of the whole
    history with enough loan-months; columns true, lower, upper."""
    rows = prepayment_rows(bank, learnt, learnt.panel)
    for bound in ("lower", "upper"):
        tables = at_bound(learnt.tables, bound)
        rows[bound] = learnt.kind.look_up(tables, learnt.fitted, learnt.panel).table["predicted"].to_numpy()
    grouped = rows.groupby(_surface_cells(rows))[["true", "lower", "upper"]]
    return grouped.mean()[grouped.size() >= LEAST_ROWS_OF_A_BAND]


def payoff_events(rows: pd.DataFrame) -> pd.DataFrame:
    """Expected events by incentive x age cell: columns age, incentive, true, table, model, best."""
    cells = [
        pd.Series(banded(rows[column].to_numpy(np.float64), tuple(edges[1:-1]), scale, unit), rows.index, name=name)
        for name, column, edges, scale, unit in (
            ("age", "age_months", AGE_EDGES, 1.0, " months"),
            ("incentive", "incentive", INCENTIVE_EDGES, 100.0, "%"),
        )
    ]
    sums: pd.DataFrame = rows.groupby(cells, observed=True)[["true", "table", "model", "best"]].sum()
    return sums.reset_index().astype({"age": str, "incentive": str})


def cell_shares(events: pd.DataFrame, predicted: str) -> tuple[float, int]:
    """Share of the cells of `payoff_events` with at least 100 true events that have true/predicted in 0.9 to 1.1."""
    held = events[events["true"] >= LEAST_EVENTS]
    return float((held["true"] / held[predicted]).between(0.9, 1.1).mean()) if len(held) else 0.0, len(held)


def learnt_survival(bank: SimulatedBank, learnt: Learnt, months: int, view: View) -> pd.DataFrame:
    """Survival of the accounts open at as-of that the exported tables give, on the truth's own rate path.

    Returns
    -------
    Columns are segments `product/customer_type`, index is months 0 .. `months`; balance weighted.
    """
    truth = bank.truth
    levels = truth.base_levels(months)
    paid = truth.rate_paid(levels)
    book = bank.book[bank.book["rate_type"] == "administered"].reset_index(drop=True)
    names = (book["product"] + "/" + book["customer_type"]).to_numpy()
    segment = np.array([truth.segment_names.index(name) for name in names])
    age = month_number(bank.simulator.as_of) - month_number(book["origination_date"])
    balance = book["balance"].to_numpy()
    total = np.bincount(segment, balance, len(truth.segments))
    spent = [one for one in learnt.tables if one.effect is Effect.RUNOFF]
    alive, rows = np.ones(len(book)), [np.ones(len(truth.segments))]
    for month in range(1, months + 1):
        known = {
            Driver.RATE_SPREAD: (levels[month] - paid[month - 1])[segment],
            Driver.RATE_LEVEL: np.full(age.size, levels[month]),
        }
        calendar = (bank.simulator.as_of.month - 1 + month) % 12 + 1
        for table in spent:
            since = age + month if table.month_meaning is MonthMeaning.SINCE_ORIGINATION else np.full(age.size, month)
            alive = alive * (1.0 - spent_hazard(table, book, since, known, calendar, view)[0])
        rows.append(np.bincount(segment, balance * alive, len(truth.segments)) / total)
    return pd.DataFrame(np.array(rows), columns=list(truth.segment_names))


def survival_bands(bank: SimulatedBank, learnt: Learnt) -> pd.DataFrame:
    """True survival and that with every hazard at one side of its band, by segment and horizon; columns true, lower,
    upper."""
    months, wanted = max(HORIZONS), list(HORIZONS)
    found = {"true": bank.truth.decay_survival(months).loc[wanted].unstack()}
    for side, bound in (("lower", "upper"), ("upper", "lower")):
        bounded = replace(learnt, tables=at_bound(learnt.tables, bound))
        found[side] = learnt_survival(bank, bounded, months, View.WITH_REDEPOSITS).loc[wanted].unstack()
    return pd.DataFrame(found)


def held_by_bands(cells: pd.DataFrame) -> pd.Series:
    """Whether the truth of each cell lies inside its band."""
    return (cells["true"] >= cells["lower"] - 1e-12) & (cells["true"] <= cells["upper"] + 1e-12)


def form_known_half_width(bank: SimulatedBank, learnt: Learnt, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
    """90% half-width of survival by an estimator that knows the law and must only learn two levels a segment from the
    rows learnt from: the scale of its exits (from their count) and the level of its survivors' growth (by balance).

    Returns
    -------
    Columns are segments, index is horizons; shares of today's balance.
    """
    truth, months = bank.truth.account_life.truth, bank.deposits.tables["account_months"]
    keys = learnt.panel.table.loc[learnt.rows, ["unit", "month"]]
    rows = truth.assign(after=months["balance"] - months["interest_credited"], unit=truth["account_id"])
    rows = rows.merge(keys, on=["unit", "month"])
    rows = rows[(rows["event"].between(0, 2)) & (rows["opening_balance"] > 0)].dropna(subset="after")
    survival, found = bank.truth.decay_survival(max(horizons)), {}
    for segment, mine in rows.groupby("segment"):
        exits = 1.0 - (1.0 - mine["closure"]) * (1.0 - mine["migration"])
        level = float(np.average(exits, weights=mine["opening_balance"]))
        stayed = mine[mine["event"] == 0]
        surprise = stayed["after"] - stayed["opening_balance"] * (1.0 + stayed["growth"])
        by_account = surprise.groupby(stayed["unit"]).sum()
        growth_error = float(np.sqrt((by_account**2).sum()) / stayed["opening_balance"].sum())
        monthly = np.hypot(level / np.sqrt(float(exits.sum())), growth_error)
        found[segment] = [
            1.645 * float(survival[str(segment)].to_numpy()[month]) * month * monthly for month in horizons
        ]
    return pd.DataFrame(found, index=list(horizons))


def average_life(survival: pd.DataFrame) -> pd.Series:
    """Years under survival curves by month, whole months, end of month; one a segment."""
    return survival.iloc[:-1].sum() / MONTHS_PER_YEAR


def laws_of(tables: Sequence[AssumptionTable]) -> dict[tuple[str, ...], PassThroughLaw]:
    """The law of every segment in exported REPRICING tables."""
    target = next(table for table in tables if table.quantity is Quantity.MARGINAL_PASS_THROUGH)
    speeds = [table for table in tables if table.quantity is Quantity.MONTHLY_ADJUSTMENT]
    found = {}
    for curve in target.curves:
        curves, delays = speeds_of(speeds, curve.segment)
        if curves:
            found[curve.segment] = pass_through_law(curve, curves, delays)
    return found


def beta_errors(
    bank: SimulatedBank, laws: Mapping[tuple[str, ...], PassThroughLaw], low: float, high: float
) -> pd.DataFrame:
    """True and learnt long-run beta between two levels, and half-lives in months; NaN for a segment without a law."""
    rows = []
    for name, segment in zip(bank.truth.segment_names, bank.truth.segments, strict=True):
        law = laws.get((segment.product, segment.customer_type))
        row: dict[str, object] = {"segment": name}
        for label, one in (("true", segment.pass_through), ("learnt", law)):
            known = one is not None
            row[f"beta {label}"] = float(one.target_change(low, high)) / (high - low) if one and known else np.nan
            row[f"half-life up {label}"] = half_life_months(one.up) if one and known else np.nan
            row[f"half-life down {label}"] = half_life_months(one.down) if one and known else np.nan
        rows.append(row)
    return pd.DataFrame(rows).set_index("segment")


def terminal_betas(bank: SimulatedBank, learnt: Learnt) -> pd.DataFrame:
    """Change of the rate paid over the unseen months' largest one-way move, per unit of the short rate.

    The judged law, which has not seen these months, starts from the rate truly paid and what earlier moves still owe,
    and runs along the short rate that came; true is what was paid. One row a segment with a law.
    """
    laws = laws_of(learnt.judged_tables)
    paths, paid = bank.truth.paths, bank.truth.paid
    test = learnt.panel.table.loc[learnt.split.out_of_time, "month"]
    begin = int(np.searchsorted(paths.month_ends, test.min().to_numpy().astype("datetime64[D]"))) - 1
    short = paths.short[begin:]
    peak = int(np.argmax(np.abs(short - short[0])))
    rows = []
    for position, segment in enumerate(bank.truth.segments):
        labels = (segment.product, segment.customer_type)
        law = laws.get(labels)
        if law is None:
            continue
        start, resting = float(paid[begin, position]), resting_rate(learnt.judged_tables, labels)
        pending = pending_on_a_day(law, paths.short[: begin + 1], start, 0.0, resting)
        path = np.r_[paid[begin, position], project_rate_paid(law, short, paid[begin, position], pending)]
        move, true = short[peak] - short[0], paid[begin:, position]
        rows.append(
            {
                "segment": bank.truth.segment_names[position],
                "true": (true[peak] - true[0]) / move,
                "learnt": (path[peak] - path[0]) / move,
                "path error, bp": 1e4 * float(np.abs(path - true).mean()),
            }
        )
    return pd.DataFrame(rows).set_index("segment")
