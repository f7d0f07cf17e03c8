"""The columns of a structured hazard: smooth terms, and terms that can only rise with the economic driver.

A monotone term multiplies ramps of the driver (each rises from 0 to 1 between two knots) with hats of another feature
that sum to one. With coefficients at or above zero the log-odds never fall as the driver rises, whatever the rest is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from behavior.errors import Fault, SpecFault
from behavior.estimators.basis import differences, divided_differences
from behavior.estimators.term_kernel import CROSSED, EVERYWHERE, HATS, LEVELS, MISSING
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class Axis:
    """What a table of coefficients lies over.

    Parameters
    ----------
    form : of `term_kernel`: everywhere the same, known or missing, levels, hats at knots, or levels crossed with those
        of `beside`, `inner` of them. name : the feature. count : places on it. unknown : where a missing value stands
        among the knots.
    """

    form: int
    name: str = ""
    count: int = 1
    knots: tuple[float, ...] = ()
    unknown: float = 0.0
    beside: str = ""
    inner: int = 0


NO_AXIS = Axis(EVERYWHERE)


@dataclass(frozen=True)
class Term:
    """One block of columns.

    Parameters
    ----------
    form : ``smooth`` (hats of `name`), ``levels`` (one column a level of `name`), ``missing`` (1 where `name` is
        unknown), ``rising`` (ramps of the driver `name` times hats or levels of `other`), ``product`` (hats of `name`
        times levels of `other`) or ``pair`` (levels of `name` times levels of `other`).
    knots : of `name`; two falling knots make a ``rising`` term fall with `name`; the codes of `name` in a ``pair``.
        other_knots : of `other`; empty for levels or none. levels : number of levels of `other`/`name`.
    beside : a further feature whose levels, `inner` of them, those of `other` are crossed with; empty = none.
    """

    form: str
    name: str
    knots: tuple[float, ...] = ()
    other: str = ""
    other_knots: tuple[float, ...] = ()
    levels: int = 0
    beside: str = ""
    inner: int = 0

    @property
    def rising(self) -> bool:
        """Whether its coefficients are held at or above zero."""
        return self.form == "rising"

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """What its table of coefficients lies over; a ramp is told by its heights at the knots, the first of them 0."""
        if self.form == "missing":
            return Axis(MISSING, self.name, 1), NO_AXIS
        if self.form == "levels":
            return Axis(LEVELS, self.name, self.levels), NO_AXIS
        if self.form == "pair":
            first = Axis(LEVELS, self.name, len(self.knots))
        else:  # an unknown driver is read as 0, anything else unknown as the middle of its knots
            unknown = 0.0 if self.rising else self.knots[len(self.knots) // 2]
            first = Axis(HATS, self.name, len(self.knots), self.knots, unknown)
        if not self.other:
            return first, NO_AXIS
        if self.beside:
            return first, Axis(CROSSED, self.other, self.across, beside=self.beside, inner=self.inner)
        if self.levels:
            return first, Axis(LEVELS, self.other, self.levels)
        middle = self.other_knots[len(self.other_knots) // 2]
        return first, Axis(HATS, self.other, len(self.other_knots), self.other_knots, middle)

    @property
    def across(self) -> int:
        """Levels, or knots, of what the term is crossed with; 1 of nothing."""
        return max((self.levels or len(self.other_knots)) * max(self.inner, 1), 1)

    @property
    def width(self) -> int:
        """Coefficients of the term."""
        if self.form in ("missing", "levels"):
            return self.levels if self.form == "levels" else 1
        if self.form == "smooth":
            return len(self.knots)
        if self.form in ("product", "pair"):
            return len(self.knots) * self.across
        return (len(self.knots) - 1) * self.across

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Prior precision, shape (width, width): rough shapes and rough changes between neighbours cost."""
        if self.form == "missing":
            return np.eye(1) * ridge
        if self.form in ("levels", "pair"):
            return np.eye(self.width) * cross / 3.0
        if self.form == "smooth":
            rough = divided_differences(np.asarray(self.knots))
            return smooth * rough.T @ rough + ridge * np.eye(len(self.knots))
        if self.form == "product":
            rough = divided_differences(np.asarray(self.knots))
            shape = smooth * rough.T @ rough + (cross / 3.0 + ridge) * np.eye(len(self.knots))
            return np.asarray(np.kron(shape, np.eye(self.across)))
        gaps = np.diff(np.asarray(self.knots))
        count, width = len(gaps), self.across
        slopes = differences(count, 1) @ np.diag(gaps.mean() / gaps)
        along = np.kron(np.asarray(smooth * slopes.T @ slopes), np.eye(width))
        side = differences(width, 1)
        across = np.kron(np.eye(count), cross * (np.eye(width) if self.levels else side.T @ side))
        return np.asarray(along + across + ridge * np.eye(count * width))

    def as_json(self) -> dict[str, object]:
        """Plain values for a JSON file."""
        return {
            "form": self.form,
            "name": self.name,
            "knots": list(self.knots),
            "other": self.other,
            "other_knots": list(self.other_knots),
            "levels": self.levels,
            "beside": self.beside,
            "inner": self.inner,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, object]) -> Term:
        """The term that `as_json` wrote."""
        knots, others = held["knots"], held["other_knots"]
        assert isinstance(knots, list) and isinstance(others, list)
        return cls(
            str(held["form"]),
            str(held["name"]),
            tuple(float(one) for one in knots),
            str(held["other"]),
            tuple(float(one) for one in others),
            int(str(held["levels"])),
            str(held.get("beside", "")),
            int(str(held.get("inner", 0))),
        )


def column_of(matrix: FeatureMatrix, name: str) -> FloatArray:
    """A matrix column by feature name, shape (rows,).

    Raises
    ------
    SpecFault : a feature that the kind reads is not among those in use.
    """
    if name not in matrix.names:
        rule = f"expected `{name}` among the features: this kind reads it"
        hint = "Add it, or look why the history has no value of it"
        raise SpecFault([Fault("specification", rule, column="$.features.use", hint=hint)])
    return matrix.values[:, matrix.names.index(name)]
