"""A protocol or incumbent that a kind does not have is refused in words; rate phases are left out of hazards too."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from behavior.benchmark.hazard_protocols import windows
from behavior.benchmark.incumbents import incumbent_hazard, legend_name
from behavior.benchmark.protocol_rules import require_answerable
from behavior.benchmark.protocols import Incumbent, Protocol, Question
from behavior.errors import FittingError, SpecFault
from behavior.features.base import FeatureMatrix

LANDMARK = (date(2023, 9, 30),)
VENDOR = "age_months,cpr\n1,0.05\n60,0.2\n"


def matrix_of(**columns: list[float]) -> FeatureMatrix:
    values = np.column_stack([np.asarray(one, dtype=float) for one in columns.values()])
    return FeatureMatrix(tuple(columns), values)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Incumbent(name="Vendor 7", file="tables/v7.csv"), "Vendor 7"),
        (Incumbent(file="tables/v7.csv"), "vendor table v7.csv"),
        (Incumbent(psa=1.65), "165% PSA"),
        (Incumbent(cpr=0.0625), "CPR of 6.25%"),
        (Incumbent(average_life_years=4.5), "4.5 years of average life"),
        (Incumbent(beta=0.0), "one beta of 0"),
        (Incumbent(name="a name alone says nothing"), ""),
    ],
)
def test_what_the_bank_uses_is_called_by_its_name_or_by_what_it_is(given: Incumbent, words: str) -> None:
    assert given.words == words
    assert legend_name(given, "psa") == f"incumbent: {words or 'psa'}"


def question(protocol: Protocol, incumbent: Incumbent | None = None) -> Question:
    return Question(title="t", model="m", history="h", protocol=protocol, incumbent=incumbent or Incumbent())


def test_a_vendor_axis_that_is_no_feature_is_named_with_those_there_are() -> None:
    hazard = incumbent_hazard(Incumbent(file="v"), "age,cpr\n1,0.05\n60,0.2\n", 12.0)
    assert hazard is not None
    with pytest.raises(SpecFault, match=r"column `age`: expected .*age_months, incentive"):
        hazard.predict_hazard(matrix_of(age_months=[1.0], incentive=[0.0]))
    levels = FeatureMatrix(("age",), np.zeros((1, 1)), (0,), {"age": ("old", "young")})
    with pytest.raises(SpecFault, match="column `age`"):
        hazard.predict_hazard(levels)
    speed = incumbent_hazard(Incumbent(psa=1.0), "", 12.0)
    assert speed is not None
    with pytest.raises(SpecFault, match="age_months"):
        speed.predict_hazard(matrix_of(incentive=[0.0]))


@pytest.mark.parametrize(
    ("kind", "asked", "words"),
    [
        ("mortgage_prepayment", question(Protocol(landmarks=LANDMARK)), "protocol.landmarks.*nmd_decay"),
        ("deposit_beta", question(Protocol(landmarks=LANDMARK)), "protocol.landmarks.*nmd_decay"),
        ("deposit_beta", question(Protocol(starts=LANDMARK)), "protocol.starts.*mortgage_prepayment, nmd_decay"),
        ("mortgage_prepayment", question(Protocol(leave_out="region")), "protocol.leave_out.*'region'.*deposit_beta"),
        ("nmd_decay", question(Protocol(leave_out="phase", starts=LANDMARK)), "one of starts, leave_out"),
        ("nmd_decay", question(Protocol(landmarks=LANDMARK, starts=LANDMARK)), "one of starts, landmarks"),
        ("mortgage_prepayment", question(Protocol(), Incumbent(beta=0.4)), "incumbent.beta.*cpr, psa"),
        ("nmd_decay", question(Protocol(landmarks=LANDMARK), Incumbent(psa=1.5)), "incumbent.psa.*average_life_years"),
        ("deposit_beta", question(Protocol(leave_out="phase"), Incumbent(cpr=0.1)), "incumbent.cpr.*beta, file"),
        ("toy", question(Protocol()), "model.*expected .*deposit_beta"),
    ],
)
def test_what_a_kind_does_not_have_is_refused(kind: str, asked: Question, words: str) -> None:
    with pytest.raises(SpecFault, match=words):
        require_answerable("own", kind, asked)
    with pytest.raises(SpecFault, match="kind that has a benchmark"):
        require_answerable("own", "kind_of_a_package", asked)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("mortgage_prepayment", question(Protocol(leave_out="phase"), Incumbent(psa=1.5))),
        ("mortgage_prepayment", question(Protocol(starts=LANDMARK), Incumbent(file="v"))),
        ("nmd_decay", question(Protocol(landmarks=LANDMARK), Incumbent(average_life_years=5.0))),
        ("nmd_decay", question(Protocol(), Incumbent(average_life_years=5.0))),
        ("deposit_beta", question(Protocol(leave_out="product", by=("product",)), Incumbent(beta=0.4))),
    ],
)
def test_what_a_kind_has_is_answered(kind: str, asked: Question) -> None:
    refused = []
    try:
        require_answerable("own", kind, asked)
    except SpecFault as error:
        refused.extend(error.faults)
    assert refused == []


def test_a_phase_of_the_market_rate_is_left_out_with_the_customers_judged() -> None:
    """Down, up, down again: each is judged once, by what was learned before and after it from other customers."""
    rate_by_month = np.concatenate([np.linspace(0.06, 0.03, 25), np.linspace(0.03, 0.05, 25)[1:], np.full(12, 0.05)])
    rate_by_month = np.append(rate_by_month, np.linspace(0.05, 0.02, 20)[1:])
    rng = np.random.default_rng(0)
    month = 400 + rng.integers(0, len(rate_by_month), 6_000)
    customer, event = rng.integers(0, 200, 6_000), (rng.random(6_000) < 0.05).astype(float)
    rate = rate_by_month[month - 400]
    protocol = Protocol(leave_out="phase", customer_folds=2, gap_months=1)
    found = list(windows(month, customer, event, protocol, rate=rate))
    assert [one.name for one in found][::2] == [
        "without 2003-05 to 2005-05, fold 1",
        "without 2005-05 to 2008-05, fold 1",
        "without 2008-05 to 2009-12, fold 1",
    ]
    for one in found:
        learn = one.learn.train | one.learn.validate
        low, high = month[one.test].min(), month[one.test].max()
        assert not set(customer[learn]) & set(customer[one.test])
        assert not ((month[learn] >= low - 1) & (month[learn] <= high + 1)).any()
        assert len(one.learn.validate) and not (one.learn.train & one.learn.validate).any()
    middle = found[2]
    learn = middle.learn.train | middle.learn.validate
    assert month[learn].min() < month[middle.test].min() and month[learn].max() > month[middle.test].max()


def test_without_a_market_rate_that_moves_no_phase_can_be_left_out() -> None:
    month, customer = np.arange(60), np.arange(60)
    protocol = Protocol(leave_out="phase")
    for rate, words in (
        (None, "market_rate"),
        (np.full(60, np.nan), "market_rate"),
        (np.linspace(0.01, 0.05, 60), "1 move"),
    ):
        with pytest.raises(FittingError, match=words):
            list(windows(month, customer, np.ones(60), protocol, rate=rate))


def test_a_speed_a_vendors_hazard_and_a_share_are_of_the_rows_period() -> None:
    """A year's row at 150% PSA: the months of the year one after the other, not the hazard of one month."""
    ages = matrix_of(age_months=[7.0, 19.0, 43.0])
    yearly = incumbent_hazard(Incumbent(psa=1.5), "", 1.0)
    assert yearly is not None
    by_hand = []
    for begin in (0, 12, 36):
        months = np.arange(begin + 1, begin + 13)
        by_hand.append(1.0 - np.prod((1.0 - np.minimum(months, 30) * 0.002 * 1.5) ** (1.0 / 12.0)))
    np.testing.assert_allclose(yearly.predict_hazard(ages), by_hand)
    assert yearly.predict_hazard(ages)[2] == pytest.approx(0.09)
    vendor = incumbent_hazard(Incumbent(file="v"), "incentive,monthly_hazard\n0,0.01\n0.02,0.03\n", 1.0)
    assert vendor is not None
    np.testing.assert_allclose(
        vendor.predict_hazard(matrix_of(incentive=[0.0, 0.02])), 1 - (1 - np.array([0.01, 0.03])) ** 12
    )
    table = incumbent_hazard(Incumbent(file="v"), VENDOR, 1.0)
    flat = incumbent_hazard(Incumbent(cpr=0.2), "", 1.0)
    assert table is not None and flat is not None
    assert table.predict_hazard(matrix_of(age_months=[90.0]))[0] == pytest.approx(0.2)
    assert flat.predict_hazard(ages) == pytest.approx(np.full(3, 0.2))
    assert incumbent_hazard(Incumbent(psa=1.5), "", 12.0).predict_hazard(ages)[0] == pytest.approx(
        1 - (1 - 0.021) ** (1 / 12)
    )


def test_shares_that_are_no_decimals_are_refused() -> None:
    with pytest.raises(SpecFault, match=r"line 3, column `cpr`: found '20'"):
        incumbent_hazard(Incumbent(file="v"), "age_months,cpr\n1,0.05\n60,20\n", 12.0)
    for words in ({"cpr": 6.0}, {"psa": 150.0}, {"average_life_years": 0.0}):
        with pytest.raises(ValueError, match=next(iter(words))):
            Incumbent(**words)
