"""Positions laid side by side and cut into tiles.

Behaviour never looks at a balance. Where payments shrink with the survivors (pool convention), a position is therefore
its contract's own schedule times the share that survives. The two are worked out apart:

- positions of one *block* share payment days, day count, curves and result group; a *tile* holds a few of its columns
  side by side, so that each step of a month is one short loop over neighbouring numbers;
- where no curve of a block reads a driver, survival is the same for every position of the same age; where curves read
  the spread or level of rates, it is the same for all deposits that are paid one rate. Such positions are added up
  first, and one *column* stands for all of them (behaviour by key); elsewhere a column is one position.

What does not separate (cent rounding, payment caps, drawing, other run-off conventions, forward starts) is left to
`kernel`, position by position.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from behavior.engine.layout import (
    ADMINISTERED,
    ANNUITY,
    FIXED,
    FLOATING,
    LINEAR,
    OPEN_ENDED,
    Behaviours,
    Positions,
    Records,
    taken,
)
from behavior.engine.tile_marks import Marks, added_up, any_entry, combined, falls_short, separable
from behavior.quantities import BoolArray, FloatArray, IntArray

WIDTH = 512
"""Columns of a tile at most: enough that what is done once a month weighs little beside them."""
ROW = WIDTH + 8
"""Numbers from row to row of a tile's workspace: rows of a power of two would fall on the same lines of the cache."""
NARROW = 128
"""The same where columns are sums, behind each of which stand many positions, or known in all scenarios at once."""
READ = (
    *("group", "first", "events", "payment", "carried", "rate_type", "rate", "floor", "repayment", "level"),
    *("amortises_from", "compounding", "exchanged", "margin", "behaviour", "age", "repricing", "renewal", "stays"),
    "stretch",
)
"""What cutting up reads of the positions that it lays side by side."""
TILE = np.dtype(
    [
        ("begin", np.int32),
        ("end", np.int32),
        ("events", np.int32),
        ("keyed", np.int32),
        ("signs", np.int32),
        ("margins", np.int32),
        ("later", np.int32),
        ("alike", np.int32),
        ("together", np.int32),
    ],
    align=True,
)
"""begin, end : columns. events : the longest column's. keyed : columns are sums of positions. signs : a payment may
fall short of its interest. margins : present values leave a margin out. later : some amortise from a later payment.
alike : every scenario knows the same path. together : all columns are of one renewal group."""


@dataclass(frozen=True)
class Cutting:
    """What a book is cut up for.

    Parameters
    ----------
    pool : the run-off convention is the pool's. each : every position's own value is asked for, so nothing may be added
    up. frozen : scenarios use base's hazards. scenarios : how many. pieces : chunks wanted. room : columns of a chunk
    at most, counted once for every path.
    """

    pool: bool
    each: bool
    frozen: bool
    scenarios: int
    pieces: int
    room: int


@dataclass(frozen=True, eq=False)
class Tiles:
    """A book cut into tiles.

    Parameters
    ----------
    loans : places in the records, columns one after another. begin, end : (columns,), place in `loans`.
    renewal : (columns,), number of the renewal group among those of its chunk, -1 = none.
    tiles : records as `TILE`. chunks : (first tile, last + 1) of each piece of work, all of its tiles alike or none;
    `renewals` : its renewal groups. rest : places in the records that the tiles do not hold, by result group.
    cutting : what they were cut for.
    """

    loans: IntArray
    begin: IntArray
    end: IntArray
    renewal: IntArray
    tiles: Records
    chunks: tuple[tuple[int, int], ...]
    renewals: tuple[IntArray, ...]
    rest: IntArray
    cutting: Cutting


def cut(positions: Positions, behaviours: Behaviours, count: IntArray, cutting: Cutting) -> Tiles:
    """Cut a book into tiles. count : (rows,), day count by number."""
    chosen = separable(positions, cutting.pool)
    drawing = any_entry(behaviours, behaviours.draws[behaviours.entry_table] != 0)
    chosen &= ~drawing[positions.behaviour]
    rows = np.flatnonzero(chosen)
    rest = np.flatnonzero(~chosen)
    rest = rest[np.argsort(positions.group[rest], kind="stable")]
    mine = taken(positions, rows, READ)
    signs = falls_short(mine, count[rows])
    driven = any_entry(behaviours, behaviours.dimensions[behaviours.entry_curve] > 0)[mine.behaviour]
    marks = Marks(
        alike=(mine.rate_type == FIXED) & ~driven & (not cutting.frozen),
        signs=signs,
        keyed=np.zeros_like(signs),
        shared=(),
    )
    if not cutting.each:
        marks = added_up(mine, behaviours, driven, marks)
    block = _blocks(mine, behaviours.coverage[rows], marks)
    column = combined([block, *marks.shared])
    order = np.argsort(combined([column, -mine.events]), kind="stable")
    return Tiles(*_tiles(mine, rows, order, block, column, marks, cutting), rest=rest, cutting=cutting)


def _blocks(mine: Positions, coverage: IntArray, marks: Marks) -> IntArray:
    """Number of each position's block; blocks of one result group stand together, in it those that are alike."""
    phase = np.where(mine.payment > 1, mine.events % np.maximum(mine.payment, 1), 0)
    deposit = mine.rate_type == ADMINISTERED
    return combined(
        [
            mine.group,
            marks.alike.astype(np.int64),
            mine.first,
            mine.behaviour,
            mine.rate_type,
            (mine.repayment == OPEN_ENDED).astype(np.int64),
            mine.payment,
            phase,
            (mine.carried != 0).astype(np.int64),
            mine.exchanged,
            mine.stays,
            (mine.renewal >= 0).astype(np.int64),
            np.where(deposit, mine.repricing, -1),
            marks.keyed.astype(np.int64),
            marks.signs.astype(np.int64),
            _alike(mine.stretch),
            *coverage.T,
        ]
    )


def _alike(values: FloatArray) -> IntArray:
    """A number for each distinct value; most columns hold one value alone."""
    if not len(values) or (values == values[0]).all():
        return np.zeros(len(values), dtype=np.int64)
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _tiles(
    mine: Positions, rows: IntArray, order: IntArray, block: IntArray, column: IntArray, marks: Marks, cutting: Cutting
) -> tuple[IntArray, IntArray, IntArray, IntArray, Records, tuple[tuple[int, int], ...], tuple[IntArray, ...]]:
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none, none, np.zeros(0, dtype=TILE), (), ()
    together = marks.keyed[order][1:] & (np.diff(column[order]) == 0)
    first = np.flatnonzero(np.concatenate([[True], ~together]))
    last = np.append(first[1:], len(rows))
    of = order[first]
    block = _by_renewal(block[of], mine.renewal[of])
    sorted_columns = np.argsort(combined([block, -mine.events[of]]), kind="stable")
    block = block[sorted_columns]
    first, last, of = first[sorted_columns], last[sorted_columns], of[sorted_columns]
    size = last - first
    end = np.cumsum(size)
    # Positions follow their columns, so that a tile's lie side by side.
    order = order[np.repeat(first - (end - size), size) + np.arange(len(rows))]
    first, last = end - size, end
    starts = np.concatenate([[True], np.diff(block) != 0])
    begins = np.flatnonzero(starts)
    rank = np.arange(len(of)) - begins[np.cumsum(starts) - 1]
    begin = np.flatnonzero(rank % np.where(marks.keyed[of] | marks.alike[of], NARROW, WIDTH) == 0)
    tiles = np.zeros(len(begin), dtype=TILE)
    tiles["begin"], tiles["end"] = begin, np.append(begin[1:], len(of))
    head = of[begin]
    tiles["events"] = mine.events[head]
    tiles["keyed"], tiles["signs"], tiles["alike"] = marks.keyed[head], marks.signs[head], marks.alike[head]
    # A flag of any of its positions is the tile's.
    for name, flags in (("margins", mine.margin != 0), ("later", _later(mine))):
        if flags.any():
            tiles[name] = np.add.reduceat(flags[order].astype(np.int64), first[begin]) > 0
    renewed = mine.renewal[of]
    tiles["together"] = np.minimum.reduceat(renewed, begin) == np.maximum.reduceat(renewed, begin)
    chunks = _chunks(np.add.reduceat(_work(mine, of, last - first, marks.alike, cutting), begin), tiles, cutting)
    renewal, groups = _own_renewals(mine.renewal[of], tiles, chunks)
    return np.asarray(rows[order]), first, last, renewal, tiles, chunks, groups


def _by_renewal(block: IntArray, renewal: IntArray) -> IntArray:
    """Blocks of columns, those apart that fill a tile of one renewal group: what leaves them is one sum."""
    places, number = np.unique(combined([block, renewal]), return_inverse=True)
    many = np.bincount(number, minlength=len(places))[number] >= NARROW
    return combined([block, np.where(many, renewal, -1)])


def _work(mine: Positions, of: IntArray, size: IntArray, alike: BoolArray, cutting: Cutting) -> IntArray:
    """What columns cost: a contract of each position, in every scenario if its rate floats, and a path together;
    deposits cost a path alone."""
    contracts = np.where(mine.repayment[of] == OPEN_ENDED, 0, size)
    contracts *= np.where(mine.rate_type[of] == FLOATING, cutting.scenarios, 1)
    return np.asarray((contracts + np.where(alike[of], 1, cutting.scenarios)) * mine.events[of])


def _later(mine: Positions) -> BoolArray:
    return np.asarray((mine.amortises_from > 1) & np.isin(mine.repayment, (ANNUITY, LINEAR)))


def _chunks(work: IntArray, tiles: Records, cutting: Cutting) -> tuple[tuple[int, int], ...]:
    """Tiles cut into pieces of like work, none of more than there is room for (or one tile)."""
    share = np.cumsum(work) * cutting.pieces // max(int(work.sum()), 1)
    ends, alike = tiles["end"], tiles["alike"]
    most = np.where(alike, cutting.room, cutting.room // cutting.scenarios)
    edges = [0]
    columns = 0
    for number in range(1, len(work)):
        full = share[number - 1] != share[edges[-1]] or ends[number] - columns > most[number]
        if full or alike[number] != alike[number - 1]:
            edges.append(number)
            columns = int(ends[number - 1])
    edges.append(len(work))
    return tuple(itertools.pairwise(edges))


def _own_renewals(
    renewal: IntArray, tiles: Records, chunks: tuple[tuple[int, int], ...]
) -> tuple[IntArray, tuple[IntArray, ...]]:
    """Renewal groups numbered within each chunk, and which they are."""
    own = np.full(len(renewal), -1, dtype=np.int64)
    groups = []
    for low, high in chunks:
        columns = slice(int(tiles["begin"][low]), int(tiles["end"][high - 1]))
        part = renewal[columns]
        present, place = np.unique(part[part >= 0], return_inverse=True)
        own[columns][part >= 0] = place
        groups.append(np.asarray(present, dtype=np.int64))
    return own, tuple(groups)
