"""Dates in QuantLib's form, for every test that values with it; without QuantLib these tests are skipped."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

ql = pytest.importorskip("QuantLib")


def quantlib_date(day: date) -> Any:
    """The same day in QuantLib."""
    return ql.Date(day.day, day.month, day.year)
