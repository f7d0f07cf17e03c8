"""Cash flows by scenario, currency, side, product and month, as the result file has them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.detail import flow_table
from behavior.engine.layout import FIELDS
from behavior.engine.plan import CashFlows
from behavior.months import DateLike


def cash_flow_table(flows: CashFlows, as_of: DateLike) -> pd.DataFrame:
    """One row a scenario, group and month, up to each group's last month with a flow or balance, month 1 at least."""
    if flows.flows.shape[2] == 0:
        return pd.DataFrame(columns=["scenario", "currency", "side", "product", "month", *FIELDS])
    every = np.arange(flows.flows.shape[1])
    return flow_table(flows.flows, flows.groups, every, flows.scenarios, as_of, least=1)
