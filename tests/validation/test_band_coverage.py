"""Bands: an honest one passes, one too wide, too narrow, elsewhere or missing is told."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from behavior.errors import DoesNotApply
from behavior.validation import band_coverage
from behavior.validation.base import CheckInput, Status


def with_bands(fakes: ModuleType, low: float, high: float) -> CheckInput:
    """A band from `low` to `high` times the exported curve, read from the bound that is asked for.

    A lower bound above the value is no curve: such a band is moved by way of the values.
    """
    given = fakes.make_input(units=2000)
    (table,) = given.tables
    curves = []
    for one in table.curves:
        lower, upper = low * one.values, np.minimum(high * one.values, 1.0)
        curves.append(replace(one, values=np.clip(one.values, lower, upper), lower=lower, upper=upper))

    def look_up(tables: Any, fitted: Any, panel: Any) -> Any:
        scale = float(tables[0].curves[0].values[0, 0] / table.curves[0].values[0, 0])
        return fakes.predictions_of(panel.table, False, error=scale)

    return replace(given, tables=(replace(table, curves=tuple(curves)),), kind=replace(given.kind, look_up=look_up))


def test_an_honest_band_passes_and_one_too_wide_or_elsewhere_does_not(fakes: ModuleType) -> None:
    honest, wide, elsewhere = (
        band_coverage.run(with_bands(fakes, *band)) for band in ((0.7, 1.3), (0.0, 9.0), (3.0, 4.0))
    )
    assert honest.status is Status.PASS
    assert wide.status is Status.WARN and "hardly anything" in wide.in_words
    assert elsewhere.status is Status.WARN
    assert (elsewhere.values["coverage"], elsewhere.values["above"]) == (0.0, 0.0)


def test_a_narrow_band_covers_less_and_is_still_compatible_with_its_data(fakes: ModuleType) -> None:
    narrow, wide = (band_coverage.run(with_bands(fakes, 1 - width, 1 + width)) for width in (0.001, 0.9))
    assert narrow.values["coverage"] < wide.values["coverage"]
    assert narrow.values["mean_width"] < wide.values["mean_width"]
    # The truth made the data, so realised means with their own interval meet even a narrow band mostly.
    assert narrow.values["compatible"] >= 0.6


def test_curves_without_bands_claim_nothing(fakes: ModuleType) -> None:
    with pytest.raises(DoesNotApply, match="no exported curve carries a band"):
        band_coverage.run(fakes.make_input())
