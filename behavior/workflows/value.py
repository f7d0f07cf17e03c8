"""Value a book: positions, curves and an assumption set in, NII, EVE and gap under every scenario out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.set import AssumptionSet
from behavior.contracts import Place, faults_at
from behavior.engine.detail import position_cash_flows
from behavior.engine.drivers import SHORT, World
from behavior.engine.overlay import calibrate
from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.principal import stray_rows
from behavior.engine.projection import prepare, uncovered_deposits
from behavior.engine.refusals import transfer_faults
from behavior.engine.run import run
from behavior.errors import ContractFault, Fault, MarketDataError
from behavior.freed import give_back_freed
from behavior.market.curves import CurveSet
from behavior.market.history import RateHistory
from behavior.market.scenarios import apply_scenarios, scenario_set
from behavior.measures.cash_flows import cash_flow_table
from behavior.measures.commercial_margin import commercial_margin
from behavior.measures.coverage import coverage_table
from behavior.measures.eve import economic_value
from behavior.measures.gap import repricing_gap
from behavior.measures.nii import net_interest_income
from behavior.measures.result import IrrbbResult
from behavior.months import DateLike, as_days
from behavior.quantities import FloatArray
from behavior.workflows.market_needs import ExchangeRates, MarketTables, missing_exchange_rates, missing_market
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value_facts import facts
from behavior.workflows.value_options import BookOptions, book_options, with_options
from behavior.workflows.value_overlays import capped_deposits, standardised_multipliers
from behavior.workflows.value_sheets import balance_sheets, sheet_words
from behavior.workflows.value_views import CLEAN, accrued_by_position, acting_set, clean, paid_rates

Progress = Callable[[str, float], None]
Runner = Callable[[Plan, Callable[[float], None] | None], CashFlows]


def value(
    inputs: ValuationInputs,
    options: ValuationOptions | None = None,
    progress: Progress | None = None,
    runner: Runner = run,
) -> IrrbbResult:
    """NII, EVE, gap, cash flows and coverage of a book under every scenario.

    Parameters
    ----------
    progress : called with a stage and the share of it that is done. runner : runs the plan, here or elsewhere.

    Raises
    ------
    ContractFault, AssumptionError, MarketDataError : what is missing or wrong, and what to supply.
    """
    chosen = options or ValuationOptions()
    world, held = _resolved(inputs, chosen)
    book = held.linear
    fx = exchange_rates(inputs, Book(inputs.book))
    plan, overlay = _plan(inputs, chosen, world, book)
    words = sheet_words(inputs, chosen)
    ran = runner(plan, None if progress is None else lambda share: progress("cash flows", share))
    if chosen.price == CLEAN:
        ran = clean(ran, plan)
    sheets = balance_sheets(inputs, world, plan, ran, held.groups, words)
    flows = sheets.flows
    rule = chosen.aggregation or world.curves.scenarios.aggregation
    eve = economic_value(flows, fx, inputs.tier1, rule, held.add_on)
    nii = net_interest_income(flows, inputs.as_of, fx, inputs.tier1, words, sheets.interest)
    margins = commercial_margin(book, *_rates_paid(plan, book))
    matchings = (*plan.matchings, *plan.repricing_keys.matchings)
    return IrrbbResult(
        nii=nii.monthly,
        nii_summary=nii.summary,
        eve=eve.by_product,
        eve_summary=eve.summary,
        gap=repricing_gap(flows, chosen.buckets),
        cash_flows=cash_flow_table(flows, inputs.as_of),
        coverage=with_options(
            coverage_table(book, flows, matchings, uncovered_deposits(book, plan.matchings), fx), Book(inputs.book), fx
        ),
        facts={**facts(inputs, chosen, world, plan, sheets, eve, nii, fx, rule, held), "deposit_life_cap": overlay},
        stamp="" if inputs.assumptions is None else inputs.assumptions.stamp,
        extra={"commercial_margin": margins} if len(margins) else None,
    )


def _resolved(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, BookOptions]:
    """The market under every scenario, and the positions that the kernel projects apart from the options."""
    if not len(inputs.book):
        hint = "Contracts that are over by the as-of date leave no row; give positions that still run."
        raise ContractFault(
            [Fault("book", f"expected at least one position on {inputs.as_of}, there is none", hint=hint)]
        )
    book = Book(inputs.book.reset_index(drop=True), inputs.schedule)
    limits = options.embedded_limits == "option"
    curves = _curves(inputs, inputs.as_of, options)
    market = MarketTables(curves, _exchange(inputs), inputs.vols)
    _refuse_missing(missing_market(book, market, options.extrapolation == "flat", limits))
    _refuse_rows(book, options)
    world = _world(inputs, options, curves)
    return world, book_options(book, world.curves, inputs.vols, options.time, options.embedded_limits)


def _plan(inputs: ValuationInputs, options: ValuationOptions, world: World, book: Book) -> tuple[Plan, dict[str, Any]]:
    """The plan of a run with its regulatory steps, and what those changed."""
    assumptions = acting_set(inputs.assumptions, options)
    if inputs.plan is not None:
        # A plan grows from what is left of the balances.
        options = replace(options, cash_flows=True)
    plan = prepare(
        book,
        world,
        assumptions,
        _projection_options(options, world, assumptions),
        _curve_history(inputs, options),
        inputs.new_business_margins,
    )
    give_back_freed()
    if options.margins == "calibrated":
        plan = calibrate(plan, accrued_by_position(plan) if options.price == CLEAN else 0.0)
    return capped_deposits(plan, world, options)


def require_market(inputs: ValuationInputs, options: ValuationOptions) -> None:
    """Refuse what there is no market to value under, before anything is learned for it.

    Raises
    ------
    MarketDataError : no curves of the as-of date. FaultyInput : scenarios that do not fit the book's currencies.
    """
    _world(inputs, options, _curves(inputs, inputs.as_of, options))


def position_flows(inputs: ValuationInputs, options: ValuationOptions | None = None) -> Iterator[pd.DataFrame]:
    """Cash flows position by position under every scenario, in tables of a few positions each.

    Raises
    ------
    As `value`, when the first table is asked for.
    """
    chosen = options or ValuationOptions()
    yield from position_cash_flows(resolved_plan(inputs, chosen)[1])


def resolved_plan(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, Plan]:
    """The market and the plan that `value` runs, for measures that read more out of the same run.

    Raises
    ------
    As `value`.
    """
    world, _, plan = resolved(inputs, options)
    return world, plan


def resolved(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, BookOptions, Plan]:
    """The market, the options and the plan of a valuation, for those who take its figures apart.

    Raises
    ------
    As `value`.
    """
    world, held = _resolved(inputs, options)
    return world, held, _plan(inputs, options, world, held.linear)[0]


def _rates_paid(plan: Plan, book: Book) -> tuple[FloatArray, FloatArray]:
    """Customer and transfer rate of each row of the book, compounded as the row says."""
    found = np.empty((2, len(book)))
    found[0, plan.order] = paid_rates(plan, plan.records["rate"])
    found[1, plan.order] = paid_rates(plan, book.numbers("transfer_rate")[plan.order])
    return found[0], found[1]


def _curves(inputs: ValuationInputs, day: DateLike, options: ValuationOptions) -> CurveSet:
    return CurveSet.from_table(
        inputs.curves,
        day,
        interpolation=options.interpolation,
        time=options.time,
        driver_interpolation=options.driver_interpolation,
    )


def _world(inputs: ValuationInputs, options: ValuationOptions, curves: CurveSet) -> World:
    currencies = sorted(map(str, inputs.book["currency"].unique()))
    scenarios = options.scenarios or scenario_set(options.framework, currencies)
    history = None if inputs.rates is None else RateHistory.from_table(inputs.rates, inputs.index_roles)
    applied = apply_scenarios(curves, scenarios, floor=options.floor, rate_path=options.rate_path)
    return World(applied, history, dict(inputs.index_roles), _home(inputs, curves))


def _home(inputs: ValuationInputs, curves: CurveSet) -> str:
    """Currency of a short rate whose role names none: the only one with a curve of that index, else the reporting one.

    The book has no say, or a position's value would hang on what else is in its book.
    """
    index = inputs.index_roles.get(SHORT, "")
    own = [currency for currency in curves.currencies if curves.has(currency, index)]
    return own[0] if len(own) == 1 else inputs.reporting_currency


def _exchange(inputs: ValuationInputs) -> ExchangeRates:
    return ExchangeRates(inputs.as_of, inputs.reporting_currency, inputs.fx)


def exchange_rates(inputs: ValuationInputs, book: Book) -> Mapping[str, float]:
    """Units of the reporting currency for one unit of each currency of the book.

    Raises
    ------
    MarketDataError : naming the currencies without a rate.
    """
    exchange = _exchange(inputs)
    _refuse_missing(missing_exchange_rates(book, exchange))
    return exchange.known()


def _refuse_missing(faults: Sequence[Fault]) -> None:
    """Refuse market data that lack something, everything at once."""
    if faults:
        lines = [str(fault) for fault in faults]
        raise MarketDataError(lines[0] if len(lines) == 1 else "market data are missing\n  " + "\n  ".join(lines))


def _refuse_rows(book: Book, options: ValuationOptions) -> None:
    """Refuse what only the whole book can say: rows of schedule/1 for no position of it, missing transfer rates."""
    faults = transfer_faults(book) if options.margins == "excluded" else []
    if book.schedule is not None:
        faults += faults_at(Place("schedule"), stray_rows(book), book.schedule)
    if faults:
        raise ContractFault(faults)


def _projection_options(
    options: ValuationOptions, world: World, assumptions: AssumptionSet | None
) -> ProjectionOptions:
    return ProjectionOptions(
        runoff_convention=options.runoff_convention,
        behaviour=options.behaviour,
        multipliers=standardised_multipliers(options.behaviour, world.curves.names, assumptions),
        include_default=options.include_default,
        uncovered=options.uncovered,
        margins=options.margins,
        tail=options.tail,
        pending=options.pending,
        exchange_notionals=options.exchange_notionals,
        renew_derivatives=options.derivatives == "renewed",
        buckets=options.buckets,
        cash_flows=options.cash_flows,
    )


def _curve_history(inputs: ValuationInputs, options: ValuationOptions) -> Mapping[np.datetime64, CurveSet]:
    """Curves of earlier dates, for margins measured at origination."""
    days = as_days(inputs.curves["as_of"])
    now = as_days(inputs.as_of)
    return {day: _curves(inputs, day, options) for day in np.unique(days[days <= now])}
