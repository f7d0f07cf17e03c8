"""What a feature is: one function whose name is the column and whose arguments are the inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from behavior.quantities import AnyArray, FloatArray


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    Parameters
    ----------
    inputs : panel columns that the function takes, in order; all known before the month at risk begins.
    unit : unit in words.
    expected_sign : +1, -1 or 0: direction of the effect on the target, the monotone constraint where not 0.
    compute : takes the inputs (shape (rows,) each), returns shape (rows,) floats; NaN = unknown.
    levels : for categorical features the closed list of levels; codes are positions in it, unknown levels are NaN.
    """

    name: str
    inputs: tuple[str, ...]
    unit: str
    expected_sign: int
    compute: Callable[..., FloatArray]
    meaning: str = ""
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureMatrix:
    """Features as a float matrix.

    Parameters
    ----------
    names : feature names, in column order.
    values : shape (rows, features), float64; NaN = unknown.
    signs : expected sign of each column.
    levels : levels of categorical columns by name.
    """

    names: tuple[str, ...]
    values: FloatArray
    signs: tuple[int, ...]
    units: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw: Mapping[str, AnyArray] = field(default_factory=dict)
