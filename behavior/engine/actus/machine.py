"""The state machine of one leg: accrue to each event, then act on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from behavior.engine.actus.cycles import ONE_DAY, Moment, day_of, period_after
from behavior.engine.actus.observed import Observed
from behavior.engine.actus.schedules import (
    ORDER,
    Planned,
    fee_events,
    interest_moments,
    maturity_of,
    plan,
    redemption_anchor,
    redemption_moments,
)
from behavior.engine.actus.terms import Terms
from behavior.months import year_fraction


@dataclass(frozen=True)
class Event:
    """One event and the state after it.

    Parameters
    ----------
    time : when it happens. scheduled : before any business-day shift.
    kind : ACTUS event type.
    payoff : paid to the holder, currency units.
    notional, accrued : signed by the holder's role. rate : decimals a year.
    """

    time: Moment
    scheduled: Moment
    kind: str
    payoff: float
    currency: str
    notional: float
    rate: float
    accrued: float


class State:
    """What a leg knows between events, changing from one to the next; money is signed by the holder's role.

    payment : next redemption payment, positive. base : what interest is calculated on. principal_scale and
    interest_scale : scaling by an index. due : interest of called money, fixed and not yet paid. fee : accrued and not
    yet paid. running : false once nothing accrues any more.
    """

    def __init__(self) -> None:
        self.notional = self.rate = self.accrued = self.base = self.payment = self.due = self.fee = 0.0
        self.principal_scale = self.interest_scale = 1.0
        self.running = True


class Leg:
    """A contract of one leg on its way through its events."""

    def __init__(self, terms: Terms, observed: Observed, horizon: Moment | None) -> None:
        self.terms, self.observed, self.horizon = terms, observed, horizon
        self.role = terms.role
        self.days = terms.business_days
        self.lagging = terms.text("interestCalculationBase", "NT") == "NTL"
        self.fee_rate = terms.number("feeRate", 0.0) if terms.text("feeBasis", "N") == "N" else 0.0
        self.state = State()

    def follow_base(self) -> None:
        """The base follows the notional, except where it lags behind by its own schedule."""
        if not self.lagging:
            self.state.base = self.state.notional

    def issue(self) -> None:
        """Notional, rate and base as they are once the contract is issued."""
        state, terms = self.state, self.terms
        state.notional = self.role * terms.number("notionalPrincipal")
        state.rate = terms.number("nominalInterestRate", 0.0)
        state.base = self.role * terms.number("interestCalculationBaseAmount", abs(state.notional))
        self.follow_base()

    def begin(self, status: Moment) -> None:
        """The state on the status date."""
        state, terms = self.state, self.terms
        maturity = maturity_of(terms, self.horizon)
        state.payment = self.first_payment(maturity)
        if terms.needed_moment("initialExchangeDate") > status:
            return
        self.issue()
        if terms.has("accruedInterest"):
            state.accrued = self.role * terms.number("accruedInterest")
        elif terms.contract_type not in ("CLM", "UMP"):
            paid = [moment for moment in interest_moments(terms, maturity) if moment <= status]
            if paid:
                state.accrued = state.rate * state.base * self.years(day_of(paid[-1]), day_of(status))
        self.begin_fee(status, maturity)
        unfixed = terms.contract_type == "ANN" and not terms.has("nextPrincipalRedemptionPayment")
        if unfixed and redemption_anchor(terms) - ONE_DAY <= status:
            state.payment = self.annuity(status)

    def begin_fee(self, status: Moment, maturity: Moment) -> None:
        """The fee accrued by the status date: as given, else since the last day a fee was paid."""
        terms, state = self.terms, self.state
        if terms.has("feeAccrued"):
            state.fee = self.role * terms.number("feeAccrued")
        elif self.fee_rate:
            paid = [event.scheduled for event in fee_events(terms, maturity) if event.scheduled <= status]
            since = paid[-1] if paid else terms.needed_moment("initialExchangeDate")
            state.fee = self.fee_rate * state.notional * self.years(day_of(since), day_of(status))

    def first_payment(self, maturity: Moment) -> float:
        """The redemption payment of the terms; of LAM without one the notional over its redemptions."""
        terms = self.terms
        if terms.has("nextPrincipalRedemptionPayment"):
            return terms.number("nextPrincipalRedemptionPayment")
        if terms.contract_type == "LAM":
            return terms.number("notionalPrincipal") / len(redemption_moments(terms, maturity, with_end=True))
        return 0.0

    def years(self, start: Moment, end: Moment) -> float:
        """Year fraction on the contract's day count."""
        return float(year_fraction(start, end, self.terms.day_count))

    def annuity(self, at: Moment) -> float:
        """The level payment that repays notional and accrued interest by the end of amortisation.

        (N + a) Π (1 + r Y_i) / (1 + Σ_i Π_{j ≥ i} (1 + r Y_j)). Y_i : periods between the remaining redemptions; a :
        interest accrued to the first of them.
        """
        terms, state = self.terms, self.state
        end = terms.moment("amortizationDate")
        until = maturity_of(terms, self.horizon) if end is None else end
        moments = [moment for moment in redemption_moments(terms, until, with_end=True) if moment > at]
        if not moments:
            return abs(state.notional)
        to_first = state.rate * abs(state.base) * self.years(day_of(at), day_of(moments[0]))
        owed = abs(state.notional) + self.role * state.accrued + to_first
        growth = [1.0 + state.rate * self.years(day_of(first), day_of(second)) for first, second in pairwise(moments)]
        total, product = 1.0, 1.0
        for factor in reversed(growth):
            product *= factor
            total += product
        return owed * product / total

    def run(self) -> list[Event]:
        """Events after the status date, in order; those before a purchase happen and are not shown."""
        terms = self.terms
        status = terms.needed_moment("statusDate")
        planned = sorted(
            plan(terms, self.observed, self.horizon),
            key=lambda event: (self.days.paid(event.scheduled), ORDER[event.kind]),
        )
        self.begin(status)
        found: list[Event] = []
        last = day_of(status)
        for event in planned:
            moment = event.scheduled if event.kind in ("IED", "PRD", "TD") else self.days.paid(event.scheduled)
            if moment <= status:
                continue
            now = day_of(
                event.scheduled if event.kind in ("IED", "PRD", "TD") else self.days.calculated(event.scheduled)
            )
            if self.state.running:
                years = self.years(last, now)
                self.state.accrued += self.state.rate * self.state.base * years
                self.state.fee += self.fee_rate * self.state.notional * years
            last = now
            payoff = ACTIONS[event.kind](self, event)
            state = self.state
            if event.kind == "PRD":
                found = []
            found.append(
                Event(
                    moment,
                    event.scheduled,
                    event.kind,
                    payoff,
                    terms.currency,
                    state.notional,
                    state.rate,
                    state.accrued,
                )
            )
            if event.kind in ("TD", "MD", "STD"):
                break
        return found


def _issue(leg: Leg, event: Planned) -> float:
    leg.issue()
    terms = leg.terms
    leg.state.accrued = leg.role * terms.number("accruedInterest", 0.0)
    anchor = terms.moment("cycleAnchorDateOfInterestPayment")
    if anchor is not None and anchor < event.scheduled and not terms.has("accruedInterest"):
        leg.state.accrued = leg.state.rate * leg.state.base * leg.years(day_of(anchor), day_of(event.scheduled))
    return -leg.role * (terms.number("notionalPrincipal") + terms.number("premiumDiscountAtIED", 0.0))


def _redeem(leg: Leg, event: Planned) -> float:
    state = leg.state
    amount = state.payment if event.amount is None else event.amount
    if leg.terms.contract_type in ("NAM", "ANN"):
        amount -= leg.role * state.accrued
    amount = min(amount, abs(state.notional))
    state.notional -= leg.role * amount
    leg.follow_base()
    return state.principal_scale * leg.role * amount


def _increase(leg: Leg, event: Planned) -> float:
    amount = event.amount or 0.0
    leg.state.notional += leg.role * amount
    leg.follow_base()
    return -leg.role * amount


def _pay_interest(leg: Leg, event: Planned) -> float:
    paid = leg.state.interest_scale * leg.state.accrued + leg.state.due
    leg.state.accrued = leg.state.due = 0.0
    return paid


def _pay_fee(leg: Leg, event: Planned) -> float:
    # An absolute fee is paid as it is; a share of the notional has accrued since the last one.
    terms, owed = leg.terms, leg.state.fee
    leg.state.fee = 0.0
    return leg.role * terms.number("feeRate") if terms.text("feeBasis", "N") == "A" else owed


def _capitalise(leg: Leg, event: Planned) -> float:
    leg.state.notional += leg.state.accrued
    leg.state.accrued = 0.0
    leg.follow_base()
    return 0.0


def _reset(leg: Leg, event: Planned) -> float:
    terms, state = leg.terms, leg.state
    fixing = leg.observed.at(terms.text("marketObjectCodeOfRateReset"), event.scheduled)
    spread = terms.number("rateSpread", 0.0) if event.rate is None else event.rate
    change = fixing * terms.number("rateMultiplier", 1.0) + spread - state.rate
    change = min(max(change, terms.number("periodFloor", -np.inf)), terms.number("periodCap", np.inf))
    state.rate = min(max(state.rate + change, terms.number("lifeFloor", -np.inf)), terms.number("lifeCap", np.inf))
    return 0.0


def _reset_known(leg: Leg, event: Planned) -> float:
    leg.state.rate = leg.terms.number("nextResetRate") if event.rate is None else event.rate
    return 0.0


def _fix_payment(leg: Leg, event: Planned) -> float:
    leg.state.payment = leg.annuity(event.scheduled)
    return 0.0


def _scale(leg: Leg, event: Planned) -> float:
    terms, effect = leg.terms, leg.terms.text("scalingEffect", "OOO")
    index = leg.observed.at(terms.text("marketObjectCodeOfScalingIndex"), event.scheduled)
    growth = index / terms.number("scalingIndexAtContractDealDate")
    if effect[0] == "I":
        leg.state.interest_scale = growth * terms.number("interestScalingMultiplier", 1.0)
    if effect[1] == "N":
        leg.state.principal_scale = growth * terms.number("notionalScalingMultiplier", 1.0)
    return 0.0


def _follow(leg: Leg, event: Planned) -> float:
    leg.state.base = leg.state.notional
    return 0.0


def _purchase(leg: Leg, event: Planned) -> float:
    # The standard adds the accrued interest with its own sign, whoever buys.
    return -leg.role * (leg.terms.number("priceAtPurchaseDate") + leg.state.accrued)


def _terminate(leg: Leg, event: Planned) -> float:
    paid = leg.role * (leg.terms.number("priceAtTerminationDate") + leg.state.accrued)
    leg.state.notional = leg.state.accrued = leg.state.base = 0.0
    return paid


def _mature(leg: Leg, event: Planned) -> float:
    state = leg.state
    paid = state.principal_scale * state.notional + state.interest_scale * state.accrued
    state.notional = state.accrued = state.base = 0.0
    return paid


def _call(leg: Leg, event: Planned) -> float:
    # Called money earns nothing more; after a notice its interest is a claim paid at settlement and no accrual.
    state = leg.state
    state.running = False
    if period_after(event.scheduled, leg.terms.text("xDayNotice", "P0D"), leg.terms.contract_id) > event.scheduled:
        state.due, state.accrued = state.accrued, 0.0
    return 0.0


ACTIONS: Mapping[str, Callable[[Leg, Planned], float]] = MappingProxyType(
    {
        "IED": _issue,
        "FP": _pay_fee,
        "PR": _redeem,
        "PI": _increase,
        "IP": _pay_interest,
        "IPCI": _capitalise,
        "RR": _reset,
        "RRF": _reset_known,
        "PRF": _fix_payment,
        "SC": _scale,
        "IPCB": _follow,
        "PRD": _purchase,
        "TD": _terminate,
        "MD": _mature,
        "XD": _call,
        "STD": _mature,
    }
)
