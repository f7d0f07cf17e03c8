"""Where a month lies among a loan's resets: the months around one, and whether the first fixed period still runs.

A borrower who may leave without a penalty when a fixed period ends leaves then, whatever the incentive. All of it is
known when the month begins: the loan's age, its fixation, and whether its rate has moved between the ends of whole
fixed periods, as that of a loan does which resets each year after its first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from behavior.panel.dense import previous, sum_before, text_column
from behavior.panel.loan_rows import LoanRows
from behavior.quantities import BoolArray, FloatArray, IntArray

PHASES = ("-2", "-1", "+0", "+1", "+2", "+3", "+4 to +6")
"""Months past the end of a fixed period: `+0` is its last month, `+1` the first at the new rate."""

PERIODS = ("first", "after")
FIRST, LAST = -2, 6
LEAST_FIXATION = 12
"""A shorter fixation is a floating rate: it has no months around a reset."""

LEAST_REPEATED = 36
"""A shorter fixation is not followed beyond its first end: its resets come too often to tell months between apart."""

MOVED = 1e-5


def phases_of(age: FloatArray, fixation: FloatArray, strayed: BoolArray) -> IntArray:
    """Place in `PHASES` of a month, -1 where it is not near a reset; all of one shape.

    Parameters
    ----------
    age : months since origination. fixation : months of the fixed period; 0 or unknown = fixed for life.
    strayed : whether the rate has moved between the ends of whole fixed periods, so that no second one is awaited.
    """
    length = np.maximum(np.nan_to_num(fixation), 0.0)
    past = age - length
    repeats = (length >= LEAST_REPEATED) & ~strayed & (past > LAST)
    past = np.where(repeats, (past - FIRST) % np.maximum(length, 1.0) + FIRST, past)
    near = (length >= LEAST_FIXATION) & (past >= FIRST) & (past <= LAST)
    return np.where(near, np.minimum(past - FIRST, len(PHASES) - 1), -1).astype(np.int64)


def periods_of(age: FloatArray, fixation: FloatArray) -> IntArray:
    """Place in `PERIODS` of a month, -1 for a loan that is fixed for life; all of one shape."""
    length = np.maximum(np.nan_to_num(fixation), 0.0)
    return np.where(length > 0, (age > length).astype(np.int64), -1)


def reset_columns(rows: LoanRows, fixation: FloatArray) -> dict[str, Any]:
    """Columns of the panel that tell where each row lies among its loan's resets.

    Parameters
    ----------
    fixation : of each row's loan, months; 0 or unknown = fixed for life.
    """
    age = rows.age.astype(np.float64)
    strayed = _strayed(rows, fixation)
    codes = {"reset_phase": phases_of(age, fixation, strayed), "fixed_period": periods_of(age, fixation)}
    words = {"reset_phase": PHASES, "fixed_period": PERIODS}
    made = {name: pd.Categorical.from_codes(codes[name].astype(np.int8), pd.Index(words[name])) for name in codes}
    return {**made, "resets_strayed": strayed.astype(np.float64)}


def _strayed(rows: LoanRows, fixation: FloatArray) -> BoolArray:
    """True from the first month whose rate moved away from the ends of whole fixed periods on, within three months."""
    length = np.maximum(np.nan_to_num(fixation), 1.0)
    place = (rows.age - 1.0) % length
    between = (rows.age > fixation + 1.0) & (place > 3.0) & (length - place > 3.0)
    moved = np.abs(rows.rate - previous(rows.rate, rows.first)) > MOVED
    off = (between & moved).astype(np.float64)
    return np.asarray(sum_before(off, rows.first) + off > 0)


def rate_terms(loans: pd.DataFrame) -> pd.Categorical:
    """Each loan's kind of rate and its fixation in one text, ``arm 60``; empty where neither is known."""
    kind, kinds = _words(loans, "rate_type")
    fixed, fixations = _words(loans, "fixation_months")
    pair, present = pd.factorize(kind * len(fixations) + fixed)
    places = [divmod(int(one), len(fixations)) for one in present]
    texts = [" ".join(filter(None, (kinds[one], fixations[other]))) for one, other in places]
    return text_column(pd.Series(np.asarray([*texts, ""], dtype=object)[pair]))


def _words(loans: pd.DataFrame, name: str) -> tuple[IntArray, list[str]]:
    """A column's codes and their words, the last of them empty for what is missing."""
    if name not in loans.columns:
        return np.zeros(len(loans), dtype=np.int64), [""]
    codes, found = pd.factorize(loans[name])
    words = [one if isinstance(one, str) else f"{one:g}" for one in found]
    return np.where(codes < 0, len(words), codes).astype(np.int64), [*words, ""]
