"""What of net interest income is commercial margin: by scenario, balance sheet, product and month.

The commercial margin of a position is its customer rate less its transfer rate, the internal risk-free rate at
inception, both compounded as the row says. It is earned on what is left of the balance, in proportion to the row's day
count, as interest is:

- fixed, floating and administered rates: today's margin, which the rate paths leave as it is;
- renewed fixed balances: their margin over the zero rate of the renewal date; renewed floaters: today's margin;
- administered balances on a constant balance sheet: today's margin on the balance that stays;
- a plan or a mix shift: `margin`, or `spread` over the index, or `rate` less the scenario's zero rate for the term;
  without a price, the margin that a unit of the product's balance has on the constant balance sheet.

Derivatives have none. Positions without a transfer rate are left out, here and in what they are renewed as.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.engine import layout
from behavior.engine.calendars import unique_keys
from behavior.engine.layout import NII_MONTHS
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.positions import CASH, Groups
from behavior.engine.run import run
from behavior.measures.further_groups import Key, keys_of
from behavior.measures.moving_sheets import Sheet, dynamic_sheet, shifted_sheet
from behavior.measures.new_business import MarginPricing
from behavior.measures.nii import CONSTANT, DYNAMIC, RUN_OFF
from behavior.months import month_bounds
from behavior.quantities import FloatArray, IntArray
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved
from behavior.workflows.value_sheets import Sheets, balance_sheets, sheet_words
from behavior.workflows.value_views import paid_rates

BYTES = 1 << 27
"""Room that the cash flows of one batch of patterns may take."""


def margin_income(inputs: ValuationInputs, options: ValuationOptions) -> pd.DataFrame:
    """scenario, balance_sheet, currency, product, side, month, nii, commercial_margin: what the bank earns, signed.

    Both are in the row's currency; the rest of net interest income is what the transfer of rates earns. No rows where
    no position has a transfer rate.

    Raises
    ------
    As `value`.
    """
    world, held, plan = resolved(inputs, options)
    book = plan.terms.book
    transfer = book.numbers("transfer_rate")[plan.order]
    known = (book.instrument[plan.order] == CASH) & ~np.isnan(transfer)
    known &= plan.records["repayment"] != layout.OVERNIGHT
    if not known.any():
        return pd.DataFrame()
    flows = run(replace(plan, options=replace(plan.options, cash_flows=True, per_position=False)))
    words = sheet_words(inputs, options)
    sheets = balance_sheets(inputs, world, plan, flows, list(held.groups), words)
    rows = np.flatnonzero(known)
    part = some_of(plan, rows)
    margin = paid_rates(part, part.records["rate"]) - paid_rates(part, transfer[rows])
    keys = keys_of(plan.groups)
    leaving = _on_groups(sheets, keys, run_off_margin(part, margin))
    kept = _on_groups(sheets, keys, constant_margin(part, margin))
    off, still = Sheet(leaving, sheets.left.balance), Sheet(leaving + kept, sheets.still.balance)
    found = {RUN_OFF: off, CONSTANT: still}
    if inputs.mix_shift is not None:
        found[CONSTANT] = shifted_sheet(sheets.flows, still, inputs.mix_shift, world, MarginPricing)
    if inputs.plan is not None and DYNAMIC in words:
        found[DYNAMIC] = dynamic_sheet(sheets.flows, off, still, inputs.plan, world, MarginPricing)
    months = month_bounds(inputs.as_of, NII_MONTHS)[1:]
    return pd.concat([_table(sheets, word, found[word].interest, months) for word in words], ignore_index=True)


def margin_summary(table: pd.DataFrame, nii_summary: pd.DataFrame, fx: Mapping[str, float]) -> pd.DataFrame:
    """scenario, balance_sheet, horizon_months, nii, commercial_margin, rest: in the reporting currency.

    The rest is what income has beyond margins: derivatives, the transfer of rates, positions without a transfer rate.

    table : of `margin_income`. nii_summary : of the same valuation. fx : currency -> reporting units.
    """
    keys = ["scenario", "balance_sheet"]
    worth = table["commercial_margin"] * table["currency"].map(fx).astype(float)
    by_month = table.assign(worth=worth).groupby([*keys, "month"], sort=False)["worth"].sum()
    running = by_month.groupby(level=keys, sort=False).cumsum().rename("commercial_margin").reset_index()
    running["horizon_months"] = running.groupby(keys, sort=False).cumcount() + 1
    found = nii_summary[[*keys, "horizon_months", "nii"]].merge(
        running.drop(columns="month"), on=[*keys, "horizon_months"], how="left", validate="one_to_one"
    )
    return found.assign(rest=found["nii"] - found["commercial_margin"])


def _on_groups(sheets: Sheets, keys: list[Key], values: FloatArray) -> FloatArray:
    """Values by the plan's groups as values by the groups of the sheets."""
    places = {key: place for place, key in enumerate(keys_of(sheets.flows.groups))}
    found = np.zeros(sheets.flows.income.shape)
    found[:, [places[key] for key in keys]] = values
    return found


def run_off_margin(plan: Plan, margin: FloatArray) -> FloatArray:
    """Margin earned on what is left of balances: (scenarios, groups, 61).

    Balances that share dates add up, so each position is run with its balance, and every amount that goes with it,
    times its margin: what is left of the sums is the sum of margins that is earned. Payments are not rounded there.

    margin : (positions,), decimals a year.
    """
    found = np.zeros((len(plan.scenarios), len(plan.groups), NII_MONTHS + 1))
    for sign in (1.0, -1.0):
        rows = np.flatnonzero(sign * margin > 0)
        if not len(rows):
            continue
        largest = float(np.abs(margin[rows]).max())
        weighted = _weighted(some_of(plan, rows), np.abs(margin[rows]) / largest)
        for batch, opening, group, closing in _by_pattern(_numbered(weighted)):
            earned = accrued(plan, batch, opening, closing)
            for place, number in enumerate(group.tolist()):
                found[:, number] += sign * largest * earned[:, place]
    return found


def _weighted(plan: Plan, weight: FloatArray) -> Plan:
    """The plan with every amount of its positions times a weight."""
    for name in ("balance", "undrawn", "agreed"):
        plan = with_column(plan, name, plan.records[name] * weight)
    plan = with_column(plan, "rounding", np.zeros(len(weight)))
    explicit = np.flatnonzero(plan.records["repayment"] == layout.SCHEDULE)
    schedule = plan.schedule.copy()
    for row in explicit.tolist():
        begin = int(plan.records["schedule"][row])
        schedule[begin : begin + int(plan.records["events"][row])] *= weight[row]
    return replace(plan, schedule=schedule)


def _numbered(plan: Plan) -> Plan:
    """The plan with its events numbered where months stand: a month that holds two, as from 30 January to 28 February
    for payers on month ends, does not say what is left between them."""
    numbers = np.arange(len(plan.calendars))
    first = np.sort(plan.terms.calendars.first)
    calendars = plan.calendars.copy()
    calendars["month"] = numbers - first[np.searchsorted(first, numbers, side="right") - 1] + 1
    return replace(plan, calendars=calendars)


def _patterns(plan: Plan) -> tuple[IntArray, IntArray]:
    """First position of each distinct result group and set of dates, and the pattern of each position."""
    late = np.unique(plan.records["late_start"], return_inverse=True)[1]
    return unique_keys({"late": late, **{name: plan.records[name] for name in ("group", "first", "start")}})


def _by_pattern(plan: Plan) -> Iterator[tuple[Plan, FloatArray, IntArray, FloatArray]]:
    """Batches of patterns: one position of each, opening balance, result group, balances after each event."""
    place, number = _patterns(plan)
    cell = len(plan.scenarios) * (plan.months + 2) * len(layout.FIELDS) * 8
    batch = max(BYTES // cell, 1)
    for begin in range(0, len(place), batch):
        chosen = place[begin : begin + batch]
        rows = np.flatnonzero((number >= begin) & (number < begin + batch))
        own = number[rows] - begin
        count = len(chosen)
        names = ("",) * count
        groups = Groups(own, names, names, names)
        alone = with_column(with_column(some_of(plan, rows), "group", own), "renewal", np.full(len(rows), -1))
        options = replace(plan.options, cash_flows=True, per_position=False)
        ran = run(replace(alone, terms=replace(plan.terms, groups=groups), options=options))
        opening = np.asarray(np.bincount(own, weights=alone.records["balance"], minlength=count), dtype=np.float64)
        group = np.asarray(plan.records["group"][chosen], dtype=np.int64)
        yield some_of(plan, chosen), opening, group, ran.flows[..., layout.CLOSING]


def accrued(plan: Plan, patterns: Plan, opening: FloatArray, closing: FloatArray | None) -> FloatArray:
    """Balance times accrual by month, years: (scenarios, patterns, 61).

    Parameters
    ----------
    patterns : one position of each. opening : (patterns,), balance at as-of. closing : (scenarios, patterns, events)
        after event 0, 1, ..., None = the balance stays, whatever the scenario: one for all.
    """
    calendars, records = plan.calendars, patterns.records
    scenarios = 1 if closing is None else closing.shape[0]
    found = np.zeros((scenarios, len(records), NII_MONTHS + 2))
    every = np.arange(len(records))
    last = len(calendars) - 1
    for j in range(1, NII_MONTHS + 3):
        e = np.minimum(records["first"] + j - 1, last)
        month = calendars["month"][e]
        begun = (j > records["start"]) & (month <= NII_MONTHS + 1)
        first = j == records["start"] + 1
        balance = np.broadcast_to(opening, (scenarios, len(records)))
        if closing is not None:
            balance = np.where(first, opening, closing[:, :, min(j - 1, closing.shape[2] - 1)])
        skip = np.where(first, records["late_start"], 0.0)
        head = np.maximum(calendars["head"][e], skip)
        amount = np.where(begun, balance * calendars["accrual"][e], 0.0)
        month = np.where(begun, month, 0)
        found[:, every, np.maximum(month - 1, 0)] += amount * np.where(month > 1, head - skip, 0.0)
        found[:, every, month] += amount * (1.0 - head)
    found = found[:, :, : NII_MONTHS + 1]
    found[:, :, 0] = 0.0
    return found


def constant_margin(plan: Plan, margin: FloatArray) -> FloatArray:
    """What a constant balance sheet adds to the margin of the run-off: (scenarios, groups, 61).

    Renewed balances at their margins, and balances that stay instead of what is left of them.
    """
    records = plan.records
    floats = records["rate_type"] == layout.FLOATING
    again = with_column(plan, "renewal_margin", np.where(floats, margin, records["renewal_margin"]))
    options = replace(plan.options, cash_flows=False, per_position=False)
    terms = plan.renewals
    free = replace(
        terms,
        rates=np.zeros_like(terms.rates),
        cap=np.full_like(terms.cap, np.inf),
        floor=np.full_like(terms.floor, -np.inf),
    )
    none = with_column(plan, "renewal", np.full(len(records), -1))
    renewed = (
        run(replace(again, renewals=free, options=options)).constant - run(replace(none, options=options)).constant
    )
    stays = np.flatnonzero(records["stays"] != 0)
    if len(stays):
        held = some_of(plan, stays)
        place, number = _patterns(held)
        earning = held.records["balance"] * margin[stays]
        opening = np.asarray(np.bincount(number, weights=earning, minlength=len(place)), dtype=np.float64)
        full = accrued(plan, some_of(held, place), opening, None)
        for which, group in enumerate(held.records["group"][place].tolist()):
            renewed[:, group] += full[:, which]
        renewed -= run_off_margin(held, margin[stays])
    return renewed


def _table(sheets: Sheets, word: str, margin: FloatArray, months: np.ndarray) -> pd.DataFrame:
    groups, names = sheets.flows.groups, sheets.flows.scenarios
    cash = [g for g, side in enumerate(groups.side) if side in ("asset", "liability")]
    each, count = len(months), len(cash)

    def repeated(values: tuple[str, ...]) -> np.ndarray:
        return np.tile(np.repeat(np.asarray([values[g] for g in cash], dtype=object), each), len(names))

    def signed(values: FloatArray) -> FloatArray:
        return np.asarray((groups.sign[None, :, None] * values)[:, cash, 1:].ravel())

    return pd.DataFrame(
        {
            "scenario": np.repeat(np.asarray(names, dtype=object), count * each),
            "balance_sheet": word,
            "currency": repeated(groups.currency),
            "product": repeated(groups.product),
            "side": repeated(groups.side),
            "month": np.tile(months, len(names) * count),
            "nii": signed(sheets.by_word[word].interest),
            "commercial_margin": signed(margin),
        }
    )
