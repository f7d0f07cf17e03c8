"""Steps of single accounts that stay add to the growth of balances; money that comes and goes does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.decay_cells import sum_cells
from behavior.estimators.lasting_steps import LastingGrowth, lasting_growth

UNITS, MONTHS, LEAST = 1_500, 96, 10.0


def balances(seed: int, lasting: np.ndarray, passing: float, common: np.ndarray | float = 0.0) -> np.ndarray:
    """Log walk with the given steps, shape (units, months), and noise with a memory of 0.7 a month around it."""
    rng = np.random.default_rng(seed)
    noise = np.empty(lasting.shape)
    noise[:, 0] = rng.standard_normal(len(lasting))
    for month in range(1, lasting.shape[1]):
        noise[:, month] = 0.7 * noise[:, month - 1] + np.sqrt(1 - 0.49) * rng.standard_normal(len(lasting))
    return np.asarray(5_000.0 * np.exp(np.cumsum(lasting, axis=1) + passing * noise + common))


def found(balance: np.ndarray) -> tuple[float, float]:
    units = len(balance)
    made = lasting_growth(balance, np.zeros(units, dtype=np.int64), np.arange(units) // 2, 1, LEAST)
    return float(made.gain[0]), float(made.error[0])


def normal(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return 0.12 * rng.standard_normal((UNITS, MONTHS)), 0.12**2 / 2


def fat(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    steps = 0.1 * np.clip(rng.standard_t(4, (UNITS, MONTHS)) / np.sqrt(2.0), -8, 8)
    return steps, float(np.log(np.exp(steps).mean()))


def rare(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """One month in twenty-five moves a balance by two thirds; half of what it adds lies beyond the variance."""
    steps = (rng.random((UNITS, MONTHS)) < 0.04) * 0.65 * rng.standard_normal((UNITS, MONTHS))
    return steps, float(np.log1p(0.04 * np.expm1(0.65**2 / 2)))


@pytest.mark.parametrize("law", [normal, fat, rare])
@pytest.mark.parametrize("seed", [1, 2])
def test_lasting_steps_add_the_log_of_their_mean(law, seed: int) -> None:
    steps, true = law(np.random.default_rng(100 + seed))
    gain, error = found(balances(seed, steps, passing=0.3))
    assert error < 0.2 * true
    assert abs(gain - true) < max(2.5 * error, 0.1 * true), (gain, error, true)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_comes_and_goes_adds_nothing(seed: int) -> None:
    """Nor a season that all share, nor one of each account's own, nor what all balances did together."""
    rng = np.random.default_rng(seed)
    month = np.arange(MONTHS)
    own = 0.3 * np.cos(2 * np.pi * (month - rng.integers(0, 12, UNITS)[:, None]) / 12)
    together = np.cumsum(0.02 * rng.standard_normal(MONTHS)) + 0.4 * (month % 12 == 11)
    gain, _ = found(balances(seed, np.zeros((UNITS, MONTHS)), 0.3, own + together))
    assert gain < 3e-4


def test_accounts_that_drift_apart_have_no_lasting_steps() -> None:
    drift = np.where(np.arange(UNITS) % 8 == 0, -0.03, -0.0005)[:, None] * np.ones(MONTHS)
    gain, _ = found(balances(4, drift, 0.2))
    assert gain < 3e-4  # their variance over two years, taken for steps', would say 14e-4


def test_short_or_masked_histories_say_nothing_and_gaps_little() -> None:
    steps, true = normal(np.random.default_rng(5))
    balance = balances(5, steps, 0.2)
    assert found(balance[:, :30]) == (0.0, 0.0)
    assert found(np.full_like(balance, np.nan)) == (0.0, 0.0)
    masked = np.where(np.random.default_rng(6).random(balance.shape) < 0.1, np.nan, balance)
    gain, error = found(masked)
    assert abs(gain - true) < max(2.5 * error, 0.1 * true)


def test_the_fit_goes_from_a_typical_account_to_balances() -> None:
    """Each segment by its own, its error with it; the shape stays."""
    rng = np.random.default_rng(7)
    rows = 4_000
    segment, month = rng.integers(0, 2, rows), rng.integers(0, 48, rows)
    before = np.full(rows, 1_000.0)
    after = before * np.exp(0.05 * rng.standard_normal(rows) - 0.01)
    cells = sum_cells(
        segment * 1_000 + month,
        np.column_stack([segment, month]).astype(float),
        ("segment", "age_months"),
        before,
        after,
        month // 6,
        np.arange(rows),
    )
    plain, moved = BalanceDecay("", 2, ("age_months",)), BalanceDecay("", 2, ("age_months",))
    plain._move_shape = moved._move_shape = lambda *_: None  # type: ignore[method-assign]
    plain._move_level = moved._move_level = lambda *_: None  # type: ignore[method-assign]
    plain.fit(cells)
    moved.fit(replace(cells, lasting=LastingGrowth(np.array([0.0, 0.02]), np.array([0.0, 0.003]))))
    gap = plain.log_decay(cells.matrix) - moved.log_decay(cells.matrix)
    second = cells.matrix.values[:, 0] == 1
    assert np.allclose(gap, np.where(second, 0.02, 0.0))
    wider = moved.error(cells.matrix) ** 2 - plain.error(cells.matrix) ** 2
    assert np.allclose(wider, np.where(second, 0.003**2, 0.0))
