"""The market rate behind the spread: a role that leads nowhere is refused, an unknown spread is said."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from behavior.errors import MarketDataError
from behavior.market.history import RateHistory
from behavior.panel.deposits import DepositPanelRules, build_deposit_panel

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
