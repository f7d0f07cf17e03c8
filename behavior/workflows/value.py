"""Value a book: positions, curves and an assumption set in, NII, EVE and gap under every scenario out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.assumptions.set import AssumptionSet
from behavior.contracts import Place, faults_at
from behavior.engine.detail import position_cash_flows
from behavior.engine.drivers import World
from behavior.engine.overlay import calibrate
from behavior.engine.plan import CashFlows, Plan, ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.principal import stray_rows
from behavior.engine.projection import prepare, uncovered_deposits
from behavior.engine.refusals import transfer_faults
from behavior.engine.run import run
from behavior.engine.runoff import Matching
from behavior.errors import ContractFault, Fault, MarketDataError, SpecFault
from behavior.freed import give_back_freed
from behavior.market.buckets import Buckets, regulatory_buckets
from behavior.market.curves import CurveSet, DriverInterpolation, Interpolation, TimeConvention
from behavior.market.history import RateHistory
from behavior.market.scenarios import RatePath, ScenarioSet, apply_scenarios, scenario_set
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
from behavior.workflows.value_facts import facts
from behavior.workflows.value_options import BookOptions, book_options, with_options
from behavior.workflows.value_overlays import capped_deposits, standardised_multipliers
from behavior.workflows.value_sheets import balance_sheets, sheet_words
from behavior.workflows.value_views import CLEAN, accrued_by_position, acting_set, clean, paid_rates
from behavior.workflows.value_words import word_faults

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class ValuationInputs:
    """Everything a valuation reads, already in memory.

    Parameters
    ----------
    book : book/1. curves : curves/1; earlier as-of dates are curve history. assumptions : None = no behaviour.
    rates : rate_history/1. fx : fx/1. vols : vols/1. schedule : schedule/1.
    plan : plan/1, new business of the dynamic balance sheet. mix_shift : mix_shift/1, moves on the constant one.
    tier1, book_equity : reporting currency. index_roles : role -> index. new_business_margins : product -> decimals.
    sources : input -> what it was (file name, sha256, rows), for ``result.json``.
    places : table -> where its rows came from, for messages.
    """

    book: pd.DataFrame
    curves: pd.DataFrame
    as_of: dt.date
    reporting_currency: str
    tier1: float
    book_equity: float
    assumptions: AssumptionSet | None = None
    rates: pd.DataFrame | None = None
    fx: pd.DataFrame | None = None
    vols: pd.DataFrame | None = None
    schedule: pd.DataFrame | None = None
    plan: pd.DataFrame | None = None
    mix_shift: pd.DataFrame | None = None
    index_roles: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    new_business_margins: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class ValuationOptions:
    """Choices of a valuation; the defaults are those of the contracts.

    Parameters
    ----------
    framework : prescribed scenarios, or `scenarios` for others. floor : rule or level instead of the framework's own.
    balance_sheets : ``run_off``, ``constant``, ``dynamic``; None = the first two, and the third where a plan is given.
        aggregation : over currencies, instead of the framework's own.
    price : ``dirty`` (the first flow is a full coupon) or ``clean`` (less the interest accrued by as-of).
    driver_interpolation : what behavioural drivers read forwards from.
    migrated : moves into another product, ``counted`` as decay or ``censored``; None = counted, but not under the
        `deposit_view` ``minimum_balance`` (liquidity).
    derivatives : on a constant balance sheet, ``run_off`` or ``renewed``. embedded_limits : ``option`` (time value by
        vols/1 on top of intrinsic cash flows) or ``intrinsic``.
    behaviour : ``model``, ``frozen`` (what customers do in base, in every scenario: run-off and drawing),
        ``frozen_rates`` (the pass-through of rates that the bank sets too) or ``standardised`` (base's, multiplied).
    cap_deposits : cap the average life of deposits; None = where the framework does (``eu_*``). deposit_life_cap :
        years instead of the rule's.
    extrapolation : ``refuse`` contractual flows beyond the discount curve's last tenor, or take the curve as ``flat``.
    slotting : discount flows on their own ``dates``, or at the ``midpoints`` of the buckets that hold them, or on their
        dates but overnight flows a day of 365 on whatever the grid (``day_one``).
    deposit_life_factor : factor on the run-off times of non-maturity deposits, after any cap.
    deposit_costs : count servicing costs less fees of non-maturity deposits in present values.

    Raises
    ------
    SpecFault : naming every option whose word is not among its `value_words.WORDS`.
    """

    framework: str = "bcbs_2024"
    scenarios: ScenarioSet | None = None
    floor: str | float | None = None
    interpolation: Interpolation = "linear"
    driver_interpolation: DriverInterpolation = "pchip"
    time: TimeConvention = "exact"
    price: str = "dirty"
    rate_path: RatePath = "forward"
    balance_sheets: tuple[str, ...] | None = None
    margins: str = "included"
    runoff_convention: str = "pool"
    behaviour: str = "model"
    migrated: str | None = None
    deposit_view: str = "with_redeposits"
    include_default: bool = False
    uncovered: str = "error"
    pending: bool = True
    tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN
    aggregation: str | None = None
    extrapolation: str = "refuse"
    exchange_notionals: bool = False
    derivatives: str = "run_off"
    embedded_limits: str = "option"
    buckets: Buckets = field(default_factory=regulatory_buckets)
    cash_flows: bool = True
    deposit_life_cap: float | None = None
    cap_deposits: bool | None = None
    slotting: str = "dates"
    deposit_life_factor: float = 1.0
    deposit_costs: bool = False

    def __post_init__(self) -> None:
        faults = word_faults(vars(self))
        if faults:
            raise SpecFault(faults)
        object.__setattr__(self, "tail", Tail(self.tail))


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
    world, book, held = _resolved(inputs, chosen)
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
            coverage_table(book, flows.coverage, matchings, _overnight(book, plan.matchings)), Book(inputs.book)
        ),
        facts={**facts(inputs, chosen, world, plan, sheets, eve, nii, fx, rule, held), "deposit_life_cap": overlay},
        stamp="" if inputs.assumptions is None else inputs.assumptions.stamp,
        extra={"commercial_margin": margins} if len(margins) else None,
    )


def _resolved(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, Book, Any]:
    """The market under every scenario, the positions that the kernel projects, and the options apart from them."""
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
    held = book_options(book, world.curves, inputs.vols, options.time, options.embedded_limits)
    return world, held.linear, held


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


def position_flows(inputs: ValuationInputs, options: ValuationOptions | None = None) -> Iterator[pd.DataFrame]:
    """Cash flows position by position under every scenario, in tables of a few positions each.

    Raises
    ------
    As `value`, when the first table is asked for.
    """
    chosen = options or ValuationOptions()
    world, book, _ = _resolved(inputs, chosen)
    plan, _ = _plan(inputs, chosen, world, book)
    yield from position_cash_flows(plan)


def resolved_plan(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, Plan]:
    """The market and the plan that `value` runs, for measures that read more out of the same run.

    Raises
    ------
    As `value`.
    """
    world, book, _ = _resolved(inputs, options)
    return world, _plan(inputs, options, world, book)[0]


def resolved(inputs: ValuationInputs, options: ValuationOptions) -> tuple[World, BookOptions, Plan]:
    """The market, the options and the plan of a valuation, for those who take its figures apart.

    Raises
    ------
    As `value`.
    """
    world, book, held = _resolved(inputs, options)
    return world, held, _plan(inputs, options, world, book)[0]


def _rates_paid(plan: Plan, book: Book) -> tuple[FloatArray, FloatArray]:
    """Customer and transfer rate of each row of the book, compounded as the row says."""
    found = np.empty((2, len(book)))
    found[0, plan.order] = paid_rates(plan, plan.records["rate"])
    found[1, plan.order] = paid_rates(plan, book.numbers("transfer_rate")[plan.order])
    return found[0], found[1]


def _overnight(book: Book, matchings: Sequence[Matching]) -> np.ndarray:
    return uncovered_deposits(book, list(matchings))


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
    return World(applied, history, dict(inputs.index_roles))


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
