"""Ends that the contract sets: months in which all that share a term leave together are no sign of a leak.

A notice account closes when its year is over, a borrower refixes elsewhere when the fixed period ends, a region's
accounts close in the month of a merger: product, fixation or region then tell who leaves and when, and honestly so.
What leaks are looked for in is the rest, compared among units of equal terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import BoolArray, FloatArray, IntArray

TERMS = (
    "product", "customer_type", "region", "channel", "currency", "purpose", "occupancy", "property_type", "rate_type",
    "original_term_months", "fixation_months",
)  # fmt: skip
LEAVES_TOGETHER = 0.1
LEAST_ROWS = 20
LEAST_SHARE_OF_EVENTS = 0.25
LEAST_SHARE_OF_ROWS = 0.01


@dataclass(frozen=True)
class ContractEnds:
    """Where units of equal terms leave together.

    Parameters
    ----------
    rows : true on each row of a month and term in which they do, shape (rows,). terms : code of each row's terms, of
        those columns that have such months, shape (rows,); 0 everywhere where none has.
    """

    rows: BoolArray
    terms: IntArray

    @classmethod
    def of(cls, panel: Panel, event: FloatArray) -> Self:
        """Looks at each contract column, and at all units at once, by age and by calendar month.

        At an end at least a tenth of those at risk leave in the month, 70% in a year. A column counts when a quarter of
        all events are at such ends: where a column was overwritten when units left, the last of those marked leave as
        quickly, but they are few.
        """
        happened, cases = np.nan_to_num(event), panel.cases
        age = np.maximum(np.nan_to_num(panel.table["age_months"].to_numpy(dtype=np.float64)), 0.0).astype(np.int64)
        month = month_number(panel.table["month"])
        whens = (age, month - month.min(initial=0))
        rows, terms = np.zeros(len(event), dtype=bool), np.zeros(len(event), dtype=np.int64)
        for name in ("", *(name for name in TERMS if name in panel.table)):
            level = _levels(panel.table[name]) if name else np.zeros(len(event), dtype=np.int64)
            ends = np.zeros(len(event), dtype=bool)
            for when in whens:
                ends |= _together(level, when, happened, cases)
            if happened[ends].sum() >= LEAST_SHARE_OF_EVENTS * max(float(happened.sum()), 1.0):
                rows |= ends
                terms = pd.factorize(terms * (int(level.max(initial=0)) + 1) + level)[0].astype(np.int64)
        return cls(rows, terms)


def _levels(column: pd.Series) -> IntArray:
    return np.asarray(pd.factorize(column)[0], dtype=np.int64) + 1


def _together(level: IntArray, when: IntArray, event: FloatArray, cases: FloatArray) -> BoolArray:
    """Rows of a level and time at which a tenth or more of those there leave; rare levels have none."""
    span = int(when.max(initial=0)) + 1
    cell = level * span + when
    leaves = np.bincount(cell, event) >= LEAVES_TOGETHER * np.maximum(np.bincount(cell, cases), 1.0)
    leaves &= np.bincount(cell) >= LEAST_ROWS
    common = np.bincount(level) >= LEAST_SHARE_OF_ROWS * len(level)
    return np.asarray(leaves[cell] & common[level])
