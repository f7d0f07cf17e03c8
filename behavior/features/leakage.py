"""Screens for the future in a feature: each finds one way in which outcomes have leaked into learning before.

Five ways are known: an outcome column among the inputs; a value that knows the exit month (the exit month's balance, an
identifier or the date of a last update that encodes it); a value that knows, when a unit is first seen, who will ever
leave, or when (the length of its record, its place in a file sorted by exits); a rate that is published later than the
month it stands in. The last is looked for where the panel has monthly market rates: rows of other periods, which have
none, are not screened for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.errors import FittingError
from behavior.features.base import Feature, FeatureMatrix
from behavior.features.separation import BINS, Units, area_under_curve, bins_of, unit_codes
from behavior.panel.base import Panel
from behavior.panel.dense import month_number
from behavior.quantities import BoolArray, FloatArray, IntArray

SUSPICIOUS = 0.95
TIMED = 0.80
LATEST_LEAD = 24
LEAST_FORESIGHT, FORESIGHT_BEYOND_PAST, FORESIGHT_ERRORS = 0.75, 0.1, 6.0
MOST_ROWS = 200_000
FORBIDDEN = ("unit", "customer", "loan_id", "account_id", "customer_id", "unit_id", "successor_id", "close_date")


class LeakFound(FittingError):
    """A feature knows what it could not have known; the run fails."""


@dataclass(frozen=True)
class Leak:
    """One leak: the feature, how it was caught, in words, and the figure behind it."""

    feature: str
    how: str
    value: float


def refuse_leaks(
    panel: Panel,
    matrix: FeatureMatrix,
    event: FloatArray,
    rows: BoolArray,
    targets: Sequence[str],
    features: Sequence[Feature],
    lag_months: int = 0,
) -> None:
    """Fail the run when any screen finds a leak.

    Parameters
    ----------
    rows : what would be learned from, a mask of panel rows. targets : outcome columns.
    lag_months : how late the panel's `market_rate` is: a rate so many months later is known at the month's start.

    Raises
    ------
    LeakFound : naming every leaking feature, how it was caught and what to do.
    """
    leaks = find_leaks(panel, matrix, event, rows, targets, features, lag_months)
    if leaks:
        lines = [f"  feature `{leak.feature}`: {leak.how} ({leak.value:.3f})" for leak in leaks]
        raise LeakFound(
            "\n".join(
                [
                    f"{len(leaks)} leaking feature(s) found, nothing was fitted:",
                    *lines,
                    "Remove them from `features.use`, or carry the value as known at the month's start.",
                ]
            )
        )


def find_leaks(
    panel: Panel,
    matrix: FeatureMatrix,
    event: FloatArray,
    rows: BoolArray,
    targets: Sequence[str],
    features: Sequence[Feature],
    lag_months: int = 0,
) -> list[Leak]:
    """All leaks of a matrix on the rows that would be learned from; of what a unit is first seen with, on all rows."""
    found = outcome_inputs(matrix, features, targets)
    units = Units.of(panel, event)
    places = np.flatnonzero(rows)
    codes = unit_codes(panel.table["unit"].iloc[places])
    if len(places) > MOST_ROWS:
        keep = codes % max(len(places) // MOST_ROWS, 1) == 0
        places, codes = places[keep], codes[keep]
    happened = event[places]
    age = panel.table["age_months"].to_numpy()[places]
    months = month_number(panel.table["month"])[places]
    for position, name in enumerate(matrix.names):
        values = matrix.values[places, position]
        area = separation(values, age, months, happened, codes)
        if area > SUSPICIOUS:
            found.append(
                Leak(name, "with age or date alone it tells events from non-events, area under the curve", area)
            )
            continue
        area = units.separation(matrix.values[:, position])
        if area > SUSPICIOUS:
            found.append(Leak(name, "as first seen it tells who will ever leave, area under the curve", area))
            continue
        timing = units.timing(matrix.values[:, position])
        if timing > TIMED:
            found.append(Leak(name, "as first seen it tells when a unit will leave, correlation", timing))
            continue
        market = panel.table["market_rate"].to_numpy()[places]
        match = future_alignment(values, codes, months, market, lag_months)
        if match > 0:
            found.append(Leak(name, "it moves with the market rate of a later month, correlation", match))
    return found


def outcome_inputs(matrix: FeatureMatrix, features: Sequence[Feature], targets: Sequence[str]) -> list[Leak]:
    """Features in use that read an outcome column or an identifier."""
    known = {feature.name: feature.inputs for feature in features}
    banned = {*targets, *FORBIDDEN}
    return [
        Leak(name, f"it reads `{column}`, an outcome or an identifier", 1.0)
        for name in matrix.names
        for column in known.get(name, (name,))
        if column in banned
    ]


def separation(values: FloatArray, age: FloatArray, month: IntArray, event: FloatArray, units: IntArray) -> float:
    """Area under the curve of an exposure table by feature and age or month, learned on half the units, judged on the
    rest; the largest of the tables'.

    Tables of the feature and its difference from age or month are among them, so that a feature shows which equals the
    age or the date of the exit.
    """
    odd = units % 2 == 1
    if event[odd].sum() < 5 or event[~odd].sum() < 5:
        return 0.5
    best = 0.5
    for second in (age, values - age, np.zeros_like(age), month.astype(np.float64), values - month):
        code = bins_of(values) * (BINS + 2) + bins_of(second)
        size = (BINS + 2) ** 2
        exposure = np.bincount(code[odd], minlength=size)
        events = np.bincount(code[odd], event[odd], size)
        rate = (events + 0.5 * float(event.mean())) / (exposure + 0.5)
        best = max(best, area_under_curve(rate[code[~odd]], event[~odd]))
    return best


def future_alignment(
    values: FloatArray, units: IntArray, months: IntArray, market: FloatArray, known_ahead: int = 0
) -> float:
    """Correlation with a later market move when that is high and beyond any with present and past; 0 if not.

    Compares monthly means of changes inside units, so that mix and level play no part. Moves up to `known_ahead` months
    later than `market` are no future: the panel reads its market rate so late. High is at least `LEAST_FORESIGHT` and
    six standard errors of Fisher's z, so that a short history does not find one by chance.
    """
    inside = np.zeros(len(values), dtype=bool)
    inside[1:] = (units[1:] == units[:-1]) & (months[1:] - months[:-1] == 1)
    change = np.zeros(len(values))
    change[1:] = values[1:] - values[:-1]
    inside &= ~np.isnan(change)
    low, high = int(months.min()), int(months.max())
    count = np.bincount(months[inside] - low, minlength=high - low + 1)
    mean = np.bincount(months[inside] - low, change[inside], high - low + 1) / np.maximum(count, 1)
    level = np.bincount(months - low, np.nan_to_num(market), high - low + 1)
    seen = np.bincount(months - low, minlength=high - low + 1)
    path = level / np.maximum(seen, 1)
    moves = np.append(0.0, np.diff(path))
    usable = (count > 0) & (seen > 0)
    if usable.sum() < 24 or np.std(mean[usable]) == 0:
        return 0.0
    strength = {lead: _correlation(mean, moves, usable, lead) for lead in range(-LATEST_LEAD, LATEST_LEAD + 1)}
    ahead, pairs = max(strength[lead] for lead in range(known_ahead + 1, LATEST_LEAD + 1))
    behind, _ = max(strength[lead] for lead in range(-LATEST_LEAD, known_ahead + 1))
    chance = float(np.tanh(FORESIGHT_ERRORS / np.sqrt(max(pairs - 3, 1))))
    return ahead if ahead > max(LEAST_FORESIGHT, chance) and ahead > behind + FORESIGHT_BEYOND_PAST else 0.0


def _correlation(mean: FloatArray, moves: FloatArray, usable: BoolArray, lead: int) -> tuple[float, int]:
    """Absolute correlation of a month's mean change with the market's move `lead` months later, and of how many."""
    size = len(mean)
    here = np.arange(max(0, -lead), min(size, size - lead))
    here = here[usable[here] & usable[here + lead]]
    if len(here) < 20 or np.std(mean[here]) == 0 or np.std(moves[here + lead]) == 0:
        return 0.0, len(here)
    return float(abs(np.corrcoef(mean[here], moves[here + lead])[0, 1])), len(here)
