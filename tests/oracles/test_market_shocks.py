"""Shock sizes, shocks by tenor, floors and buckets against values that no code of this project produced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.market.buckets import regulatory_buckets
from behavior.market.floors import floor_rule
from behavior.market.regulation import parameters
from behavior.market.shifts import BASIS_POINT
from behavior.market.shocks import shock_sizes, six_shifts

FRAMEWORKS = {"BCBS_d368_2016": "bcbs_2016", "BCBS_d578_2024": "bcbs_2024", "EU_2024_856_PartA": "eu_2024_856"}


def test_shock_sizes_of_every_framework_and_currency(quantitative: Path) -> None:
    expected = pd.read_csv(quantitative / "01_shock_tables.csv")
    assert set(expected["table"]) == set(FRAMEWORKS)
    for table, rows in expected.groupby("table"):
        framework = FRAMEWORKS[str(table)]
        assert tuple(sorted(parameters(framework)["sizes_bp"].values)) == tuple(sorted(rows["currency"]))
        for row in rows.itertuples():
            sizes = shock_sizes(framework, str(row.currency))
            assert (sizes.parallel_bp, sizes.short_bp, sizes.long_bp) == (row.parallel_bp, row.short_bp, row.long_bp)
            assert sizes.listed


def test_eu_annex_part_a(vectors: Path) -> None:
    expected = pd.read_csv(vectors / "irrbb_shocks" / "eu_2024_856_annex_part_a_bps.csv")
    assert tuple(sorted(expected["currency"])) == tuple(sorted(parameters("eu_2024_856")["sizes_bp"].values))
    for row in expected.itertuples():
        sizes = shock_sizes("eu_2024_856", str(row.currency))
        assert (sizes.parallel_bp, sizes.short_bp, sizes.long_bp) == (row.parallel, row.short, row.long)


def test_shocks_by_tenor(quantitative: Path) -> None:
    expected = pd.read_csv(quantitative / "02_shock_curves.csv")
    for (table, currency), rows in expected.groupby(["table", "currency"]):
        framework = FRAMEWORKS.get(str(table), "bcbs_2016")
        sizes = shock_sizes(framework, str(currency))
        if table == "UNIT_100":
            # Basel's own illustration: 100 bp in each of the three sizes.
            sizes = replace(sizes, parallel_bp=100, short_bp=100, long_bp=100)
        for name, shift in six_shifts(sizes, parameters(framework)).items():
            found = shift.at(rows["t_years"]) / BASIS_POINT
            np.testing.assert_allclose(found, rows[f"{name}_bp"], rtol=1e-10, atol=1e-9)


def test_eu_shocks_by_tenor(vectors: Path) -> None:
    expected = pd.read_csv(vectors / "irrbb_shocks" / "shock_by_tenor_expected_bps.csv")
    for currency, rows in expected.groupby("currency"):
        shifts = six_shifts(shock_sizes("eu_2024_856", str(currency)), parameters("eu_2024_856"))
        assert len(shifts) == 6
        for name, shift in shifts.items():
            np.testing.assert_allclose(shift.at(rows["tenor_years"]) / BASIS_POINT, rows[name], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("eu_2024_856", "post_shock_eu_2024_856"),
        ("eba_gl_2018", "post_shock_eba_gl_2018_02"),
        ("hkma", "post_shock_fixed_minus_2pct"),
        ("korea_2026", "post_shock_fixed_zero"),
        ("none", "unfloored"),
    ],
)
def test_floors(quantitative: Path, rule: str, column: str) -> None:
    rows = pd.read_csv(quantitative / "03_post_shock_floor.csv")
    found = floor_rule(rule).apply(rows["base_zero"], rows["shock"], rows["t_years"])
    np.testing.assert_allclose(found, rows[column], rtol=1e-10, atol=1e-12)


def test_eu_floor_level(quantitative: Path) -> None:
    rows = pd.read_csv(quantitative / "03_post_shock_floor.csv")
    found = floor_rule("eu_2024_856").floor(rows["t_years"])
    np.testing.assert_allclose(found, rows["eu_floor_level"], rtol=1e-10, atol=1e-12)


def test_eu_floor_on_falling_scenarios(vectors: Path) -> None:
    rows = pd.read_csv(vectors / "irrbb_shocks" / "post_shock_floor_expected.csv")
    shock = rows["shocked_rate_unfloored"] - rows["base_rate"]
    rule = floor_rule("eu_2024_856")
    # The file prints twelve decimals.
    np.testing.assert_allclose(rule.floor(rows["tenor_years"]), rows["floor_curve"], rtol=0, atol=1e-12)
    found = rule.apply(rows["base_rate"], shock, rows["tenor_years"])
    np.testing.assert_allclose(found, rows["shocked_rate"], rtol=0, atol=2e-12)


def test_floored_scenarios_come_from_the_tables_themselves(vectors: Path) -> None:
    rows = pd.read_csv(vectors / "irrbb_shocks" / "post_shock_floor_expected.csv")
    for row in rows.itertuples():
        shifts = six_shifts(shock_sizes("eu_2024_856", str(row.currency)), parameters("eu_2024_856"))
        shock = shifts[str(row.scenario).replace("-", "_")].at(row.tenor_years)
        found = floor_rule("eu_2024_856").apply(row.base_rate, shock, row.tenor_years)
        assert float(found) == pytest.approx(row.shocked_rate, abs=2e-12)


def test_nineteen_buckets(quantitative: Path) -> None:
    expected = pd.read_csv(quantitative / "04_time_buckets.csv")
    buckets = regulatory_buckets()
    assert list(buckets.labels) == expected["label"].tolist()
    np.testing.assert_allclose(buckets.upper_years, expected["upper_years_incl"], rtol=1e-10)
    np.testing.assert_allclose(buckets.midpoint_years, expected["midpoint_years"], rtol=1e-12)
    uppers = buckets.upper_years[:-1]
    np.testing.assert_allclose(expected["lower_years_excl"].iloc[1:], uppers, rtol=1e-10)
