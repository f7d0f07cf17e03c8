"""The market rate behind the spread: a role that leads nowhere is refused, an unknown spread is said."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from behavior.errors import MarketDataError
from behavior.market.history import RateHistory
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.deposits import build_deposit_panel

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

ROWS = small.account_rows("a", "2015-01-31", [100.0, 90.0, 80.0])
UNKNOWN = "months whose spread is unknown: no market rate, or no rate paid"


def build(rates: RateHistory, rows=ROWS, market: str = "short"):
    rules = DepositPanelRules(market=market)
    return build_deposit_panel(small.deposits(small.accounts([{"account_id": "a"}]), rows), rates, rules)


def test_a_role_whose_index_has_no_rates_is_refused() -> None:
    known = small.market()
    mistyped = RateHistory(known.dates, known.values, {"short": "SHROT"})
    with pytest.raises(MarketDataError, match=r"`short`; indices: \['M30', 'SHORT'\], roles: {'short': 'SHROT'}"):
        build(mistyped)
    with pytest.raises(MarketDataError, match="no index or role `POLICY`"):
        build(known, market="POLICY")


def test_months_whose_spread_is_unknown_are_counted() -> None:
    assert build(small.market()).dropped[UNKNOWN] == 0
    for rates in (RateHistory({}, {}, {"short": "SHORT"}), RateHistory(small.market().dates, small.market().values)):
        panel = build(rates)
        assert panel.table["spread"].isna().all()
        assert panel.dropped[UNKNOWN] == 2
    assert build(small.market(), ROWS.drop(columns="rate_paid")).dropped[UNKNOWN] == 2


TWO = [small.account_rows(name, "2015-01-31", [100.0, 90.0, 80.0]) for name in ("a", "b", "c")]


def build_in(roles: dict[str, str], *currencies: str | None):
    known = small.market()
    accounts = small.accounts([{"account_id": one} for one in "abc"]).assign(currency=list(currencies))
    rates = RateHistory(known.dates, known.values, roles)
    return build_deposit_panel(small.deposits(accounts, *TWO), rates, DepositPanelRules())


def test_deposits_are_held_against_the_short_rate_of_their_own_currency() -> None:
    known = small.market()
    found = build_in({"short": "SHORT", "short_EUR": "M30"}, "USD", "EUR", "USD").table
    rate = {unit: rows["market_rate"].iloc[0] for unit, rows in found.groupby("unit", observed=True)}
    assert rate["a"] == rate["c"] == known.monthly("SHORT", found["month"].iloc[:1] - pd.offsets.MonthEnd(1))[0]
    assert rate["b"] == known.monthly("M30", found["month"].iloc[:1] - pd.offsets.MonthEnd(1))[0] != rate["a"]
    assert (found["spread"] == found["market_rate"] - found["rate_paid"]).all()


def test_two_currencies_are_never_held_against_one_rate() -> None:
    with pytest.raises(MarketDataError, match=r"deposits in EUR and USD would be held .* `short_EUR` for EUR"):
        build_in({"short": "SHORT"}, "USD", "EUR", "USD")
    with pytest.raises(MarketDataError, match="in CHF and USD"):
        build_in({"short": "SHORT", "short_EUR": "M30"}, "USD", "EUR", "CHF")
    assert build_in({"short": "SHORT"}, "EUR", None, "EUR").table["spread"].notna().all()
    assert build_in({"short_EUR": "SHORT", "short_USD": "M30"}, "EUR", "USD", "USD").table["spread"].notna().all()
    assert build_in({}, "EUR", "USD", "USD").table["spread"].isna().all()
