"""How changes by currency add up, and the outlier tests on the sum.

Every amount here is a change in the reporting currency, a loss negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import BehaviorError
from behavior.market.regulation import Provenance, parameters
from behavior.quantities import FloatArray


def aggregation_rules() -> tuple[str, ...]:
    """Names of the rules: ``sum``, ``basel``, ``eu``."""
    return tuple(parameters("aggregation").tables)


def aggregate(changes: ArrayLike, rule: str) -> FloatArray:
    """Changes by currency as one change: losses count in full, gains by the weight of the rule.

    ``sum``: gains in full; ``basel``: gains not at all (losses are not offset by gains in another currency); ``eu``:
    gains by half, those of currencies that closely follow the euro too, which the regulation would let count by 80%.

    Parameters
    ----------
    changes : (..., currencies), reporting currency, loss negative.
    rule : ``sum``, ``basel`` or ``eu``.

    Returns
    -------
    Aggregated changes, shape of the leading axes.

    Raises
    ------
    BehaviorError : no such rule.

    Source: see ``aggregation.toml`` in ``market/parameters``.
    """
    if rule not in aggregation_rules():
        raise BehaviorError(f"aggregation: found {rule!r}, expected one of {', '.join(aggregation_rules())}.")
    by_currency = np.asarray(changes, dtype=np.float64)
    gains, losses = np.maximum(by_currency, 0.0), np.minimum(by_currency, 0.0)
    return np.asarray((losses + parameters("aggregation")[rule]["gain_weight"] * gains).sum(axis=-1))


@dataclass(frozen=True)
class OutlierTest:
    """One test of a fall against Tier 1.

    Parameters
    ----------
    test : ``bcbs_eve``, ``eu_eve`` or ``eu_nii``.
    scenario : the worst of the test's scenarios; empty when none of them was valued.
    change : the change there, loss negative, reporting currency.
    share : change / Tier 1.
    limit : share of Tier 1 above which a fall is an outlier.
    outlier : whether the fall is larger than the limit.
    missing : scenarios of the test that were not valued.
    provenance : where the limit comes from.
    """

    test: str
    scenario: str
    change: float
    share: float
    limit: float
    outlier: bool
    missing: tuple[str, ...]
    provenance: Provenance


def outlier_tests() -> tuple[str, ...]:
    """Names of the tests."""
    return tuple(parameters("limits").tables)


def outlier_test(test: str, scenarios: Sequence[str], changes: ArrayLike, tier1: float) -> OutlierTest:
    """The worst change of a test's scenarios against Tier 1.

    Parameters
    ----------
    test : ``bcbs_eve`` (15%), ``eu_eve`` (15%) or ``eu_nii`` (5%, parallel shocks, one year, constant balance sheet).
    scenarios, changes : names and aggregated changes of what was valued, shape (scenarios,), loss negative.
    tier1 : reporting currency, above zero.

    Raises
    ------
    BehaviorError : no such test, or Tier 1 not above zero.
    """
    if test not in outlier_tests():
        raise BehaviorError(f"outlier test: found {test!r}, expected one of {', '.join(outlier_tests())}.")
    if not tier1 > 0:
        raise BehaviorError(f"outlier test: tier1 is {tier1}, expected an amount above 0 in the reporting currency.")
    table = parameters("limits")[test]
    valued = dict(zip(scenarios, np.asarray(changes, dtype=np.float64).tolist(), strict=True))
    wanted = [name for name in table["scenarios"] if name in valued]
    worst = min(wanted, key=lambda name: valued[name], default="")
    change = valued.get(worst, 0.0)
    share = change / tier1
    missing = tuple(name for name in table["scenarios"] if name not in valued)
    limit = float(table["share"])
    return OutlierTest(test, worst, change, share, limit, share < -limit, missing, table.provenance)
