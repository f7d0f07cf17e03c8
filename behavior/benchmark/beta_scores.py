"""Path errors in basis points and errors of the cumulative beta, with intervals by blocks of months and series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.benchmark.beta_models import CHAMPION, Model
from behavior.benchmark.beta_protocols import Fold
from behavior.errors import BehaviorError
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries
from behavior.estimators.pass_through_static import matched, positions
from behavior.quantities import FloatArray, IntArray

BLOCK_MONTHS = 6
REPLICATES = 2000
CONFIDENCE = 0.9


@dataclass(frozen=True)
class BetaBenchmark:
    """Scores of one protocol on one data set.

    Parameters
    ----------
    rows : one row an observation left out: fold, unit, month, actual, and one column a model (decimals a year).
    by_fold : path error of each model in each fold, basis points, and error of the cumulative beta.
    summary : one row a model: path error over all folds with its interval, folds in which the champion is closer.
    failed : model and fold -> why it gave no answer.
    """

    rows: pd.DataFrame
    by_fold: pd.DataFrame
    summary: pd.DataFrame
    failed: Mapping[str, str]


def run_protocol(folds: Sequence[Fold], models: Mapping[str, Model], seed: int = 20260930) -> BetaBenchmark:
    """Fit every model on every fold, foretell what was left out, and score all of them on the same rows."""
    parts: list[pd.DataFrame] = []
    failed: dict[str, str] = {}
    for fold in folds:
        frames = [_actual(fold.name, one) for one in fold.held_out]
        for name, model in models.items():
            try:
                path = model(fold)
                for frame, one in zip(frames, fold.held_out, strict=True):
                    frame[name] = path_rates(path, one)
            except BehaviorError as error:
                failed[f"{name}, {fold.name}"] = str(error)
                for frame in frames:
                    frame[name] = np.nan
        parts.extend(frames)
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[~rows["start"]].drop(columns="start").reset_index(drop=True)
    names = list(models)
    return BetaBenchmark(rows, _by_fold(rows, names), _summary(rows, names, seed), failed)


def path_rates(path: object, series: RateSeries) -> FloatArray:
    """Rates of a held-out series foretold from its first row, averaged over their periods; shape (rows,)."""
    begin, start = int(positions(series)[0]), float(series.rate_paid[0])
    months = np.concatenate([[start], path(series, begin, start)])  # type: ignore[operator]
    ends = series.observed - begin
    found = [months[max(0, end - p + 1) : end + 1].mean() for end, p in zip(ends, series.periods, strict=True)]
    return np.array(found)


def _actual(fold: str, series: RateSeries) -> pd.DataFrame:
    levels, paid = matched(series)
    return pd.DataFrame(
        {
            "fold": fold,
            "unit": series.source or series.unit,
            "month": series.observed + series.first_month,
            "start": np.arange(paid.size) == 0,
            "first_rate": paid[0],
            "first_level": levels[0],
            "short_rate": levels,
            "actual": paid,
        }
    )


def _by_fold(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    found = []
    for (fold, unit), part in rows.groupby(["fold", "unit"], sort=False):
        last = part.iloc[-1]
        moved = float(last["short_rate"] - last["first_level"])
        for name in names:
            error = (part[name] - part["actual"]) * BASIS_POINTS
            beta = (last[name] - last["actual"]) / moved if abs(moved) >= 0.0025 else np.nan
            found.append(
                {
                    "fold": fold,
                    "unit": unit,
                    "model": name,
                    "rows": int(error.notna().sum()),
                    "path error, bp": float(np.sqrt(np.mean(error**2))),
                    "end error, bp": float(error.iloc[-1]),
                    "cumulative beta paid": (last["actual"] - last["first_rate"]) / moved if moved else np.nan,
                    "cumulative beta error": beta,
                }
            )
    return pd.DataFrame(found)


def _summary(rows: pd.DataFrame, names: Sequence[str], seed: int) -> pd.DataFrame:
    """One row a model that answered; each is compared with the champion on the rows that both answered."""
    return pd.DataFrame([_one_model(rows, name, seed) for name in names if rows[name].notna().any()])


def _one_model(rows: pd.DataFrame, name: str, seed: int) -> dict[str, object]:
    own = rows[rows[name].notna()]
    both = own[own[CHAMPION].notna()]
    errors, drawn = _errors(own, name), _draws(own, seed)
    low, high = _interval(_drawn_error(own, errors, drawn))
    found: dict[str, object] = {"model": name, "path error, bp": _root(errors), "lower": low, "upper": high}
    if name == CHAMPION or both.empty:
        return {**found, "rows": len(own)}
    mine, ours, drawn = _errors(both, name), _errors(both, CHAMPION), _draws(both, seed)
    lead_low, lead_high = _interval(_drawn_error(both, ours, drawn) - _drawn_error(both, mine, drawn))
    fold = both["fold"].to_numpy()
    closer = pd.Series(ours**2).groupby(fold).mean() < pd.Series(mine**2).groupby(fold).mean()
    return {
        **found,
        "rows": len(own),
        "champion minus this, bp": _root(ours) - _root(mine),
        "difference lower": lead_low,
        "difference upper": lead_high,
        "folds where the champion is closer": f"{int(closer.sum())} of {closer.size}",
    }


def _errors(rows: pd.DataFrame, name: str) -> FloatArray:
    return ((rows[name] - rows["actual"]) * BASIS_POINTS).to_numpy(dtype=np.float64)


def _root(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _clusters(rows: pd.DataFrame) -> IntArray:
    """Code of each row's block: one series, one fold, six months."""
    block = (rows["month"] // BLOCK_MONTHS).astype(str)
    codes, _ = pd.factorize(rows["fold"].astype(str) + "|" + rows["unit"] + "|" + block)
    return np.asarray(codes, dtype=np.int64)


def _draws(rows: pd.DataFrame, seed: int) -> IntArray:
    count = int(_clusters(rows).max()) + 1
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=REPLICATES)


def _drawn_error(rows: pd.DataFrame, errors: FloatArray, drawn: IntArray) -> FloatArray:
    clusters = _clusters(rows)
    sums = np.bincount(clusters, weights=errors**2, minlength=drawn.shape[1])
    return np.asarray(np.sqrt(drawn @ sums / np.maximum(drawn @ np.bincount(clusters, minlength=drawn.shape[1]), 1)))


def _interval(values: FloatArray) -> tuple[float, float]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)
