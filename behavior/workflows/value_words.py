"""Words that choose among the ways of a valuation. Light to import: the command line shows them in its help."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from behavior.errors import Fault

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "framework": ("bcbs_2024", "bcbs_2016", "eu_2024_856", "us_parallel", "us_ramps", "us_shapes"),
        "price": ("dirty", "clean"),
        "margins": ("included", "calibrated", "excluded"),
        "time": ("exact", "month_grid"),
        "interpolation": ("linear", "log_linear"),
        "driver_interpolation": ("pchip", "linear", "log_linear"),
        "rate_path": ("forward", "constant"),
        "extrapolation": ("flat", "refuse"),
        "slotting": ("dates", "midpoints", "day_one"),
        "behaviour": ("model", "frozen", "frozen_rates", "standardised"),
        "runoff_convention": ("pool", "constant_payment", "opening_balance"),
        "deposit_view": ("with_redeposits", "minimum_balance"),
        "uncovered": ("error", "overnight"),
        "tail": ("larger_of_last_and_mean", "last_value", "mean_of_last_24"),
        "derivatives": ("run_off", "renewed"),
        "embedded_limits": ("option", "intrinsic"),
        "migrated": ("counted", "censored"),
        "aggregation": ("basel", "eu", "sum"),
    }
)
"""Option -> its words, the default first; `migrated` and `aggregation` have theirs from other options."""

EVERY = (
    "limits",
    "durations",
    "liquidity_gap",
    "behaviour",
    "overlay",
    "sensitivity",
    "standardised",
    "commercial_margin",
    "income_drivers",
)
"""Further measures of a valuation."""


def word_faults(chosen: Mapping[str, object]) -> list[Fault]:
    """Every option whose word is none of its own; one that is None or left out has its default."""
    given = {name: chosen[name] for name in WORDS if chosen.get(name) is not None}
    return [
        Fault(name, f"expected one of {', '.join(WORDS[name])}", value=str(word))
        for name, word in given.items()
        if word not in WORDS[name]
    ]
