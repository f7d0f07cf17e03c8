"""Gaps, worth of responding behaviour, sensitivities and caps on deposits: laws on small books."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.overlay import average_years
from behavior.engine.slotting import CoreTerms, core_caps, scaled_slots, slotted, split_category, uniform_slots
from behavior.errors import BehaviorError
from behavior.market.buckets import Buckets, own_buckets, regulatory_buckets
from behavior.market.scenarios import scenario_set
from behavior.measures.behaviour_worth import behaviour_worth
from behavior.measures.gap import gap_analysis
from behavior.measures.limits import limit_use, unknown_limits
from behavior.measures.sensitivity import Case, sensitivity_table
from behavior.measures.warnings import base_warnings
from behavior.reporting.irrbb_report import irrbb_report
from behavior.workflows.even_deposits import even_book, even_months
from behavior.workflows.regulatory_overlay import regulatory_overlay
from behavior.workflows.sensitivity import scaled_annual, sensitivity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved_plan, value
from behavior.workflows.value_measures import Measures, with_measures
from behavior.workflows.value_words import EVERY
from tests.engine.simple import AS_OF, loan, runoff, table

OPTIONS = ValuationOptions(time="month_grid")


def deposit(balance: float = 8e5, **terms: Any) -> dict[str, Any]:
    open_ended = {"repayment": "none", "rate_type": "administered", "maturity_date": pd.NaT, "product": "savings"}
    return loan(1, 0.01, balance, side="liability", **{**open_ended, **terms})


def inputs(*rows: dict[str, Any], **changed: Any) -> ValuationInputs:
    curves = [
        {"as_of": AS_OF, "currency": "USD", "index": "discount", "months": months, "zero_rate": 0.03}
        for months in (0, 60, 480)
    ]
    found: dict[str, Any] = {
        "book": table(*(rows or (loan(120, 0.05), deposit()))),
        "curves": pd.DataFrame(curves),
        "as_of": AS_OF,
        "reporting_currency": "USD",
        "tier1": 1e5,
        "book_equity": 2e5,
        "assumptions": runoff("savings", np.full(60, 0.008), "withdrawal"),
    }
    return ValuationInputs(**{**found, **changed})


def extra(name: str, held: ValuationInputs, options: ValuationOptions = OPTIONS) -> dict[str, pd.DataFrame]:
    return dict(with_measures(value(held, options), held, options, Measures((name,))).extra or {})


def test_the_liquidity_gap_holds_all_cash_once() -> None:
    overnight = loan(1, 0.0, 5e4, repayment="bullet", maturity_date=pd.Timestamp("2026-01-01"), product="cash")
    held = inputs(loan(120, 0.05), overnight, deposit())
    flows = value(held, OPTIONS).cash_flows
    flows = flows[flows["scenario"] == "base"]
    paid = flows[["scheduled", "withdrawal", "interest", "accrued_interest"]].sum(axis=1).groupby(flows["side"]).sum()
    table_ = extra("liquidity_gap", held)["liquidity_gap"]
    sums = table_.groupby("side")["cash_flow"].sum()
    for side in ("asset", "liability"):
        assert sums[side] == pytest.approx(paid[side], rel=1e-12)
    first = table_[table_["bucket"] == "ON"].set_index("side")["cash_flow"]
    assert first["asset"] == pytest.approx(5e4)
    assert first["liability"] == 0
    assert table_["cumulative_gap"].iloc[-1] == pytest.approx(sums["asset"] - sums["liability"], rel=1e-12)


def test_interest_that_is_added_to_a_balance_is_no_cash() -> None:
    held = inputs(loan(120, 0.05, agreed_payment=3000.0), deposit())
    flows = value(held, OPTIONS).cash_flows.query("scenario == 'base' and side == 'asset'")
    assert flows["capitalised"].sum() > 1e3
    paid = (flows["scheduled"] + flows["interest"] - flows["capitalised"]).sum()
    cash = extra("liquidity_gap", held)["liquidity_gap"].query("side == 'asset'")["cash_flow"]
    assert cash.sum() == pytest.approx(paid, rel=1e-12)
    assert cash.iloc[1] == pytest.approx(3000.0)


def test_gaps_in_the_users_buckets() -> None:
    held, options = inputs(), replace(OPTIONS, buckets=own_buckets([6, 60]))
    assert extra("liquidity_gap", held, options)["liquidity_gap"]["bucket"].unique().tolist() == [
        "0-6M",
        "6-60M",
        ">60M",
    ]
    gap = value(held, options).gap
    assert gap["repricing_amount"].sum() == pytest.approx(1.8e6)


@pytest.mark.shared
def test_16_gap_of_a_book_in_the_vectors_buckets(quantitative: Path) -> None:
    known = json.loads((quantitative / "16_repricing_gap.json").read_text())
    middle = tuple(25.0 if year is None else float(year) for year in known["mid_years"])
    buckets = Buckets(tuple(known["buckets"]), (0.0, 3.0, 6.0, 9.0, 12.0, np.inf), middle)
    rows = []
    for side, amounts in (("asset", known["rsa"]), ("liability", known["rsl"])):
        for months, amount in zip((0, 3, 6, 9, 12, 60), amounts, strict=True):
            ends = pd.Timestamp(AS_OF) + (pd.Timedelta(days=1) if months == 0 else pd.offsets.MonthEnd(months))
            rows.append(loan(1, 0.03, amount, side=side, product=side, repayment="bullet", maturity_date=ends))
    found = value(inputs(*rows, assumptions=None), replace(OPTIONS, buckets=buckets)).gap
    sides = found.pivot(index="bucket", columns="side", values="repricing_amount").loc[known["buckets"]]
    running = found.drop_duplicates("bucket").set_index("bucket")["cumulative_gap"].loc[known["buckets"]]
    np.testing.assert_allclose(running, known["cumulative_gap"], atol=1e-9)
    analysis = gap_analysis(sides["asset"], sides["liability"], known["mid_years"], 0.01)
    np.testing.assert_allclose(analysis.gap, known["gap"], atol=1e-9)
    assert analysis.income_change.sum() == pytest.approx(known["delta_nii_plus100bp"], abs=1e-11)
    assert analysis.cumulative[4] / 800 == pytest.approx(known["cumulative_1y_gap_pct_assets"])


def test_behaviour_that_reads_no_rate_is_worth_nothing_by_responding() -> None:
    found = extra("behaviour", inputs())["behaviour_worth"]
    assert set(found["measure"]) >= {"eve", "nii_12_run_off", "nii_24_constant"}
    np.testing.assert_allclose(found["response"], 0.0, atol=1e-6)
    # Multipliers are for prepayment and early redemption: deposits without maturity are left as they are.
    np.testing.assert_allclose(found["change_standardised"], found["change_model"], atol=1e-6)


def test_worth_is_model_less_frozen() -> None:
    def summary(*values: float) -> pd.DataFrame:
        return pd.DataFrame({"scenario": ["base", "up"], "currency": "total", "eve": values})

    def income(*values: float) -> pd.DataFrame:
        held = {"scenario": ["base", "up"], "balance_sheet": "constant", "horizon_months": 12, "nii": values}
        return pd.concat([pd.DataFrame(held), pd.DataFrame({**held, "horizon_months": 24})])

    found = behaviour_worth(
        {"model": summary(10, 4), "frozen": summary(10, 7)}, {"model": income(3, 5), "frozen": income(3, 4)}
    )
    assert found["response"].tolist() == [-3.0, 1.0, 1.0]
    assert "rate_response" not in found
    rates = {"frozen_rates": summary(10, 8)}, {"frozen_rates": income(3, 3)}
    found = behaviour_worth(
        {"model": summary(10, 4), "frozen": summary(10, 7), **rates[0]},
        {"model": income(3, 5), "frozen": income(3, 4), **rates[1]},
    )
    assert found["rate_response"].tolist() == [-1.0, 1.0, 1.0]


def test_sensitivities_of_a_book() -> None:
    prepaying = runoff("loan", np.full(120, 0.01))
    both = replace(prepaying, tables=(*prepaying.tables, *inputs().assumptions.tables))  # type: ignore[union-attr]
    held = inputs(assumptions=replace(both, tables=tuple(replace(t, name=f"t{k}") for k, t in enumerate(both.tables))))
    found = sensitivity(held, OPTIONS, factors=(0.5, 1.5))
    assert set(found["assumption"]) == {"deposit_life", "prepayment"}
    assert len(found) == 2 * 2 * 3
    base = found[found["scenario"] == "base"]
    assert (base["delta_eve"] == 0).all()
    assert (base["effect_on_delta_eve"] == 0).all()
    life = found[(found["assumption"] == "deposit_life") & (found["scenario"] == "base")].set_index("factor")
    # Cheap deposits are worth more the longer they stay.
    assert life.loc[1.5, "effect_on_eve"] > 0 > life.loc[0.5, "effect_on_eve"]
    size = found.assign(size=found[["effect_on_eve", "effect_on_delta_eve"]].abs().max(axis=1))
    assert size.groupby("rank")["size"].max().is_monotonic_decreasing


def test_an_assumption_times_one_changes_nothing() -> None:
    found = sensitivity(inputs(), OPTIONS, factors=(1.0,))
    np.testing.assert_allclose(found[["effect_on_eve", "effect_on_nii"]], 0.0, atol=1e-6)


@given(st.floats(0.0, 1.0), st.floats(0.1, 5.0))
def test_scaled_speeds_stay_shares(hazard: float, factor: float) -> None:
    found = float(scaled_annual(np.asarray(hazard), factor))
    assert 0.0 <= found <= 1.0
    annual = 1 - (1 - hazard) ** 12
    assert 1 - (1 - found) ** 12 == pytest.approx(min(1.0, factor * annual), abs=1e-9)


def test_ranks_follow_the_largest_effect() -> None:
    used = Case("as used", 1.0, {"base": 100.0, "up": 90.0}, {})
    cases = [Case("small", 0.5, {"base": 101.0, "up": 91.0}, {}), Case("large", 0.5, {"base": 100.0, "up": 80.0}, {})]
    found = sensitivity_table(used, cases)
    assert found["assumption"].tolist() == ["large", "large", "small", "small"]
    assert found["effect_on_delta_eve"].tolist() == [0.0, -10.0, 0.0, 0.0]


def test_caps_on_core_deposits() -> None:
    rows = (loan(120, 0.05), deposit(6e5, customer_type="retail_transactional"), deposit(4e5, customer_type="other"))
    held = inputs(*rows, assumptions=runoff("savings", np.full(60, 0.005), "withdrawal"))
    found = regulatory_overlay(held, OPTIONS, {"USD": 1.0})
    assert found is not None
    steps = found.steps.set_index("category")
    assert steps.loc["retail_transactional", "core_share_used"] == pytest.approx(0.9)
    assert steps.loc["wholesale", "core_share_used"] == pytest.approx(0.5)
    assert steps.loc["retail_transactional", "years_used"] == pytest.approx(5.0, abs=1e-3)
    assert steps.loc["wholesale", "years_used"] == pytest.approx(4.0, abs=1e-3)
    assert "other" in found.warnings[0]
    base = found.eve.set_index("scenario")
    # Balances that leave sooner are owed sooner: less is gained from deposits that pay little.
    assert base.loc["base", "eve_capped"] < base.loc["base", "eve_uncapped"]
    own = value(held, OPTIONS).eve_summary.set_index(["scenario", "currency"])["eve"]
    for scenario in base.index:
        assert base.loc[scenario, "eve_uncapped"] == pytest.approx(own[scenario, "total"], rel=1e-12)


def test_caps_that_do_not_bind_change_nothing() -> None:
    held = inputs(loan(120, 0.05), deposit(customer_type="retail_transactional", stable_share=0.9, pass_through=0.0))
    held = replace(held, assumptions=runoff("savings", np.full(480, 0.05), "withdrawal"))
    found = regulatory_overlay(held, OPTIONS, {"USD": 1.0})
    assert found is not None
    step = found.steps.iloc[0]
    assert (step["core_share_modelled"], step["core_share_used"]) == (pytest.approx(0.9), pytest.approx(0.9))
    assert step["factor_on_times"] == 1.0


@settings(deadline=None)
@given(st.floats(0.1, 1.0), st.floats(0.0, 0.9), st.floats(0.5, 12.0), st.sampled_from(sorted(core_caps("bcbs"))))
def test_slots_hold_the_whole_balance(stable: float, moved: float, years: float, category: str) -> None:
    cap, buckets = core_caps("bcbs")[category], regulatory_buckets()
    (split,) = split_category([CoreTerms(1000.0, stable, moved, years)], cap)
    profile = np.diff(np.concatenate([[0.0], 1 - 0.97 ** np.arange(1, 481)]))
    for slotting in ("uniform", "scaled"):
        amounts = slotted(split, buckets, slotting, profile)
        assert amounts.sum() == pytest.approx(1000.0)
        assert (amounts >= -1e-12).all()
    assert split.core <= cap.share * 1000.0 + 1e-9
    assert split.years <= cap.years
    middle = np.asarray(buckets.midpoint_years)
    assert float((uniform_slots(1.0, split.years, buckets) * middle).sum()) <= cap.years + 0.5


def test_a_scaled_profile_has_the_average_it_is_asked_for() -> None:
    fine = Buckets(tuple(f"{m}" for m in range(1, 2402)), (*map(float, range(1, 2401)), np.inf), (0.0,) * 2401)
    profile = np.diff(np.concatenate([[0.0], 1 - 0.98 ** np.arange(1, 481)]))
    amounts = scaled_slots(1.0, profile, 3.0, fine)
    months = np.arange(1, 2402) - 0.5
    assert float((amounts * months).sum()) / 12 == pytest.approx(3.0, abs=1e-3)
    (split,) = split_category([CoreTerms(1.0, 1.0, 0.0)], core_caps("bcbs")["wholesale"])
    with pytest.raises(BehaviorError, match="slotting"):
        slotted(split, fine, "even")


def test_shares_of_a_negative_base_are_warned_of() -> None:
    held = inputs(loan(120, 0.01, 5e5), deposit())
    result = value(held, OPTIONS)
    words = " ".join(result.facts["warnings"])
    assert "negative" in words
    assert "opposite signs" in words
    assert "delta_eve_pct_base" in words
    assert "opposite signs" not in " ".join(value(inputs(), OPTIONS).facts["warnings"])


def test_a_base_next_to_nothing_is_warned_of() -> None:
    eve = pd.DataFrame(
        {"scenario": ["base", "up"], "currency": "total", "eve": [1.0, -99.0], "delta_eve": [0.0, -100.0]}
    )
    nii = pd.DataFrame(
        {"scenario": ["base"], "balance_sheet": "constant", "horizon_months": 12, "nii": [5.0], "delta_nii": [0.0]}
    )
    assert ["next to nothing" in line for line in base_warnings(eve, nii, 1.0)] == [True]


def test_every_measure_adds_its_tables_and_says_what_it_did() -> None:
    held = inputs(loan(120, 0.05), deposit(customer_type="wholesale"))
    found = with_measures(value(held, OPTIONS), held, OPTIONS, Measures(EVERY))
    assert {
        "durations",
        "key_rate_durations",
        "liquidity_gap",
        "behaviour_worth",
        "regulatory_overlay",
        "regulatory_overlay_eve",
        "assumption_sensitivity",
        "standardised_eve",
        "standardised_buckets",
    } <= set(found.extra or {})
    said = found.facts["measures"]
    assert said["rate_bumps"]["key_months"] == [12.0, 24.0, 36.0, 60.0, 84.0, 120.0]
    assert "BCBS d368" in said["regulatory_overlay"]["source"]
    assert "names no `stable_share` for savings wholesale USD" in said["standardised"]["warnings"][0]
    titles = {section.title for section in irrbb_report(found, held.assumptions, {}).sections}
    assert {
        "Liquidity gap",
        "Durations and key rates",
        "What responding behaviour is worth",
        "Sensitivity to key assumptions",
        "Regulatory caps on deposits",
        "Standardised framework",
    } <= titles


def test_a_stable_part_that_the_book_names_is_the_core_and_one_that_it_does_not_is_said() -> None:
    rows = [deposit(customer_type="retail_transactional", stable_share=share) for share in (0.7, 0.9)]
    known = inputs(loan(120, 0.05), *rows)
    found = with_measures(value(known, OPTIONS), known, OPTIONS, Measures(("standardised",)))
    assert found.facts["measures"]["standardised"]["warnings"] == []
    slots = (found.extra or {})["standardised_slots"]
    assert slots.loc[slots["treatment"] == "nmd", "stable"].sum() == pytest.approx(8e5 * 1.6)
    half = inputs(loan(120, 0.05), rows[0], deposit(customer_type="wholesale"))
    said = with_measures(value(half, OPTIONS), half, OPTIONS, Measures(("standardised",)))
    (words,) = said.facts["measures"]["standardised"]["warnings"]
    assert "wholesale" in words and "retail_transactional" not in words
    shown = irrbb_report(said, half.assumptions, {})
    blocks = next(one for one in shown.sections if one.title == "Standardised framework").blocks
    assert any(words == getattr(block, "text", None) for block in blocks)


def moving(**cells: Any) -> pd.DataFrame:
    """One row of a plan or a mix shift that acts in one scenario of the framework alone."""
    row = {"currency": "USD", "month": pd.Timestamp("2026-03-31"), "term_months": 12, "rate": 0.04}
    return pd.DataFrame([row | {"scenario": "steepener"} | cells])


@pytest.mark.parametrize("sheets", [None, ("dynamic",), ("constant", "dynamic")])
def test_business_of_one_scenario_leaves_the_measures_of_other_scenarios_as_they_are(
    sheets: tuple[str, ...] | None,
) -> None:
    options = replace(OPTIONS, balance_sheets=sheets)
    given: dict[str, Any] = {"plan": moving(product="loan", side="asset", volume=1e5)}
    if sheets is None or "constant" in sheets:
        given["mix_shift"] = moving(from_product="savings", to_product="term", share=0.1)
    held, plain = inputs(**given), inputs()
    found = dict(with_measures(value(held, options), held, options, Measures(EVERY)).extra or {})
    other = dict(with_measures(value(plain, OPTIONS), plain, OPTIONS, Measures(EVERY)).extra or {})
    assert set(other) <= set(found)
    for name in ("durations", "key_rate_durations", "standardised_eve", "standardised_buckets"):
        pd.testing.assert_frame_equal(found[name], other[name])
    columns = ["assumption", "factor", "scenario", "eve", "effect_on_eve"]
    pd.testing.assert_frame_equal(found["assumption_sensitivity"][columns], other["assumption_sensitivity"][columns])


def test_use_of_the_banks_own_limits() -> None:
    eve = pd.DataFrame({"scenario": ["base", "up", "down"], "currency": "total", "eve": [200.0, 180.0, 190.0]}).assign(
        delta_eve_after_options=[0.0, -20.0, -10.0]
    )
    nii = pd.DataFrame({"scenario": ["base", "up"], "nii": [8.0, 9.0], "delta_nii": [0.0, 1.0]})
    nii = nii.assign(balance_sheet="constant", horizon_months=12)
    limits = {"delta_eve_tier1": 0.15, "delta_eve_base": 0.2, "delta_nii_tier1": 0.05, "house": 1.0}
    found = limit_use(limits, eve, nii, 100.0).set_index("limit")
    assert found.loc["delta_eve_tier1", ["scenario", "status"]].tolist() == ["up", "above"]
    assert found.loc["delta_eve_tier1", "used"] == pytest.approx(0.2 / 0.15)
    assert found.loc["delta_eve_base", "used"] == pytest.approx(0.5)
    # A gain uses nothing of a limit on falls.
    assert found.loc["delta_nii_tier1", "used"] == 0.0
    assert unknown_limits(limits) == ("house",)


def test_shapes_of_the_curve_beside_parallel_shocks() -> None:
    shapes = scenario_set("us_shapes", ["USD"])
    at = np.asarray([0.25, 10.0])
    moved = {one.name: one.shifts_of("USD")[0].at(at) for one in shapes.scenarios[1:]}
    assert {"bear_steepener", "bull_steepener", "bear_flattener", "bull_flattener"} <= set(moved)
    for name, (short, long) in moved.items():
        if "flattener" in name or "steepener" in name:
            assert bool(long > short) is ("steepener" in name), name
            assert bool(short + long > 0) is name.startswith("bear"), name
    assert shapes.aggregation == "sum"


def test_uniform_slotting_repays_the_core_evenly_with_the_average_that_is_allowed() -> None:
    rows = (loan(120, 0.05), deposit(6e5, customer_type="retail_transactional"), deposit(4e5, customer_type="other"))
    held = inputs(*rows, assumptions=runoff("savings", np.full(60, 0.005), "withdrawal"))
    found = regulatory_overlay(held, OPTIONS, {"USD": 1.0}, slotting="uniform")
    assert found is not None
    steps = found.steps.set_index("category")
    assert steps["slotting"].unique().tolist() == ["uniform"]
    assert steps["years_used"].to_dict() == {"retail_transactional": 5.0, "wholesale": 4.0}
    assert steps["even_over_years"].tolist() == pytest.approx([119 / 12, 95 / 12])
    scaled = regulatory_overlay(held, OPTIONS, {"USD": 1.0})
    assert scaled is not None
    for column in ("core_share_modelled", "core_share_used", "years_modelled"):
        np.testing.assert_allclose(found.steps[column], scaled.steps[column])
    base, beside = found.eve.set_index("scenario"), scaled.eve.set_index("scenario")
    np.testing.assert_allclose(base["eve_uncapped"], beside["eve_uncapped"])

    def owed(core: float, months: int, zero: float) -> float:
        """Core / months at each month's end, and a month's interest of 1% on what is left."""
        month = np.arange(1, months + 1)
        left = core * (1.0 - (month - 1) / months)
        return float(((core / months + left * 0.01 / 12) * np.exp(-zero * month / 12)).sum())

    own = value(held, OPTIONS).eve.set_index(["scenario", "product"])["present_value"]
    for scenario, zero in (("base", 0.03), ("parallel_up", 0.05)):
        # A tenth of the transactional balance and half of the other leave on the first day.
        overnight = (0.1 * 6e5 + 0.5 * 4e5) * math.exp(-zero * 1 / 372)
        by_hand = own[scenario, "loan"] - owed(0.9 * 6e5, 119, zero) - owed(0.5 * 4e5, 95, zero) - overnight
        assert base.loc[scenario, "eve_capped"] == pytest.approx(by_hand, rel=1e-6)


def test_a_core_between_whole_months_is_two_even_parts_with_its_average() -> None:
    held = inputs(
        deposit(1e6, customer_type="retail_transactional"),
        assumptions=runoff("savings", np.full(480, 0.03), "withdrawal"),
    )
    found = regulatory_overlay(held, OPTIONS, {"USD": 1.0}, slotting="uniform")
    assert found is not None
    step = found.steps.iloc[0]
    assert step["years_used"] == step["years_modelled"] < step["years_cap"]
    plan = resolved_plan(held, replace(OPTIONS, cash_flows=False))[1]
    months = np.asarray([even_months(float(step["years_modelled"]))])
    book, place = even_book(plan, np.asarray([0]), months)
    assert place.tolist() == [0, 0]
    assert book["balance"].sum() == pytest.approx(1e6, rel=1e-12)
    even = resolved_plan(replace(held, book=book, assumptions=None), OPTIONS)[1]
    assert average_years(even) == pytest.approx(step["years_modelled"], rel=1e-12)


def test_another_word_for_slotting_is_refused() -> None:
    with pytest.raises(BehaviorError, match="expected uniform or scaled"):
        regulatory_overlay(inputs(), OPTIONS, {"USD": 1.0}, slotting="even")
