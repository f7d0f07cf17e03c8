"""Screens for the future in a feature: each finds one way in which outcomes have leaked into learning before.

Five ways are known: an outcome column among the inputs; a value that knows the exit month (the exit month's balance, an
identifier or the date of a last update that encodes it); a value that knows, when a unit is first seen, who will ever
leave, or when (the length of its record, its place in a file sorted by exits); a rate that is published later than the
month it stands in. The last is looked for where the panel has monthly market rates: rows of other periods, which have
none, are not screened for it, and a market that moves by a smooth law has no future that its past does not tell.

Months that contracts end (`contract_ends`) are set aside first. A feature made of a contract's own columns is refused
only when nearly certain, and otherwise named: what it means is fixed, so that it leaks only where a column was
overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.errors import FittingError
from behavior.features.base import Feature, FeatureMatrix
from behavior.features.contract_ends import ContractEnds
from behavior.features.separation import BINS, Units, area_under_curve, bins_of, unit_codes
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import BoolArray, FloatArray, IntArray

SCREENS = (
    ("with age or date alone it tells events from non-events, area under the curve", 0.95, 0.99),
    ("as first seen it tells who will ever leave, area under the curve", 0.95, 0.99),
    ("as first seen it tells when a unit will leave, correlation", 0.80, 0.95),
    ("it moves with the market rate of a later month, correlation", 0.0, 0.99),
)
"""How each finds a leak, above which figure in a bank's own column, and above which in a feature of the contract's."""

LATEST_LEAD = 24
LEAST_FORESIGHT, LEAST_OF_NEXT_MONTH, FORESIGHT_BEYOND_PAST, FORESIGHT_ERRORS = 0.6, 0.98, 0.1, 6.0
PAST_MOVES, FORETOLD, LEAST_BEYOND_THE_PAST, FORESIGHT_ALONE = 12, 0.01, 0.5, 0.95
MOST_ROWS = 200_000
FORBIDDEN = ("unit", "customer", "loan_id", "account_id", "customer_id", "unit_id", "successor_id", "close_date")


class LeakFound(FittingError):
    """A feature knows what it could not have known; the run fails."""


@dataclass(frozen=True)
class Leak:
    """One leak: the feature, how it was caught, in words, and the figure behind it.

    `certain` is false where a feature of the contract's own columns tells much, but less than an outcome would.
    """

    feature: str
    how: str
    value: float
    certain: bool = True

    def __str__(self) -> str:
        return f"feature `{self.feature}`: {self.how} ({self.value:.3f})"


def refuse_leaks(
    panel: Panel,
    matrix: FeatureMatrix,
    event: FloatArray,
    rows: BoolArray,
    targets: Sequence[str],
    features: Sequence[Feature],
    lag_months: int = 0,
) -> dict[str, str]:
    """Fail the run when any screen finds a leak; else what is said of features that tell much, for the facts.

    Parameters
    ----------
    rows : what would be learned from, a mask of panel rows. targets : outcome columns.
    features : those whose meaning a contract fixes; they are refused only when nearly certain.
    lag_months : how late the panel's `market_rate` is: a rate so many months later is known at the month's start.

    Raises
    ------
    LeakFound : naming every leaking feature, how it was caught and what to do.
    """
    found = find_leaks(panel, matrix, event, rows, targets, features, lag_months)
    leaks = [leak for leak in found if leak.certain]
    if leaks:
        raise LeakFound(
            "\n".join(
                [
                    f"{len(leaks)} leaking feature(s) found, nothing was fitted:",
                    *(f"  {leak}" for leak in leaks),
                    "Remove them from `features.use`, or carry the value as known at the month's start. Terms that "
                    "honestly decide when customers leave belong in the contract's own columns, as `product` is: what "
                    "they tell of is set aside.",
                ]
            )
        )
    if not found:
        return {}
    words = "look whether these columns were overwritten when customers left: "
    return {"strong features in words": words + "; ".join(str(leak) for leak in found)}


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
    ends = ContractEnds.of(panel, event)
    units = Units.of(panel, event, ends)
    places = np.flatnonzero(rows & ~ends.rows)
    codes = unit_codes(panel.table["unit"].iloc[places])
    if len(places) > MOST_ROWS:
        keep = codes % max(len(places) // MOST_ROWS, 1) == 0
        places, codes = places[keep], codes[keep]
    happened, half = event[places], units.half[units.owner[places]]
    age, market = (panel.table[name].to_numpy()[places] for name in ("age_months", "market_rate"))
    months = month_number(panel.table["month"])[places]
    known = {feature.name for feature in features}
    found = outcome_inputs(matrix, features, targets)
    for position, name in enumerate(matrix.names):
        whole, values = matrix.values[:, position], matrix.values[places, position]
        told = (
            separation(values, age, months, happened, half),
            units.separation(whole),
            units.timing(whole),
            future_alignment(values, codes, months, market, lag_months),
        )
        found += _judged(name, told, name in known)
    return found


def _judged(name: str, told: Sequence[float], of_contract: bool) -> list[Leak]:
    """The first leak that the screens' figures, in the order of `SCREENS`, make of a feature; none where none does."""
    screens = list(zip(SCREENS, told, strict=True))
    for (how, bound, nearly_certain), value in screens:
        if value > (nearly_certain if of_contract else bound):
            return [Leak(name, how, value)]
    return [Leak(name, how, value, certain=False) for (how, bound, _), value in screens if value > bound][:1]


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


def separation(values: FloatArray, age: FloatArray, month: IntArray, event: FloatArray, odd: BoolArray) -> float:
    """Area under the curve of an exposure table by feature and age or month, learned on `odd` rows, judged on the
    rest; the largest of the tables'.

    Tables of the feature and its difference from age or month are among them, so that a feature shows which equals the
    age or the date of the exit.
    """
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
    six standard errors of Fisher's z, so that a short history does not find one by chance. What the market's own past
    foretells is taken out: what is left must agree too, and nearly wholly where the past agrees almost as well. Of the
    month after the last known one it must agree nearly wholly: a treasury rate leads a posted one by about a month.
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
    following = known_ahead + 1
    lead = max(range(following + 1, LATEST_LEAD + 1), key=lambda one: strength[one])
    later = _foresight(strength, lead, following, LEAST_FORESIGHT)
    if later:
        clear = later > max(strength[one][0] for one in range(-LATEST_LEAD, following + 1)) + FORESIGHT_BEYOND_PAST
        beyond = _beyond_the_past(mean, moves, usable, lead, following)
        return later if beyond > (LEAST_BEYOND_THE_PAST if clear else FORESIGHT_ALONE) else 0.0
    next_month = _foresight(strength, following, known_ahead, LEAST_OF_NEXT_MONTH)
    beyond = _beyond_the_past(mean, moves, usable, following, known_ahead) if next_month else 0.0
    return next_month if beyond > FORESIGHT_ALONE else 0.0


def _foresight(strength: Mapping[int, tuple[float, int]], lead: int, known_ahead: int, least: float) -> float:
    """The correlation at a lead where it is high, no chance, and above all up to `known_ahead`; else 0."""
    ahead, pairs = strength[lead]
    behind, _ = max(strength[one] for one in range(-LATEST_LEAD, known_ahead + 1))
    chance = float(np.tanh(FORESIGHT_ERRORS / np.sqrt(max(pairs - 3, 1))))
    return ahead if ahead > max(least, chance, behind) else 0.0


def _places(usable: BoolArray, lead: int) -> IntArray:
    """Months that can be compared with those `lead` later."""
    size = len(usable)
    here = np.arange(max(0, -lead), min(size, size - lead))
    return np.asarray(here[usable[here] & usable[here + lead]])


def _correlation(mean: FloatArray, moves: FloatArray, usable: BoolArray, lead: int) -> tuple[float, int]:
    """Absolute correlation of a month's mean change with the market's move `lead` months later, and of how many."""
    here = _places(usable, lead)
    if len(here) < 20 or np.std(mean[here]) == 0 or np.std(moves[here + lead]) == 0:
        return 0.0, len(here)
    return float(abs(np.corrcoef(mean[here], moves[here + lead])[0, 1])), len(here)


def _beyond_the_past(mean: FloatArray, moves: FloatArray, usable: BoolArray, lead: int, known_ahead: int) -> float:
    """The same correlation of what the market's moves of that month and before, as many as there are pairs for, leave.

    A market that turns smoothly foretells itself, and a spread to it then moves as it will next year: no foresight.
    """
    here = _places(usable, lead)
    earliest = min(PAST_MOVES, len(here) // 6)
    here = here[here > earliest]
    past = np.column_stack([np.ones(len(here)), *(moves[here - back] for back in range(-known_ahead, earliest))])
    left = []
    for values in (mean[here], moves[here + lead]):
        rest = values - past @ np.linalg.lstsq(past, values, rcond=None)[0]
        left.append(rest if np.std(rest) > FORETOLD * np.std(values) else np.zeros(len(rest)))
    if min(np.std(left[0]), np.std(left[1])) == 0:
        return 0.0
    return float(abs(np.corrcoef(left[0], left[1])[0, 1]))
