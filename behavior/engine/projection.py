"""Project a book: terms, behaviour and market meet, and the kernel runs over chunks of positions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.assumptions.set import AssumptionSet
from behavior.engine import layout
from behavior.engine.calendars import horizon_day
from behavior.engine.drivers import World, mortgage_paths, short_paths
from behavior.engine.kernel import project_chunk, workspace
from behavior.engine.layout import (
    NII_MONTHS,
    Market,
    Positions,
    Records,
    Repricing,
    Switches,
    Totals,
    as_records,
    empty_floats,
)
from behavior.engine.positions import LIABILITY, Book, Groups
from behavior.engine.principal import resolve_principal
from behavior.engine.renewal import Renewals, margins_of, renew_chunk, resolve_renewals, stays
from behavior.engine.repricing import RepricingKeys, forward_rates, resolve_repricing
from behavior.engine.runoff import (
    Matching,
    acting_tables,
    combinations,
    coverage_rows,
    layout_behaviours,
    match_table,
)
from behavior.engine.terms import Terms, resolve_terms
from behavior.errors import AssumptionError
from behavior.market.buckets import Buckets, regulatory_buckets
from behavior.market.curves import DISCOUNT, CurveSet
from behavior.months import as_days
from behavior.quantities import BoolArray, FloatArray, IntArray

CONVENTIONS = {
    "pool": layout.POOL,
    "constant_payment": layout.CONSTANT_PAYMENT,
    "opening_balance": layout.OPENING_BALANCE,
}
CHUNK = 4096
Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class ProjectionOptions:
    """Choices of one run; each is named under `conventions` in the result.

    Parameters
    ----------
    runoff_convention : ``pool`` (BMA), ``constant_payment`` or ``opening_balance``.
    behaviour : ``model``, ``frozen`` (every scenario uses base's hazards) or ``standardised`` (base's, multiplied).
    multipliers : table name -> one factor a scenario, for ``standardised``.
    include_default : whether default runs off balances. recovery : table name -> share paid back.
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
    recovery: Mapping[str, float] = field(default_factory=dict)
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
    order : (rows,), place in the book of each resolved position (sorted so that neighbours share what they can).
    """

    terms: Terms
    order: IntArray
    positions: Positions
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

    @property
    def groups(self) -> Groups:
        """Result groups."""
        return self.terms.groups


@dataclass(frozen=True, eq=False)
class CashFlows:
    """What a book does under every scenario, by group; amounts unsigned, in the group's currency.

    Parameters
    ----------
    flows : (scenarios, groups, months + 1, fields), month 0 unused; fields as `layout.FIELDS`.
    value : (scenarios, groups) present values. income : (scenarios, groups, 61) run-off interest by month.
    constant : same, on a constant balance sheet. gap : (groups, buckets) repricing amounts in base.
    position_value, position_income : (rows, scenarios) in the book's order, or empty.
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


def uncovered_deposits(book: Book, matchings: list[Matching]) -> BoolArray:
    """Non-maturity rows whose balance no RUNOFF curve takes off, behaviour switched off included."""
    covered = np.zeros(len(book), dtype=np.bool_)
    for matching in matchings:
        if matching.table.effect == "RUNOFF":
            covered |= matching.curve >= 0
    open_ended = np.asarray(book.words("repayment", "bullet")) == "none"
    return np.asarray(open_ended & ~covered & (book.instrument == 0))


def refuse_uncovered(book: Book, uncovered: BoolArray, option: str) -> None:
    """Refuse non-maturity products without a curve unless the user sends them to the first day.

    Raises
    ------
    AssumptionError : naming products, rows and balance.
    """
    if option == "overnight" or not uncovered.any():
        return
    rows = book.table[uncovered]
    parts = [
        f"{product} ({len(part)} rows, balance {part['balance'].sum():,.2f})"
        for product, part in rows.groupby("product")
    ]
    raise AssumptionError(
        f"no decay curve for non-maturity products: {', '.join(parts)}. Add a RUNOFF curve for them to the set, or run "
        "with --uncovered overnight, which pays their balance out on the first day."
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
    renewals = resolve_renewals(terms, world, margins, at_today, again)
    order = np.lexsort((terms.calendar, renewals.of_row, terms.groups.of_row))
    principal, begins = resolve_principal(terms)
    positions = _positions(terms, row_currency, of_row, keys.of_row, renewals, options)._replace(schedule=begins)
    behaviours = layout_behaviours(
        matchings, entries, mortgage_key[order], coverage.of_row[order], options.tail, options.recovery
    )
    market = _market(terms, world, currency, short, mortgage, options, matchings)
    ordered = Positions._make(values[order] for values in positions)
    return Plan(
        terms=terms,
        order=order,
        positions=ordered,
        records=as_records(ordered),
        calendars=as_records(terms.calendars.arrays),
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
    )


def _positions(
    terms: Terms,
    currency: IntArray,
    behaviour: IntArray,
    repricing: IntArray,
    renewals: Renewals,
    options: ProjectionOptions,
) -> Positions:
    book = terms.book
    administered = terms.rate_type == layout.ADMINISTERED
    floating = terms.rate_type == layout.FLOATING
    floor = book.numbers("floor", np.nan)
    rate = book.numbers("rate", 0.0)
    margin = np.zeros(len(book))
    if options.margins == "excluded":
        margin = rate - book.numbers("transfer_rate", np.nan)
    derivative = book.instrument > 0
    liability = book.side == LIABILITY
    return Positions(
        group=terms.groups.of_row,
        first=terms.calendars.first[terms.calendar],
        events=terms.events,
        start=terms.start,
        payment=terms.payment,
        carried=np.where(terms.start > 0, 0.0, terms.carried),
        currency=currency,
        balance=book.numbers("balance", 0.0),
        undrawn=book.numbers("undrawn", 0.0),
        rate_type=terms.rate_type,
        rate=rate,
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
        schedule=np.zeros(len(book), dtype=np.int64),
        exchanged=np.where(derivative & (not options.exchange_notionals), 0, 1).astype(np.int64),
        margin=margin,
        behaviour=behaviour,
        age=terms.age,
        in_the_money=book.numbers("months_in_the_money", 0.0),
        repricing=repricing,
        renewal=renewals.of_row,
        renewal_margin=renewals.margin,
        spread_discount=np.zeros(len(book)),
        open_column=np.where(liability, layout.WITHDRAWAL, layout.PAYOFF).astype(np.int64),
        stays=stays(terms).astype(np.int64),
        stretch=np.ones(len(book)),
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


def run(plan: Plan, progress: Progress | None = None) -> CashFlows:
    """Run the kernel over a plan, chunk by chunk, on threads; chunks are added in the book's order."""
    count = len(plan.order)
    starts = list(range(0, count, plan.options.chunk))
    total = _totals(plan, 0, len(plan.groups), 0, 0, 0)
    constant = empty_floats(*total.income.shape)
    value = empty_floats(count if plan.options.per_position else 0, len(plan.scenarios))
    income = empty_floats(*value.shape)
    threads = plan.options.threads or min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        done = 0
        for start in starts:
            waiting.append((start, pool.submit(run_chunk, plan, start, min(start + plan.options.chunk, count))))
            while waiting and (len(waiting) > 2 * threads or start == starts[-1]):
                begin, future = waiting.pop(0)
                part, slices, first_group = future.result()
                _add(total, part, first_group)
                constant[:, first_group : first_group + slices.shape[1]] += slices
                if plan.options.per_position:
                    rows = plan.order[begin : begin + plan.options.chunk]
                    value[rows], income[rows] = part.position_value, part.position_income
                done += 1
                if progress is not None:
                    progress(done / len(starts))
    return CashFlows(
        groups=plan.groups,
        scenarios=plan.scenarios,
        flows=total.flows,
        value=total.value,
        income=total.income + total.staying,
        constant=total.income + total.constant + constant,
        gap=total.gap,
        coverage=_coverage(plan, total.coverage),
        position_value=value,
        position_income=income,
    )


def _totals(plan: Plan, first: int, groups: int, renewals: int, positions: int, base: int) -> Totals:
    scenarios = len(plan.scenarios)
    months = plan.months + 2 if plan.options.cash_flows else 0
    each = positions if plan.options.per_position else 0
    del first, base
    return Totals(
        flows=empty_floats(scenarios, groups, months, len(layout.FIELDS)),
        value=empty_floats(scenarios, groups),
        income=empty_floats(scenarios, groups, NII_MONTHS + 1),
        staying=empty_floats(scenarios, groups, NII_MONTHS + 1),
        constant=empty_floats(scenarios, groups, NII_MONTHS + 1),
        gap=empty_floats(groups, len(plan.options.buckets.labels)),
        coverage=empty_floats(len(plan.coverage), 3),
        renewed=empty_floats(scenarios, renewals, NII_MONTHS + 4),
        renewed_margin=empty_floats(scenarios, renewals, NII_MONTHS + 4),
        position_value=empty_floats(each, scenarios),
        position_income=empty_floats(each, scenarios),
    )


def run_chunk(plan: Plan, start: int, end: int) -> tuple[Totals, FloatArray, int]:
    """Totals of positions `start` to `end`, what their renewals earn, and the first group they stand for."""
    positions = plan.positions
    first_group = int(positions.group[start])
    groups = int(positions.group[end - 1]) - first_group + 1
    renewing = positions.renewal[start:end]
    renewing = renewing[renewing >= 0]
    base = int(renewing.min()) if len(renewing) else 0
    renewals = int(renewing.max()) - base + 1 if len(renewing) else 0
    part = _totals(plan, first_group, groups, renewals, end - start, base)
    switches = Switches(
        convention=CONVENTIONS[plan.options.runoff_convention],
        frozen=int(plan.options.behaviour != "model"),
        flows=int(plan.options.cash_flows),
        per_position=int(plan.options.per_position),
        horizon_day=horizon_day(plan.terms.as_of),
        first_group=first_group,
        first_renewal=base,
    )
    project_chunk(
        start,
        end,
        len(plan.scenarios),
        plan.records,
        plan.calendars,
        plan.behaviours,
        plan.repricing,
        plan.market,
        switches,
        plan.schedule,
        part,
        workspace(int(positions.events[start:end].max(initial=1))),
    )
    slices = empty_floats(*part.income.shape)
    r = plan.renewals
    if renewals:
        renew_chunk(
            base,
            first_group,
            part.renewed,
            part.renewed_margin,
            r.group,
            r.term,
            r.weight,
            r.rate,
            r.cap,
            r.floor,
            r.weights,
            r.rates,
            slices,
        )
    return part, slices, first_group


def _add(total: Totals, part: Totals, first: int) -> None:
    last = first + part.value.shape[1]
    total.flows[:, first:last] += part.flows
    total.value[:, first:last] += part.value
    total.income[:, first:last] += part.income
    total.staying[:, first:last] += part.staying
    total.constant[:, first:last] += part.constant
    total.gap[first:last] += part.gap
    total.coverage[:] += part.coverage


def _coverage(plan: Plan, counted: FloatArray) -> pd.DataFrame:
    """coverage rows with the shares of balance-months clamped and beyond the data."""
    table = plan.coverage.copy()
    looked = np.where(counted[:, 0] > 0, counted[:, 0], 1.0)
    table["share_clamped"] = counted[:, 1] / looked
    table["share_extrapolated"] = counted[:, 2] / looked
    return table


def project(
    book: Book,
    world: World,
    assumptions: AssumptionSet | None,
    options: ProjectionOptions | None = None,
    curve_history: Mapping[np.datetime64, CurveSet] | None = None,
    new_business_margins: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> CashFlows:
    """Cash flows, present values and income of a book under every scenario; see `prepare` and `run`."""
    plan = prepare(book, world, assumptions, options or ProjectionOptions(), curve_history, new_business_margins)
    return run(plan, progress)


def accrued_interest(plan: Plan) -> dict[str, float]:
    """Interest accrued since the last payment, by currency, signed: part of the dirty present value."""
    positions, calendars = plan.positions, plan.terms.calendars.arrays
    running = positions.carried + calendars.accrual[positions.first] * calendars.head[positions.first]
    amount = np.where(positions.start == 0, positions.balance * positions.rate * running, 0.0)
    signed = amount * plan.groups.sign[positions.group]
    money = np.asarray(plan.groups.currency)[positions.group]
    return {str(currency): float(signed[money == currency].sum()) for currency in sorted(set(money))}
