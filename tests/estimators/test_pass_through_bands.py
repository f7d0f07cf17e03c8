"""Bands cover the truth as often as they say, over seeds and laws of several forms (run with ``-m slow -s``)."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_bands import block_draws, error_draws
from behavior.estimators.pass_through_fit import FitOptions
from tests.estimators.pass_through_cases import Truth, constant, logistic, policy_rate, ramp, series_of

TRUTHS = (
    Truth(logistic(), 0.12, 0.30, 2, 1, shock=1e-4),
    Truth(ramp(), 0.20, 0.35, 1, 0, measurement=2e-4),
    Truth(constant(0.4), 0.15, 0.25, 0, 0, shock=1e-4, measurement=1e-4),
    Truth(ramp(0.2, 5.0), 0.25, 0.30, 1, 1, shock=1.5e-4),
)
SEEDS = 7


def test_blocks_are_neighbouring_months_and_gaps_take_the_nearest_row():
    drawn = block_draws(24, 6, 50, seed=1)
    assert drawn.shape == (50, 24)
    assert np.all((np.diff(drawn.reshape(50, 4, 6), axis=2) % 24) == 1)
    chosen = error_draws(np.array([0, 3, 9]), 100, (100, 109), np.arange(10)[None, :].repeat(2, axis=0))
    assert np.array_equal(chosen, [[0, 1, 2], [0, 1, 2]])


def test_bands_of_speeds_do_not_know_a_delay_that_the_months_do_not_tell():
    """One month's delay under errors of 5 bp: with the delay taken as known, bands at 90% held 56% of speeds."""
    inside, truth = [], Truth(constant(0.4), 0.2, 0.3, 1, 1, measurement=5e-4)
    for seed in range(8):
        levels = policy_rate(156, seed)
        options = FitOptions(largest_delay=2, replicates=60, starts=4)
        law = StructuralPassThrough(options).fit([series_of(levels, truth.simulate(levels, seed))]).laws_[0]
        low, high = np.quantile(np.exp(law.replicates[:, -2:]), [0.05, 0.95], axis=0)
        found, wanted = np.exp(law.parameters[-2:]), np.array([truth.up, truth.down])
        inside.append((np.minimum(low, found) <= wanted) & (np.maximum(high, found) >= wanted))
    assert np.mean(inside) >= 0.8


@pytest.mark.slow
def test_bands_cover_the_truth():
    cells, half_lives, betas = [], [], []
    for number, truth in enumerate(TRUTHS):
        for seed in range(SEEDS):
            levels = policy_rate(216, 100 + seed)
            paid = truth.simulate(levels, 1000 * number + seed)
            model = StructuralPassThrough(FitOptions(largest_delay=2)).fit([series_of(levels, paid)])
            law, layout = model.segment_law(("one",)), model.layout_
            many = np.concatenate([law.parameters[None, :], law.replicates])
            marginals = layout.marginals(np.pad(many, ((0, 0), (layout.head, 0))))
            low, high = np.quantile(marginals[1:], [0.05, 0.95], axis=0)
            low, high = np.minimum(low, marginals[0]), np.maximum(high, marginals[0])
            wanted = truth.marginal(layout.knots)
            cells.extend(((low - 1e-9 <= wanted) & (wanted <= high + 1e-9)).tolist())
            read = model.law(("one",))
            found = float(read.target_change(levels.min(), levels.max())) / float(np.ptp(levels))
            betas.append(found - truth.long_run(float(levels.min()), float(levels.max())))
            for speed, share in ((read.up, truth.up), (read.down, truth.down)):
                months = [np.log(0.5) / np.log1p(-one) for one in (speed, share)]
                half_lives.append((months[0] - months[1], months[1]))
    covered = float(np.mean(cells))
    print(f"\n{len(cells)} cells, {covered:.1%} covered; long-run beta off by at most {np.max(np.abs(betas)):.4f}")
    assert len(cells) >= 200
    assert 0.85 <= covered <= 0.97
    assert np.max(np.abs(betas)) < 0.03
    assert all(abs(off) <= max(1.0, 0.15 * wanted) for off, wanted in half_lives)
