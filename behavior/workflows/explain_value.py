"""An economic value explained: down to positions, and cash x discount factor by payment date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from behavior.engine.cash_by_date import cash_by_date
from behavior.engine.plan import CashFlows
from behavior.engine.positions import SIDES, SIGNS
from behavior.engine.run import run
from behavior.market.regulation import parameters
from behavior.measures.eve import TOTAL, economic_value
from behavior.measures.explanation import Node, first_ones, hold_to, largest, total
from behavior.measures.further_groups import keys_of, with_groups
from behavior.quantities import FloatArray, IntArray
from behavior.workflows.explained_cell import AFTER_OPTIONS, Told
from behavior.workflows.value_views import CLEAN, accrued_by_position, clean


class ToldValue(Told):
    """The tree of an economic value or its change."""

    @cached_property
    def flows(self) -> CashFlows:
        """The run, position by position."""
        options = replace(self.plan.options, per_position=True, cash_flows=False)
        return run(replace(self.plan, options=options))

    @cached_property
    def _accrued(self) -> FloatArray:
        clean = self.options.price == CLEAN
        return accrued_by_position(self.plan) if clean else np.zeros(len(self.plan.order))

    def tree(self) -> Node:
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
        flows = clean(self.flows, self.plan) if self.options.price == CLEAN else self.flows
        rule = self.options.aggregation or self.world.curves.scenarios.aggregation
        flows = with_groups(flows, self.held.groups)
        table = economic_value(flows, self.fx, self.inputs.tier1, rule, self.held.add_on).summary
        row = table[(table["scenario"] == self.cell.scenario) & (table["currency"] == self.cell.currency)]
        return float(row[self.cell.measure].iloc[0])
