"""Features of deposit decay: one function a feature, its inputs known before the month at risk begins."""

from __future__ import annotations

import numpy as np

from behavior.features.base import Feature
from behavior.features.season import MONTH_OF_YEAR
from behavior.quantities import AnyArray, FloatArray


def spread(spread: FloatArray) -> FloatArray:
    """Market short rate minus rate paid at the month's start (decimal a year): what the customer gives up."""
    return spread


def age_months(age_months: FloatArray) -> FloatArray:
    """Months since the account was opened."""
    return age_months


def log_balance(weight: FloatArray) -> FloatArray:
    """Logarithm of the balance at the month's start."""
    return np.asarray(np.log(np.maximum(weight, 1.0)))


def idle_months(idle_months: FloatArray) -> FloatArray:
    """Months since the customer last paid in or out, as known when the month begins."""
    return idle_months


def dormant(dormant: FloatArray) -> FloatArray:
    """1 where the customer has not moved the account for 12 months."""
    return dormant


def _text(values: AnyArray) -> AnyArray:
    return values


FEATURES = (
    Feature("spread", ("spread",), "decimal a year", 1, spread, "market minus deposit rate"),
    Feature("age_months", ("age_months",), "months", 0, age_months, "tenure of the account"),
    MONTH_OF_YEAR,
    Feature("log_balance", ("weight",), "log currency units", 0, log_balance, "size"),
    Feature("idle_months", ("idle_months",), "months", 0, idle_months, "months since the customer last paid in or out"),
    Feature("dormant", ("dormant",), "flag", 0, dormant, "no customer transaction for 12 months"),
    Feature("product", ("product",), "level", 0, _text, "product"),
    Feature("customer_type", ("customer_type",), "level", 0, _text, "customer type"),
    Feature("region", ("region",), "level", 0, _text, "region"),
    Feature("channel", ("channel",), "level", 0, _text, "sales channel"),
)
