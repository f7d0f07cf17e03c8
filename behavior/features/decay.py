"""Features of deposit decay: one function a feature, its inputs known before the month at risk begins."""

from __future__ import annotations

import numpy as np

from behavior.features.base import Feature
from behavior.features.season import MONTH_OF_YEAR
from behavior.quantities import FloatArray


def log_balance(weight: FloatArray) -> FloatArray:
    """Logarithm of the balance at the month's start."""
    return np.asarray(np.log(np.maximum(weight, 1.0)))


FEATURES = (
    Feature("spread", ("spread",), "decimal a year", 1, meaning="market minus deposit rate"),
    Feature("age_months", ("age_months",), "months", 0, meaning="tenure of the account"),
    MONTH_OF_YEAR,
    Feature("log_balance", ("weight",), "log currency units", 0, log_balance, "size"),
    Feature("idle_months", ("idle_months",), "months", 0, meaning="months since the customer last paid in or out"),
    Feature("dormant", ("dormant",), "flag", 0, meaning="no customer transaction for 12 months"),
    Feature("product", ("product",), "level", 0, meaning="product"),
    Feature("customer_type", ("customer_type",), "level", 0, meaning="customer type"),
    Feature("region", ("region",), "level", 0, meaning="region"),
    Feature("channel", ("channel",), "level", 0, meaning="sales channel"),
)
