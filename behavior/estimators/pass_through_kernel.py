"""The month-by-month recursion of fitted rates paid, compiled: a fit asks for it a thousand times over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from behavior.quantities import FloatArray, IntArray
from behavior.vectors import take_full_width

take_full_width()


def _run(
    seen_up: Any,
    seen_down: Any,
    shares: Any,
    impacts: Any,
    gain: Any,
    floor: float,
    start: Any,
    row_at: Any,
    periods: Any,
    actual: Any,
    path: Any,
    fitted: Any,
) -> None:
    for column in range(path.shape[1]):
        paid = start[column]
        other = column if actual.shape[1] > 1 else 0
        for month in range(path.shape[0]):
            if month > 0:
                least = min(floor, paid)
                paid += impacts[column, 0] * max(seen_up[month, column] - seen_up[month - 1, column], 0.0)
                paid += impacts[column, 1] * min(seen_down[month, column] - seen_down[month - 1, column], 0.0)
                moved = paid + shares[column, 0] * max(seen_up[month, column] - paid, 0.0)
                moved += shares[column, 1] * min(seen_down[month, column] - paid, 0.0)
                paid = max(moved, least)
            path[month, column] = paid
            row = row_at[month]
            if row < 0:
                continue
            first = max(0, month - periods[row] + 1)
            total = 0.0
            for step in range(first, month + 1):
                total += path[step, column]
            fitted[row, column] = total / (month + 1 - first)
            paid = paid + gain[column] * (actual[row, other] - fitted[row, column])


_compiled = njit(cache=True, nogil=True, error_model="numpy")(_run)


def fitted_rates(
    seen: tuple[FloatArray, FloatArray],
    shares: FloatArray,
    impacts: FloatArray,
    gain: FloatArray,
    floor: float,
    start: FloatArray,
    rows: tuple[IntArray, IntArray],
    actual: FloatArray,
) -> FloatArray:
    """Observations given those before them, shape (rows, p), decimals a year.

    Parameters
    ----------
    seen : targets that each direction sees (up, down), shape (months, p) each. shares : shape (p, 2), closed a month.
    impacts : shape (p, 2), share of the target's own move in a month that passes at once, rises and falls; 0 = the law.
    gain : shape (p,), share of the last surprise carried on. start : shape (p,), rate paid in the first month.
    rows : observation that ends in each month or -1, shape (months,); months that each averages over, shape (rows,).
    actual : shape (rows, p) or (rows, 1).
    """
    path = np.empty_like(seen[0])
    fitted = np.empty((rows[1].size, path.shape[1]))
    _compiled(
        np.ascontiguousarray(seen[0]),
        np.ascontiguousarray(seen[1]),
        np.ascontiguousarray(shares),
        np.ascontiguousarray(impacts),
        np.ascontiguousarray(gain),
        float(floor),
        np.ascontiguousarray(start),
        rows[0],
        rows[1],
        np.ascontiguousarray(actual),
        path,
        fitted,
    )
    return fitted
