"""A model learned twice: evidence of the one that has not seen the last months, curves of the one that has."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import DoesNotApply, SpecFault
from behavior.kinds.base import ExportContext, Predictions, all_kinds
from behavior.panel.split import nothing_held_back, split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import ModelSpec, parse_spec
from behavior.validation.base import CheckInput
from behavior.validation.refit import CHECK
from behavior.workflows import truth_measures as measures
from behavior.workflows.learned import Learned, learn, load, refuse_refit

MODELS = Path(__file__).resolve().parents[2] / "models"


@cache
def bank():
    return simulate(SimulatorSettings(loans=60, accounts=1_500, minimum_balance_paths=1), seed=6)


def spec_of(refit: bool) -> ModelSpec:
    text = (MODELS / "nmd_decay" / "spec.toml").read_text().replace('family = "best"', 'family = "spline_hazard"')
    assert "refit = true" in text
    return parse_spec(text if refit else text.replace("refit = true", "refit = false"), "spec.toml")


@cache
def panel():
    return all_kinds()["nmd_decay"].build_panel(bank().deposits, bank().rate_history, spec_of(True))


@cache
def learned(refit: bool) -> Learned:
    spec = spec_of(refit)
    return learn(all_kinds()["nmd_decay"], panel(), split_panel(panel(), spec.split), spec)


def curves(model) -> list[np.ndarray]:
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), panel(), bank().rate_history, bank().book)
    tables = all_kinds()["nmd_decay"].export(model, context)
    found = [(curve.values, curve.lower, curve.upper) for table in tables for curve in table.curves]
    return [np.asarray(one) for curve in found for one in curve if one is not None]


def check_input(one: Learned) -> CheckInput:
    kind = all_kinds()["nmd_decay"]
    predictions = kind.predict(one.judged, panel())
    split = split_panel(panel(), spec_of(True).split)
    return CheckInput(
        kind, one.judged, bank().deposits, panel(), split, predictions, (), predictions, None, one.exported
    )


def test_nothing_is_held_back() -> None:
    spec = spec_of(True).split
    for tuned in (True, False):
        split = nothing_held_back(panel(), spec, tuned)
        assert (split.train ^ split.validate).all()
        assert split.validate.any() == tuned
        assert not (split.test | split.out_of_time | split.unseen_customers).any()
    split, months = nothing_held_back(panel(), spec, tuned=True), panel().table["month"]
    assert months[split.validate].min() > months[split.train].max()


def test_the_exported_model_has_seen_every_month_and_the_judged_one_has_not() -> None:
    one = learned(True)
    assert one.refitted
    assert one.exported.facts["rows learned from"] == len(panel().table) > one.judged.facts["rows learned from"]
    assert one.exported.spec == one.judged.spec, "what was chosen does not change what was asked for"
    assert one.facts()["rows learned from, exported model"] == len(panel().table)


def test_trees_are_searched_for_again() -> None:
    spec = spec_of(True)
    boosted = spec.model_copy(update={"estimator": spec.estimator.model_copy(update={"family": "boosted_hazard"})})
    one = learn(all_kinds()["nmd_decay"], panel(), split_panel(panel(), spec.split), boosted)
    for model in (one.judged, one.exported):
        assert model.facts["form"] in ("boosted_hazard", "spline_hazard")
        assert "search" in model.facts
    assert one.exported.facts["form"] == one.judged.facts["form"]
    assert one.exported.facts["rows learned from"] == len(panel().table)


def test_what_is_judged_is_what_would_be_exported_without_it() -> None:
    for mine, other in zip(curves(learned(True).judged), curves(learned(False).exported), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert not learned(False).refitted
    assert learned(False).files().keys() == learned(False).judged.files().keys()


def test_both_models_come_back_from_their_files() -> None:
    one = learned(True)
    back = load(all_kinds()["nmd_decay"], spec_of(True), dict(one.files()))
    for before, after in ((one.judged, back.judged), (one.exported, back.exported)):
        for mine, other in zip(curves(before), curves(after), strict=True):
            np.testing.assert_array_equal(mine, other)
    plain = load(all_kinds()["nmd_decay"], spec_of(False), dict(learned(False).files()))
    assert not plain.refitted


def test_tables_that_hold_for_any_book_are_judged_as_the_judged_model_would_export_them() -> None:
    loans = simulate(SimulatorSettings(loans=1_500, accounts=60, minimum_balance_paths=1), seed=6)
    text = (
        (MODELS / "mortgage_prepayment" / "spec.toml")
        .read_text()
        .replace('family = "best"', 'family = "s_curve_hazard"')
    )
    once, twice = (
        measures.learn(loans, parse_spec(one, "spec.toml"), loans.mortgages)
        for one in (text.replace("refit = true", "refit = false"), text)
    )
    for mine, other in zip(once.tables, twice.judged_tables, strict=True):
        for curve, same in zip(mine.curves, other.curves, strict=True):
            np.testing.assert_array_equal(curve.values, same.values)
    assert any(
        not np.array_equal(curve.values, other.values)
        for curve, other in zip(twice.judged_tables[0].curves, twice.tables[0].curves, strict=True)
    )
    assert twice.rows.all() and not once.rows.all()


def test_loans_learned_again_read_what_the_judged_model_reads_and_keep_what_their_bands_need() -> None:
    """Resets that the judged model does not read are not read again, and a stiff form keeps its freer rival.

    Histories without `product` are divided by how their rates are fixed, which must be found once more.
    """
    loans = simulate(SimulatorSettings(loans=1_500, accounts=60, minimum_balance_paths=1), seed=6)
    text = (MODELS / "mortgage_prepayment" / "spec.toml").read_text()
    spec = parse_spec(text.replace('family = "best"', 'family = "s_curve_hazard"'), "spec.toml")
    kind = all_kinds()["mortgage_prepayment"]
    tables = {name: table.drop(columns=["product"], errors="ignore") for name, table in loans.mortgages.tables.items()}
    for history in (loans.mortgages, replace(loans.mortgages, tables=tables)):
        panel = kind.build_panel(history, loans.rate_history, spec)
        one = learn(kind, panel, split_panel(panel, spec.split), spec)
        assert one.exported.estimators["inputs"].names == one.judged.estimators["inputs"].names
        assert one.exported.spec == one.judged.spec
        assert set(one.exported.challengers) >= {"challenger"}
        back = load(kind, one.judged.spec, dict(one.files()))
        context = ExportContext(pd.Timestamp(loans.simulator.as_of), panel, loans.rate_history, loans.book)
        for mine, other in zip(kind.export(one.exported, context), kind.export(back.exported, context), strict=True):
            for curve, same in zip(mine.curves, other.curves, strict=True):
                np.testing.assert_array_equal(curve.upper, same.upper)


def test_a_kind_that_is_not_learned_twice_refuses_it() -> None:
    with pytest.raises(SpecFault, match=r"export\.refit"):
        refuse_refit(replace(all_kinds()["nmd_decay"], refit=None), spec_of(True))


def test_the_check_measures_the_distance_of_the_two() -> None:
    given = check_input(learned(True))
    finding = CHECK.run(given)
    table = given.predictions.table
    exported = given.kind.predict(learned(True).exported, panel()).table["predicted"]
    recent = (table["month"] > table["month"].max() - pd.DateOffset(months=12)) & (table["weight"] > 0)
    by = finding.exhibits[0].data.set_index("segment")
    segment = by.index[0]
    rows = recent & (table["segment"] == segment) & exported.notna() & table["predicted"].notna()
    weight = table.loc[rows, "weight"]
    monthly = [np.average(one[rows], weights=weight) for one in (table["predicted"], exported)]
    cpr = [100 * (1 - (1 - one) ** 12) for one in monthly]
    assert by.loc[segment, "difference, CPR points"] == pytest.approx(cpr[1] - cpr[0], rel=1e-9)
    assert finding.values["worst_difference"] == pytest.approx(by["difference, CPR points"].abs().max())


def test_a_model_learned_once_is_not_compared_with_itself() -> None:
    given = check_input(learned(False))
    for same in (given, replace(given, exported=None)):
        with pytest.raises(DoesNotApply):
            CHECK.run(same)


def test_ten_basis_points_ask_for_a_closer_look_whatever_the_level_of_the_rate() -> None:
    """A quarter of the level, which speeds may move by, would be 70 basis points of a rate of 2.8%."""
    rows = pd.DataFrame(
        {"segment": "savings", "month": pd.date_range("2025-01-31", periods=12, freq="ME"), "weight": 1.0}
    )
    for off, status in ((0.0008, "pass"), (0.0026, "warn")):
        tables = [Predictions(rows.assign(predicted=rate), "rate_paid", "", False) for rate in (0.028, 0.028 + off)]
        kind = replace(all_kinds()["deposit_beta"], predict=lambda fitted, panel, found=tables[1]: found)
        given = replace(check_input(learned(True)), kind=kind, predictions=tables[0])
        finding = CHECK.run(given)
        assert finding.status == status
        assert finding.values["worst_difference"] == pytest.approx(1e4 * off)
