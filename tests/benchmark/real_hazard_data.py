"""Real loans as rows for the harness: small mappings, read in place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from behavior.benchmark.hazard_protocols import HazardRows
from behavior.features.base import FeatureMatrix


def nsmo(folder: Path) -> HazardRows:
    """Loan-years of mortgage_nsmo: yearly payoff, survey weights; `period` is the calendar year."""
    table = pd.read_parquet(folder / "mortgage_nsmo" / "nsmo_annual_panel.parquet")
    loans = pd.read_parquet(folder / "mortgage_nsmo" / "nsmo_30y_2013_2017.parquet")
    table = table.merge(loans[["nsmoid", "analysis_weight"]], on="nsmoid", how="left")
    columns = {
        "incentive": table["incentive"] / 100,
        "age_months": table["age_year"] * 12.0 + 6.0,
        "credit_score": table["score"].astype(float),
        "cltv": table["cltv"].astype(float),
        "dti": table["dti"].astype(float),
        "refinance": table["i_refinance"].astype(float),
        "fha": table["i_FHA"].astype(float),
        "large": table["i_large_loan"].astype(float),
        "medium": table["i_medium_loan"].astype(float),
        "spread_at_origination": table["rate_spread"] / 100,
    }
    values = np.column_stack([np.asarray(one, dtype=float) for one in columns.values()])
    signs = tuple(1 if name == "incentive" else 0 for name in columns)
    matrix = FeatureMatrix(tuple(columns), values, signs, ("",) * len(columns))
    weight = table["analysis_weight"].to_numpy(dtype=float)
    return HazardRows(
        matrix,
        table["prepaid"].to_numpy(dtype=float),
        weight / weight.mean(),
        table["nsmoid"].to_numpy(),
        (table["open_year"] + table["age_year"]).to_numpy(dtype=np.int64),
    )


def lending_club(folder: Path) -> pd.DataFrame:
    """One row a loan: months held, cause of exit (``payoff``, ``charge_off`` or open), grade and rate.

    The month of payoff is the number of payments implied by the interest paid, plus the documented bias of two.
    """
    table = pd.read_parquet(folder / "loans_lendingclub" / "lc36_2015.parquet")
    known = table["implied_payoff_month"].notna()
    table = table[known].reset_index(drop=True)
    status = table["loan_status"].astype(str)
    cause = np.where(
        status.str.contains("Fully Paid"),
        "payoff",
        np.where(status.str.contains("Charged|Default"), "charge_off", "open"),
    )
    months = np.clip(np.round(table["implied_payoff_month"].to_numpy(dtype=float) + 2.0), 1, 36).astype(np.int64)
    return pd.DataFrame(
        {
            "id": table["id"],
            "months": months,
            "cause": cause,
            "grade": table["grade"].astype(str),
            "rate": pd.to_numeric(table["int_rate"].astype(str).str.rstrip("%"), errors="coerce"),
        }
    )
