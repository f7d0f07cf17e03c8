"""Table cells as people read them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

NOTHING = "–"
ACRONYMS = ("ALM", "CPR", "EVE", "NII", "NMD", "SHAP", "SMM")


def spoken(name: str) -> str:
    """A name with underscores as people write it: ``nmd_decay`` is NMD decay."""
    words = name.replace("_", " ").split(" ")
    return " ".join(word.upper() if word.upper() in ACRONYMS else word for word in words)


def titled(name: str) -> str:
    """The same as a title: ``deposit_beta`` is Deposit beta."""
    words = spoken(name)
    return words[:1].upper() + words[1:]


def cells(data: pd.DataFrame, formats: Mapping[str, str]) -> list[list[str]]:
    """Text of every cell, row by row; a column without a format gets decimals that fit its size."""
    columns = [_column(data[name], formats.get(str(name), "")) for name in data.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def is_number(column: pd.Series) -> bool:
    """Whether a column is set flush right."""
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _column(column: pd.Series, form: str) -> list[str]:
    if pd.api.types.is_bool_dtype(column):
        return ["yes" if value else "no" for value in column]
    if pd.api.types.is_datetime64_any_dtype(column):
        return [NOTHING if pd.isna(value) else f"{value:%Y-%m-%d}" for value in column]
    if is_number(column):
        chosen = form or _fitting(column.to_numpy(np.float64))
        return [number(float(value), chosen) for value in column]
    return [NOTHING if _missing(value) else _any(value, form) for value in column]


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT


def _any(value: object, form: str) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return number(float(value), form or _fitting(np.array([float(value)])))
    return str(value)


def number(value: float, form: str) -> str:
    """One number in a format, with a true minus sign and without a negative zero."""
    if not np.isfinite(value):
        return NOTHING
    text = format(value, form)
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        text = text[1:]
    return text.replace("-", "−")


def _fitting(values: np.ndarray) -> str:
    finite = np.abs(values[np.isfinite(values)])
    if not len(finite):
        return ",.0f"
    if np.allclose(finite, np.round(finite), rtol=0, atol=1e-12):
        return ",.0f"
    largest = float(finite.max())
    for size, form in ((1000.0, ",.0f"), (100.0, ",.1f"), (1.0, ",.2f"), (0.01, ".4f")):
        if largest >= size:
            return form
    return ".2e"
