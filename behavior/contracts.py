"""Table contracts as data: columns, units, keys and rules; `check` never stops at the first fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from behavior.errors import Fault


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Parameters
    ----------
    kind : ``text``, ``number``, ``integer``, ``date``, ``month`` (month-end date), ``flag``.
    unit : unit in words (``decimal a year``, ``currency units``, ``months``); empty for text.
    required : the column must be there.
    nullable : cells may be empty.
    minimum, maximum : inclusive bounds for numbers.
    allowed : closed list of words for text columns.
    personal_data : what a bank must mask.
    """

    name: str
    kind: str
    meaning: str
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    personal_data: bool = False


Rule = Callable[[pd.DataFrame, str], list[Fault]]


@dataclass(frozen=True)
class TableContract:
    """A table at the door: ``mortgage_history/1`` has the tables ``loans`` and ``loan_months``, ``book/1`` one."""

    name: str
    version: int
    table: str
    summary: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def id(self) -> str:
        """Name and version, ``book/1``."""
        return f"{self.name}/{self.version}"

    def column_names(self, required_only: bool = False) -> Sequence[str]:
        """Names in contract order."""
        return [column.name for column in self.columns if column.required or not required_only]
