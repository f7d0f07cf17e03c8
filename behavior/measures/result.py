"""What a valuation returns: the result files of `behavior value` as tables, and the facts behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from behavior.measures.eve import TOTAL


@dataclass(frozen=True)
class IrrbbResult:
    """NII, EVE, gap, cash flows and coverage under every scenario, in the columns of the result files.

    Signs: present values of assets positive, of liabilities negative; a loss is a negative delta. Percentages are
    fractions. Amounts are in the row's currency, totals in the reporting currency.

    Parameters
    ----------
    facts : content of ``result.json``: inputs with digests, framework, floor, conventions, summary figures, warnings.
    stamp : ``DRAFT`` where the assumption set was not approved, else empty; printed on every page.
    """

    nii: pd.DataFrame
    nii_summary: pd.DataFrame
    eve: pd.DataFrame
    eve_summary: pd.DataFrame
    gap: pd.DataFrame
    cash_flows: pd.DataFrame
    coverage: pd.DataFrame
    facts: Mapping[str, Any]
    stamp: str = ""
    extra: Mapping[str, pd.DataFrame] | None = None

    @property
    def eve_total(self) -> pd.DataFrame:
        """Rows of `eve_summary` over all currencies, in the reporting currency: one a scenario, base first."""
        return self.eve_summary[self.eve_summary["currency"] == TOTAL]

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """File stem -> table, in the order they are written."""
        named = {
            "nii": self.nii,
            "nii_summary": self.nii_summary,
            "eve": self.eve,
            "eve_summary": self.eve_summary,
            "gap": self.gap,
            "cash_flows": self.cash_flows,
            "coverage": self.coverage,
        }
        return {**named, **(self.extra or {})}
