"""What the months cannot tell is an error or a flag, never a number that looks like knowledge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.errors import DidNotConverge, TooFewEvents
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions, SeriesFit
from behavior.estimators.pass_through_identified import not_told
from tests.estimators.pass_through_cases import Truth, constant, policy_rate, series_of

QUICK = FitOptions(replicates=5, largest_delay=0)


def rising(months: int) -> np.ndarray:
    return np.linspace(0.005, 0.04, months)


def fit_of(series, **changes) -> SeriesFit:
    model = StructuralPassThrough(QUICK).fit([series])
    return replace(model.own_[series.segment], **changes)


def test_eight_months_do_not_carry_eight_parameters():
    levels = rising(21)[10:18]
    with pytest.raises(TooFewEvents, match=r"8 observations for 8 parameters, at least 16 needed"):
        StructuralPassThrough(QUICK).fit([series_of(levels, Truth(constant(0.4)).simulate(levels))])


def test_many_short_series_carry_one_law_together():
    levels = rising(15)
    betas = (0.3, 0.35, 0.4, 0.45, 0.5)
    series = [series_of(levels, Truth(constant(beta)).simulate(levels), f"s{beta}") for beta in betas]
    assert len(StructuralPassThrough(QUICK).fit(series).own_) == 5
    with pytest.raises(TooFewEvents, match="all series together: 30 observations for"):
        StructuralPassThrough(QUICK).fit([one.rows(np.arange(15) < 6) for one in series])


def test_beside_a_long_series_a_short_one_is_left_to_the_pooled_law():
    levels, truth = policy_rate(120, 2), Truth(constant(0.4), shock=1e-4)
    long = series_of(levels, truth.simulate(levels, 1), "long")
    short = series_of(levels, truth.simulate(levels, 2), "short").rows(np.arange(120) < 12)
    model = StructuralPassThrough(QUICK).fit([long, short])
    assert model.facts_["thin"] == ["short"]
    assert [law.segment for law in model.laws_] == [("long",), ("pooled",)]


def test_starts_that_disagree_are_an_error_where_there_is_nothing_to_draw_to(monkeypatch):
    levels = policy_rate(120, 2)
    series = series_of(levels, Truth(constant(0.4), shock=1e-4).simulate(levels, 1))
    depends = "long-run beta depends on the start: 0.200 to 0.600"
    assert not_told(fit_of(series), [series]) == ""
    assert "0.200 to 0.600" in not_told(fit_of(series, flags=(depends,)), [series])
    assert "25% of the starts" in not_told(fit_of(series, starts_agreeing=0.25), [series])
    uncertain = fit_of(series, starts_agreeing=0.25)
    monkeypatch.setattr(StructuralPassThrough, "_fit_one", lambda *_: uncertain)
    with pytest.raises(DidNotConverge, match="cannot tell"):
        StructuralPassThrough(QUICK).fit([series])


@pytest.mark.parametrize("paid", (0.0, 0.01))
def test_a_rate_that_never_moves_is_a_beta_of_nothing_with_unknown_speeds(paid):
    levels = policy_rate(120, 2)
    model = StructuralPassThrough(QUICK).fit([series_of(levels, np.full(120, paid))])
    assert np.allclose(model.law(("one",)).marginal, 0.0, atol=1e-3)
    flags = model.segment_law(("one",)).facts["flags"]
    assert any("its speeds are unknown" in flag for flag in flags)


def test_a_law_pressed_against_its_bounds_says_so():
    levels = policy_rate(160, 3)
    over = StructuralPassThrough(QUICK).fit([series_of(levels, 1.3 * levels)]).segment_law(("one",))
    assert any("marginal stands on its bound 1 " in flag for flag in over.facts["flags"])
    against = StructuralPassThrough(QUICK).fit([series_of(levels, 0.03 - 0.4 * levels)]).segment_law(("one",))
    assert any("marginal stands on its bound 0 " in flag for flag in against.facts["flags"])
    free = StructuralPassThrough(QUICK).fit([series_of(levels, Truth(constant(0.4)).simulate(levels))])
    assert not any("bound" in flag for flag in free.segment_law(("one",)).facts["flags"])


@pytest.mark.parametrize(
    ("offsets", "said"), [((-0.008, 0.002), True), ((-0.008, -0.008), False), ((0.01, 0.02), False)]
)
def test_sources_of_one_segment_that_rest_apart_are_named_where_one_was_at_its_floor(offsets, said):
    """Tables say once where a segment's target rests: euros held at 0 left it too early, by up to 35 bp."""
    levels = policy_rate(144, 3)
    paid = [np.maximum(Truth(constant(0.5), offset=own).simulate(levels), 0.0) for own in offsets]
    pieces = [replace(series_of(levels, own, name), segment=("savings",)) for own, name in zip(paid, "ab", strict=True)]
    flags = "; ".join(StructuralPassThrough(QUICK).fit(pieces).laws_[0].facts["flags"])
    assert ("its series rest apart: a at" in flags) is said, flags
