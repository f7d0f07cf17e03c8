"""ACTUS contracts as rows of book/1 and schedule/1, where the two standards say the same.

A contract comes over only when the engine's own conventions reproduce it: payments that count back from maturity in
whole months, unadjusted days, the running coupon whole. Everything else is refused by the name of the term that stands
in the way, so that no term is dropped on the way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from behavior.engine.actus import Event, Terms, contract_events
from behavior.engine.actus.contracts import plain_swap_legs, referenced_terms, underlying_terms
from behavior.engine.actus.cycles import MONTHS_OF_UNIT, BusinessDays, Moment, day_of
from behavior.engine.actus.observed import Observed
from behavior.engine.contracts import BOOK_TABLE
from behavior.errors import Fault, MarketDataError, SpecFault
from behavior.io.sources.actus import ActusContract
from behavior.months import DateLike, as_days, payment_dates, previous_payment, year_fraction

SAME_MONEY = 1e-9
NOT_KNOWN = "the index is needed where it was fixed after the status date and by the as-of date"
KNOW = "Give it under `dataObserved`, or the contract's terms as of a later `statusDate`."
# Events after the as-of date that no row of book/1 can say, and the term that asks for them.
IN_THE_WAY: Mapping[str, str] = MappingProxyType(
    {
        "IED": "initialExchangeDate",
        "PRD": "purchaseDate",
        "TD": "terminationDate",
        "IPCI": "capitalizationEndDate",
        "PI": "arrayIncreaseDecrease",
        "RRF": "nextResetRate",
        "SC": "scalingEffect",
        "XD": "xDayNotice",
    }
)


@dataclass(frozen=True)
class ActusBook:
    """Rows made from contracts.

    Parameters
    ----------
    book : book/1. schedule : schedule/1.
    """

    book: pd.DataFrame
    schedule: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class _KnownBy(Observed):
    """What is observed by the as-of date. No column of a row depends on an index after it: the valuation projects it.

    Parameters
    ----------
    as_of : the day. days : the contract's, which say on which side of it an event falls.
    """

    as_of: Moment
    days: BusinessDays

    def at(self, code: str, moment: Moment) -> float:
        """Last value on or before a moment, 0 after the as-of date."""
        return 0.0 if day_of(self.days.paid(moment)) > self.as_of else super().at(code, moment)


class _Refused(Exception):
    """One contract cannot come over: which term, and why."""

    def __init__(self, term: str, rule: str) -> None:
        super().__init__(rule)
        self.term, self.rule = term, rule


def _months(terms: Terms, term: str) -> int:
    cycle = terms.cycle(term)
    if cycle is None:
        return 0
    if cycle.unit not in MONTHS_OF_UNIT:
        raise _Refused(term, "periods of whole months come over, days and weeks do not")
    return cycle.count * MONTHS_OF_UNIT[cycle.unit]


def _split(events: list[Event], as_of: Moment) -> tuple[list[Event], list[Event]]:
    past = [event for event in events if day_of(event.time) <= as_of]
    return past, events[len(past) :]


def _interest_term(terms: Terms) -> str:
    if terms.contract_type == "LAX":
        return "arrayCycleOfInterestPayment"
    return "cycleOfPrincipalRedemption" if terms.contract_type in ("NAM", "ANN") else "cycleOfInterestPayment"


def _interest_months(terms: Terms) -> int:
    term = _interest_term(terms)
    if terms.contract_type != "LAX":
        return _months(terms, term)
    cycles = sorted({str(cycle) for cycle in terms.items(term)})
    if len(cycles) != 1:
        raise _Refused(term, "one cycle of interest comes over")
    return _months(Terms(terms.contract_type, terms.contract_id, "", {term: cycles[0]}), term)


def _check_coupons(terms: Terms, future: list[Event], as_of: Moment, row: Mapping[str, Any]) -> None:
    """The interest dates and the running coupon are those that the engine will make from the row."""
    paid = [day_of(event.time) for event in future if event.kind == "IP"]
    step, maturity = int(row["payment_months"]), np.datetime64(row["maturity_date"], "D")
    if not np.array_equal(np.array(paid, dtype="datetime64[D]"), payment_dates(as_of, maturity, step)):
        raise _Refused(
            _interest_term(terms), "interest dates must count back from maturity in whole months, unadjusted"
        )
    principal = {day_of(event.time) for event in future if event.kind in ("PR", "MD")}
    if not principal <= set(paid):
        raise _Refused("cycleOfPrincipalRedemption", "principal must be paid on interest dates")
    start = previous_payment(as_of, maturity, step) if step else as_days(row["origination_date"])
    years = float(year_fraction(start, paid[0], str(row["day_count"])))
    coupon = next(event for event in future if event.kind == "IP")
    early = any(event.kind == "RR" and event.time < coupon.time for event in future)
    if not early and abs(abs(coupon.payoff) - abs(row["balance"] * row["rate"] * years)) > SAME_MONEY * row["balance"]:
        raise _Refused(
            "cycleAnchorDateOfInterestPayment", "the running coupon must have begun one period before its date"
        )


def _floating(terms: Terms, future: list[Event]) -> dict[str, Any]:
    """Columns of a rate that is reset after the as-of date; none of them where it is fixed."""
    resets = [event for event in future if event.kind == "RR"]
    if not resets:
        return {"rate_type": "fixed"}
    if terms.number("rateMultiplier", 1.0) != 1.0:
        raise _Refused("rateMultiplier", "a multiple of the index does not come over")
    cap, floor = terms.number("periodCap", np.inf), terms.number("periodFloor", -np.inf)
    if cap != -floor:
        raise _Refused("periodFloor", "a periodic limit must be the same up and down")
    if terms.contract_type == "NAM":
        raise _Refused("cycleOfRateReset", "fixed payments under a rate that is reset do not come over")
    months = _months(terms, "cycleOfRateReset")
    return {
        "rate_type": "floating",
        "index": terms.text("marketObjectCodeOfRateReset"),
        "spread": terms.number("rateSpread", 0.0),
        "next_reset_date": str(day_of(resets[0].scheduled)),
        "reset_months": months or 480,
        "cap": terms.number("lifeCap", np.nan),
        "floor": terms.number("lifeFloor", np.nan),
        "periodic_cap": cap if np.isfinite(cap) else np.nan,
    }


def _state(terms: Terms, past: list[Event], status: Moment) -> tuple[float, float]:
    """Notional and rate on the as-of date."""
    if past:
        return past[-1].notional, past[-1].rate
    if terms.needed_moment("initialExchangeDate") > status:
        raise _Refused("initialExchangeDate", "a contract that begins after the as-of date does not come over")
    return terms.role * terms.number("notionalPrincipal"), terms.number("nominalInterestRate", 0.0)


def _check_ahead(terms: Terms, future: list[Event]) -> None:
    """No event still to come needs a term that a row cannot hold."""
    for event in future:
        if event.kind not in IN_THE_WAY:
            continue
        term = "arrayRate" if terms.contract_type == "LAX" and event.kind == "RRF" else IN_THE_WAY[event.kind]
        if event.kind == "IPCI" and terms.contract_type in ("CLM", "UMP"):
            term = "cycleOfInterestPayment"
        raise _Refused(term, f"an event {event.kind} after the as-of date does not come over")


def _leg(terms: Terms, observed: Observed, horizon: Any, as_of: Moment) -> tuple[dict[str, Any], list[Event]] | None:
    """One row and its principal still to come, or None where the contract is over."""
    if terms.needed_moment("statusDate") > as_of:
        raise _Refused("statusDate", "the contract's state is known only after the as-of date")
    known = _KnownBy(**vars(observed), as_of=as_of, days=terms.business_days)
    past, future = _split(contract_events(terms, known, horizon), as_of)
    if past and past[-1].kind in ("MD", "TD", "STD"):
        return None
    _check_ahead(terms, future)
    notional, rate = _state(terms, past, terms.needed_moment("statusDate"))
    ended = next((event for event in future if event.kind == "MD"), None)
    row: dict[str, Any] = {
        "position_id": terms.contract_id,
        "product": terms.contract_type,
        "side": "asset" if terms.role > 0 else "liability",
        "currency": terms.currency,
        "balance": abs(notional),
        "rate": rate,
        "origination_date": str(day_of(terms.needed_moment("initialExchangeDate"))),
        "maturity_date": None if ended is None else str(day_of(ended.time)),
        "payment_months": _interest_months(terms) if ended is not None else 1,
        "day_count": terms.day_count,
        "repayment": "bullet" if ended is not None else "none",
        **_floating(terms, future),
    }
    if ended is None:
        return row, []
    _check_coupons(terms, future, as_of, row)
    principal = [event for event in future if event.kind in ("PR", "MD") and event.payoff]
    if terms.contract_type == "ANN" and row["rate_type"] == "floating":
        if terms.day_count != "30E/360":
            raise _Refused("dayCountConvention", "a payment that follows the rate comes over under 30E360 only")
        return {**row, "repayment": "annuity"}, []
    if len(principal) == 1:
        return row, []
    return {**row, "repayment": "schedule"}, principal


def _cash(terms: Terms) -> dict[str, Any]:
    return {
        "position_id": terms.contract_id,
        "product": "CSH",
        "side": "asset" if terms.role > 0 else "liability",
        "currency": terms.currency,
        "balance": terms.number("notionalPrincipal"),
        "rate_type": "fixed",
        "rate": 0.0,
        "repayment": "none",
        "payment_months": 1,
    }


def _swap_rows(contract: ActusContract, as_of: Moment) -> list[tuple[dict[str, Any], list[Event]]]:
    """Both legs of a plain swap; its notional is not exchanged."""
    found = []
    for name, terms in zip(("fixed", "floating"), plain_swap_legs(contract.terms), strict=True):
        leg = _leg(terms, contract.observed, contract.horizon, as_of)
        if leg is None:
            continue
        own = {
            "position_id": f"{terms.contract_id}-{name}",
            "product": "SWPPV",
            "trade_id": terms.contract_id,
            "instrument": "swap_leg",
            "side": "receive" if terms.role > 0 else "pay",
        }
        found.append(({**leg[0], **own}, leg[1]))
    return found


def _limit_rows(contract: ActusContract, as_of: Moment) -> list[tuple[dict[str, Any], list[Event]]]:
    """A cap, a floor or both on the index of the underlying, at the limits less its spread."""
    terms = contract.terms
    made = _leg(underlying_terms(terms), contract.observed, contract.horizon, as_of)
    if made is None:
        return []
    row = made[0]
    if row["rate_type"] != "floating" or row["reset_months"] != row["payment_months"] or row["repayment"] != "bullet":
        raise _Refused("contractStructure", "limits come over on a bullet whose rate is reset at every payment")
    found = []
    for term, instrument in (("lifeCap", "cap"), ("lifeFloor", "floor")):
        if not terms.has(term):
            continue
        own = {
            "position_id": f"{terms.contract_id}-{instrument}",
            "product": "CAPFL",
            "instrument": instrument,
            "side": "receive" if terms.role > 0 else "pay",
            "strike": terms.number(term) - row["spread"],
            "rate": row["rate"] - row["spread"],
        }
        kept = ("currency", "balance", "index", "reset_months", "payment_months", "maturity_date", "day_count")
        found.append(({**{name: row[name] for name in kept}, **own}, list[Event]()))
    return found


def _rows(contract: ActusContract, as_of: Moment) -> list[tuple[dict[str, Any], list[Event]]]:
    terms = contract.terms
    if terms.contract_type == "CSH":
        return [(_cash(terms), [])]
    if terms.contract_type == "SWPPV":
        return _swap_rows(contract, as_of)
    if terms.contract_type == "CAPFL":
        return _limit_rows(contract, as_of)
    legs: tuple[Terms, ...] = (terms,)
    if terms.contract_type == "SWAPS":
        # Principal of both contracts is exchanged, so they are an asset and a liability rather than swap legs.
        if terms.has("terminationDate") or terms.has("purchaseDate"):
            raise _Refused("terminationDate", "trades of a swap of two contracts do not come over")
        legs = referenced_terms(terms)
    found = [_leg(leg, contract.observed, contract.horizon, as_of) for leg in legs]
    return [row for row in found if row is not None]


def _rows_or_faults(contract: ActusContract, as_of: Moment) -> list[tuple[dict[str, Any], list[Event]]]:
    """The rows of a contract.

    Raises
    ------
    SpecFault : what stands in the way.
    """
    try:
        return _rows(contract, as_of)
    except _Refused as error:
        value = contract.terms.text(error.term) or None
        raise SpecFault([Fault(contract.name, error.rule, column=error.term, value=value)]) from error
    except MarketDataError as error:
        rule = f"{NOT_KNOWN} ({str(error).removesuffix('. Supply it.')})"
        fault = Fault(contract.name, rule, column="dataObserved", hint=KNOW)
        raise SpecFault([fault]) from error


def actus_book(contracts: Iterable[ActusContract], as_of: DateLike) -> ActusBook:
    """Book and schedule of contracts on a date; contracts that are over leave no row.

    Raises
    ------
    SpecFault : listing, contract by contract, the term that does not come over.
    """
    day = np.datetime64(as_days(as_of).item(), "s")
    rows, flows = [], []
    faults: list[Fault] = []
    for contract in contracts:
        try:
            made = _rows_or_faults(contract, day)
        except SpecFault as error:
            faults += error.faults
            continue
        for row, principal in made:
            rows.append(row)
            flows += [
                {
                    "position_id": row["position_id"],
                    "date": event.time.astype("datetime64[D]"),
                    "principal": abs(event.payoff),
                }
                for event in principal
            ]
    if faults:
        raise SpecFault(faults)
    book = pd.DataFrame(rows)
    for term in BOOK_TABLE.columns:
        if term.required and term.name not in book:
            book[term.name] = None
    for column in ("origination_date", "maturity_date", "next_reset_date"):
        if column in book:
            book[column] = pd.to_datetime(book[column])
    schedule = pd.DataFrame(flows, columns=["position_id", "date", "principal"])
    schedule["date"] = pd.to_datetime(schedule["date"])
    return ActusBook(book, schedule)
