"""Cash flows as tables: by group, or position by position, a few at a time, so that no table holds all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.engine.layout import FIELDS
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.positions import Groups
from behavior.engine.run import run_rows
from behavior.months import DateLike, month_bounds
from behavior.quantities import AnyArray, FloatArray, IntArray

TOGETHER = 64


def flow_table(
    flows: FloatArray,
    groups: Groups,
    group: IntArray,
    scenarios: Sequence[str],
    as_of: DateLike,
    *,
    least: int,
    position_id: AnyArray | None = None,
) -> pd.DataFrame:
    """One row a scenario, holder and month, up to each holder's last month with a flow or balance; amounts unsigned.

    Parameters
    ----------
    flows : (scenarios, holders, months + 1, fields), month 0 unused. group : (holders,), place in `groups`.
    least : months that every holder has. position_id : (holders,), where holders are positions.
    """
    months = flows.shape[2] - 1
    live = (flows != 0).any(axis=(0, 3))
    last = np.where(live.any(axis=1), months - live[:, ::-1].argmax(axis=1), least)
    holder = np.repeat(np.arange(len(last)), last)
    month = np.concatenate([*(np.arange(1, count + 1) for count in last), np.zeros(0, dtype=np.int64)]).astype(np.int64)
    count = len(scenarios)
    s, h, m = np.repeat(np.arange(count), len(holder)), np.tile(holder, count), np.tile(month, count)
    of, values = group[h], flows[s, h, m]
    return pd.DataFrame(
        {
            **({} if position_id is None else {"position_id": position_id[h]}),
            "scenario": np.asarray(scenarios, dtype=object)[s],
            "currency": np.asarray(groups.currency, dtype=object)[of],
            "side": np.asarray(groups.side, dtype=object)[of],
            "product": np.asarray(groups.product, dtype=object)[of],
            "month": month_bounds(as_of, months).astype("datetime64[ns]")[m],
            **{name: values[:, k] for k, name in enumerate(FIELDS)},
        }
    )


def position_cash_flows(plan: Plan) -> Iterator[pd.DataFrame]:
    """Tables of position_id, scenario, currency, side, product, month and the cash-flow fields.

    Every position is a group of its own; rows run to its last month with a flow or balance. Amounts unsigned.
    """
    options = replace(plan.options, cash_flows=True, per_position=False)
    for start in range(0, len(plan.records), TOGETHER):
        rows = np.arange(start, min(start + TOGETHER, len(plan.records)))
        own = np.arange(len(rows))
        alone = with_column(with_column(some_of(plan, rows), "group", own), "renewal", np.full(len(rows), -1))
        flows = run_rows(replace(alone, options=options), own).totals.flows
        names, group = plan.terms.book.names(plan.order[rows]), plan.records["group"][rows]
        yield flow_table(flows, plan.groups, group, plan.scenarios, plan.terms.as_of, least=0, position_id=names)
