"""Instalments of one position, compiled: level payments, principal due, cent rounding."""

from __future__ import annotations

import math

from behavior.engine.compiled import compiled
from behavior.engine.layout import ANNUITY, LINEAR, OPEN_ENDED, SCHEDULE, Records
from behavior.quantities import FloatArray

HALF_UP, HALF_EVEN, UP, UNROUNDED = range(4)
"""Places in `contracts.ROUNDINGS`, the words of `payment_rounding` and `interest_rounding`."""

ON_INTEREST = 4
"""`rounding_rule` is the rule of payments + this x the rule of interest."""

HAIR = 1e-6
"""Of a unit: decimal halves are not exact in binary."""


@compiled
def level_payment(balance: float, periodic: float, payments: float) -> float:
    """Level payment of an annuity: balance x c / (1 - (1 + c)^-n); balance / n at a rate of zero."""
    if payments <= 1.0:
        return balance * (1.0 + periodic)
    if abs(periodic) < 1e-14:
        return balance / payments
    return balance * periodic / -math.expm1(-payments * math.log1p(periodic))


@compiled
def period_rate(rate: float, compounding: float, span: float) -> float:
    """The nominal rate paid every `span` months that is worth `rate` compounded every `compounding` months."""
    if compounding <= 0.0 or span <= 0.0 or compounding == span:
        return rate
    grown = math.expm1(span / compounding * math.log1p(rate * compounding / 12.0))
    return grown * 12.0 / span


@compiled
def left_out(rate: float, margin: float, compounding: float, span: float) -> float:
    """What a margin is of the nominal rate paid every `span` months: the rate without it is compounded as it is."""
    if compounding <= 0.0:
        return margin
    return period_rate(rate, compounding, span) - period_rate(rate - margin, compounding, span)


@compiled
def rounded(amount: float, unit: float, rule: int) -> float:
    """An amount in whole units (0.01 = cents): halves away from zero, to even, or all that is over; unit 0 = as is."""
    if unit <= 0.0 or rule == UNROUNDED:
        return amount
    units = abs(amount) / unit
    whole = math.floor(units + 0.5 + HAIR)
    if rule == HALF_EVEN and abs(units - math.floor(units) - 0.5) < HAIR and whole % 2 == 1:
        whole -= 1
    if rule == UP:
        whole = math.ceil(units - HAIR)
    return math.copysign(whole, amount) * unit


@compiled
def rounded_payment(pos: Records, p: int, amount: float) -> float:
    """An instalment by the position's rule."""
    return rounded(amount, pos[p].rounding, pos[p].rounding_rule % ON_INTEREST)


@compiled
def rounded_interest(pos: Records, p: int, amount: float) -> float:
    """Interest by the position's rule."""
    return rounded(amount, pos[p].rounding, pos[p].rounding_rule // ON_INTEREST)


@compiled
def payments_left(pos: Records, p: int, j: int) -> int:
    """Payments from event j on, that one included."""
    step = pos[p].payment
    if step == 0:
        return 1
    return int((pos[p].events - j) // step + 1)


@compiled
def level_now(pos: Records, p: int, j: int, balance: float, rate: float, made: float) -> float:
    """The level payment that would clear the balance, `made` amortising payments having gone before; the first one as
    agreed where the row says so."""
    if pos[p].agreed > 0.0 and made == 0.0:
        return float(pos[p].agreed)
    count = float(payments_left(pos, p, j))
    if pos[p].level > 0:
        count = max(1.0, pos[p].level - made)
    span = float(pos[p].payment)
    return rounded_payment(pos, p, level_payment(balance, rate * span / 12.0, count))


@compiled
def linear_part(pos: Records, p: int, j: int, balance: float) -> float:
    """Equal principal of a linear loan."""
    count = float(payments_left(pos, p, j))
    if pos[p].level > 0:
        count = float(pos[p].level)
    return rounded_payment(pos, p, balance / count)


@compiled
def principal_due(
    pos: Records, p: int, j: int, balance: float, interest: float, payment: float, scale: float, schedule: FloatArray
) -> float:
    """Contractual principal at event j; negative where a payment does not cover the interest; the last one clears."""
    kind = pos[p].repayment
    if kind == OPEN_ENDED:
        return 0.0
    if j == pos[p].events:
        return balance
    due = 0.0
    if kind == SCHEDULE:
        due = schedule[pos[p].schedule + j - 1] * scale
    elif j >= pos[p].amortises_from:
        if kind == ANNUITY:
            due = payment - interest
        elif kind == LINEAR:
            due = payment
    return min(due, balance)
