"""Net interest income by month and horizon, on a run-off and a constant balance sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.layout import NII_MONTHS
from behavior.engine.plan import CashFlows
from behavior.engine.positions import Groups
from behavior.months import DateLike, month_bounds
from behavior.quantities import FloatArray

RUN_OFF, CONSTANT, DYNAMIC = "run_off", "constant", "dynamic"
HORIZONS = (12, 24, 36, 60)
INCOME_SIDES = ("asset", "receive")


@dataclass(frozen=True)
class NiiResult:
    """Tables of net interest income.

    Parameters
    ----------
    monthly : scenario, balance_sheet, currency, product, month, interest_income, interest_expense, nii; row currency.
    summary : scenario, balance_sheet, horizon_months, nii and its change, in the reporting currency.
    """

    monthly: pd.DataFrame
    summary: pd.DataFrame


def net_interest_income(
    flows: CashFlows,
    as_of: DateLike,
    fx: Mapping[str, float],
    tier1: float,
    sheets: Sequence[str] = (RUN_OFF, CONSTANT),
    further: Mapping[str, FloatArray] | None = None,
) -> NiiResult:
    """Interest income less expense, accrued, by month and over 12, 24, 36 and 60 months.

    Parameters
    ----------
    fx : currency -> units of the reporting currency for one unit. tier1 : reporting currency.
    sheets : balance-sheet words to report; `further` holds interest (scenarios, groups, months + 1) of words other than
        ``run_off`` and ``constant``, or in their place.
    """
    interest = {RUN_OFF: flows.income, CONSTANT: flows.constant, **(further or {})}
    months = month_bounds(as_of, NII_MONTHS)[1:].astype("datetime64[ns]")
    monthly = [_monthly(flows, interest[sheet], sheet, months) for sheet in sheets]
    summary = [_summary(flows, interest[sheet], sheet, fx, tier1) for sheet in sheets]
    return NiiResult(pd.concat(monthly, ignore_index=True), pd.concat(summary, ignore_index=True))


def _products(groups: Groups) -> tuple[list[tuple[str, str]], FloatArray, FloatArray]:
    """Distinct (currency, product) pairs, and which groups are income and expense of each, (pairs, groups)."""
    pairs = sorted(set(zip(groups.currency, groups.product, strict=True)))
    income = np.zeros((len(pairs), len(groups)))
    expense = np.zeros_like(income)
    for g, (currency, product, side) in enumerate(zip(groups.currency, groups.product, groups.side, strict=True)):
        (income if side in INCOME_SIDES else expense)[pairs.index((currency, product)), g] = 1.0
    return pairs, income, expense


def _monthly(flows: CashFlows, interest: FloatArray, sheet: str, months: np.ndarray) -> pd.DataFrame:
    pairs, income, expense = _products(flows.groups)
    earned = np.einsum("pg,sgm->spm", income, interest[:, :, 1:])
    paid = np.einsum("pg,sgm->spm", expense, interest[:, :, 1:])
    scenarios, count = len(flows.scenarios), len(pairs)
    each = len(months)
    return pd.DataFrame(
        {
            "scenario": np.repeat(np.asarray(flows.scenarios, dtype=object), count * each),
            "balance_sheet": sheet,
            "currency": np.tile(np.repeat(np.asarray([p[0] for p in pairs], dtype=object), each), scenarios),
            "product": np.tile(np.repeat(np.asarray([p[1] for p in pairs], dtype=object), each), scenarios),
            "month": np.tile(months, scenarios * count),
            "interest_income": earned.ravel(),
            "interest_expense": paid.ravel(),
            "nii": (earned - paid).ravel(),
        }
    )


def _summary(flows: CashFlows, interest: FloatArray, sheet: str, fx: Mapping[str, float], tier1: float) -> pd.DataFrame:
    rate = flows.groups.sign * np.asarray([fx[currency] for currency in flows.groups.currency])
    total = np.einsum("g,sgm->sm", rate, interest)
    rows = []
    for horizon in HORIZONS:
        nii = total[:, 1 : horizon + 1].sum(axis=1)
        for number, scenario in enumerate(flows.scenarios):
            change = float(nii[number] - nii[0])
            rows.append(
                {
                    "scenario": scenario,
                    "balance_sheet": sheet,
                    "horizon_months": horizon,
                    "nii": float(nii[number]),
                    "delta_nii": change,
                    "delta_nii_pct_base": change / float(nii[0]) if nii[0] != 0 else np.nan,
                    "delta_nii_pct_tier1": change / tier1 if tier1 else np.nan,
                }
            )
    return pd.DataFrame(rows)


def main_sheet(summary: pd.DataFrame) -> str:
    """The balance sheet that one figure of income is of: the constant one where there is one, or the first."""
    sheets = list(dict.fromkeys(summary["balance_sheet"]))
    return CONSTANT if CONSTANT in sheets else sheets[0] if sheets else ""


def net_interest_margin(
    groups: Groups, interest: FloatArray, balance: FloatArray, fx: Mapping[str, float]
) -> FloatArray:
    """First year's income less expense over the year's mean asset balance; NaN without assets: (scenarios,).

    Parameters
    ----------
    interest, balance : (scenarios, groups, 61). The mean is of the balances at as-of and at the end of each month.
    """
    rate = np.asarray([fx[currency] for currency in groups.currency])
    asset = np.asarray([side == "asset" for side in groups.side])
    income = np.einsum("g,sgm->s", groups.sign * rate, interest[:, :, 1:13])
    earning = np.einsum("g,sgm->s", np.where(asset, rate, 0.0), balance[:, :, :13]) / 13
    return np.asarray(np.where(earning > 0, income / np.where(earning > 0, earning, 1.0), np.nan))
