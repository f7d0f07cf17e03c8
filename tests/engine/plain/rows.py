"""A row of a book in plain values, with the behaviour that a set has for it."""

from __future__ import annotations

import math
from typing import Any

from tests.engine.plain import behaviour as act
from tests.engine.plain.dates import Day, anchor_day
from tests.engine.plain.segments import curve_of


class Row:
    """A row's terms in plain values, with its behaviour."""

    def __init__(self, cells: dict[str, Any], as_of: Day, schedule: dict[Day, float]) -> None:
        get = cells.get
        self.cells, self.schedule = cells, schedule
        self.money, self.side, self.product = cells["currency"], cells["side"], cells["product"]
        self.instrument = get("instrument") or "cash"
        self.balance, self.undrawn = float(cells["balance"]), float(get("undrawn") or 0.0)
        self.kind, self.rate = get("rate_type"), float(get("rate") or 0.0)
        self.repayment = get("repayment") or "bullet"
        self.count = get("day_count") or "30/360"
        self.origin, self.maturity = get("origination_date"), get("maturity_date")
        self.open_ended = self.repayment == "none"
        self.step = 1 if self.open_ended else int(get("payment_months") or 0)
        self.compounding = int(get("compounding_months") or 0)
        self.unit = float(get("rounding") or 0.0)
        self.index, self.spread = get("index"), float(get("spread") or 0.0)
        self.reset_months = int(get("reset_months") or 0)
        self.next_reset = get("next_reset_date")
        self.cap = math.inf if get("cap") is None or self.kind != "floating" else float(get("cap"))
        given = get("floor")
        self.floor = (0.0 if self.kind == "administered" else -math.inf) if given is None else float(given)
        self.periodic = math.inf if get("periodic_cap") is None else float(get("periodic_cap"))
        self.payment_cap = math.inf if get("payment_cap") is None else float(get("payment_cap"))
        self.amortises_over = int(get("amortization_months") or 0)
        self.amortises_from = get("amortization_start_date")
        start = get("start_date") or self.origin
        self.start = start if start is not None and start > as_of else None
        self.burnt = float(get("months_in_the_money") or 0.0)
        transfer = get("transfer_rate")
        self.transfer = None if transfer is None else float(transfer)
        self.rules: list[act.Rule] = []
        self.draws: list[act.Rule] = []
        self.reprices: act.Pass | None = None
        self.overnight = False
        self.stretch = 1.0
        self.extra = 0.0
        self.day = anchor_day(as_of if self.open_ended else self.maturity)
        self.new_margin = 0.0

    @property
    def cash(self) -> bool:
        """Whether the row is a cash position."""
        return bool(self.instrument == "cash")

    @property
    def option(self) -> bool:
        """Whether the row is an option of its own."""
        return self.instrument in ("cap", "floor", "swaption")

    @property
    def limited(self) -> bool:
        """Whether a floating balance has limits whose time value is an option."""
        return self.cash and self.kind == "floating" and (math.isfinite(self.cap) or math.isfinite(self.floor))

    def behave(self, assumptions: Any, choices: Any) -> None:
        """Find the row's behaviour in a set."""
        on = self.cells.get("behavioral")
        if assumptions is None or not self.cash or on in (False, "false"):
            return
        found = [(table, _in_view(self.cells, table, choices.view)) for table in assumptions.tables]
        left_out = [] if choices.include_default else ["default"]
        left_out += [] if choices.migrated else ["migrated"]
        for table, curve in found:
            if curve is None:
                continue
            if table.effect == "RUNOFF" and table.cause not in left_out:
                self.rules.append(act.Rule(table, curve, choices.tail))
            elif table.effect == "DRAWDOWN" and self.undrawn > 0:
                self.draws.append(act.Rule(table, curve, choices.tail))
            elif table.quantity == "MARGINAL_PASS_THROUGH" and self.kind == "administered":
                self.reprices = act.Pass(curve, self._speed(assumptions, "up"), self._speed(assumptions, "down"))

    def _speed(self, assumptions: Any, way: str) -> Any:
        """Table and curve of a direction's speed."""
        for table in assumptions.tables:
            if table.quantity == "MONTHLY_ADJUSTMENT":
                curve = curve_of(self.cells, table, direction=way)
                if curve is not None:
                    return table, curve
        return None


def _in_view(cells: dict[str, Any], table: Any, view: str) -> Any:
    """A row's curve in the view that is asked for; curves without one speak in all."""
    if any(curve.view is not None for curve in table.curves):
        return curve_of(cells, table, view=view)
    return curve_of(cells, table)
