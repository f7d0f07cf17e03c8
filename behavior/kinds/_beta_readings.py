"""Readings of a fitted law beside what was paid: betas by cycle, stability over time, and the replicating portfolio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.errors import TooFewEvents
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_readings import CycleReading, cycle_months, cycle_reading, rolling_betas
from behavior.estimators.pass_through_replication import ReplicatingPortfolio, replicate
from behavior.estimators.pass_through_series import RateSeries
from behavior.estimators.pass_through_static import LEAST_CYCLE, Cycle, cycles, matched, static_beta
from behavior.kinds._beta_exhibits import LARGEST_PICTURES, PERCENT
from behavior.kinds._beta_ladders import ladders_of
from behavior.kinds._beta_paths import PathModel, predicted_rates
from behavior.kinds._segments import segment_name
from behavior.kinds.base import Exhibit
from behavior.panel.dense import month_end_of
from behavior.quantities import FloatArray

WINDOW_MONTHS, LEAST_ROWS = 60, 8
LEAST_LADDER_ROWS, LARGEST_TABLE = 24, 24


def cycle_readings(
    model: StructuralPassThrough, path: PathModel, series: Sequence[RateSeries], known_to: int
) -> Exhibit:
    """Interim and terminal beta of every move of the short rate, paid and by the law, beside its long-run beta."""
    rows: list[dict[str, object]] = []
    for one, label in zip(series, _labels(series), strict=True):
        levels, _ = matched(one)
        found = cycles(levels)
        for number, cycle in enumerate(found):
            after = found[number + 1] if number + 1 < len(found) else None
            rows.append({"segment": label, **_cycle_row(model, path, one, (cycle, after), known_to)})
    nothing: dict[str, object] = {"segment": "all", "betas": f"no move of {LEAST_CYCLE * 1e4:.0f} bp was seen"}
    return Exhibit(
        "cycle_betas",
        "Interim, terminal and long-run betas by move of the short rate",
        "table",
        pd.DataFrame(rows or [nothing]),
        note="Change of the rate paid since the start of the move over the whole move of the short rate: interim at "
        "the short rate's last step, terminal where the rate paid had gone as far as it went before the opposite move "
        "was over. What earlier moves still owed at the start is in both. By the law: its path from the rate paid at "
        "the start. Long-run: what the law passes on of this move in the end. So far: no opposite move has come yet.",
    )


def _labels(series: Sequence[RateSeries]) -> list[str]:
    """The segment of each series, or its own name where several share the segment."""
    segments = [one.segment for one in series]
    return [one.unit if segments.count(one.segment) > 1 else segment_name(one.segment) for one in series]


def _cycle_row(
    model: StructuralPassThrough, path: PathModel, one: RateSeries, turns: tuple[Cycle, Cycle | None], known_to: int
) -> dict[str, object]:
    cycle, after = turns
    levels, paid = matched(one)
    stop = levels.size - 1 if after is None else after.last
    own = cycle_months(levels, paid, cycle, stop)
    by_law = _law_from(path, one, cycle.first, stop)
    settled = cycle_months(levels, by_law, cycle, stop).settled
    read = cycle_reading(levels, paid, own.start, own.last_move, own.settled)
    law = cycle_reading(levels, by_law, own.start, own.last_move, settled)
    move = float(levels[own.last_move] - levels[own.start])
    target = float(model.law(one.segment).target_change(levels[own.start], levels[own.last_move]))
    months = (one.observed + one.first_month)[[own.start, own.last_move, own.settled]]
    return {
        "from": _month(months[0]),
        "last step": _month(months[1]),
        "move, bp": move * 1e4,
        **_betas("interim", read, law),
        **_betas("terminal", read, law),
        "long-run, law": target / move,
        "settled": f"{_month(months[2])}{' so far' if after is None else ''}",
        "seen by the fit": _seen(int(months[0]), int(months[2]), known_to),
    }


def _betas(name: str, paid: CycleReading, law: CycleReading) -> dict[str, object]:
    return {f"{name}, paid": getattr(paid, name), f"{name}, law": getattr(law, name)}


def _month(number: int) -> str:
    return str(np.datetime64(int(number), "M"))


def _seen(first: int, last: int, known_to: int) -> str:
    """Whether the months from first to last were before the last one that the fit saw."""
    if last <= known_to:
        return "yes"
    return "in part" if first < known_to else "no"


def _law_from(path: PathModel, one: RateSeries, start: int, stop: int) -> FloatArray:
    """Rates by the law from the rate paid in row `start` to row `stop`, shape (stop + 1,); paid up to the start."""
    anchor = np.full(one.observed.size, -1, dtype=np.int64)
    anchor[start + 1 : stop + 1] = start
    found = predicted_rates(path, one, anchor)
    return np.where(anchor >= 0, found, one.rate_paid)[: stop + 1]


def rolling_exhibits(series: Sequence[RateSeries]) -> tuple[Exhibit, ...]:
    """Static beta in rolling windows of five years: does one long-run beta hold over the history?"""
    rows, lines = [], {}
    largest = sorted(series, key=lambda one: -float(one.weight.mean()))
    for place, (one, label) in enumerate(zip(largest, _labels(largest), strict=True)):
        levels, paid = matched(one)
        period = max(int(np.median(one.periods)), 1)
        window = max(min(WINDOW_MONTHS // period, levels.size // 2), LEAST_ROWS)
        betas = rolling_betas(levels, paid, window)
        rows.append({"segment": label, **_rolling_row(one, betas, window * period)})
        if place < LARGEST_PICTURES and np.isfinite(betas).any():
            months = month_end_of(one.observed + one.first_month)
            lines[label] = pd.Series(betas, index=months).groupby(level=0).last()
    note = (
        "Rate paid on a constant and the short rate over the months of each window; Newey-West error in brackets. "
        "Rates paid that lag pull it down in short windows. Windows in which the short rate moved by less than "
        f"{LEAST_CYCLE * 1e4:.0f} bp tell nothing and are left out."
    )
    title = "Long-run beta by static regression, in rolling windows"
    table = Exhibit("rolling_betas", title, "table", pd.DataFrame(rows), note=note)
    if not lines:
        return (table,)
    picture = pd.DataFrame(lines).rename_axis("month").dropna(how="all").reset_index()
    return (table, Exhibit("rolling_beta_path", title, "lines", picture, "month", "static beta"))


def _rolling_row(one: RateSeries, betas: FloatArray, months: int) -> dict[str, object]:
    told = betas[np.isfinite(betas)]
    try:
        whole = static_beta(one)
        words = f"{whole.coefficients[1]:.3f} ({whole.robust_errors[1]:.3f})"
    except TooFewEvents:
        words = "not told"
    figures = (told.min(), np.median(told), told.max(), told[-1]) if told.size else (np.nan,) * 4
    names = ("lowest", "median", "highest", "last window")
    return {
        "all months": words,
        "window, months": months,
        "windows": told.size,
        **{name: float(value) for name, value in zip(names, figures, strict=True)},
    }


def replication_exhibit(panel: pd.DataFrame, table: pd.DataFrame, family: object) -> Exhibit:
    """Ladders whose yield stays closest to the rate paid, and to the law's path, segment by segment.

    Parameters
    ----------
    panel : the panel's rows with the yields of `with_ladders`. table : predictions in the same order.
    family : the market rates that the specification names for ladders, None where it names none.
    """
    ladders = ladders_of(list(panel.columns))
    title, name = "Replicating portfolio", "replicating_portfolio"
    if len(ladders) < 2:
        rows = pd.DataFrame([{"segment": "all", "ladders": "cannot be told"}])
        missing = (
            f"The rate history has no market rates named {family} and a tenor, such as {family}_5Y, or the "
            "deposits are in several currencies."
        )
        if family is None:
            missing = "The specification names no market rates to build ladders of."
        advice = "`ladders` in its options is the first part of their names: SWAP for SWAP_2Y, SWAP_5Y, SWAP_10Y."
        return Exhibit(name, title, "table", rows, note=f"{missing} {advice}")
    yields = panel[[column for column, _ in ladders.values()]].set_axis(list(ladders), axis="columns")
    largest = table.groupby("unit")["weight"].sum().sort_values(ascending=False, kind="stable").index[:LARGEST_TABLE]
    names = table.groupby("unit")["segment"].first()
    alone = ~names.duplicated(keep=False)
    found = []
    for unit in largest:
        found += _replication_rows(yields, table, str(unit), str(names[unit] if alone[unit] else unit))
    bought = ", ".join(f"{months} {index}" for months, (_, index) in ladders.items())
    note = (
        f"Rolling ladders, months and market rate: {bought}. Weights of at least 0 that sum to 1 and leave the least "
        "variance of yield minus rate, whose mean is the margin. A ladder that was not filled in half of the months "
        f"has no weight; fewer than {LEAST_LADDER_ROWS} filled months tell nothing. A reading: nothing of it enters an "
        f"exported table. At most the {LARGEST_TABLE} largest series."
    )
    return Exhibit(name, title, "table", pd.DataFrame(found), note=note)


def _replication_rows(yields: pd.DataFrame, table: pd.DataFrame, unit: str, name: str) -> list[dict[str, object]]:
    own = (table["unit"] == unit).to_numpy() & table[["actual", "predicted"]].notna().all(axis=1).to_numpy()
    held = _filled(yields[own])
    label = {"segment": name}
    if held.empty:
        return [{**label, "of": "rate paid", "months": 0}]
    rates = table.loc[held.index]
    every, tenors = ([int(tenor) for tenor in columns] for columns in (yields.columns, held.columns))
    found = []
    for words, column in (("rate paid", "actual"), ("the law's path", "predicted")):
        portfolio = replicate(held.to_numpy(np.float64), rates[column].to_numpy(np.float64), tenors)
        found.append({**label, "of": words, "months": len(held), **_portfolio_cells(portfolio, every)})
    return found


def _filled(yields: pd.DataFrame) -> pd.DataFrame:
    """Rows in which every ladder that is kept has a yield; the longest go where they cost over half of the rows."""
    kept = yields.columns.tolist()
    least = max(LEAST_LADDER_ROWS, len(yields) // 2)
    while kept:
        rows = yields[kept].dropna()
        if len(rows) >= least:
            return rows
        kept.pop()
    return yields.iloc[:0]


def _portfolio_cells(found: ReplicatingPortfolio, tenors: Sequence[int]) -> dict[str, object]:
    weights = dict(zip(found.tenors_months, found.weights.tolist(), strict=True))
    return {
        **{f"{tenor}M, %": PERCENT * weights.get(tenor, np.nan) for tenor in tenors},
        "margin, bp": 1e4 * found.margin,
        "its deviation, bp": 1e4 * found.margin_deviation,
        "reset, months": found.reset_months,
        "residual, months": found.residual_months,
        "duration, years": found.duration_years,
    }
