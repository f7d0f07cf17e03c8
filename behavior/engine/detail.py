"""Cash flows position by position, a few positions at a time: the table never sits in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.engine.layout import FIELDS
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.positions import Groups
from behavior.engine.run import run_rows
from behavior.months import month_bounds

TOGETHER = 64


def position_cash_flows(plan: Plan) -> Iterator[pd.DataFrame]:
    """Tables of position_id, scenario, currency, side, product, month and the cash-flow fields.

    Every position is a group of its own; rows run to its last month with a flow or balance. Amounts unsigned.
    """
    options = replace(plan.options, cash_flows=True, per_position=False)
    dates = month_bounds(plan.terms.as_of, plan.months + 1).astype("datetime64[ns]")
    for start in range(0, len(plan.records), TOGETHER):
        rows = np.arange(start, min(start + TOGETHER, len(plan.records)))
        own = np.arange(len(rows))
        alone = with_column(with_column(some_of(plan, rows), "group", own), "renewal", np.full(len(rows), -1))
        part = run_rows(replace(alone, options=options), own).totals
        names = plan.terms.book.names(plan.order[rows])
        yield _table(plan, names, plan.records["group"][rows], part.flows, dates)


def _table(
    plan: Plan,
    names: np.ndarray,
    group: np.ndarray,
    flows: np.ndarray,
    dates: np.ndarray,
) -> pd.DataFrame:
    groups: Groups = plan.groups
    live = (flows != 0).any(axis=(0, 3))
    last = flows.shape[2] - 1 - live[:, ::-1].argmax(axis=1)
    last = np.where(live.any(axis=1), last, 0)
    place = np.repeat(np.arange(len(names)), last)
    month = np.concatenate([*(np.arange(1, count + 1) for count in last), np.zeros(0, dtype=np.int64)]).astype(np.int64)
    count = len(plan.scenarios)
    s, p, m = np.repeat(np.arange(count), len(place)), np.tile(place, count), np.tile(month, count)
    of = group[p]
    table = {
        "position_id": names[p],
        "scenario": np.asarray(plan.scenarios, dtype=object)[s],
        "currency": np.asarray(groups.currency, dtype=object)[of],
        "side": np.asarray(groups.side, dtype=object)[of],
        "product": np.asarray(groups.product, dtype=object)[of],
        "month": dates[m],
    }
    values = flows[s, p, m]
    return pd.DataFrame({**table, **{name: values[:, k] for k, name in enumerate(FIELDS)}})
