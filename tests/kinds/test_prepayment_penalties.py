"""A penalty's end shows in the payoffs of its segment: curves are low to its last month and high from the next on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.champion import Roles
from behavior.features.base import compute_features
from behavior.features.prepayment import FEATURES
from behavior.kinds._prepayment_penalties import AROUND, PHASES, PenaltiesOfRows, PenaltyPhase, ends_found
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.mortgage_prepayment import KIND
from behavior.market.history import RateHistory
from behavior.panel.base import Panel
from behavior.panel.split import nothing_held_back
from behavior.quantities import AnyArray, FloatArray
from tests.spec_examples import PREPAYMENT, spec_of

NAMES = ("incentive", "months_in_the_money", "age_months", "product")
SPEC = spec_of(
    *PREPAYMENT,
    "s_curve_hazard",
    """
[segments]
by = ["product"]
[features]
use = ["incentive", "months_in_the_money", "age_months", "product"]
""",
)
ROLES = Roles("incentive", "age_months", "months_in_the_money", ("product",))
MONTHS, AS_OF = 96, pd.Timestamp("2026-09-30")


def hazard(law: str, held: AnyArray, age: AnyArray, incentive: AnyArray) -> FloatArray:
    """Monthly hazard; `held` is 1 for the product with a penalty, and the law says what that does."""
    plain = 0.012 * np.minimum(age / 20.0, 1.0) * np.exp(25.0 * incentive)
    barred = np.where(age <= 36, 0.12, np.where(age <= 38, 4.0, 1.0))
    hump = 1.0 + 2.0 * np.exp(-(((age - 36) / 10.0) ** 2))
    factor = {"none": np.ones(len(age)), "penalty": barred, "hump": hump}[law]
    return np.asarray(plain * np.where(held > 0, factor, 1.0))


@cache
def history(law: str, seed: int = 5, loans: int = 2500, wave: float = 0.0) -> Panel:
    """Loans of two products, made at any time in eight years; the market rate falls by `wave` five years after."""
    rng = np.random.default_rng(seed)
    held, anytime = (rng.random(loans) < 0.5) * 1.0, rng.integers(0, MONTHS - 1, loans)
    begin = np.where(held > 0, 20, anytime) if wave else anytime  # at once, so that a fall of rates comes at one age
    market = 0.04 - wave * (np.arange(MONTHS + 1) >= 20 + 37)
    margin, parts = 0.004 * rng.standard_normal(loans), []
    for place in range(loans):
        month = np.arange(begin[place] + 1, MONTHS)
        age = month - begin[place]
        incentive = market[begin[place]] + margin[place] - market[month]
        gone = rng.random(len(month)) < hazard(law, np.full(len(month), held[place]), age, incentive)
        last = int(np.argmax(gone)) + 1 if gone.any() else len(month)
        tired = np.concatenate([[0.0], np.cumsum(incentive > 0.005)[:-1]]) if len(month) else np.zeros(0)
        own = pd.DataFrame({"place": place, "step": month, "age_months": age * 1.0, "incentive": incentive})
        own["market_rate"] = market[month]
        parts.append(own.assign(months_in_the_money=tired, payoff=gone * 1.0)[:last])
    table = pd.concat(parts, ignore_index=True)
    owner = table.pop("place").to_numpy()
    names = np.array([f"L{one:05d}" for one in range(loans)], dtype=object)
    months = pd.date_range(end=AS_OF, periods=MONTHS, freq="ME")
    columns = {
        "unit": names[owner],
        "customer": names[owner],
        "month": months[table.pop("step").to_numpy()],
        "weight": 100_000.0 + 100.0 * (owner % 7),
        "product": pd.Categorical(np.where(held[owner] > 0, "held", "free")),
        "default": 0.0,
        "curtailment": np.nan,
    }
    return Panel(table.assign(**columns))


def found(panel: Panel) -> dict[str, int]:
    matrix = compute_features(panel, FEATURES, NAMES)
    return ends_found(panel, matrix, np.ones(len(panel.table), dtype=bool), ROLES, SPEC)


@cache
def learnt() -> FittedModel:
    panel = history("penalty")
    return KIND.fit(panel, nothing_held_back(panel, SPEC.split, tuned=False), SPEC)


def test_the_end_of_a_penalty_is_found_in_its_segment_alone() -> None:
    assert found(history("penalty")) == {"held": 36}


@pytest.mark.parametrize(("law", "wave"), [("none", 0.0), ("hump", 0.0), ("none", 0.05)])
def test_what_is_smooth_in_age_or_moves_with_rates_is_no_penalty(law: str, wave: float) -> None:
    assert not found(history(law, wave=wave))


def test_a_loan_whose_fixation_is_known_has_its_end_from_there() -> None:
    panel = history("penalty")
    fixed = Panel(panel.table.assign(fixation_months=np.where(panel.table["product"] == "held", 60.0, 0.0)))
    assert not found(fixed)
    assert np.isnan(PenaltyPhase({"held": 36}, SPEC).months(fixed.table)).all()


def test_curves_are_low_to_the_last_month_and_high_from_the_next() -> None:
    panel, fitted = history("penalty"), learnt()
    assert "held after month 36" in fitted.facts["penalties in words"]
    rates = RateHistory.from_table(pd.DataFrame({"date": ["2026-09-30"], "index": ["M"], "value": [0.04]}), {})
    tables = KIND.export(fitted, ExportContext(AS_OF, panel, rates, None))
    table, expected = panel.table, KIND.predict(fitted, panel).table["predicted"].to_numpy()
    spent = KIND.look_up(tables, fitted, panel).table["predicted"].to_numpy()
    age, held = table["age_months"].to_numpy().astype(np.int64), (table["product"] == "held").to_numpy() * 1.0
    true = hazard("penalty", held, age, table["incentive"].to_numpy(dtype=np.float64))
    for low, high, near in ((13, 36, 0.25), (34, 36, 0.35), (37, 38, 0.15), (40, 60, 0.2)):
        mine = (held > 0) & (age >= low) & (age <= high)
        assert spent[mine].mean() == pytest.approx(expected[mine].mean(), rel=0.06)
        assert spent[mine].mean() == pytest.approx(true[mine].mean(), rel=near)
    held_curve = next(one for one in tables[0].curves if one.segment == ("held",))
    assert {36 + step for step in AROUND} <= set(held_curve.months.tolist())


def test_a_stored_model_reads_the_months_around_an_end_as_before() -> None:
    panel, fitted = history("penalty"), learnt()
    back = KIND.load(SPEC, fitted.files())
    before, after = (KIND.predict(one, panel).table["predicted"].to_numpy() for one in (fitted, back))
    assert np.allclose(before, after, rtol=1e-9)
    assert KIND.refit is not None
    again = KIND.refit(fitted, panel, nothing_held_back(panel, SPEC.split, tuned=False), SPEC)
    assert np.allclose(KIND.predict(again, panel).table["predicted"], before, rtol=1e-6)


def test_phases_by_hand() -> None:
    phase = PenaltyPhase({"long": 60, "short": 24}, SPEC)
    assert phase.levels == tuple(f"{end} {one}" for end in (24, 60) for one in PHASES)
    months = np.array([24.0, 24, 24, 24, 24, 60, 60, np.nan])
    ages = np.array([1.0, 24, 25, 28, 31, 60, 63, 24])
    assert phase.codes(months, ages).tolist()[:-1] == pytest.approx([0, 0, 1, 4, np.nan, 5, 8], nan_ok=True)
    assert np.isnan(phase.codes(months, ages)[-1])
    rare = PenaltiesOfRows(phase, np.array([24.0] + [60.0] * 30))
    assert rare.ages(65).tolist() == [60, 61, 62, 63, 64]
