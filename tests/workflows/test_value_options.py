"""Options in a valuation: part of EVE at implied volatility, the stress in the add-on, limits for their time value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.errors import ContractFault, MarketDataError
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value

AS_OF = dt.date(2026, 1, 31)
LOAN: dict[str, Any] = {
    "position_id": "loan",
    "product": "loans",
    "side": "asset",
    "instrument": "cash",
    "currency": "USD",
    "balance": 1e6,
    "rate_type": "floating",
    "rate": 0.05,
    "index": "SOFR",
    "spread": 0.01,
    "reset_months": 6,
    "next_reset_date": pd.Timestamp("2026-07-31"),
    "repayment": "bullet",
    "origination_date": pd.Timestamp("2025-01-31"),
    "maturity_date": pd.Timestamp("2031-01-31"),
    "payment_months": 6,
}
SOLD: dict[str, Any] = {
    "position_id": "cap",
    "product": "caps",
    "side": "pay",
    "instrument": "cap",
    "currency": "USD",
    "balance": 1e6,
    "index": "SOFR",
    "strike": 0.05,
    "maturity_date": pd.Timestamp("2031-01-31"),
    "payment_months": 6,
}
VOLS = pd.DataFrame(
    {
        "as_of": [pd.Timestamp(AS_OF)],
        "currency": "USD",
        "index": "SOFR",
        "expiry_months": 12,
        "tenor_months": 6,
        "kind": "normal",
        "value": 0.009,
    }
)


def valued(
    rows: list[dict[str, Any]],
    vols: pd.DataFrame | None = VOLS,
    framework: str = "bcbs_2024",
    limits: str = "option",
    index: str = "SOFR",
) -> Any:
    months = [1.0, 12.0, 120.0, 360.0]
    curves = pd.concat(
        [
            pd.DataFrame(
                {
                    "as_of": pd.Timestamp(AS_OF),
                    "currency": "USD",
                    "index": name,
                    "months": months,
                    "zero_rate": [0.040, 0.041, 0.042, 0.043],
                }
            )
            for name in ("discount", index)
        ]
    )
    inputs = ValuationInputs(pd.DataFrame(rows), curves, AS_OF, "USD", 1e5, 1e5, vols=vols)
    return value(inputs, ValuationOptions(framework=framework, balance_sheets=("run_off",), embedded_limits=limits))


def totals(result: Any) -> pd.DataFrame:
    # Of the one currency: the total counts no gains under Basel's aggregation.
    return result.eve_summary[result.eve_summary["currency"] == "USD"].set_index("scenario")


def test_option_rows_are_valued_apart_from_the_loans() -> None:
    plain, held = valued([LOAN]), valued([LOAN, SOLD])
    by_product = held.eve.set_index(["scenario", "product"])["present_value"]
    cap = np.array([by_product[name, "caps"] for name in totals(held).index])
    assert (cap < 0).all()
    np.testing.assert_allclose(totals(held)["eve"] - totals(plain)["eve"], cap, atol=1e-6)
    for name, amounts in (("nii", ["interest_income", "nii"]), ("cash_flows", ["interest", "closing_balance"])):
        one, both = plain.tables()[name], held.tables()[name]
        pd.testing.assert_frame_equal(one, both[both["product"] == "loans"].reset_index(drop=True))
        caps = both[both["product"] == "caps"]
        assert len(caps) > 0, name
        assert (caps[amounts] == 0).all(axis=None), name
    caps = held.coverage[held.coverage["product"] == "caps"]
    assert caps[["balance", "how"]].to_numpy().tolist() == [[1e6, "none"]]


def test_an_index_may_have_a_long_name() -> None:
    name = "SOFR_30_DAY_AVERAGE_COMPOUNDED_IN_ARREARS"
    capped, sold = {**LOAN, "cap": 0.06, "index": name}, {**SOLD, "index": name}
    long = valued([capped, sold], VOLS.assign(index=name), index=name)
    short = valued([{**LOAN, "cap": 0.06}, SOLD])
    pd.testing.assert_frame_equal(long.eve, short.eve)


def test_a_book_of_options_alone_is_valued() -> None:
    alone, both = valued([SOLD]), valued([LOAN, SOLD])
    np.testing.assert_allclose(totals(alone)["eve"], totals(both)["eve"] - totals(valued([LOAN]))["eve"], atol=1e-6)
    assert set(alone.nii["product"]) == set(alone.cash_flows["product"]) == {"caps"}
    assert (alone.nii_summary["nii"] == 0).all()
    assert alone.coverage["product"].tolist() == ["caps"]


def test_limits_without_volatilities_are_warned_of() -> None:
    limited = {**LOAN, "cap": 0.07, "floor": 0.02}
    said = [one for one in valued([limited], None).facts["warnings"] if "cap or floor" in one]
    assert len(said) == 1
    assert said[0].startswith("Of 1 position with a cap or floor")
    assert "--vols" in said[0]
    assert not [one for one in valued([limited]).facts["warnings"] if "cap or floor" in one]


def test_the_add_on_is_the_stress_alone_and_a_loss_on_sold_options() -> None:
    table = totals(valued([LOAN, SOLD]))
    assert table["option_add_on"]["base"] == 0.0
    assert (table["option_add_on"].drop("base") > 0).all()
    np.testing.assert_allclose(table["delta_eve_after_options"], table["delta_eve"] - table["option_add_on"], atol=1e-9)
    bought = totals(valued([LOAN, {**SOLD, "side": "receive"}]))
    np.testing.assert_allclose(bought["option_add_on"], -table["option_add_on"], atol=1e-9)


def test_the_whole_change_stands_in_the_facts() -> None:
    result = valued([LOAN, SOLD])
    kao = result.facts["summary"]["automatic_options_kao"]["USD"]
    table, plain = totals(result), totals(valued([LOAN]))
    change = (table["eve"] - plain["eve"]) - (table["eve"]["base"] - plain["eve"]["base"])
    for name in table.index[1:]:
        assert kao[name] == pytest.approx(-change[name] + table["option_add_on"][name], abs=1e-6)


def test_limits_add_their_time_value_where_there_are_volatilities() -> None:
    limited = {**LOAN, "cap": 0.07, "floor": 0.02}
    intrinsic, whole = valued([limited], None), valued([limited])
    assert "without time value" in intrinsic.facts["conventions"]["options"]
    assert "time value" in whole.facts["conventions"]["options"]
    assert not np.allclose(totals(intrinsic)["eve"], totals(whole)["eve"])
    assert (totals(intrinsic)["option_add_on"] == 0).all()
    capped = totals(valued([{**LOAN, "cap": 0.07}]))
    assert (capped["option_add_on"].drop("base") > 0).all()
    own = valued([{**limited, "volatility": 0.009}], None)
    np.testing.assert_allclose(totals(own)["eve"], totals(whole)["eve"], rtol=1e-12)


@pytest.mark.parametrize("given", ["2025-07-31", "1979-07-31", "1900-01-31"])
def test_limits_on_resets_that_are_long_past_are_worth_nothing_more(given: str) -> None:
    """A next reset that lies behind as-of stands for the one that follows as-of, however old the date is."""
    limited = {**LOAN, "cap": 0.07, "floor": 0.02}
    old = valued([{**limited, "next_reset_date": pd.Timestamp(given)}])
    pd.testing.assert_frame_equal(totals(old), totals(valued([limited])), rtol=1e-12)


def test_a_book_without_options_says_so() -> None:
    result = valued([LOAN])
    assert result.facts["conventions"]["options"] == "none in the book"
    assert "automatic_options_kao" not in result.facts["summary"]


def test_what_options_lack_is_said() -> None:
    with pytest.raises(MarketDataError, match="Supply vols/1"):
        valued([LOAN, SOLD], None)
    with pytest.raises(ContractFault, match="strike"):
        valued([LOAN, {**SOLD, "strike": np.nan}])


def test_the_outlier_test_is_that_of_the_framework() -> None:
    for framework, test in (("bcbs_2024", "bcbs_eve"), ("eu_2024_856", "eu_eve")):
        result = valued([LOAN], framework=framework)
        assert result.facts["summary"]["eve_outlier_test"]["test"] == test


def test_limits_are_intrinsic_where_asked() -> None:
    limited = {**LOAN, "cap": 0.07, "floor": 0.02}
    asked, without = valued([limited], limits="intrinsic"), valued([limited], None)
    np.testing.assert_allclose(totals(asked)["eve"], totals(without)["eve"], rtol=1e-14)
    assert asked.facts["conventions"]["embedded_limits"] == "intrinsic in cash flows"
    assert not [one for one in asked.facts["warnings"] if "cap or floor" in one]
    # The row's own time value, by parity of the switch: option less intrinsic is the cap sold and the floor bought.
    worth = totals(valued([limited]))["eve"] - totals(asked)["eve"]
    alone = [
        totals(valued([{**SOLD, "strike": 0.06, "side": "pay", "rate": 0.04}]))["eve"],
        totals(valued([{**SOLD, "instrument": "floor", "strike": 0.01, "side": "receive", "rate": 0.04}]))["eve"],
    ]
    intrinsic = [
        totals(valued([{**SOLD, "strike": 0.06, "side": "pay", "rate": 0.04, "volatility": 0.0}]))["eve"],
        totals(
            valued(
                [{**SOLD, "instrument": "floor", "strike": 0.01, "side": "receive", "rate": 0.04, "volatility": 0.0}]
            )
        )["eve"],
    ]
    np.testing.assert_allclose(worth, alone[0] - intrinsic[0] + alone[1] - intrinsic[1], atol=1e-6)
