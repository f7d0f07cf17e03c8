"""What the truth of a simulated bank says of a model learned there with its default specification, bar by bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver, Effect, MonthMeaning, View
from behavior.assumptions.grid import table_grid
from behavior.assumptions.pass_through_path import (
    PassThroughLaw,
    pending_from_history,
    project_rate_paid,
)
from behavior.assumptions.repricing import half_life_months, pass_through_law, speeds_of
from behavior.assumptions.segments import match_segments
from behavior.assumptions.set import AssumptionTable
from behavior.benchmark.results import MET, MISSED, OPEN, Verdict
from behavior.kinds.base import ExportContext, FittedModel, ModelKind
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.split import split_panel
from behavior.quantities import FloatArray, Quantity, monthly_to_annual
from behavior.simulator.bank import SimulatedBank
from behavior.simulator.truth_tables import true_assumption_set
from behavior.specs import ModelSpec
from behavior.workflows.train import kind_of

INCENTIVE_EDGES = np.array([-1, -0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 1.0])
AGE_EDGES = np.array([0, 6, 12, 24, 36, 60, 120, 400])
BURNOUT_EDGES = np.array([-1, 0, 6, 12, 24, 48, 400])
HORIZONS = (12, 36, 60)
LIFE_MONTHS = 120


@dataclass(frozen=True)
class TruthAnswer:
    """Bars of one model on the simulated bank, and the tables behind them."""

    name: str
    verdicts: tuple[Verdict, ...]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Learnt:
    """A default specification fitted on a simulated bank, and the tables it exports."""

    kind: ModelKind
    fitted: FittedModel
    panel: Panel
    split: PanelSplit
    tables: tuple[AssumptionTable, ...]


def truth_of(bank: SimulatedBank, model: str, spec: ModelSpec) -> TruthAnswer:
    """Learn with the specification as it stands and hold the result against the truth."""
    kind = kind_of(spec)
    history = bank.mortgages if kind.name == "mortgage_prepayment" else bank.deposits
    panel = kind.build_panel(history, bank.rate_history, spec)
    split = split_panel(panel, spec.split)
    fitted = kind.fit(panel, split, spec)
    context = ExportContext(pd.Timestamp(bank.simulator.as_of), panel, bank.rate_history, bank.book)
    learnt = Learnt(kind, fitted, panel, split, kind.export(fitted, context))
    found = {"mortgage_prepayment": _prepayment, "nmd_decay": _decay, "deposit_beta": _beta}[kind.name](bank, learnt)
    fidelity = _fidelity(learnt)
    return TruthAnswer(model, (*found[0], fidelity), found[1])


def _verdict(data: str, wanted: str, found: str, met: bool | None) -> Verdict:
    return Verdict(data, wanted, found, OPEN if met is None else MET if met else MISSED)


# --- prepayment ---


def _prepayment(bank: SimulatedBank, learnt: Learnt) -> tuple[list[Verdict], dict[str, pd.DataFrame]]:
    rows = _prepayment_rows(bank, learnt)
    late = rows[rows["test"]]
    error = _surface_error(late)
    share, cells = _cell_shares(late, "table")
    reached, _ = _cell_shares(late, "best")
    wanted = min(0.9, reached)
    data = "simulated mortgages, out of time"
    verdicts = [
        _verdict(data, "surface error at most 1.0 CPR point", f"{error:.2f}", error <= 1.0),
        _verdict(
            data,
            f"true over expected events 0.9 to 1.1 in 90% of cells, or as many as the true law by book ({reached:.0%})",
            f"{share:.0%} of {cells} cells",
            None if cells == 0 else share >= wanted - 1e-9,
        ),
    ]
    codes = [np.digitize(late["age_months"], AGE_EDGES), np.digitize(late["incentive"], INCENTIVE_EDGES)]
    table: pd.DataFrame = late.groupby(codes)[["true", "table", "model", "best"]].sum()
    table.index = table.index.set_names(["age band", "incentive band"])
    table = table.reset_index()
    return verdicts, {"events by age and incentive": table}


def _prepayment_rows(bank: SimulatedBank, learnt: Learnt) -> pd.DataFrame:
    truth = bank.truth.loan_life.truth[["loan_id", "month", "payoff_hazard"]].rename(columns={"loan_id": "unit"})
    late = learnt.panel.rows(learnt.split.out_of_time)
    table = late.table
    rows = table[["unit", "month", "weight", "age_months", "incentive", "months_in_the_money", "product"]].copy()
    rows["table"] = learnt.kind.look_up(learnt.tables, learnt.fitted, late).table["predicted"].to_numpy()
    rows["model"] = learnt.kind.predict(learnt.fitted, late).table["predicted"].to_numpy()
    rows["best"] = _look_up_truth(bank, rows)
    rows["test"] = True
    return rows.merge(truth, on=["unit", "month"], how="left", validate="one_to_one").rename(
        columns={"payoff_hazard": "true"}
    )


def _look_up_truth(bank: SimulatedBank, rows: pd.DataFrame) -> FloatArray:
    """The true set's payoff hazard on panel rows, season included: the best that a table of these axes can do."""
    table = true_assumption_set(bank.truth, "true", bank.seed).tables[0]
    match = match_segments(rows, table)
    drivers = {
        Driver.RATE_INCENTIVE: rows["incentive"].to_numpy(),
        Driver.MONTHS_IN_THE_MONEY: rows["months_in_the_money"].to_numpy(),
    }
    reading = table_grid(table).at(match.curve_index, rows["age_months"].to_numpy().astype(np.int64), drivers)
    season = np.ones(12) if table.season is None else np.asarray(table.season)
    return np.asarray(reading.values * season[rows["month"].dt.month.to_numpy() - 1])


def _surface_error(rows: pd.DataFrame) -> float:
    """Exposure-weighted mean absolute error in CPR points over product x age x incentive x burnout cells."""
    cells = [
        rows["product"].astype(str),
        np.digitize(rows["age_months"], AGE_EDGES),
        np.digitize(rows["incentive"], INCENTIVE_EDGES),
        np.digitize(rows["months_in_the_money"], BURNOUT_EDGES, right=True),
    ]
    grouped = rows.groupby(cells)
    mean = grouped[["true", "table"]].mean()
    gap = np.abs(monthly_to_annual(mean["table"]) - monthly_to_annual(mean["true"]))
    return float(100 * np.average(gap, weights=grouped.size()))


def _cell_shares(rows: pd.DataFrame, predicted: str, least: float = 100.0) -> tuple[float, int]:
    """Share of incentive x age cells of at least `least` true expected events with true/predicted in 0.9 to 1.1."""
    cells = [np.digitize(rows["age_months"], AGE_EDGES), np.digitize(rows["incentive"], INCENTIVE_EDGES)]
    sums = rows.groupby(cells)[["true", predicted]].sum()
    held = sums[sums["true"] >= least]
    return float((held["true"] / held[predicted]).between(0.9, 1.1).mean()) if len(held) else 0.0, len(held)


# --- decay ---


def _decay(bank: SimulatedBank, learnt: Learnt) -> tuple[list[Verdict], dict[str, pd.DataFrame]]:
    learned = _learnt_survival(bank, learnt, LIFE_MONTHS, View.WITH_REDEPOSITS)
    true = bank.truth.decay_survival(LIFE_MONTHS)
    width = _form_known_half_width(bank, learnt, true)
    error = (learned - true).loc[list(HORIZONS)]
    allowed = np.maximum(0.02, width[error.columns])
    worst = error.abs().max().max()
    inside = bool((error.abs() <= allowed).all().all())
    life = learned.iloc[:-1].sum() / true.iloc[:-1].sum() - 1.0
    data = "simulated deposits"
    verdicts = [
        _verdict(
            data,
            "survival at 12, 36, 60 months within 2 points a segment, or what knowing the law's form allows",
            f"worst {100 * worst:.1f} points; {int((error.abs() <= allowed).sum().sum())} of {error.size} inside",
            inside,
        ),
        _verdict(
            data,
            f"average life over {LIFE_MONTHS // 12} years within 5%",
            f"worst {100 * life.abs().max():.1f}%; {int((life.abs() <= 0.05).sum())} of {len(life)} segments inside",
            bool((life.abs() <= 0.05).all()),
        ),
    ]
    limits = pd.DataFrame(np.asarray(allowed), error.index, error.columns)
    tables = {"survival error, points": error, "allowed, points": limits}
    return verdicts, {
        name: (100 * one).T.rename_axis("segment").reset_index().rename(columns=str) for name, one in tables.items()
    }


def _learnt_survival(bank: SimulatedBank, learnt: Learnt, months: int, view: View) -> pd.DataFrame:
    """Survival of the accounts open at as-of that the exported tables give, on the truth's own rate path."""
    truth = bank.truth
    levels = truth.base_levels(months)
    paid = truth.rate_paid(levels)
    book = bank.book[bank.book["rate_type"] == "administered"].reset_index(drop=True)
    names = (book["product"] + "/" + book["customer_type"]).to_numpy()
    segment = np.array([truth.segment_names.index(name) for name in names])
    opened, as_of = book["origination_date"], pd.Timestamp(bank.simulator.as_of)
    age = ((as_of.year - opened.dt.year) * 12 + as_of.month - opened.dt.month).to_numpy()
    balance = book["balance"].to_numpy()
    total = np.bincount(segment, balance, len(truth.segments))
    grids = [one for one in map(lambda one: _of_view(one, view), learnt.tables) if one.curves]
    alive, rows = np.ones(len(book)), [np.ones(len(truth.segments))]
    for month in range(1, months + 1):
        known = {
            Driver.RATE_SPREAD: (levels[month] - paid[month - 1])[segment],
            Driver.RATE_LEVEL: np.full(age.size, levels[month]),
        }
        for table in grids:
            alive = alive * (1.0 - _hazard(table, view, book, age, month, known, as_of))
        rows.append(np.bincount(segment, balance * alive, len(truth.segments)) / total)
    return pd.DataFrame(np.array(rows), columns=list(truth.segment_names))


def _of_view(table: AssumptionTable, view: View) -> AssumptionTable:
    if table.effect is not Effect.RUNOFF:
        return replace(table, curves=())
    return replace(table, curves=tuple(one for one in table.curves if one.view in (None, view)))


def _hazard(
    table: AssumptionTable,
    view: View,
    book: pd.DataFrame,
    age: FloatArray,
    month: int,
    known: dict[Driver, FloatArray],
    as_of: pd.Timestamp,
) -> FloatArray:
    match = match_segments(book, table, view)
    months = age + month if table.month_meaning is MonthMeaning.SINCE_ORIGINATION else np.full(age.size, month)
    drivers = {driver: known[driver] for driver in table.drivers}
    values = table_grid(table).at(np.maximum(match.curve_index, 0), months, drivers).values
    season = np.ones(12) if table.season is None else np.asarray(table.season)
    factor = season[(as_of.month - 1 + month) % 12]
    return np.where(match.curve_index >= 0, np.clip(values * factor, 0.0, 1.0), 0.0)


def _form_known_half_width(bank: SimulatedBank, learnt: Learnt, survival: pd.DataFrame) -> pd.DataFrame:
    """90% half-width of survival by an estimator that knows the law and learns two levels a segment from these rows."""
    truth, months = bank.truth.account_life.truth, bank.deposits.tables["account_months"]
    keys = learnt.panel.table.loc[learnt.split.train | learnt.split.validate, ["unit", "month"]]
    rows = truth.assign(after=months["balance"] - months["interest_credited"], unit=truth["account_id"])
    rows = rows.merge(keys, on=["unit", "month"])
    rows = rows[(rows["event"].between(0, 2)) & (rows["opening_balance"] > 0)].dropna(subset="after")
    found = {}
    for segment, mine in rows.groupby("segment"):
        exits = 1.0 - (1.0 - mine["closure"]) * (1.0 - mine["migration"])
        level = float(np.average(exits, weights=mine["opening_balance"]))
        stayed = mine[mine["event"] == 0]
        surprise = stayed["after"] - stayed["opening_balance"] * (1.0 + stayed["growth"])
        by_account = surprise.groupby(stayed["unit"]).sum()
        growth_error = float(np.sqrt((by_account**2).sum()) / stayed["opening_balance"].sum())
        monthly = np.hypot(level / np.sqrt(float(exits.sum())), growth_error)
        found[segment] = [
            1.645 * float(survival[str(segment)].to_numpy()[month]) * month * monthly for month in HORIZONS
        ]
    return pd.DataFrame(found, index=list(HORIZONS))


# --- beta ---


def _beta(bank: SimulatedBank, learnt: Learnt) -> tuple[list[Verdict], dict[str, pd.DataFrame]]:
    seen = bank.truth.paths.short[bank.truth.paths.first :]
    laws = laws_of(learnt.tables)
    errors = _beta_errors(bank, laws, float(seen.min()), float(seen.max()))
    terminal = _terminal_betas(bank, learnt, laws)
    long_run = (errors["beta learnt"] - errors["beta true"]).abs()
    gaps = []
    for way in ("up", "down"):
        gap = (errors[f"half-life {way} learnt"] - errors[f"half-life {way} true"]).abs()
        gaps.append((gap <= 1.0) | (gap <= 0.15 * errors[f"half-life {way} true"]))
    last = (terminal["learnt"] - terminal["true"]).abs()
    data = "simulated deposits"
    right = int(sum(one.sum() for one in gaps))
    verdicts = [
        _verdict(data, "long-run beta within 0.03", f"worst {long_run.max():.3f}", bool((long_run <= 0.03).all())),
        _verdict(
            data,
            "up and down half-lives within one month or 15%",
            f"{right} of {2 * len(errors)} inside",
            right == 2 * len(errors),
        ),
        _verdict(data, "unseen-cycle terminal beta within 0.03", f"worst {last.max():.3f}", bool((last <= 0.03).all())),
    ]
    return verdicts, {"laws": errors.reset_index(), "terminal betas": terminal.reset_index()}


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


def _beta_errors(
    bank: SimulatedBank, laws: dict[tuple[str, ...], PassThroughLaw], low: float, high: float
) -> pd.DataFrame:
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


def _terminal_betas(bank: SimulatedBank, learnt: Learnt, laws: dict[tuple[str, ...], PassThroughLaw]) -> pd.DataFrame:
    """Change of the rate paid over the unseen months' largest one-way move, per unit of the short rate."""
    paths, paid = bank.truth.paths, bank.truth.paid
    test = learnt.panel.table.loc[learnt.split.out_of_time, "month"]
    begin = int(np.searchsorted(paths.month_ends, test.min().to_numpy().astype("datetime64[D]"))) - 1
    short = paths.short[begin:]
    peak = int(np.argmax(np.abs(short - short[0])))
    rows = []
    for position, segment in enumerate(bank.truth.segments):
        law = laws.get((segment.product, segment.customer_type))
        if law is None:
            continue
        pending = pending_from_history(law, paths.short[: begin + 1])
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


# --- exported tables against the models they came from ---


def _fidelity(learnt: Learnt) -> Verdict:
    """Signed difference of table and model in totals by segment and month, balance weighted."""
    late = learnt.panel.rows(learnt.split.out_of_time)
    table = learnt.kind.look_up(learnt.tables, learnt.fitted, late).table
    model = learnt.kind.predict(learnt.fitted, late).table
    weight = model["weight"].to_numpy()
    grouped = pd.DataFrame(
        {
            "segment": model["segment"].astype(str),
            "month": model["month"],
            "weight": weight,
            "table": weight * table["predicted"].to_numpy(),
            "model": weight * model["predicted"].to_numpy(),
        }
    ).dropna()
    sums = grouped.groupby(["segment", "month"])[["weight", "table", "model"]].sum()
    sums = sums[sums["weight"] > 0]
    ours, made = (np.asarray(sums[name] / sums["weight"], dtype=np.float64) for name in ("table", "model"))
    kind = learnt.kind.name
    if kind == "mortgage_prepayment":
        gap, unit, bar = (
            100 * (monthly_to_annual(ours) - monthly_to_annual(made)),
            "CPR points",
            0.1,
        )
    elif kind == "nmd_decay":
        gap, unit, bar = 100 * (made - ours), "survival points a month", 0.2
    else:
        gap, unit, bar = 1e4 * (ours - made), "bp", 1.0
    value = float(np.average(gap, weights=sums["weight"]))
    words = f"exported table against the model, segment x month totals, signed: at most {bar:g} {unit}"
    return _verdict(kind, words, f"{value:+.3f}; largest cell {float(np.abs(gap).max()):.2f}", abs(value) <= bar)
