"""RUNOFF and DRAWDOWN: which rows behave by which curves, and the curves as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.assumptions.effects import DEFAULT, POOLED, Driver, Effect, MonthMeaning
from behavior.assumptions.matching import HOW, NONE, SegmentMatch, match_segments
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine import layout
from behavior.engine.calendars import MAX_KEY
from behavior.engine.hazards import INCENTIVE, LEVEL, MAX_CAUSES, MAX_DRIVERS, MONEY, SPREAD
from behavior.engine.layout import Behaviours
from behavior.engine.positions import ASSET, CASH, LIABILITY, Book, distinct
from behavior.errors import AssumptionError
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

DRIVER_CODES = {
    Driver.RATE_INCENTIVE: INCENTIVE,
    Driver.RATE_LEVEL: LEVEL,
    Driver.RATE_SPREAD: SPREAD,
    Driver.MONTHS_IN_THE_MONEY: MONEY,
}

LOAN_CAUSES, DEPOSIT_CAUSES = ("payoff", "curtailment", "default"), ("withdrawal", "migrated")
COLUMN_OF_CAUSE = {
    "payoff": layout.PAYOFF,
    "default": layout.PAYOFF,
    "curtailment": layout.CURTAILMENT,
    "withdrawal": layout.WITHDRAWAL,
    "migrated": layout.WITHDRAWAL,
}


@dataclass(frozen=True, eq=False)
class Matching:
    """How one table meets a book.

    Parameters
    ----------
    table : its place in `tables`. curve : (rows,) place in the table's curves, -1 where none applies.
    match : the segments as matched.
    """

    table: AssumptionTable
    curve: AnyArray
    match: SegmentMatch

    @property
    def applies(self) -> bool:
        """Whether any row has a curve of the table."""
        return bool((self.curve >= 0).any())


def speaks_for(book: Book, table: AssumptionTable) -> BoolArray:
    """Rows that a table may apply to at all: cash, behaviour not switched off, the right effect."""
    rows = (book.instrument == CASH) & book.behavioral
    if table.effect is Effect.DRAWDOWN:
        return np.asarray(rows & (book.numbers("undrawn", 0.0) > 0))
    if table.effect is Effect.REPRICING:
        return np.asarray(rows & book.is_word("rate_type", "administered"))
    return np.asarray(rows)


def could_match(book: Book, table: AssumptionTable) -> BoolArray:
    """Rows whose words occur among a table's labels, so that a table is asked only of rows it can speak for.

    A book of loans then need not have the columns that deposits are divided by.
    """
    rows = np.ones(len(book), dtype=np.bool_)
    for number, name in enumerate(table.scheme.columns):
        labels = {curve.segment[number] for curve in table.curves}
        if name in book.table and name not in table.scheme.bands and POOLED not in labels:
            cells = book.table[name]
            held = cells.cat.categories if isinstance(cells.dtype, pd.CategoricalDtype) else cells
            if pd.api.types.is_string_dtype(held.dtype):
                rows &= cells.isin(labels).to_numpy()
    return rows


def match_table(book: Book, table: AssumptionTable, **wanted: object) -> Matching:
    """Match one table; a curve pooled in every segment column speaks for loans or deposits alone, by its cause."""
    rows = speaks_for(book, table) & could_match(book, table)
    count = len(book)
    if not rows.any():
        labels = tuple(curve.label for curve in table.curves)
        # One number stands for all rows: a table that speaks for none costs no memory.
        none, nowhere = np.broadcast_to(np.int32(-1), (count,)), np.broadcast_to(np.int8(HOW.index(NONE)), (count,))
        return Matching(
            table, none, SegmentMatch(none, nowhere, labels, np.broadcast_to(np.int32(0), (count,)), ("all",))
        )
    places = None if rows.all() else np.flatnonzero(rows)
    offered = book.table[[name for name in _columns_of(table) if name in book.table]]
    offered = offered if places is None else offered.iloc[places]
    match = _spread(match_segments(offered, table, **wanted), places, count)  # type: ignore[arg-type]
    found = match.curve_index
    side = {**dict.fromkeys(LOAN_CAUSES, ASSET), **dict.fromkeys(DEPOSIT_CAUSES, LIABILITY)}.get(table.cause)
    if side is not None and table.effect is Effect.RUNOFF:
        everywhere = [all(label == POOLED for label in curve.segment) for curve in table.curves]
        if any(everywhere):
            loose = (found >= 0) & np.asarray([*everywhere, False])[found]
            found = np.where(loose & (book.side != side), np.int32(-1), found)
    return Matching(table, found, match)


def _columns_of(table: AssumptionTable) -> list[str]:
    """Columns of a book that a table's segments are read from."""
    scheme = table.scheme
    return list(dict.fromkeys([*scheme.columns, *(band.column for band in scheme.bands.values())]))


def _spread(match: SegmentMatch, places: IntArray | None, count: int) -> SegmentMatch:
    """A match of some rows as a match of all: the others have none."""
    if places is None:
        return match
    curve = np.full(count, -1, dtype=np.int32)
    how = np.full(count, HOW.index(NONE), dtype=np.int8)
    segment = np.full(count, len(match.segments), dtype=np.int32)
    curve[places], how[places], segment[places] = match.curve_index, match.how_code, match.segment_index
    return SegmentMatch(curve, how, match.labels, segment, (*match.segments, "all"), match.missing_columns)


def acting_tables(assumptions: AssumptionSet | None, include_default: bool) -> list[AssumptionTable]:
    """RUNOFF tables (default left out unless asked for), then DRAWDOWN tables."""
    if assumptions is None:
        return []
    runoff = [t for t in assumptions.for_effect(Effect.RUNOFF) if include_default or t.cause != DEFAULT]
    return [*runoff, *assumptions.for_effect(Effect.DRAWDOWN)]


def combinations(matchings: Sequence[Matching], count: int) -> tuple[IntArray, list[list[tuple[int, int]]]]:
    """Distinct sets of curves over all tables, and each row's (-1 = no behaviour).

    Returns
    -------
    of_row : (rows,). entries : for each combination its (table, curve) pairs in table order.
    """
    code = np.zeros(count, dtype=np.int64)
    width = 1
    for matching in matchings:
        if matching.curve.strides == (0,):
            continue
        base = len(matching.table.curves) + 1
        if width > MAX_KEY // base:
            code = pd.factorize(code)[0].astype(np.int64)
            width = count + 1
        code *= base
        code += matching.curve
        code += 1
        width *= base
    present, place, inverse = distinct(code)
    found: list[list[tuple[int, int]]] = []
    number = np.full(len(present), -1, dtype=np.int64)
    for k, row in enumerate(place):
        pairs = [(t, int(m.curve[row])) for t, m in enumerate(matchings) if m.curve[row] >= 0]
        if pairs:
            number[k] = len(found)
            found.append(pairs)
    return number[inverse], found


def flatten(tables: Sequence[AssumptionTable], tail: Tail) -> dict[str, Any]:
    """What `Behaviours` says of curves: every one with dense months, the tail value last, one after another."""
    curves = [curve for table in tables for curve in table.curves]
    count = max(len(curves), 1)
    driver = np.zeros((count, MAX_DRIVERS), dtype=np.int64)
    grid_offset, grid_length = np.zeros_like(driver), np.ones_like(driver)
    dimensions = np.zeros(count, dtype=np.int64)
    months, nodes, observed, offset = (np.ones(count, dtype=np.int64) for _ in range(4))
    values: list[FloatArray] = []
    grids: list[FloatArray] = []
    at, grid_at = 0, 0
    for number, curve in enumerate(curves):
        dense = np.moveaxis(curve.every_month(tail), -1, 0)
        offset[number], months[number], nodes[number] = at, len(dense), dense[0].size
        observed[number] = int(curve.months[-1]) if len(curve.months) else np.iinfo(np.int64).max
        dimensions[number] = len(curve.driver_grids)
        for axis, (name, grid) in enumerate(curve.driver_grids.items()):
            driver[number, axis] = DRIVER_CODES[name]
            grid_offset[number, axis], grid_length[number, axis] = grid_at, len(grid)
            grids.append(np.asarray(grid, dtype=np.float64))
            grid_at += len(grid)
        values.append(dense.ravel())
        at += dense.size
    return {
        "offset": offset,
        "months": months,
        "nodes": nodes,
        "observed": observed,
        "dimensions": dimensions,
        "driver": driver,
        "grid_offset": grid_offset,
        "grid_length": grid_length,
        "grids": np.concatenate([*grids, np.zeros(1)]),
        "values": np.concatenate([*values, np.zeros(2)]),
    }


def layout_behaviours(
    matchings: Sequence[Matching],
    entries: Sequence[Sequence[tuple[int, int]]],
    mortgage_key: IntArray,
    coverage: IntArray,
    tail: Tail,
) -> Behaviours:
    """The kernel's arrays.

    Parameters
    ----------
    mortgage_key, coverage : (rows, tables), from `drivers` and `coverage_rows`.

    Raises
    ------
    AssumptionError : more causes meet in one segment than the kernel holds.
    """
    tables = [matching.table for matching in matchings]
    begins = np.cumsum([0, *(len(table.curves) for table in tables)])
    most = max((len(pairs) for pairs in entries), default=0)
    if most > MAX_CAUSES:
        raise AssumptionError(f"{most} tables act on one segment; at most {MAX_CAUSES} may. Merge some of them.")
    pairs = [pair for group in entries for pair in group]
    first = np.concatenate([[0], np.cumsum([len(group) for group in entries])]).astype(np.int64)
    paid_back = [1.0 if t.recovery is None else t.recovery for t in tables]
    season = np.ones((max(len(tables), 1), 12))
    for number, table in enumerate(tables):
        if table.season is not None:
            season[number] = table.season
    whole = [1.0 - share if t.cause == DEFAULT else 0.0 for t, share in zip(tables, paid_back, strict=True)]
    return Behaviours(
        combination_first=first,
        entry_curve=_ints([begins[t] + c for t, c in pairs]),
        entry_table=_ints([t for t, _ in pairs]),
        since_origination=_ints([t.month_meaning is MonthMeaning.SINCE_ORIGINATION for t in tables]),
        season=season,
        column=_ints([COLUMN_OF_CAUSE.get(t.cause, layout.PAYOFF) for t in tables]),
        threshold=np.asarray([*(t.terms.in_the_money_above for t in tables), 0.0]),
        draws=_ints([t.effect is Effect.DRAWDOWN for t in tables]),
        loss=np.asarray([*whole, 0.0]),
        mortgage_key=mortgage_key,
        coverage=coverage,
        **flatten(tables, tail),
    )


def _ints(values: Sequence[int]) -> IntArray:
    return np.asarray([*values, 0], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class CoverageRows:
    """One row a combination of product, own segment, curve, how and currency; `of_row` is (rows, tables)."""

    table: pd.DataFrame
    of_row: AnyArray


def coverage_rows(book: Book, matchings: Sequence[Matching]) -> CoverageRows:
    """Who is covered by what. Row 0 collects what no table reaches."""
    of_row = np.zeros((len(book), max(len(matchings), 1)), dtype=np.int32)
    product, currency = book.words("product"), book.words("currency")
    balance = book.numbers("balance", 0.0)
    nobody = {"product": "", "segment": "", "curve": "", "currency": "", "balance": 0.0, "how": NONE}
    rows: list[dict[str, object]] = [nobody]
    for number, matching in enumerate(matchings):
        if matching.curve.strides == (0,):
            continue
        covered = np.flatnonzero(matching.curve >= 0)
        if not len(covered):
            continue
        match = matching.match
        code = (
            np.asarray(product.codes[covered], dtype=np.int64) * len(match.segments) + match.segment_index[covered]
        ) * len(matching.table.curves) + matching.curve[covered]
        code = code * len(currency.categories) + currency.codes[covered]
        present, place, inverse = distinct(code)
        weight = np.bincount(inverse, weights=balance[covered], minlength=len(present))
        of_row[covered, number] = len(rows) + inverse
        for k, at in enumerate(covered[place]):
            label = matching.table.curves[matching.curve[at]].label
            rows.append(
                {
                    "product": str(product[at]),
                    "segment": match.segments[match.segment_index[at]],
                    "curve": f"{matching.table.name}: {label}",
                    "currency": str(currency[at]),
                    "balance": float(weight[k]),
                    "how": HOW[match.how_code[at]],
                }
            )
    return CoverageRows(pd.DataFrame(rows), of_row)
