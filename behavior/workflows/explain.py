"""Explain one cell of a valuation: down to products, positions, and cash x discount factor or interest by month."""

from __future__ import annotations

from behavior.measures.explanation import Node
from behavior.workflows.explain_income import ToldIncome
from behavior.workflows.explain_value import ToldValue
from behavior.workflows.explained_cell import DELTA_NII, NII, Cell, Depth
from behavior.workflows.valuation import ValuationInputs, ValuationOptions


def explain(inputs: ValuationInputs, options: ValuationOptions, cell: Cell, depth: Depth | None = None) -> Node:
    """The tree behind a cell, held to the same run's own total.

    Raises
    ------
    SpecFault : the cell names a scenario, currency, product, position or balance sheet that the valuation lacks.
    """
    told = ToldIncome if cell.measure in (NII, DELTA_NII) else ToldValue
    return told(inputs, options, cell, depth or Depth()).tree()
