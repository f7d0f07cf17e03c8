"""What a valuation reads and the choices it makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.assumptions.set import AssumptionSet
from behavior.contracts import Place
from behavior.errors import SpecFault
from behavior.market.buckets import Buckets, regulatory_buckets
from behavior.market.curves import DriverInterpolation, Interpolation, TimeConvention
from behavior.market.scenarios import RatePath, ScenarioSet
from behavior.measures.nii import RUN_OFF
from behavior.workflows.value_words import word_faults


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
    extrapolation : beyond a curve's last tenor its zero rate stays (``flat``, with a warning), or contractual flows and
        fixings are faults there (``refuse``).
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
    extrapolation: str = "flat"
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


def values_alone(inputs: ValuationInputs, options: ValuationOptions) -> tuple[ValuationInputs, ValuationOptions]:
    """The same valuation for who reads present values alone: without a plan, a mix shift and the sheets they move.

    Their rows may name scenarios and products that such a run does not have.
    """
    return replace(inputs, plan=None, mix_shift=None), replace(options, balance_sheets=(RUN_OFF,))


def under(inputs: ValuationInputs, scenarios: ScenarioSet) -> ValuationInputs:
    """The inputs under other scenarios: rows of a plan or a mix shift that name none of these act nowhere."""

    def acting(table: pd.DataFrame | None) -> pd.DataFrame | None:
        if table is None or "scenario" not in table:
            return table
        return table[table["scenario"].isna() | table["scenario"].isin(scenarios.names)]

    return replace(inputs, plan=acting(inputs.plan), mix_shift=acting(inputs.mix_shift))
