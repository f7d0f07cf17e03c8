"""An income explained: down to positions, and interest by month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from behavior.engine.cash_by_date import income_by_position
from behavior.engine.positions import SIDES, SIGNS
from behavior.engine.run import run
from behavior.measures.eve import TOTAL
from behavior.measures.explanation import Node, first_ones, hold_to, total
from behavior.measures.further_groups import keys_of
from behavior.measures.nii import CONSTANT, DYNAMIC
from behavior.months import month_bounds
from behavior.quantities import FloatArray, IntArray
from behavior.workflows.explained_cell import Told
from behavior.workflows.value_sheets import Sheets, balance_sheets, sheet_words


class ToldIncome(Told):
    """The tree of an income or its change."""

    @cached_property
    def sheets(self) -> Sheets:
        """The balance sheets of the run."""
        flows = run(replace(self.plan, options=replace(self.plan.options, cash_flows=True)))
        words = sheet_words(self.inputs, self.options)
        return balance_sheets(self.inputs, self.world, self.plan, flows, list(self.held.groups), words)

    def tree(self) -> Node:
        """The tree of an income or its change."""
        parts = []
        for currency in self.currencies:
            factor = self.fx[currency] if self.cell.currency == TOTAL else 1.0
            parts.append(self._income_of(currency, factor))
        root = total(self.cell.name, parts) if self.cell.currency == TOTAL else replace(parts[0], name=self.cell.name)
        if not self.cell.position:
            hold_to(root, self._own_income())
        return root

    def _income_of(self, currency: str, factor: float) -> Node:
        sheets = self.sheets
        keys = [key for key in keys_of(sheets.flows.groups) if self._mine(key[0], key[2]) and key[0] == currency]
        children = [self._income_of_product(key) for key in keys]
        return total(currency, [child for child in children if child.children or child.value], factor)

    def _income_of_product(self, key: tuple[str, str, str]) -> Node:
        sign = float(SIGNS[SIDES.index(key[1])])
        groups = keys_of(self.plan.groups)
        parts: list[Node] = []
        if key in groups:
            parts = self._income_of_positions(self._rows(key, groups), sign)
        moved = self._moved(key)
        if not self.cell.position and np.any(moved):
            words = "new business of the plan" if self.cell.sheet == DYNAMIC else "mix shift"
            parts.append(Node(words, sign * float(moved.sum())))
        return total(f"{key[2]} ({key[1]})", parts)

    def _moved(self, key: tuple[str, str, str]) -> FloatArray:
        """What a plan or a mix shift adds to a group by month."""
        g = keys_of(self.sheets.flows.groups).index(key)
        span = slice(self.cell.first, self.cell.last + 1)
        sheet = self.sheets.by_word[self.cell.sheet].interest[:, g, span]
        own = self.sheets.still.interest if self.cell.sheet == CONSTANT else self.sheets.flows.income
        return self._change(sheet - own[:, g, span])

    def _income_of_positions(self, rows: IntArray, sign: float) -> list[Node]:
        """Positions of one group, the largest in full."""
        dates = month_bounds(self.plan.terms.as_of, self.cell.last)
        span = slice(self.cell.first, self.cell.last + 1)
        constant = self.cell.sheet == CONSTANT
        found: list[tuple[str, float, Callable[[], Node]]] = []
        for piece in income_by_position(self.plan, rows):
            own = sign * self._change(piece.kept if constant else piece.run_off)[:, span]
            again = sign * self._change(piece.renewed)[:, span] if constant else np.zeros_like(own)
            for place, row in enumerate(piece.rows.tolist()):
                name = str(self._names[row])
                made = _monthly(name, dates[span], own[place], again[place], self.depth.dates)
                found.append((name, float(own[place].sum() + again[place].sum()), made))
        shown = sorted(found, key=lambda one: -abs(one[1]))[: max(self.depth.positions, 0) or None]
        nodes = [make() for _, _, make in shown]
        if len(found) > len(shown):
            rest = sum(value for _, value, _ in found) - sum(value for _, value, _ in shown)
            nodes.append(Node(f"{len(found) - len(shown)} more positions", rest))
        return nodes

    def _own_income(self) -> float:
        """The cell out of the run's totals."""
        groups = self.sheets.flows.groups
        mine = np.asarray([self._mine(currency, product) for currency, _, product in keys_of(groups)])
        rate = [self.fx[currency] if self.cell.currency == TOTAL else 1.0 for currency in groups.currency]
        interest = self.sheets.by_word[self.cell.sheet].interest[:, :, self.cell.first : self.cell.last + 1]
        signed = np.where(mine, groups.sign * np.asarray(rate), 0.0)
        return float(self._change(np.einsum("g,sgm->s", signed, interest)))


def _monthly(name: str, dates: np.ndarray, own: FloatArray, again: FloatArray, shown: int) -> Callable[[], Node]:
    """One position's interest by month: of what is left of it, and of what is renewed."""

    def make() -> Node:
        leaves = []
        for place, date in enumerate(dates):
            detail = {"of its balance": float(own[place]), "of what is renewed": float(again[place])}
            leaves.append(Node(str(date), float(own[place] + again[place]), detail=detail if again.any() else {}))
        return total(name, first_ones(leaves, shown, "more months"))

    return make
