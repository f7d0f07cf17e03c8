"""Regression arithmetic of rates paid: least squares with robust errors, unit-root and cointegration statistics.

Sources: Newey and West (1987); Dickey and Fuller (1979); Engle and Granger (1987); MacKinnon (2010, response surfaces);
Hodrick and Prescott (1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from behavior.errors import TooFewEvents
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class LeastSquares:
    """An ordinary least-squares fit.

    Parameters
    ----------
    coefficients, errors, robust_errors : shape (k,); `errors` assume equal independent errors, `robust_errors` are
        Newey–West with Bartlett weights. residuals : shape (rows,).
    robust_covariance : shape (k, k), Newey–West; its diagonal is the square of `robust_errors`.
    """

    coefficients: FloatArray
    errors: FloatArray
    robust_errors: FloatArray
    residuals: FloatArray
    r_squared: float
    rows: int
    robust_covariance: FloatArray


def newey_west_lags(rows: int) -> int:
    """Lags of the Bartlett window, 4 (n / 100)^(2/9) rounded down."""
    return int(np.floor(4.0 * (rows / 100.0) ** (2.0 / 9.0)))


def least_squares(columns: FloatArray, outcome: FloatArray, lags: int | None = None) -> LeastSquares:
    """Fit `outcome` (rows,) on `columns` (rows, k), with both kinds of standard errors (no small-sample factor on HAC).

    Raises
    ------
    TooFewEvents : fewer rows than columns, or columns that cannot be told apart.
    """
    rows, size = columns.shape
    if rows <= size or np.linalg.matrix_rank(columns) < size:
        raise TooFewEvents(
            f"least squares: {rows} rows cannot tell {size} columns apart. Widen the window or drop a column."
        )
    inverse = np.linalg.inv(columns.T @ columns)
    coefficients = inverse @ (columns.T @ outcome)
    residuals = outcome - columns @ coefficients
    squares = float(residuals @ residuals)
    spread = outcome - outcome.mean()
    scores = columns * residuals[:, None]
    middle = scores.T @ scores
    window = newey_west_lags(rows) if lags is None else lags
    for lag in range(1, window + 1):
        shared = scores[lag:].T @ scores[:-lag]
        middle += (1.0 - lag / (window + 1.0)) * (shared + shared.T)
    robust = inverse @ middle @ inverse
    return LeastSquares(
        coefficients=coefficients,
        errors=np.sqrt(np.diag(inverse) * squares / (rows - size)),
        robust_errors=np.sqrt(np.maximum(np.diag(robust), 0.0)),
        residuals=residuals,
        r_squared=1.0 - squares / float(spread @ spread) if np.any(spread) else float("nan"),
        rows=rows,
        robust_covariance=robust,
    )


def dickey_fuller(series: FloatArray, constant: bool = True) -> float:
    """Dickey–Fuller t statistic without lagged changes; strongly negative speaks against a unit root."""
    moves = np.diff(series)
    columns = [series[:-1], *([np.ones(moves.size)] if constant else [])]
    fitted = least_squares(np.column_stack(columns), moves, 0)
    return float(fitted.coefficients[0] / fitted.errors[0])


def engle_granger(outcome: FloatArray, driver: FloatArray) -> float:
    """Dickey–Fuller statistic, without constant, of the residuals of `outcome` on `driver` and a constant."""
    long_run = least_squares(np.column_stack([np.ones(driver.size), driver]), outcome)
    return dickey_fuller(long_run.residuals, constant=False)


def engle_granger_critical(rows: int) -> float:
    """The 5% value for two series with a constant, by MacKinnon's response surface; below it they are cointegrated."""
    return -3.33613 + -6.1101 / rows + -6.823 / rows**2


def hodrick_prescott(series: FloatArray, smoothness: float) -> FloatArray:
    """Trend of a series, shape (months,): least squares with a penalty on the change of its slope."""
    size = series.size
    second = np.diff(np.eye(size), n=2, axis=0)
    whole = np.eye(size) + smoothness * second.T @ second
    banded = np.stack([np.pad(np.diagonal(whole, up), (up, 0)) for up in (2, 1, 0)])
    return np.asarray(solveh_banded(banded, series))
