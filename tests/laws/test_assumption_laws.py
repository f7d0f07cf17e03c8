"""Laws of the waist: lookup, survival, tails, targets, segments, and text that gives the same set back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.assumptions.check import set_faults
from behavior.assumptions.curve import LAST_MONTH, AssumptionCurve, Tail
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.manifest import MANIFEST, parse_manifest, render_set
from behavior.assumptions.matching import match_segments
from behavior.assumptions.repricing import (
    cycle_path,
    half_life_months,
    long_run_beta,
    pass_through_by_lag,
    pass_through_law,
    speeds_of,
)
from behavior.assumptions.segments import Band, SegmentScheme, band_of
from behavior.assumptions.set import AssumptionSet, AssumptionTable, combined_hazard, seasonal_hazard
from behavior.assumptions.spending import spent_hazard
from behavior.assumptions.table_text import parse_table, render_table
from behavior.quantities import Quantity
from tests.assumption_examples import AS_OF, example_set, speed, target

hazards = st.floats(0.0, 1.0)
rates = st.floats(-0.02, 0.15)


@st.composite
def curves(draw: st.DrawFn, segment: tuple[str, ...] = ()) -> AssumptionCurve:
    """A run-off curve on a random grid of up to two drivers; months may be sparse."""
    months = np.array(sorted({*draw(st.lists(st.integers(1, 200), min_size=1, max_size=5)), 120, 121}))
    names = draw(st.sampled_from([(), (Driver.RATE_INCENTIVE,), (Driver.RATE_SPREAD, Driver.MONTHS_IN_THE_MONEY)]))
    grids = {
        name: np.array(sorted(draw(st.sets(st.integers(-300, 600), min_size=1, max_size=4)))) / 1e4 for name in names
    }
    shape = (*(len(grid) for grid in grids.values()), len(months))
    return AssumptionCurve(segment, months, grids, draw(hnp.arrays(np.float64, shape, elements=hazards)))


def table_of(*found: AssumptionCurve, scheme: SegmentScheme | None = None) -> AssumptionTable:
    return AssumptionTable(
        "table",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        scheme or SegmentScheme(()),
        found,
        cause="withdrawal",
        month_meaning=MonthMeaning.SINCE_AS_OF,
        drivers=tuple(found[0].driver_grids),
    )


@given(curves())
def test_lookup_is_exact_on_grid_nodes(curve: AssumptionCurve) -> None:
    axes = [*curve.driver_grids.values(), curve.months]
    points = np.meshgrid(*axes, indexing="ij")
    found = curve.at(points[-1], dict(zip(curve.driver_grids, points[:-1], strict=True)))
    assert np.array_equal(found.values, curve.values)
    assert not found.clamped.any()
    assert not found.extrapolated.any()


@given(curves(), st.data())
def test_lookup_stays_between_its_neighbours_and_counts_what_it_clamps(
    curve: AssumptionCurve, data: st.DataObject
) -> None:
    drivers = {name: data.draw(st.floats(-0.2, 0.2)) for name in curve.driver_grids}
    month = data.draw(st.integers(1, 500))
    found = curve.at(month, drivers)
    assert curve.values.min() - 1e-12 <= found.values <= max(curve.values.max(), curve.tail_values().max()) + 1e-12
    outside = any(not grid[0] <= drivers[name] <= grid[-1] for name, grid in curve.driver_grids.items())
    assert bool(found.clamped) == (outside or month < curve.months[0])
    assert bool(found.extrapolated) == (month > curve.months[-1])
    held = {
        name: np.clip(value, curve.driver_grids[name][0], curve.driver_grids[name][-1])
        for name, value in drivers.items()
    }
    assert found.values == pytest.approx(curve.at(month, held).values, abs=1e-15)


@given(curves(), st.data())
def test_survival_is_the_falling_product_of_what_stays(curve: AssumptionCurve, data: st.DataObject) -> None:
    drivers = {name: data.draw(st.floats(-0.05, 0.05)) for name in curve.driver_grids}
    survival = curve.survival(drivers)
    monthly = curve.at(np.arange(1, LAST_MONTH + 1), drivers).values
    assert survival == pytest.approx(np.cumprod(1.0 - monthly), abs=1e-12)
    assert (np.diff(survival) <= 0.0).all()
    assert survival.min() >= 0.0
    assert survival.max() <= 1.0
    life = curve.average_life(drivers)
    assert 1.0 / 12.0 <= life.years <= LAST_MONTH / 12.0
    assert 0.0 <= life.share_beyond < 1.0
    assert life.needs_warning == (life.share_beyond > 0.25)


@given(curves(), st.data())
def test_beyond_the_data_the_tail_is_the_larger_of_last_and_mean_at_every_node(
    curve: AssumptionCurve, data: st.DataObject
) -> None:
    last = int(curve.months[-1])
    nodes = {name: float(data.draw(st.sampled_from(list(grid)))) for name, grid in curve.driver_grids.items()}
    window = curve.at(np.arange(last - 23, last + 1), nodes).values
    month = data.draw(st.integers(last + 1, LAST_MONTH))
    assert curve.at(month, nodes).values == pytest.approx(max(window[-1], window.mean()), abs=1e-12)
    assert curve.at(month, nodes, Tail.LAST_VALUE).values == pytest.approx(window[-1], abs=1e-15)
    assert curve.at(month, nodes, Tail.MEAN_OF_LAST_24).values == pytest.approx(window.mean(), abs=1e-12)


@given(st.lists(curves(), min_size=1, max_size=3), st.data())
def test_rows_are_spent_what_their_own_curve_says(found: list[AssumptionCurve], data: st.DataObject) -> None:
    alike = [curve for curve in found if tuple(curve.driver_grids) == tuple(found[0].driver_grids)]
    named = [replace(curve, segment=(str(place),)) for place, curve in enumerate(alike)]
    table = table_of(*named, scheme=SegmentScheme(("name",)))
    count = 20
    which = np.array(data.draw(st.lists(st.integers(0, len(alike)), min_size=count, max_size=count)))
    months = np.array(data.draw(st.lists(st.integers(1, 500), min_size=count, max_size=count)))
    points = {
        name: np.array(data.draw(st.lists(st.floats(-0.1, 0.1), min_size=count, max_size=count)))
        for name in table.drivers
    }
    spent, places = spent_hazard(table, pd.DataFrame({"name": which.astype(str)}), months, points, 1)
    for row, place in enumerate(which.tolist()):
        covered = place < len(alike)
        own = {name: value[row] for name, value in points.items()}
        expected = float(alike[place].at(months[row], own).values) if covered else 0.0
        assert spent[row] == pytest.approx(expected, abs=1e-14)
        assert places[row] == (place if covered else -1)


@given(st.lists(hazards, min_size=1, max_size=5), st.randoms())
def test_competing_causes_multiply_what_stays(found: list[float], random: object) -> None:
    total = combined_hazard(found)
    assert max(found) - 1e-12 <= total <= min(1.0, sum(found)) + 1e-12
    assert total == pytest.approx(1.0 - np.prod(1.0 - np.array(found)), abs=1e-15)
    assert combined_hazard([*found, 1.0]) == 1.0
    assert combined_hazard([found[0], 0.0]) == pytest.approx(found[0], abs=1e-15)


@given(hazards, st.integers(1, 12))
def test_season_scales_one_calendar_month_and_stays_a_hazard(hazard: float, month: int) -> None:
    season = tuple(0.5 + 0.1 * place for place in range(12))
    found = seasonal_hazard(hazard, season, month)
    assert found == min(1.0, hazard * season[month - 1])
    assert seasonal_hazard(hazard, None, month) == hazard


levels_and_marginals = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(-50, 1000), min_size=size, max_size=size, unique=True).map(lambda x: np.sort(x) / 1e4),
        hnp.arrays(np.float64, size, elements=st.floats(0.0, 1.5)),
    )
)


@given(levels_and_marginals, rates, rates)
def test_the_target_does_not_remember_its_path(
    grid: tuple[np.ndarray, np.ndarray], start: float, detour: float
) -> None:
    law = pass_through_law(target(*grid).curves[0])
    once = law.target_change(start, start + 0.03)
    steps = sum(law.target_change(start + 0.01 * k, start + 0.01 * (k + 1)) for k in range(3))
    around = law.target_change(start, detour) + law.target_change(detour, start + 0.03)
    assert steps == pytest.approx(once, abs=1e-15)
    assert around == pytest.approx(once, abs=1e-15)
    assert law.target_change(start + 0.03, start) == pytest.approx(-once, abs=1e-15)


@given(levels_and_marginals, rates, rates)
def test_the_target_is_the_integral_of_the_marginal(
    grid: tuple[np.ndarray, np.ndarray], low: float, high: float
) -> None:
    levels, marginal = grid
    fine = np.linspace(low, high, 20_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    expected = (np.interp(middle, levels, marginal) * np.diff(fine)).sum()
    law = pass_through_law(target(*grid).curves[0])
    assert law.target_change(low, high) == pytest.approx(expected, abs=1e-7)
    assert law.marginal.min() * abs(high - low) <= abs(law.target_change(low, high)) + 1e-15


@given(st.floats(0.01, 0.99), st.integers(0, 6), st.floats(0.0, 0.05), st.sampled_from([-0.01, 0.01, 0.03]))
def test_lags_half_lives_and_betas_agree(share: float, delay: int, level: float, move: float) -> None:
    table = speed(share, share, delay)
    delays = dict.fromkeys(table.delay_months, delay)
    law = pass_through_law(target().curves[0], speeds_of([table], ("savings",))[0], delays)
    long_run = long_run_beta(law, level, level + move)
    passed = pass_through_by_lag(law, level, level + move, 600 + delay)
    closed = 1.0 - (1.0 - share) ** np.maximum(np.arange(1, 601 + delay) - delay, 0)
    assert passed == pytest.approx(long_run * closed, abs=1e-12)
    assert (1.0 - share) ** half_life_months(share) == pytest.approx(0.5)
    assert cycle_path(law, level, level + move, 12, 12)[-1] <= long_run + 1e-12


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=5, unique=True), st.lists(st.floats(-2e3, 2e3)))
def test_every_value_has_one_band_and_an_edge_belongs_above(edges: list[int], values: list[float]) -> None:
    band = Band("x", tuple(float(edge) for edge in sorted(edges)))
    found = band_of(np.array([*values, *band.edges], dtype=np.float64), band)
    assert len(set(band.labels)) == len(edges) + 1
    expected = [band.labels[sum(edge <= value for edge in band.edges)] for value in [*values, *band.edges]]
    assert list(found) == expected


labels = st.sampled_from(["a", "b", "c"])


@given(
    st.sets(st.tuples(st.sampled_from(["a", "b", "pooled"]), st.sampled_from(["a", "b", "pooled"])), min_size=1),
    st.lists(st.tuples(labels, labels), min_size=1, max_size=30),
)
def test_the_most_specific_curve_wins(segments: set[tuple[str, str]], rows: list[tuple[str, str]]) -> None:
    months, values = np.arange(1, 121), np.zeros(120)
    found = [AssumptionCurve(segment, months, {}, values) for segment in sorted(segments)]
    table = table_of(*found, scheme=SegmentScheme(("x", "y")))
    match = match_segments(pd.DataFrame(rows, columns=["x", "y"]), table)
    for row, index, how in zip(rows, match.curve_index, match.how, strict=True):
        order = [row, (row[0], "pooled"), ("pooled", row[1]), ("pooled", "pooled")]
        best = next((segment for segment in order if segment in segments), None)
        assert (found[index].segment if index >= 0 else None) == best
        assert how == ("none" if best is None else "own" if best == row else "pooled")
    assert list(match.row_segments) == [" / ".join(row) for row in rows]


@given(curves(("a",)), st.integers(0, 2**32 - 1))
def test_csv_gives_every_float_back(curve: AssumptionCurve, seed: int) -> None:
    random = np.random.default_rng(seed)
    bands = {name: random.uniform(0, 1, curve.values.shape) for name in ("lower", "upper", "exposure_months")}
    table = table_of(replace(curve, **bands), scheme=SegmentScheme(("x",)))
    text = render_table(table)
    found = parse_table(text, replace(table, curves=()), "t.csv").curves[0]
    for name in ("values", *bands):
        assert np.array_equal(getattr(found, name), getattr(table.curves[0], name))
    assert np.array_equal(found.months, curve.months)
    assert all(np.array_equal(found.driver_grids[name], grid) for name, grid in curve.driver_grids.items())
    shuffled = text.splitlines()
    order = random.permutation(len(shuffled) - 1) + 1
    again = parse_table("\n".join([shuffled[0], *(shuffled[k] for k in order)]), replace(table, curves=()), "t.csv")
    assert np.array_equal(again.curves[0].values, curve.values)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=50)
@given(
    texts,
    texts,
    st.lists(
        texts.map(str.strip).filter(lambda word: word.isprintable() and word != ""), min_size=1, max_size=3, unique=True
    ),
)
def test_a_set_read_from_its_text_is_the_same_set(note: str, source: str, words: list[str]) -> None:
    found = [AssumptionCurve((word,), np.arange(1, 121), {}, np.full(120, 0.01)) for word in words]
    table = table_of(*found, scheme=SegmentScheme(("x",)))
    table = replace(table, provenance=replace(table.provenance, source=source))
    original = AssumptionSet("r1", AS_OF, (table,), note=note)
    assert set_faults(original) == []
    files = render_set(original)
    manifest = parse_manifest(files[MANIFEST])
    tables = tuple(parse_table(files[entry.file], entry.heading, entry.file, entry.view) for entry in manifest.entries)
    again = AssumptionSet(manifest.id, manifest.as_of, tables, manifest.supersedes, manifest.note)
    assert render_set(again) == files


def test_every_kind_of_table_comes_back_the_same() -> None:
    original = example_set()
    files = render_set(original)
    manifest = parse_manifest(files[MANIFEST])
    tables = tuple(parse_table(files[entry.file], entry.heading, entry.file, entry.view) for entry in manifest.entries)
    assert render_set(AssumptionSet(manifest.id, manifest.as_of, tables)) == files
    assert manifest.unknown == ()
