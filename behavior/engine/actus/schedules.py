"""Which events a contract has, and when they are scheduled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.engine.actus.cycles import ONE_DAY, Moment, dates, day_of, period_after
from behavior.engine.actus.observed import Observed
from behavior.engine.actus.terms import Terms
from behavior.errors import Fault, SpecFault
from behavior.months import year_fraction

# Order of events on one moment: principal, interest, then what changes the rate or the base, then endings.
KINDS = (
    "IED",
    "FP",
    "PR",
    "PI",
    "XD",
    "IPFX",
    "IPFL",
    "IP",
    "IPCI",
    "RRF",
    "RR",
    "PRF",
    "SC",
    "IPCB",
    "PRD",
    "TD",
    "MD",
    "STD",
    "AD",
)
ORDER = {kind: position for position, kind in enumerate(KINDS)}
WITH_PAYMENT = ("NAM", "ANN")
MOST_PAYMENTS = 12_000


@dataclass(frozen=True)
class Planned:
    """One scheduled event; `amount` and `rate` where the terms give them to the event itself."""

    scheduled: Moment
    kind: str
    amount: float | None = None
    rate: float | None = None


def missing(terms: Terms, term: str, why: str) -> SpecFault:
    """The fault of a term that a contract cannot do without."""
    return SpecFault([Fault(terms.contract_id, f"{terms.contract_type} needs it: {why}", column=term)])


def _plan(kind: str, moments: Iterable[Moment]) -> list[Planned]:
    return [Planned(moment, kind) for moment in moments]


def interest_moments(terms: Terms, maturity: Moment) -> list[Moment]:
    """Interest payment moments to maturity, capitalised ones among them."""
    if not terms.has("nominalInterestRate") or terms.contract_type == "LAX":
        return array_interest(terms, maturity) if terms.contract_type == "LAX" else []
    cycle, anchor = terms.cycle("cycleOfInterestPayment"), terms.moment("cycleAnchorDateOfInterestPayment")
    issued = terms.needed_moment("initialExchangeDate")
    if anchor is None and cycle is not None:
        anchor = cycle.after(issued, 1, terms.end_of_month)
    ends = terms.end_of_month
    if terms.contract_type not in WITH_PAYMENT:
        return dates(anchor, maturity, cycle, end_of_month=ends) if anchor is not None else [maturity]
    first, step = redemption_anchor(terms), terms.cycle("cycleOfPrincipalRedemption")
    # Interest alone is paid up to one redemption period before the first redemption.
    alone = first if step is None else step.after(first, -1, ends)
    before = dates(anchor, alone, cycle, end_of_month=ends) if anchor is not None and anchor < first else []
    after = dates(first, maturity, terms.cycle("cycleOfPrincipalRedemption"), end_of_month=ends)
    return sorted({*before, *after})


def interest_events(terms: Terms, maturity: Moment) -> list[Planned]:
    """IP and IPCI events: what is due up to the capitalisation end is capitalised, and once more on that day."""
    moments = interest_moments(terms, maturity)
    until = terms.moment("capitalizationEndDate")
    if until is None:
        return _plan("IP", moments)
    capitalised = sorted({*(moment for moment in moments if moment <= until), until})
    return _plan("IPCI", capitalised) + _plan("IP", (moment for moment in moments if moment > until))


def reset_moments(terms: Terms, maturity: Moment) -> list[Moment]:
    """Rate reset moments before maturity."""
    cycle, anchor = terms.cycle("cycleOfRateReset"), terms.moment("cycleAnchorDateOfRateReset")
    if anchor is None:
        if cycle is None:
            return []
        anchor = cycle.after(terms.needed_moment("initialExchangeDate"), 1, terms.end_of_month)
    return dates(anchor, maturity, cycle, end_of_month=terms.end_of_month, with_end=False)


def reset_events(terms: Terms, maturity: Moment) -> list[Planned]:
    """RR events; the first after the status date is RRF where its rate is already known."""
    moments, status = reset_moments(terms, maturity), terms.needed_moment("statusDate")
    known = next((moment for moment in moments if moment > status), None) if terms.has("nextResetRate") else None
    return [
        Planned(moment, "RRF", rate=terms.number("nextResetRate")) if moment == known else Planned(moment, "RR")
        for moment in moments
    ]


def redemption_anchor(terms: Terms) -> Moment:
    """First redemption moment."""
    anchor, cycle = terms.moment("cycleAnchorDateOfPrincipalRedemption"), terms.cycle("cycleOfPrincipalRedemption")
    if anchor is None and cycle is not None:
        anchor = cycle.after(terms.needed_moment("initialExchangeDate"), 1, terms.end_of_month)
    if anchor is None:
        raise missing(terms, "cycleAnchorDateOfPrincipalRedemption", "a date or a cycle of redemption")
    return anchor


def redemption_moments(terms: Terms, until: Moment, *, with_end: bool = False) -> list[Moment]:
    """Redemption moments before `until` (and `until` where asked)."""
    cycle = terms.cycle("cycleOfPrincipalRedemption")
    return dates(redemption_anchor(terms), until, cycle, end_of_month=terms.end_of_month, with_end=with_end)


def maturity_of(terms: Terms, horizon: Moment | None) -> Moment:
    """The maturity given, or the moment when the terms' payments have repaid the notional.

    Raises
    ------
    SpecFault : neither is there.
    """
    given = terms.moment("maturityDate")
    if given is not None:
        return given
    if terms.contract_type == "LAX":
        return array_maturity(terms)
    if terms.contract_type == "ANN" and terms.has("amortizationDate"):
        return terms.needed_moment("amortizationDate")
    if terms.contract_type in ("LAM", "NAM", "ANN"):
        return _repaid(terms)
    if terms.contract_type in ("CLM", "UMP") and horizon is not None:
        return horizon
    raise missing(terms, "maturityDate", "the last day of the contract")


def _repaid(terms: Terms) -> Moment:
    cycle = terms.cycle("cycleOfPrincipalRedemption")
    if cycle is None or not terms.has("nextPrincipalRedemptionPayment"):
        raise missing(terms, "maturityDate", "or a redemption payment and its cycle")
    payment, notional = terms.number("nextPrincipalRedemptionPayment"), terms.number("notionalPrincipal")
    anchor, status, ends = redemption_anchor(terms), terms.needed_moment("statusDate"), terms.end_of_month
    # A running contract counts its payments from the last one made.
    made = 0
    while cycle.after(anchor, made, ends) <= status:
        made += 1
    first = cycle.after(anchor, made, ends)
    if terms.contract_type != "LAM":
        rate = terms.number("nominalInterestRate")
        share = float(year_fraction(day_of(first), day_of(cycle.after(first, 1, ends)), terms.day_count))
        payments = _payments_to_repay(terms, notional, payment, rate * share)
    else:
        payments = math.ceil(notional / payment - 1e-12)
    return cycle.after(first, payments - 1, ends)


def _payments_to_repay(terms: Terms, notional: float, payment: float, period_rate: float) -> int:
    """Payments until nothing is left; NAM by the principal of the first, ANN by the annuity's own arithmetic."""
    principal = payment - notional * period_rate
    if principal <= 0:
        raise missing(terms, "maturityDate", "the payment never repays the notional")
    if terms.contract_type == "NAM":
        return math.ceil(notional / principal - 1e-12)
    left, count = notional, 0
    while left > 1e-9 * notional and count < MOST_PAYMENTS:
        left, count = left * (1 + period_rate) - payment, count + 1
    return count


def _by_cycle(terms: Terms, kind: str, what: str, maturity: Moment, *, with_end: bool = False) -> list[Planned]:
    """Events on a cycle from its anchor, else from one period after the initial exchange; none without either."""
    anchor, cycle = terms.moment(f"cycleAnchorDateOf{what}"), terms.cycle(f"cycleOf{what}")
    if anchor is None and cycle is not None:
        anchor = cycle.after(terms.needed_moment("initialExchangeDate"), 1, terms.end_of_month)
    return _plan(kind, dates(anchor, maturity, cycle, end_of_month=terms.end_of_month, with_end=with_end))


def scaling_events(terms: Terms, maturity: Moment) -> list[Planned]:
    """SC events."""
    if terms.text("scalingEffect", "OOO") in ("OOO", "000"):
        return []
    return _by_cycle(terms, "SC", "ScalingIndex", maturity)


def base_events(terms: Terms, maturity: Moment) -> list[Planned]:
    """IPCB events: when a lagging calculation base follows the notional."""
    if terms.text("interestCalculationBase", "NT") != "NTL":
        return []
    return _by_cycle(terms, "IPCB", "InterestCalculationBase", maturity)


def fee_events(terms: Terms, maturity: Moment) -> list[Planned]:
    """FP events, the last one at maturity."""
    if terms.number("feeRate", 0.0) == 0.0:
        return []
    if not (terms.has("cycleAnchorDateOfFee") or terms.has("cycleOfFee")):
        raise missing(terms, "cycleOfFee", "when the fee is paid")
    return _by_cycle(terms, "FP", "Fee", maturity, with_end=True)


def payment_fixings(terms: Terms, maturity: Moment) -> list[Planned]:
    """PRF events of an annuity: the day before the first redemption, and at every reset of the rate."""
    if terms.contract_type != "ANN":
        return []
    found = _plan("PRF", reset_moments(terms, maturity))
    if not terms.has("nextPrincipalRedemptionPayment"):
        issued = terms.needed_moment("initialExchangeDate")
        before = redemption_anchor(terms) - ONE_DAY
        found.append(Planned(max(before, issued), "PRF"))
    return found


def trades(terms: Terms) -> list[Planned]:
    """Purchase and termination."""
    found = []
    for term, kind in (("purchaseDate", "PRD"), ("terminationDate", "TD")):
        moment = terms.moment(term)
        if moment is not None:
            found.append(Planned(moment, kind))
    return found


def plan(terms: Terms, observed: Observed, horizon: Moment | None) -> list[Planned]:
    """Every event of a contract of one leg, in no order."""
    maturity = maturity_of(terms, horizon)
    found = [Planned(terms.needed_moment("initialExchangeDate"), "IED"), *trades(terms), *fee_events(terms, maturity)]
    if terms.contract_type in ("CLM", "UMP"):
        return found + _open_ended(terms, observed, maturity)
    found += interest_events(terms, maturity)
    if terms.contract_type == "LAX":
        return found + array_redemptions(terms, maturity) + array_resets(terms, maturity) + _plan("MD", [maturity])
    if terms.contract_type in ("LAM", "NAM", "ANN"):
        found += _plan("PR", redemption_moments(terms, maturity))
        found += base_events(terms, maturity) + payment_fixings(terms, maturity)
    return found + reset_events(terms, maturity) + scaling_events(terms, maturity) + _plan("MD", [maturity])


def _open_ended(terms: Terms, observed: Observed, until: Moment) -> list[Planned]:
    """Events of money that can be called and of undefined maturity: interest is capitalised until the end."""
    call = min((moment for moment, kind, _ in observed.events if kind == "XD"), default=None)
    end = until if call is None else min(until, call)
    anchor = terms.moment("cycleAnchorDateOfInterestPayment")
    if anchor is None:
        anchor = terms.needed_moment("initialExchangeDate")
    cycle = terms.cycle("cycleOfInterestPayment")
    moments = dates(anchor, end, cycle, end_of_month=terms.end_of_month, with_end=False) if cycle else []
    found = _plan("IPCI", moments) + reset_events(terms, end)
    found += [Planned(moment, "PR", amount) for moment, kind, amount in observed.events if kind == "PR"]
    if call is not None:
        settled = period_after(call, terms.text("xDayNotice", "P0D"), f"{terms.contract_id}, `xDayNotice`")
        return [*found, Planned(call, "XD"), Planned(settled, "IP"), Planned(settled, "STD")]
    if terms.has("maturityDate"):
        return found + _plan("IP", [until]) + _plan("MD", [until])
    return found


# Terms of LAX contracts are arrays: segment i runs from its anchor to before the next one's.


def _segments(terms: Terms, name: str, cycles: str, until: Moment, *, closed: bool = False) -> list[list[Moment]]:
    anchors = [terms.as_moment(value, name) for value in terms.items(name)]
    periods: Sequence[object] = terms.items(cycles)
    found = []
    for position, anchor in enumerate(anchors):
        end = min(anchors[position + 1], until) if position + 1 < len(anchors) else until
        text = str(periods[position]) if position < len(periods) else ""
        cycle = Terms(terms.contract_type, terms.contract_id, "", {cycles: text}).cycle(cycles)
        last = position + 1 == len(anchors)
        moments = dates(anchor, end, cycle, end_of_month=terms.end_of_month, with_end=False)
        found.append([*moments, end] if closed and last and anchor <= end else moments)
    return found


def array_interest(terms: Terms, maturity: Moment) -> list[Moment]:
    """Interest moments of all segments and maturity."""
    segments = _segments(
        terms, "arrayCycleAnchorDateOfInterestPayment", "arrayCycleOfInterestPayment", maturity, closed=True
    )
    return sorted({moment for segment in segments for moment in segment} | {maturity})


def _signed_amounts(terms: Terms) -> list[tuple[str, float]]:
    amounts, ways = terms.items("arrayNextPrincipalRedemptionPayment"), terms.items("arrayIncreaseDecrease")
    count = len(terms.items("arrayCycleAnchorDateOfPrincipalRedemption"))
    if len(amounts) != count or len(ways) != count:
        rule = f"as many amounts ({len(amounts)}) and directions ({len(ways)}) as anchors ({count})"
        raise missing(terms, "arrayNextPrincipalRedemptionPayment", rule)
    name = "arrayNextPrincipalRedemptionPayment"
    return [
        ("PI" if str(way) == "INC" else "PR", terms.as_number(amount, name))
        for amount, way in zip(amounts, ways, strict=True)
    ]


def array_redemptions(terms: Terms, maturity: Moment) -> list[Planned]:
    """PR and PI events of all segments, before maturity."""
    segments = _segments(
        terms, "arrayCycleAnchorDateOfPrincipalRedemption", "arrayCycleOfPrincipalRedemption", maturity
    )
    return [
        Planned(moment, kind, amount)
        for (kind, amount), moments in zip(_signed_amounts(terms), segments, strict=True)
        for moment in moments
    ]


def array_resets(terms: Terms, maturity: Moment) -> list[Planned]:
    """RRF events where a segment's rate is fixed, RR events with the segment's spread where it is variable."""
    segments = _segments(terms, "arrayCycleAnchorDateOfRateReset", "arrayCycleOfRateReset", maturity)
    rates, ways = terms.items("arrayRate"), terms.items("arrayFixedVariable")
    if not len(segments) == len(rates) == len(ways):
        raise missing(terms, "arrayRate", "as many rates and FIX or VAR as anchors of the rate reset")
    return [
        Planned(moment, "RRF" if str(way).startswith("F") else "RR", rate=terms.as_number(rate, "arrayRate"))
        for moments, rate, way in zip(segments, rates, ways, strict=True)
        for moment in moments
    ]


def array_maturity(terms: Terms) -> Moment:
    """When the segments' redemptions have repaid the notional and its increases.

    Raises
    ------
    SpecFault : they never do.
    """
    left = terms.number("notionalPrincipal")
    far = terms.needed_moment("initialExchangeDate") + np.timedelta64(200 * 366, "D")
    planned = sorted(array_redemptions(terms, far), key=lambda event: event.scheduled)
    for event in planned:
        amount = event.amount or 0.0
        left += amount if event.kind == "PI" else -amount
        if event.kind == "PR" and left <= 1e-9:
            return event.scheduled
    raise missing(terms, "maturityDate", "the redemptions never repay the notional")
