"""Explain one cell of a valuation: down to products, positions, and cash x discount factor or interest by month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from behavior.engine.cash_by_date import cash_by_date, income_by_position
from behavior.engine.drivers import World
from behavior.engine.plan import CashFlows, Plan
from behavior.engine.positions import SIDES, SIGNS, Book
from behavior.engine.run import run
from behavior.errors import Fault, SpecFault
from behavior.market.regulation import parameters
from behavior.measures.eve import TOTAL
from behavior.measures.explanation import Node, first_ones, hold_to, largest, total
from behavior.measures.further_groups import keys_of
from behavior.measures.nii import CONSTANT, DYNAMIC
from behavior.months import month_bounds
from behavior.quantities import FloatArray, IntArray
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import exchange_rates, resolved
from behavior.workflows.value_options import BookOptions
from behavior.workflows.value_sheets import Sheets, balance_sheets, sheet_words
from behavior.workflows.value_views import CLEAN, accrued_by_position

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


def explain(inputs: ValuationInputs, options: ValuationOptions, cell: Cell, depth: Depth | None = None) -> Node:
    """The tree behind a cell, held to the same run's own total.

    Raises
    ------
    SpecFault : the cell names a scenario, currency, product, position or balance sheet that the valuation lacks.
    """
    told = _Told(inputs, options, cell, depth or Depth())
    return told.income() if cell.measure in (NII, DELTA_NII) else told.value()


class _Told:
    """One valuation while one of its cells is told."""

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

    # What there is -----------------------------------------------------------------------------------------------

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

    # Economic value ----------------------------------------------------------------------------------------------

    @cached_property
    def flows(self) -> CashFlows:
        """The run, position by position."""
        options = replace(self.plan.options, per_position=True, cash_flows=False)
        return run(replace(self.plan, options=options))

    @cached_property
    def _accrued(self) -> FloatArray:
        clean = self.options.price == CLEAN
        return accrued_by_position(self.plan) if clean else np.zeros(len(self.plan.order))

    def value(self) -> Node:
        """The tree of an economic value or its change."""
        parts = [self._value_of(currency) for currency in self.currencies]
        root = self._added_up(parts)
        if not self.cell.product and not self.cell.position:
            hold_to(root, self._own_total())
        return root

    def _added_up(self, parts: Sequence[Node]) -> Node:
        """Currencies as one: changes by the aggregation rule, each in the reporting currency."""
        if self.cell.currency != TOTAL:
            return replace(parts[0], name=self.cell.name)
        rule = self.options.aggregation or self.world.curves.scenarios.aggregation
        gain = float(parameters("aggregation")[rule].values["gain_weight"])
        found = []
        for currency, part in zip(self.currencies, parts, strict=True):
            # The rule is about whole currencies; one product of several is a plain sum.
            whole = self.cell.changes and not self.cell.product and not self.cell.position
            weight = gain if whole and part.value > 0 else 1.0
            detail = {} if weight == 1.0 else {f"weight of gains under {rule}": weight}
            found.append(total(part.name, part.children, weight * self.fx[currency], **detail))
        return total(self.cell.name, found)

    def _value_of(self, currency: str) -> Node:
        groups = keys_of(self.plan.groups)
        products = sorted(
            {
                key[1:]
                for key in (*groups, *set(self._option_labels))
                if self._mine(key[0], key[2]) and key[0] == currency
            }
        )
        children = [self._value_of_product((currency, *key), groups) for key in products]
        if self.cell.measure == AFTER_OPTIONS and self.held.add_on is not None and not self.cell.product:
            added = self.held.add_on.add_on.get(currency)
            if added is not None:
                children.append(Node("option add-on, a loss", -float(added[self.scenario])))
        return total(currency, [child for child in children if child.children or child.value])

    @cached_property
    def _option_labels(self) -> list[tuple[str, str, str]]:
        """Group of each option and of each limit inside a cash rate."""
        if self.held.values is None:
            return []
        rows = self.held.values.rows
        columns = [np.asarray(self.book.words(name)).astype(str)[rows] for name in ("currency", "side", "product")]
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def _value_of_product(self, key: tuple[str, str, str], groups: Sequence[tuple[str, str, str]]) -> Node:
        _, side, product = key
        sign = float(SIGNS[SIDES.index(side)])
        parts = self._positions(self._rows(key, groups), sign) if key in groups else []
        return total(f"{product} ({side})", [*parts, *self._options_of(key)])

    def _positions(self, rows: IntArray, sign: float) -> list[Node]:
        """The largest positions of a group by payment date, and the sum of the others."""
        each = sign * self._change(self.flows.position_value[self.plan.order[rows]].T)
        if not self.cell.changes:
            each = each - sign * self._accrued[rows]
        order = np.argsort(-np.abs(each), kind="stable")
        shown = order if self.depth.positions <= 0 else order[: self.depth.positions]
        found = [self._position(int(rows[place]), sign) for place in shown.tolist()]
        if len(order) > len(shown):
            rest = float(each[order[len(shown) :]].sum())
            found.append(Node(f"{len(order) - len(shown)} more positions", rest))
        return found

    def _position(self, row: int, sign: float) -> Node:
        """One position by payment date."""
        paid = cash_by_date(self.plan, row)
        s = self.scenario
        leaves = []
        for place, date in enumerate(paid.dates):
            cash, factor = sign * paid.cash[:, place], paid.discount_factor[:, place]
            detail = {"cash": float(cash[s]), "x discount factor": float(factor[s])}
            if self.cell.changes:
                detail |= {"less base cash": float(cash[0]), "x base discount factor": float(factor[0])}
            leaves.append(Node(str(date), float(self._change(cash * factor)), detail=detail))
        children = first_ones(leaves, self.depth.dates, "more dates")
        accrued = self._accrued[row]
        if accrued and not self.cell.changes:
            children.append(Node("less interest accrued by as-of", -sign * float(accrued)))
        return total(str(self._names[row]), children)

    def _options_of(self, key: tuple[str, str, str]) -> list[Node]:
        """Options row by row, and the time value of limits."""
        held = self.held.values
        if held is None:
            return []
        found = []
        worth = self._change(held.value)
        for place, row in enumerate(held.rows.tolist()):
            if self._option_labels[place] != key or self.cell.position not in ("", self.book.identity[row]):
                continue
            sign = SIGNS[self.book.side[row]]
            words = "time value of its limits" if self.book.is_linear[row] else "option at implied volatility"
            found.append(Node(f"{self.book.identity[row]}, {words}", float(sign * worth[place])))
        return largest(found, self.depth.positions, "more options")

    def _own_total(self) -> float:
        """The cell out of the run's totals."""
        from behavior.measures.eve import economic_value
        from behavior.measures.further_groups import with_groups
        from behavior.workflows.value_views import clean

        flows = clean(self.flows, self.plan) if self.options.price == CLEAN else self.flows
        rule = self.options.aggregation or self.world.curves.scenarios.aggregation
        flows = with_groups(flows, self.held.groups)
        table = economic_value(flows, self.fx, self.inputs.tier1, rule, self.held.add_on).summary
        row = table[(table["scenario"] == self.cell.scenario) & (table["currency"] == self.cell.currency)]
        return float(row[self.cell.measure].iloc[0])

    # Income ------------------------------------------------------------------------------------------------------

    @cached_property
    def sheets(self) -> Sheets:
        """The balance sheets of the run."""
        flows = run(replace(self.plan, options=replace(self.plan.options, cash_flows=True)))
        words = sheet_words(self.inputs, self.options)
        return balance_sheets(self.inputs, self.world, self.plan, flows, list(self.held.groups), words)

    def income(self) -> Node:
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
