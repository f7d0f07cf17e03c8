"""Parameters of regulation: dated, sourced, and refused where they are not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from behavior.errors import MarketDataError, SpecFault
from behavior.market.buckets import own_buckets, regulatory_buckets
from behavior.market.floors import floor_rule
from behavior.market.regulation import parameter_files, parameters, parse_parameters
from behavior.market.shocks import (
    SIX_SHOCK_FRAMEWORKS,
    bounded_sizes,
    calibrate_shocks,
    out_of_force_warning,
    round_half_up,
    shock_sizes,
    unlisted_warning,
)

HEAD = """[provenance]
id = "x"
title = "X"
source = "Act 1"
certainty = "V"
verified = true
effective_from = 2020-01-01
"""


@pytest.mark.parametrize("name", parameter_files())
def test_every_table_of_the_package_says_where_it_comes_from(name: str) -> None:
    found = parameters(name)
    assert found.id == name
    for table in found.tables.values():
        assert table.provenance.source
        assert table.provenance.verified == (table.provenance.certainty == "V")
        assert table.provenance.meaning


def test_tables_inherit_or_bring_their_own_source() -> None:
    own = '[b]\nsource = "Act 2"\ncertainty = "M"\nverified = false\nvalue = 2\n'
    found = parse_parameters(HEAD + "[a]\nvalue = 1\n" + own, "x.toml")
    assert (found["a"].provenance.source, found["b"].provenance.source) == ("Act 1", "Act 2")
    assert found["b"].provenance.effective_from == date(2020, 1, 1)
    assert dict(found["b"].values) == {"value": 2}
    with pytest.raises(MarketDataError, match="no table `c`"):
        found["c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace('source = "Act 1"\n', ""), "needs `source`"),
        (HEAD.replace("effective_from = 2020-01-01\n", ""), "needs `effective_from`"),
        (HEAD.replace('"V"', '"certain"'), "expected one of"),
        (HEAD.replace("true", "false"), "true for certainty V"),
        (HEAD.replace('id = "x"\n', ""), "needs `id`"),
        ("[a]\nvalue = 1\n", "needs `id`"),
        ("value = 1\n" + HEAD, "belongs into a table"),
        (HEAD + '[a]\nsource = "Act 2"\nvalue = 1\n', "needs `certainty`"),
        ("= 1", "not TOML"),
    ],
)
def test_numbers_without_a_source_are_refused(text: str, message: str) -> None:
    with pytest.raises(SpecFault, match=message):
        parse_parameters(text, "x.toml")


def test_provenance_knows_when_it_holds() -> None:
    old, new = parameters("bcbs_2016").provenance, parameters("bcbs_2024").provenance
    assert old.holds_on(date(2025, 12, 31))
    assert not old.holds_on(date(2026, 1, 1))
    assert new.holds_on(date(2026, 1, 1))
    assert not new.holds_on(date(2025, 12, 31))


def test_shocks_out_of_their_days_are_said() -> None:
    said = out_of_force_warning("bcbs_2016", date(2026, 9, 30)) or ""
    assert said.startswith("The shocks of bcbs_2016 hold from 2018-01-01 to 2025-12-31 (")
    assert said.endswith(", not on 2026-09-30.")
    assert out_of_force_warning("bcbs_2024", date(2026, 9, 30)) is None
    assert "hold from 2026-01-01 (" in (out_of_force_warning("bcbs_2024", date(2023, 12, 31)) or "")
    assert out_of_force_warning("mine", date(1990, 1, 1)) is None


def test_unlisted_currencies_take_the_rule_and_are_named() -> None:
    for framework in SIX_SHOCK_FRAMEWORKS:
        sizes = shock_sizes(framework, "XXX")
        assert (sizes.parallel_bp, sizes.short_bp, sizes.long_bp, sizes.listed) == (400, 500, 300, False)
        warning = unlisted_warning(framework, ["XXX", "USD"])
        assert warning is not None
        assert "XXX" in warning
        assert "USD" not in warning
        assert unlisted_warning(framework, ["USD"]) is None
    with pytest.raises(MarketDataError, match="expected one of bcbs_2016"):
        shock_sizes("us_parallel", "USD")


def test_rounding_is_half_up() -> None:
    np.testing.assert_array_equal(round_half_up([224.99999999999997, 174.9, 175.0, 25.0], 50), [250, 150, 200, 50])
    np.testing.assert_array_equal(round_half_up([112.5, 112.4], 25), [125, 100])


def test_calibrated_sizes_have_floor_caps_and_rounding() -> None:
    assert bounded_sizes([10, 10, 10], "bcbs_2016") == (100, 100, 100)
    assert bounded_sizes([999, 999, 999], "bcbs_2016") == (400, 500, 300)
    assert bounded_sizes([225, 212.5, 137.5], "bcbs_2016") == (250, 200, 150)
    assert bounded_sizes([225, 212.5, 137.5], "bcbs_2024") == (225, 225, 150)


def test_calibration_of_a_flat_history() -> None:
    rates = np.full((1000, 6), 0.0375)
    # 375 bp x 60%, 85%, 40% = 225, 318.75, 150
    assert calibrate_shocks(rates) == (250, 300, 150)
    assert calibrate_shocks(np.where(np.arange(6) == 0, np.nan, rates), "eu_2024_856") == (250, 300, 150)
    with pytest.raises(MarketDataError, match="no global factors"):
        calibrate_shocks(rates, "bcbs_2024")
    with pytest.raises(MarketDataError, match="no daily rate"):
        calibrate_shocks(np.full((2, 2), np.nan))


def test_calibration_takes_the_mean_over_days_and_tenors() -> None:
    # Mean of 300, 400, 350 and 450 bp: 375.
    assert calibrate_shocks([[0.03, 0.04], [0.035, 0.045]]) == (250, 300, 150)


def test_floors_by_name_or_level() -> None:
    assert float(floor_rule(-0.01).apply(0.0, -0.03, 5.0)) == -0.01
    with pytest.raises(MarketDataError, match="above zero"):
        floor_rule(0.01)
    with pytest.raises(MarketDataError, match="expected a level"):
        floor_rule("zero")


def test_buckets_are_bounded_by_dates() -> None:
    buckets = regulatory_buckets()
    dates = [
        "2022-03-31",
        "2022-04-01",
        "2022-04-02",
        "2022-04-30",
        "2022-05-01",
        "2023-03-31",
        "2023-04-01",
        "2060-01-01",
    ]
    labels = [buckets.labels[position] for position in buckets.of_dates("2022-03-31", dates)]
    assert labels == ["ON", "ON", "ON_1M", "ON_1M", "1M_3M", "9M_1Y", "1Y_1.5Y", "GT_20Y"]


def test_buckets_of_ones_own_are_whole_months_with_their_middles() -> None:
    own = own_buckets([1, 3, 12])
    assert own.labels == ("0-1M", "1-3M", "3-12M", ">12M")
    np.testing.assert_allclose(own.midpoint_years, [0.5 / 12, 2 / 12, 7.5 / 12, 1.0])
    assert own_buckets([1, 3, 12, np.inf]) == own
    for bounds in ([], [np.inf], [1.5, 3], [-1, 2], [1, np.nan], [3, 1], [1, 1]):
        with pytest.raises(MarketDataError, match="buckets: "):
            own_buckets(bounds)
    with pytest.raises(MarketDataError, match=r"found \[1.5, 3\], expected rising whole months"):
        own_buckets([1.5, 3])
