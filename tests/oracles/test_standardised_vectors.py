"""The standardised framework through the engine: slots, multipliers, prepayment by bucket, EVE of a small bank."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.market.buckets import regulatory_buckets
from behavior.market.scenarios import ScenarioSet, scenario_set
from behavior.measures.aggregation import aggregate, outlier_test
from behavior.measures.sensitivity import Case, sensitivity_table
from behavior.workflows.sensitivity import parallel_scenarios
from behavior.workflows.standardised import standardised_value
from behavior.workflows.standardised_book import scaled_portfolios
from behavior.workflows.standardised_core import BY_BUCKET, NMD, PREPAYABLE, TERM_DEPOSIT, Framework, Portfolio
from behavior.workflows.valuation import ValuationInputs, ValuationOptions

pytestmark = pytest.mark.shared

AS_OF = dt.date(2025, 12, 31)
SIX = ("parallel_up", "parallel_down", "steepener", "flattener", "short_up", "short_down")
TIMES = [0.0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30]
ZEROS = [4.30, 4.25, 4.15, 3.95, 3.75, 3.70, 3.80, 3.95, 4.15, 4.40, 4.50, 4.45]


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def row(product: str, side: str, balance: float, rate: float, months: int, **terms: Any) -> dict[str, Any]:
    end = (np.datetime64("2025-12") + months + 1).astype("datetime64[D]") - 1
    return {
        "position_id": product,
        "product": product,
        "side": side,
        "currency": "USD",
        "balance": balance,
        "rate_type": "fixed",
        "rate": rate,
        "repayment": "bullet",
        "origination_date": pd.NaT,
        "maturity_date": pd.Timestamp(end),
        "payment_months": 12,
    } | terms


def deposit(product: str, balance: float) -> dict[str, Any]:
    open_ended = {"repayment": "none", "maturity_date": pd.NaT, "rate_type": "administered", "payment_months": 1}
    return row(product, "liability", balance, 0.01, 12) | open_ended


def inputs(*rows: dict[str, Any]) -> ValuationInputs:
    curves = [
        {"as_of": AS_OF, "currency": "USD", "index": "discount", "months": 12 * t, "zero_rate": z / 100}
        for t, z in zip(TIMES, ZEROS, strict=True)
    ]
    book = pd.DataFrame(list(rows))
    for column in [name for name in book if name.endswith("_date")]:
        book[column] = pd.to_datetime(book[column])
    return ValuationInputs(book, pd.DataFrame(curves), AS_OF, "USD", 75.0, 100.0)


CASES = {"A": "checking", "B": "savings", "C": "wholesale_deposits"}


def small_bank() -> ValuationInputs:
    floating = {"rate_type": "floating", "index": "TERM", "next_reset_date": "2026-03-31", "payment_months": 3}
    return inputs(
        row("cash", "asset", 50.0, 0.0, 1, maturity_date="2026-01-01", payment_months=1),
        row("floating_loans", "asset", 200.0, 0.0425, 60, **floating),
        row("bonds", "asset", 150.0, 0.04, 60),
        row("mortgages", "asset", 400.0, 0.04, 300, repayment="annuity", payment_months=1),
        deposit("checking", 300.0),
        deposit("savings", 200.0),
        deposit("wholesale_deposits", 100.0),
        row("term_deposits", "liability", 120.0, 0.035, 24),
        row("wholesale_bond", "liability", 40.0, 0.045, 36),
    )


def portfolios(folder: Path) -> tuple[Portfolio, ...]:
    known = {one["case"]: one for one in read(folder, "05_nmd_slotting.json")["cases"]}
    return (
        *(
            Portfolio(
                product,
                NMD,
                category=known[case]["category"],
                stable_share=known[case]["stable_share"],
                pass_through=known[case]["pass_through"],
                years=known[case]["avg_maturity_model"],
            )
            for case, product in CASES.items()
        ),
        Portfolio("mortgages", PREPAYABLE, annual_rate=0.07),
        Portfolio("term_deposits", TERM_DEPOSIT, annual_rate=0.05),
    )


def options(scenarios: ScenarioSet | None = None) -> ValuationOptions:
    return ValuationOptions(time="month_grid", scenarios=scenarios or scenario_set("bcbs_2024", ["USD"]), floor=-0.02)


def of(summary: pd.DataFrame, column: str) -> dict[str, float]:
    rows = summary[summary["currency"] == "total"]
    return dict(zip(rows["scenario"], rows[column], strict=True))


def test_05_deposits_in_their_slots(quantitative: Path) -> None:
    known = read(quantitative, "05_nmd_slotting.json")
    assert known["bucket_labels"] == list(regulatory_buckets().labels)
    assert len(known["cases"]) == 7
    for case in known["cases"]:
        portfolio = Portfolio(
            "deposits",
            NMD,
            category=case["category"],
            stable_share=case["stable_share"],
            pass_through=case["pass_through"],
            years=case["avg_maturity_model"],
        )
        found = standardised_value(inputs(deposit("deposits", case["total"])), options(), [portfolio])
        cash = found.buckets[found.buckets["scenario"] == "parallel_up"]
        np.testing.assert_allclose(-cash["cash_flow"], case["buckets"], rtol=1e-10, atol=1e-10, err_msg=case["case"])
        slot = found.slots.iloc[0]
        for column, name in (
            ("stable", "stable"),
            ("core_uncapped", "core_uncapped"),
            ("core", "core"),
            ("core_share_cap", "cap_core_ratio"),
            ("years_cap", "avg_maturity_cap"),
            ("years_used", "avg_maturity_used"),
        ):
            assert slot[column] == pytest.approx(case[name], rel=1e-12), (case["case"], name)
        assert bool(slot["cap_binds"]) is case["cap_binding"]
        middle = np.asarray(regulatory_buckets().midpoint_years)
        core = np.asarray(case["buckets"]) - np.eye(19)[0] * case["non_core"]
        if case["core"]:
            average = (core * middle).sum() / case["core"]
            assert average == pytest.approx(case["avg_maturity_by_midpoints"], rel=1e-9)


@pytest.mark.parametrize(("annual", "column"), [(0.07, "cpr_base_7pct"), (0.90, "cpr_base_90pct_capped")])
def test_06_prepayment_multipliers(quantitative: Path, annual: float, column: str) -> None:
    rows = pd.read_csv(quantitative / "06_behavioural_multipliers.csv").set_index("scenario")
    bank = inputs(row("loan", "asset", 100.0, 0.0, 240))
    found = standardised_value(bank, options(), [Portfolio("loan", PREPAYABLE, annual_rate=annual)])
    assert set(rows.index) == set(SIX)
    for scenario in SIX:
        cash = found.buckets[found.buckets["scenario"] == scenario]["cash_flow"].to_numpy()
        # What is gone after twelve months of a loan that pays nothing before its end.
        assert cash[:6].sum() / 100 == pytest.approx(rows.loc[scenario, column], rel=1e-10)


@pytest.mark.parametrize(("share", "column"), [(0.05, "tdrr_base_5pct"), (0.90, "tdrr_base_90pct_capped")])
def test_06_redemption_multipliers(quantitative: Path, share: float, column: str) -> None:
    rows = pd.read_csv(quantitative / "06_behavioural_multipliers.csv").set_index("scenario")
    bank = inputs(row("term", "liability", 120.0, 0.0, 24))
    found = standardised_value(bank, options(), [Portfolio("term", TERM_DEPOSIT, annual_rate=share)])
    for scenario in SIX:
        cash = found.buckets[found.buckets["scenario"] == scenario]["cash_flow"].to_numpy()
        assert -cash[0] / 120 == pytest.approx(rows.loc[scenario, column], rel=1e-12)
        assert cash.sum() == pytest.approx(-120.0)


def test_14_economic_value_of_a_small_bank(quantitative: Path) -> None:
    known = read(quantitative, "14_eve_small_bank.json")
    found = standardised_value(small_bank(), options(), portfolios(quantitative))
    eve, change, frozen = (of(found.summary, name) for name in ("eve", "delta_eve", "delta_eve_frozen"))
    assert eve["base"] == pytest.approx(known["eve_base"], rel=1e-10)
    for scenario in SIX:
        expected = known["scenarios"][scenario]
        assert eve[scenario] == pytest.approx(expected["eve"], rel=1e-10)
        assert change[scenario] == pytest.approx(expected["delta_eve"], rel=1e-9)
        assert frozen[scenario] == pytest.approx(expected["delta_eve_frozen_cashflows"], rel=1e-9)
        mine = found.by_product[found.by_product["scenario"] == scenario].set_index("product")["present_value"]
        parts = {name.split("_", 1)[0]: value for name, value in expected["pv_by_item"].items()}
        for product, item in {"cash": "A1", "floating_loans": "A2", "mortgages": "A4", "term_deposits": "L4"}.items():
            assert mine[product] == pytest.approx(parts[item], rel=1e-10)
        for product, item in {"checking": "L1", "savings": "L2", "wholesale_deposits": "L3"}.items():
            assert mine[product] == pytest.approx(parts[item], rel=1e-10)
    test = outlier_test("bcbs_eve", list(SIX), [change[name] for name in SIX], known["tier1"])
    assert (test.scenario, test.outlier) == (known["worst_scenario"], known["outlier_15pct"])
    worst = aggregate([[change[name]] for name in SIX], "basel").min()
    assert -worst == pytest.approx(known["max_loss"], rel=1e-9)


def test_14_cash_by_bucket(quantitative: Path) -> None:
    rows = pd.read_csv(quantitative / "14_eve_buckets.csv")
    found = standardised_value(small_bank(), options(), portfolios(quantitative)).buckets
    joined = rows.merge(found, on=["scenario", "bucket"], validate="one_to_one")
    assert len(joined) == len(rows) == 6 * 19
    np.testing.assert_allclose(joined["cash_flow"], joined["cf_scenario"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(joined["cash_flow_base"], joined["cf_base"], rtol=1e-9, atol=1e-9)


def test_14_at_exact_times(quantitative: Path) -> None:
    known = read(quantitative, "14_eve_small_bank.json")["exact_time_variant"]
    framework = Framework(contractual_times="dates")
    found = standardised_value(small_bank(), options(), portfolios(quantitative), framework)
    assert of(found.summary, "eve")["base"] == pytest.approx(known["eve_base"], rel=1e-9)
    for scenario, change in known["delta_eve"].items():
        assert of(found.summary, "delta_eve")[scenario] == pytest.approx(change, rel=1e-8)


def test_34_parallel_shocks(quantitative: Path) -> None:
    known = read(quantitative, "34_us_shocks_and_sensitivities.json")
    chosen = options(scenario_set("us_parallel", ["USD"]))
    found = standardised_value(small_bank(), chosen, portfolios(quantitative)).summary
    change = of(found, "delta_eve")
    assert of(found, "eve")["base"] == pytest.approx(known["eve_base"], rel=1e-10)
    for size, expected in known["parallel_shocks_bp"].items():
        name = f"{'up' if int(size) > 0 else 'down'}_{abs(int(size))}"
        assert change[name] == pytest.approx(expected["delta_eve"], rel=1e-9)


def test_34_sensitivity_to_assumptions(quantitative: Path) -> None:
    known = read(quantitative, "34_us_shocks_and_sensitivities.json")["assumption_sensitivity"]
    scenarios, bank, plain = parallel_scenarios(), small_bank(), portfolios(quantitative)

    def case(name: str, factor: float) -> Case:
        scaled = scaled_portfolios(plain, name, factor)
        found = standardised_value(bank, options(scenarios), scaled)
        return Case(name, factor, of(found.summary, "eve"), {})

    factors = {"deposit_life": ("nmd_life", (0.5, 0.8, 1.2)), "prepayment": ("cpr", (0.5, 1.5))}
    cases = [case(name, factor) for name, (_, held) in factors.items() for factor in held]
    table = sensitivity_table(case("deposit_life", 1.0), cases).set_index(["assumption", "factor", "scenario"])
    for name, (label, held) in factors.items():
        for factor in held:
            expected = known[f"{label}_x{factor:g}"]
            mine = table.loc[(name, factor, "up_200")]
            assert table.loc[(name, factor, "base"), "eve"] == pytest.approx(expected["eve_base"], rel=1e-10)
            assert mine["delta_eve"] == pytest.approx(expected["delta_eve_plus200"], rel=1e-9)
            effect = expected["delta_eve_plus200"] - known["base"]["delta_eve_plus200"]
            assert mine["effect_on_delta_eve"] == pytest.approx(effect, rel=1e-7)


def test_37_prepayment_by_bucket(quantitative: Path) -> None:
    known = read(quantitative, "37_bucket_prepayment.json")
    bank = inputs(row("loan", "asset", 100.0, 0.0, 60))
    framework = Framework(prepayment=BY_BUCKET)
    found = standardised_value(bank, options(), [Portfolio("loan", PREPAYABLE, annual_rate=0.07)], framework)
    cash = found.buckets.pivot(index="bucket", columns="scenario", values="cash_flow").loc[known["bucket_labels"]]
    base = found.buckets[found.buckets["scenario"] == "parallel_up"]["cash_flow_base"]
    for scenario, expected in known["principal_by_scenario"].items():
        mine = base.to_numpy() if scenario == "base" else cash[scenario].to_numpy()
        np.testing.assert_allclose(mine, expected, rtol=1e-10, atol=1e-10)


def test_37_early_redemption(quantitative: Path) -> None:
    known = read(quantitative, "37_bucket_prepayment.json")["term_deposit_120_tdrr_5pct"]
    bank = inputs(row("term", "liability", 120.0, 0.0, 24))
    found = standardised_value(bank, options(), [Portfolio("term", TERM_DEPOSIT, annual_rate=0.05)]).buckets
    for scenario, expected in known.items():
        column = "cash_flow_base" if scenario == "base" else "cash_flow"
        held = found[found["scenario"] == ("parallel_up" if scenario == "base" else scenario)].set_index("bucket")
        assert -held.loc["ON", column] == pytest.approx(expected["early_redeemed_ON"])
        assert -held.loc["1.5Y_2Y", column] == pytest.approx(expected["remaining_at_contractual"])
