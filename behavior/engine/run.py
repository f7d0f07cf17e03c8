"""Run a plan: tiles where positions go side by side, the kernel for the rest, on threads; pieces add up in order."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.engine import layout
from behavior.engine.calendars import horizon_day
from behavior.engine.curve_lookup import paths_of
from behavior.engine.kernel import project_chunk, workspace
from behavior.engine.lanes import project_tiles, scratch
from behavior.engine.layout import NII_MONTHS, Cuts, Given, Switches, Totals, empty_floats
from behavior.engine.plan import CONVENTIONS, CashFlows, Plan, Progress
from behavior.engine.renewal import renew_chunk
from behavior.engine.slab import work_of
from behavior.engine.tiles import Cutting, Tiles, cut
from behavior.freed import give_back_freed
from behavior.quantities import FloatArray, IntArray

PIECES = 16
"""Pieces of work for each thread: enough that none waits long for the last."""

RENEWED_BYTES = 1 << 26
"""Room that the renewed amounts of one piece may take."""


@dataclass(frozen=True, eq=False)
class Piece:
    """What one piece of work adds up to, for the result groups from `first` on.

    Parameters
    ----------
    rows : places of its positions in the plan, as `totals` orders them. slices : income of what was renewed.
    """

    totals: Totals
    slices: FloatArray
    first: int
    rows: IntArray


def threads_of(plan: Plan) -> int:
    """Threads that a run uses."""
    return plan.options.threads or min(os.cpu_count() or 1, 8)


def cut_up(plan: Plan) -> Plan:
    """The plan with its tiles found."""
    options = plan.options
    cutting = Cutting(
        pool=CONVENTIONS[options.runoff_convention] == layout.POOL,
        each=options.per_position,
        frozen=options.behaviour != "model",
        scenarios=len(plan.scenarios),
        pieces=PIECES * threads_of(plan),
        room=RENEWED_BYTES // ((NII_MONTHS + 4) * 16),
    )
    if plan.tiles is not None and plan.tiles.cutting == cutting:
        return plan
    found = cut(plan.positions, plan.behaviours, plan.day_count, cutting)
    give_back_freed()
    return replace(plan, tiles=found)


def pieces_of(plan: Plan, tiles: Tiles) -> list[Callable[[], Piece]]:
    """The work of a run, one call a piece."""
    chunk = plan.options.chunk
    starts = range(0, len(tiles.rest), chunk)
    density = density_of(plan.behaviours)
    return [
        *(_tiled(plan, tiles, number, density) for number in range(len(tiles.chunks))),
        *(_alone(plan, tiles.rest[start : start + chunk]) for start in starts),
    ]


def _tiled(plan: Plan, tiles: Tiles, number: int, density: FloatArray) -> Callable[[], Piece]:
    return lambda: run_tiles(plan, tiles, number, density)


def _alone(plan: Plan, rows: IntArray) -> Callable[[], Piece]:
    return lambda: run_rows(plan, rows)


def run(plan: Plan, progress: Progress | None = None) -> CashFlows:
    """Run a plan; the pieces are added in one order whatever the threads do."""
    plan = cut_up(plan)
    assert plan.tiles is not None
    count = len(plan.order)
    work = pieces_of(plan, plan.tiles)
    total = totals_of(plan, len(plan.scenarios), len(plan.groups), 0, 0)
    constant = empty_floats(*total.income.shape)
    value = empty_floats(count if plan.options.per_position else 0, len(plan.scenarios))
    income = empty_floats(*value.shape)
    threads = threads_of(plan)
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for number, piece in enumerate(work):
            waiting.append(pool.submit(piece))
            while waiting and (len(waiting) > 2 * threads or number + 1 == len(work)):
                found = waiting.pop(0).result()
                add(total, found)
                groups = found.slices.shape[1]
                constant[:, found.first : found.first + groups] += found.slices
                if plan.options.per_position:
                    rows = plan.order[found.rows]
                    value[rows], income[rows] = found.totals.position_value, found.totals.position_income
                if progress is not None:
                    progress((number + 1 - len(waiting)) / len(work))
    return CashFlows(
        groups=plan.groups,
        scenarios=plan.scenarios,
        flows=total.flows,
        value=total.value + discounted(plan, plan.tiles, total.cash),
        income=total.income + total.staying,
        constant=total.income + total.constant + constant,
        gap=total.gap,
        coverage=shares_of(plan.coverage, total.coverage),
        position_value=value,
        position_income=income,
        counted=total.coverage,
    )


def discounted(plan: Plan, tiles: Tiles, cash: FloatArray) -> FloatArray:
    """Present values of cash that no scenario changes, (scenarios, groups). cash : (groups, days)."""
    found = empty_floats(len(plan.scenarios), len(cash))
    heads = plan.records[tiles.loans[tiles.begin[tiles.tiles["begin"]]]]
    currency = np.zeros(len(cash), dtype=np.int64)
    currency[heads["group"]] = heads["currency"]
    for group in np.flatnonzero(cash.any(axis=1)):
        found[:, group] = plan.market.discount[currency[group], : len(plan.scenarios)] @ cash[group]
    return found


def totals_of(plan: Plan, scenarios: int, groups: int, renewals: int, positions: int) -> Totals:
    """Empty totals for so many scenarios, result groups, renewal groups and positions."""
    months = plan.months + 2 if plan.options.cash_flows else 0
    each = positions if plan.options.per_position else 0
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
        position_value=empty_floats(each, len(plan.scenarios)),
        position_income=empty_floats(each, len(plan.scenarios)),
        cash=empty_floats(groups, len(plan.market.time)),
    )


def _switches(plan: Plan, first_group: int) -> Switches:
    return Switches(
        convention=CONVENTIONS[plan.options.runoff_convention],
        frozen=int(plan.options.behaviour != "model"),
        flows=int(plan.options.cash_flows),
        per_position=int(plan.options.per_position),
        horizon_day=horizon_day(plan.terms.as_of),
        first_group=first_group,
    )


def run_tiles(plan: Plan, tiles: Tiles, number: int, density: FloatArray) -> Piece:
    """One chunk of tiles. Where they are alike, what is added up stands for every scenario."""
    low, high = tiles.chunks[number]
    paths = 1 if tiles.tiles["alike"][low] else len(plan.scenarios)
    columns = tiles.tiles["begin"][low], tiles.tiles["end"][high - 1]
    group = plan.positions.group[tiles.loans[tiles.begin[columns[0] : columns[1]]]]
    first = int(group.min())
    rows = tiles.loans[tiles.begin[columns[0]] : tiles.end[columns[1] - 1]] if plan.options.per_position else group[:0]
    out = totals_of(plan, paths, int(group.max()) - first + 1, len(tiles.renewals[number]), len(rows))
    switches = _switches(plan, first)
    events = int(tiles.tiles["events"][low:high].max())
    cuts = Cuts(tiles.tiles, tiles.begin, tiles.end, tiles.renewal, tiles.loans)
    behaviours, market = plan.behaviours, plan.market
    given = Given(plan.records, plan.calendars, behaviours, density, plan.repricing, market, switches, plan.schedule)
    project_tiles(
        low,
        high,
        len(plan.scenarios),
        cuts,
        given,
        work_of(events),
        paths_of(events, switches.frozen == 1),
        out,
        *scratch(len(plan.scenarios) if plan.options.per_position else 1),
    )
    out.coverage[:] *= len(plan.scenarios) // paths
    return _piece(plan, tiles.renewals[number], out, first, rows)


def run_rows(plan: Plan, rows: IntArray) -> Piece:
    """Some positions of a plan, each on its own; rows rise by result group."""
    records = plan.records[rows]
    group = records["group"]
    first = int(group.min())
    present, place = np.unique(records["renewal"], return_inverse=True)
    gone = int((present < 0).sum())
    records["renewal"] = np.where(records["renewal"] < 0, -1, place - gone)
    renewals = np.asarray(present[gone:], dtype=np.int64)
    out = totals_of(plan, len(plan.scenarios), int(group.max()) - first + 1, len(renewals), len(rows))
    behaviours = plan.behaviours._replace(
        mortgage_key=plan.behaviours.mortgage_key[rows], coverage=plan.behaviours.coverage[rows]
    )
    project_chunk(
        len(rows),
        len(plan.scenarios),
        records,
        plan.calendars,
        behaviours,
        plan.repricing,
        plan.market,
        _switches(plan, first),
        plan.schedule,
        out,
        workspace(int(records["events"].max(initial=1))),
    )
    return _piece(plan, renewals, out, first, rows)


def _piece(plan: Plan, renewals: IntArray, out: Totals, first: int, rows: IntArray) -> Piece:
    """A piece with the income of what it renews, without the amounts renewed: pieces wait for others to be added."""
    slices = _renewed(plan, renewals, out, first)
    none = empty_floats(0, 0, 0)
    return Piece(out._replace(renewed=none, renewed_margin=none), slices, first, rows)


def _renewed(plan: Plan, renewals: IntArray, out: Totals, first: int) -> FloatArray:
    """Income of what a piece renews."""
    slices = empty_floats(len(plan.scenarios), *out.income.shape[1:])
    r = plan.renewals
    if len(renewals):
        renew_chunk(
            first,
            out.renewed,
            out.renewed_margin,
            r.group[renewals],
            r.term[renewals],
            r.weight[renewals],
            r.rate[renewals],
            r.cap[renewals],
            r.floor[renewals],
            r.weights,
            r.rates,
            slices,
            np.zeros(NII_MONTHS + 4),
        )
    return slices


def add(total: Totals, piece: Piece) -> None:
    """Add a piece to the totals of the whole run."""
    part = piece.totals
    span = slice(piece.first, piece.first + part.value.shape[1])
    total.flows[:, span] += part.flows
    total.value[:, span] += part.value
    total.cash[span] += part.cash
    total.income[:, span] += part.income
    total.staying[:, span] += part.staying
    total.constant[:, span] += part.constant
    total.gap[span] += part.gap
    total.coverage[:] += part.coverage


def shares_of(coverage: pd.DataFrame, counted: FloatArray) -> pd.DataFrame:
    """coverage rows with the shares of balance-months clamped and beyond the data."""
    table = coverage.copy()
    looked = np.where(counted[:, 0] > 0, counted[:, 0], 1.0)
    table["share_clamped"] = counted[:, 1] / looked
    table["share_extrapolated"] = counted[:, 2] / looked
    return table


def density_of(behaviours: layout.Behaviours) -> FloatArray:
    """Nodes of a driver per unit where all are equally far apart, else 0; shape (curves, drivers)."""
    found = np.zeros(behaviours.driver.shape)
    for curve, axis in np.argwhere(behaviours.grid_length > 2):
        begin = behaviours.grid_offset[curve, axis]
        grid = behaviours.grids[begin : begin + behaviours.grid_length[curve, axis]]
        gaps = np.diff(grid)
        if np.abs(gaps - gaps[0]).max() <= 1e-12 * np.abs(grid).max():
            found[curve, axis] = (len(grid) - 1) / (grid[-1] - grid[0])
    return found
