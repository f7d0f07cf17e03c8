"""Curves speak for every account open at as-of: those opened in the last month are in the book, at their own age."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import POOLED, View
from behavior.estimators.terms import column_of
from behavior.features.decay import FEATURES
from behavior.kinds._decay_book import OpenBook, open_book
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.nmd_decay import KIND
from behavior.panel.base import Panel
from behavior.panel.split import nothing_held_back
from behavior.simulator import SimulatedBank, SimulatorSettings, simulate
from behavior.specs import parse_spec

CAMPAIGN = 4.0
"""Times the balance of the others that accounts opened in the last month bring."""


@cache
def bank() -> SimulatedBank:
    return simulate(SimulatorSettings(loans=120, accounts=600, minimum_balance_paths=2), seed=8)


@cache
def learnt() -> tuple[Panel, FittedModel]:
    path = Path(__file__).resolve().parents[2] / "models" / "nmd_decay" / "spec.toml"
    spec = parse_spec(path.read_text().replace('"best"', '"spline_hazard"'), path.name)
    panel = KIND.build_panel(bank().deposits, bank().rate_history, spec)
    return panel, KIND.fit(panel, nothing_held_back(panel, spec.split, tuned=False), spec)


def book_of(panel: Panel, fitted: FittedModel) -> OpenBook:
    return open_book(fitted, panel, fitted.estimators["inputs"].matrix(panel, FEATURES))


def test_the_book_is_the_bank_s_balance_at_as_of() -> None:
    panel, fitted = learnt()
    book = book_of(panel, fitted)
    history = bank().deposits.tables["account_months"]
    held = history.loc[history["month"] == history["month"].max(), "balance"].clip(lower=0.0).sum()
    assert book.accounts.weight.sum() == pytest.approx(held, rel=1e-6)
    new = column_of(book.accounts.matrix, "age_months") == 0
    assert new.any() and not new.all()
    np.testing.assert_allclose(
        column_of(book.accounts.matrix, "log_balance"), np.log(np.maximum(book.accounts.weight, 1.0))
    )
    everyone = book.of_segment((POOLED, POOLED))
    assert everyone is not None and len(everyone.weight) == len(book.units)


def test_accounts_that_do_not_say_their_segment_are_a_curve_s_alone_where_it_is_learned_from_them() -> None:
    panel, fitted = learnt()
    silent = panel.table["unit"].astype(str).str[-1].isin(["1", "2", "3"]).to_numpy()
    table = panel.table.assign(customer_type=panel.table["customer_type"].astype(object).mask(silent))
    book = book_of(replace(panel, table=table, entries=None), fitted)
    last = (table["month"] == table["month"].max()) & (table["closed"] + table["migrated"] == 0)
    for product in table["product"].unique():
        mine = last & (table["product"] == product)
        found, every = book.of_segment((product, POOLED), alone=True), book.of_segment((product, POOLED))
        assert found is not None and every is not None
        assert (len(found.weight), len(every.weight)) == (int((mine & silent).sum()), int(mine.sum()))


def test_a_campaign_of_the_last_month_is_in_the_curve_at_its_weight() -> None:
    panel, fitted = learnt()
    entries = panel.entries
    assert entries is not None
    new = entries["month"] == panel.table["month"].max()
    others = book_of(replace(panel, entries=None), fitted).accounts.weight.sum()
    larger = CAMPAIGN * others / entries.loc[new, "balance_end"].sum()
    brought = entries.assign(balance_end=np.where(new, larger, 1.0) * entries["balance_end"])
    with_them, without = (left_after(replace(panel, entries=one), fitted) for one in (brought, None))
    assert with_them < without - 0.01, (with_them, without)


def left_after(panel: Panel, fitted: FittedModel, months: int = 12) -> float:
    """Mean over segments of the balance left after some months, at the middle of each curve's spreads."""
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), panel, bank().rate_history, bank().book)
    curves = [one for one in KIND.export(fitted, context)[0].curves if one.view is View.WITH_REDEPOSITS]
    found = []
    for curve in curves:
        middle = curve.values[len(curve.values) // 2]
        found.append(np.prod(1.0 - np.interp(np.arange(1, months + 1), curve.months, middle)))
    return float(np.mean(found))
