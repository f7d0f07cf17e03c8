"""Warnings of a valuation: what was assumed for want of data, and what was given and acts on nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np

from behavior.assumptions.beyond_data import beyond_data_warnings
from behavior.assumptions.effects import Driver, MonthMeaning, View
from behavior.assumptions.readings import ReadingPoints
from behavior.engine.drivers import SHORT, World, ended_on
from behavior.engine.plan import Plan
from behavior.engine.positions import CASH, SWAP_LEG, Book
from behavior.market.history import role_in
from behavior.market.shocks import out_of_force_warning
from behavior.workflows.market_needs import short_curves
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value_options import BookOptions
from behavior.workflows.value_views import acting_set

SHOWN = 5
"""Positions named in a warning."""


def valuation_warnings(
    inputs: ValuationInputs, options: ValuationOptions, world: World, plan: Plan, held: BookOptions
) -> list[str]:
    """Sentences that a reader of the figures needs, in no order of weight."""
    found = [*world.curves.warnings, *_strange_indices(inputs, world)]
    stale = out_of_force_warning(world.curves.scenarios.framework, inputs.as_of)
    if stale:
        found.append(stale)
    lagged = [
        matching.table.name
        for matching in plan.matchings
        if matching.table.terms.lag_months and Driver.RATE_INCENTIVE in matching.table.drivers and matching.applies
    ]
    if lagged and world.history is None:
        found.append(f"No rate history was given: lagged driver rates of {', '.join(lagged)} start from today's value.")
    if world.history is None and any(matching.applies for matching in plan.repricing_keys.matchings):
        found.append("No rate history was given: pending pass-through of deposit rates is taken as zero.")
    found += _pasts(world, plan)
    if held.untimed:
        found.append(
            f"Of {_counted(held.untimed)} with a cap or floor on the rate and no volatility, the limits are intrinsic "
            "in cash flows, without time value. Give vols/1 (--vols) or a `volatility` in their rows."
        )
    book = Book(inputs.book)
    kept = [f"{short.words}: its last zero rate is kept there." for short in short_curves(book, world.curves.curves)]
    return [
        *found,
        *kept,
        *_lone_legs(book),
        *_untold(plan, world),
        *_undated(plan),
        *_unreset(book),
        *_idle(plan),
        *_unpaced(plan),
        *_unused_margins(inputs.new_business_margins, book),
        *_beyond_data(inputs, options, plan),
    ]


def _strange_indices(inputs: ValuationInputs, world: World) -> list[str]:
    """Index values of scenarios for an index that neither the curves nor the rate history nor a role knows."""
    known = {index for _, index in world.curves.curves.curves} | set(world.roles.values())
    known |= set() if inputs.rates is None else set(map(str, inputs.rates["index"].unique()))
    named = {index for one in world.curves.scenarios.scenarios for index in one.index_values}
    strange = ", ".join(sorted(named - known))
    return [f"scenarios give values of {strange}; nothing reads an index of that name."] if strange else []


def _pasts(world: World, plan: Plan) -> list[str]:
    """Currencies of deposits that follow a target whose past short rates are unknown, ended or another currency's."""
    if not plan.options.pending or world.history is None:
        return []
    currency = np.asarray(plan.terms.book.words("currency"))
    unknown, borrowed, ended = set(), set(), set()
    for matching in plan.repricing_keys.matchings:
        for one in np.unique(currency[matching.curve >= 0].astype(str)):
            index = world.past_short_index(one, matching.table.terms.index)
            if index is None:
                unknown.add(one)
            elif world.borrows(one, index):
                borrowed.add((one, index))
            if index is not None and (last := ended_on(world, index)):
                ended.add((one, index, last))
    found = []
    if unknown:
        names = ", ".join(sorted(unknown))
        found.append(
            f"Pending pass-through of deposit rates in {names} is taken as zero: no such short rate is in the history."
        )
    for one, index, last in sorted(ended):
        found.append(
            f"Pending pass-through of deposit rates in {one} knows nothing of the months since {last}, when `{index}` "
            "ends in the rate history: they count as months without a move."
        )
    for one, index in sorted(borrowed):
        found.append(
            f"Pending pass-through of deposit rates in {one} is run over `{index}`, not known to be its short rate: "
            f"name that in the settings (index_roles: short_{one})."
        )
    return found


def _untold(plan: Plan, world: World) -> list[str]:
    """Currencies whose behaviour reads the short rate, and not the one that a scenario gives by month: no role of
    theirs."""
    common = world.roles.get(SHORT, "")
    if not any(common in one.index_values for one in world.curves.scenarios.scenarios):
        return []
    currency = np.asarray(plan.terms.book.words("currency")).astype(str)
    read = [one for one in plan.matchings if {Driver.RATE_SPREAD, Driver.RATE_LEVEL} & set(one.table.drivers)]
    present = {name for one in (*read, *plan.repricing_keys.matchings) for name in currency[one.curve >= 0]}
    return [
        f"Scenarios give `{common}` by month, which behaviour in {one} does not follow: name its own short rate in the "
        f"settings (index_roles: short_{one})."
        for one in sorted(present)
        if role_in(SHORT, one) not in world.roles and world.told_short(one) != common
    ]


def _undated(plan: Plan) -> list[str]:
    """Positions without an origination date that something is counted from: their age by a curve, their term anew."""
    book = plan.terms.book
    counted = (book.instrument == CASH) & ~np.isnat(book.dates("maturity_date"))
    for matching in plan.matchings:
        if matching.table.month_meaning is MonthMeaning.SINCE_ORIGINATION:
            counted |= matching.curve >= 0
    unknown = int((counted & np.isnat(book.dates("origination_date"))).sum())
    if not unknown:
        return []
    has, its = ("has", "its") if unknown == 1 else ("have", "their")
    return [
        f"{_counted(unknown)} {has} no origination date: behaviour counts {its} age, and a renewal {its} term, "
        "from today."
    ]


def _unreset(book: Book) -> list[str]:
    """Floating positions that do not say when they are reset next, or how often: what is assumed moves their value."""
    floats = (book.instrument <= SWAP_LEG) & book.is_word("rate_type", "floating")
    found = []
    for lacking, words in (
        (np.isnat(book.dates("next_reset_date")), "no next_reset_date: taken as {} first payment date, or {} start"),
        (book.whole("reset_months") <= 0, "no reset_months: taken as {} payment_months"),
    ):
        count = int((floats & lacking).sum())
        if count:
            its = "its" if count == 1 else "their"
            said = f"a floating rate and {words.format(its, its)}"
            found.append(f"{_counted(count)} {'has' if count == 1 else 'have'} {said}.")
    return found


def _idle(plan: Plan) -> list[str]:
    """Tables of the set that reach no position: a word of the book or of the set is another, or the book is in part."""
    matchings = (*plan.matchings, *plan.repricing_keys.matchings)
    names = ", ".join(sorted(matching.table.name for matching in matchings if not matching.applies))
    return [f"Of the assumption set, no position of the book behaves by {names}."] if names else []


def _unpaced(plan: Plan) -> list[str]:
    """Rates with a target and without a speed."""
    rows = plan.repricing_keys.unpaced
    if not len(rows):
        return []
    products = ", ".join(sorted(set(np.asarray(plan.terms.book.words("product")).astype(str)[rows])))
    return [
        f"{_counted(len(rows))} ({products}) with a target of the set and no speed both up and down: there the rate "
        "paid takes over the whole of a move in its first month."
    ]


def _unused_margins(margins: Mapping[str, float], book: Book) -> list[str]:
    """New-business margins of products that the book does not have, with the nearest name of one that it has."""
    held = [str(name) for name in book.words("product").categories]
    near = {name: difflib.get_close_matches(name, held, 1) for name in margins if name not in held}
    if not near:
        return []
    words = ", ".join(f"`{name}`" + (f" (is it `{known[0]}`?)" if known else "") for name, known in near.items())
    return [
        f"new_business_margins: no position of the book has the product {words}; nothing is renewed at that margin."
    ]


def _beyond_data(inputs: ValuationInputs, options: ValuationOptions, plan: Plan) -> tuple[str, ...]:
    """Of the curves that this book reads: whose average life rests on more than data."""
    acting = acting_set(inputs.assumptions, options)
    if acting is None:
        return ()
    read = {
        matching.table.curves[place].label
        for matching in plan.matchings
        for place in np.unique(matching.curve).tolist()
        if place >= 0
    }
    points = ReadingPoints(default=options.include_default, tail=options.tail)
    return beyond_data_warnings(acting.tables, points, View(options.deposit_view), read)


def _lone_legs(book: Book) -> list[str]:
    """A warning where swap legs share their trade with no other row: half a swap is valued."""
    trade = book.words("trade_id").codes
    rows = np.bincount(trade, minlength=1)[trade] if len(trade) else trade
    lone = np.flatnonzero((book.instrument == SWAP_LEG) & (rows == 1))
    if not len(lone):
        return []
    names = ", ".join(str(name) for name in book.names(lone[:SHOWN])) + (", ..." if len(lone) > SHOWN else "")
    legs = "1 swap leg shares its" if len(lone) == 1 else f"{len(lone):,} swap legs share their"
    return [f"{legs} trade_id with no other row and {'is' if len(lone) == 1 else 'are'} valued alone: {names}."]


def _counted(positions: int) -> str:
    return "1 position" if positions == 1 else f"{positions:,} positions"
