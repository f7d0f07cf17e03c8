"""The tables that later months are held against.

Curves that count months since as-of speak of the accounts open at as-of. Later months saw other accounts: those open in
the last month learned from. So for such a kind the tables are made once more, from the accounts of that month and what
was known then. Later months are read from these, by the months since.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from behavior.assumptions.set import AssumptionTable
from behavior.kinds.base import ExportContext, FittedModel, ModelKind
from behavior.market.history import RateHistory
from behavior.panel.base import Panel

Tables = tuple[AssumptionTable, ...]


def landmark_tables(
    kind: ModelKind,
    fitted: FittedModel,
    panel: Panel,
    rates: RateHistory,
    read_back: Callable[[Tables, pd.Timestamp], Tables] | None = None,
) -> Tables | None:
    """Tables of the accounts open in the last month learned from; None for a kind whose curves hold for any book.

    Parameters
    ----------
    panel : months up to that one are read, later ones are not. read_back : writes tables of a month end and reads
        them again, so that what is judged has been through a file; None = as exported.
    """
    if kind.landmark is None:
        return None
    month_end = kind.landmark(fitted)
    known = panel.until(month_end)
    if known.table.empty:
        return None  # another history than the one learned from, and all of it later
    tables = kind.export(fitted, ExportContext(month_end, known, rates))
    return tables if read_back is None else read_back(tables, month_end)
