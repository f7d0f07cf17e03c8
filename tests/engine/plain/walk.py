"""One row of a book along one scenario, day by day of what happens to it."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.engine.plain import behaviour as act
from tests.engine.plain.dates import (
    Day,
    anchor_day,
    in_month,
    index,
    is_thirty,
    later,
    month_after,
    whole_months,
    years,
)
from tests.engine.plain.market import PlainWorld
from tests.engine.plain.rows import Row

HORIZON = 60
OPEN_END = 480
FLOWS = "scheduled payoff curtailment withdrawal drawn capitalised interest accrued_interest closing_balance"
FIELDS = tuple(FLOWS.split())
"""Amounts of ``cash_flows.csv``."""

COLUMN = {"payoff": "payoff", "default": "payoff", "curtailment": "curtailment"}


@dataclass
class Choices:
    """Options of a run."""

    convention: str = "pool"
    behaviour: str = "model"
    multipliers: dict[tuple[str, int], float] = field(default_factory=dict)
    include_default: bool = False
    margins: str = "included"
    pending: bool = True
    exchange: bool = False
    life_cap: float | None = None
    limits: bool = False
    clean: bool = False
    migrated: bool = True
    view: str = "with_redeposits"
    tail: str = "larger_of_last_and_mean"


@dataclass
class Outcome:
    """What a row does: value, flows by month, income by month, what left when, what reprices when."""

    value: float = 0.0
    flows: Any = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    income: Any = field(default_factory=lambda: defaultdict(float))
    staying: Any = field(default_factory=lambda: defaultdict(float))
    gone: list[tuple[Day, float]] = field(default_factory=list)
    reprices: list[tuple[Day, float]] = field(default_factory=list)


def level_payment(balance: float, periodic: float, count: float) -> float:
    """What repays a balance in equal payments."""
    if count <= 1:
        return balance * (1 + periodic)
    if abs(periodic) < 1e-12:
        return balance / count
    return balance * periodic / (1 - (1 + periodic) ** -count)


class Walk:
    """A row along a scenario."""

    def __init__(self, world: PlainWorld, row: Row, s: int, choices: Choices, base: dict[Any, Any]) -> None:
        self.w, self.r, self.s, self.c, self.base = world, row, s, choices, base
        now = world.as_of
        if row.open_ended:
            self.events = [later(now, k) for k in range(1, OPEN_END + 1)]
        else:
            count, found = 0, []
            while (day := in_month(index(row.maturity) - count, row.day)) > now:
                found.append(day)
                count += 1
            self.events = found[::-1]
        last = len(self.events)
        self.payments = {
            day for j, day in enumerate(self.events, 1) if j == last or (row.step and (last - j) % row.step == 0)
        }
        self.openings = {in_month(index(day) - row.step, row.day) for day in self.payments if row.step}
        self.left = {day: n for n, day in enumerate(sorted(self.payments, reverse=True), 1)}
        self.out = Outcome()
        self.path: list[float] = []
        if row.kind == "administered":
            months = max(last, HORIZON) + 4
            self.path = act.paid_path(world, s, row.money, row.rate, row.floor, row.reprices, months, choices.pending)
        self.resets = self._resets()
        self.reset_days = set(self.resets)

    # Time -----------------------------------------------------------------------------------------------------------

    def _resets(self) -> list[Day]:
        row = self.r
        if row.kind != "floating":
            return []
        first, end = row.next_reset, later(row.maturity, 63 + 1)
        on_payment_day = in_month(index(first), row.day) == first
        day = row.day if on_payment_day else anchor_day(first)
        found, number = [], index(first)
        while (date := in_month(number, day)) < end:
            found.append(date)
            number += row.reset_months
        return [date for date in found if date > self.w.as_of]

    def period(self, end: Day) -> tuple[Day, Day, int]:
        """The interest period that an event ends in or lies in: from, to, regular months (0 = none)."""
        row = self.r
        if row.open_ended:
            return in_month(index(end) - 1, row.day), end, 1
        if row.step == 0:
            months = index(row.maturity) - index(row.origin)
            regular = later(row.maturity, -months) == row.origin
            return row.origin, row.maturity, months if regular else 0
        close = end
        while close not in self.payments:
            close = in_month(index(close) + 1, row.day)
        return in_month(index(close) - row.step, row.day), close, row.step

    def share(self, end: Day, a: Day, b: Day) -> float:
        """Accrual from a to b, both inside the period of an event."""
        if not is_thirty(self.r.count):
            return years(a, b, self.r.count)
        first, last, months = self.period(end)
        raw = years(first, b, self.r.count) - years(first, a, self.r.count)
        return raw * (months / 12) / years(first, last, self.r.count) if months else raw

    def factor(self, day: Day) -> float:
        """What money on a day is worth today, the row's own spread counted."""
        return self.w.factor(self.s, self.r.money, "discount", day) * math.exp(-self.r.extra * self.w.time(day))

    # Rates ----------------------------------------------------------------------------------------------------------

    def left_out(self, rate: float) -> float:
        """What the margin is of a rate as paid: the rate without it is compounded as the row says."""
        return self.nominal(rate) - self.nominal(rate - self.margin) if self.margin else 0.0

    def nominal(self, rate: float) -> float:
        """Rate as paid at the payment frequency where it is compounded at another."""
        row = self.r
        span = row.step or max(whole_months(row.origin, row.maturity), 1)
        if not row.compounding or row.compounding == span:
            return rate
        return ((1 + rate * row.compounding / 12) ** (span / row.compounding) - 1) * 12 / span

    def fixed_on(self, day: Day, old: float) -> float:
        """Rate from a reset on."""
        row = self.r
        end = later(day, row.reset_months)
        accrual = row.reset_months / 12 if is_thirty(row.count) else years(day, end, row.count)
        new = self.w.fixing(self.s, row.money, row.index, day, end, accrual) + row.spread
        new = min(max(new, old - row.periodic), old + row.periodic)
        return min(max(new, row.floor), row.cap)

    def pieces(self, a: Day, b: Day, rate: float) -> list[tuple[Day, Day, float, int]]:
        """Stretches of an interval of one rate and one month: from, to, rate, month; month ends cut them."""
        k = max(month_after(self.w.as_of, a), 0)
        bounds = {later(self.w.as_of, m) for m in range(k, k + 3)}
        cuts = sorted({a, b, *(d for d in bounds if a < d < b), *(d for d in self.resets if a < d < b)})
        found = []
        for x, y in pairwise(cuts):
            month = month_after(self.w.as_of, y)
            if self.r.kind == "administered":
                rate = self.path[month]
            elif x in self.reset_days:
                rate = self.fixed_on(x, rate)
            found.append((x, y, rate, month))
        return found

    # Contract -------------------------------------------------------------------------------------------------------

    def count_left(self, day: Day) -> int:
        """Payments from a payment date on, that one included."""
        return self.left[day]

    def first_amortising(self) -> Day | None:
        """The first payment date whose period begins on or after the amortisation start."""
        row = self.r
        if row.repayment != "interest_only":
            return min(self.payments)
        if row.amortises_from is None:
            return None
        for day in sorted(self.payments):
            begins = in_month(index(day) - row.step, row.day)
            if begins >= row.amortises_from or row.amortises_from <= self.w.as_of:
                return day
        return None

    def rounded(self, amount: float) -> float:
        """An amount in whole units."""
        return amount if not self.r.unit else round(amount / self.r.unit) * self.r.unit

    def level(self, balance: float, rate: float, day: Day, made: int) -> float:
        row = self.r
        count = row.amortises_over // row.step - made if row.amortises_over else self.count_left(day)
        return self.rounded(level_payment(balance, self.nominal(rate) * row.step / 12, max(count, 1)))

    def part(self, balance: float, day: Day) -> float:
        """Equal principal from a payment date on."""
        row = self.r
        return self.rounded(balance / (row.amortises_over // row.step if row.amortises_over else self.count_left(day)))

    # The walk -------------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Follow the row to its end."""
        w, row, out = self.w, self.r, self.out
        if row.overnight:
            return self._overnight()
        self.balance, self.rate, self.undrawn = row.balance, row.rate, row.undrawn
        self.owed = self.kept_back = 0.0
        self.payment: float | None = None
        self.scale = 1.0
        self.made = 0
        self.moves: list[Day] = []
        self.level_of: int | None = None
        self.margin = 0.0
        if self.c.margins == "excluded":
            self.margin = row.rate - float(row.transfer or 0.0)
        self.money_months = [row.burnt] * len(row.rules)
        self.money_draws = [row.burnt] * len(row.draws)
        first = self.first_amortising()
        self._today(first)
        at = row.start or w.as_of
        for day in self.resets:
            if day < at:
                self.rate = self.fixed_on(day, self.rate)
        repriced = False
        self.balances: list[tuple[Day, float]] = [(w.as_of, self.balance)]
        for j, day in enumerate(self.events, 1):
            if day <= at:
                continue
            resets = [d for d in self.resets if at <= d < day]
            opening = self.balance
            begun = self._interval(at, day)
            if resets and not repriced:
                out.reprices.append((resets[0], opening))
                repriced = True
            paid = self._pay(j, day, first) if day in self.payments else (0.0, 0.0, 0.0)
            left, drawn = self._behave(j, day, begun, opening)
            if j == len(self.events) and row.open_ended:
                out.flows[month_after(w.as_of, day)]["withdrawal" if row.side == "liability" else "payoff"] += (
                    self.balance
                )
                left += self.balance
                out.value += self.balance * self.factor(day)
                self.balance = 0.0
            out.gone.append((day, max(paid[0], 0.0) + left))
            if not repriced:
                out.reprices.append((day, paid[0] + left - drawn))
            self.balances.append((day, self.balance))
            at = day
            if self.balance <= 0 and self.undrawn <= 0 and (self.c.behaviour == "model" or self.s > 0):
                break
        self._closings(self.balances)
        return out

    def _overnight(self) -> Outcome:
        row, out = self.r, self.out
        day = self.w.as_of + dt.timedelta(days=1)
        out.flows[1]["withdrawal"] += row.balance
        out.reprices.append((day, row.balance))
        out.value = row.balance * self.factor(day)
        return out

    def _today(self, first: Day | None) -> None:
        """The running coupon's part before as-of, and the payment that runs today."""
        row, w = self.r, self.w
        if row.start is not None or row.open_ended:
            return
        ends = self.events[0]
        begins, close, _ = self.period(ends)
        if begins < w.as_of:
            part = self.share(ends, begins, w.as_of)
            self.owed = row.balance * self.nominal(row.rate) * part
            self.kept_back = row.balance * self.left_out(row.rate) * part
            if self.c.clean:
                self.out.value -= self.owed - self.kept_back
        if row.repayment in ("annuity", "interest_only") and first == close and row.step:
            self.payment = self.level(row.balance, row.rate, close, 0)
            self.level_of = 0
        elif row.repayment == "linear" and row.step:
            self.payment = self.part(row.balance, close)

    def _interval(self, a: Day, b: Day) -> float:
        """Accrue from a to b; returns the customer rate at the start of the month that holds b."""
        w, row = self.w, self.r
        start = later(w.as_of, month_after(w.as_of, b) - 1)
        seen = self.rate
        if a in self.openings or a == row.start:
            self.period_rate, self.period_moves = None, 0
        if not hasattr(self, "period_rate"):
            self.period_rate, self.period_moves = row.rate, 0
        for x, y, rate, month in self.pieces(a, b, self.rate):
            if row.kind == "administered":
                if abs(rate - self.rate) > 1e-12:
                    self.moves.append(x)
                if y <= start:
                    seen = rate
            elif x in self.reset_days:
                self.moves.append(x)
            if row.kind == "floating" and x <= start:
                seen = rate
            if self.period_rate is None:
                self.period_rate, self.period_moves = rate, len(self.moves)
            self.rate = rate
            part = self.share(b, x, y)
            self.owed += self.balance * self.nominal(rate) * part
            self.kept_back += self.balance * self.left_out(rate) * part
            if y > w.as_of and month <= HORIZON:
                self.out.income[month] += self.balance * self.nominal(rate) * part
        return seen

    def _pay(self, j: int, day: Day, first: Day | None) -> tuple[float, float, float]:
        """A payment date; returns principal, interest, cash."""
        row, out = self.r, self.out
        interest = self.rounded(self.owed)
        due = 0.0
        amortising = first is not None and day >= first
        if row.open_ended:
            due = 0.0
        elif j == len(self.events):
            due = self.balance
        elif row.repayment == "schedule":
            due = min(row.schedule.get(day, 0.0) * self.scale, self.balance)
        elif amortising and row.repayment in ("annuity", "interest_only"):
            self._set_level(day)
            due = min(float(self.payment or 0.0) - interest, self.balance)
        elif amortising and row.repayment == "linear":
            if self.payment is None:
                self.payment = self.part(self.balance, day)
            due = min(self.payment, self.balance)
        self.made += amortising
        month = month_after(self.w.as_of, day)
        out.flows[month]["interest"] += interest
        out.flows[month]["scheduled" if due >= 0 else "capitalised"] += abs(due)
        exchanged = 1.0 if row.cash or self.c.exchange else 0.0
        cash = interest - self.kept_back + due * exchanged
        out.value += cash * self.factor(day)
        self.balance -= due
        self.owed = self.kept_back = 0.0
        return due, interest, cash

    def _set_level(self, day: Day) -> None:
        known = self.level_of
        if self.payment is not None and known == self.period_moves:
            return
        new = self.level(self.balance, float(self.period_rate or 0.0), day, self.made)
        if self.payment is not None and known is not None and self.payment > 0:
            room = self.r.payment_cap * self.payment
            if math.isfinite(room):
                new = self.rounded(min(max(new, self.payment - room), self.payment + room))
        self.payment, self.level_of = new, self.period_moves

    def _drivers(self, rule: act.Rule, j: int, rate: float, counts: list[float], i: int) -> dict[str, float]:
        """What a rule's curve asks for in a month; counts months in the money on the way."""
        w, row = self.w, self.r
        drivers = {"RATE_LEVEL": w.level(self.s, row.money, j)}
        drivers["RATE_SPREAD"] = drivers["RATE_LEVEL"] - rate
        terms = rule.table.terms
        if terms.index:
            tenor = int(terms.tenor_months or 120)
            gain = rate - w.driver_rate(self.s, row.money, terms.index, j, terms.lag_months, tenor)
            drivers["RATE_INCENTIVE"], drivers["MONTHS_IN_THE_MONEY"] = gain, counts[i]
            if gain > terms.in_the_money_above:
                counts[i] += 1
        return drivers

    def _modelled(self, rule: act.Rule, month: int, season: int, drivers: dict[str, float]) -> float:
        """A rule's hazard in a month of its model."""
        if rule.table.month_meaning == "SINCE_ORIGINATION" and self.r.origin is not None:
            month += max(whole_months(self.r.origin, self.w.as_of), 0)
        value = rule.value(month, drivers)
        if rule.table.season is not None:
            value *= rule.table.season[season - 1]
        return min(max(value, 0.0), 1.0)

    def _hazard(self, rule: act.Rule, j: int, season: int, drivers: dict[str, float]) -> float:
        """A month's hazard; where run-off times are scaled, of the stretch of the model that the month covers."""
        scale = self.r.stretch
        if scale == 1.0:
            return self._modelled(rule, j, season, drivers)
        begin, end = (j - 1) / scale, j / scale
        if end > OPEN_END:
            return 1.0
        stay, month = 1.0, math.floor(begin + 1e-12) + 1
        while month - 1 < end - 1e-12:
            whole = self._modelled(rule, month, season, drivers)
            low, high = max(begin - (month - 1), 0.0), min(end - (month - 1), 1.0)
            stay *= (1 - high * whole) / (1 - low * whole) if low * whole < 1 else 0.0
            month += 1
        return 1 - stay

    def _hazards(self, j: int, day: Day, rate: float, rules: list[act.Rule], counts: list[float]) -> list[float]:
        """This month's hazards; base's where behaviour is frozen."""
        found = []
        for i, rule in enumerate(rules):
            key = (id(rule), j)
            if self.s > 0 and self.c.behaviour != "model":
                base = self.base.get(key, 0.0)
                factor = self.c.multipliers.get((rule.table.name, self.s), 1.0) if not self.r.open_ended else 1.0
                found.append(1 - (1 - min(1.0, factor * (1 - (1 - base) ** 12))) ** (1 / 12) if factor != 1.0 else base)
                continue
            drivers = self._drivers(rule, j, rate, counts, i)
            found.append(self._hazard(rule, j, day.month, drivers))
            if self.s == 0:
                self.base[key] = found[-1]
        return found

    def _behave(self, j: int, day: Day, rate: float, opening: float) -> tuple[float, float]:
        """Who leaves after the payment, and what is drawn."""
        row, w = self.r, self.w
        if not (row.rules or row.draws) or (j == len(self.events) and not row.open_ended):
            return 0.0, 0.0
        hazards = self._hazards(j, day, rate, row.rules, self.money_months)
        drawing = self._hazards(j, day, rate, row.draws, self.money_draws)
        flows = self.out.flows[month_after(w.as_of, day)]
        factor = self.factor(day)
        stay = 1.0
        for h in hazards:
            stay *= 1 - h
        left = 0.0
        if stay < 1.0 and self.balance > 0:
            part = 1 - stay
            if self.c.convention == "opening_balance":
                part = min(1.0, part * opening / self.balance)
            left = self.balance * part
            loss = 0.0
            for h, rule in zip(hazards, row.rules, strict=True):
                amount = left * h / sum(hazards)
                flows[COLUMN.get(rule.cause, "withdrawal")] += amount
                if rule.cause == "default" and rule.table.recovery is not None:
                    loss += amount * (1 - rule.table.recovery)
            flows["accrued_interest"] += self.owed * part
            self.out.value += (left - loss + (self.owed - self.kept_back) * part) * factor
            self.owed *= 1 - part
            self.kept_back *= 1 - part
            self.balance -= left
            if self.c.convention != "constant_payment":
                self.scale *= stay
                self.payment = None if self.payment is None else self.payment * stay
        drawn = 0.0
        for h in drawing:
            amount = h * self.undrawn
            if amount > 0:
                grown = 1 + amount / self.balance if self.balance > 0 else None
                self.payment = None if grown is None or self.payment is None else self.payment * grown
                self.scale *= grown or 1.0
                self.balance += amount
                self.undrawn -= amount
                flows["drawn"] += amount
                self.out.value -= amount * factor
                drawn += amount
        return left, drawn

    def _closings(self, balances: list[tuple[Day, float]]) -> None:
        """Balance at each month's end while there is one."""
        at = 0
        for k in range(1, month_after(self.w.as_of, balances[-1][0])):
            while at + 1 < len(balances) and balances[at + 1][0] <= later(self.w.as_of, k):
                at += 1
            self.out.flows[k]["closing_balance"] += balances[at][1]

    def stays(self) -> Outcome:
        """Income of a balance that stays and follows its rate path."""
        row, w = self.r, self.w
        day, at = row.day, w.as_of
        number = index(w.as_of)
        number += in_month(number, day) <= w.as_of
        while at < later(w.as_of, HORIZON):
            end = in_month(number, day)
            for x, y, rate, month in self.pieces(at, end, row.rate):
                if month <= HORIZON:
                    self.out.staying[month] += row.balance * self.nominal(rate) * self._endless(end, x, y)
            at, number = end, number + 1
        return self.out

    def _endless(self, end: Day, a: Day, b: Day) -> float:
        """Accrual as if the row's payment periods went on for ever."""
        row = self.r
        if row.open_ended or not is_thirty(row.count) or end <= row.maturity:
            return self.share(end, a, b)
        step = row.step or 1
        ahead = -(index(end) - index(row.maturity)) % step
        close = in_month(index(end) + ahead, row.day)
        first = in_month(index(close) - step, row.day)
        raw = years(first, b, row.count) - years(first, a, row.count)
        return raw * (step / 12) / years(first, close, row.count)
