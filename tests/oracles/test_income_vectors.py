"""Income over twelve months and the value of deposits, through the engine, against independent values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.market.scenarios import Scenario, ScenarioSet, Shift, ramp
from behavior.measures.aggregation import outlier_test
from behavior.measures.duration import effective_convexity, effective_duration
from behavior.quantities import Quantity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from tests.engine.simple import AS_OF, loan, table

pytestmark = pytest.mark.shared

TIMES = [0.0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30]
ZEROS = [4.30, 4.25, 4.15, 3.95, 3.75, 3.70, 3.80, 3.95, 4.15, 4.40, 4.50, 4.45]
BY_PRODUCT = SegmentScheme(("product",))


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def target(product: str, levels: list[float], betas: list[float]) -> AssumptionTable:
    """Long-run pass-through by level of the short rate."""
    grid = {Driver.RATE_LEVEL: np.asarray(levels)}
    curve = AssumptionCurve((product,), np.zeros(0, dtype=np.int64), grid, np.asarray(betas))
    name = f"target_{product}"
    drivers = (Driver.RATE_LEVEL,)
    return AssumptionTable(
        name, Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, BY_PRODUCT, (curve,), drivers=drivers
    )


def speed(product: str, delay: int) -> AssumptionTable:
    """The whole distance at once, after a delay."""
    none = np.zeros(0, dtype=np.int64)
    curves = tuple(AssumptionCurve((product,), none, {}, np.asarray(1.0), direction=way) for way in Direction)
    delays = dict.fromkeys(Direction, delay)
    return AssumptionTable(
        f"speed_{product}", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, BY_PRODUCT, curves, delay_months=delays
    )


def curves(times: list[float], zeros: list[float]) -> pd.DataFrame:
    """The discount curve, and the market index at zero."""
    rows = [("discount", 12 * t, z) for t, z in zip(times, zeros, strict=True)]
    rows += [("MARKET", 12 * t, 0.0) for t in times]
    return pd.DataFrame(rows, columns=["index", "months", "zero_rate"]).assign(as_of=AS_OF, currency="USD")


# Vector 15 ------------------------------------------------------------------------------------------------------------


def shocked(name: str, sizes: list[float]) -> Scenario:
    """Shifts and index values by month; one size acts at once."""
    shifts = (Shift(sizes[0]),) if len(sizes) == 1 else ramp(Shift(sizes[-1]), len(sizes))
    return Scenario(name, {"USD": shifts}, {"MARKET": tuple(sizes)})


def scenarios() -> ScenarioSet:
    found = [Scenario("base")]
    for size in (200, 100):
        found += [shocked(f"up{size}", [size / 1e4]), shocked(f"down{size}", [-size / 1e4])]
    for name, size in (("ramp_up200", 0.02), ("ramp_down200", -0.02)):
        found.append(shocked(name, [size * month / 12 for month in range(1, 13)]))
    return ScenarioSet(tuple(found))


def row(product: str, side: str, balance: float, rate: float, months: int = 240, **terms: Any) -> dict[str, Any]:
    return loan(months, rate, balance, product=product, side=side, repayment="bullet") | terms


def after(months: int) -> pd.Timestamp:
    return pd.Timestamp(AS_OF) + pd.offsets.MonthEnd(months)


def administered(item: dict[str, Any]) -> tuple[list[dict[str, Any]], list[AssumptionTable]]:
    """A balance whose rate follows the market: one row for each month of a phased change, one pass-through by sign."""
    rows, tables = [], []
    side = "asset" if item["balance"] > 0 else "liability"
    for delay in range(item["phase"]):
        name = item["name"] if item["phase"] == 1 else f"{item['name']}_{delay}"
        rows.append(
            row(name, side, abs(item["balance"]) / item["phase"], item["rate"], rate_type="administered", floor=0.0)
        )
        betas = [item["beta_dn"], item["beta_up"]]
        tables += [target(name, [-1e-12, 1e-12], betas), speed(name, delay)]
    return rows, tables


def rolled(item: dict[str, Any]) -> list[dict[str, Any]]:
    """A balance of which a share of today's matures each month end and is renewed at the market's rate.

    What renews at a part of the market's move is a part that renews at all of it beside one that keeps its rate. Terms
    are longer than what is left, so that no renewed slice matures inside the year.
    """
    side = "asset" if item["balance"] > 0 else "liability"
    months = round(1 / item["f"])
    share = item["beta_up"]
    assert share == item["beta_dn"]
    begun = {"origination_date": after(-24), "repayment": "linear"}
    found = [row(item["name"], side, share * abs(item["balance"]), item["rate"], months, **begun)]
    if share < 1:
        found.append(row(item["name"], side, (1 - share) * abs(item["balance"]), item["rate"]))
    return found


def small_bank(items: list[dict[str, Any]]) -> ValuationInputs:
    rows: list[dict[str, Any]] = []
    tables: list[AssumptionTable] = []
    for item in items:
        if item["type"] == "float" and item["period"] > 1:
            resets = {"next_reset_date": after(item["first"]), "reset_months": item["period"], "floor": 0.0}
            floating = {"rate_type": "floating", "index": "MARKET", "spread": item["rate"], **resets}
            rows.append(row(item["name"], "asset", item["balance"], item["rate"], **floating))
        elif item["type"] == "float":
            more, laws = administered(item)
            rows, tables = rows + more, tables + laws
        elif item["type"] == "roll":
            rows += rolled(item)
        else:
            side = "asset" if item["balance"] > 0 else "liability"
            rows.append(row(item["name"], side, abs(item["balance"]), item["rate"]))
    return ValuationInputs(
        table(*rows),
        curves([0.0, 30.0], [0.0, 0.0]),
        AS_OF,
        "USD",
        75.0,
        100.0,
        assumptions=AssumptionSet("betas", AS_OF, tuple(tables)),
        index_roles={"short": "MARKET"},
    )


def test_15_income_of_a_constant_balance_sheet(quantitative: Path) -> None:
    known = read(quantitative, "15_nii_12m.json")
    options = ValuationOptions(time="month_grid", scenarios=scenarios(), pending=False)
    found = value(small_bank(known["items"]), options)
    summary = found.nii_summary
    year = summary[(summary["balance_sheet"] == "constant") & (summary["horizon_months"] == 12)].set_index("scenario")
    monthly = found.nii[(found.nii["balance_sheet"] == "constant") & (found.nii["month"] <= after(12))]
    item = monthly["product"].str.replace(r"_\d$", "", regex=True)
    by_item = monthly.groupby(["scenario", item])["nii"].sum()
    for scenario, expected in known["scenarios"].items():
        assert year.loc[scenario, "nii"] == pytest.approx(expected["nii"], rel=1e-9), scenario
        assert year.loc[scenario, "delta_nii"] == pytest.approx(expected["delta_nii"], abs=1e-8)
        assert year.loc[scenario, "delta_nii_pct_base"] == pytest.approx(expected["delta_pct_base"], abs=1e-9)
        assert year.loc[scenario, "delta_nii_pct_tier1"] == pytest.approx(expected["delta_pct_tier1"], abs=1e-9)
        assert year.loc[scenario, "nii"] / known["earning_assets"] == pytest.approx(expected["nim"], rel=1e-9)
        for name, amount in expected["by_item"].items():
            assert by_item[scenario, name] == pytest.approx(amount, rel=1e-9), (scenario, name)
    changes = [float(year.loc[name, "delta_nii"]) for name in ("up200", "down200")]
    test = outlier_test("eu_nii", ["parallel_up", "parallel_down"], changes, known["tier1"])
    assert test.scenario == "parallel_down"
    assert not test.outlier


def test_15_month_by_month(quantitative: Path) -> None:
    items = read(quantitative, "15_nii_12m.json")["items"]
    rows = pd.read_csv(quantitative / "15_nii_12m_monthly.csv")
    options = ValuationOptions(time="month_grid", scenarios=scenarios(), pending=False, balance_sheets=("constant",))
    found = value(small_bank(items), options).nii
    number = {after(month): month for month in range(1, 13)}
    held = found[found["month"].isin(list(number))]
    named = held.assign(item=held["product"].str.replace(r"_\d$", "", regex=True), month=held["month"].map(number))
    mine = named.groupby(["scenario", "item", "month"])["nii"].sum()
    theirs = rows.set_index(["scenario", "item", "month"])["interest"]
    assert len(theirs) == 7 * 9 * 12
    np.testing.assert_allclose(mine.loc[theirs.index], theirs, rtol=1e-9, atol=1e-10)


# Vector 35 ------------------------------------------------------------------------------------------------------------


def deposits(known: dict[str, Any], beta: float | None) -> ValuationInputs:
    hazards = np.full(known["horizon_months"], known["monthly_decay"])
    hazards[-1] = 1.0
    decay = AssumptionTable(
        "decay",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        BY_PRODUCT,
        (AssumptionCurve(("savings",), np.arange(1, len(hazards) + 1), {}, hazards),),
        "withdrawal",
        MonthMeaning.SINCE_AS_OF,
    )
    tables = (decay,) if beta is None else (decay, target("savings", [0.0], [beta]))
    terms = {"repayment": "none", "rate_type": "administered", "maturity_date": pd.NaT}
    held = row("savings", "liability", known["balance"], known["rate"], servicing_cost=known["servicing_cost"], **terms)
    return ValuationInputs(
        table(held),
        curves(TIMES, [z / 100 for z in ZEROS]),
        AS_OF,
        "USD",
        75.0,
        100.0,
        assumptions=AssumptionSet("deposits", AS_OF, tables),
        index_roles={"short": "MARKET"},
    )


def worth(known: dict[str, Any], beta: float | None) -> dict[str, float]:
    sizes = {"up": 0.01, "down": -0.01}
    moved = [Scenario(name, {"USD": (Shift(size),)}, {"MARKET": (size,)}) for name, size in sizes.items()]
    options = ValuationOptions(
        time="month_grid", scenarios=ScenarioSet((Scenario("base"), *moved)), deposit_costs=True, pending=False
    )
    found = value(deposits(known, beta), options).eve.set_index("scenario")["present_value"]
    return {str(name): -float(amount) for name, amount in found.items()}


def test_35_value_and_duration_of_deposits(quantitative: Path) -> None:
    known = read(quantitative, "35_nmd_valuation.json")
    given = known["inputs"]
    found = worth(given, given["beta"])
    assert found["base"] == pytest.approx(known["value_base"], rel=1e-11)
    assert found["up"] == pytest.approx(known["value_up100"], rel=1e-11)
    assert found["down"] == pytest.approx(known["value_down100"], rel=1e-11)
    assert 1 - found["base"] / given["balance"] == pytest.approx(known["premium_pct"], rel=1e-10)
    values = [found[name] for name in ("base", "up", "down")]
    assert float(effective_duration(*values, 0.01)) == pytest.approx(known["effective_duration"], rel=1e-9)
    assert float(effective_convexity(*values, 0.01)) == pytest.approx(known["effective_convexity"], rel=1e-7)
    still = worth(given, None)
    values = [still[name] for name in ("base", "up", "down")]
    assert float(effective_duration(*values, 0.01)) == pytest.approx(known["duration_zero_beta"], rel=1e-9)


def test_35_cash_flows(quantitative: Path) -> None:
    given = read(quantitative, "35_nmd_valuation.json")["inputs"]
    rows = pd.read_csv(quantitative / "35_nmd_valuation_cashflows.csv")
    only = ValuationOptions(time="month_grid", scenarios=ScenarioSet((Scenario("base"),)), pending=False)
    flows = value(deposits(given, given["beta"]), only).cash_flows
    assert len(flows) == len(rows) == given["horizon_months"]
    np.testing.assert_allclose(flows["withdrawal"], rows["runoff"], rtol=1e-11)
    cost = rows["balance_begin"] * given["servicing_cost"] / 12
    np.testing.assert_allclose(flows["interest"] + cost, rows["interest_and_cost"], rtol=1e-11)
    life = float((flows["withdrawal"] * np.arange(1, len(flows) + 1)).sum() / 12 / given["balance"])
    assert life == pytest.approx(read(quantitative, "35_nmd_valuation.json")["wal_years"], rel=1e-11)
