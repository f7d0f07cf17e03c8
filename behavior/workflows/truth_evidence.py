"""What the truth of one simulated bank shows of a model learned there with its default specification, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from behavior.assumptions.effects import View
from behavior.simulator.bank import SimulatedBank
from behavior.specs import ModelSpec
from behavior.validation.export_fidelity import RATE_BAR, Bar, bar_of, cells_of, modelled, segment_totals
from behavior.workflows.landmark_tables import landmark_tables
from behavior.workflows.truth_measures import (
    HORIZONS,
    Learnt,
    average_life,
    beta_errors,
    form_known_half_width,
    laws_of,
    learn,
    learnt_survival,
    payoff_bands,
    payoff_events,
    prepayment_rows,
    surface_error,
    survival_bands,
    terminal_betas,
)

LIFE_MONTHS = 120

EVENTS, SURFACE, BANDS = "events", "surface", "bands"
SURVIVAL, LIFE = "survival", "life"
LAWS, TERMINAL = "laws", "terminal"
FIDELITY = "fidelity"


@dataclass(frozen=True)
class TruthEvidence:
    """One model on one bank.

    Parameters
    ----------
    name : of the model. kind : of it. seed : of the bank. bar : what exported tables are held to against their model.
    tables : a row a cell, by what they hold.
    """

    name: str
    kind: str
    seed: int
    bar: Bar
    tables: Mapping[str, pd.DataFrame]


def evidence_of(bank: SimulatedBank, model: str, spec: ModelSpec) -> TruthEvidence:
    """Learn with the specification as it stands and lay the result beside the truth."""
    kind = spec.model.kind
    learnt = learn(bank, spec, bank.mortgages if kind == "mortgage_prepayment" else bank.deposits)
    shown = {"mortgage_prepayment": _prepayment, "nmd_decay": _decay, "deposit_beta": _beta}[kind]
    bar = bar_of(learnt.kind)
    tables = {**shown(bank, learnt), FIDELITY: _fidelity(bank, learnt, bar)}
    return TruthEvidence(model, kind, bank.seed, bar, tables)


def _prepayment(bank: SimulatedBank, learnt: Learnt) -> dict[str, pd.DataFrame]:
    late = prepayment_rows(bank, learnt, learnt.panel.rows(learnt.split.out_of_time))
    return {
        SURFACE: pd.DataFrame({"cpr_points": [surface_error(late)]}),
        EVENTS: payoff_events(late),
        BANDS: payoff_bands(bank, learnt).reset_index(drop=True),
    }


def _decay(bank: SimulatedBank, learnt: Learnt) -> dict[str, pd.DataFrame]:
    """Survival by segment and horizon as a share of today's balance; average life as a ratio less 1."""
    learned = learnt_survival(bank, learnt, LIFE_MONTHS, View.WITH_REDEPOSITS)
    true = bank.truth.decay_survival(LIFE_MONTHS)
    error = (learned - true).loc[list(HORIZONS)]
    allowed = form_known_half_width(bank, learnt)[error.columns].clip(lower=0.02)
    survival = pd.DataFrame({"error": error.unstack(), "allowed": allowed.unstack()})
    life = average_life(learned) / average_life(true) - 1.0
    return {
        SURVIVAL: survival.rename_axis(["segment", "month"]).reset_index(),
        LIFE: life.rename_axis("segment").rename("error").reset_index(),
        BANDS: survival_bands(bank, learnt).reset_index(drop=True),
    }


def _beta(bank: SimulatedBank, learnt: Learnt) -> dict[str, pd.DataFrame]:
    seen = bank.truth.paths.short[bank.truth.paths.first :]
    laws = beta_errors(bank, laws_of(learnt.tables), float(seen.min()), float(seen.max()))
    return {LAWS: laws.reset_index(), TERMINAL: terminal_betas(bank, learnt).reset_index()}


def _fidelity(bank: SimulatedBank, learnt: Learnt, bar: Bar) -> pd.DataFrame:
    """Signed difference of table and model in totals by segment, in the unit of the kind's bar, and the largest cell.

    Segments do not make up for each other: months of a segment are added up with their signs, in survival for decay,
    as a balance-weighted mean for the others.
    """
    cells = cells_of(_paired(bank, learnt), bar == RATE_BAR)
    return segment_totals(cells, bar).assign(largest_cell=float(cells["difference"].abs().max()))


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
