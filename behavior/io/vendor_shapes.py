"""Quantities that a row of the neutral CSV may hold: those of a set, and vendors' shapes that become one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.assumptions.check import HIGHEST_PASS_THROUGH
from behavior.errors import Fault
from behavior.quantities import BoolArray, IntArray, Quantity, annual_to_monthly, psa_to_cpr

SHAPES = {
    "CPR": Quantity.MONTHLY_HAZARD,
    "PSA": Quantity.MONTHLY_HAZARD,
    "ANNUAL_DECAY": Quantity.MONTHLY_HAZARD,
    "BETA": Quantity.MARGINAL_PASS_THROUGH,
}
RANGES = {
    "CPR": ("expected a share a year in [0, 1]; 6% is 0.06", 1.0),
    "ANNUAL_DECAY": ("expected a share a year in [0, 1]; 12% is 0.12", 1.0),
    "PSA": ("expected a speed of at least 0; the standard is 100", np.inf),
    "BETA": ("expected a pass-through in [0, 2]; 40% is 0.4", HIGHEST_PASS_THROUGH),
}
SET_QUANTITIES = (
    Quantity.MONTHLY_HAZARD,
    Quantity.MARGINAL_PASS_THROUGH,
    Quantity.MONTHLY_ADJUSTMENT,
    Quantity.DRAWN_SHARE,
)


def quantity_of(words: str) -> Quantity | None:
    """The set's quantity that a word of the CSV becomes, None where there is no such word."""
    if words in SHAPES:
        return SHAPES[words]
    return Quantity(words) if words in list(SET_QUANTITIES) else None


def judged_values(rows: pd.DataFrame, good: BoolArray, lines: IntArray, where: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Values and bands of vendors' shapes out of their range, and of rows that belong to no table.

    Those of a set's quantities are judged with their table. A faulty cell is 0 in the rows that are given back, so that
    everything else about its row is judged too.
    """
    faults: list[Fault] = []
    rows = rows.copy()
    shapes = rows["quantity"].to_numpy(dtype=object)
    of_none = ~good & ~np.isin(shapes, list(RANGES))
    for name in ("value", "lower", "upper"):
        if name not in rows.columns:
            continue
        texts = rows[name].to_numpy(dtype=object)
        numbers = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
        stands = np.asarray((texts != "") | (name == "value"), dtype=np.bool_)
        rules = [(shapes == shape, *RANGES[shape]) for shape in RANGES]
        for here, rule, top in [*rules, (of_none, "expected a number with a decimal point", np.inf)]:
            bad = here & stands & ~((numbers >= 0.0) & (numbers <= top) & np.isfinite(numbers))
            faults += [Fault(where, rule, int(lines[row]), name, str(texts[row])) for row in np.flatnonzero(bad)]
            rows[name] = np.where(bad, "0", rows[name].to_numpy(dtype=object))
    return rows, faults


def monthly_text(text: str, shape: str, month: float) -> str:
    """A shape's value as the text of a monthly hazard; texts of other quantities are left as they are."""
    if shape not in RANGES or SHAPES[shape] is not Quantity.MONTHLY_HAZARD or not text:
        return text
    number = float(text)
    annual = psa_to_cpr(np.asarray(number), np.asarray(month)) if shape == "PSA" else np.asarray(number)
    return repr(float(annual_to_monthly(annual)))
