"""Words of a profile that say how one column is made from an extract's columns, and under which conditions."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Plain = str | float | int | bool | dt.date
IN_BRACES = re.compile(r"\{([^{}]+)\}")
UNITS = {
    "decimal": 1.0,
    "percent": 1e-2,
    "per_mille": 1e-3,
    "basis_points": 1e-4,
    "units": 1.0,
    "thousands": 1e3,
    "millions": 1e6,
    "billions": 1e9,
}
UnitWord = Literal["decimal", "percent", "per_mille", "basis_points", "units", "thousands", "millions", "billions"]
KindWord = Literal["text", "number", "integer", "date", "month", "flag"]


def word_of(value: Plain) -> str:
    """A value of the profile as a cell of text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Terms(BaseModel):
    """Strict words: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(Terms):
    """A test of one column; all that are given must hold. Bounds may name another column.

    Parameters
    ----------
    is_ : the cell is one of these (as text, or as number). not_ : it is none of these; empty cells pass.
    at_least, at_most, above, below : bounds for numbers and dates; empty cells fail.
    filled : whether the cell holds something.
    """

    column: str
    is_: Plain | tuple[Plain, ...] | None = Field(default=None, alias="is")
    not_: Plain | tuple[Plain, ...] | None = Field(default=None, alias="not")
    at_least: Plain | None = None
    at_most: Plain | None = None
    above: Plain | None = None
    below: Plain | None = None
    filled: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        tests = (self.is_, self.not_, self.at_least, self.at_most, self.above, self.below, self.filled)
        if all(test is None for test in tests):
            raise ValueError("expected at least one of is, not, at_least, at_most, above, below, filled")
        return self


class Case(Terms):
    """`then` where all conditions hold; the first case that holds wins."""

    when: tuple[Condition, ...]
    then: Plain


class Join(Terms):
    """A column of a sibling table or lookup; `on` gives the columns here, or here -> there where names differ.

    `take` says which of several rows with one key is meant; without it, rows that differ are faults.
    """

    table: str
    column: str
    on: tuple[str, ...] | dict[str, str] = Field(min_length=1)
    take: Literal["first", "last", ""] = ""


class MonthsAfter(Terms):
    """A date some months after another; `months` names a column or is a number."""

    date: str
    months: str | int


class ColumnMap(Terms):
    """How one column is made, in the order of the keys below.

    Parameters
    ----------
    from_ : column of the extract (default: the same name). value : the same in every row; "" is empty.
    composed : text with columns in braces, as ``{BRANCH}-{ACCOUNT}``; empty where one of them is.
    months_between : two date columns, whole calendar months from the first to the second.
    join : from another table. cases : words or numbers by conditions.
    null_where : values that mean missing. null_when : conditions under which the cell is missing.
    fill_from : columns to take empty cells from, in order.
    values : the extract's words -> the contract's; `otherwise` for what is not listed (default: left as it is).
    minus, plus : columns taken away or added. divided_by : columns that the result is then divided by.
    times : a factor for sizing. rounded : to the nearest whole number, last.
    unit : what the extract's numbers are in. date_format : strptime, or `quarter` (2021Q1).
    day : a time stamp's day. month_end : its month's last day.
    kind : for columns the contract does not know.
    """

    from_: str | None = Field(default=None, alias="from")
    value: Plain | None = None
    composed: str | None = None
    months_between: tuple[str, str] | None = None
    months_after: MonthsAfter | None = None
    join: Join | None = None
    cases: tuple[Case, ...] = ()
    null_where: tuple[Plain, ...] = ()
    null_when: tuple[Condition, ...] = ()
    fill_from: tuple[str, ...] = ()
    values: dict[str, Plain] = {}
    otherwise: Plain | None = None
    minus: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    divided_by: tuple[str, ...] = ()
    times: float | None = None
    rounded: bool = False
    unit: UnitWord | None = None
    date_format: str = ""
    day: bool = False
    month_end: bool = False
    kind: KindWord | None = None

    @property
    def reckons(self) -> bool:
        """Whether numbers are changed: by a unit, a factor, other columns or rounding."""
        return bool(self.unit or self.minus or self.plus or self.divided_by or self.rounded) or self.times is not None

    def kind_of_cases(self) -> str:
        """Kind of what the cases say: ``text``, ``flag``, ``number``, ``date``; empty where they differ."""
        given = [one for one in (*(case.then for case in self.cases), self.otherwise) if one not in (None, "")]
        kinds = {_kind_of(one) for one in given} or {"text"}
        return kinds.pop() if len(kinds) == 1 else ""

    @model_validator(mode="after")
    def _cases_of_one_kind(self) -> ColumnMap:
        if self.cases and not self.kind_of_cases():
            raise ValueError("expected `then` and `otherwise` of all cases to be of one kind: text, numbers or dates")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMap:
        origins = (self.from_, self.value, self.composed, self.months_between, self.months_after, self.join)
        if sum(origin is not None for origin in origins) + bool(self.cases) > 1:
            raise ValueError("expected one origin: from, value, composed, months_between, months_after, join or cases")
        return self

    @field_validator("composed")
    @classmethod
    def _of_columns(cls, composed: str | None) -> str | None:
        if composed is not None and (set(IN_BRACES.sub("", composed)) & set("{}") or not IN_BRACES.search(composed)):
            raise ValueError('expected columns in braces, such as "{BRANCH}-{ACCOUNT}"')
        return composed


def _kind_of(value: Plain | None) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "date" if isinstance(value, dt.date) else "text"
