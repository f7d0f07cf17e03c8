"""Train, validate and test by time **and** by customer: no customer and no month is on both sides of train and test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.quantities import AnyArray, BoolArray, FloatArray
from behavior.specs import SplitSpec


def split_panel(panel: Panel, spec: SplitSpec) -> PanelSplit:
    """Masks over the panel's rows, shape (rows,) each.

    Test is out of time (from `test_from`, else the last `test_share_of_months` of the months) and on held-out
    customers (a seeded hash of the customer's name, so that a new month never moves a customer). The `gap_months`
    before the test belong to no part. Validate is the last `validate_share_of_months` before the gap.

    Raises
    ------
    FittingError : when the panel holds too few months or customers to be split.
    """
    months = month_number(panel.table["month"])
    distinct = np.unique(months)
    if len(distinct) < 4:
        raise FittingError(f"split: {len(distinct)} distinct months found, at least 4 needed. Give a longer history.")
    test_from = first_test_month(distinct, spec)
    before = distinct[distinct < test_from - spec.gap_months]
    if len(before) < 2 or test_from > distinct[-1]:
        raise FittingError(
            f"split: {len(before)} months before the test, which starts at month {np.datetime64(int(test_from), 'M')}; "
            "at least 2 needed on each side. Move `split.test_from` or shorten `split.gap_months`."
        )
    start = first_check_month(before, spec.validate_share_of_months)
    held_out = held_out_customers(panel.table["customer"], spec.customer_share, spec.seed)
    early, late = months < test_from - spec.gap_months, months >= test_from
    return PanelSplit(
        train=~held_out & (months < start),
        validate=~held_out & early & (months >= start),
        test=(held_out | (spec.customer_share == 0.0)) & late,
        out_of_time=late,
        unseen_customers=held_out & early,
    )


def nothing_held_back(panel: Panel, spec: SplitSpec, tuned: bool = False) -> PanelSplit:
    """A split for learning from everything: all customers, all months, and nothing left to test on.

    `tuned`: parameters are still searched for, and judged by the last months as `split_panel` has them.
    """
    months = month_number(panel.table["month"])
    none = np.zeros(len(months), dtype=bool)
    late = months >= first_check_month(np.unique(months), spec.validate_share_of_months) if tuned else none
    return PanelSplit(~late, late, none, none, none)


def first_test_month(distinct: AnyArray, spec: SplitSpec) -> int:
    """Month number of the first test month."""
    if spec.test_from is not None:
        return int(month_number(np.array([spec.test_from], dtype="datetime64[D]"))[0])
    share = max(1, round(len(distinct) * spec.test_share_of_months))
    return int(distinct[len(distinct) - share])


def first_check_month(distinct: AnyArray, share: float) -> int:
    """First of the last `share` of rising months; some months are always before it, and one is always after."""
    return int(distinct[min(max(1, round(len(distinct) * (1.0 - share))), len(distinct) - 1)])


def held_out_customers(customers: pd.Series, share: float, seed: int) -> BoolArray:
    """True on rows of customers held out of training, by a keyed hash of the customer's name."""
    return np.asarray(uniform_of_rows(customers, seed) < share)


def uniform_of_rows(customers: AnyArray | pd.Series, seed: int) -> FloatArray:
    """The number in [0, 1) of each row's customer."""
    codes, names = pd.factorize(customers)
    return uniform_of(np.asarray(names, dtype=object), seed)[codes]


def uniform_of(names: AnyArray, seed: int) -> FloatArray:
    """A number in [0, 1) for each name: the same for the same name and seed, on every machine."""
    key = f"{seed % 10**16:016d}"
    hashed = pd.util.hash_array(np.asarray([str(name) for name in names], dtype=object), hash_key=key)
    return np.asarray(hashed >> np.uint64(11), dtype=np.float64) / float(1 << 53)
