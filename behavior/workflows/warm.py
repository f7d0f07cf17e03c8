"""Compile the engine's kernels before they are needed: once per machine, beside other work.

Run as ``python -m behavior.workflows.warm``; what is compiled is cached on disk beside the package.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.quantities import Quantity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value

AS_OF = dt.date(2026, 9, 30)
MONTHS = np.arange(1, 121, dtype=np.int64)


def compile_kernels() -> None:
    """Value a book of three positions, which compiles every kernel that an ordinary book runs through."""
    loan = {"side": "asset", "rate": 0.05, "repayment": "annuity", "payment_months": 1, "product": "loan"}
    deposit = {**loan, "side": "liability", "repayment": "none", "rate_type": "administered", "product": "deposit"}
    rows = [{**loan, "rate_type": "fixed"}, {**loan, "rate_type": "floating", "index": "discount"}, deposit]
    book = pd.DataFrame(rows).assign(
        position_id=["fixed", "floating", "deposit"],
        currency="USD",
        balance=100.0,
        spread=0.0,
        reset_months=12,
        origination_date=pd.Timestamp("2025-09-30"),
        next_reset_date=np.array(["NaT", "2027-03-31", "NaT"], dtype="datetime64[D]"),
        maturity_date=np.array(["2027-09-30", "2027-09-30", "NaT"], dtype="datetime64[D]"),
    )
    curves = pd.DataFrame(
        {
            "as_of": pd.Timestamp(AS_OF),
            "currency": "USD",
            "index": "discount",
            "months": [1.0, 360.0],
            "zero_rate": 0.03,
        }
    )
    tables = tuple(_decay(cause, product) for cause, product in (("payoff", "loan"), ("withdrawal", "deposit")))
    inputs = ValuationInputs(book, curves, AS_OF, "USD", 10.0, 10.0, AssumptionSet("warm", AS_OF, tables))
    value(inputs)
    # Caps and sensitivities scale run-off times, which is a path of its own.
    value(inputs, ValuationOptions(deposit_life_factor=2.0))


def in_background() -> subprocess.Popen[bytes]:
    """Start compiling in a process of its own; wait for it before the first valuation."""
    return subprocess.Popen(
        [sys.executable, "-m", "behavior.workflows.warm"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _decay(cause: str, product: str) -> AssumptionTable:
    curve = AssumptionCurve((product,), MONTHS, {}, np.full(MONTHS.size, 0.01))
    return AssumptionTable(
        cause,
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        (curve,),
        cause=cause,
        month_meaning=MonthMeaning.SINCE_AS_OF,
    )


if __name__ == "__main__":
    compile_kernels()
