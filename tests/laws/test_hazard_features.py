"""A change of anything after month t does not move any feature at t: over all features of all hazard kinds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.features.base import compute_features
from behavior.kinds.base import all_kinds
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from tests.spec_examples import spec_of

KINDS = [kind for kind in all_kinds().values() if kind.features and kind.name in ("mortgage_prepayment", "nmd_decay")]
MONTHLY = {"mortgage_history/1": "loan_months", "deposit_history/1": "account_months"}


@cache
def bank():
    return simulate(SimulatorSettings(loans=250, accounts=250, months=72, minimum_balance_paths=1), seed=3)


@cache
def quiet_deposits() -> CustomerHistory:
    """The bank's deposits with accounts that are left alone for a while: what counts quiet months has some to count."""
    history, rng = bank().deposits, np.random.default_rng(7)
    months = history.tables["account_months"].copy()
    still = rng.random(len(months)) < 0.8
    months.loc[still, ["credits", "debits"]] = 0.0
    return CustomerHistory(history.contract, {**history.tables, "account_months": months})


def history_of(contract: str) -> CustomerHistory:
    return bank().mortgages if contract == "mortgage_history/1" else quiet_deposits()


def disturbed(history: CustomerHistory, name: str, cut: pd.Timestamp, rng: np.random.Generator) -> CustomerHistory:
    """Every number at and after the month `cut` changed; which units have rows there stays as it is."""
    table = history.tables[name].copy()
    late = (table["month"] >= cut).to_numpy()
    for column in table.columns:
        if column in ("month", "age_months") or not pd.api.types.is_float_dtype(table[column]):
            continue
        # A loan's rate in force during a month is known when the month begins; from the next month on it may change.
        rows = (table["month"] > cut).to_numpy() if column == "rate" else late
        values = table[column].to_numpy().copy()
        values[rows] = np.abs(values[rows] * rng.uniform(0.2, 3.0, int(rows.sum()))) + 0.001
        table[column] = values
    return CustomerHistory(history.contract, {**history.tables, name: table})


def disturbed_rates(rates: RateHistory, cut: pd.Timestamp, rng: np.random.Generator) -> RateHistory:
    """Every fixing from the month `cut` on changed."""
    begins = np.datetime64(cut.to_period("M").start_time.date())
    values = {}
    for index, dates in rates.dates.items():
        own = rates.values[index].copy()
        own[dates >= begins] += rng.uniform(-0.02, 0.03, int((dates >= begins).sum()))
        values[index] = own
    return RateHistory(rates.dates, values, rates.roles)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=8, deadline=None)
@given(place=st.integers(12, 60), seed=st.integers(0, 10**6))
def test_no_feature_sees_its_own_month_or_later(kind, place: int, seed: int) -> None:
    spec, rng = spec_of(kind.name, kind.history_contract), np.random.default_rng(seed)
    history, rates = history_of(kind.history_contract), bank().rate_history
    months = np.sort(history.tables[MONTHLY[kind.history_contract]]["month"].unique())
    cut = pd.Timestamp(months[place])
    before = kind.build_panel(history, rates, spec)
    changed = disturbed(history, MONTHLY[kind.history_contract], cut, rng)
    after = kind.build_panel(changed, disturbed_rates(rates, cut, rng), spec)
    use = [feature.name for feature in kind.features]
    first = compute_features(before, kind.features, use)
    second = compute_features(after, kind.features, use, first.levels)
    keys = ["unit", "month"]
    left = before.table[keys].assign(row=np.arange(len(before.table)))
    right = after.table[keys].assign(other=np.arange(len(after.table)))
    both = left.merge(right, on=keys)
    both = both[both["month"] <= cut]
    assert len(both) > 100
    for name in first.names:
        mine = first.values[both["row"], first.names.index(name)]
        theirs = second.values[both["other"], second.names.index(name)]
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


def masked(history: CustomerHistory, name: str, rng: np.random.Generator) -> CustomerHistory:
    """The history as extracts are: some cells masked, some months lost, house prices of most loans once a quarter."""
    table = history.tables[name].copy()
    for column in set(table.columns) & {"rate_paid", "interest_credited", "credits", "unemployment_rate"}:
        table.loc[rng.random(len(table)) < 0.05, column] = np.nan
    if "house_price_index" in table:
        monthly = table["loan_id"].isin(table["loan_id"].unique()[::5])
        table.loc[~monthly & (table["month"].dt.month % 3 != 0), "house_price_index"] = np.nan
    going = table["month"] < table.groupby(table.columns[0])["month"].transform("max")
    table = table[~going | (rng.random(len(table)) > 0.03)].reset_index(drop=True)
    return CustomerHistory(history.contract, {**history.tables, name: table})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=6, deadline=None)
@given(place=st.integers(12, 60), seed=st.integers(0, 10**6))
def test_a_history_that_ends_earlier_has_the_same_features_up_to_its_end(kind, place: int, seed: int) -> None:
    spec, name = spec_of(kind.name, kind.history_contract), MONTHLY[kind.history_contract]
    history = masked(history_of(kind.history_contract), name, np.random.default_rng(seed))
    months = history.tables[name]
    cut = pd.Timestamp(np.sort(months["month"].unique())[place])
    early = CustomerHistory(history.contract, {**history.tables, name: months[months["month"] <= cut]})
    whole, part = (kind.build_panel(one, bank().rate_history, spec) for one in (history, early))
    use = [feature.name for feature in kind.features]
    first = compute_features(whole, kind.features, use)
    second = compute_features(part, kind.features, use, first.levels)
    upto = (whole.table["month"] <= cut).to_numpy()
    assert whole.table.loc[upto, ["unit", "month"]].reset_index(drop=True).equals(part.table[["unit", "month"]])
    for column, feature in enumerate(first.names):
        np.testing.assert_array_equal(first.values[upto, column], second.values[:, column], err_msg=feature)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_feature_says_what_it_is(kind) -> None:
    for feature in kind.features:
        assert feature.unit and feature.meaning, feature.name
        assert feature.expected_sign in (-1, 0, 1)
        assert "year_month" not in feature.name
