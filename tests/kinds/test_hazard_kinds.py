"""Prepayment and decay from history to curves on a small simulated bank: bounds, round trip, determinism, files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Driver, MonthMeaning, View
from behavior.kinds.base import ExportContext, FittedModel, ModelKind, all_kinds
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.split import split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import ModelSpec, parse_spec
from behavior.validation.export_fidelity import modelled

MODELS = Path(__file__).resolve().parents[2] / "models"
HAZARDS = ("mortgage_prepayment", "nmd_decay")


@dataclass(frozen=True)
class Made:
    """One kind, fitted."""

    kind: ModelKind
    spec: ModelSpec
    panel: Panel
    split: PanelSplit
    fitted: FittedModel
    tables: tuple


@cache
def bank():
    return simulate(SimulatorSettings(loans=1_500, accounts=1_500, minimum_balance_paths=1), seed=11)


def fit(name: str) -> Made:
    text = (MODELS / name / "spec.toml").read_text().replace("trials = 4", "trials = 1")
    spec, kind = parse_spec(text, "spec.toml"), all_kinds()[name]
    history = bank().mortgages if name == "mortgage_prepayment" else bank().deposits
    panel = kind.build_panel(history, bank().rate_history, spec)
    split = split_panel(panel, spec.split)
    fitted = kind.fit(panel, split, spec)
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), panel, bank().rate_history, bank().book)
    return Made(kind, spec, panel, split, fitted, kind.export(fitted, context))


@cache
def made(name: str) -> Made:
    return fit(name)


@pytest.mark.parametrize("name", HAZARDS)
def test_curves_are_hazards_inside_their_bands_and_cover_the_horizon(name: str) -> None:
    for table in made(name).tables:
        for curve in table.curves:
            assert (curve.values >= 0).all() and (curve.values <= 1).all()
            assert not np.isnan(curve.values).any()
            assert curve.months[0] == 1 and curve.months[-1] >= 120
            assert (np.diff(curve.months) > 0).all()
            assert curve.exposure_months is not None and curve.exposure_months.shape == curve.values.shape
            if curve.lower is not None and curve.upper is not None:
                assert (curve.lower <= curve.values + 1e-12).all() and (curve.upper >= curve.values - 1e-12).all()
            survival = np.cumprod(1 - curve.values.reshape(-1, len(curve.months)), axis=1)
            assert (np.diff(survival, axis=1) <= 0).all()
        assert table.season is not None and np.mean(table.season) == pytest.approx(1.0, abs=1e-5)
        assert table.averaged_over


def test_prepayment_rises_with_incentive_everywhere() -> None:
    table = made("mortgage_prepayment").tables[0]
    assert table.drivers == (Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY)
    assert table.month_meaning is MonthMeaning.SINCE_ORIGINATION
    for curve in table.curves:
        assert (np.diff(curve.values, axis=0) >= -1e-12).all()
        assert curve.lower is not None and curve.upper is not None


def test_a_curve_speaks_of_unemployment_as_it_last_was_whatever_it_was_before() -> None:
    one = made("mortgage_prepayment")
    table = one.panel.table
    before = table["month"] < table["month"].max()
    moved = replace(
        one.panel, table=table.assign(unemployment_rate=table["unemployment_rate"] + np.where(before, 0.03, 0.0))
    )
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), moved, bank().rate_history, bank().book)
    for table, again in zip(one.tables, one.kind.export(one.fitted, context), strict=True):
        assert again.season == pytest.approx(table.season, rel=1e-6)
        for curve, other in zip(table.curves, again.curves, strict=True):
            np.testing.assert_allclose(other.values, curve.values, rtol=1e-6)


def test_a_table_is_held_against_the_model_under_the_macros_it_holds() -> None:
    one = made("mortgage_prepayment")
    model = one.kind.predict(one.fitted, one.panel).table
    table = one.kind.look_up(one.tables, one.fitted, one.panel).table
    last = (model["month"] == model["month"].max()).to_numpy()
    np.testing.assert_allclose(modelled(model, table)[last], model["predicted"][last], rtol=1e-12)
    assert np.abs(modelled(model, table) / model["predicted"] - 1.0)[~last].max() > 1e-3
    plain = modelled(model, table.drop(columns="modelled"))
    np.testing.assert_array_equal(plain, model["predicted"])


def test_decay_has_both_views_and_counts_moves_in_one_only() -> None:
    tables = made("nmd_decay").tables
    withdrawal = next(table for table in tables if table.cause == "withdrawal")
    assert {curve.view for curve in withdrawal.curves} == {View.WITH_REDEPOSITS, View.MINIMUM_BALANCE}
    for table in tables:
        assert table.month_meaning is MonthMeaning.SINCE_AS_OF
        if table.cause == "migrated":
            assert {curve.view for curve in table.curves} == {View.WITH_REDEPOSITS}


def test_lowest_balances_run_off_faster_than_net_balances() -> None:
    withdrawal = next(table for table in made("nmd_decay").tables if table.cause == "withdrawal")
    by_view = {view: {c.segment: c for c in withdrawal.curves if c.view is view} for view in View}
    for segment, net in by_view[View.WITH_REDEPOSITS].items():
        lowest = by_view[View.MINIMUM_BALANCE][segment]
        middle = {Driver.RATE_SPREAD: np.median(net.driver_grids[Driver.RATE_SPREAD])}
        assert lowest.survival(middle, 24)[-1] < net.survival(middle, 24)[-1]


@pytest.mark.parametrize("name", HAZARDS)
def test_looked_up_totals_are_near_the_model(name: str) -> None:
    one = made(name)
    model = one.kind.predict(one.fitted, one.panel).table
    table = one.kind.look_up(one.tables, one.fitted, one.panel).table
    late = one.split.out_of_time & table["predicted"].notna().to_numpy()
    assert late.sum() > 0.5 * one.split.out_of_time.sum()
    mine = np.average(model["predicted"][late], weights=model["weight"][late])
    theirs = np.average(table["predicted"][late], weights=table["weight"][late])
    assert theirs == pytest.approx(mine, rel=0.25)
    assert len(model) == len(one.panel.table)
    assert {"unit", "customer", "month", "segment", "cause", "weight", "actual", "predicted"} <= set(model.columns)


def test_decay_answers_for_the_landmark_book_alone() -> None:
    """Accounts opened after the last month learned from are no part of the book that the curves run off."""
    one = made("nmd_decay")
    table, learning = one.panel.table, one.split.train | one.split.validate
    opened = table["month"].dt.to_period("M").astype("int64") - table["age_months"]
    answered = one.kind.look_up(one.tables, one.fitted, one.panel).table["predicted"].notna()
    last = table.loc[learning, "month"].max().to_period("M").ordinal
    assert (answered == (opened <= last)).all() and (~answered).any()


def test_decay_gives_the_closures_by_which_its_models_differ() -> None:
    """Balances and moves are the same of all models, so that each one's flow follows from its closures alone."""
    one = made("nmd_decay")
    flow = one.kind.predict(one.fitted, one.panel)
    event = flow.event
    assert event is not None and event.binary and event.target == "closure"
    np.testing.assert_array_equal(event.table["actual"], one.panel.table["closed"])
    kept = {name: (1.0 - flow.table[name]) / (1.0 - event.table[name]) for name in ("predicted", "benchmark")}
    np.testing.assert_allclose(kept["benchmark"], kept["predicted"], rtol=1e-9)
    overdrawn = one.panel.table["overdrawn"].to_numpy() > 0
    np.testing.assert_array_equal(event.table["weight"].to_numpy() > 0, ~overdrawn)


def test_decay_says_which_segments_it_pooled() -> None:
    one = made("nmd_decay")
    said = next(value for name, value in one.fitted.facts.items() if name.startswith("segments read from pooled"))
    own = {" / ".join(curve.segment) for curve in one.tables[0].curves}
    known = one.panel.table["product"].astype(str) + " / " + one.panel.table["customer_type"].astype(str)
    thin = sorted(set(known) - own)
    assert said == (", ".join(thin) or "none")


def test_events_are_counted_in_the_history_and_in_what_was_learned_from() -> None:
    """A count that a reader finds again in the extract, beside the part of it that a fit has seen."""
    columns = {
        "mortgage_prepayment": {"payoffs": "payoff", "defaults": "default", "curtailments": "curtailment"},
        "nmd_decay": {"moves into other products": "migrated"},
    }
    for name, counted in columns.items():
        one = made(name)
        learning = one.split.train | one.split.validate
        for fact, column in counted.items():
            happened = np.nan_to_num(one.panel.table[column].to_numpy()) > 0
            facts = one.fitted.facts
            assert (facts[fact], facts[f"{fact} learned from"]) == (happened.sum(), happened[learning].sum())


@pytest.mark.parametrize("name", HAZARDS)
def test_files_hold_the_champion_and_a_second_fit_is_the_same(name: str) -> None:
    one, again = made(name), fit(name)
    assert one.fitted.files() == again.fitted.files()
    back = one.kind.load(one.spec, one.fitted.files())
    np.testing.assert_allclose(
        back.estimators.keys() == one.fitted.estimators.keys() and one.kind.predict(back, one.panel).table["predicted"],
        one.kind.predict(one.fitted, one.panel).table["predicted"],
        atol=1e-12,
    )


@pytest.mark.parametrize("name", HAZARDS)
def test_challengers_are_read_back_and_foretell_the_same(name: str) -> None:
    one = made(name)
    back = one.kind.load(one.spec, one.fitted.files())
    first, again = (one.kind.predict(fitted, one.panel).table for fitted in (one.fitted, back))
    for rival in ("challenger", "benchmark"):
        np.testing.assert_allclose(again[rival], first[rival], atol=1e-12)


@pytest.mark.parametrize("name", HAZARDS)
def test_attributions_add_up_and_pictures_are_data(name: str) -> None:
    one = made(name)
    for found in one.kind.explain(one.fitted, one.panel.rows(one.split.test)).values():
        np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), found.score, atol=1e-6)
    predictions = one.kind.predict(one.fitted, one.panel)
    for exhibit in one.kind.exhibits(one.fitted, one.panel, one.split, predictions):
        assert len(exhibit.data) > 0, exhibit.name
