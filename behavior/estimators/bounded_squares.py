"""Least squares whose coefficients may be held at or above zero."""

from __future__ import annotations

import numpy as np

from behavior.quantities import BoolArray, FloatArray


def bounded_least_squares(
    gram: FloatArray, target: FloatArray, bounded: BoolArray, begin: BoolArray | None = None
) -> FloatArray:
    """Minimise b'Gb/2 - t'b with b >= 0 where bounded, by active sets; ends where the conditions of optimality hold.

    `begin` says which coefficients are held at zero at first.
    """
    held = np.zeros(len(target), dtype=bool) if begin is None else begin.copy()
    beta = np.zeros(len(target))
    for _ in range(10 * len(target)):
        free = ~held
        beta = np.zeros(len(target))
        inner = gram[np.ix_(free, free)]
        beta[free] = np.linalg.solve(inner + 1e-10 * np.eye(len(inner)), target[free])
        below = bounded & free & (beta < -1e-12)
        if below.any():
            held |= below
            continue
        pull = target - gram @ beta
        wrong = held & (pull > 1e-8 * (1.0 + np.abs(target).max()))
        if not wrong.any():
            break
        held[int(np.argmax(np.where(wrong, pull, -np.inf)))] = False
    return np.where(bounded, np.maximum(beta, 0.0), beta)
