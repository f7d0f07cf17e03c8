"""How a profile says that an extract becomes a contract's table: words only, carried out in `behavior.io.mapping`."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Literal

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


class Melt(Terms):
    """Wide to long: each of `columns` (extract's name -> name in the long table) becomes rows."""

    id: tuple[str, ...]
    name: str
    value: str
    columns: dict[str, str]
    drop_empty: bool = True


class Cumulate(Terms):
    """Running sums, from a group's first row: `by` columns, in the order of `date`, then of the file.

    Parameters
    ----------
    columns : extract's name -> name of its running sum, a further column; an empty cell moves nothing.
    date_format : strptime, where the dates are text in another form than ISO.
    """

    by: tuple[str, ...]
    date: str
    date_format: str = ""
    columns: dict[str, str]


class Aggregate(Terms):
    """One row a group: `by` columns and, with `date`, its calendar month; `take` says what of each column.

    `last` and `first` go by the date, then by the order of the file. `date_format` is strptime, where the dates are
    text in another form than ISO. `every_month` makes rows for the months without any too, to the last month of all:
    `last` is carried on, `sum` and `count` are 0, the others empty.
    """

    by: tuple[str, ...] = ()
    date: str = ""
    date_format: str = ""
    every_month: bool = False
    take: dict[str, Literal["last", "first", "sum", "mean", "minimum", "maximum", "count"]]

    @model_validator(mode="after")
    def _months_of_a_date(self) -> Aggregate:
        if self.every_month and not self.date:
            raise ValueError("expected `date` beside `every_month`")
        return self


class Text(Terms):
    """How a text file is written, where it is not the contracts' own CSV."""

    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    columns: tuple[str, ...] = ()
    skip_lines: int = Field(default=0, ge=0)
    skip_last_lines: int = Field(default=0, ge=0)
    decimal: str = "."
    thousands: str = ""
    minus: Literal["before", "after"] = "before"

    @property
    def numbers(self) -> Text:
        """What of it says how numbers are written."""
        return Text(decimal=self.decimal, thousands=self.thousands, minus=self.minus)

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError("expected the name of a text encoding, such as utf-8, latin-1 or cp1252") from error
        return encoding

    @model_validator(mode="after")
    def _names_and_marks(self) -> Text:
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '\r\n"':
            raise ValueError("expected one ASCII character other than a quote or a line end as `delimiter`")
        if (
            len(self.decimal) != 1
            or len(self.thousands) > 1
            or any(mark.isalnum() for mark in self.decimal + self.thousands)
        ):
            raise ValueError("expected one mark such as a comma as `decimal`, and one or none as `thousands`")
        if not self.header and not self.columns:
            raise ValueError("expected `columns`, the names of the columns of a file without a header")
        if self.decimal == self.thousands:
            raise ValueError("expected different marks for decimals and thousands")
        return self


PLAIN = Text()
"""The contracts' own CSV."""


class TableMap(Terms):
    """Where one table comes from and how its extract is mapped; without `columns` it is in the contract's form already.

    Steps in order: `where` on the extract, `melt`, `cumulate`, `aggregate`, `columns` (in their order; later ones may
    use earlier ones), `having` on what was made, `one_a_key`, `drop_after_exit`, `balance_zero_at_exit`, `sort`.

    Parameters
    ----------
    file : path(s) relative to the profile. layout : a published layout's reader. rows : rows written in the profile.
    parts : tables of the same shape put under each other.
    file_column : a further column that holds the file's name, for what only the name says.
    note : where the file comes from, printed when it is absent.
    keep : further columns carried along as they are.
    """

    file: str | tuple[str, ...] = ()
    layout: str = ""
    text: Text = PLAIN
    rows: tuple[dict[str, Plain], ...] = ()
    parts: dict[str, TableMap] = {}
    file_column: str = ""
    note: str = ""
    where: tuple[Condition, ...] = ()
    melt: Melt | None = None
    cumulate: Cumulate | None = None
    aggregate: Aggregate | None = None
    columns: dict[str, ColumnMap] = {}
    keep: tuple[str, ...] = ()
    having: tuple[Condition, ...] = ()
    one_a_key: Literal["first", "last", ""] = ""
    drop_after_exit: bool = False
    balance_zero_at_exit: bool = False
    sort: bool = False

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        """``loan_id = "LOAN_ID"`` is short for ``loan_id = { from = "LOAN_ID" }``."""
        if not isinstance(columns, dict):
            return columns
        return {name: {"from": one} if isinstance(one, str) else one for name, one in columns.items()}

    @model_validator(mode="after")
    def _one_origin(self) -> TableMap:
        if sum(map(bool, (self.file, self.rows, self.parts))) != 1:
            raise ValueError("expected exactly one of file, rows, parts")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The files named, none where rows stand in the profile."""
        return (self.file,) if isinstance(self.file, str) else self.file

    @property
    def writing(self) -> Text:
        """How numbers are written that are still text: as `text` says, else as the parts have it, where they agree."""
        if "text" in self.model_fields_set or not self.parts:
            return self.text.numbers
        found = {part.writing for part in self.parts.values() if not part.rows}
        return found.pop() if len(found) == 1 else PLAIN

    @property
    def plain(self) -> bool:
        """Whether nothing has to be done: the file is in the contract's form."""
        steps = (self.columns, self.where, self.melt, self.cumulate, self.aggregate, self.having, self.one_a_key)
        tidy = (self.file_column, self.sort, self.drop_after_exit, self.balance_zero_at_exit, self.layout)
        return not any(map(bool, (*steps, *tidy)))

    def reads(self) -> tuple[str, ...]:
        """Columns of the extract that the mapping needs, for the message when the file is absent."""
        made = {self.file_column}
        needed: dict[str, None] = dict.fromkeys(one.column for one in self.where if one.column not in made)
        if self.melt is not None:
            needed.update(dict.fromkeys(name for name in (*self.melt.id, *self.melt.columns) if name not in made))
            made |= {*self.melt.id, self.melt.name, self.melt.value}
        if self.cumulate is not None:
            wanted = (*self.cumulate.by, self.cumulate.date, *self.cumulate.columns)
            needed.update(dict.fromkeys(name for name in wanted if name not in made))
            made.update(self.cumulate.columns.values())
        if self.aggregate is not None:
            wanted = (*self.aggregate.by, self.aggregate.date, *self.aggregate.take)
            needed.update(dict.fromkeys(name for name in wanted if name and name not in made))
            made |= set(wanted)
        for name, one in self.columns.items():
            needed.update(dict.fromkeys(source for source in _sources(name, one) if source not in made))
            made.add(name)
        return tuple(needed) + self.keep


def _sources(name: str, column: ColumnMap) -> tuple[str, ...]:
    """Columns one column is made of."""
    further = (*column.fill_from, *column.minus, *column.plus, *column.divided_by)
    return (*_origins(name, column), *further, *(one.column for one in column.null_when))


def _origins(name: str, column: ColumnMap) -> tuple[str, ...]:
    if column.value is not None:
        return ()
    if column.composed is not None:
        return tuple(IN_BRACES.findall(column.composed))
    if column.months_between is not None:
        return column.months_between
    if column.months_after is not None:
        months = column.months_after.months
        return (column.months_after.date, *((months,) if isinstance(months, str) else ()))
    if column.join is not None:
        return tuple(column.join.on)
    if column.cases:
        return tuple(one.column for case in column.cases for one in case.when)
    return (column.from_ or name,)
