"""At any month's end, rows of that month and entries together are the accounts open then: no more, no fewer."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import Panel
from behavior.panel.deposits import build_deposit_panel
from behavior.simulator import SimulatedBank, SimulatorSettings, simulate


@cache
def bank() -> SimulatedBank:
    return simulate(SimulatorSettings(loans=120, accounts=600, minimum_balance_paths=2), seed=8)


@cache
def panel() -> Panel:
    return build_deposit_panel(bank().deposits, bank().rate_history, DepositPanelRules())


def open_at(found: Panel, month_end: pd.Timestamp) -> pd.Series:
    """Balances by unit of what a panel calls open at a month's end."""
    table, entries = found.table, found.entries
    assert entries is not None
    standing = table[(table["month"] == month_end) & (table["closed"] + table["migrated"] == 0)]
    both = pd.concat([standing, entries[entries["month"] == month_end]])
    assert both["unit"].is_unique
    return both.set_index("unit")["balance_end"]


@pytest.mark.parametrize("back", [0, 1, 7, 40])
def test_rows_and_entries_add_up_to_the_balance_of_the_bank(back: int) -> None:
    history = bank().deposits.tables["account_months"]
    month_end = sorted(history["month"].unique())[-1 - back]
    held = open_at(panel(), month_end)
    at = history[history["month"] == month_end]
    assert held.sum() == pytest.approx(at["balance"].clip(lower=0.0).sum(), rel=1e-9)
    new = panel().entries
    assert new is not None and (new.loc[new["month"] == month_end, "balance_end"] > 0).any()


def test_what_was_known_at_a_month_s_end_is_the_panel_of_the_history_until_then() -> None:
    history = bank().deposits
    month_end = sorted(history.tables["account_months"]["month"].unique())[-9]
    known = panel().until(month_end)
    assert known.table["month"].max() == month_end
    pd.testing.assert_series_equal(open_at(known, month_end), open_at(panel(), month_end))
    assert known.entries is not None and known.entries["month"].max() == month_end


def test_an_entry_knows_what_is_known_of_it() -> None:
    entries = panel().entries
    assert entries is not None
    own = entries[entries["age_months"] == 0]
    assert len(own) > 0.5 * len(entries)
    assert (own["closed"] + own["migrated"] == 0).all()
    assert np.isfinite(own[["spread", "balance_end"]]).all(axis=None)
    texts = bank().deposits.tables["accounts"].set_index("account_id")["customer_type"]
    named = own[own["unit"].isin(texts.index)]
    assert (named["customer_type"].astype(str).to_numpy() == texts[named["unit"].astype(str)].to_numpy()).all()
