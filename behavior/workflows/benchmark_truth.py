"""What the truth of a simulated bank says of a model learned there with its default specification, bar by bar."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.assumptions.effects import View
from behavior.benchmark.results import MET, MISSED, OPEN, Verdict
from behavior.simulator.bank import SimulatedBank
from behavior.specs import ModelSpec
from behavior.validation.export_fidelity import RATE_BAR, bar_of, cells_of, modelled, segment_totals
from behavior.workflows.landmark_tables import landmark_tables
from behavior.workflows.truth_measures import (
    AGE_EDGES,
    HORIZONS,
    INCENTIVE_EDGES,
    Learnt,
    average_life,
    beta_errors,
    cell_shares,
    form_known_half_width,
    held_by_bands,
    laws_of,
    learn,
    learnt_survival,
    payoff_bands,
    prepayment_rows,
    surface_error,
    survival_bands,
    terminal_betas,
)

LIFE_MONTHS = 120


@dataclass(frozen=True)
class TruthAnswer:
    """Bars of one model on the simulated bank, the tables behind them, and the figures held against them by name."""

    name: str
    verdicts: tuple[Verdict, ...]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)


Judged = tuple[list[Verdict], dict[str, pd.DataFrame], dict[str, float]]


def truth_of(bank: SimulatedBank, model: str, spec: ModelSpec) -> TruthAnswer:
    """Learn with the specification as it stands and hold the result against the truth."""
    history = bank.mortgages if spec.model.kind == "mortgage_prepayment" else bank.deposits
    learnt = learn(bank, spec, history)
    judge = {"mortgage_prepayment": _prepayment, "nmd_decay": _decay, "deposit_beta": _beta}[spec.model.kind]
    verdicts, tables, figures = judge(bank, learnt)
    fidelity, gaps = _fidelity(bank, learnt)
    figures["exported_table_less_model"] = float(gaps.filter(like="difference").abs().to_numpy().max())
    return TruthAnswer(model, (*verdicts, fidelity), {**tables, "exported table against the model": gaps}, figures)


def _verdict(data: str, wanted: str, found: str, met: bool | None) -> Verdict:
    return Verdict(data, wanted, found, OPEN if met is None else MET if met else MISSED)


def _bands(data: str, held: pd.Series) -> Verdict:
    """What one bank says of bands: its cells share its luck, so that the bar is left to `tests/recovery`."""
    words = "90% bands hold the truth in 85 to 95% of cells, over 20 banks and more (tests/recovery)"
    found = f"this bank alone: {held.mean():.0%} of {len(held)} cells" if len(held) else "no cell"
    return _verdict(data, words, found, None)


# --- prepayment ---


def _prepayment(bank: SimulatedBank, learnt: Learnt) -> Judged:
    late = prepayment_rows(bank, learnt, learnt.panel.rows(learnt.split.out_of_time))
    error = surface_error(late)
    share, cells = cell_shares(late, "table")
    reached, _ = cell_shares(late, "best")
    wanted = min(0.9, reached)
    held = held_by_bands(payoff_bands(bank, learnt))
    data = "simulated mortgages, out of time"
    verdicts = [
        _verdict(data, "surface error at most 1.0 CPR point", f"{error:.2f}", error <= 1.0),
        _verdict(
            data,
            f"true over expected events 0.9 to 1.1 in 90% of cells, or as many as the true law by book ({reached:.0%})",
            f"{share:.0%} of {cells} cells",
            None if cells == 0 else share >= wanted - 1e-9,
        ),
        _bands("simulated mortgages", held),
    ]
    codes = [np.digitize(late["age_months"], AGE_EDGES), np.digitize(late["incentive"], INCENTIVE_EDGES)]
    table: pd.DataFrame = late.groupby(codes)[["true", "table", "model", "best"]].sum()
    table.index = table.index.set_names(["age band", "incentive band"])
    table = table.reset_index()
    figures = {"surface_error_cpr_points": error, "cells_within_a_tenth": share, "cells_held_by_bands": held.mean()}
    return verdicts, {"events by age and incentive": table}, figures


# --- decay ---


def _decay(bank: SimulatedBank, learnt: Learnt) -> Judged:
    learned = learnt_survival(bank, learnt, LIFE_MONTHS, View.WITH_REDEPOSITS)
    true = bank.truth.decay_survival(LIFE_MONTHS)
    width = form_known_half_width(bank, learnt)
    error = (learned - true).loc[list(HORIZONS)]
    allowed = np.maximum(0.02, width[error.columns])
    worst = error.abs().max().max()
    inside = bool((error.abs() <= allowed).all().all())
    life = average_life(learned) / average_life(true) - 1.0
    held = held_by_bands(survival_bands(bank, learnt))
    data = "simulated deposits"
    verdicts = [
        _verdict(
            data,
            "survival at 12, 36, 60 months within 2 points a segment, or what knowing the law's form allows",
            f"worst {100 * worst:.1f} points; {int((error.abs() <= allowed).sum().sum())} of {error.size} inside",
            inside,
        ),
        _verdict(
            data,
            f"average life over {LIFE_MONTHS // 12} years within 5%",
            f"worst {100 * life.abs().max():.1f}%; {int((life.abs() <= 0.05).sum())} of {len(life)} segments inside",
            bool((life.abs() <= 0.05).all()),
        ),
        _bands(data, held),
    ]
    limits = pd.DataFrame(np.asarray(allowed), error.index, error.columns)
    tables = {"survival error, points": error, "allowed, points": limits}
    figures = {
        "worst_survival_error_points": float(100 * worst),
        "worst_average_life_error_percent": float(100 * life.abs().max()),
        "cells_held_by_bands": held.mean(),
    }
    points = {name: (100 * one).T.rename_axis("segment").reset_index() for name, one in tables.items()}
    return verdicts, {name: one.rename(columns=str) for name, one in points.items()}, figures


# --- beta ---


def _beta(bank: SimulatedBank, learnt: Learnt) -> Judged:
    seen = bank.truth.paths.short[bank.truth.paths.first :]
    errors = beta_errors(bank, laws_of(learnt.tables), float(seen.min()), float(seen.max()))
    terminal = terminal_betas(bank, learnt)
    long_run = (errors["beta learnt"] - errors["beta true"]).abs()
    gaps = []
    for way in ("up", "down"):
        gap = (errors[f"half-life {way} learnt"] - errors[f"half-life {way} true"]).abs()
        gaps.append((gap <= 1.0) | (gap <= 0.15 * errors[f"half-life {way} true"]))
    last = (terminal["learnt"] - terminal["true"]).abs()
    data = "simulated deposits"
    right = int(sum(one.sum() for one in gaps))
    verdicts = [
        _verdict(data, "long-run beta within 0.03", f"worst {long_run.max():.3f}", bool((long_run <= 0.03).all())),
        _verdict(
            data,
            "up and down half-lives within one month or 15%",
            f"{right} of {2 * len(errors)} inside",
            right == 2 * len(errors),
        ),
        _verdict(data, "unseen-cycle terminal beta within 0.03", f"worst {last.max():.3f}", bool((last <= 0.03).all())),
    ]
    figures = {
        "worst_long_run_beta_error": float(long_run.max()),
        "half_lives_inside": right / (2 * len(errors)),
        "worst_terminal_beta_error": float(last.max()),
    }
    return verdicts, {"laws": errors.reset_index(), "terminal betas": terminal.reset_index()}, figures


# --- exported tables against the models they came from ---


def _fidelity(bank: SimulatedBank, learnt: Learnt) -> tuple[Verdict, pd.DataFrame]:
    """Signed difference of table and model in totals by segment and month; the worst segment is held to the bar.

    Segments do not make up for each other: months of a segment are added up with their signs, in survival for decay,
    as a balance-weighted mean for the others, and the largest of the segments' differences counts.
    """
    kind = learnt.kind.name
    bar = bar_of(learnt.kind)
    cells = cells_of(_paired(bank, learnt), bar is RATE_BAR)
    gaps = segment_totals(cells, bar)
    worst = int(np.argmax(np.abs(gaps["difference"])))
    value, largest = float(gaps["difference"].iloc[worst]), float(cells["difference"].abs().max())
    limit = f"{bar.limit:g} {bar.unit}"
    words = f"exported table against the model, segment x month totals, signed, worst segment: at most {limit}"
    cell_unit = "bp" if bar is RATE_BAR else "CPR points"
    found = f"{value:+z.3f} ({gaps['segment'].iloc[worst]}); largest cell {largest:.2f} {cell_unit}"
    verdict = _verdict(kind, words, found, abs(value) <= bar.limit)
    return verdict, gaps.rename(columns={"difference": f"difference, {bar.unit}"})


def _paired(bank: SimulatedBank, learnt: Learnt) -> pd.DataFrame:
    late = learnt.panel.rows(learnt.split.out_of_time)
    own = landmark_tables(learnt.kind, learnt.judged, learnt.panel, bank.rate_history)
    table = learnt.kind.look_up(own or learnt.judged_tables, learnt.judged, late).table
    model = learnt.kind.predict(learnt.judged, late).table
    rows = pd.DataFrame(
        {
            "segment": model["segment"].astype(str),
            "month": model["month"],
            "weight": table["weight"].to_numpy(),
            "model": modelled(model, table).to_numpy(),
            "table": table["predicted"].to_numpy(),
        }
    ).dropna()
    return rows[rows["weight"] > 0]
