"""The book as columns: one array a term, with the defaults of the contract filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from behavior.engine.contracts import CASH_SIDES, DERIVATIVE_SIDES, INSTRUMENTS
from behavior.errors import ContractFault, Fault
from behavior.months import as_days
from behavior.quantities import AnyArray, BoolArray, DateArray, FloatArray, IntArray

SIDES = (*CASH_SIDES, *DERIVATIVE_SIDES)
ASSET, LIABILITY, RECEIVE, PAY = range(4)
SIGNS = np.asarray([1.0, -1.0, 1.0, -1.0])
"""Sign of each side in present values and income; applied in `measures` and nowhere else."""

CASH, SWAP_LEG, CAP, FLOOR, SWAPTION = range(len(INSTRUMENTS))
"""Places in `INSTRUMENTS`."""


@dataclass(frozen=True, eq=False)
class Book:
    """Positions of one date, as the book/1 table has them.

    Parameters
    ----------
    table : book/1 rows (contract columns, segment columns, whatever else was there), one a position.
    schedule : schedule/1 rows (position_id, date, principal) of positions with repayment `schedule`, or None.
    """

    table: pd.DataFrame
    schedule: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.table)

    def numbers(self, name: str, default: float = np.nan) -> FloatArray:
        """A column of numbers, shape (rows,), to be read alone; `default` where the column or the cell is empty."""
        if name not in self.table:
            # One number stands for all rows: a term that the book does not have costs no memory.
            return np.broadcast_to(np.float64(default), (len(self.table),))
        values = pd.to_numeric(self.table[name]).to_numpy(dtype=np.float64, na_value=np.nan)
        empty = np.isnan(values)
        return np.where(empty, default, values) if empty.any() else values

    def whole(self, name: str, default: int = 0) -> IntArray:
        """A column of whole numbers, shape (rows,)."""
        return np.asarray(self.numbers(name, float(default)), dtype=np.int64)

    def dates(self, name: str) -> DateArray:
        """A column of dates, shape (rows,), to be read alone; NaT where empty."""
        if name not in self.table:
            return np.broadcast_to(np.datetime64("NaT", "D"), (len(self.table),))
        return as_days(pd.to_datetime(self.table[name]).to_numpy(dtype="datetime64[D]"))

    @cached_property
    def _held(self) -> dict[tuple[str, str], pd.Categorical[str]]:
        """Columns of words already read."""
        return {}

    def words(self, name: str, default: str = "") -> pd.Categorical[str]:
        """A column of words as categories in alphabetical order, `default` where empty."""
        held = self._held.get((name, default))
        if held is None:
            held = self._held[name, default] = self._words(name, default)
        return held

    def _words(self, name: str, default: str) -> pd.Categorical[str]:
        count = len(self.table)
        if name not in self.table:
            only: Any = np.broadcast_to(np.int8(0), (count,))
            return pd.Categorical.from_codes(only, categories=pd.Index([default], dtype="str"))
        codes, labels = word_codes(self.table[name])
        if len(codes) and codes.min() < 0:
            if default not in labels:
                labels = [*labels, default]
            codes = np.where(codes < 0, labels.index(default), codes)
        small: Any = codes.astype(np.int8 if len(labels) < 127 else np.int32)
        return pd.Categorical.from_codes(small, categories=pd.Index(labels, dtype="str"))

    def is_word(self, name: str, word: str, default: str = "") -> BoolArray:
        """Rows whose column holds a word, shape (rows,)."""
        found = self.words(name, default)
        place = np.flatnonzero(np.asarray(found.categories) == word)
        return np.asarray(np.isin(found.codes, place))

    def codes(self, name: str, words: Sequence[str], default: str) -> IntArray:
        """A column of a closed list of words as places in that list.

        Raises
        ------
        ContractFault : naming the rows with another word.
        """
        found = self.words(name, default)
        unknown = [label for label in found.categories if label not in words]
        place = np.asarray([words.index(label) if label in words else -1 for label in found.categories])
        result = np.asarray(place[found.codes] if len(place) else found.codes, dtype=np.int64)
        if unknown and (result < 0).any():
            faults = self.faults(result < 0, name, f"expected one of {', '.join(words)}")
            raise ContractFault(faults)
        return result

    @cached_property
    def instrument(self) -> IntArray:
        """Place in `INSTRUMENTS`, shape (rows,)."""
        return self.codes("instrument", INSTRUMENTS, "cash")

    @cached_property
    def side(self) -> IntArray:
        """Place in `SIDES`, shape (rows,)."""
        return self.codes("side", SIDES, "")

    @cached_property
    def is_linear(self) -> BoolArray:
        """True for what the kernel projects: cash and swap legs; options are valued apart."""
        return np.asarray(self.instrument <= SWAP_LEG)

    @cached_property
    def behavioral(self) -> BoolArray:
        """True where behaviour is not switched off."""
        if "behavioral" not in self.table:
            return np.broadcast_to(np.True_, (len(self.table),))
        cells = self.table["behavioral"]
        return np.asarray(~cells.isin([False, "false", "False", 0]).to_numpy())

    @cached_property
    def identity(self) -> AnyArray:
        """position_id as text, shape (rows,)."""
        return self.names(np.arange(len(self.table)))

    def names(self, rows: IntArray) -> AnyArray:
        """position_id of some rows as text, shape (rows,)."""
        return self.table["position_id"].iloc[rows].astype(str).to_numpy(dtype=object)

    def rows(self, chosen: BoolArray | IntArray) -> Book:
        """The book of some rows, in their order."""
        return Book(self.table[chosen] if chosen.dtype == np.bool_ else self.table.iloc[chosen], self.schedule)

    def faults(self, wrong: BoolArray, column: str, rule: str, hint: str = "") -> list[Fault]:
        """One fault a row, by position; the line is the row's place in the file, the header being line 1."""
        places = np.flatnonzero(wrong)
        if not len(places):
            return []
        cells: Any = self.table.get(column)
        names = self.table["position_id"].iloc[places].astype(str).tolist()
        lines = self.table["__line__"].to_numpy()[places] if "__line__" in self.table else places + 2
        return [
            Fault(
                f"book, position {name}",
                rule,
                int(line),
                column,
                None if cells is None else _written(cells.iloc[place]),
                hint,
            )
            for place, name, line in zip(places, names, lines, strict=True)
        ]


def _written(cell: object) -> str:
    """A cell as a file would say it: a date without its time, a whole number without decimals; empty as nothing."""
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).removesuffix(" 00:00:00")


def word_codes(cells: pd.Series) -> tuple[IntArray, list[str]]:
    """Words as places in their alphabetical list, -1 where empty."""
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        codes, labels = pd.factorize(cells, sort=True)
        return np.asarray(codes), [str(label) for label in labels]
    known, names = cells.cat.codes.to_numpy(), [str(name) for name in cells.cat.categories]
    there = np.bincount(known.astype(np.int64) + 1, minlength=len(names) + 1)[1:] > 0
    kept = sorted(name for name, used in zip(names, there, strict=True) if used)
    place = np.asarray([kept.index(name) if used else -1 for name, used in zip(names, there, strict=True)] + [-1])
    return np.asarray(place[known]), kept


def distinct(code: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct codes in rising order, the first row of each, and the place of each row's code among them."""
    codes, labels = pd.factorize(code)
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    inverse = rank[codes]
    place = np.empty(len(order), dtype=np.int64)
    # The last assignment stays: going backwards, that is each code's first row.
    place[inverse[::-1]] = np.arange(len(code) - 1, -1, -1)
    return np.asarray(labels)[order], place, inverse


@dataclass(frozen=True, eq=False)
class Groups:
    """The (currency, side, product) groups of a book: what results are broken down by.

    Parameters
    ----------
    of_row : shape (rows,), group of each position. currency, side, product : one entry a group.
    sign : shape (groups,), of present values and income.
    """

    of_row: IntArray
    currency: tuple[str, ...]
    side: tuple[str, ...]
    product: tuple[str, ...]

    @property
    def sign(self) -> FloatArray:
        """+1 for assets and receive legs, -1 for liabilities and pay legs, shape (groups,)."""
        return SIGNS[[SIDES.index(side) for side in self.side]]

    def __len__(self) -> int:
        return len(self.currency)


def group_rows(book: Book) -> Groups:
    """Groups in alphabetical order of currency, side and product."""
    currency, product = book.words("currency"), book.words("product")
    side_order = np.argsort(np.argsort(SIDES))
    sides = side_order[book.side]
    width = max(len(product.categories), 1)
    key = (np.asarray(currency.codes, dtype=np.int64) * len(SIDES) + sides) * width + product.codes
    present, _, of_row = distinct(key)
    names = np.asarray(sorted(SIDES))
    return Groups(
        np.asarray(of_row, dtype=np.int64),
        tuple(str(currency.categories[k // width // len(SIDES)]) for k in present),
        tuple(str(names[k // width % len(SIDES)]) for k in present),
        tuple(str(product.categories[k % width]) for k in present),
    )
