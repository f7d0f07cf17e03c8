"""What happened beside what every model expected, by bucket: a picture that hazard kinds share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.quantities import AnyArray, FloatArray

SERIES = ("actual", "predicted", "challenger", "benchmark")


def lines_by(
    name: str,
    title: str,
    table: pd.DataFrame,
    by: AnyArray,
    axes: tuple[str, str],
    shown: Callable[[FloatArray], AnyArray],
) -> Exhibit:
    """Weighted means of the series that a table of predictions has, a line each.

    Parameters
    ----------
    by : bucket of each row, shape (rows,). axes : labels of x and y. shown : monthly shares in the unit of y.
    """
    weight = table["weight"].to_numpy()
    series = [column for column in SERIES if column in table]
    weighted = pd.DataFrame({column: table[column].to_numpy() * weight for column in series})
    weighted["weight"], weighted["by"] = weight, by
    sums = weighted.groupby("by", sort=True).sum()
    data = pd.DataFrame({axes[0]: sums.index.to_numpy()})
    for column in series:
        data[column] = shown(sums[column].to_numpy() / np.maximum(sums["weight"].to_numpy(), 1e-300))
    return Exhibit(name, title, "lines", data, *axes, "balance weighted")
