"""Rows for what the kernel does not project: options, and products that only a plan knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from behavior.engine.plan import CashFlows
from behavior.engine.positions import Groups
from behavior.quantities import FloatArray

Key = tuple[str, str, str]
"""Currency, side, product."""


def keys_of(groups: Groups) -> list[Key]:
    """The groups' keys, in their order."""
    return list(zip(groups.currency, groups.side, groups.product, strict=True))


def with_groups(flows: CashFlows, further: Iterable[Key]) -> CashFlows:
    """The same cash flows with groups of zeros for keys that they lack; groups stay in alphabetical order."""
    held = keys_of(flows.groups)
    added = sorted(set(further) - set(held))
    if not added:
        return flows
    names = sorted([*held, *added])
    place = np.asarray([names.index(key) for key in held], dtype=np.int64)
    currency, side, product = zip(*names, strict=True)
    of_row = place[flows.groups.of_row] if len(held) else flows.groups.of_row
    return replace(
        flows,
        groups=Groups(of_row, currency, side, product),
        flows=_spread(flows.flows, 1, place, len(names)),
        value=_spread(flows.value, 1, place, len(names)),
        income=_spread(flows.income, 1, place, len(names)),
        constant=_spread(flows.constant, 1, place, len(names)),
        gap=_spread(flows.gap, 0, place, len(names)),
    )


def _spread(values: FloatArray, axis: int, place: np.ndarray, count: int) -> FloatArray:
    shape = list(values.shape)
    shape[axis] = count
    found = np.zeros(shape)
    found[(slice(None),) * axis + (place,)] = values
    return found
