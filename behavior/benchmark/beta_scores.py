"""Path errors in basis points and errors of the cumulative beta, with intervals by institutions and half years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.benchmark.beta_models import CHAMPION, Model
from behavior.benchmark.beta_protocols import Fold
from behavior.benchmark.hazard_scores import Score
from behavior.benchmark.resampling import BLOCK_MONTHS, draws_of, value_and_interval
from behavior.errors import BehaviorError
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries
from behavior.estimators.pass_through_static import matched, positions
from behavior.kinds._beta_paths import PathModel
from behavior.quantities import FloatArray

SEED = 20260930
REPLICATES = 1000
LEAST_MOVE = 0.0025
PATH, BETA, END = "path_error_bp", "cumulative_beta_error", "end_error_bp"


@dataclass(frozen=True)
class BetaBenchmark:
    """Scores of one protocol on one data set.

    Parameters
    ----------
    rows : one row an observation left out: fold, unit, month, actual, and one column a model (decimals a year).
    by_fold : path error of each model in each fold, basis points, and error of the cumulative beta.
    summary : one row a model: path error over all folds with its interval, folds in which ours is closer.
    failed : model and fold -> why it gave no answer.
    """

    rows: pd.DataFrame
    by_fold: pd.DataFrame
    summary: pd.DataFrame
    failed: Mapping[str, str]

    @property
    def models(self) -> list[str]:
        """Models that answered at least once."""
        return [str(name) for name in self.summary["model"]]

    def scores(self) -> dict[str, list[Score]]:
        """Every model's figures with their draws, on the rows that it answered."""
        return {name: _scores(self.rows, self.by_fold, name) for name in self.models}

    def scores_beside(self, rivals: Sequence[str]) -> dict[str, list[Score]]:
        """The same of ours and its rivals on the rows that all of these answered, so that like is compared."""
        names = [CHAMPION, *(name for name in self.models if name in rivals and name != CHAMPION)]
        rows = self.rows[self.rows[names].notna().all(axis=1)]
        return {name: _scores(rows, _by_fold(rows, names), name) for name in names} if len(rows) else {}


def run_protocol(folds: Sequence[Fold], models: Mapping[str, Model]) -> BetaBenchmark:
    """Fit every model on every fold, foretell what was left out, and score all of them on the same rows.

    Where ours gives no answer, the others' errors are of another question and are left out: folds that are hard
    for want of anything to learn from would stand in their figures and not in its own.
    """
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
    answered = rows[CHAMPION].notna() if CHAMPION in models and rows[CHAMPION].notna().any() else True
    rows = rows[~rows["start"] & answered].drop(columns="start").reset_index(drop=True)
    names = list(models)
    return BetaBenchmark(rows, _by_fold(rows, names), _summary(rows, names), failed)


def path_rates(path: PathModel, series: RateSeries) -> FloatArray:
    """Rates of a held-out series foretold from its first row, averaged over their periods; shape (rows,)."""
    begin, start = int(positions(series)[0]), float(series.rate_paid[0])
    months = np.concatenate([[start], path(series, begin, start)])
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
            beta = (last[name] - last["actual"]) / moved if abs(moved) >= LEAST_MOVE else np.nan
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


def _scores(rows: pd.DataFrame, by_fold: pd.DataFrame, name: str) -> list[Score]:
    own = rows[rows[name].notna()]
    found = [Score(PATH, "count", "", "", _path_draws(own, name), len(own), float("nan"))]
    for fold, part in own.groupby("fold", sort=False):
        found.append(Score(PATH, "count", "fold", str(fold), _path_draws(part, name), len(part), float("nan")))
    ends = by_fold[(by_fold["model"] == name) & by_fold["cumulative beta error"].notna()]
    if len(ends):
        place = pd.factorize(ends["fold"])[0].astype(np.int64)
        draws = draws_of(ends["unit"].to_numpy(), place, SEED, REPLICATES)
        for score, column in ((BETA, "cumulative beta error"), (END, "end error, bp")):
            total = draws.sums(ends[column].abs().to_numpy(dtype=np.float64), np.ones(len(ends)))
            values = np.asarray(total[:, 0] / np.maximum(total[:, 1], 1e-12))
            found.append(Score(score, "count", "", "", values, len(ends), float("nan")))
    return found


def _path_draws(rows: pd.DataFrame, name: str) -> FloatArray:
    """Root mean squared error in every draw, basis points; units and half years are drawn again."""
    draws = draws_of(rows["unit"].to_numpy(), rows["month"].to_numpy(dtype=np.int64) // BLOCK_MONTHS, SEED, REPLICATES)
    total = draws.sums(_errors(rows, name) ** 2, np.ones(len(rows)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(np.where(total[:, 1] > 0, total[:, 0] / total[:, 1], np.nan)))


def _summary(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """One row a model that answered; each is compared with ours on the rows that both answered."""
    return pd.DataFrame([_one_model(rows, name) for name in names if rows[name].notna().any()])


def _one_model(rows: pd.DataFrame, name: str) -> dict[str, object]:
    own = rows[rows[name].notna()]
    both = own[own[CHAMPION].notna()]
    value, low, high = value_and_interval(_path_draws(own, name))
    found: dict[str, object] = {"model": name, "path error, bp": value, "lower": low, "upper": high, "rows": len(own)}
    if name == CHAMPION or both.empty:
        return found
    ahead = _path_draws(both, CHAMPION) - _path_draws(both, name)
    value, low, high = value_and_interval(ahead)
    fold = both["fold"].to_numpy()
    squares = [pd.Series(_errors(both, one) ** 2).groupby(fold).mean() for one in (CHAMPION, name)]
    closer = squares[0] < squares[1]
    return {
        **found,
        "ours minus this, bp": value,
        "difference lower": low,
        "difference upper": high,
        "folds where ours is closer": f"{int(closer.sum())} of {closer.size}",
    }


def _errors(rows: pd.DataFrame, name: str) -> FloatArray:
    return ((rows[name] - rows["actual"]) * BASIS_POINTS).to_numpy(dtype=np.float64)
