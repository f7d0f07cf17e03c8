"""What a bank uses today as a hazard of the rows judged, and the stand-in where its profile does not say."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from behavior.benchmark.protocols import Incumbent
from behavior.errors import Fault, SpecFault
from behavior.estimators.empirical import psa_hazard
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray, annual_to_monthly

AGE = "age_months"
MOST_PSA = 16.0
STAND_INS = ("psa", "constant")
INCUMBENT = "incumbent"
UNSAID = "stand-in, as none is given"


@dataclass
class FixedHazard:
    """A hazard that a bank uses as it is: nothing is fitted.

    Parameters
    ----------
    axes : feature name -> rising grid. table : monthly hazard, shape (len of each axis); no axes = one number.
    psa : speed of the PSA curve by age instead of a table. months : length of a row's period; a hazard by age is
        compounded month by month over the period, of which the row's age is the middle, rounded up.
    """

    axes: Mapping[str, FloatArray]
    table: FloatArray
    psa: float = 0.0
    months: int = 1

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Nothing to learn."""
        return self

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Hazard a period, shape (rows,), multilinear between the table's points and held at its ends.

        Raises
        ------
        SpecFault : an axis is no numeric feature of the specification.
        """
        wanted = (AGE,) if self.psa > 0 else tuple(self.axes)
        _require_axes(wanted, matrix)
        columns = {name: column_of(matrix, name) for name in wanted}
        open_after = np.ones(len(matrix.values))
        if AGE not in columns:
            return np.asarray(1.0 - (1.0 - self._monthly(columns, len(open_after))) ** self.months)
        for step in range(self.months):
            age = np.maximum(columns[AGE] + step - self.months // 2, 0.0)
            open_after = open_after * (1.0 - self._monthly({**columns, AGE: age}, len(age)))
        return np.asarray(1.0 - open_after)

    def _monthly(self, columns: Mapping[str, FloatArray], count: int) -> FloatArray:
        """Hazard of one month at the features given, shape (rows,)."""
        if self.psa > 0:
            return psa_hazard(columns[AGE], self.psa)
        if not self.axes:
            return np.full(count, float(self.table))
        grids = list(self.axes.values())
        points = np.column_stack(
            [
                np.clip(np.nan_to_num(columns[name], nan=float(grid[0])), grid[0], grid[-1])
                for name, grid in self.axes.items()
            ]
        )
        return np.asarray(RegularGridInterpolator(tuple(grids), self.table)(points))


@dataclass
class FittedPsa:
    """The PSA curve at the speed that matches the events of the training rows, over periods of `months` months."""

    months: int = 1
    speed_: float = 1.0

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Bisect for the speed whose expected events are the actual ones."""
        target, low, high = float((event * weight).sum()), 0.0, MOST_PSA
        for _ in range(60):
            self.speed_ = 0.5 * (low + high)
            short = float((self.predict_hazard(matrix) * weight).sum()) < target
            low, high = (self.speed_, high) if short else (low, self.speed_)
        return self

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Hazard a period, shape (rows,)."""
        return FixedHazard({}, np.zeros(()), self.speed_, self.months).predict_hazard(matrix)


def incumbent_hazard(given: Incumbent, vendor_table: str, periods: float) -> FixedHazard | None:
    """The hazard a period of what a profile says the bank uses; None where it says nothing.

    Parameters
    ----------
    vendor_table : text of the vendor's CSV, empty where there is none. periods : periods a year of the rows.

    Raises
    ------
    SpecFault : a vendor table without `cpr` or `monthly_hazard`, or with missing grid points.
    """
    months = months_of(periods)
    if vendor_table:
        grids, table = _vendor(vendor_table)
        return FixedHazard(grids, table, months=months)
    if given.psa is not None:
        return FixedHazard({}, np.zeros(()), given.psa, months)
    share = given.cpr
    if share is None and given.average_life_years is not None:
        share = 1.0 - float(np.exp(-1.0 / given.average_life_years))
    return None if share is None else FixedHazard({}, annual_to_monthly(np.asarray(share)), months=months)


def row_words(given: Incumbent, instead: str) -> str:
    """What the incumbent's row is: the bank's own by name, or the words of what stands in for it."""
    return f"what the bank uses today: {given.words}" if given.given else f"{UNSAID}: {instead}"


def legend_name(given: Incumbent, instead: str) -> str:
    """What a picture calls the incumbent's line: the bank's own by name, or the row that stands in for it."""
    return f"{INCUMBENT}: {given.words or instead}"


def months_of(periods: float) -> int:
    """Months in a period of rows of which there are `periods` a year."""
    return max(round(12.0 / periods), 1)


def stand_in(found: Mapping[str, FloatArray]) -> str:
    """The baseline that stands for what a bank uses where it does not say: PSA of mortgages, otherwise one constant."""
    return next(name for name in STAND_INS if name in found)


def _require_axes(wanted: tuple[str, ...], matrix: FeatureMatrix) -> None:
    known = sorted(name for name in matrix.names if name not in matrix.levels)
    faults = [
        Fault(
            "incumbent",
            f"expected an axis that is a numeric feature of the model folder's specification ({', '.join(known)})",
            column=name,
            hint="Rename the column of the vendor table, or add the feature to `use` of [features].",
        )
        for name in wanted
        if name not in known
    ]
    if faults:
        raise SpecFault(faults)


def _vendor(text: str) -> tuple[dict[str, FloatArray], FloatArray]:
    """Grids by axis and monthly hazards of a vendor's table."""
    rows = list(csv.DictReader(io.StringIO(text)))
    value = next((name for name in ("cpr", "monthly_hazard") if rows and name in rows[0]), None)
    if value is None:
        raise SpecFault([Fault("vendor table", "expected a CSV with axes and a column `cpr` or `monthly_hazard`")])
    names = [name for name in rows[0] if name != value]
    try:
        grids = {name: np.unique([float(row[name]) for row in rows]) for name in names}
        shape = tuple(len(grid) for grid in grids.values())
        table: FloatArray = np.full(shape, np.nan)
        for row in rows:
            table[tuple(int(np.searchsorted(grids[name], float(row[name]))) for name in names)] = float(row[value])
    except ValueError as error:
        raise SpecFault([Fault("vendor table", f"expected numbers in every cell ({error})")]) from error
    if np.isnan(table).any():
        raise SpecFault([Fault("vendor table", f"expected one row for every combination of {', '.join(names)}")])
    faults = [
        Fault(
            "vendor table",
            "expected a share of the balance, a decimal of at least 0 and below 1",
            line,
            value,
            row[value],
        )
        for line, row in enumerate(rows, 2)
        if not 0.0 <= float(row[value]) < 1.0
    ]
    if faults:
        raise SpecFault(faults)
    return grids, annual_to_monthly(table) if value == "cpr" else table
