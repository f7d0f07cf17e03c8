"""Resolve a book: terms, behaviour and market meet in one plan, which `run` works out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from behavior.assumptions.set import AssumptionSet
from behavior.engine import layout
from behavior.engine.contracts import ROUNDINGS
from behavior.engine.drivers import World, mortgage_paths, short_paths
from behavior.engine.layout import NII_MONTHS, Market, Positions, as_records
from behavior.engine.level import ON_INTEREST
from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import CASH, LIABILITY, Book
from behavior.engine.principal import begins_later, late_starts, resolve_principal
from behavior.engine.renewal import margins_of, resolve_renewals, stays
from behavior.engine.repricing import forward_rates, resolve_repricing
from behavior.engine.run import run
from behavior.engine.runoff import Matching, acting_tables, combinations, coverage_rows, layout_behaviours, match_table
from behavior.engine.terms import Terms, resolve_terms
from behavior.errors import AssumptionError
from behavior.market.contracts import DISCOUNT
from behavior.market.curves import CurveSet
from behavior.months import as_days
from behavior.quantities import BoolArray, FloatArray, IntArray


def uncovered_deposits(book: Book, matchings: Sequence[Matching]) -> BoolArray:
    """Non-maturity rows whose balance no RUNOFF curve takes off, behaviour switched off included."""
    covered = np.zeros(len(book), dtype=np.bool_)
    for matching in matchings:
        if matching.table.effect == "RUNOFF":
            covered |= matching.curve >= 0
    return np.asarray(book.is_word("repayment", "none", "bullet") & ~covered & (book.instrument == CASH))


def refuse_uncovered(book: Book, uncovered: BoolArray, option: str) -> None:
    """Refuse non-maturity products without a curve unless the user sends them to the first day.

    Raises
    ------
    AssumptionError : naming products with their rows, balance by currency and first position.
    """
    if option == "overnight" or not uncovered.any():
        return
    rows = book.table[uncovered]
    parts = [
        f"{product} (rows: {len(part):,}, {currency} {part['balance'].sum():,.2f}, first {part['position_id'].iloc[0]})"
        for (product, currency), part in rows.groupby(["product", "currency"], observed=True)
    ]
    raise AssumptionError(
        f"no decay curve for non-maturity products: {', '.join(parts)}. Correct the columns that the curves' segments "
        "read, add a RUNOFF curve for them to the set, or run with --uncovered overnight, which pays their balance out "
        "on the first day."
    )


def prepare(
    book: Book,
    world: World,
    assumptions: AssumptionSet | None,
    options: ProjectionOptions,
    curve_history: Mapping[np.datetime64, CurveSet] | None = None,
    new_business_margins: Mapping[str, float] | None = None,
) -> Plan:
    """Resolve a book, a world and a set into one plan.

    Raises
    ------
    ContractFault, AssumptionError, MarketDataError : everything that is missing, with what to supply.
    """
    as_of = world.curves.curves.as_of
    matchings = [match_table(book, table) for table in acting_tables(assumptions, options.include_default)]
    uncovered = uncovered_deposits(book, matchings)
    refuse_uncovered(book, uncovered, options.uncovered)
    terms = resolve_terms(book, as_of, uncovered)
    months = int(max(terms.calendars.arrays.month.max(initial=1), NII_MONTHS + 3)) + 1
    # A book of options alone leaves the kernel nothing to project, and still has a market.
    currency = tuple(sorted(set(terms.groups.currency))) or world.curves.curves.currencies[:1]
    row_currency = np.asarray([currency.index(name) for name in terms.groups.currency], dtype=np.int64)[
        terms.groups.of_row
    ]
    short = short_paths(world, currency, months)
    keys = resolve_repricing(world, book, assumptions, currency, row_currency, short, options.pending)
    mortgage, mortgage_key = mortgage_paths(world, matchings, currency, row_currency, terms.fixation, months)
    of_row, entries = combinations(matchings, len(book))
    coverage = coverage_rows(book, matchings)
    again = options.renew_derivatives
    margins, at_today = margins_of(terms, world, dict(curve_history or {}), dict(new_business_margins or {}), again)
    renewals, renewal = resolve_renewals(terms, world, margins, at_today, again)
    principal, begins = resolve_principal(terms)
    columns = _positions(terms, row_currency, of_row, keys.of_row, options)
    columns = columns._replace(schedule=begins, renewal=renewal, renewal_margin=margins)
    behaviours = layout_behaviours(matchings, entries, mortgage_key, coverage.of_row, options.tail)
    market = _market(terms, world, currency, short, mortgage, options, matchings)
    return Plan(
        terms=terms.shared,
        order=np.arange(len(book)),
        records=as_records(columns),
        calendars=terms.calendars.records,
        behaviours=behaviours,
        repricing=keys.arrays,
        market=market,
        renewals=renewals,
        matchings=tuple(matchings),
        repricing_keys=keys,
        coverage=coverage.table,
        months=months,
        schedule=principal,
        options=options,
        scenarios=world.curves.names,
        day_count=terms.count,
    )


def _margin_left_out(book: Book) -> FloatArray:
    """Customer rate less transfer rate of each row."""
    margin = book.numbers("rate", 0.0) - book.numbers("transfer_rate", np.nan)
    # A derivative leg is dealt at the market's rate: without a transfer rate it has no margin to leave out.
    return np.where((book.instrument != CASH) & np.isnan(margin), 0.0, margin)


def _positions(
    terms: Terms, currency: IntArray, behaviour: IntArray, repricing: IntArray, options: ProjectionOptions
) -> Positions:
    """Columns of the positions; what is renewed and what is repaid by a schedule is put in later."""
    book = terms.book
    none, nothing, one = (np.broadcast_to(value, (len(book),)) for value in (np.int32(0), 0.0, 1.0))
    administered = terms.rate_type == layout.ADMINISTERED
    floating = terms.rate_type == layout.FLOATING
    floor = book.numbers("floor", np.nan)
    derivative = book.instrument != CASH
    liability = book.side == LIABILITY
    return Positions(
        group=terms.groups.of_row,
        first=terms.calendars.first[terms.calendar],
        events=terms.events,
        start=terms.start,
        late_start=late_starts(terms),
        payment=terms.payment,
        carried=np.where(begins_later(terms), 0.0, terms.carried),
        currency=currency,
        balance=book.numbers("balance", 0.0),
        undrawn=book.numbers("undrawn", 0.0),
        rate_type=terms.rate_type,
        rate=book.numbers("rate", 0.0),
        spread=book.numbers("spread", 0.0),
        cap=np.where(floating, book.numbers("cap", np.inf), np.inf),
        floor=np.where(np.isnan(floor), np.where(administered, 0.0, -np.inf), floor),
        periodic_cap=book.numbers("periodic_cap", np.inf),
        payment_cap=book.numbers("payment_cap", np.inf),
        repayment=terms.repayment,
        level=terms.level,
        amortises_from=terms.amortises_from,
        compounding=book.numbers("compounding_months", 0.0),
        term=terms.original_term.astype(np.float64),
        rounding=book.numbers("rounding", 0.0),
        rounding_rule=book.codes("payment_rounding", ROUNDINGS, "half_up")
        + ON_INTEREST * book.codes("interest_rounding", ROUNDINGS, "half_up"),
        agreed=book.numbers("agreed_payment", 0.0),
        schedule=none,
        exchanged=np.where(derivative & (not options.exchange_notionals), 0, 1).astype(np.int64),
        margin=_margin_left_out(book) if options.margins == "excluded" else nothing,
        behaviour=behaviour,
        age=terms.age,
        in_the_money=book.numbers("months_in_the_money", 0.0),
        repricing=repricing,
        renewal=none,
        renewal_margin=nothing,
        spread_discount=nothing,
        open_column=np.where(liability, layout.WITHDRAWAL, layout.PAYOFF).astype(np.int64),
        stays=stays(terms).astype(np.int64),
        stretch=one,
    )


def _market(
    terms: Terms,
    world: World,
    currency: tuple[str, ...],
    short: FloatArray,
    mortgage: FloatArray,
    options: ProjectionOptions,
    matchings: list[Matching],
) -> Market:
    curves = world.curves
    last = int(max(terms.calendars.arrays.day.max(initial=1), terms.fixings.day.max(initial=1), 2))
    dates = as_days(terms.as_of) + np.arange(last + 1).astype("timedelta64[D]")
    time = curves.curves.times_of(dates)
    multiplier = np.ones((len(curves), max(len(matchings), 1)))
    for number, matching in enumerate(matchings):
        # Multipliers are for prepayment and early redemption; deposits without maturity are left as they are.
        dated = (matching.curve >= 0) & (terms.repayment < layout.OPEN_ENDED)
        if matching.table.name in options.multipliers and dated.any():
            multiplier[:, number] = options.multipliers[matching.table.name]
    return Market(
        discount=np.stack([curves.discount_factor(name, DISCOUNT, time) for name in currency]),
        time=time,
        forward=forward_rates(world, terms.fixings, terms.as_of),
        reset_day=np.concatenate([terms.fixings.day, [0]]).astype(np.int64),
        bucket=options.buckets.of_dates(terms.as_of, dates),
        short=short,
        mortgage=mortgage,
        multiplier=multiplier,
    )


def project(
    book: Book, world: World, assumptions: AssumptionSet | None, options: ProjectionOptions | None = None
) -> CashFlows:
    """Cash flows, present values and income of a book under every scenario; see `prepare` and `run`."""
    return run(prepare(book, world, assumptions, options or ProjectionOptions()))
