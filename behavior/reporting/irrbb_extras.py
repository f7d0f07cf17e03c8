"""Sections for further tables of a valuation: known ones with a picture, unknown ones as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Figure, Paragraph, Section, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.irrbb_tables import Money, spaced

Blocks = tuple[Paragraph | Table | Figure, ...]


def extra_sections(result: IrrbbResult, money: Money) -> tuple[Section, ...]:
    """One section for each table of `result.extra` that holds rows."""
    found = []
    for name, data in (result.extra or {}).items():
        if data.empty:
            continue
        title, words, draw = KNOWN.get(name, (name.replace("_", " ").capitalize(), "", _as_is))
        said: Blocks = (Paragraph(words),) if words else ()
        found.append(Section(title, (*said, *draw(data, money))))
    return tuple(found)


def _as_is(data: pd.DataFrame, money: Money) -> Blocks:
    shown = data.copy()
    for column in shown.columns:
        if column in ("scenario", "product", "measure", "assumption"):
            shown[column] = spaced(shown[column])
    shown.columns = pd.Index([str(column).replace("_", " ") for column in shown.columns])
    return (Table("", shown),)


def _key_rates(data: pd.DataFrame, money: Money) -> Blocks:
    tenor = next((name for name in ("tenor", "months", "key_rate", "tenor_months", "years") if name in data), None)
    values = [name for name in data.columns if name != tenor and pd.api.types.is_numeric_dtype(data[name])]
    if tenor is None or not values:
        return _as_is(data, money)
    value = values[0]
    by = [name for name in ("currency", "side") if name in data and data[name].nunique() > 1]
    if by:
        wide = data.pivot_table(index=tenor, columns=by[0], values=value, aggfunc="sum", sort=False).reset_index()
    else:
        wide = data[[tenor, value]].copy()
    wide[tenor] = wide[tenor].astype(str)
    wide.columns = pd.Index([str(name).replace("_", " ") for name in wide.columns])
    picture = Exhibit("key_rates", "Sensitivity by key rate", "bars", wide, "key rate", value.replace("_", " "))
    return (block_of(picture), *_as_is(data, money))


def _ranked(data: pd.DataFrame, money: Money) -> Blocks:
    label = next((name for name in ("assumption", "change", "name", "factor") if name in data), None)
    value = next((name for name in data.columns if str(name).startswith("delta")), None)
    if label is None or value is None or len(data) > 40 or data[label].duplicated().any():
        return _as_is(data, money)
    order = data.assign(size=data[value].abs()).sort_values("size", ascending=False)
    bars = pd.DataFrame({"assumption": spaced(order[label]), str(value): order[value] / money.unit})
    y_label = money.head(str(value).replace("_", " "))
    picture = Exhibit(
        "sensitivity", "Assumptions by effect", "bars", bars.reset_index(drop=True), "assumption", y_label
    )
    return (block_of(picture), *_as_is(data, money))


KNOWN: Mapping[str, tuple[str, str, Callable[[pd.DataFrame, Money], Blocks]]] = {
    "key_rate_durations": (
        "Key-rate durations",
        "Change of economic value when one point of the curve moves and its neighbours do not.",
        _key_rates,
    ),
    "option_add_on": (
        "Automatic options",
        "What a quarter more volatility adds to the loss under each shocked curve; options themselves are in EVE.",
        _as_is,
    ),
    "assumption_sensitivity": (
        "Sensitivity to assumptions",
        "Each behavioural assumption scaled on its own, everything else held, ranked by what it does.",
        _ranked,
    ),
}
