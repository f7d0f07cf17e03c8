"""Durations, convexity, DV01 and key-rate durations of a valued book as tables of the result.

Central differences of the values that a run gives under bumped zero rates, behaviour responding along each of them.
Values are signed as in ``eve.csv``: liabilities and pay legs negative. A duration is of the amount itself, so that of
deposits is positive where they are worth less at higher rates; DV01 is signed, so that columns add up to EVE's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.market.regulation import parameters
from behavior.market.scenarios import ScenarioSet
from behavior.market.shifts import BASIS_POINT
from behavior.measures.duration import (
    DurationGap,
    Sensitivities,
    duration_gap,
    dv01,
    effective_convexity,
    effective_duration,
    parallel_pair,
    sensitivities,
    sensitivity_scenarios,
)
from behavior.measures.eve import TOTAL
from behavior.quantities import BoolArray, FloatArray

ASSETS, LIABILITIES, EVE = "assets", "liabilities", "eve"
SIDE_OF = {"asset": ASSETS, "receive": ASSETS, "liability": LIABILITIES, "pay": LIABILITIES}
ALL = "all"
DURATION_COLUMNS = (
    "currency",
    "side",
    "product",
    "present_value",
    "effective_duration",
    "effective_convexity",
    "dv01",
    "duration_gap",
    "convexity_gap",
)
KEY_RATE_COLUMNS = ("currency", "side", "tenor_months", "key_rate_duration", "key_rate_dv01")


@dataclass(frozen=True)
class Bumps:
    """How far rates are moved.

    Parameters
    ----------
    key_months : rising key tenors. bump_bp : of durations and DV01. key_bump_bp : of key rates. wide_bp : of convexity.
    """

    key_months: tuple[float, ...]
    bump_bp: float
    key_bump_bp: float
    wide_bp: float

    @classmethod
    def standard(cls) -> Bumps:
        """The sizes of ``sensitivities.toml``."""
        table = parameters("sensitivities")["key_rates"]
        months = tuple(float(one) for one in table["key_months"])
        return cls(months, *(float(table[name]) for name in ("bump_bp", "key_bump_bp", "wide_bp")))

    def scenarios(self) -> ScenarioSet:
        """Base, key bumps in parallel and by tenor, both bumps, both wide ones; no floor."""
        found = sensitivity_scenarios(self.key_months, self.key_bump_bp * BASIS_POINT)
        pairs = [("bump", self.bump_bp), ("wide", self.wide_bp)]
        return found.with_scenarios([one for name, size in pairs for one in parallel_pair(name, size * BASIS_POINT)])


@dataclass(frozen=True)
class RateTables:
    """``durations`` and ``key_rate_durations`` of the result, and the duration gap by currency."""

    durations: pd.DataFrame
    key_rates: pd.DataFrame
    gaps: Mapping[str, DurationGap]


def rate_tables(eve: pd.DataFrame, fx: Mapping[str, float], bumps: Bumps) -> RateTables:
    """Tables from present values under `bumps.scenarios()`.

    Parameters
    ----------
    eve : scenario, currency, product, side, present_value. fx : currency -> reporting units for one unit.

    Returns
    -------
    Rows by currency in its own money and, where there are several, ``total`` in the reporting currency.
    """
    names = list(bumps.scenarios().names)
    order = pd.Categorical(eve["scenario"], categories=names, ordered=True)
    sides = eve["side"].map(SIDE_OF)
    keyed = eve.assign(scenario=order, side=sides)
    wide = keyed.pivot_table(
        index="scenario", columns=["currency", "side", "product"], values="present_value", aggfunc="sum", observed=False
    ).fillna(0.0)
    money, side, product = (np.asarray(wide.columns.get_level_values(k).astype(str)) for k in range(3))
    values = wide.to_numpy(dtype=np.float64)
    durations: list[dict[str, object]] = []
    key_rates: list[dict[str, object]] = []
    gaps = {}
    blocks: list[tuple[str, BoolArray, FloatArray | float]] = [
        (str(name), np.asarray(money == name), 1.0) for name in sorted(set(money))
    ]
    if len(blocks) > 1:
        rate = np.asarray([fx[str(name)] for name in money])
        blocks.append((TOTAL, np.ones(len(money), dtype=np.bool_), rate))
    for currency, mine, scale in blocks:
        held = (values * scale)[:, mine]
        part = _Block(currency, held, side[mine], product[mine], bumps)
        durations += part.duration_rows()
        key_rates += part.key_rate_rows()
        if part.gap is not None:
            gaps[currency] = part.gap
    return RateTables(
        pd.DataFrame(durations, columns=list(DURATION_COLUMNS)),
        pd.DataFrame(key_rates, columns=list(KEY_RATE_COLUMNS)),
        gaps,
    )


class _Block:
    """One currency: values (scenarios, products) with the side and product of each column."""

    def __init__(self, currency: str, values: FloatArray, side: np.ndarray, product: np.ndarray, bumps: Bumps) -> None:
        self.currency, self.values, self.side, self.product, self.bumps = currency, values, side, product, bumps
        self.gap = self._gap()

    def _of(self, chosen: np.ndarray) -> tuple[Sensitivities, float]:
        """Sensitivities and convexity of the sum of some columns."""
        total = self.values[:, chosen].sum(axis=1)
        keys = sensitivities(total[:-4], self.bumps.key_months, self.bumps.key_bump_bp * BASIS_POINT)
        size, up, down = self.bumps.bump_bp * BASIS_POINT, total[-4], total[-3]
        near = replace(
            keys, duration=effective_duration(total[0], up, down, size), dv01=dv01(up, down) / self.bumps.bump_bp
        )
        bent = effective_convexity(total[0], total[-2], total[-1], self.bumps.wide_bp * BASIS_POINT)
        return near, float(bent)

    def _sides(self) -> list[tuple[str, np.ndarray]]:
        found = [(name, self.side == name) for name in (ASSETS, LIABILITIES)]
        return [(name, mask) for name, mask in found if mask.any()] + [(EVE, np.ones(len(self.side), dtype=np.bool_))]

    def _gap(self) -> DurationGap | None:
        """Both sides positive; None where assets are worth nothing."""
        assets, liabilities = self.side == ASSETS, self.side == LIABILITIES
        if not float(self.values[0, assets].sum()) > 0:
            return None
        (a, bend_a), (o, bend_o) = self._of(assets), self._of(liabilities)
        owed = -float(o.value)
        return duration_gap(
            float(a.value), float(a.duration), owed, float(o.duration) if owed else 0.0, bend_a, bend_o if owed else 0.0
        )

    def duration_rows(self) -> list[dict[str, object]]:
        rows = []
        for name, mask in self._sides():
            if name != EVE:
                for product in sorted(set(self.product[mask])):
                    rows.append(self._row(name, product, mask & (self.product == product)))
            rows.append(self._row(name, ALL, mask))
        if self.gap is not None:
            rows[-1] |= {"duration_gap": self.gap.gap, "convexity_gap": self.gap.convexity_gap}
        return rows

    def _row(self, side: str, product: str, mask: np.ndarray) -> dict[str, object]:
        found, bent = self._of(mask)
        return {
            "currency": self.currency,
            "side": side,
            "product": product,
            "present_value": float(found.value),
            "effective_duration": float(found.duration),
            "effective_convexity": bent,
            "dv01": float(found.dv01),
        }

    def key_rate_rows(self) -> list[dict[str, object]]:
        rows = []
        for name, mask in self._sides():
            found, _ = self._of(mask)
            for tenor, duration in zip(found.key_months, found.key_rate_durations.tolist(), strict=True):
                rows.append(
                    {
                        "currency": self.currency,
                        "side": name,
                        "tenor_months": int(tenor) if float(tenor).is_integer() else tenor,
                        "key_rate_duration": duration,
                        "key_rate_dv01": duration * float(found.value) * BASIS_POINT,
                    }
                )
        return rows


def gap_facts(gaps: Mapping[str, DurationGap]) -> dict[str, dict[str, float]]:
    """Duration gaps by currency for ``result.json``."""
    return {
        currency: {
            "assets": gap.assets,
            "liabilities": gap.liabilities,
            "asset_duration": gap.asset_duration,
            "liability_duration": gap.liability_duration,
            "duration_gap": gap.gap,
            "convexity_gap": gap.convexity_gap,
            "equity_duration": gap.equity_duration,
        }
        for currency, gap in gaps.items()
    }


def bump_facts(bumps: Bumps) -> dict[str, object]:
    """Sizes of the bumps for ``result.json``."""
    keys: Sequence[float] = bumps.key_months
    return {
        "key_months": list(keys),
        "bump_bp": bumps.bump_bp,
        "key_rate_bump_bp": bumps.key_bump_bp,
        "convexity_bump_bp": bumps.wide_bp,
    }
