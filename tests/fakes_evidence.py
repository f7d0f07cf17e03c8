"""A tiny kind with known truth, so that checks and reports can be tested without any other room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, Provenance
from behavior.estimators.base import Attributions
from behavior.kinds.base import Exhibit, FittedModel, ModelKind, Predictions
from behavior.measures.result import IrrbbResult
from behavior.panel.base import CustomerHistory, Panel, PanelSplit, SourceFile
from behavior.quantities import Quantity
from behavior.specs import ModelSpec, parse_spec
from behavior.validation.base import CheckInput

SPEC = """
[model]
kind = "{kind}"
version = 3
owner = "ALM modelling"
name = "A kind for tests"
purpose = "EVE and NII of the banking book"
[history]
contract = "test_history/1"
[split]
seed = 7
[estimator]
family = "logistic"
"""
INTERCEPT, SLOPE, AGE_SLOPE = -4.2, 55.0, 0.004
GRID = np.linspace(-0.04, 0.04, 33)


class Fitted:
    """An estimator that is its own text."""

    def to_files(self) -> Mapping[str, str]:
        return {"model.json": '{"intercept": -4.2, "slope": 55.0}'}


def log_odds(table: pd.DataFrame) -> np.ndarray:
    return INTERCEPT + SLOPE * table["incentive"].to_numpy() + AGE_SLOPE * table["age_months"].to_numpy()


def hazard(odds: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-odds))


def make_panel(rate: bool, units: int = 600, months: int = 72, seed: int = 3) -> tuple[Panel, PanelSplit, pd.DataFrame]:
    random = np.random.default_rng(seed)
    calendar = pd.date_range("2016-01-31", periods=months, freq="ME")
    market = 0.02 * np.sin(np.arange(months) / 7.0)
    table = pd.DataFrame(
        {
            "unit": np.repeat([f"u{n:04d}" for n in range(units)], months),
            "customer": np.repeat([f"c{n // 2:04d}" for n in range(units)], months),
            "month": np.tile(calendar, units),
            "incentive": np.tile(market, units) + np.repeat(random.normal(0, 0.008, units), months),
            "age_months": np.tile(np.arange(1, months + 1), units) + np.repeat(random.integers(0, 60, units), months),
            "weight": np.repeat(random.lognormal(11, 0.6, units), months).round(2),
            "region": np.repeat(random.choice(["north", "south"], units), months),
        }
    )
    if rate:
        table["actual"] = 0.01 + 0.4 * table["incentive"] + random.normal(0, 0.001, len(table))
    else:
        table["actual"] = (random.random(len(table)) < hazard(log_odds(table))).astype(float)
        gone = table.groupby("unit")["actual"].cumsum() - table["actual"]
        table = table[gone == 0].reset_index(drop=True)
    late = (table["month"] > calendar[int(months * 0.7)]).to_numpy()
    unseen = (table["customer"].str[1:].astype(int) % 4 == 0).to_numpy()
    validate = np.zeros(len(table), dtype=bool)
    split = PanelSplit(~late & ~unseen, validate, late & unseen, late, ~late & unseen)
    return Panel(table, {"no balance": 12}), split, table


def predictions_of(table: pd.DataFrame, rate: bool, error: float = 1.0, lookup: bool = False) -> Predictions:
    if rate:
        predicted = 0.01 + 0.4 * table["incentive"] * error
        mean = np.full(len(table), float(table["actual"].mean()))
    else:
        odds = log_odds(table) if not lookup else INTERCEPT + SLOPE * table["incentive"] + AGE_SLOPE * 70.0
        predicted = np.minimum(error * hazard(np.asarray(odds)), 1.0)
        mean = np.full(len(table), float(table["actual"].mean()))
    columns = {
        "segment": table["region"],
        "cause": "" if rate else "payoff",
        "predicted": predicted,
        "challenger": 0.5 * predicted + 0.5 * mean,
        "benchmark": mean,
        "driver": table["incentive"],
    }
    kept = table[["unit", "customer", "month", "weight", "actual", "age_months"]]
    return Predictions(kept.assign(**columns), "rate paid" if rate else "payoff", "decimal a year", binary=not rate)


def attributions_of(table: pd.DataFrame) -> Attributions:
    values = table[["incentive", "age_months"]].to_numpy(float)
    centre = values.mean(axis=0)
    contributions = (values - centre) * np.array([SLOPE, AGE_SLOPE])
    base = float(INTERCEPT + centre @ np.array([SLOPE, AGE_SLOPE]))
    score = INTERCEPT + values @ np.array([SLOPE, AGE_SLOPE])
    return Attributions(("incentive", "age_months"), values, contributions, base, score, "log-odds")


def make_tables(rate: bool) -> tuple[AssumptionTable, ...]:
    scheme = SegmentScheme(("region",))
    none = np.array([], dtype=np.int64)
    made = Provenance(model="toy", model_version=3, spec_digest="ab" * 32, data_digest="cd" * 32)
    curves = []
    for region in ("north", "south"):
        if rate:
            curves.append(AssumptionCurve((region,), none, {Driver.RATE_LEVEL: GRID}, np.full(len(GRID), 0.4)))
            continue
        months = np.array([1, 12, 60, 120])
        values = hazard(INTERCEPT + SLOPE * GRID[:, None] + AGE_SLOPE * months[None, :])
        curves.append(AssumptionCurve((region,), months, {Driver.RATE_INCENTIVE: GRID}, values))
    if rate:
        return (
            AssumptionTable(
                "toy_target",
                Effect.REPRICING,
                Quantity.MARGINAL_PASS_THROUGH,
                scheme,
                tuple(curves),
                drivers=(Driver.RATE_LEVEL,),
                provenance=made,
            ),
        )
    return (
        AssumptionTable(
            "toy_payoff",
            Effect.RUNOFF,
            Quantity.MONTHLY_HAZARD,
            scheme,
            tuple(curves),
            cause="payoff",
            month_meaning=MonthMeaning.SINCE_ORIGINATION,
            drivers=(Driver.RATE_INCENTIVE,),
            averaged_over={"book": "sha256 0123"},
            provenance=made,
        ),
    )


def make_kind(rate: bool) -> ModelKind:
    name = "toy_rate" if rate else "toy_hazard"
    picture = Exhibit(
        "curve",
        "Share leaving by incentive",
        "lines",
        pd.DataFrame({"incentive, %": 100 * GRID, "model": 100 * hazard(INTERCEPT + SLOPE * GRID)}),
        "incentive, % a year",
        "monthly share, %",
    )
    return ModelKind(
        name=name,
        summary="A kind for tests.",
        effect=Effect.REPRICING if rate else Effect.RUNOFF,
        history_contract="test_history/1",
        tables=(),
        drivers=(Driver.RATE_LEVEL,) if rate else (Driver.RATE_INCENTIVE,),
        month_meaning=None if rate else MonthMeaning.SINCE_ORIGINATION,
        features=(),
        families=("logistic",),
        build_panel=lambda history, rates, spec: make_panel(rate)[0],
        fit=lambda panel, split, spec: make_fitted(name, spec),
        predict=lambda fitted, panel: predictions_of(panel.table, rate),
        export=lambda fitted, context: make_tables(rate),
        look_up=lambda tables, fitted, panel: predictions_of(panel.table, rate, lookup=True),
        load=lambda spec, files: make_fitted(name, spec),
        exhibits=lambda fitted, panel, split, predictions: (picture,),
        explain=lambda fitted, panel: {} if rate else {"payoff": attributions_of(panel.table)},
    )


def make_fitted(name: str, spec: ModelSpec) -> FittedModel:
    facts = {"rows": 30000, "events": 412, "parameters": {"learning_rate": 0.05, "num_leaves": 15}}
    return FittedModel(name, spec, {"payoff": Fitted()}, facts=facts)


def make_history(table: pd.DataFrame, missing: float = 0.0) -> CustomerHistory:
    rows = table[["unit", "month", "weight"]].rename(columns={"unit": "loan_id", "weight": "balance"})
    totals = rows.groupby("month")["balance"].agg(["sum", "size"]).reset_index()
    totals.columns = pd.Index(["month", "balance", "rows"])
    totals["balance"] += np.where(totals["month"] == totals["month"].max(), missing, 0.0)
    ledger = totals.assign(table="loan_months", product="")
    source = SourceFile("loan_months.csv", "ef" * 32, len(rows))
    return CustomerHistory("test_history/1", {"loan_months": rows}, (source,), ledger)


def make_input(rate: bool = False, error: float = 1.0, missing: float = 0.0, units: int = 600) -> CheckInput:
    panel, split, table = make_panel(rate, units)
    kind = make_kind(rate)
    spec = parse_spec(SPEC.format(kind=kind.name), "spec.toml")
    return CheckInput(
        kind=kind,
        fitted=make_fitted(kind.name, spec),
        history=make_history(table, missing),
        panel=panel,
        split=split,
        predictions=predictions_of(table, rate, error),
        tables=make_tables(rate),
        looked_up=predictions_of(table, rate, error, lookup=True),
    )


def make_set() -> AssumptionSet:
    return AssumptionSet("2026-09-30.r1", dt.date(2026, 9, 30), (*make_tables(False), *make_tables(True)))


SCENARIOS = ("base", "parallel_up", "parallel_down", "steepener", "flattener", "short_up", "short_down")
MOVES = (0.0, -13.2e6, 9.1e6, -5.4e6, 2.2e6, -3.1e6, 1.9e6)
PRODUCTS = (("mortgage_fixed", "asset", 640e6), ("bonds", "asset", 210e6), ("savings", "liability", 520e6))


def make_result(stamp: str = "DRAFT", tier1: float | None = 72e6) -> IrrbbResult:
    eve, summary, nii, nii_summary = [], [], [], []
    base = sum(value if side == "asset" else -value for _, side, value in PRODUCTS) - 240e6
    for name, move in zip(SCENARIOS, MOVES, strict=True):
        for place, (product, side, value) in enumerate(PRODUCTS):
            signed = (value if side == "asset" else -value) + move * (0.8, 0.5, -0.3)[place]
            eve.append((name, "EUR", product, side, signed))
        share = np.nan if tier1 is None else move / tier1
        for currency in ("EUR", "total"):
            summary.append((name, currency, base + move, move, 0.0, move, move / base, share))
        for sheet in ("run_off", "constant"):
            for month in range(1, 25):
                amount = 1.1e6 + move / 100 * min(month, 12) / 12
                nii.append((name, sheet, "EUR", "mortgage_fixed", month, 2 * amount, amount, amount))
            for horizon in (12, 24):
                total, change = 1.1e6 * horizon + move / 100 * horizon, move / 100 * horizon
                of_tier1 = np.nan if tier1 is None else change / tier1
                nii_summary.append((name, sheet, horizon, total, change, change / (1.1e6 * horizon), of_tier1))
    gap, cumulative = [], 0.0
    for place, bucket in enumerate(("overnight", "up to 1 month", "1 to 3 months", "3 to 6 months", "over 20 years")):
        amounts = {"asset": 40e6 + 15e6 * place, "liability": 90e6 - 12e6 * place}
        cumulative += amounts["asset"] - amounts["liability"]
        gap += [(bucket, "EUR", side, amount, cumulative) for side, amount in amounts.items()]
    coverage = [
        ("mortgage_fixed", "north", "toy_payoff", 400e6, "own", 0.02, 0.1, 0.3),
        ("mortgage_fixed", "south", "toy_payoff", 240e6, "pooled", 0.05, 0.2, 0.0),
    ]
    return IrrbbResult(
        nii=pd.DataFrame(nii, columns=NII),
        nii_summary=pd.DataFrame(nii_summary, columns=NII_SUMMARY),
        eve=pd.DataFrame(eve, columns=["scenario", "currency", "product", "side", "present_value"]),
        eve_summary=pd.DataFrame(summary, columns=EVE_SUMMARY),
        gap=pd.DataFrame(gap, columns=["bucket", "currency", "side", "repricing_amount", "cumulative_gap"]),
        cash_flows=pd.DataFrame(),
        coverage=pd.DataFrame(coverage, columns=COVERAGE),
        facts={
            "as_of": "2026-09-30",
            "framework": "bcbs_2024",
            "reporting_currency": "EUR",
            "tier1": tier1,
            "book_equity": 80e6,
            "conventions": {"time": "exact", "rate_path": "forward", "margins": "included"},
            "inputs": {"book": {"file": "book.csv", "sha256": "12" * 32}},
            "warnings": ["31% of the average life of savings lies beyond the data."],
        },
        stamp=stamp,
    )


NII = ["scenario", "balance_sheet", "currency", "product", "month", "interest_income", "interest_expense", "nii"]
NII_SUMMARY = [
    "scenario",
    "balance_sheet",
    "horizon_months",
    "nii",
    "delta_nii",
    "delta_nii_pct_base",
    "delta_nii_pct_tier1",
]
EVE_SUMMARY = [
    "scenario",
    "currency",
    "eve",
    "delta_eve",
    "option_add_on",
    "delta_eve_after_options",
    "delta_eve_pct_base",
    "delta_eve_pct_tier1",
]
COVERAGE = [
    "product",
    "segment",
    "curve",
    "balance",
    "how",
    "share_clamped",
    "share_extrapolated",
    "share_without_burnout",
]
