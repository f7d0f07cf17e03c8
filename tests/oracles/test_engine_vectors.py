"""Formula vectors of quantitative.md that the engine answers: prepayment, annuities, decay, gap."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.engine.drivers import World
from behavior.engine.layout import CLOSING, FIELDS, INTEREST, PAYOFF, SCHEDULED
from behavior.engine.positions import Book
from behavior.engine.projection import CashFlows, ProjectionOptions, project
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.measures.gap import gap_analysis
from behavior.quantities import annual_to_monthly, monthly_to_annual, psa_to_cpr
from tests.engine.simple import flat_world, loan, monthly_zero, runoff, table

pytestmark = pytest.mark.shared


def test_07_prepayment_conversions(quantitative: Path) -> None:
    rows = pd.read_csv(quantitative / "07_prepayment_conversions.csv")
    assert len(rows) > 15
    np.testing.assert_allclose(annual_to_monthly(rows["cpr"]), rows["smm"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(monthly_to_annual(rows["smm"]), rows["cpr_roundtrip"], rtol=1e-12, atol=1e-14)
    for case, cpr in zip(rows["case"], rows["cpr"], strict=True):
        if case.startswith("psa_"):
            _, speed, _, age = case.split("_")
            assert psa_to_cpr(float(speed), int(age)) == pytest.approx(cpr, abs=1e-12)


def run(months: int, rate: float, balance: float, speed: float, seasoned: int = 0) -> CashFlows:
    hazards = annual_to_monthly(psa_to_cpr(speed, np.arange(1, months + 1) + seasoned))
    world = flat_world(monthly_zero(0.05))
    return project(Book(table(loan(months, rate, balance))), world, runoff("loan", hazards))


def test_08_psa_cash_flows(quantitative: Path) -> None:
    rows = pd.read_csv(quantitative / "08_psa_cashflows_30y_6pct.csv")
    for speed, part in rows.groupby("psa"):
        flows = run(360, 0.06, 1e6, float(speed)).flows[0, 0]
        at = part["month"].to_numpy()
        for field, column in (
            (SCHEDULED, "scheduled_principal"),
            (PAYOFF, "prepayment"),
            (INTEREST, "gross_interest"),
            (CLOSING, "balance_end"),
        ):
            np.testing.assert_allclose(flows[at, field], part[column], rtol=1e-10, atol=1e-7, err_msg=FIELDS[field])


def test_08_psa_summary(quantitative: Path) -> None:
    for _, row in pd.read_csv(quantitative / "08_psa_summary_30y_6pct.csv").iterrows():
        found = run(360, 0.06, 1e6, float(row["psa"]))
        flows = found.flows[0, 0]
        principal = flows[:, SCHEDULED] + flows[:, PAYOFF]
        life = (principal * np.arange(len(flows))).sum() / 12 / 1e6
        assert life == pytest.approx(row["wal_years"], abs=1e-9)
        assert flows[:, INTEREST].sum() == pytest.approx(row["total_interest"], abs=1e-6)
        assert flows[:, SCHEDULED].sum() == pytest.approx(row["total_scheduled_principal"], abs=1e-6)
        for month in (60, 120, 240):
            assert flows[month, CLOSING] == pytest.approx(row[f"balance_m{month}"], abs=1e-6)
        assert found.value[0, 0] == pytest.approx(row["pv_at_5pct_monthly"], rel=1e-10)


@pytest.mark.parametrize("speed", [100, 165])
def test_09_pass_through(quantitative: Path, speed: int) -> None:
    rows = pd.read_csv(quantitative / f"09_passthrough_{speed}psa_first_months.csv")
    found = run(357, 0.08125, 4e8, speed, seasoned=3)
    flows, at = found.flows[0, 0], rows["month"].to_numpy()
    np.testing.assert_allclose(flows[at, SCHEDULED], rows["scheduled_principal"], rtol=1e-9)
    np.testing.assert_allclose(flows[at[:-1], PAYOFF], rows["prepayment"].iloc[:-1], rtol=1e-9)
    np.testing.assert_allclose(flows[at, CLOSING], rows["balance_end"], rtol=1e-9, atol=1e-6)


def test_09_average_life(quantitative: Path) -> None:
    for _, row in pd.read_csv(quantitative / "09_passthrough_average_life.csv").iterrows():
        flows = run(357, 0.08125, 4e8, float(row["psa"]), seasoned=3).flows[0, 0]
        principal = flows[:, SCHEDULED] + flows[:, PAYOFF]
        life = (principal * np.arange(len(flows))).sum() / 12 / 4e8
        assert life == pytest.approx(row["wal_computed"], abs=1e-9)


def test_10_annuity(quantitative: Path) -> None:
    for _, row in pd.read_csv(quantitative / "10_annuity.csv").iterrows():
        months, rate = int(row["months"]), float(row["annual_rate"])
        # A level payment down to a balloon is an annuity of the rest and a bullet of the balloon.
        book = table(
            loan(months, rate, row["principal"] - row["balloon"]),
            loan(months, rate, row["balloon"], repayment="bullet"),
        )
        flows = project(Book(book), flat_world(), None).flows[0, 0]
        assert flows[1, SCHEDULED] + flows[1, INTEREST] == pytest.approx(row["payment"], rel=1e-11)
        assert flows[:, INTEREST].sum() == pytest.approx(row["total_interest"], rel=1e-9, abs=1e-6)
        check = int(row["check_month"])
        assert flows[check, CLOSING] == pytest.approx(row["balance_at_check_month"], rel=1e-10)


def test_11_decay(quantitative: Path) -> None:
    for _, row in pd.read_csv(quantitative / "11_decay_conversions.csv").iterrows():
        decay = float(row["monthly_decay"])
        assert monthly_to_annual(decay) == pytest.approx(row["annual_decay"], rel=1e-12)
        flows = project(
            Book(table(loan(120, 0.01, 1.0, repayment="bullet", side="liability"))),
            flat_world(),
            runoff("loan", np.full(120, decay), "withdrawal"),
        ).flows[0, 0]
        leaving = flows[:, SCHEDULED] + flows[:, 3]
        life = float((leaving * np.arange(len(flows))).sum() / 12)
        assert life == pytest.approx(row["wal_end_month_capped_10y_years"], rel=1e-11)


def test_16_repricing_gap(quantitative: Path) -> None:
    known = json.loads((quantitative / "16_repricing_gap.json").read_text())
    found = gap_analysis(known["rsa"], known["rsl"], known["mid_years"], 0.01)
    np.testing.assert_allclose(found.gap, known["gap"])
    np.testing.assert_allclose(found.cumulative, known["cumulative_gap"])
    np.testing.assert_allclose(found.income_change, known["delta_nii_plus100bp_by_bucket"], atol=1e-12)
    assert found.income_change.sum() == pytest.approx(known["delta_nii_plus100bp"], abs=1e-12)
    ratio = [np.nan if value is None else value for value in known["gap_ratio"]]
    np.testing.assert_allclose(found.ratio, ratio)
    assert found.cumulative[4] == known["cumulative_1y_gap"]


CONVENTIONS = {
    "contractual": ("pool", 0.0),
    "pool: payment scales with survivors; SMM on balance after scheduled principal (BMA)": ("pool", 0.05),
    "pool: SMM on opening balance": ("opening_balance", 0.05),
    "payment kept constant (term shortens); SMM after scheduled principal": ("constant_payment", 0.05),
}


def value_on_first_of_january(convention: str, cpr: float, annual: float) -> float:
    """100,000 at 3% over 120 months from 2026-01-01, discounted at a flat annually compounded zero on exact dates."""
    as_of = dt.date(2026, 1, 1)
    rows = [
        {"as_of": as_of, "currency": "USD", "index": "discount", "months": m, "zero_rate": np.log1p(annual)}
        for m in (0, 240)
    ]
    scenarios = ScenarioSet((Scenario("base"),))
    world = World(apply_scenarios(CurveSet.from_table(pd.DataFrame(rows)), scenarios))
    terms = {"origination_date": as_of, "maturity_date": dt.date(2036, 1, 1)}
    book = Book(table(loan(120, 0.03, 1e5, **terms)))
    hazards = np.full(120, annual_to_monthly(cpr))
    found = project(book, world, runoff("loan", hazards), ProjectionOptions(runoff_convention=convention))
    return float(found.value[0, 0])


def test_prepayment_conventions_agree_with_closed_forms(vectors: Path) -> None:
    rows = pd.read_csv(vectors / "prepay_convention_crosscheck" / "expected.csv")
    known = rows[rows["convention"].isin(CONVENTIONS)]
    assert set(known["convention"]) == set(CONVENTIONS)
    for _, row in known.iterrows():
        convention, cpr = CONVENTIONS[row["convention"]]
        assert row["cpr"] == cpr
        for annual, column in ((0.03, "pv_at_3pct"), (0.05, "pv_at_5pct")):
            assert value_on_first_of_january(convention, cpr, annual) == pytest.approx(row[column], abs=0.006)
