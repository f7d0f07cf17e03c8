"""Slots of the standardised framework: deposits split into core and the rest, core spread over buckets, prepayment by
bucket.

Shares are of balance, times are in years of 12 equal months. Regulatory figures come from ``nmd.toml``; nothing here
knows one. Source of the rules: BCBS d368 (April 2016), standardised framework; Commission Delegated Regulation (EU)
2024/857, Articles 8 to 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import BehaviorError
from behavior.market.buckets import Buckets
from behavior.market.regulation import parameters
from behavior.quantities import MONTHS_PER_YEAR, FloatArray

TOTAL_BASE, STABLE_BASE = "total", "stable"


@dataclass(frozen=True)
class CoreCap:
    """What a rule allows for one category of deposits.

    Parameters
    ----------
    share : largest share of core deposits. years : longest average maturity of the core. base : what the share is of,
        ``total`` or ``stable`` deposits.
    """

    category: str
    share: float
    years: float
    base: str = TOTAL_BASE


def core_caps(rule: str) -> dict[str, CoreCap]:
    """Caps by category of a rule of ``nmd.toml``: ``bcbs`` or ``eu_2024_857``."""
    table = parameters("nmd")[rule]
    return {
        category: CoreCap(category, float(share), float(table["average_years"][category]), str(table["cap_base"]))
        for category, share in table["core_share"].items()
    }


@dataclass(frozen=True)
class CoreSplit:
    """How a balance divides.

    Parameters
    ----------
    core, non_core : amounts; they add up to the balance. uncapped : core before the cap. years : average maturity used.
    """

    balance: float
    stable: float
    uncapped: float
    core: float
    non_core: float
    years: float
    binding: bool


@dataclass(frozen=True)
class CoreTerms:
    """Deposits of one portfolio of a category.

    Parameters
    ----------
    stable_share : of the balance. pass_through : share of the stable part that reprices with the market.
    years : average maturity of the core as modelled; None = the cap.
    """

    balance: float
    stable_share: float
    pass_through: float
    years: float | None = None


def split_category(parts: Sequence[CoreTerms], cap: CoreCap) -> tuple[CoreSplit, ...]:
    """Core = stable x (1 - pass-through) within the caps of one category and currency; the rest is overnight.

    The caps are on the category. Where its core is above the share allowed, the core of every portfolio shrinks alike.
    Where the average life of the core is above the years allowed, every portfolio's life shrinks alike.
    """
    stable = np.asarray([one.balance * one.stable_share for one in parts])
    uncapped = stable * (1.0 - np.asarray([one.pass_through for one in parts]))
    whole = sum(one.balance for one in parts) if cap.base == TOTAL_BASE else float(stable.sum())
    limit, held = cap.share * whole, float(uncapped.sum())
    core = uncapped * (limit / held) if held > limit else uncapped
    years = np.asarray([cap.years if one.years is None else one.years for one in parts])
    weight = core / core.sum() if core.sum() > 0 else np.full(len(parts), 1.0 / len(parts))
    average = float((weight * years).sum())
    years = cap.years * (years / average) if average > cap.years else years
    found = zip(parts, stable.tolist(), uncapped.tolist(), core.tolist(), years.tolist(), strict=True)
    return tuple(CoreSplit(one.balance, a, b, c, one.balance - c, life, held > limit) for one, a, b, c, life in found)


def uniform_slots(core: float, years: float, buckets: Buckets) -> FloatArray:
    """A core that runs off evenly over (0, 2 x years], by bucket: core x overlap / (2 years), shape (buckets,)."""
    upper = np.minimum(buckets.upper_years, 2.0 * years)
    lower = np.concatenate([[0.0], upper[:-1]])
    return np.asarray(core * (upper - lower) / (2.0 * years))


def scaled_slots(core: float, profile: ArrayLike, years: float, buckets: Buckets) -> FloatArray:
    """A core that runs off as modelled, with its times scaled until the average is `years`, shape (buckets,).

    profile : share that leaves in month 1, 2, ...; inside a month it leaves evenly.
    """
    leaving = np.asarray(profile, dtype=np.float64)
    leaving = leaving / leaving.sum()
    months = np.arange(1, len(leaving) + 1)
    middle = float((leaving * (months - 0.5)).sum()) / MONTHS_PER_YEAR
    gone = np.concatenate([[0.0], np.cumsum(leaving)])
    at = np.arange(len(gone)) / MONTHS_PER_YEAR * (years / middle)
    total = np.interp(buckets.upper_years, at, gone)
    return np.asarray(core * np.diff(np.concatenate([[0.0], total])))


def slotted(split: CoreSplit, buckets: Buckets, slotting: str = "uniform", profile: ArrayLike = ()) -> FloatArray:
    """The whole balance by bucket: non-core overnight, core ``uniform`` or ``scaled``, shape (buckets,).

    Raises
    ------
    BehaviorError : another word, or ``scaled`` without a profile.
    """
    if slotting == "uniform" or split.core == 0.0:
        found = uniform_slots(split.core, max(split.years, 1e-12), buckets)
    elif slotting == "scaled" and np.size(profile):
        found = scaled_slots(split.core, profile, split.years, buckets)
    else:
        raise BehaviorError(f"slotting: found {slotting!r}, expected uniform, or scaled with a run-off profile.")
    found[0] += split.non_core
    return found


def bucket_years(buckets: Buckets) -> FloatArray:
    """Length of each bucket in years; inf for an open last one, shape (buckets,)."""
    return np.diff(np.concatenate([[0.0], buckets.upper_years]))


def bucket_share(annual: float, buckets: Buckets) -> FloatArray:
    """Share of the balance at a bucket's start that is prepaid in it: min(1, annual x length), shape (buckets,).

    Nothing in an open last bucket, whose length is not defined.
    """
    years = bucket_years(buckets)
    return np.asarray(np.where(np.isfinite(years), np.minimum(1.0, annual * np.where(np.isfinite(years), years, 0)), 0))


def rule_share(annual: float, multiplier: float) -> float:
    """A rate of the framework under a scenario: min(1, multiplier x annual)."""
    return float(min(1.0, multiplier * annual))
