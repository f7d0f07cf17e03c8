"""Positions at the door: sides, terms that a repayment or an instrument needs, and the words there are."""

from __future__ import annotations

import pandas as pd
import pytest

from behavior.contracts import check
from behavior.engine.contracts import BOOK_TABLE, SCHEDULE_TABLE


def _position(**changes: object) -> pd.DataFrame:
    known = {
        "position_id": "P",
        "product": "loan",
        "side": "asset",
        "currency": "USD",
        "balance": 1.0,
        "rate_type": "fixed",
        "rate": 0.03,
        "repayment": "bullet",
        "origination_date": "2020-01-31",
        "maturity_date": "2025-01-31",
        "payment_months": 12,
    }
    return pd.DataFrame([{**known, **changes}])


OPTION = {"side": "receive", "strike": 0.02, "index": "SOFR", "rate_type": "", "rate": "", "repayment": ""}
SWAPTION = {**OPTION, "instrument": "swaption", "expiry_date": "2022-01-31", "option_type": "payer"}
AFTER_START = ("maturity_date", "must be after `start_date`")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"repayment": "none", "maturity_date": "", "rate_type": "administered"},
        {**OPTION, "instrument": "cap", "payment_months": ""},
        {"instrument": "swap_leg", "side": "pay", "trade_id": "T1"},
        {"behavioral": "false", "day_count": "ACT/ACT", "origination_date": ""},
        {"start_date": "2025-01-30", "cap": 0.02, "floor": 0.02},
        {"payment_cap": 0.075, "repayment": "annuity"},
        {"payment_cap": 0.075, "repayment": "interest_only", "amortization_start_date": "2023-01-31"},
        {**SWAPTION, "start_date": "2022-01-31"},
        {**SWAPTION, "instrument": "cap", "expiry_date": "2025-01-31", "start_date": "2021-01-31"},
    ],
)
def test_good_positions_pass(changes: dict[str, object]) -> None:
    assert check(_position(**changes), BOOK_TABLE) == []


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"side": "pay"}, "side", "expected `asset` or `liability` for instrument `cash`"),
        ({"instrument": "swap_leg", "trade_id": "T"}, "side", "expected `receive` or `pay` for a derivative"),
        ({"instrument": "swap_leg", "side": "pay"}, "trade_id", "required where `instrument` is `swap_leg`"),
        *(({**SWAPTION, name: ""}, name, "required where `instrument` is") for name in ("expiry_date", "option_type")),
        *(({**SWAPTION, name: ""}, name, "required where `instrument` is") for name in ("strike", "index")),
        ({**OPTION, "instrument": "floor", "maturity_date": ""}, "maturity_date", "required where `instrument` is"),
        ({"rate_type": "floating"}, "index", "required where `rate_type` is `floating`"),
        ({"maturity_date": ""}, "maturity_date", "required where `repayment` is"),
        ({"rate": ""}, "rate", "required here for every instrument but options"),
        ({"balance": -1}, "balance", "expected 0 currency units or more"),
        ({"day_count": "30/365"}, "day_count", "expected one of `30/360`"),
        ({"behavioral": "perhaps"}, "behavioral", "expected true or false"),
        ({"maturity_date": "2020-01-31"}, "maturity_date", "must be after `origination_date`"),
        ({"payment_months": 1.5}, "payment_months", "expected a whole number"),
        ({"start_date": "2025-01-31"}, "maturity_date", "must be after `start_date`"),
        ({"instrument": "swap_leg", "side": "pay", "trade_id": "T", "start_date": "2025-02-01"}, *AFTER_START),
        ({**SWAPTION, "instrument": "floor", "start_date": "2025-02-01"}, *AFTER_START),
        ({**SWAPTION, "start_date": "2025-02-01"}, *AFTER_START),
        ({**SWAPTION, "expiry_date": "2025-01-31"}, "maturity_date", "must be after `expiry_date`"),
        ({**SWAPTION, "start_date": "2022-01-30"}, "start_date", "must not be before `expiry_date`"),
        ({"cap": 0.02, "floor": 0.021}, "cap", "must not be below `floor`"),
        ({"payment_cap": 0.075}, "payment_cap", "only a level payment can be capped"),
        ({"payment_cap": 0.075, "repayment": "interest_only"}, "payment_cap", "only a level payment can be capped"),
    ],
)
def test_bad_positions_are_named(changes: dict[str, object], column: str, words: str) -> None:
    faults = check(_position(**changes), BOOK_TABLE)
    assert [one.column for one in faults] == [column]
    assert words in faults[0].rule


def test_a_schedule_pays_once_a_day() -> None:
    table = pd.DataFrame({"position_id": ["P", "P"], "date": ["2020-01-31", "2020-01-31"], "principal": [1.0, 2.0]})
    assert [one.rule[:13] for one in check(table, SCHEDULE_TABLE)] == ["duplicate key"]
