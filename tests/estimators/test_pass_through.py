"""The champion finds laws of other functional forms with its default settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.errors import DidNotConverge, FittingError, TooFewEvents
from behavior.estimators.pass_through import StructuralPassThrough, common_delays
from behavior.estimators.pass_through_correction import ErrorCorrection
from behavior.estimators.pass_through_fit import FitOptions
from behavior.estimators.pass_through_readings import read_law
from behavior.estimators.pass_through_series import require_movement, without_months
from behavior.estimators.pass_through_static import ConstantBeta, cycles
from tests.estimators.pass_through_cases import Truth, constant, logistic, policy_rate, ramp, series_of, steps

QUICK = FitOptions(replicates=40, largest_delay=3)

TRUTHS = {
    "logistic, shocks that stay": Truth(logistic(), 0.12, 0.30, 2, 1, shock=1e-4),
    "step, errors of measurement": Truth(steps(), 0.15, 0.40, 1, 0, measurement=2e-4),
    "ramp, rounded to five basis points": Truth(ramp(), 0.20, 0.20, 0, 0, rounding=5e-4),
    "constant, slow and even": Truth(constant(0.35), 0.06, 0.08, 0, 0, shock=1e-4),
}


def half_life(share: float) -> float:
    return float(np.log(0.5) / np.log(1 - share))


def close_half_life(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= max(1.0, 0.15 * wanted)


@pytest.mark.parametrize("name", TRUTHS)
def test_finds_laws_of_other_forms(name):
    truth, levels = TRUTHS[name], policy_rate(216, 3)
    model = StructuralPassThrough(QUICK).fit([series_of(levels, truth.simulate(levels, 5))])
    law = model.law(("one",))
    low, high = float(levels.min()), float(levels.max())
    read = read_law(law, low, high)
    assert read.long_run_beta == pytest.approx(truth.long_run(low, high), abs=0.03)
    assert close_half_life(read.half_life_up, half_life(truth.up))
    assert close_half_life(read.half_life_down, half_life(truth.down))
    assert (law.delay_up, law.delay_down) == (truth.delay_up, truth.delay_down)
    # A cycle that was not seen, inside the levels that were: its terminal beta.
    for start, end in ((0.005, 0.03), (0.01, 0.042)):
        found = float(law.target_change(start, end)) / (end - start)
        assert found == pytest.approx(truth.long_run(start, end), abs=0.03)
    assert np.all(np.diff(law.marginal) >= -1e-12) and np.all(law.marginal >= 0)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_months_that_keep_to_a_law_far_from_the_usual_are_taken_at_their_word(seed: int):
    truth = Truth(logistic(0.1, 0.6), up=0.08, down=0.35, measurement=3e-5, offset=0.002)
    levels = np.interp(np.arange(96), [0, 24, 70, 95], [0.006, 0.0005, -0.005, 0.0375])
    levels = np.round(levels / 0.0005) * 0.0005
    law = StructuralPassThrough(QUICK).fit([series_of(levels, truth.simulate(levels, seed))]).law(("one",))
    low, high = float(levels.min()), float(levels.max())
    assert float(law.target_change(low, high)) / (high - low) == pytest.approx(truth.long_run(low, high), abs=0.03)
    assert close_half_life(half_life(law.up), half_life(truth.up))
    assert law.down > 1.5 * law.up


def test_the_logistic_form_finds_the_same_law_and_is_read_back():
    truth, levels = TRUTHS["logistic, shocks that stay"], policy_rate(216, 3)
    options = FitOptions(form="logistic", replicates=5, largest_delay=2)
    model = StructuralPassThrough(options).fit([series_of(levels, truth.simulate(levels, 5))])
    law = model.law(("one",))
    for start, end in ((0.005, 0.03), (0.01, 0.042)):
        assert float(law.target_change(start, end)) / (end - start) == pytest.approx(
            truth.long_run(start, end), abs=0.03
        )
    assert np.all(np.diff(law.marginal) >= 0)
    assert StructuralPassThrough.from_files(model.to_files()).to_files() == model.to_files()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_logistic_form_ends_where_the_marginal_falls_again(seed: int) -> None:
    """A challenger that never arrives would be answered for by other products' law."""
    truth = Truth(lambda level: 0.3 + 0.6 * np.exp(-(((level - 0.025) / 0.011) ** 2)), shock=1e-4)
    levels = policy_rate(180, seed)
    model = StructuralPassThrough(replace(QUICK, form="logistic", largest_delay=1, replicates=0))
    law = model.fit([series_of(levels, truth.simulate(levels, seed))]).law(("one",))
    assert read_law(law, 0.0, 0.05).long_run_beta == pytest.approx(truth.long_run(0.0, 0.05), abs=0.1)


def test_written_and_read_back_is_the_same():
    levels = policy_rate(120, 1)
    series = [
        series_of(levels, Truth(constant(b), shock=1e-4).simulate(levels, i), f"s{i}") for i, b in enumerate((0.2, 0.4))
    ]
    model = StructuralPassThrough(QUICK).fit(series)
    again = StructuralPassThrough.from_files(model.to_files())
    assert again.to_files() == model.to_files()
    assert again.law(("s1",)).up == model.law(("s1",)).up
    with pytest.raises(FittingError, match="expected"):
        StructuralPassThrough.from_files({"pass_through.json": '{"format": 1, "family": "other"}'})


def test_same_seed_same_fit_whatever_the_order():
    levels = policy_rate(120, 2)
    first = series_of(levels, Truth(logistic(), shock=1e-4).simulate(levels, 1), "a")
    second = series_of(levels, Truth(constant(0.3), shock=1e-4).simulate(levels, 2), "b")
    options = FitOptions(replicates=5, largest_delay=1)
    one = StructuralPassThrough(options).fit([first, second])
    other = StructuralPassThrough(options).fit([second, first])
    assert one.law(("a",)).marginal == pytest.approx(other.law(("a",)).marginal, abs=1e-9)
    assert one.to_files() == StructuralPassThrough(options).fit([first, second]).to_files()


def test_quarterly_averages_with_missing_quarters_carry_the_same_law():
    levels, truth = policy_rate(180, 4), Truth(ramp(), 0.2, 0.3, shock=5e-5)
    monthly = truth.simulate(levels, 3)
    ends = np.array([end for end in range(2, 180, 3) if (end // 3) % 4 != 3])
    averages = np.array([monthly[end - 2 : end + 1].mean() for end in ends])
    one = series_of(levels, monthly)
    quarterly = type(one)(
        "one", ("one",), one.first_month, levels, ends, np.full(ends.size, 3), averages, np.ones(ends.size)
    )
    law = StructuralPassThrough(FitOptions(replicates=5, largest_delay=1)).fit([quarterly]).law(("one",))
    low, high = float(levels.min()), float(levels.max())
    assert float(law.target_change(low, high)) / (high - low) == pytest.approx(truth.long_run(low, high), abs=0.03)
    assert close_half_life(half_life(law.up), half_life(truth.up))


def test_a_thin_series_is_drawn_to_its_kind_and_a_long_one_is_left_alone():
    levels = policy_rate(180, 6)
    series = []
    for number, beta in enumerate((0.55, 0.6, 0.65)):
        truth = Truth(constant(beta), 0.2, 0.3, shock=1e-4)
        series.append(series_of(levels, truth.simulate(levels, number), f"s{number}"))
    flat = slice(0, 16)
    thin = Truth(constant(0.6), 0.2, 0.3, shock=8e-4).simulate(levels, 9)
    series.append(series_of(levels[flat], thin[flat], "thin"))
    model = StructuralPassThrough(FitOptions(replicates=5, largest_delay=0)).fit(series)
    read = [read_law(model.law((f"s{number}",)), 0.005, 0.04).long_run_beta for number in range(3)]
    assert read == pytest.approx([0.55, 0.6, 0.65], abs=0.02)
    # Whether it was fitted or left to the pooled law, the thin one says what its kind says.
    assert read_law(model.law(("thin",)), 0.005, 0.04).long_run_beta == pytest.approx(0.6, abs=0.12)
    assert model.law(("unknown",)).up == pytest.approx(0.2, rel=0.35)


def test_what_cannot_be_learnt_is_refused_in_words():
    still = np.full(60, 0.01)
    with pytest.raises(TooFewEvents, match=r"moved by 0\.0 bp only"):
        StructuralPassThrough(QUICK).fit([series_of(still, np.full(60, 0.005), "quiet")])
    levels = policy_rate(60, 1)
    with pytest.raises(TooFewEvents, match="3 observations"):
        require_movement([series_of(levels, levels / 2, "short").rows(np.arange(60) < 3)])
    never_down = np.linspace(0.0, 0.03, 60)
    with pytest.raises(DidNotConverge, match="cannot tell"):
        ErrorCorrection(asymmetric=True).fit([series_of(never_down, never_down * 0.4)])


def test_a_direction_never_seen_says_so():
    rising = np.round(np.linspace(0.0, 0.05, 72) / 0.0025) * 0.0025
    truth = Truth(constant(0.5), 0.2, 0.4)
    model = StructuralPassThrough(FitOptions(replicates=5, largest_delay=0)).fit(
        [series_of(rising, truth.simulate(rising))]
    )
    law = model.segment_law(("one",))
    assert law.direction_months[1] == 0
    assert any("never had to move down" in flag for flag in law.facts["flags"])


@pytest.mark.parametrize("noise", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_direction_that_only_errors_of_months_point_to_is_not_taken_for_seen(noise, seed):
    """The short rate only rose: a rate paid a little above its target by chance says nothing of how it would fall."""
    rising = np.round(np.linspace(0.0, 0.05, 96) / 0.0025) * 0.0025
    truth = Truth(constant(0.4), 0.2, 0.35, measurement=noise, offset=0.003)
    model = StructuralPassThrough(FitOptions(replicates=0, largest_delay=0)).fit(
        [series_of(rising, truth.simulate(rising, seed))]
    )
    words = model.segment_law(("one",)).facts["flags"]
    assert any("never had to move down" in one or "do not tell the speed down" in one for one in words), words


def test_a_rate_that_rises_evenly_tells_no_speed():
    """Slow towards a high target pays what fast towards a low one does: 119 months, and none tells them apart."""
    even = 0.005 + 0.0004 * np.arange(120)
    for noise, told in ((1e-6, True), (1e-4, False)):
        truth = Truth(constant(0.4), 0.2, 0.35, measurement=noise, offset=0.003)
        model = StructuralPassThrough(FitOptions(replicates=0, largest_delay=0)).fit(
            [series_of(even, truth.simulate(even, 2))]
        )
        words = model.segment_law(("one",)).facts["flags"]
        assert any("do not tell the speed up" in one for one in words) is not told, words


@pytest.mark.parametrize("name", TRUTHS)
def test_two_cycles_tell_both_speeds(name):
    levels = policy_rate(120, 3)
    model = StructuralPassThrough(replace(QUICK, replicates=0)).fit([series_of(levels, TRUTHS[name].simulate(levels))])
    assert not any("do not tell" in one for one in model.segment_law(("one",)).facts["flags"])


def test_delays_of_its_own_need_evidence():
    together = {(0, 0): 10.0, (1, 0): 0.0, (0, 1): 9.0}
    alone = {(0, 0): 0.0, (1, 0): 4.0, (0, 1): 50.0}
    chosen = common_delays({("a",): together, ("b",): together, ("c",): alone}, evidence=6.0)
    assert set(chosen.values()) == {(1, 0)}
    sure = {**alone, (1, 0): 40.0}
    many = {(str(number),): together for number in range(9)}
    assert common_delays({**many, ("c",): sure}, evidence=6.0)[("c",)] == (0, 0)


def test_turning_points_and_last_cycle():
    levels = np.concatenate([np.linspace(0, 0.05, 11), np.full(5, 0.05), np.linspace(0.045, 0.01, 8)])
    found = cycles(levels)
    assert [(one.first, one.last) for one in found] == [(0, 15), (15, 23)]
    paid = np.concatenate([levels[:16] * 0.5, 0.025 + 0.2 * (levels[16:] - 0.05)])
    assert ConstantBeta("last_cycle").fit([series_of(levels, paid)]).beta(("one",)) == pytest.approx(0.2)


def test_the_first_move_begins_where_the_short_rate_turned_and_not_at_the_first_month():
    """Two years at the bottom before a rise are no part of it, nor is a small fall before it less than a move."""
    flat = np.concatenate([np.full(24, 0.0025), np.linspace(0.005, 0.05, 10), np.full(12, 0.05)])
    assert [(one.first, one.last) for one in cycles(flat)] == [(23, 45)]
    dipped = np.concatenate([np.linspace(0.02, 0.015, 11), np.linspace(0.016, 0.0275, 14), np.full(6, 0.0275)])
    assert [(one.first, one.last) for one in cycles(dipped)] == [(10, 30)]
    negative = np.concatenate([np.zeros(12), np.full(12, -0.0075), np.linspace(-0.005, 0.02, 12)])
    assert [(one.first, one.last) for one in cycles(negative)] == [(11, 23), (23, 35)]
    mirrored = [(one.first, one.last) for one in cycles(-dipped)]
    assert mirrored == [(10, 30)] and cycles(np.full(20, 0.01)) == () and cycles(np.array([0.01])) == ()


def test_a_constant_beta_is_learned_from_every_piece_and_source_of_its_segment():
    """Of the months before a phase left out and those after it, and of two banks, none is passed over."""
    levels = policy_rate(180, 4)
    high = np.arange(180) >= 90
    paid = np.where(high, 0.7, 0.3) * levels
    early, late = without_months(series_of(levels, paid), 440, 460)
    for pieces in ([early, late], [late, early]):
        slope = ConstantBeta("least_squares").fit(pieces).beta(("one",))
        rows = np.isin(np.arange(180), np.concatenate([early.observed, late.observed]))
        assert slope == pytest.approx(np.polyfit(levels[rows], paid[rows], 1)[0])
        assert ConstantBeta("last_cycle").fit(pieces).beta(("one",)) == pytest.approx(0.7)
    other = replace(series_of(levels, 0.2 * levels + 0.01), unit="bank B", weight=np.full(180, 3.0))
    banks = [replace(series_of(levels, 0.6 * levels), unit="bank A"), other]
    assert ConstantBeta("least_squares").fit(banks).beta(("one",)) == pytest.approx(0.4)
    assert ConstantBeta("last_cycle").fit(banks).beta(("one",)) == pytest.approx((0.6 + 3 * 0.2) / 4)


def test_a_benchmarks_file_is_the_same_in_every_process():
    """Fallbacks stand in an order of their own: a set's changes with the process, and the stored digest with it."""
    levels = policy_rate(60, 1)
    series = [
        replace(series_of(levels, levels / 2), segment=(product, "retail"))
        for product in ("savings", "checking", "term")
    ]
    keys = list(ConstantBeta("least_squares").fit(series).betas_)
    assert keys[:3] == [one.segment for one in series] and keys[3:] == sorted(keys[3:]) and len(keys) == 7


def test_leaving_months_out_leaves_pieces_of_one_source():
    levels = policy_rate(60, 1)
    series = series_of(levels, levels / 2, first_month=600)
    pieces = without_months(series, 620, 630)
    assert [piece.source for piece in pieces] == ["one", "one"]
    assert pieces[0].observed.size == 20 and pieces[1].observed.size == 29
    assert np.array_equal(pieces[1].observed + 600, np.arange(631, 660))
