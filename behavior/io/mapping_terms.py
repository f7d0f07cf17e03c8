"""How a profile says that an extract becomes a contract's table: words only, carried out in `behavior.io.mapping`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from behavior.io.column_terms import IN_BRACES, ColumnMap, Condition, Plain, Terms


class Melt(Terms):
    """Wide to long: each of `columns` (extract's name -> name in the long table) becomes rows.

    Without `columns` it is every column beside `id`, under its own name: of a file that grows by a column a month.
    """

    id: tuple[str, ...]
    name: str
    value: str
    columns: dict[str, str] = Field(default_factory=dict)
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
    parts: dict[str, TableMap] = Field(default_factory=dict)
    file_column: str = ""
    note: str = ""
    where: tuple[Condition, ...] = ()
    melt: Melt | None = None
    cumulate: Cumulate | None = None
    aggregate: Aggregate | None = None
    columns: dict[str, ColumnMap] = Field(default_factory=dict)
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
