"""Automatic interest-rate options in economic value: their value, what stressed volatility adds, and Basel's KAO.

Options are in the economic value at unshocked volatility, so the add-on is only what volatility x 1.25 adds under each
shocked curve. Basel's KAO is the whole change of the options' value and is reported beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.option_values import OptionValues
from behavior.engine.positions import SIGNS, Book
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class OptionAddOn:
    """What the options of a book are worth and add, in the currency of the rows.

    Parameters
    ----------
    values : scenario, currency, product, side, present_value (sold and owed negative), as in ``eve.csv``.
    add_on : currency -> by scenario, shape (scenarios,), positive = loss; 0 in the base case.
    kao : currency -> by scenario, positive = loss: sold less bought of FV(shocked, stressed) - FV(base, implied).
    """

    values: pd.DataFrame
    add_on: Mapping[str, FloatArray]
    kao: Mapping[str, FloatArray]


def option_add_on(book: Book, options: OptionValues, scenarios: tuple[str, ...]) -> OptionAddOn:
    """Values, add-on and KAO of options valued under every scenario.

    Parameters
    ----------
    options : rows of `book`; values to the holder, or of a limit to who receives the rate.
    scenarios : names, base first.
    """
    sign = SIGNS[book.side[options.rows]]
    value, stressed = sign * options.value, sign * options.stressed
    labels = {name: np.asarray(book.words(name)).astype(str)[options.rows] for name in ("currency", "product", "side")}
    added = value - stressed
    added[0] = 0.0
    whole = value[0] - stressed
    whole[0] = 0.0
    currencies = sorted(set(labels["currency"].tolist()))
    by_currency = {currency: labels["currency"] == currency for currency in currencies}
    rows = pd.DataFrame(labels)
    table = pd.concat(
        [rows.assign(scenario=name, present_value=value[place]) for place, name in enumerate(scenarios)],
        ignore_index=True,
    )
    keys = ["scenario", "currency", "product", "side"]
    order = pd.Categorical(table["scenario"], categories=list(scenarios), ordered=True)
    summed = table.assign(scenario=order).groupby(keys, as_index=False, observed=True)["present_value"].sum()
    return OptionAddOn(
        summed.assign(scenario=summed["scenario"].astype(str))[[*keys, "present_value"]],
        {currency: added[:, chosen].sum(axis=1) for currency, chosen in by_currency.items()},
        {currency: whole[:, chosen].sum(axis=1) for currency, chosen in by_currency.items()},
    )
