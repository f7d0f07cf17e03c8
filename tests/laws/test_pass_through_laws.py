"""Laws of REPRICING that hold for every marginal, speed and path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.assumptions.pass_through_path import (
    PassThroughLaw,
    Pending,
    RestingRate,
    cumulative_target,
    pending_at_floor,
    pending_from_history,
    project_rate_paid,
    rate_paid_path,
)
from behavior.errors import BehaviorError

LEVELS = np.array([-0.01, 0.0, 0.015, 0.03, 0.05])
shares = st.floats(0.01, 1.0)
marginals = st.lists(st.floats(0.0, 1.2), min_size=5, max_size=5).map(np.array)
rates = st.floats(-0.02, 0.09)
paths = st.lists(rates, min_size=3, max_size=40).map(np.array)
delays = st.integers(0, 5)


@given(marginals, rates, rates, rates)
def test_target_depends_on_the_end_points_only(marginal, first, second, third):
    law = PassThroughLaw(LEVELS, marginal, 0.5, 0.5)
    straight = law.target_change(first, third)
    assert straight == pytest.approx(law.target_change(first, second) + law.target_change(second, third), abs=1e-14)
    assert law.target_change(first, second) == pytest.approx(-law.target_change(second, first), abs=1e-14)


@given(marginals, rates)
def test_integral_agrees_with_quadrature(marginal, rate):
    grid = np.linspace(LEVELS[0], rate, 20_001)
    heights = np.interp(grid, LEVELS, marginal)
    expected = np.sum((heights[1:] + heights[:-1]) / 2 * np.diff(grid))
    assert cumulative_target(LEVELS, marginal, rate) == pytest.approx(expected, abs=2e-6)


@given(marginals, shares, shares, delays, delays, rates, st.floats(0.0, 0.05))
def test_constant_level_pays_todays_rate_for_ever(marginal, up, down, delay_up, delay_down, rate, paid):
    law = PassThroughLaw(LEVELS, marginal, up, down, delay_up, delay_down)
    path = project_rate_paid(law, np.full(30, rate), paid)
    assert path == pytest.approx(np.full(29, paid), abs=1e-15)


@given(marginals, st.floats(0.2, 1.0), st.floats(0.2, 1.0), delays, delays, paths)
def test_in_the_long_run_the_path_does_not_matter(marginal, up, down, delay_up, delay_down, path):
    law = PassThroughLaw(LEVELS, marginal, up, down, delay_up, delay_down)
    rested = np.concatenate([path, np.full(250, path[-1])])
    paid = project_rate_paid(law, rested, 0.02, floor=-np.inf)
    assert paid[-1] == pytest.approx(0.02 + law.target_change(path[0], path[-1]), abs=1e-9)


@given(shares, shares, delays, st.floats(0.1, 1.0))
def test_month_of_a_change_is_its_first_month_after_the_delay(up, down, delay, beta):
    law = PassThroughLaw(LEVELS, np.full(5, beta), up, down, delay, delay)
    step = np.concatenate([[0.01], np.full(24, 0.02)])
    paid = project_rate_paid(law, step, 0.0)
    months = np.maximum(np.arange(1, 25) - delay, 0)
    assert paid == pytest.approx(beta * 0.01 * (1 - (1 - up) ** months), abs=1e-14)


@given(marginals, shares, shares, delays, delays, paths)
def test_floor_binds_the_rate_paid_and_not_the_target(marginal, up, down, delay_up, delay_down, path):
    law = PassThroughLaw(LEVELS, marginal, up, down, delay_up, delay_down)
    paid = project_rate_paid(law, path, 0.001)
    assert np.all(paid >= 0)
    # Back at the first level for long, the floor has left no trace.
    rested = np.concatenate([path, np.full(1500, path[0])])
    assert project_rate_paid(law, rested, 0.001)[-1] == pytest.approx(0.001, abs=1e-6)


@given(marginals, shares, shares, delays, delays, paths, st.data())
def test_cutting_a_path_in_two_changes_nothing(marginal, up, down, delay_up, delay_down, path, data):
    law = PassThroughLaw(LEVELS, marginal, up, down, delay_up, delay_down)
    cut = data.draw(st.integers(1, path.size - 1))
    whole = project_rate_paid(law, path, 0.03, floor=-np.inf)
    today = whole[cut - 1]
    pending = pending_from_history(law, path[: cut + 1])
    rest = project_rate_paid(law, path[cut:], today, pending, floor=-np.inf)
    assert rest == pytest.approx(whole[cut:], abs=1e-13)


def test_a_path_cut_at_its_floor_goes_on_as_the_whole_does():
    """Where the target's level is known, a rate held at its floor owes what the target lies below it."""
    law = PassThroughLaw(np.array([0.0, 0.03]), np.array([0.5, 0.5]), 0.2, 0.3)
    levels = np.concatenate([np.full(3, 0.03), np.full(60, 0.0), np.full(120, 0.03)])
    whole = project_rate_paid(law, levels, 0.005, floor=0.0)
    cut = 40
    assert whole[cut - 1] == 0.0
    pending = pending_from_history(law, levels[: cut + 1])
    known = pending_at_floor(pending, law, 0.0, 0.0, 0.0, RestingRate(0.03, 0.005))
    assert float(known.gap) == pytest.approx(-0.01)
    assert project_rate_paid(law, levels[cut:], 0.0, known) == pytest.approx(whole[cut:], abs=1e-13)
    assert project_rate_paid(law, levels[cut:], 0.0, pending)[-1] == pytest.approx(0.015, abs=1e-6)
    assert pending_at_floor(pending, law, 0.0, 0.001, 0.0, RestingRate(0.03, 0.005)) is pending
    assert pending_at_floor(pending, law, 0.0, 0.0, 0.0, None) is pending


@given(marginals, shares, shares, paths, st.floats(0.001, 0.05))
def test_a_rate_below_its_floor_only_stops_falling(marginal, up, down, path, below):
    """Time does not lift it: it moves as a rate whose floor is where it stands."""
    law = PassThroughLaw(LEVELS, marginal, up, down)
    start = 0.02 - below
    found = project_rate_paid(law, path, start, floor=0.02)
    assert found[0] == pytest.approx(project_rate_paid(law, path, start, floor=start)[0], abs=1e-15)
    assert project_rate_paid(law, np.full(9, path[0]), start, floor=0.02) == pytest.approx(np.full(8, start), abs=1e-15)
    assert found.min() >= start


def test_an_average_of_rates_at_their_floors_waits_as_they_do():
    """Customers paid a few basis points apart: their average stands above the floor that holds them, and is held."""
    law = PassThroughLaw(np.array([0.0, 0.03]), np.array([0.5, 0.5]), 0.2, 0.3)
    levels = np.concatenate([np.full(3, 0.03), np.full(60, 0.0), np.full(120, 0.03)])
    customers = [project_rate_paid(law, levels, 0.005 + own, floor=0.0) for own in (-4e-4, 0.0, 4e-4)]
    resting, cut = RestingRate(0.03, 0.005), 40
    average = np.mean(customers, axis=0) + 2e-4  # and one customer in a hundred is paid 2% for ever
    pending = pending_from_history(law, levels[: cut + 1])
    known = pending_at_floor(pending, law, 0.0, float(average[cut - 1]), 0.0, resting)
    ahead = project_rate_paid(law, levels[cut:], float(average[cut - 1]), known)
    assert ahead == pytest.approx(average[cut:], abs=3e-4)
    as_if_free = project_rate_paid(law, levels[cut:], float(average[cut - 1]), pending)
    assert np.abs(as_if_free - average[cut:]).max() > 0.009
    # A target above the floor that a rate is near to holds nothing back.
    assert pending_at_floor(pending, law, 0.0, 3e-4, 0.0, RestingRate(0.0, 1e-4)) is pending


twelve = st.lists(rates, min_size=12, max_size=12).map(np.array)


@given(marginals, shares, shares, delays, delays, st.lists(twelve, min_size=2, max_size=4))
def test_a_batch_is_its_rows(marginal, up, down, delay_up, delay_down, many):
    law = PassThroughLaw(LEVELS, marginal, up, down, delay_up, delay_down)
    levels = np.stack(many)
    together = project_rate_paid(law, levels, np.full(len(many), 0.02))
    alone = np.stack([project_rate_paid(law, row, 0.02) for row in levels])
    assert np.array_equal(together, alone)


def test_beta_one_at_full_speed_is_a_floater_and_beta_zero_is_fixed():
    path = np.array([0.01, 0.02, 0.035, 0.03, 0.0, 0.01])
    floater = PassThroughLaw(LEVELS, np.ones(5), 1.0, 1.0)
    assert project_rate_paid(floater, path, 0.005, floor=-1.0) == pytest.approx(path[1:] - 0.005, abs=1e-15)
    fixed = PassThroughLaw(LEVELS, np.zeros(5), 1.0, 1.0)
    assert np.all(project_rate_paid(fixed, path, 0.005) == 0.005)


def test_a_worked_case_with_a_pending_gap_and_unequal_delays():
    law = PassThroughLaw(np.array([0.0, 0.02]), np.array([0.5, 0.5]), up=0.5, down=0.25, delay_up=1, delay_down=0)
    pending = Pending(np.array(0.004), np.array([-0.002]))
    paid = project_rate_paid(law, np.array([0.01, 0.01, 0.0, 0.0]), 0.01, pending)
    # Target 0.014 today, 0.012 the month before; in month 2 it falls to 0.009.
    first = 0.01 + 0.5 * (0.014 - 0.01)
    second = first + 0.5 * (0.014 - first) + 0.25 * (0.009 - first)
    third = second + 0.25 * (0.009 - second)
    assert paid == pytest.approx([first, second, third], abs=1e-15)


def test_targets_are_the_only_thing_a_path_needs():
    targets = np.array([0.01, 0.02, 0.02])
    assert rate_paid_path(targets, 0.01, 0.5, 0.5) == pytest.approx([0.015, 0.0175])


@pytest.mark.parametrize(
    ("levels", "marginal", "up"),
    [([0.01, 0.0], [0.1, 0.1], 0.5), ([0.0, 0.01], [0.1], 0.5), ([0.0, 0.01], [0.1, 0.1], 1.5)],
)
def test_a_law_that_cannot_be_is_refused(levels, marginal, up):
    with pytest.raises(BehaviorError):
        PassThroughLaw(np.array(levels), np.array(marginal), up, 0.5)
