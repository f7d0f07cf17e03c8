"""Cash flows by scenario, currency, side, product and month, as the result file has them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.layout import FIELDS
from behavior.engine.plan import CashFlows
from behavior.months import DateLike, month_bounds


def cash_flow_table(flows: CashFlows, as_of: DateLike) -> pd.DataFrame:
    """One row a scenario, group and month, up to each group's last month with a flow or balance, month 1 at least."""
    months = flows.flows.shape[2]
    if months == 0:
        return pd.DataFrame(columns=["scenario", "currency", "side", "product", "month", *FIELDS])
    dates = month_bounds(as_of, months - 1).astype("datetime64[ns]")
    live = (flows.flows != 0).any(axis=(0, 3))
    last = np.where(live.any(axis=1), months - 1 - live[:, ::-1].argmax(axis=1), 1)
    scenario = np.arange(len(flows.scenarios))
    rows = [np.arange(1, count + 1) for count in last]
    group = np.repeat(np.arange(len(last)), [len(part) for part in rows])
    month = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    s, g, m = np.repeat(scenario, len(group)), np.tile(group, len(scenario)), np.tile(month, len(scenario))
    groups = flows.groups
    table = {
        "scenario": np.asarray(flows.scenarios, dtype=object)[s],
        "currency": np.asarray(groups.currency, dtype=object)[g],
        "side": np.asarray(groups.side, dtype=object)[g],
        "product": np.asarray(groups.product, dtype=object)[g],
        "month": dates[m],
    }
    values = flows.flows[s, g, m]
    return pd.DataFrame({**table, **{name: values[:, k] for k, name in enumerate(FIELDS)}})
