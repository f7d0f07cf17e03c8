"""What the truth of simulated banks says of a model learned there with its default specification, bar by bar.

One bank is one draw of history: all its cells share its luck. Several banks are judged together, and only then do bands
have a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from behavior.benchmark.results import MET, MISSED, OPEN, Verdict
from behavior.validation.export_fidelity import RATE_BAR
from behavior.workflows import truth_evidence as shown
from behavior.workflows.truth_evidence import LIFE_MONTHS, TruthEvidence
from behavior.workflows.truth_measures import cell_shares, held_by_bands

BANKS_OF_BANDS, CELLS_OF_BANDS = 20, 200
"""Least banks and cells that a verdict on bands takes."""
SHARE_OF_CELLS = 0.9
"""Share of figures that have to be inside a bar where many banks are judged together; of one bank, all have to."""


@dataclass(frozen=True)
class TruthAnswer:
    """Bars of one model on simulated banks, so many of them, the tables behind the bars, and figures by name."""

    name: str
    verdicts: tuple[Verdict, ...]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    banks: int = 1


Judged = tuple[list[Verdict], dict[str, pd.DataFrame], dict[str, float]]
Tables = dict[str, pd.DataFrame]


def judged(evidence: Sequence[TruthEvidence]) -> TruthAnswer:
    """Verdicts on one model from the banks it was learned on; tables of several banks begin with the column `bank`."""
    first, banks = evidence[0], len(evidence)
    tables = {name: _together([(one.seed, one.tables[name]) for one in evidence]) for name in first.tables}
    judge = {"mortgage_prepayment": _prepayment, "nmd_decay": _decay, "deposit_beta": _beta}[first.kind]
    verdicts, held, figures = judge(tables, banks)
    gaps = tables[shown.FIDELITY]
    figures["exported_table_less_model"] = float(gaps["difference"].abs().max())
    unit = gaps.drop(columns="largest_cell").rename(columns={"difference": f"difference, {first.bar.unit}"})
    return TruthAnswer(
        first.name,
        (*verdicts, _fidelity(first, gaps, banks)),
        {**held, "exported table against the model": unit},
        figures,
        banks,
    )


def _together(tables: Sequence[tuple[int, pd.DataFrame]]) -> pd.DataFrame:
    if len(tables) == 1:
        return tables[0][1]
    parts = [table.assign(bank=str(seed)) for seed, table in tables]  # a name, not an amount
    whole = pd.concat(parts, ignore_index=True)
    return whole[["bank", *(name for name in whole if name != "bank")]]


def _named(data: str, banks: int) -> str:
    return data if banks == 1 else f"{banks} banks: {data}"


def _verdict(data: str, wanted: str, found: str, met: bool | None) -> Verdict:
    return Verdict(data, wanted, found, OPEN if met is None else MET if met else MISSED)


def _all_inside(data: str, wanted: str, worst: str, inside: pd.Series, banks: int) -> Verdict:
    """A bar that every figure of one bank has to meet, and nine in ten of many banks'."""
    counted = "" if len(inside) == 1 else f"{int(inside.sum())} of {len(inside)} inside"
    must = wanted if banks == 1 else f"{wanted}, in {SHARE_OF_CELLS:.0%} of all"
    met = bool(inside.all()) if banks == 1 else bool(inside.mean() >= SHARE_OF_CELLS)
    return _verdict(data, must, "; ".join(one for one in (worst, counted) if one), met)


def _bands(data: str, cells: pd.DataFrame, banks: int) -> Verdict:
    """Whether 90% bands hold the truth; the bar takes 20 banks and 200 cells."""
    held = held_by_bands(cells)
    must = f"90% bands hold the truth in 85 to 95% of cells, over {BANKS_OF_BANDS} banks and more"
    enough = banks >= BANKS_OF_BANDS and len(held) >= CELLS_OF_BANDS
    if not len(held):
        return _verdict(data, must, "no cell", None)
    found = f"{held.mean():.0%} of {len(held)} cells"
    if banks == 1:
        return _verdict(data, f"{must} (`--banks`)", f"this bank alone: {found}", None)
    by_bank = held.groupby(cells["bank"]).mean()
    found += f"; {by_bank.min():.0%} to {by_bank.max():.0%} a bank"
    return _verdict(data, must, found, bool(0.85 <= held.mean() <= 0.95) if enough else None)


# --- prepayment ---


def _prepayment(tables: Tables, banks: int) -> Judged:
    events, surface = tables[shown.EVENTS], tables[shown.SURFACE]["cpr_points"]
    share, cells = cell_shares(events, "table")
    reached, _ = cell_shares(events, "best")
    data = _named("simulated mortgages, out of time", banks)
    found = f"{surface.mean():.2f}"
    spread = found if banks == 1 else f"{found} ({surface.min():.2f} to {surface.max():.2f} a bank)"
    verdicts = [
        _all_inside(data, "surface error at most 1.0 CPR point", spread, surface <= 1.0, banks),
        _verdict(
            data,
            f"true over expected events 0.9 to 1.1 in 90% of cells, or as many as the true law by book ({reached:.0%})",
            f"{share:.0%} of {cells} cells",
            None if cells == 0 else share >= min(0.9, reached) - 1e-9,
        ),
        _bands(_named("simulated mortgages", banks), tables[shown.BANDS], banks),
    ]
    figures = {
        "surface_error_cpr_points": float(surface.mean()),
        "cells_within_a_tenth": share,
        "cells_held_by_bands": float(held_by_bands(tables[shown.BANDS]).mean()),
    }
    return verdicts, {"events by age and incentive": events}, figures


# --- decay ---


def _decay(tables: Tables, banks: int) -> Judged:
    survival, life = tables[shown.SURVIVAL], tables[shown.LIFE]["error"]
    worst = float(100 * survival["error"].abs().max())
    data = _named("simulated deposits", banks)
    verdicts = [
        _all_inside(
            data,
            "survival at 12, 36, 60 months within 2 points a segment, or what knowing the law's form allows",
            f"worst {worst:.1f} points",
            survival["error"].abs() <= survival["allowed"],
            banks,
        ),
        _all_inside(
            data,
            f"average life over {LIFE_MONTHS // 12} years within 5%",
            f"worst {100 * life.abs().max():.1f}%",
            life.abs() <= 0.05,
            banks,
        ),
        _bands(data, tables[shown.BANDS], banks),
    ]
    figures = {
        "worst_survival_error_points": worst,
        "worst_average_life_error_percent": float(100 * life.abs().max()),
        "cells_held_by_bands": float(held_by_bands(tables[shown.BANDS]).mean()),
    }
    return (
        verdicts,
        {"survival error, points": _points(survival, "error"), "allowed, points": _points(survival, "allowed")},
        figures,
    )


def _points(survival: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row a segment (of a bank), a column a horizon in months."""
    rows = [name for name in ("bank", "segment") if name in survival]
    wide = (100 * survival.set_index([*rows, "month"])[column]).unstack("month")
    return wide.rename(columns="{} months".format).rename_axis(columns=None).reset_index()


# --- beta ---


def _beta(tables: Tables, banks: int) -> Judged:
    laws, terminal = tables[shown.LAWS], tables[shown.TERMINAL]
    long_run = (laws["beta learnt"] - laws["beta true"]).abs()
    gaps = []
    for way in ("up", "down"):
        gap = (laws[f"half-life {way} learnt"] - laws[f"half-life {way} true"]).abs()
        gaps.append((gap <= 1.0) | (gap <= 0.15 * laws[f"half-life {way} true"]))
    half_lives = pd.concat(gaps)
    last = (terminal["learnt"] - terminal["true"]).abs()
    data = _named("simulated deposits", banks)
    verdicts = [
        _all_inside(data, "long-run beta within 0.03", f"worst {long_run.max():.3f}", long_run <= 0.03, banks),
        _all_inside(data, "up and down half-lives within one month or 15%", "", half_lives, banks),
        _all_inside(data, "unseen-cycle terminal beta within 0.03", f"worst {last.max():.3f}", last <= 0.03, banks),
    ]
    figures = {
        "worst_long_run_beta_error": float(long_run.max()),
        "half_lives_inside": float(half_lives.mean()),
        "worst_terminal_beta_error": float(last.max()),
    }
    return verdicts, {"laws": laws, "terminal betas": terminal}, figures


# --- exported tables against the models they came from ---


def _fidelity(evidence: TruthEvidence, gaps: pd.DataFrame, banks: int) -> Verdict:
    """Segments do not make up for each other: each one's exported table is held to the bar."""
    bar = evidence.bar
    worst = int(gaps["difference"].abs().argmax())
    value, segment = float(gaps["difference"].iloc[worst]), gaps["segment"].iloc[worst]
    limit = f"{bar.limit:g} {bar.unit}"
    words = f"exported table against the model, segment x month totals, signed, each segment: at most {limit}"
    cell_unit = "bp" if bar == RATE_BAR else "CPR points"
    found = f"worst {value:+z.3f} ({segment}), largest cell {gaps['largest_cell'].max():.2f} {cell_unit}"
    return _all_inside(_named(evidence.kind, banks), words, found, gaps["difference"].abs() <= bar.limit, banks)
