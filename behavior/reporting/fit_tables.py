"""Facts of a fit as tables: one row a fact, and a table of its own for facts that come a segment or part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from behavior.reporting.document import Table


def fit_tables(facts: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every fact in full; the trials of a search stay with the run, and their number is said."""
    wide = {name: value for name, value in facts.items() if _is_table(value)}
    rows = [row for name, value in facts.items() if name not in wide for row in _rows(_words(name), value)]
    first = Table("The fit", pd.DataFrame(rows, columns=["fact", "value"]))
    return (first, *(Table(f"The fit: {_words(name)}", _table(value)) for name, value in wide.items()))


def _is_table(value: object) -> bool:
    """Whether a fact says the same things of several parts."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(one, Mapping) and one for one in value.values())


def _table(value: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    parts = pd.DataFrame({"of": [_words(name) for name in value]})
    return parts.join(pd.DataFrame([{_words(name): _cell(one) for name, one in row.items()} for row in value.values()]))


def _cell(value: object) -> object:
    return value if isinstance(value, bool | int | float | np.number) else _text(value)


def _rows(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _rows(f"{name}, {_words(key)}", one)
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    if value is None or (isinstance(value, str | list | tuple | Mapping) and not value):
        return "none"
    if isinstance(value, list | tuple):
        entries = any(isinstance(one, Mapping) for one in value)
        return f"{len(value):,} entries, kept with the run" if entries else ", ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
