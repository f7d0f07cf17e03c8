"""Minimum probable amount against numbers made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.engine.slotting import CoreTerms, core_caps, split_category
from behavior.estimators.minimum_probable_amount import (
    back_test,
    core_by_rolling_minimum,
    fit_log_changes,
    minimum_probable_amount,
    quantile_of,
    run_off,
    surge_balance,
)


@pytest.fixture
def folder(vectors: Path) -> Path:
    return vectors / "nmd_decay_mpa"


def case(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text())


def test_log_changes_with_and_without_a_break(folder: Path) -> None:
    held, expected = pd.read_csv(folder / "dec_log_short.csv"), case(folder, "DEC-LOG-01")["expected"]
    balances = held["balance"].to_numpy()
    plain = fit_log_changes(balances)
    np.testing.assert_allclose(plain.changes, expected["g"], atol=1e-12)
    assert plain.mu == pytest.approx(expected["nobreak_mu"], abs=1e-12)
    assert plain.sigma == pytest.approx(expected["nobreak_sigma"], abs=1e-12)
    place = held["as_of_date"].tolist().index("2025-05-31") - 1
    broken = fit_log_changes(balances, [place])
    assert broken.mu == pytest.approx(expected["break_mu"], abs=1e-12)
    assert broken.sigma == pytest.approx(expected["break_sigma"], abs=1e-12)
    assert broken.breaks[0] == pytest.approx(expected["break_kappa"], abs=1e-12)
    np.testing.assert_allclose(broken.residuals, expected["break_resid"], atol=1e-12)


def test_lowest_probable_path(folder: Path) -> None:
    held = case(folder, "DEC-MPA-01")
    given, expected = held["inputs"], held["expected"]
    quantile = quantile_of(given["confidence"])
    assert quantile == pytest.approx(expected["z"], rel=1e-10)
    path = minimum_probable_amount(given["b0"], given["mu_star"], given["sigma"], quantile, given["cutoff"])
    for month, value in expected["mpa_by_h"].items():
        assert path[int(month)] == pytest.approx(value, rel=1e-10)


def test_run_off_and_mean_lives(folder: Path) -> None:
    held = case(folder, "DEC-PROF-LIFE-01")
    given, expected = held["inputs"], held["expected"]
    path = minimum_probable_amount(given["b0"], given["mu_star"], given["sigma"], given["z"], given["cutoff"])
    np.testing.assert_allclose(path, expected["mpa"], atol=1e-8)
    flows = run_off(path)
    np.testing.assert_allclose(flows.flows, expected["runoff"], atol=1e-8)
    assert flows.remainder == pytest.approx(expected["remainder"], abs=1e-8)
    assert flows.flows.sum() + flows.remainder == pytest.approx(expected["sum"], abs=1e-8)
    assert flows.mean_life == pytest.approx(expected["mean_life"], abs=1e-8)
    assert flows.core_mean_life == pytest.approx(expected["core_mean_life"], abs=1e-8)
    assert flows.non_core_share == pytest.approx(expected["noncore_share"], abs=1e-12)


CATEGORIES = {"RET_TX": "retail_transactional", "RET_NTX": "retail_non_transactional", "WHS_NFC": "wholesale"}


def test_core_shares_and_lives_under_the_caps(folder: Path) -> None:
    """Where the cap on life binds the source cuts its path short, the platform scales its times: lives apart there."""
    held, caps = case(folder, "DEC-CAP-01"), core_caps("bcbs")
    for segment, cap in held["caps_bcbs368_table2"].items():
        mine = caps[CATEGORIES[segment]]
        assert (mine.share, 12 * mine.years) == (cap["core_share"], cap["avg_maturity_months"])
    for name in ("case1", "case2", "case3"):
        given, expected = held[name]["inputs"], held[name]["expected"]
        path = minimum_probable_amount(given["b0"], given["mu_star"], given["sigma"], given["z"], given["cutoff"])
        flows, cap = run_off(path), caps[CATEGORIES[given["segment"]]]
        terms = CoreTerms(given["b0"], 1.0 - flows.non_core_share, 0.0, flows.core_mean_life / 12)
        (split,) = split_category([terms], cap)
        assert flows.core_mean_life == pytest.approx(expected["core_mean_life_in"], abs=1e-8)
        assert split.core / split.uncapped == pytest.approx(expected["scale"], abs=1e-8)
        assert split.core / given["b0"] == pytest.approx(expected["core_share"], abs=1e-8)
        assert split.non_core == pytest.approx(expected["overnight"], abs=1e-8)
        assert flows.flows[1] * split.core / split.uncapped == pytest.approx(expected["bucket_2"], abs=1e-8)
        assert split.binding == bool(expected["share_applied"])
        longest = cap.years if expected["mat_applied"] else expected["core_mean_life"] / 12
        assert split.years == pytest.approx(longest, abs=1e-8)


def test_frozen_back_test_counts(folder: Path) -> None:
    held = case(folder, "OOS-SCORE-01")
    given, expected = held["inputs"], held["expected"]
    first = given["dates"].index(given["origin"]) + 1
    found = back_test(
        np.array(given["balances"]), first, given["mu_star"], given["sigma"], given["z"], given["max_horizon"]
    )
    assert found.pairs.tolist() == expected["pairs_by_h"]
    assert found.exceed.tolist() == expected["exceed_by_h"]
    assert found.rate == pytest.approx(expected["rate"])


def test_the_whole_series(folder: Path) -> None:
    held = case(folder, "DEC-E2E-01")
    given, expected = held["inputs"], held["expected"]
    table = pd.read_csv(folder / held["fixture"])
    dates, balances = table["as_of_date"].tolist(), table["balance"].to_numpy()
    last = dates.index(given["est_end"])
    place = dates.index(given["break_dates"][0]) - 1
    fit = fit_log_changes(balances[: last + 1], [place])
    assert len(fit.changes) == expected["n"]
    assert fit.mu == pytest.approx(expected["mu_hat"], rel=1e-9)
    assert fit.breaks[0] == pytest.approx(expected["kappa"], rel=1e-9)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=1e-9)
    assert fit.cautious_drift == expected["mu_star"]
    quantile = quantile_of(given["confidence"])
    path = minimum_probable_amount(balances[last], fit.cautious_drift, fit.sigma, quantile, given["cutoff"])
    for month in (1, 12, 60, 120):
        assert path[month] == pytest.approx(expected[f"mpa{month}"], rel=1e-9)
    flows = run_off(path)
    assert flows.mean_life == pytest.approx(expected["mean_life"], rel=1e-9)
    assert flows.core_mean_life == pytest.approx(expected["core_mean_life"], rel=1e-9)
    cap = core_caps("bcbs")[CATEGORIES[given["segment"]]]
    terms = CoreTerms(balances[last], 1.0 - flows.non_core_share, 0.0, flows.core_mean_life / 12)
    (split,) = split_category([terms], cap)
    assert split.core / split.uncapped == pytest.approx(expected["ov_scale"], rel=1e-9)
    assert split.non_core == pytest.approx(expected["ov_overnight"], rel=1e-9)
    found = back_test(balances, last + 1, fit.cautious_drift, fit.sigma, quantile, given["max_horizon"])
    assert found.pairs.tolist() == expected["bt_pairs_by_h"]
    assert found.exceed.tolist() == expected["bt_exceed_by_h"]


def test_surge_is_what_stands_above_the_earlier_trend() -> None:
    month = np.arange(60)
    trend = 100 * np.exp(0.002 * month)
    balances = trend + np.where(month >= 40, 15.0, 0.0)
    surge, slope = surge_balance(balances, 36)
    assert slope == pytest.approx(0.002)
    np.testing.assert_allclose(surge[40:], 15.0)
    assert surge[:36].sum() == 0


def test_rolling_minimum_core() -> None:
    assert core_by_rolling_minimum(np.array([50.0, 90.0, 80.0, 100.0]), 3) == pytest.approx(0.8)
