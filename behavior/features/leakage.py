"""Screens for the future in a feature: each finds one way in which outcomes have leaked into learning before.

Five ways are known: an outcome column among the inputs; a value that knows the exit month (the exit month's balance, an
identifier or the date of a last update that encodes it); a value that knows, when a unit is first seen, who will ever
leave, or when (the length of its record, its place in a file sorted by exits, a digit of its number); a value that
knows it of few and says nothing of the others (a reason of closing that some branches fill in); a rate that is
published later than the month it stands in. The last is looked for where the panel has monthly market rates: rows of
other periods, which have none, are not screened for it, and a market that moves by a smooth law has no future that its
past does not tell.

Months that contracts end (`contract_ends`) are set aside first. A feature made of a contract's own columns is refused
only when nearly certain, and otherwise named: what it means is fixed, so that it leaks only where a column was
overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from behavior.errors import FittingError
from behavior.features.base import Feature, FeatureMatrix
from behavior.features.contract_ends import ContractEnds
from behavior.features.foresight import future_alignment
from behavior.features.identifiers import characters_of
from behavior.features.separation import BINS, Units, area_under_curve, bins_of, unit_codes
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import BoolArray, FloatArray, IntArray

SCREENS = (
    ("with age or date alone it tells events from non-events, area under the curve", 0.95, 0.99),
    ("as first seen it tells who will ever leave, area under the curve", 0.95, 0.99),
    ("as first seen it tells when a unit will leave, correlation", 0.80, 0.95),
    ("all units first seen with one value of it leave, at a chance of ten to the power of minus", 5.0, inf),
    ("with one value of it nearly all leave in that very month, share of rows", 0.95, inf),
    ("a character of this identifier tells who will ever leave, area under the curve", 0.95, 0.99),
    ("it moves with the market rate of a later month, correlation", 0.0, 0.99),
)
"""How each finds a leak, above which figure in a bank's own column, and above which in a feature of the contract's."""

MOST_ROWS = 200_000
LEAST_EXITS = 20
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
            units.all_leave(whole),
            leave_at_once(values, happened),
            max((units.separation(one) for one in characters_of(panel, name, units.owner)), default=0.5),
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


def leave_at_once(values: FloatArray, event: FloatArray) -> float:
    """Largest share of rows with one value that are the exit's own, among values of `LEAST_EXITS` exits or more."""
    found = 0.0
    for code in (bins_of(values), np.unique(values, return_inverse=True)[1]):
        exits, rows = np.bincount(code, event), np.bincount(code)
        found = max(found, float((exits / np.maximum(rows, 1))[exits >= LEAST_EXITS].max(initial=0.0)))
    return found


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
