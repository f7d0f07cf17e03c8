"""A year or a year-month is no feature, whatever its name and form; what moves both ways with time may be one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.errors import SpecFault
from behavior.features.base import compute_features
from behavior.features.calendar_time import refuse_calendar
from behavior.features.prepayment import FEATURES
from behavior.panel.base import Panel

MONTHS = pd.date_range("2016-01-31", periods=72, freq="ME")


def panel() -> Panel:
    """60 units over six years, with columns of a bank's own that are one value in a month, and one that is not."""
    month = pd.Series(np.tile(MONTHS, 60))
    number = month.dt.year * 12.0 + month.dt.month
    read_late = np.roll(number.to_numpy(), 1)
    read_late[::72] = np.nan
    read_late[100] -= 3.0  # after a gap in the record
    path = np.cumsum(np.random.default_rng(0).standard_normal(72))
    return Panel(
        pd.DataFrame(
            {
                "unit": np.repeat(np.arange(60), 72),
                "month": month,
                "age_months": np.repeat(np.arange(60) % 7, 72) + np.tile(np.arange(72.0), 60),
                "year": month.dt.year.astype(float),
                "year_month": month.dt.strftime("%Y%m").astype(float),
                "quarter_in_words": "Q" + month.dt.quarter.astype(str) + " of " + month.dt.year.astype(str),
                "years_to_go": 2022.0 - month.dt.year,
                "read_late": read_late,
                "unemployment": np.tile(path, 60),
                "rule_of_lending": np.where(month < "2018-06-30", 0.0, np.where(month < "2020-01-31", 1.0, 2.0)),
                "vintage": 2016.0 - np.repeat(np.arange(60) % 7, 72) // 2,
            }
        )
    )


@pytest.mark.parametrize("name", ["month", "year", "year_month", "quarter_in_words", "years_to_go", "read_late"])
def test_the_calendar_is_refused(name: str) -> None:
    given = panel()
    matrix = compute_features(given, FEATURES, ("age_months", name))
    with pytest.raises(SpecFault, match=f"'{name}': expected no calendar"):
        refuse_calendar(given, matrix, FEATURES)


def test_seasons_ages_vintages_rates_and_rules_are_no_calendar() -> None:
    given = panel()
    names = ("age_months", "month_of_year", "unemployment", "rule_of_lending", "vintage", "year")
    with pytest.raises(SpecFault) as caught:
        refuse_calendar(given, compute_features(given, FEATURES, names), FEATURES)
    assert [fault.value for fault in caught.value.faults] == ["year"]
