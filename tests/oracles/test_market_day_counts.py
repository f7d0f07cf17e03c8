"""Day counts against vector 32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.months import year_fraction


@pytest.mark.parametrize(
    ("day_count", "column"),
    [
        ("ACT/360", "act_360"),
        ("ACT/365F", "act_365f"),
        ("30/360 US", "30_360_US"),
        ("30/360", "30_360_bond_basis_ISDA"),
        ("30E/360", "30E_360"),
        ("ACT/ACT", "act_act_isda"),
    ],
)
def test_day_count(quantitative: Path, day_count: str, column: str) -> None:
    rows = pd.read_csv(quantitative / "32_day_counts.csv")
    found = year_fraction(rows["start"], rows["end"], day_count)
    np.testing.assert_allclose(found, rows[column], rtol=1e-10)
