"""A treasury report draws the curves that the figures rest on, and says what of the set it left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, View
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionTable
from behavior.reporting.set_pictures import readings_tables, set_exhibits
from behavior.reporting.set_spent import spent
from tests.assumption_examples import example_set, flat_decay, speed, target

CAUSES = {"payoff": 0.01, "curtailment": 0.002, "default": 0.001}
LOANS = tuple(flat_decay(hazard, name=f"loan_{cause}", cause=cause) for cause, hazard in CAUSES.items())


def coverage(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"curve": [f"{name}: all" for name in names]})


def test_default_that_was_left_out_is_neither_drawn_nor_tabled() -> None:
    found = spent(example_set(tables=(*LOANS, target(), speed())), coverage("loan_payoff", "loan_curtailment"), "")
    assert [table.name for table in found.drawn.tables] == ["loan_payoff", "loan_curtailment", "target", "speed"]
    titles = [table.title for table in readings_tables(found.read, found.points, found.causes_left_out)]
    assert "Figures of every curve, run-off, all causes without default" in titles
    assert not any(title.endswith(", default") for title in titles)
    assert "loan default (default is left out of EVE and NII)" in found.words


def test_default_that_acted_is_one_of_all_causes() -> None:
    found = spent(example_set(tables=LOANS), coverage(*(table.name for table in LOANS)), "")
    titles = [table.title for table in readings_tables(found.read, found.points, found.causes_left_out)]
    assert "Figures of every curve, run-off, all causes" in titles
    assert found.words == ""
    assert len(found.drawn.tables) == 3


def test_only_the_view_that_was_valued_is_drawn() -> None:
    table = flat_decay(0.01)
    both = replace(table, curves=tuple(replace(table.curves[0], view=view) for view in View))
    found = spent(example_set(tables=(both,)), coverage("flat"), "with_redeposits")
    assert [curve.view for curve in found.drawn.tables[0].curves] == [View.WITH_REDEPOSITS]
    assert "minimum balance" in found.words


def test_a_curve_is_drawn_where_its_own_grid_reaches_and_held_at_its_end_in_words() -> None:
    table = flat_decay(0.01)

    def curve(segment: str, low: float, high: float) -> object:
        values = np.array([0.01, 0.02])[:, None] * np.ones(120)
        grids = {Driver.RATE_SPREAD: np.array([low, high])}
        return replace(table.curves[0], segment=(segment,), driver_grids=grids, values=values)

    curves = (curve("checking", 0.0075, 0.03), curve("savings", 0.0, 0.02))
    two = replace(table, curves=curves, drivers=(Driver.RATE_SPREAD,))
    left, by_rate = set_exhibits(example_set(tables=(two,)), {})
    assert "nearest end of a curve's grid (checking 0.75%)" in left.note
    assert by_rate.data["driver"].tolist() == [0.0, 0.75, 2.0, 3.0]
    assert by_rate.data["checking"].isna().tolist() == [True, False, False, False]
    assert by_rate.data["savings"].isna().tolist() == [False, False, False, True]
    (figures,) = readings_tables(example_set(tables=(two,)))
    assert "rate spread +75 bp for checking" in figures.note


def test_lives_are_said_to_be_read_at_the_rates_of_their_own_curves_alone() -> None:
    loans, deposits = flat_decay(0.01, name="payoff", cause="payoff"), flat_decay(0.01)
    tables = [
        replace(one, curves=(on(one, Driver.RATE_INCENTIVE, None),), drivers=(Driver.RATE_INCENTIVE,))
        for one in (loans, replace(loans, name="curtailment", cause="curtailment"))
    ] + [
        replace(
            one,
            scheme=SegmentScheme(("product",)),
            curves=(replace(on(one, Driver.RATE_SPREAD, View.WITH_REDEPOSITS), segment=("savings",)),),
            drivers=(Driver.RATE_SPREAD,),
        )
        for one in (deposits, replace(deposits, name="migrated", cause="migrated"))
    ]
    shown = spent(example_set(tables=tuple(tables)), coverage(*(one.name for one in tables)), "with_redeposits")
    notes = {one.title: one.note for one in readings_tables(shown.read, shown.points)}
    assert len(notes) == 6
    for title, note in notes.items():
        own, other = ("spread", "incentive") if "with redeposits" in title else ("incentive", "spread")
        assert f"rate {own} +0 bp" in note and f"rate {other}" not in note, (title, note)


def on(table: AssumptionTable, driver: Driver, view: View | None) -> AssumptionCurve:
    """The table's curve with a driver, in a view."""
    grids, values = {driver: np.array([-0.01, 0.01])}, np.full((2, 120), 0.01)
    return replace(table.curves[0], driver_grids=grids, values=values, view=view)
