"""Features of mortgage prepayment: one function a feature, its inputs known before the month at risk begins.

There is no feature of the calendar year: a year-month would memorise one refinancing wave.
"""

from __future__ import annotations

import numpy as np

from behavior.features.base import Feature
from behavior.features.season import MONTH_OF_YEAR
from behavior.quantities import FloatArray


def depth_in_the_money(depth_in_the_money: FloatArray) -> FloatArray:
    """Incentive above the threshold summed over earlier months (percent-months): how deep it was in the money."""
    return np.asarray(depth_in_the_money * 100.0)


def log_balance(weight: FloatArray) -> FloatArray:
    """Logarithm of the balance at the month's start: what a refinancing saves grows with it."""
    return np.asarray(np.log(np.maximum(weight, 1.0)))


def log_original_balance(original_balance: FloatArray) -> FloatArray:
    """Logarithm of the balance at origination."""
    return np.asarray(np.log(np.maximum(original_balance, 1.0)))


def current_ltv(
    ltv: FloatArray, weight: FloatArray, original_balance: FloatArray, house_price_ratio: FloatArray
) -> FloatArray:
    """Loan to value at origination, moved by amortisation and house prices (a missing index leaves prices unmoved)."""
    moved = np.where(np.isnan(house_price_ratio), 1.0, house_price_ratio)
    return np.asarray(ltv * weight / np.maximum(original_balance, 1.0) / np.maximum(moved, 0.05))


def spread_at_origination(original_rate: FloatArray, origination_market_rate: FloatArray) -> FloatArray:
    """Customer rate minus market rate at origination: a borrower who paid more had less choice."""
    return np.asarray(original_rate - origination_market_rate)


FEATURES = (
    Feature(
        "incentive",
        ("incentive",),
        "decimal a year",
        1,
        meaning="Customer rate minus the market mortgage rate, read with its closing lag (decimal a year).",
    ),
    Feature("months_in_the_money", ("months_in_the_money",), "months", 0, meaning="burnout, how long"),
    Feature(
        "depth_in_the_money", ("depth_in_the_money",), "percent-months", 0, depth_in_the_money, "burnout, how deep"
    ),
    Feature("age_months", ("age_months",), "months", 0, meaning="seasoning"),
    MONTH_OF_YEAR,
    Feature("log_balance", ("weight",), "log currency units", 0, log_balance, "size"),
    Feature(
        "log_original_balance", ("original_balance",), "log currency units", 0, log_original_balance, "original size"
    ),
    Feature(
        "current_ltv",
        ("ltv", "weight", "original_balance", "house_price_ratio"),
        "ratio, as ltv is given",
        0,
        current_ltv,
        "loan to value moved by house prices",
    ),
    Feature("credit_score", ("credit_score",), "points", 0, meaning="credit score at origination"),
    Feature(
        "spread_at_origination",
        ("original_rate", "origination_market_rate"),
        "decimal a year",
        0,
        spread_at_origination,
        "SATO",
    ),
    Feature("unemployment_rate", ("unemployment_rate",), "decimal", 0, meaning="unemployment"),
    Feature("term_months", ("original_term_months",), "months", 0, meaning="original term"),
    Feature("purpose", ("purpose",), "level", 0, meaning="purchase, refinance ..."),
    Feature("occupancy", ("occupancy",), "level", 0, meaning="owner, investor ..."),
    Feature("property_type", ("property_type",), "level", 0, meaning="property type"),
    Feature("channel", ("channel",), "level", 0, meaning="sales channel"),
    Feature("region", ("region",), "level", 0, meaning="region"),
    Feature("rate_type", ("rate_type",), "level", 0, meaning="fixed or adjustable"),
    Feature("rate_terms", ("rate_terms",), "level", 0, meaning="fixed or adjustable, and how long the rate is fixed"),
    Feature("fixed_period", ("fixed_period",), "level", 0, meaning="inside the first fixed period or after it"),
    Feature("reset_phase", ("reset_phase",), "level", 0, meaning="months before and after the end of a fixed period"),
)
