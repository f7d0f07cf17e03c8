"""ACTUS terms and cycles: what is refused, and laws that any contract keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.engine.actus import Observed, Terms, contract_events
from behavior.engine.actus.cycles import BusinessDays, Cycle, dates, day_of, period_after
from behavior.errors import MarketDataError, SpecFault
from behavior.io.sources.actus import contract_of, observed_data, read_actus

LOAN: dict[str, Any] = {
    "contractType": "PAM",
    "contractID": "loan",
    "contractRole": "RPA",
    "currency": "USD",
    "statusDate": "2020-01-01",
    "initialExchangeDate": "2020-01-15",
    "maturityDate": "2023-01-15",
    "notionalPrincipal": 1000,
    "nominalInterestRate": 0.06,
    "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2020-07-15",
    "cycleOfInterestPayment": "P6ML1",
}
REDEEMED = {
    **LOAN,
    "cycleAnchorDateOfPrincipalRedemption": "2020-02-15",
    "cycleOfPrincipalRedemption": "P1ML1",
    "cycleAnchorDateOfInterestPayment": "2020-02-15",
    "cycleOfInterestPayment": "P1ML1",
}


def at(text: str) -> np.datetime64:
    return np.datetime64(text, "s")


def days(moments: list[np.datetime64]) -> list[str]:
    return [str(moment)[:10] for moment in moments]


def test_cycles() -> None:
    month = Cycle.parse("P1ML1", "x")
    assert days(dates(at("2020-01-31"), at("2020-04-15"), month)) == [
        "2020-01-31",
        "2020-02-29",
        "2020-03-31",
        "2020-04-15",
    ]
    ends = dates(at("2020-02-29"), at("2020-05-31"), month, end_of_month=True)
    assert days(ends) == ["2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31"]
    long = dates(at("2020-01-31"), at("2020-04-15"), Cycle.parse("P1ML0", "x"))
    assert days(long) == ["2020-01-31", "2020-02-29", "2020-04-15"]
    assert days(dates(at("2020-01-01"), at("2020-01-20"), Cycle.parse("P2W", "x"), with_end=False)) == [
        "2020-01-01",
        "2020-01-15",
    ]
    assert dates(at("2020-02-01"), at("2020-01-20"), month) == []
    assert days(dates(at("2020-01-01"), at("2020-02-01"), None)) == ["2020-01-01", "2020-02-01"]
    assert str(Cycle.parse("P1QL1", "x").after(at("2020-01-31"), 1))[:10] == "2020-04-30"
    assert str(period_after(at("2020-01-31T12:00:00"), "P1M", "x")) == "2020-02-29T12:00:00"
    assert str(day_of(at("2020-01-31T23:59:59"))) == "2020-02-01"
    for text in ("1M", "P0ML1", "P1X", "P1ML2", ""):
        with pytest.raises(SpecFault, match="expected a cycle"):
            Cycle.parse(text, "x")


@pytest.mark.parametrize(
    ("convention", "paid", "calculated"),
    [
        ("SCF", "2020-06-01", "2020-06-01"),
        ("SCMF", "2020-05-29", "2020-05-29"),
        ("SCP", "2020-05-29", "2020-05-29"),
        ("CSF", "2020-06-01", "2020-05-31"),
        ("CSMF", "2020-05-29", "2020-05-31"),
        ("NOS", "2020-05-31", "2020-05-31"),
    ],
)
def test_business_days(convention: str, paid: str, calculated: str) -> None:
    rule, sunday = BusinessDays(convention, weekends=True), at("2020-05-31")
    assert (str(rule.paid(sunday))[:10], str(rule.calculated(sunday))[:10]) == (paid, calculated)
    assert BusinessDays(convention, weekends=False).paid(sunday) == sunday
    assert str(BusinessDays("SCMP", weekends=True).paid(at("2020-08-01")))[:10] == "2020-08-03"


def test_a_bullet_pays_interest_and_principal() -> None:
    found = contract_events(Terms.of(LOAN), Observed())
    assert [event.kind for event in found] == ["IED", *["IP"] * 6, "MD"]
    assert [event.payoff for event in found] == pytest.approx([-1000, *[30.0] * 6, 1000])


@pytest.mark.parametrize("kind", ["LAM", "NAM", "ANN"])
@given(st.floats(0.001, 0.15), st.floats(30, 400))
def test_principal_comes_back_whole(kind: str, rate: float, payment: float) -> None:
    raw = {**REDEEMED, "contractType": kind, "nominalInterestRate": rate, "nextPrincipalRedemptionPayment": payment}
    found = contract_events(Terms.of(raw), Observed())
    repaid = sum(event.payoff for event in found if event.kind in ("PR", "MD"))
    assert repaid == pytest.approx(1000, abs=1e-8)
    assert found[-1].notional == 0.0


@given(st.floats(0.001, 0.15))
def test_roles_mirror_each_other(rate: float) -> None:
    raw = {**REDEEMED, "contractType": "ANN", "nominalInterestRate": rate}
    lent, owed = (contract_events(Terms.of({**raw, "contractRole": role}), Observed()) for role in ("RPA", "RPL"))
    np.testing.assert_allclose([event.payoff for event in lent], [-event.payoff for event in owed], atol=1e-12)


@given(st.floats(0.001, 0.15))
def test_an_annuity_is_level_and_leaves_nothing(rate: float) -> None:
    found = contract_events(Terms.of({**REDEEMED, "contractType": "ANN", "nominalInterestRate": rate}), Observed())
    paid: dict[str, float] = {}
    for event in found:
        if event.kind in ("PR", "IP", "MD"):
            paid[str(event.time)] = paid.get(str(event.time), 0.0) + event.payoff
    np.testing.assert_allclose(list(paid.values()), next(iter(paid.values())), rtol=1e-10)
    assert len(paid) == 36


def test_running_contracts_know_what_they_owe() -> None:
    raw = {**REDEEMED, "contractType": "ANN", "notionalPrincipal": 600, "statusDate": "2021-06-20"}
    found = contract_events(Terms.of(raw), Observed())
    first = next(event for event in found if event.kind == "IP")
    # Five days of the month that runs since the 15th have passed; the payment is fixed on what is owed today.
    assert first.payoff == pytest.approx(600 * 0.06 * 30 / 360)
    assert sum(event.payoff for event in found if event.kind in ("PR", "MD")) == pytest.approx(600)
    without = {**REDEEMED, "contractType": "LAM", "nextPrincipalRedemptionPayment": 100, "statusDate": "2021-06-20"}
    del without["maturityDate"]
    ended = contract_events(Terms.of({**without, "notionalPrincipal": 350}), Observed())
    assert str(ended[-1].time)[:10] == "2021-10-15"


def test_resets_keep_their_limits() -> None:
    raw = {
        **LOAN,
        "cycleAnchorDateOfRateReset": "2020-07-15",
        "cycleOfRateReset": "P6ML1",
        "marketObjectCodeOfRateReset": "IDX",
        "rateSpread": 0.01,
        "lifeCap": 0.09,
        "periodFloor": -0.01,
    }
    series = {
        "IDX": {"data": [{"timestamp": "2020-07-15", "value": "0.20"}, {"timestamp": "2021-01-15", "value": "0.0"}]}
    }
    found = contract_events(Terms.of(raw), observed_data(series))
    assert [event.rate for event in found if event.kind == "RR"] == pytest.approx([0.09, 0.08, 0.07, 0.06, 0.05])
    with pytest.raises(MarketDataError, match="no series `IDX`"):
        contract_events(Terms.of(raw), Observed())
    late = {"IDX": {"data": [{"timestamp": "2021-01-15", "value": 0.0}]}}
    with pytest.raises(MarketDataError, match="no value on or before"):
        contract_events(Terms.of(raw), observed_data(late))


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"contractType": "BND"}, "contractType"),
        ({"prepaymentEffect": "A"}, "prepaymentEffect"),
        ({"cycleOfFee": "P1ML1"}, "cycleOfFee"),
        ({"dayCountConvention": "28E336"}, "dayCountConvention"),
        ({"businessDayConvention": "XX"}, "businessDayConvention"),
        ({"calendar": "TARGET"}, "calendar"),
        ({"endOfMonthConvention": "EOY"}, "endOfMonthConvention"),
        ({"contractRole": "BOTH"}, "contractRole"),
        ({"amortizationDate": "2024-01-01"}, "amortizationDate"),
        ({"contractType": "LAX", "cycleOfRateReset": "P1YL1"}, "cycleOfRateReset"),
        ({"contractType": "LAX", "arrayIncreaseDecrease": ["INC", "DOWN"]}, "arrayIncreaseDecrease"),
        ({"contractType": "LAX", "arrayFixedVariable": ["fixed"]}, "arrayFixedVariable"),
        ({"contractType": "CLM", "capitalizationEndDate": "2021-01-01"}, "capitalizationEndDate"),
        ({"contractType": "UMP", "capitalizationEndDate": "2021-01-01"}, "capitalizationEndDate"),
        ({"contractType": "SWPPV", "premiumDiscountAtIED": "-20"}, "premiumDiscountAtIED"),
        ({"contractType": "SWPPV", "accruedInterest": 5}, "accruedInterest"),
        ({"penaltyType": "A"}, "penaltyType"),
    ],
)
def test_unsupported_terms_are_refused_by_name(change: dict[str, Any], column: str) -> None:
    with pytest.raises(SpecFault, match=f"`{column}`"):
        Terms.of({**LOAN, **change})
    assert Terms.of({**LOAN, **dict.fromkeys(change, "")} if column == "prepaymentEffect" else LOAN)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"maturityDate": ""}, "maturityDate"),
        ({"maturityDate": "soon"}, "maturityDate"),
        ({"statusDate": ""}, "statusDate"),
        ({"contractRole": ""}, "contractRole"),
        ({"dayCountConvention": None}, "dayCountConvention"),
        ({"notionalPrincipal": "much"}, "notionalPrincipal"),
        ({"cycleOfInterestPayment": "monthly"}, "cycleOfInterestPayment"),
        ({"contractType": "LAM"}, "cycleAnchorDateOfPrincipalRedemption"),
        ({"contractType": "SWPPV"}, "nominalInterestRate2"),
    ],
)
def test_missing_or_faulty_terms_are_named(change: dict[str, Any], column: str) -> None:
    with pytest.raises(SpecFault, match=f"`{column}`"):
        contract_events(Terms.of({**LOAN, **change}), Observed())


def test_a_payment_that_never_repays_is_refused() -> None:
    raw = {**REDEEMED, "contractType": "NAM", "nextPrincipalRedemptionPayment": 4.0}
    del raw["maturityDate"]
    with pytest.raises(SpecFault, match="never repays"):
        contract_events(Terms.of(raw), Observed())


def test_structures_need_their_references() -> None:
    swap = {
        "contractType": "SWAPS",
        "contractID": "s",
        "contractRole": "RFL",
        "currency": "USD",
        "statusDate": "2020-01-01",
    }
    with pytest.raises(SpecFault, match="role FIL"):
        contract_events(Terms.of(swap), Observed())
    legs = [{"object": LOAN, "referenceType": "CNT", "referenceRole": "UDL"}]
    with pytest.raises(SpecFault, match="cap or a floor"):
        contract_events(
            Terms.of({**swap, "contractType": "CAPFL", "contractRole": "BUY", "contractStructure": legs}), Observed()
        )


def test_files_name_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    entries = {
        "one": {"terms": {**LOAN, "contractType": "BND"}},
        "two": {"terms": {**LOAN, "penaltyType": "N"}},
        "three": {"terms": LOAN, "eventsObserved": [{"time": "2021-01-01", "type": "PP", "value": 5}]},
    }
    path.write_text(json.dumps(entries))
    with pytest.raises(SpecFault) as caught:
        read_actus(path)
    assert len(caught.value.faults) == 3
    assert all(word in str(caught.value) for word in ("BND", "penaltyType", "PP"))
    path.write_text("{")
    with pytest.raises(SpecFault, match="cannot be read as JSON"):
        read_actus(path)
    entry = json.dumps({"terms": LOAN})
    path.write_text(f'{{"one": {entry}, "two": {{"terms": {{}}, "to": "", "to": ""}}, "one": {entry}}}')
    with pytest.raises(SpecFault) as caught:
        read_actus(path)
    assert [fault.value for fault in caught.value.faults[:2]] == ["to", "one"]
    assert len(caught.value.faults) > 2
    assert contract_of("four", {"terms": LOAN, "to": "2020-12-31"}).horizon == at("2020-12-31")


FEE = {"feeRate": 0.012, "cycleAnchorDateOfFee": "2020-07-15", "cycleOfFee": "P6ML1"}


def test_fees_are_a_share_of_the_notional_or_an_amount() -> None:
    share = contract_events(Terms.of({**LOAN, **FEE, "feeBasis": "N"}), Observed())
    paid = [event.payoff for event in share if event.kind == "FP"]
    assert paid == pytest.approx([1000 * 0.012 / 2] * 6)
    owed = contract_events(Terms.of({**LOAN, **FEE, "feeBasis": "N", "contractRole": "RPL"}), Observed())
    assert [event.payoff for event in owed if event.kind == "FP"] == pytest.approx([-6.0] * 6)
    amount = contract_events(Terms.of({**LOAN, **FEE, "feeBasis": "A", "feeRate": 3.5}), Observed())
    assert [event.payoff for event in amount if event.kind == "FP"] == [3.5] * 6
    running = {**LOAN, **FEE, "feeBasis": "N", "statusDate": "2020-10-15"}
    first = next(event for event in contract_events(Terms.of(running), Observed()) if event.kind == "FP")
    assert first.payoff == pytest.approx(6.0)
    known = contract_events(Terms.of({**running, "feeAccrued": 1.0}), Observed())
    assert next(event.payoff for event in known if event.kind == "FP") == pytest.approx(4.0)
    assert str(next(event for event in share if event.kind == "FP").time)[:10] == "2020-07-15"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"feeBasis": "N"}, "feeBasis"),
        ({"feeRate": 0.01, "cycleOfFee": "P1YL1"}, "feeBasis"),
        ({"feeRate": 0.01, "feeBasis": "X", "cycleOfFee": "P1YL1"}, "feeBasis"),
        ({"scalingEffect": "IXO"}, "scalingEffect"),
        ({"contractPerformance": "DF"}, "contractPerformance"),
        ({"cyclePointOfInterestPayment": "B"}, "cyclePointOfInterestPayment"),
    ],
)
def test_half_given_and_other_values_are_refused_by_name(change: dict[str, Any], column: str) -> None:
    with pytest.raises(SpecFault, match=f"`{column}`"):
        Terms.of({**LOAN, **change})
    with pytest.raises(SpecFault, match="`cycleOfFee`"):
        contract_events(Terms.of({**LOAN, "feeRate": 0.01, "feeBasis": "N"}), Observed())


def test_values_without_effect_change_nothing() -> None:
    plain = contract_events(Terms.of(LOAN), Observed())
    named = {"prepaymentEffect": "N", "contractPerformance": "PF", "seniority": "S", "cyclePointOfRateReset": "B"}
    named["penaltyType"] = "O"
    assert contract_events(Terms.of({**LOAN, **named}), Observed()) == plain


def test_deposits_without_maturity_are_withdrawn_from_outside() -> None:
    terms = {**LOAN, "contractType": "UMP", "contractRole": "RPL", "xDayNotice": "P1M"}
    del terms["maturityDate"]
    outside = [{"time": "2020-10-15", "type": "PR", "value": 400}, {"time": "2021-10-15", "type": "PR", "value": 900}]
    held = contract_of("d", {"terms": terms, "eventsObserved": outside, "to": "2022-01-31"})
    found = contract_events(held.terms, held.observed, held.horizon)
    out = [event.payoff for event in found if event.kind == "PR"]
    grown = (1000 * 1.03 - 400) * (1 + 0.06 / 4) + 1000 * 1.03 * 0.06 / 4
    assert out[0] == -400
    assert next(e.notional for e in found if str(e.time)[:10] == "2021-01-15") == pytest.approx(-grown)
    # More is asked for than is there: what is there is paid.
    assert out[1] == pytest.approx(-grown * 1.03)


def test_interest_alone_ends_one_redemption_period_before_the_first_redemption() -> None:
    raw = {**REDEEMED, "contractType": "NAM", "nextPrincipalRedemptionPayment": 60.0}
    raw |= {"cycleAnchorDateOfPrincipalRedemption": "2020-10-15", "cycleOfPrincipalRedemption": "P3ML1"}
    found = contract_events(Terms.of(raw), Observed())
    paid = [str(event.time)[:10] for event in found if event.kind == "IP"][:8]
    months = ["2020-02", "2020-03", "2020-04", "2020-05", "2020-06", "2020-07", "2020-10", "2021-01"]
    assert paid == [f"{month}-15" for month in months]


def test_scaling_and_lagging_bases_need_no_anchor() -> None:
    raw = {**LOAN, "scalingEffect": "INO", "marketObjectCodeOfScalingIndex": "CPI", "cycleOfScalingIndex": "P1YL1"}
    raw |= {"scalingIndexAtContractDealDate": 100.0}
    series = {"CPI": {"data": [{"timestamp": "2020-01-01", "value": 110.0}]}}
    found = contract_events(Terms.of(raw), observed_data(series))
    assert [str(event.time)[:10] for event in found if event.kind == "SC"] == ["2021-01-15", "2022-01-15"]
    assert found[-1].payoff == pytest.approx(1100.0)
    lagging = {**REDEEMED, "contractType": "LAM", "nextPrincipalRedemptionPayment": 20.0}
    lagging |= {"interestCalculationBase": "NTL", "interestCalculationBaseAmount": 1000.0}
    moved = contract_events(Terms.of({**lagging, "cycleOfInterestCalculationBase": "P1YL1"}), Observed())
    assert [str(event.time)[:10] for event in moved if event.kind == "IPCB"] == ["2021-01-15", "2022-01-15"]
