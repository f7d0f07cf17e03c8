"""What a run needs and what it gives: options, the resolved plan, cash flows by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.engine import layout
from behavior.engine.layout import Market, Positions, Records, Repricing, positions_of
from behavior.engine.positions import Groups
from behavior.engine.renewal import Renewals
from behavior.engine.repricing import RepricingKeys
from behavior.engine.runoff import Matching
from behavior.engine.terms import SharedTerms
from behavior.engine.tiles import Tiles
from behavior.market.buckets import Buckets, regulatory_buckets
from behavior.quantities import AnyArray, FloatArray, IntArray

CONVENTIONS = {
    "pool": layout.POOL,
    "constant_payment": layout.CONSTANT_PAYMENT,
    "opening_balance": layout.OPENING_BALANCE,
}
CHUNK = 4096
"""Positions of a piece of work where each goes its own way."""
Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class ProjectionOptions:
    """Choices of one run; each is named under `conventions` in the result.

    Parameters
    ----------
    runoff_convention : ``pool`` (BMA), ``constant_payment`` or ``opening_balance``.
    behaviour : ``model``, ``frozen`` (every scenario uses base's hazards) or ``standardised`` (base's, multiplied).
    multipliers : table name -> one factor a scenario, for ``standardised``.
    include_default : whether default runs off balances, but for the share that the set says is paid back.
    uncovered : ``error`` or ``overnight``, for non-maturity products without a curve.
    margins : ``included``, ``excluded`` or ``calibrated``. tail : hazard beyond a curve's last month.
    pending : whether earlier moves of the short rate still pass through.
    exchange_notionals : whether swap notionals are paid. renew_derivatives : whether a constant balance sheet renews
        swap legs.
    """

    runoff_convention: str = "pool"
    behaviour: str = "model"
    multipliers: Mapping[str, FloatArray] = field(default_factory=dict)
    include_default: bool = False
    uncovered: str = "error"
    margins: str = "included"
    tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN
    pending: bool = True
    exchange_notionals: bool = False
    renew_derivatives: bool = False
    buckets: Buckets = field(default_factory=regulatory_buckets)
    cash_flows: bool = True
    per_position: bool = False
    chunk: int = CHUNK
    threads: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything the kernel needs, resolved once; running it twice gives the same numbers.

    Parameters
    ----------
    order : (rows,), place in the book of each resolved position. records : positions. day_count : (rows,), by number.
    tiles : how it is cut up, None = found by the run.
    """

    terms: SharedTerms
    order: IntArray
    records: Records
    calendars: Records
    behaviours: layout.Behaviours
    repricing: Repricing
    market: Market
    renewals: Renewals
    matchings: tuple[Matching, ...]
    repricing_keys: RepricingKeys
    coverage: pd.DataFrame
    months: int
    schedule: FloatArray
    options: ProjectionOptions
    scenarios: tuple[str, ...]
    day_count: IntArray
    tiles: Tiles | None = None

    @property
    def groups(self) -> Groups:
        """Result groups."""
        return self.terms.groups

    @property
    def positions(self) -> Positions:
        """Columns of the records, as views."""
        return positions_of(self.records)


@dataclass(frozen=True, eq=False)
class CashFlows:
    """What a book does under every scenario, by group; amounts unsigned, in the group's currency.

    Parameters
    ----------
    flows : (scenarios, groups, months + 1, fields), month 0 unused; fields as `layout.FIELDS`.
    value : (scenarios, groups) present values. income : (scenarios, groups, 61) run-off interest by month.
    constant : same, on a constant balance sheet. gap : (groups, buckets) repricing amounts in base.
    position_value, position_income : (rows, scenarios) in the book's order, or empty. counted : (coverage rows, 3)
    balance-months looked up, clamped, beyond the data.
    """

    groups: Groups
    scenarios: tuple[str, ...]
    flows: FloatArray
    value: FloatArray
    income: FloatArray
    constant: FloatArray
    gap: FloatArray
    coverage: pd.DataFrame
    position_value: FloatArray
    position_income: FloatArray
    counted: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))


def with_column(plan: Plan, name: str, values: AnyArray) -> Plan:
    """The plan with one column of its positions changed; values in the plan's own order."""
    records = plan.records.copy()
    records[name] = values
    return replace(plan, records=records, tiles=None)


def some_of(plan: Plan, rows: IntArray) -> Plan:
    """The plan of some of its positions; `order` then counts those alone."""
    behaviours = plan.behaviours._replace(
        mortgage_key=plan.behaviours.mortgage_key[rows], coverage=plan.behaviours.coverage[rows]
    )
    order = np.arange(len(rows))
    return replace(
        plan, records=plan.records[rows], order=order, behaviours=behaviours, day_count=plan.day_count[rows], tiles=None
    )
