"""A slow, plain valuation written from the conventions sentence by sentence; no code shared with the engine.

One position, one scenario, one date at a time, in Python's own dates and floats. The curves are functions of
time in years; behaviour is given as plain functions or small tables.
"""

from __future__ import annotations

import bisect
import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from scipy.interpolate import PchipInterpolator

DAY = dt.timedelta(days=1)


def last_of(year: int, month: int) -> int:
    first = dt.date(year + month // 12, month % 12 + 1, 1)
    return (first - DAY).day


def number(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def on(month: int, day: int) -> dt.date:
    """The event of a month for a payment day; 31 stands for month ends."""
    year, place = divmod(month, 12)
    return dt.date(year, place + 1, min(day, last_of(year, place + 1)))


def payment_day(anchor: dt.date) -> int:
    return 31 if (anchor + DAY).month != anchor.month else anchor.day


def roll(anchor: dt.date, months: int) -> dt.date:
    return on(number(anchor) + months, payment_day(anchor))


def raw(a: dt.date, b: dt.date, count: str) -> float:
    if count.startswith("30"):
        d1, d2 = a.day, b.day
        if count == "30/360":
            d1 = min(d1, 30)
            if d2 == 31 and d1 == 30:
                d2 = 30
        elif count == "30E/360":
            d1, d2 = min(d1, 30), min(d2, 30)
        return (360 * (b.year - a.year) + 30 * (b.month - a.month) + d2 - d1) / 360
    if count == "ACT/360":
        return (b - a).days / 360
    if count == "ACT/365F":
        return (b - a).days / 365
    total = 0.0
    for year in range(a.year, b.year + 1):
        lo, hi = max(a, dt.date(year, 1, 1)), min(b, dt.date(year + 1, 1, 1))
        if hi > lo:
            total += (hi - lo).days / (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
    return total


def completed_months(start: dt.date, end: dt.date) -> int:
    """Largest n with start + n months (clipped to short months) on or before the end."""
    n = number(end) - number(start)
    year, place = divmod(number(start) + n, 12)
    return n - (dt.date(year, place + 1, min(start.day, last_of(year, place + 1))) > end)


@dataclass
class OracleCurve:
    """Zero rates by tenor date, linear, flat outside; shocked by a function of time."""

    as_of: dt.date
    months: list[int]
    zeros: list[float]

    @cached_property
    def times(self) -> list[float]:
        return [(roll(self.as_of, m) - self.as_of).days / 365 for m in self.months]

    @cached_property
    def cubic(self) -> Any:
        return PchipInterpolator(self.times, self.zeros)

    def zero(self, t: float) -> float:
        times = self.times
        if t <= times[0]:
            return self.zeros[0]
        if t >= times[-1]:
            return self.zeros[-1]
        k = bisect.bisect_right(times, t) - 1
        w = (t - times[k]) / (times[k + 1] - times[k])
        return self.zeros[k] * (1 - w) + self.zeros[k + 1] * w

    def smooth(self, t: float) -> float:
        times = self.times
        return float(self.cubic(min(max(t, times[0]), times[-1])))


@dataclass
class OracleWorld:
    as_of: dt.date
    discount: OracleCurve
    indices: dict[str, OracleCurve]
    shifts: list[Any]
    mortgage_today: float = 0.05
    history: dict[str, list[tuple[dt.date, float]]] = field(default_factory=dict)
    known: dict[Any, Any] = field(default_factory=dict)

    def once(self, key: Any, make: Any) -> Any:
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def years(self, day: dt.date) -> float:
        return (day - self.as_of).days / 365

    def df(self, s: int, day: dt.date) -> float:
        t = self.years(day)
        return math.exp(-(self.discount.zero(t) + self.shifts[s](t)) * t)

    def forward(self, s: int, index: str, a: dt.date, b: dt.date, accrual: float) -> float:
        curve = self.indices[index]

        def factor(t: float) -> float:
            return math.exp(-(curve.zero(t) + self.shifts[s](t)) * t)

        return (factor(self.years(a)) / factor(self.years(b)) - 1) / accrual

    def zero_between(self, s: int, a: dt.date, b: dt.date) -> float:
        return math.log(self.df(s, a) / self.df(s, b)) / (self.years(b) - self.years(a))

    def driver_forward(self, s: int, a: dt.date, b: dt.date) -> float:
        ta, tb = self.years(a), self.years(b)
        zb = self.discount.smooth(tb) + self.shifts[s](tb)
        if ta == 0:
            return zb
        return (zb * tb - (self.discount.smooth(ta) + self.shifts[s](ta)) * ta) / (tb - ta)

    def month(self, k: int) -> dt.date:
        return self.once(("month", k), lambda: roll(self.as_of, k))

    def short(self, s: int, k: int) -> float:
        return self.once(("short", s, k), lambda: self.short_rate(s, k))

    def mortgage(self, s: int, k: int, lag: int, tenor: int) -> float:
        return self.once(("mortgage", s, k, lag, tenor), lambda: self.mortgage_rate(s, k, lag, tenor))

    def short_rate(self, s: int, k: int) -> float:
        a, b = self.month(k - 1), self.month(k)
        tau = self.years(b) - self.years(a)
        return (math.exp(self.driver_forward(s, a, b) * tau) - 1) / tau

    def past(self, index: str, day: dt.date) -> float | None:
        known = [value for date, value in self.history.get(index, []) if date <= day]
        return known[-1] if known else None

    def mortgage_rate(self, s: int, k: int, lag: int, tenor: int) -> float:
        j = k - lag
        if j < 1:
            value = self.past("MORTGAGE30", self.month(j - 1))
            return self.mortgage_today if value is None else value
        a, b = self.month(j - 1), roll(self.as_of, j - 1 + tenor)
        now = self.discount.smooth(self.years(roll(self.as_of, tenor)))
        return self.mortgage_today + self.driver_forward(s, a, b) - now


def table_at(axes: list[list[float]], values: Any, point: list[float]) -> float:
    """Multilinear lookup on nested lists, clamped."""
    if not axes:
        return float(values)
    nodes, x = axes[0], point[0]
    x = min(max(x, nodes[0]), nodes[-1])
    k = min(max(bisect.bisect_right(nodes, x) - 1, 0), max(len(nodes) - 2, 0))
    if len(nodes) == 1:
        return table_at(axes[1:], values[0], point[1:])
    w = (x - nodes[k]) / (nodes[k + 1] - nodes[k])
    low = table_at(axes[1:], values[k], point[1:])
    high = table_at(axes[1:], values[k + 1], point[1:])
    return low * (1 - w) + high * w


@dataclass
class OracleCause:
    """One RUNOFF curve: months from 1 without holes, up to two drivers."""

    column: str
    months: list[int]
    drivers: list[str]
    grids: list[list[float]]
    values: Any
    since_origination: bool = False
    season: list[float] | None = None
    lag: int = 0
    tenor: int = 120
    threshold: float = 0.0

    def node(self, values: Any, depth: int, m: int) -> Any:
        if depth == len(self.grids):
            if m <= self.months[-1]:
                return values[m - 1]
            return max(values[-1], sum(values[-24:]) / len(values[-24:]))
        return [self.node(part, depth + 1, m) for part in values]

    def hazard(self, m: int, point: list[float], calendar_month: int) -> float:
        value = table_at(self.grids, self.node(self.values, 0, m), point)
        factor = 1.0 if self.season is None else self.season[calendar_month - 1]
        return min(max(value * factor, 0.0), 1.0)


@dataclass
class OracleBeta:
    """Target by level of the short rate, speeds and delays by direction."""

    levels: list[float]
    marginal: list[float]
    up: float
    down: float
    delay_up: int = 0
    delay_down: int = 0

    def integral(self, a: float, b: float) -> float:
        if b < a:
            return -self.integral(b, a)
        cuts = sorted({a, b, *(x for x in self.levels if a < x < b)})
        total = 0.0
        for lo, hi in pairwise(cuts):
            ends = [table_at([self.levels], self.marginal, [x]) for x in (lo, hi)]
            total += (hi - lo) * (ends[0] + ends[1]) / 2
        return total


@dataclass
class Position:
    balance: float
    rate: float
    repayment: str
    rate_type: str = "fixed"
    maturity: dt.date | None = None
    origination: dt.date | None = None
    payment_months: int = 1
    count: str = "30/360"
    index: str = ""
    spread: float = 0.0
    next_reset: dt.date | None = None
    reset_months: int = 0
    cap: float = math.inf
    floor: float | None = None
    periodic_cap: float = math.inf
    amortization_months: int | None = None
    amortization_start: dt.date | None = None
    causes: list[OracleCause] = field(default_factory=list)
    beta: OracleBeta | None = None
    money: float = 0.0
    margin: float = 0.0
    renewal_margin: float = 0.0


@dataclass
class Answer:
    value: float = 0.0
    flows: Any = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    income: Any = field(default_factory=lambda: defaultdict(float))
    constant: Any = field(default_factory=lambda: defaultdict(float))
    repricing: list[tuple[dt.date, float]] = field(default_factory=list)
    gone: list[tuple[dt.date, float]] = field(default_factory=list)


class Walk:
    """One position along one scenario."""

    def __init__(self, world: OracleWorld, pos: Position, s: int) -> None:
        self.w, self.p, self.s = world, pos, s
        open_ended = pos.repayment == "none"
        self.day = payment_day(world.as_of) if open_ended else payment_day(pos.maturity)
        self.pm = 1 if open_ended else pos.payment_months
        if open_ended:
            self.events = [roll(world.as_of, k) for k in range(1, 481)]
        else:
            self.events, k = [], 0
            while (day := on(number(pos.maturity) - k, self.day)) > world.as_of:
                self.events.insert(0, day)
                k += 1
        self.n = len(self.events)
        self.open_ended = open_ended

    def event(self, j: int) -> dt.date:
        return on(number(self.events[0]) + j - 1, self.day)

    def period(self, j: int) -> tuple[dt.date, dt.date, int]:
        """The interest period that interval j lies in, and its regular months."""
        if self.pm == 0:
            a, b = self.p.origination, self.p.maturity
            months = number(b) - number(a)
            return a, b, months if roll(b, -months) == a else 0
        ahead = (self.n - j) % self.pm
        return self.event(j + ahead - self.pm), self.event(j + ahead), self.pm

    def accrued(self, j: int, x: dt.date) -> float:
        a, b, months = self.period(j)
        if self.p.count.startswith("30") and months:
            return months / 12 * raw(a, x, self.p.count) / raw(a, b, self.p.count)
        return raw(a, x, self.p.count)

    def pays(self, j: int) -> bool:
        return j == self.n or (self.pm > 0 and (self.n - j) % self.pm == 0)

    def month_of(self, day: dt.date) -> int:
        k = number(day) - number(self.w.as_of)
        return k + (roll(self.w.as_of, k) < day)

    def near(self, day: dt.date) -> range:
        """Months whose bounds may lie in the interval that begins at a day."""
        k = self.month_of(day)
        return range(max(k - 2, 0), k + 4)

    def resets(self) -> list[dt.date]:
        if self.p.rate_type != "floating":
            return []
        first = self.p.next_reset
        grid = on(number(first), self.day) == first
        day = self.day if grid else payment_day(first)
        return [on(number(first) + i * self.p.reset_months, day) for i in range(600)]

    def reset_rate(self, day: dt.date, old: float) -> float:
        p = self.p
        end = roll(day, p.reset_months)
        accrual = p.reset_months / 12 if p.count.startswith("30") else raw(day, end, p.count)
        new = self.w.forward(self.s, p.index, day, end, accrual) + p.spread
        new = min(max(new, old - p.periodic_cap), old + p.periodic_cap)
        return min(max(new, -math.inf if p.floor is None else p.floor), p.cap)

    def deposit_path(self, months: int) -> list[float]:
        """Rate paid in months 0 .. months."""
        p, b = self.p, self.p.beta
        path = [p.rate]
        if b is None:
            return path * (months + 1)
        levels = [self.w.short(0, 1)] + [self.w.short(self.s, k) for k in range(1, months + 1)]
        past: list[float] = []
        k = 0
        while (value := self.w.past("SHORT", self.w.month(-k))) is not None:
            past.insert(0, value)
            k += 1
        owed, earlier = 0.0, []
        if len(past) > 1:
            targets = [b.integral(past[0], level) for level in past]
            paid = [0.0]
            for m in range(1, len(past)):
                up = targets[max(m - b.delay_up, 0)]
                down = targets[max(m - b.delay_down, 0)]
                last = paid[-1]
                paid.append(last + b.up * max(up - last, 0) + b.down * min(down - last, 0))
            owed = targets[-1] - paid[-1]
            earlier = [t - targets[-1] for t in targets[:-1]]
        start = p.rate + owed
        target = [start + b.integral(levels[0], level) for level in levels]

        def seen(m: int) -> float:
            if m >= 0:
                return target[m]
            if not earlier:
                return start
            return start + earlier[max(len(earlier) + m, 0)]

        floor = 0.0 if p.floor is None else p.floor
        for m in range(1, months + 1):
            last = path[-1]
            up, down = max(seen(m - b.delay_up) - last, 0), min(seen(m - b.delay_down) - last, 0)
            path.append(max(last + b.up * up + b.down * down, min(floor, last)))
        return path

    def rate_pieces(self, a: dt.date, b: dt.date, rate: float) -> tuple[list[tuple[dt.date, dt.date, float]], float]:
        """Rates in force between two dates: (from, to, rate), and the rate at the end."""
        if self.p.rate_type == "administered":
            cuts = [a, *(self.w.month(k) for k in self.near(a) if a < self.w.month(k) < b), b]
            pieces = []
            for lo, hi in pairwise(cuts):
                m = self.month_of(hi) if hi > self.w.as_of else 0
                pieces.append((lo, hi, self.path[max(m, 0)]))
            return pieces, pieces[-1][2]
        inside = [day for day in self.reset_dates if a <= day < b and day > self.w.as_of]
        pieces, at = [], a
        for day in inside:
            if day > at:
                pieces.append((at, day, rate))
            rate, at = self.reset_rate(day, rate), day
        pieces.append((at, b, rate))
        return pieces, rate

    def level(self, balance: float, rate: float, j: int, made: int) -> float:
        left = (self.n - j) // self.pm + 1
        if self.p.amortization_months:
            left = max(1, self.p.amortization_months // self.pm - made)
        c = rate * self.pm / 12
        if left == 1:
            return balance * (1 + c)
        return balance / left if abs(c) < 1e-14 else balance * c / (1 - (1 + c) ** -left)

    def run(self) -> Answer:
        w, p = self.w, self.p
        out = Answer()
        self.reset_dates = self.resets()
        if p.rate_type == "administered":
            self.path = self.deposit_path(max(self.n, 62) + 2)
        balance, rate = p.balance, p.rate
        # The first flow is a full coupon: what accrued before the event before as-of.
        owed = balance * self.accrued(1, self.event(0)) * rate
        less = balance * self.accrued(1, self.event(0)) * p.margin
        if self.period(1)[0] >= self.event(0):
            owed = less = 0.0
        first_amortising = self.first_amortising()
        payment = part = None
        made, changes, start_rate, start_changes, known = 0, 0, p.rate, 0, 0
        period_start = self.event(0) if self.period(1)[0] == self.event(0) else None
        money = [p.money for _ in p.causes]
        repriced = False
        for k in range(1, self.month_of(self.events[0])):
            out.flows[k]["closing_balance"] += balance
        for j, day in enumerate(self.events, start=1):
            before = self.event(j - 1)
            old_rate, old_changes = rate, changes
            pieces, rate = self.rate_pieces(before, day, rate)
            at_start = False
            if p.rate_type == "floating":
                hit = [x for x in self.reset_dates if before <= x < day and x > w.as_of]
                changes += len(hit)
                at_start = bool(hit) and hit[0] == before
                if hit and not repriced:
                    out.repricing.append((hit[0], balance))
                    repriced = True
            elif p.rate_type == "administered" and rate != old_rate:
                changes += 1
                at_start = pieces[0][2] == rate
            if period_start == before:
                # The level payment is made of the rate that its period begins with.
                start_rate = pieces[0][2]
                start_changes = changes if at_start else old_changes
            month_start = w.month(j - 1)
            behaviour_rate = old_rate
            if p.rate_type == "floating":
                for lo, _, r in pieces:
                    if lo <= month_start:
                        behaviour_rate = r
            for lo, hi, r in pieces:
                cuts = [lo, *(w.month(k) for k in self.near(lo) if lo < w.month(k) < hi), hi]
                for a, b in pairwise(cuts):
                    amount = balance * (self.accrued(j, b) - self.accrued(j, a)) * r
                    owed += amount
                    if b > w.as_of and self.month_of(b) <= 60:
                        out.income[self.month_of(b)] += amount
            less += balance * (self.accrued(j, day) - self.accrued(j, before)) * p.margin
            month = self.month_of(day)
            cash, gone = 0.0, 0.0
            if self.pays(j):
                due = 0.0
                if self.open_ended:
                    due = 0.0
                elif j == self.n:
                    due = balance
                elif j >= first_amortising:
                    if p.repayment in ("annuity", "interest_only"):
                        if payment is None or start_changes != known:
                            payment = self.level(balance, start_rate, j, made)
                            known = start_changes
                        due = payment - owed
                    elif p.repayment == "linear":
                        if part is None:
                            left = (self.n - j) // self.pm + 1
                            part = balance / (p.amortization_months // self.pm if p.amortization_months else left)
                        due = part
                    due = min(due, balance)
                if j >= first_amortising:
                    made += 1
                out.flows[month]["interest"] += owed
                if due >= 0:
                    out.flows[month]["scheduled"] += due
                else:
                    out.flows[month]["capitalised"] -= due
                cash += owed - less + due
                gone += max(due, 0.0)
                signed_due = due
                owed = less = 0.0
                balance -= due
                period_start = day
            else:
                signed_due = 0.0
                period_start = None
            leaving = 0.0
            if p.causes and (j < self.n or self.open_ended):
                hazards = []
                for i, cause in enumerate(p.causes):
                    incentive = behaviour_rate - w.mortgage(self.s, j, cause.lag, cause.tenor)
                    point = {
                        "incentive": incentive,
                        "level": w.short(self.s, j),
                        "spread": w.short(self.s, j) - behaviour_rate,
                        "money": money[i],
                    }
                    m = j + (self.age() if cause.since_origination else 0)
                    hazards.append(cause.hazard(m, [point[d] for d in cause.drivers], day.month))
                    if incentive > cause.threshold:
                        money[i] += 1
                total = 1.0
                for h in hazards:
                    total *= 1 - h
                total = 1 - total
                leaving = balance * total
                if total > 0:
                    for h, cause in zip(hazards, p.causes, strict=True):
                        out.flows[month][cause.column] += leaving * h / sum(hazards)
                    out.flows[month]["accrued_interest"] += owed * total
                    cash += leaving + (owed - less) * total
                    owed, less = owed * (1 - total), less * (1 - total)
                    balance -= leaving
                    if payment is not None:
                        payment *= 1 - total
                    if part is not None:
                        part *= 1 - total
            if j == self.n and self.open_ended:
                out.flows[month]["withdrawal"] += balance
                cash += balance
                leaving += balance
                balance = 0.0
            gone += leaving
            out.gone.append((day, gone))
            if not repriced:
                out.repricing.append((day, signed_due + leaving))
            out.value += cash * w.df(self.s, day)
            if j < self.n:
                for k in range(month, self.month_of(self.event(j + 1))):
                    out.flows[k]["closing_balance"] += balance
        self.constant(out)
        return out

    def age(self) -> int:
        return max(completed_months(self.p.origination, self.w.as_of), 0)

    def first_amortising(self) -> int:
        if self.p.repayment != "interest_only":
            return 1
        start = self.p.amortization_start
        if start is None:
            return self.n + 1
        for j in range(1, self.n + 1):
            if self.pays(j) and self.event(j - self.pm) >= min(
                start, self.event(j - self.pm) if start <= self.w.as_of else start
            ):
                return j
        return self.n + 1

    def constant(self, out: Answer) -> None:
        """Income of 60 months when everything that leaves is renewed."""
        w, p = self.w, self.p
        horizon = w.month(60)
        if p.rate_type == "administered" or self.open_ended:
            rate = p.rate
            for j in range(1, 63):
                a, b = self.event(j - 1), self.event(j)
                if a >= horizon:
                    break
                pieces, rate = self.rate_pieces(a, b, rate)
                for lo, hi, r in pieces:
                    cuts = [lo, *(w.month(k) for k in self.near(lo) if lo < w.month(k) < hi), hi]
                    for x, y in pairwise(cuts):
                        if y > w.as_of and self.month_of(y) <= 60:
                            out.constant[self.month_of(y)] += p.balance * (self.accrued(j, y) - self.accrued(j, x)) * r
            return
        for k, v in out.income.items():
            out.constant[k] += v
        term = max(completed_months(p.origination, p.maturity), 1)
        for day, amount in out.gone:
            if day <= horizon and amount:
                self.slice(out, day, amount, term, horizon)

    def slice(self, out: Answer, day: dt.date, amount: float, term: int, horizon: dt.date) -> None:
        p, w = self.p, self.w
        span = p.reset_months if p.rate_type == "floating" else term
        end = on(number(day) + span, self.day)
        if p.rate_type == "floating":
            stop = roll(day, span)
            accrual = span / 12 if p.count.startswith("30") else raw(day, stop, p.count)
            rate = w.forward(self.s, p.index, day, stop, accrual) + p.spread
            rate = min(max(rate, -math.inf if p.floor is None else p.floor), p.cap)
        else:
            rate = w.zero_between(self.s, day, roll(day, span)) + p.renewal_margin
        step = min(p.payment_months, span) if p.payment_months else span
        at = day
        while at < min(end, horizon):
            close = on(number(at) + step, self.day)
            stop = min(close, end)
            cuts = [
                at,
                *(
                    w.month(k)
                    for k in range(max(self.month_of(at) - 1, 1), min(62, self.month_of(stop) + 1))
                    if at < w.month(k) < stop
                ),
                stop,
            ]
            for a, b in pairwise(cuts):
                if p.count.startswith("30"):
                    whole = raw(at, close, p.count)
                    part = step / 12 * (raw(at, b, p.count) - raw(at, a, p.count)) / whole
                else:
                    part = raw(a, b, p.count)
                if self.month_of(b) <= 60:
                    out.constant[self.month_of(b)] += amount * rate * part
            at = stop
        if end < horizon:
            self.slice(out, end, amount, term, horizon)
