"""What fallbacks say where no member has seen anything, and what every law says of the directions that it saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.effects import POOLED
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions, SeriesFit
from behavior.estimators.pass_through_laws import SegmentLaw
from behavior.estimators.pass_through_model import Layout
from behavior.estimators.pass_through_pool import population
from behavior.quantities import FloatArray
from tests.estimators.pass_through_cases import Truth, constant, policy_rate, series_of

QUICK = FitOptions(replicates=5, largest_delay=0)
FALLBACK = (POOLED,)
LAYOUT = Layout(np.array([0.0, 0.01, 0.02]))


def one_rise(months: int = 72) -> FloatArray:
    """A short rate that rests, rises in quarter points and never falls."""
    return np.round(np.concatenate([np.zeros(6), np.linspace(0.0, 0.05, months)]) / 0.0025) * 0.0025


def two_products(rounding: float) -> StructuralPassThrough:
    levels = one_rise()
    truths = [Truth(constant(beta), 0.2, 0.4, rounding=rounding) for beta in (0.4, 0.6)]
    paid = [truth.simulate(levels) for truth in truths]
    return StructuralPassThrough(QUICK).fit([series_of(levels, one, f"s{i}") for i, one in enumerate(paid)])


def speeds(law: SegmentLaw) -> FloatArray:
    return np.exp(law.parameters[-2:])


def marginals(model: StructuralPassThrough, law: SegmentLaw) -> FloatArray:
    return model.layout_.marginals(np.concatenate([np.zeros(model.layout_.structural.start), law.parameters]))


def flags(law: SegmentLaw) -> list[str]:
    return list(law.facts["flags"])


def fit_of(structural: list[float], information: FloatArray) -> SeriesFit:
    size = len(structural)
    nothing = np.zeros(0)
    return SeriesFit(
        parameters=nothing,
        structural=np.array(structural),
        gain=0.0,
        levels=(),
        delays=(0, 0),
        sigma=1.0,
        smoothing=0.2,
        cost=0.0,
        information=information,
        effect=np.ones(size),
        rows=60,
    )


@pytest.mark.parametrize("rounding", [0.0, 5e-4])
def test_a_direction_that_no_member_has_seen_lies_between_the_members(rounding):
    model = two_products(rounding)
    *own, pooled = model.laws_
    assert pooled.segment == FALLBACK
    for side in (0, 1):
        seen = [speeds(law)[side] for law in own]
        assert min(seen) - 0.05 <= speeds(pooled)[side] <= max(seen) + 0.05


def test_the_fallback_of_one_member_is_that_member():
    levels = policy_rate(120, 1)
    own, pooled = StructuralPassThrough(QUICK).fit([series_of(levels, 0.5 * np.round(levels, 4))]).laws_
    assert pooled.parameters == pytest.approx(own.parameters, abs=1e-6)
    paid = np.round(0.5 * levels / 5e-4) * 5e-4
    model = StructuralPassThrough(QUICK).fit([series_of(levels, paid)])
    own, pooled = model.laws_
    assert marginals(model, pooled) == pytest.approx(marginals(model, own), abs=1e-6)


def test_a_silent_member_does_not_pull_the_fallback():
    heard, silent = np.eye(5) * 1e6, np.zeros((5, 5))
    truth, other = [0.4, 0.0, 0.0, -1.6, -1.6], [0.8, 0.1, 0.1, -0.5, -0.5]
    group = population(LAYOUT, [fit_of(truth, heard), fit_of(truth, heard), fit_of(other, silent)], (0, 0))
    assert group.centre == pytest.approx(truth, abs=0.01)
    # Information of any size, and directions without any: the answer is a number near the members, never noise.
    for size in (1e3, 1e9, 1e15):
        mixed = np.zeros((5, 5))
        mixed[:4, :4] = size * (np.eye(4) + 0.99)
        members = [fit_of([0.4, 0.0, 0.0, -1.6, -1.0], mixed), fit_of([0.5, 0.0, 0.0, -1.4, -1.2], mixed)]
        assert population(LAYOUT, members, (0, 0)).centre == pytest.approx([0.45, 0.0, 0.0, -1.5, -1.1], abs=1e-6)


def test_fallbacks_say_what_their_members_are_not_certain_of():
    *own, pooled = two_products(0.0).laws_
    assert all(any("never had to move down" in words for words in flags(law)) for law in own)
    assert any(words.startswith("2 of 2 members: the rate paid never had to move down") for words in flags(pooled))


def test_a_rate_that_moves_at_once_had_to_move():
    levels = policy_rate(120, 1)
    law = StructuralPassThrough(QUICK).fit([series_of(levels, 0.5 * levels)]).segment_law(("one",))
    assert speeds(law) == pytest.approx(1.0, abs=1e-3)
    up, down = law.direction_months
    assert up == np.sum(np.diff(levels) > 0) and down == np.sum(np.diff(levels) < 0)
    assert not any("never had to move" in words for words in flags(law))


def test_months_of_a_direction_are_counted_at_the_target_that_it_sees():
    levels = policy_rate(120, 1)
    paid = 0.5 * np.concatenate([np.full(2, levels[0]), levels[:-2]])
    law = StructuralPassThrough(replace(QUICK, largest_delay=3)).fit([series_of(levels, paid)]).segment_law(("one",))
    assert law.delays == (2, 2)
    moves = np.diff(levels[:-2])
    # The fitted speed is a little below 1, so that now and then a month's rest is closed in the month after.
    assert law.direction_months == pytest.approx((np.sum(moves > 0), np.sum(moves < 0)), abs=2)


def test_a_rate_that_never_moves_has_no_speed_that_could_be_known():
    levels = policy_rate(120, 1)
    still = series_of(levels, np.full(levels.size, 0.01), "still")
    *own, pooled = StructuralPassThrough(QUICK).fit([still]).laws_
    for side, name in enumerate(("up", "down")):
        words = next(words for words in flags(own[0]) if f"move {name}" in words)
        assert "speed not identified" in words and "starting belief" in words
        assert "other direction" not in words and "similar series" not in words
        assert speeds(pooled)[side] == pytest.approx(speeds(own[0])[side], rel=1e-3)
    assert any("speed not identified" in words for words in flags(pooled))


def test_without_replicates_there_are_laws_and_no_bands():
    levels = policy_rate(60, 1)
    model = StructuralPassThrough(replace(QUICK, replicates=0)).fit([series_of(levels, 0.5 * levels)])
    assert [law.replicates.size for law in model.laws_] == [0, 0]


def test_words_name_the_similar_series_only_where_they_saw_the_direction():
    levels = policy_rate(120, 1)
    moving = [
        series_of(levels, Truth(constant(beta), 0.2, 0.3).simulate(levels), f"s{number}")
        for number, beta in enumerate((0.3, 0.4, 0.5))
    ]
    still = series_of(levels, np.full(levels.size, 0.01), "still")
    model = StructuralPassThrough(QUICK).fit([*moving, still])
    found = flags(model.segment_law(("still",)))
    assert any("never had to move up: that speed rests on similar series" in words for words in found)
    assert "other direction" not in " ".join(found)
