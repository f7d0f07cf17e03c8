"""Option rows of a book on the month grid against the vectors of caps, floors, swaptions and the add-on."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.engine.contractual_share import contractual_share
from behavior.engine.limit_book import value_limits
from behavior.engine.option_book import value_options
from behavior.engine.options import bachelier_call
from behavior.engine.positions import Book
from behavior.errors import ContractFault, MarketDataError
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.scenarios import Scenario, ScenarioCurves, ScenarioSet, Shift, apply_scenarios, scenario_set
from behavior.market.volatilities import VolatilitySet
from behavior.months import as_days

AS_OF = date(2026, 1, 31)
TIMES = [0.0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30]
ZEROS = np.array([4.30, 4.25, 4.15, 3.95, 3.75, 3.70, 3.80, 3.95, 4.15, 4.40, 4.50, 4.45]) / 100


def curves(framework: str = "bcbs_2024", flat: float | None = None) -> ScenarioCurves:
    months, rates = (12 * np.array(TIMES), ZEROS) if flat is None else (np.array([12.0]), np.array([flat]))
    held = [RateCurve(AS_OF, "USD", index, months, rates, time="month_grid") for index in ("discount", "SOFR")]
    return apply_scenarios(CurveSet.of(held), scenario_set(framework, ["USD"]))


def row(**terms: Any) -> dict[str, Any]:
    return {
        "position_id": "o",
        "product": "options",
        "side": "pay",
        "instrument": "cap",
        "currency": "USD",
        "balance": 1e7,
        "index": "SOFR",
        "rate": np.nan,
        "repayment": None,
        "rate_type": None,
        **terms,
    }


def book(*rows: dict[str, Any]) -> Book:
    return Book(pd.DataFrame(list(rows)))


def surface(value: float, kind: str = "normal", shift: float = 0.0) -> VolatilitySet:
    rows = {"as_of": [pd.Timestamp(AS_OF)], "currency": "USD", "index": "SOFR", "expiry_months": 12, "tenor_months": 3}
    return VolatilitySet.from_table(pd.DataFrame({**rows, "kind": kind, "shift": shift, "value": value}))


@pytest.mark.parametrize(
    ("name", "flat", "years", "months", "strike", "vols"),
    [
        ("usd_3y_q_K4_black20", None, 3, 3, 0.04, (0.20, "lognormal", 0.0)),
        ("usd_3y_q_K4_norm80", None, 3, 3, 0.04, (0.0080, "normal", 0.0)),
        ("eur_3y_q_K0_norm60_negative_curve", -0.005, 3, 3, 0.0, (0.0060, "normal", 0.0)),
        ("eur_3y_q_K0_shifted3_black25_negative_curve", -0.005, 3, 3, 0.0, (0.25, "lognormal", 0.03)),
        ("usd_5y_s_K3.5_norm90", None, 5, 6, 0.035, (0.0090, "normal", 0.0)),
    ],
)
def test_caps_and_floors(
    vectors: Path, name: str, flat: float | None, years: int, months: int, strike: float, vols: tuple[float, str, float]
) -> None:
    totals = json.loads((vectors / "quantitative" / "21_caps_floors.json").read_text())["totals"]
    terms = {"strike": strike, "maturity_date": f"{2026 + years}-01-31", "payment_months": months}
    held = book(row(**terms), row(**terms, instrument="floor"))
    found = value_options(held, curves(flat=flat) if vols[1] == "normal" else _base_only(flat), surface(*vols)).value[0]
    assert found[0] == pytest.approx(totals[f"{name}_cap"], abs=1e-5)
    assert found[1] == pytest.approx(totals[f"{name}_floor"], abs=1e-5)
    assert found[0] - found[1] == pytest.approx(totals[f"{name}_parity_forward_swap"], abs=1e-5)


def _base_only(flat: float | None) -> ScenarioCurves:
    return apply_scenarios(curves(flat=flat).curves, ScenarioSet((Scenario("base"),)))


def test_lognormal_options_refuse_negative_forwards() -> None:
    held = book(row(strike=0.04, maturity_date="2029-01-31", payment_months=3))
    with pytest.raises(MarketDataError, match="not above"):
        value_options(held, curves(flat=0.005), surface(0.2, "lognormal"))


def test_the_swap_of_a_swaption_begins_on_its_start_date() -> None:
    terms = {
        "instrument": "swaption",
        "option_type": "payer",
        "expiry_date": "2027-01-31",
        "maturity_date": "2031-01-31",
    }
    option = row(**terms, strike=0.02, payment_months=12, volatility=0.0, start_date="2028-01-31")
    found = value_options(book(option), curves(flat=0.03), None).value[0, 0]
    factor = np.exp(-0.03 * np.arange(2, 6))
    assert found == pytest.approx(1e7 * (factor[0] - factor[-1] - 0.02 * factor[1:].sum()), rel=1e-12)


def test_swaptions(vectors: Path) -> None:
    given = json.loads((vectors / "quantitative" / "21_caps_floors.json").read_text())["swaption"]
    terms = {
        "instrument": "swaption",
        "strike": 0.04,
        "expiry_date": "2027-01-31",
        "maturity_date": "2032-01-31",
        "payment_months": 12,
    }
    held = book(row(**terms, option_type="payer"), row(**terms, option_type="receiver"))
    found = value_options(held, curves(), surface(0.0080)).value[0]
    assert found[0] == pytest.approx(given["payer_normal_80bp_K4"], abs=1e-5)
    assert found[1] == pytest.approx(given["receiver_normal_80bp_K4"], abs=1e-5)
    lognormal = value_options(held, _base_only(None), surface(0.20, "lognormal")).value[0]
    assert lognormal[0] == pytest.approx(given["payer_black_20pct_K4"], abs=1e-5)


@pytest.mark.parametrize(
    ("terms", "column"),
    [
        ({"maturity_date": "2026-01-31"}, "maturity_date"),
        ({"instrument": "swaption", "expiry_date": "2026-01-31"}, "expiry_date"),
        ({"instrument": "swaption", "expiry_date": "2033-01-31"}, "maturity_date"),
        ({"instrument": "swaption", "expiry_date": "2027-01-31", "start_date": "2032-01-31"}, "maturity_date"),
        ({"instrument": "swaption", "expiry_date": "2027-01-31", "start_date": "2026-12-31"}, "start_date"),
    ],
)
def test_options_that_are_over_or_out_of_order_are_refused(terms: dict[str, Any], column: str) -> None:
    known = {"strike": 0.04, "maturity_date": "2032-01-31", "payment_months": 12, "option_type": "payer"}
    with pytest.raises(ContractFault) as caught:
        value_options(book(row(**{**known, **terms})), curves(), surface(0.01))
    assert [fault.column for fault in caught.value.faults] == [column]


def test_add_on_of_sold_and_bought_options(vectors: Path) -> None:
    given = json.loads((vectors / "quantitative" / "30_automatic_option_addon.json").read_text())
    terms = {"maturity_date": "2031-01-31", "payment_months": 6, "volatility": 0.0090}
    held = book(row(strike=0.05, **terms), row(strike=0.02, side="receive", instrument="floor", **terms))
    under = curves()
    found = value_options(held, under, None)
    change = found.stressed - found.value[0]
    for position, name in enumerate(under.names[1:], start=1):
        expected = given["scenarios"][name]
        assert change[position, 0] == pytest.approx(expected["sold_cap_change"], abs=1e-5)
        assert change[position, 1] == pytest.approx(expected["bought_floor_change"], abs=1e-5)
        assert change[position, 0] - change[position, 1] == pytest.approx(expected["kao_loss"], abs=1e-5)


def test_running_periods_are_intrinsic_on_the_rate_that_was_fixed() -> None:
    terms = {"strike": 0.04, "maturity_date": "2026-04-30", "payment_months": 6, "volatility": 0.01}
    with_rate, without = book(row(**terms) | {"rate": 0.06}), book(row(**terms))
    under = curves()
    found = value_options(with_rate, under, None)
    factor = under.discount_factor("USD", "discount", 0.25)
    np.testing.assert_allclose(found.value[:, 0], 1e7 * 0.5 * 0.02 * factor)
    np.testing.assert_array_equal(found.value, found.stressed)
    assert not value_options(without, under, None).value.any()
    ahead = {**terms, "maturity_date": "2028-01-31", "start_date": "2027-07-31"}
    one = value_options(book(row(**ahead)), under, None).value[0, 0]
    forward = float(under.simple_forward("USD", "SOFR", 1.5, 2.0, 0.5)[0])
    expected = float(bachelier_call(forward, 0.04, 0.01, 1.5)) * 0.5 * 1e7
    assert one == pytest.approx(expected * float(under.discount_factor("USD", "discount", 2.0)[0]))


def test_limits_of_floating_loans_are_time_value_only() -> None:
    loan = row(
        instrument="cash",
        side="asset",
        rate_type="floating",
        rate=0.05,
        spread=0.01,
        cap=0.06,
        floor=0.03,
        reset_months=6,
        next_reset_date="2026-07-31",
        maturity_date="2028-01-31",
        payment_months=6,
        repayment="bullet",
    )
    under = curves()
    found = value_limits(book(loan, {**loan, "cap": np.nan}, {**loan, "floor": np.nan}), under, surface(0.009))
    np.testing.assert_allclose(found.value[:, 0], found.value[:, 1] + found.value[:, 2])
    assert (found.value[:, 1] >= -1e-6).all()
    assert (found.value[:, 2] <= 1e-6).all()
    start = np.array([0.5, 1.0, 1.5])
    forward = under.simple_forward("USD", "SOFR", start, start + 0.5, 0.5)
    factor = under.discount_factor("USD", "discount", start + 0.5)
    cap = bachelier_call(forward, 0.05, 0.009, start) - np.maximum(forward - 0.05, 0)
    np.testing.assert_allclose(found.value[:, 2], -(cap * factor * 0.5 * 1e7).sum(axis=1))
    assert (np.abs(found.stressed) >= np.abs(found.value) - 1e-6)[:, 1:].all()
    unlimited = {**loan, "cap": np.nan, "floor": np.nan}
    assert value_limits(book(unlimited, {**loan, "rate_type": "fixed"}), under, None).rows.size == 0


def test_limits_follow_the_contractual_balance() -> None:
    terms = {"maturity_date": "2027-01-31", "payment_months": 1, "rate": 0.06}
    held = book(*(row(repayment=kind, **terms) for kind in ("annuity", "linear", "bullet")))
    dates = as_days(["2026-07-31"] * 3)
    found = contractual_share(held, np.arange(3), dates, as_days(AS_OF))
    level = (1 - 1.005**-6) / (1 - 1.005**-12)
    np.testing.assert_allclose(found, [level, 0.5, 1.0])
    free = book(row(repayment="annuity", **{**terms, "rate": 0.0}))
    np.testing.assert_allclose(contractual_share(free, np.arange(1), dates[:1], as_days(AS_OF)), 0.5)


def test_what_is_missing_is_named() -> None:
    faulty = book(row(strike=np.nan, maturity_date=None), row(instrument="swaption", index=None, strike=0.01))
    with pytest.raises(ContractFault) as caught:
        value_options(faulty, curves(), None)
    columns = {fault.column for fault in caught.value.faults}
    assert columns == {"strike", "maturity_date", "expiry_date", "index", "payment_months", "option_type"}
    whole = book(row(strike=0.04, maturity_date="2029-01-31", payment_months=3))
    with pytest.raises(MarketDataError, match="Supply vols/1"):
        value_options(whole, curves(), None)
    other = VolatilitySet(AS_OF, {})
    with pytest.raises(MarketDataError, match="none for USD `SOFR`"):
        value_options(whole, curves(), other)


def test_a_shift_of_every_rate_moves_caps_up_and_floors_down() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("up", {"*": (Shift(0.01),)})))
    under = apply_scenarios(curves().curves, scenarios)
    terms = {"strike": 0.04, "maturity_date": "2031-01-31", "payment_months": 6}
    held = book(row(**terms), row(**terms, instrument="floor"))
    found = value_options(held, under, surface(0.009)).value
    assert found[1, 0] > found[0, 0]
    assert found[1, 1] < found[0, 1]
