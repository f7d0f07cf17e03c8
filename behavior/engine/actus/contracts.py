"""Contracts as a whole: one leg, two legs, limits on a leg, and positions of cash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import Any

from behavior.engine.actus.cycles import Moment, day_of
from behavior.engine.actus.machine import Event, Leg
from behavior.engine.actus.observed import Observed
from behavior.engine.actus.schedules import ORDER
from behavior.engine.actus.terms import Terms
from behavior.engine.actus.vocabulary import RESET
from behavior.errors import Fault, SpecFault

RECEIVE, PAY = "RPA", "RPL"


def _one_leg(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Event]:
    return Leg(terms, observed, horizon).run()


def _cash(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Event]:
    amount, status = terms.role * terms.number("notionalPrincipal"), terms.needed_moment("statusDate")
    return [
        Event(moment, moment, kind, 0.0, terms.currency, amount, 0.0, 0.0)
        for moment, kind, _ in sorted(observed.events, key=lambda event: event[0])
        if kind == "AD" and moment > status
    ]


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.time, ORDER[event.kind]))


def _as_leg(raw: Mapping[str, Any], role: str, **changed: Any) -> Terms:
    return Terms.of({**raw, "contractRole": role, **changed})


# Plain vanilla swaps ------------------------------------------------------------------------------------------------


def plain_swap_legs(terms: Terms) -> tuple[Terms, Terms]:
    """The fixed and the floating leg as contracts of their own, whose notional this swap does not exchange."""
    own = {"nominalInterestRate2", "deliverySettlement"}
    shared = {name: value for name, value in terms.raw.items() if name not in own}
    plain = {name: value for name, value in shared.items() if name not in RESET}
    roles = (RECEIVE, PAY) if terms.role > 0 else (PAY, RECEIVE)
    second = {"contractType": "PAM", "nominalInterestRate": terms.number("nominalInterestRate2")}
    return _as_leg(plain, roles[0], contractType="PAM"), _as_leg(shared, roles[1], **second)


def _plain_swap(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Event]:
    """Fixed against floating interest on one notional; the rate shown is the floating one, the accrual the fixed."""
    fixed, floating = (Leg(leg, observed, horizon) for leg in plain_swap_legs(terms))
    kept = {"IP": "IPFL", "RR": "RR", "RRF": "RRF"}
    paid = floating.run()
    floats = [replace(event, kind=kept[event.kind]) for event in paid if event.kind in kept]
    named = [replace(event, kind="IPFX") if event.kind == "IP" else event for event in fixed.run()]
    # A purchase comes after resets that are not shown; its own event knows the rate.
    rate = next((event.rate for event in paid if event.kind == "PRD"), terms.number("nominalInterestRate2"))
    found = _plain_swap_states(terms, _in_order([*named, *floats]), fixed, rate)
    return _netted_interest(found) if terms.text("deliverySettlement", "D") == "S" else found


def _plain_swap_states(terms: Terms, events: list[Event], fixed: Leg, rate: float) -> list[Event]:
    """Both legs' events with the swap's own payoffs and state."""
    price = {"IED": 0.0, "MD": 0.0}
    for term, kind, sign in (("priceAtPurchaseDate", "PRD", -1.0), ("priceAtTerminationDate", "TD", 1.0)):
        price[kind] = sign * terms.role * terms.number(term, 0.0)
    last: Event | None = None
    notional = terms.role * terms.number("notionalPrincipal")
    found = []
    for event in events:
        if event.kind in ("RR", "RRF", "IPFL"):
            rate = event.rate if event.kind != "IPFL" else rate
            accrued = 0.0
            if last is not None and event.time > last.time:
                years = fixed.years(day_of(last.time), day_of(event.time))
                accrued = last.accrued + last.notional * terms.number("nominalInterestRate") * years
            found.append(replace(event, notional=notional, rate=rate, accrued=accrued))
            continue
        last, notional = event, event.notional
        found.append(replace(event, payoff=price.get(event.kind, event.payoff), rate=rate))
    return found


def _netted_interest(events: list[Event]) -> list[Event]:
    """One IP event for the fixed and the floating interest of a moment."""
    found = [event for event in events if event.kind not in ("IPFX", "IPFL")]
    paid = sorted((event for event in events if event.kind in ("IPFX", "IPFL")), key=lambda event: event.time)
    for _, group in groupby(paid, key=lambda event: event.time):
        both = list(group)
        found.append(replace(both[-1], kind="IP", payoff=sum(event.payoff for event in both)))
    return _in_order(found)


# Swaps of two contracts ---------------------------------------------------------------------------------------------


def _referenced(terms: Terms, role: str) -> Mapping[str, Any]:
    """The contract that a structure refers to in a role.

    Raises
    ------
    SpecFault : no such reference.
    """
    for reference in terms.items("contractStructure"):
        if reference.get("referenceRole") == role and reference.get("referenceType") == "CNT":
            found: Mapping[str, Any] = reference["object"]
            return found
    rule = f"{terms.contract_type} needs a contract in the role {role}"
    raise SpecFault([Fault(terms.contract_id, rule, column="contractStructure")])


def referenced_terms(terms: Terms) -> tuple[Terms, Terms]:
    """Both contracts of a swap, in the roles that the swap gives them.

    Raises
    ------
    SpecFault : one of them is missing, or holds a term that is not supported.
    """
    roles = (RECEIVE, PAY) if terms.role > 0 else (PAY, RECEIVE)
    first, second = (
        _as_leg(_referenced(terms, reference), role) for reference, role in zip(("FIL", "SEL"), roles, strict=True)
    )
    return first, second


def _swap(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Event]:
    """The events of both contracts, netted where the swap settles net; bought and ended as one."""
    legs = [contract_events(leg, observed, horizon) for leg in referenced_terms(terms)]
    events = _in_order(event for leg in legs for event in leg)
    if terms.text("deliverySettlement", "D") == "S":
        events = _congruent(events)
    bought, ended = terms.moment("purchaseDate"), terms.moment("terminationDate")
    if bought is not None:
        price = terms.role * terms.number("priceAtPurchaseDate")
        trade = Event(bought, bought, "PRD", price, terms.currency, 0.0, 0.0, 0.0)
        events = [trade, *(event for event in events if event.time > bought)]
    if ended is not None:
        price = terms.role * terms.number("priceAtTerminationDate")
        trade = Event(ended, ended, "TD", price, terms.currency, 0.0, 0.0, 0.0)
        events = [*(event for event in events if event.time <= ended), trade]
    return events


def _congruent(events: list[Event]) -> list[Event]:
    """Events of one moment and kind as one: payoffs and states add, a rate of two contracts is none."""
    found = []
    for _, group in groupby(events, key=lambda event: (event.time, event.kind)):
        same = list(group)
        if len(same) == 1:
            found.append(same[0])
            continue
        total = {name: sum(getattr(event, name) for event in same) for name in ("payoff", "notional", "accrued")}
        found.append(replace(same[0], rate=0.0, **total))
    return found


# Caps and floors ----------------------------------------------------------------------------------------------------


def underlying_terms(terms: Terms) -> Terms:
    """The contract that a cap or floor limits, seen by who receives its interest.

    Raises
    ------
    SpecFault : it is missing, or holds a term that is not supported.
    """
    return _as_leg(_referenced(terms, "UDL"), RECEIVE)


def _limits(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Event]:
    """What a cap and a floor on the rate of an underlying contract pay, on its interest dates."""
    underlying = dict(_referenced(terms, "UDL"))
    limits = {name: terms.raw[name] for name in ("lifeCap", "lifeFloor") if terms.has(name)}
    if not limits:
        raise SpecFault([Fault(terms.contract_id, "CAPFL needs a cap or a floor", column="lifeCap")])
    free, limited = (
        [
            event
            for event in contract_events(_as_leg(underlying, RECEIVE, **extra), observed, horizon)
            if event.kind == "IP"
        ]
        for extra in ({}, limits)
    )
    return [
        replace(event, payoff=terms.role * abs(bound.payoff - event.payoff), notional=0.0, rate=0.0, accrued=0.0)
        for event, bound in zip(free, limited, strict=True)
    ]


CONTRACT_TYPES: Mapping[str, Callable[[Terms, Observed, Moment | None], list[Event]]] = MappingProxyType(
    {
        **dict.fromkeys(("PAM", "LAM", "NAM", "ANN", "LAX", "CLM", "UMP"), _one_leg),
        "CSH": _cash,
        "SWPPV": _plain_swap,
        "SWAPS": _swap,
        "CAPFL": _limits,
    }
)


def contract_events(terms: Terms, observed: Observed, horizon: Moment | None = None) -> list[Event]:
    """Every event of a contract after its status date, in order.

    Parameters
    ----------
    observed : index values and events from outside.
    horizon : last moment asked for; needed where a contract has no end of its own.

    Raises
    ------
    SpecFault : a term that the contract needs is missing, or one is not supported.
    MarketDataError : an index value is missing.
    """
    found = CONTRACT_TYPES[terms.contract_type](terms, observed, horizon)
    if horizon is None or any(event.kind == "XD" for event in found):
        # Called money is settled after its notice, wherever the horizon lies.
        return found
    return [event for event in found if event.time <= horizon]
