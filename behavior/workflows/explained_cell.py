"""The cell of a valuation that is explained: which number it is, and what of the book it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from behavior.engine.drivers import World
from behavior.engine.plan import Plan
from behavior.engine.positions import Book
from behavior.errors import Fault, SpecFault
from behavior.measures.eve import TOTAL
from behavior.measures.further_groups import keys_of
from behavior.measures.nii import CONSTANT
from behavior.quantities import FloatArray, IntArray
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import exchange_rates, resolved
from behavior.workflows.value_options import BookOptions
from behavior.workflows.value_sheets import sheet_words

EVE, DELTA_EVE, AFTER_OPTIONS, NII, DELTA_NII = "eve", "delta_eve", "delta_eve_after_options", "nii", "delta_nii"
MEASURES = (EVE, DELTA_EVE, AFTER_OPTIONS, NII, DELTA_NII)


@dataclass(frozen=True)
class Cell:
    """Which number to explain.

    Parameters
    ----------
    measure : of `MEASURES`. currency : one, or ``total`` in the reporting currency. product, position : narrow the
    cell to one. sheet, first, last : balance sheet and months of income.
    """

    measure: str
    scenario: str
    currency: str = TOTAL
    product: str = ""
    position: str = ""
    sheet: str = CONSTANT
    first: int = 1
    last: int = 12

    @property
    def changes(self) -> bool:
        """Whether the cell is a change from base."""
        return self.measure not in (EVE, NII)

    @property
    def name(self) -> str:
        """The cell in words."""
        parts = [self.measure, self.scenario, self.currency, self.product, self.position]
        if self.measure in (NII, DELTA_NII):
            parts += [self.sheet, f"months {self.first} to {self.last}"]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Depth:
    """How much of the tree is shown: largest positions of a product, first dates of a position; 0 = all."""

    positions: int = 5
    dates: int = 12


class Told:
    """One valuation while one of its cells is told: what the cell is of, and what is asked of the run."""

    def __init__(self, inputs: ValuationInputs, options: ValuationOptions, cell: Cell, depth: Depth) -> None:
        self.inputs, self.options, self.cell, self.depth = inputs, options, cell, depth
        found = resolved(inputs, options)
        self.world: World = found[0]
        self.held: BookOptions = found[1]
        self.plan: Plan = found[2]
        self.book = Book(inputs.book.reset_index(drop=True))
        self.fx = exchange_rates(inputs, self.book)
        self._refuse()
        self.scenario = self.plan.scenarios.index(cell.scenario)

    def _refuse(self) -> None:
        cell, faults = self.cell, []
        keys = [*keys_of(self.plan.groups), *self.held.groups]
        known: dict[str, tuple[str, Sequence[str]]] = {
            "measure": (cell.measure, MEASURES),
            "scenario": (cell.scenario, self.plan.scenarios),
            "currency": (cell.currency, (TOTAL, *sorted({key[0] for key in keys}))),
        }
        if cell.measure in (NII, DELTA_NII):
            known["balance sheet"] = (cell.sheet, sheet_words(self.inputs, self.options))
        if cell.product:
            known["product"] = (cell.product, sorted({key[2] for key in keys} | self._planned()))
        for name, (word, words) in known.items():
            if word not in words:
                faults.append(Fault(name, f"expected one of {', '.join(words)}", value=word))
        if cell.position and cell.position not in set(self.book.identity.tolist()):
            faults.append(Fault("position", "the book has no such position_id", value=cell.position))
        if faults:
            raise SpecFault(faults)

    def _planned(self) -> set[str]:
        """Products that only a plan or a mix shift knows."""
        tables = ((self.inputs.plan, "product"), (self.inputs.mix_shift, "to_product"))
        return {str(name) for table, column in tables if table is not None for name in table[column]}

    @cached_property
    def currencies(self) -> list[str]:
        """Currencies of the cell."""
        if self.cell.currency != TOTAL:
            return [self.cell.currency]
        return sorted({key[0] for key in (*keys_of(self.plan.groups), *self.held.groups)})

    def _mine(self, currency: str, product: str) -> bool:
        return currency in self.currencies and self.cell.product in ("", product)

    def _rows(self, key: tuple[str, str, str], groups: Sequence[tuple[str, str, str]]) -> IntArray:
        """Places in the plan of the positions of one group that the cell asks for."""
        found = self.plan.positions.group == list(groups).index(key)
        if self.cell.position:
            found &= self._names == self.cell.position
        return np.flatnonzero(found)

    @cached_property
    def _names(self) -> np.ndarray:
        return self.plan.terms.book.identity[self.plan.order]

    def _change(self, values: FloatArray) -> FloatArray:
        """The cell's scenario out of an array whose first axis is scenarios, less base where the cell is a change."""
        return np.asarray(values[self.scenario] - values[0] if self.cell.changes else values[self.scenario])
