"""Economic value of equity by scenario, currency and product, and its change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.plan import CashFlows
from behavior.measures.aggregation import aggregate
from behavior.measures.option_add_on import OptionAddOn
from behavior.quantities import FloatArray

TOTAL = "total"


@dataclass(frozen=True)
class EveResult:
    """Tables of economic value.

    Parameters
    ----------
    by_product : scenario, currency, product, side, present_value (liabilities negative), row currency.
    summary : by scenario and currency, then `total` in the reporting currency; a loss is a negative change.
    """

    by_product: pd.DataFrame
    summary: pd.DataFrame


def economic_value(
    flows: CashFlows, fx: Mapping[str, float], tier1: float, aggregation: str, options: OptionAddOn | None
) -> EveResult:
    """Present values, their sum and its change under every scenario.

    Parameters
    ----------
    fx : currency -> units of the reporting currency for one unit. aggregation : ``basel``, ``eu`` or ``sum``.
    options : values of the options, which are part of EVE, and the add-on of stressed volatility; None without options.
    """
    signed = flows.groups.sign * flows.value
    by_product = _by_product(flows, signed)
    if options is not None:
        # A product may hold loans with limits beside them; each file row is one product's whole value.
        keys = ["scenario", "currency", "product", "side"]
        joined = pd.concat([by_product, options.values], ignore_index=True)
        by_product = joined.groupby(keys, sort=False)["present_value"].sum().reset_index()
        order = pd.Categorical(by_product["scenario"], categories=list(flows.scenarios), ordered=True)
        by_product = by_product.iloc[np.argsort(order.codes, kind="stable")].reset_index(drop=True)
    return EveResult(by_product, _summary(flows, by_product, fx, tier1, aggregation, options))


def _by_product(flows: CashFlows, signed: FloatArray) -> pd.DataFrame:
    groups, scenarios = flows.groups, len(flows.scenarios)
    return pd.DataFrame(
        {
            "scenario": np.repeat(np.asarray(flows.scenarios, dtype=object), len(groups)),
            "currency": np.tile(np.asarray(groups.currency, dtype=object), scenarios),
            "product": np.tile(np.asarray(groups.product, dtype=object), scenarios),
            "side": np.tile(np.asarray(groups.side, dtype=object), scenarios),
            "present_value": signed.ravel(),
        }
    )


def _summary(
    flows: CashFlows,
    by_product: pd.DataFrame,
    fx: Mapping[str, float],
    tier1: float,
    aggregation: str,
    held: OptionAddOn | None,
) -> pd.DataFrame:
    currencies = sorted(set(by_product["currency"]))
    count = len(flows.scenarios)
    totals = by_product.groupby(["scenario", "currency"])["present_value"].sum()
    eve = totals.unstack().reindex(list(flows.scenarios))[currencies].fillna(0.0).to_numpy(dtype=np.float64)
    add_on: Mapping[str, FloatArray] = {} if held is None else held.add_on
    options = np.stack([np.asarray(add_on.get(c, np.zeros(count))) for c in currencies], axis=1)
    rate = np.asarray([fx[currency] for currency in currencies])
    delta = eve - eve[0]
    after = delta - options
    parts = [
        _rows(flows.scenarios, currency, eve[:, k], delta[:, k], options[:, k], after[:, k], tier1 / rate[k])
        for k, currency in enumerate(currencies)
    ]
    total = _rows(
        flows.scenarios,
        TOTAL,
        (eve * rate).sum(axis=1),
        aggregate(delta * rate, aggregation),
        (options * rate).sum(axis=1),
        aggregate(after * rate, aggregation),
        tier1,
    )
    order = [row for rows in zip(*parts, total, strict=True) for row in rows]
    return pd.DataFrame(order)


def _rows(
    scenarios: tuple[str, ...],
    currency: str,
    eve: FloatArray,
    delta: FloatArray,
    options: FloatArray,
    after: FloatArray,
    tier1: float,
) -> list[dict[str, object]]:
    """One row a scenario; shares use the change after options, as the outlier test does."""
    base = float(eve[0])
    return [
        {
            "scenario": scenario,
            "currency": currency,
            "eve": float(eve[s]),
            "delta_eve": float(delta[s]),
            "option_add_on": float(options[s]),
            "delta_eve_after_options": float(after[s]),
            "delta_eve_pct_base": float(delta[s]) / base + 0.0 if base != 0 else np.nan,
            "delta_eve_pct_tier1": float(after[s]) / tier1 if tier1 else np.nan,
        }
        for s, scenario in enumerate(scenarios)
    ]
