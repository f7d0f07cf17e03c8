"""What every check owes its reader, and what each finds where the truth is known."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Driver, MonthMeaning
from behavior.errors import DoesNotApply, SpecFault
from behavior.specs import Gate
from behavior.validation import all_checks, gate_faults, run_checks
from behavior.validation.base import Check, CheckInput, Finding, Status, parse_headings
from behavior.validation.evidence import DRIVER_GROUPS, Grouping, _driver_groups, actual_against_expected
from behavior.validation.statistics import ClusterBootstrap

CHECKS = all_checks()
HEADINGS = ("Purpose", "Mechanism", "Signs of high risk", "Strengths", "Limitations")
NAMES = {
    "backtest",
    "benchmark",
    "calibration",
    "discrimination",
    "export_fidelity",
    "leakage",
    "monotonicity",
    "regime_coverage",
    "sensitivity",
    "shap_summary",
    "stability",
    "tie_out",
}


@pytest.fixture(scope="module")
def hazard(fakes: ModuleType) -> CheckInput:
    made: CheckInput = fakes.make_input()
    return made


@pytest.fixture(scope="module")
def rate(fakes: ModuleType) -> CheckInput:
    made: CheckInput = fakes.make_input(rate=True)
    return made


def answer(name: str, given: CheckInput) -> Finding:
    return CHECKS[name].run(given)


def test_checks_are_found_by_walking_the_folder() -> None:
    assert set(CHECKS) >= NAMES


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_carries_the_five_headings(name: str) -> None:
    found = CHECKS[name].headings
    assert tuple(found) == HEADINGS
    assert all(len(text) > 40 for text in found.values())
    assert CHECKS[name].name == name


@pytest.mark.parametrize("name", sorted(CHECKS))
@pytest.mark.parametrize("form", ["hazard", "rate"])
def test_every_check_answers_both_forms_or_says_that_it_does_not_apply(
    name: str, form: str, request: pytest.FixtureRequest
) -> None:
    given = request.getfixturevalue(form)
    try:
        finding = answer(name, given)
    except DoesNotApply as reason:
        assert len(str(reason)) > 30
        return
    assert finding.check == name
    assert set(finding.values) <= set(CHECKS[name].values), "a figure without a stated meaning"
    assert next(iter(CHECKS[name].values)) in finding.values, "the figure that a plain gate names is missing"
    assert finding.in_words.endswith(".")
    for exhibit in finding.exhibits:
        assert exhibit.form in ("lines", "bars", "table", "scatter", "beeswarm")
        assert exhibit.form == "table" or exhibit.y_label


def test_findings_come_back_with_headings_and_meanings(hazard: CheckInput) -> None:
    findings = run_checks(hazard)
    assert {one.check for one in findings.findings} == set(CHECKS)
    assert all(tuple(one.headings) == HEADINGS for one in findings.findings)
    assert findings.blocking == ()
    assert findings.metrics()["calibration.ratio"] == findings.named("calibration").values["ratio"]  # type: ignore[union-attr]


def test_the_same_input_gives_the_same_findings(fakes: ModuleType) -> None:
    first, second = run_checks(fakes.make_input()), run_checks(fakes.make_input())
    one, two = first.metrics(), second.metrics()
    assert one.keys() == two.keys()
    np.testing.assert_array_equal(list(one.values()), list(two.values()))


def test_a_failed_gate_blocks_and_says_what_it_asked_for(hazard: CheckInput) -> None:
    gates = {"calibration.slope": Gate(min=5.0), "backtest": Gate(max=10.0)}
    findings = run_checks(hazard, gates)
    (blocked,) = findings.blocking
    assert blocked.check == "calibration"
    assert blocked.failed == ("slope",)
    assert "the gate asks for at least 5" in blocked.in_words
    passed = findings.named("backtest")
    assert passed is not None
    assert passed.thresholds == {"weighted_error": "at most 10"}


def test_a_gate_without_an_answer_stays_open_and_fails_where_it_is_required(rate: CheckInput) -> None:
    findings = run_checks(rate, {"discrimination": Gate(min=0.6)})
    left = findings.named("discrimination")
    assert left is not None and findings.blocking == ()
    assert left.status is Status.DOES_NOT_APPLY and "Gate left open: auc." in left.in_words
    (blocked,) = run_checks(rate, {"discrimination": Gate(min=0.6, required=True)}).blocking
    assert blocked.check == "discrimination"
    assert "no figure" in blocked.in_words


def test_a_figure_that_should_be_there_and_is_not_fails_its_gate(hazard: CheckInput) -> None:
    check = Check("own", lambda _: Finding("own", Status.PASS, {}, "Nothing."), {"rows": "rows"}, "")
    assert [one.check for one in run_checks(hazard, {"own": Gate(min=1)}, {"own": check}).blocking] == ["own"]


def test_misspelt_gates_are_all_named_before_anything_runs(hazard: CheckInput) -> None:
    with pytest.raises(SpecFault) as caught:
        run_checks(hazard, {"calibratoin": Gate(), "calibration.slop": Gate()})
    assert len(caught.value.faults) == 2
    assert "calibration" in str(caught.value)
    assert gate_faults({"calibration.slope": Gate(), "calibration": Gate()}) == []


def test_a_model_that_is_a_third_too_fast_is_caught(fakes: ModuleType) -> None:
    right, fast = answer("calibration", fakes.make_input()), answer("calibration", fakes.make_input(error=1.5))
    assert fast.values["ratio"] == pytest.approx(right.values["ratio"] / 1.5, rel=1e-6)
    late = answer("backtest", fakes.make_input(error=1.5))
    assert (
        late.values["mean_error_out_of_time"] > answer("backtest", fakes.make_input()).values["mean_error_out_of_time"]
    )


def test_a_total_warns_where_its_interval_leaves_out_one(fakes: ModuleType) -> None:
    right, fast = (answer("backtest", fakes.make_input(error=error, units=6_000)) for error in (1.0, 1.5))
    for found in (right, fast):
        assert found.values["ratio_lower"] < found.values["ratio"] < found.values["ratio_upper"]
    assert fast.values["ratio_upper"] < 1.0 and fast.status is Status.WARN


def test_calibration_tables_add_up_to_the_whole(hazard: CheckInput) -> None:
    tables = {one.name: one.data for one in answer("calibration", hazard).exhibits if one.form == "table"}
    whole = tables["calibration_by_overall_table"]
    for name in ("month", "driver", "age", "segment", "vintage", "prediction"):
        part = tables[f"calibration_by_{name}_table"]
        assert part["rows"].sum() == whole["rows"].iloc[0]
        assert part["balance-months"].sum() == pytest.approx(whole["balance-months"].iloc[0])
        assert part["events"].sum() == pytest.approx(whole["events"].iloc[0])


def test_a_group_without_an_event_may_still_have_had_some() -> None:
    """At the bound an empty group has a chance of one in forty; no draw of the group's rows shows it."""
    rows = pd.DataFrame(
        {
            "customer": [f"c{place}" for place in range(200)],
            "month": pd.Timestamp("2024-01-31"),
            "weight": 100.0,
            "predicted": 0.02,
            "actual": np.where(np.arange(200) < 5, 1.0, 0.0),
        }
    )
    halves = Grouping("Half", (np.arange(200) >= 100).astype(np.int64), ("some", "none"))
    bootstrap = ClusterBootstrap.over(np.arange(200), np.zeros(200, dtype=np.int64), 1)
    some, none = actual_against_expected(rows, halves, False, bootstrap).to_dict("records")
    assert (none["actual / expected"], none["lower"]) == (0.0, 0.0)
    assert np.exp(-none["upper"] * 2.0) == pytest.approx(0.025)
    assert some["lower"] < some["actual / expected"] < some["upper"]
    one = Grouping("One", (np.arange(200) > 0).astype(np.int64), ("one customer", "others"))
    first, _ = actual_against_expected(rows, one, False, bootstrap).to_dict("records")
    assert first["events"] == 1.0 and np.isnan([first["lower"], first["upper"]]).all()


def test_rates_are_judged_in_basis_points(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    table = given.predictions.table
    shifted = replace(
        given, predictions=replace(given.predictions, table=table.assign(predicted=table["predicted"] + 0.001))
    )
    before, after = answer("calibration", given), answer("calibration", shifted)
    assert after.values["error_basis_points"] - before.values["error_basis_points"] == pytest.approx(10.0)
    moved = answer("backtest", shifted).values["mean_error"] - answer("backtest", given).values["mean_error"]
    assert moved == pytest.approx(10.0)


def test_the_simple_model_wins_and_is_said_to_win(fakes: ModuleType) -> None:
    given = fakes.make_input()
    table = given.predictions.table
    random = np.random.default_rng(1)
    noise = np.clip(table["predicted"] * random.lognormal(0, 1.5, len(table)), 1e-6, 0.9)
    worse = replace(
        given,
        predictions=replace(given.predictions, table=table.assign(predicted=noise, challenger=table["predicted"])),
    )
    finding = answer("benchmark", worse)
    assert finding.status is Status.WARN
    assert "challenger wins" in finding.in_words
    assert finding.values["gain_on_challenger_upper"] < 0


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_rival_without_any_error_leaves_no_gain_and_is_not_beaten(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    table = given.predictions.table
    exact = table.assign(benchmark=table["actual"], challenger=table["actual"])
    finding = answer("benchmark", replace(given, predictions=replace(given.predictions, table=exact)))
    assert finding.status is Status.WARN
    assert np.isnan(finding.values["gain_on_benchmark"])
    assert "benchmark wins: it makes no error" in finding.in_words
    assert "nan" not in finding.in_words and "inf" not in finding.in_words
    alike = exact.assign(predicted=table["actual"])
    finding = answer("benchmark", replace(given, predictions=replace(given.predictions, table=alike)))
    assert finding.status is Status.WARN
    assert "prefer the simpler" in finding.in_words and "nan" not in finding.in_words


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_rate_that_never_moves_has_no_calibration_slope(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    still = given.predictions.table.assign(actual=0.01, predicted=0.01)
    finding = answer("calibration", replace(given, predictions=replace(given.predictions, table=still)))
    assert "slope cannot be told" in finding.in_words and "nan" not in finding.in_words


def test_rows_without_a_rival_are_left_out_and_counted(fakes: ModuleType) -> None:
    given = fakes.make_input()
    table = given.predictions.table.copy()
    table.loc[table.index % 10 == 0, "benchmark"] = np.nan
    finding = answer("benchmark", replace(given, predictions=replace(given.predictions, table=table)))
    assert "left out" in finding.in_words
    assert np.isfinite(finding.values["loss"])


def test_an_exact_table_differs_by_nothing_and_a_fast_one_by_its_speed(fakes: ModuleType) -> None:
    given = fakes.make_input()
    exact = answer("export_fidelity", replace(given, looked_up=given.predictions))
    assert exact.values["worst_difference"] == 0.0
    assert exact.values["survival_difference"] == 0.0
    table = given.predictions.table
    faster = replace(given.predictions, table=table.assign(predicted=table["predicted"] * 1.1))
    fast = answer("export_fidelity", replace(given, looked_up=faster))
    assert fast.values["total_difference"] > 0
    assert fast.values["survival_difference"] < 0
    assert fast.values["worst_survival_difference"] >= abs(fast.values["survival_difference"])


@pytest.mark.parametrize(
    ("meaning", "passing", "failing"),
    [(MonthMeaning.SINCE_ORIGINATION, 1.002, 1.01), (MonthMeaning.SINCE_AS_OF, 1.001, 1.05)],
)
def test_segments_of_a_table_do_not_make_up_for_each_other(
    fakes: ModuleType, meaning: MonthMeaning, passing: float, failing: float
) -> None:
    given = fakes.make_input()
    kind = replace(given.kind, month_meaning=meaning)
    table = given.predictions.table
    north = table["segment"] == "north"
    for factor, status in ((1.0, Status.PASS), (passing, Status.PASS), (failing, Status.WARN)):
        read = table.assign(predicted=table["predicted"] * np.where(north, factor, 2.0 - factor))
        finding = answer("export_fidelity", replace(given, kind=kind, looked_up=replace(given.predictions, table=read)))
        assert finding.status is status
        assert abs(finding.values["mean_difference"]) < 0.5  # which says nothing: the halves cancel
        assert (finding.values["segments_beyond"] == 0.0) is (status is Status.PASS)
    assert "2 of 2 segments are beyond" in finding.in_words


def test_a_table_of_rates_is_held_to_a_basis_point(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    table = given.predictions.table
    north = table["segment"] == "north"
    for miss, status in ((0.00009, Status.PASS), (0.00011, Status.WARN)):
        read = table.assign(predicted=table["predicted"] + np.where(north, miss, -miss))
        finding = answer("export_fidelity", replace(given, looked_up=replace(given.predictions, table=read)))
        assert finding.status is status
        assert abs(finding.values["worst_segment_difference"]) == pytest.approx(1e4 * miss)


def test_balance_without_a_curve_is_counted(fakes: ModuleType) -> None:
    given = fakes.make_input()
    table = given.looked_up.table
    bare = table.assign(predicted=table["predicted"].where(table["segment"] != "south"))
    finding = answer("export_fidelity", replace(given, looked_up=replace(given.looked_up, table=bare)))
    rows = given.predictions.table[given.split.out_of_time]
    expected = rows.loc[rows["segment"] == "south", "weight"].sum() / rows["weight"].sum()
    assert finding.values["share_not_covered"] == pytest.approx(expected)
    assert finding.status is Status.WARN


def test_a_step_the_wrong_way_is_found(fakes: ModuleType) -> None:
    given = fakes.make_input()
    (table,) = given.tables
    curve = table.curves[0]
    values = curve.values.copy()
    values[5, 0] = values[4, 0] - 0.01
    crooked = replace(table, curves=(replace(curve, values=values), *table.curves[1:]))
    finding = answer("monotonicity", replace(given, tables=(crooked,)))
    assert finding.values["worst_wrong_step"] == pytest.approx(0.01)
    assert finding.values["wrong_steps"] > 0
    assert answer("monotonicity", given).values["wrong_steps"] == 0.0


def test_a_path_of_a_mix_is_judged_by_what_has_left(fakes: ModuleType) -> None:
    """Half the balance answers the driver and leaves first: late months of a wide spread have calm money alone."""
    given = fakes.make_input()
    (table,) = given.tables
    months = np.arange(1, 361)
    grid = next(iter(table.curves[0].driver_grids.values()))
    calm, restless = np.full(len(grid), 0.004), 0.01 * np.exp(40.0 * grid)
    left = 0.5 * sum((1 - one[:, None]) ** np.arange(361) for one in (calm, restless))
    hazard = 1 - left[:, 1:] / left[:, :-1]
    assert np.diff(hazard, axis=0).min() < -1e-4, "late hazards of this mix fall as the driver rises"

    def steps(values: np.ndarray, meaning: MonthMeaning) -> float:
        curves = tuple(replace(one, months=months, values=values) for one in table.curves)
        finding = answer("monotonicity", replace(given, tables=(replace(table, curves=curves, month_meaning=meaning),)))
        return finding.values["wrong_steps"]

    assert steps(hazard, MonthMeaning.SINCE_AS_OF) == 0.0
    assert steps(hazard, MonthMeaning.SINCE_ORIGINATION) > 0.0, "each month of a loan's age stands for itself"
    assert steps(hazard[::-1].copy(), MonthMeaning.SINCE_AS_OF) > 0.5


def test_sensitivity_tells_what_lies_outside_training(hazard: CheckInput) -> None:
    finding = answer("sensitivity", hazard)
    seen = hazard.predictions.table.loc[hazard.split.train, "driver"]
    table = next(one.data for one in finding.exhibits if one.form == "table")
    outside = (table["driver, % a year"] / 100 < seen.min()) | (table["driver, % a year"] / 100 > seen.max())
    assert (table["outside training"] == "yes").tolist() == outside.tolist()
    assert finding.values["move_over_range"] > 0


def test_no_word_or_label_has_a_negative_zero() -> None:
    rows = pd.DataFrame({"driver": [-0.03, -0.001, -0.0001, 0.0001, 0.02] * 20})
    assert not [label for label in _driver_groups(rows["driver"]).labels if "-0.00" in label]


def test_groups_of_a_driver_are_cut_at_quarter_points_near_its_quantiles() -> None:
    found = _driver_groups(pd.Series([*np.linspace(-0.03, 0.03, 601), np.nan]))
    edges = [float(label.split("%")[0]) for label in found.labels[1:]]
    assert len(found.labels) == DRIVER_GROUPS and all((4 * edge).is_integer() for edge in edges)
    share = np.bincount(found.codes[:-1]) / 601
    np.testing.assert_allclose(share, 1 / DRIVER_GROUPS, atol=0.05)
    assert found.codes[-1] == -1


def test_headings_parse_into_single_lines() -> None:
    found = parse_headings("Title.\n\nPurpose\n-------\nOne\ntwo.\n\nLimitations\n-----------\nThree.\n")
    assert found == {"Purpose": "One two.", "Limitations": "Three."}


def test_a_check_of_ones_own_joins_in(hazard: CheckInput) -> None:
    def run(given: CheckInput) -> Finding:
        return Finding("own", Status.PASS, {"rows": float(len(given.panel.table))}, "Counted.")

    document = "\n".join(f"{name}\n-------\nText.\n" for name in HEADINGS)
    findings = run_checks(hazard, {"own": Gate(min=1)}, {"own": Check("own", run, {"rows": "rows"}, document)})
    assert findings.findings[0].thresholds == {"rows": "at least 1"}


def test_sensitivity_does_not_apply_without_a_rate_axis(fakes: ModuleType) -> None:
    given = fakes.make_input()
    (table,) = given.tables
    curves = tuple(replace(one, values=one.values[0], driver_grids={}) for one in table.curves)
    flat = replace(table, drivers=(), curves=curves)
    assert Driver.RATE_INCENTIVE not in flat.drivers
    with pytest.raises(DoesNotApply):
        answer("sensitivity", replace(given, tables=(flat,)))
    with pytest.raises(DoesNotApply):
        answer("monotonicity", replace(given, tables=(flat,)))


def test_net_flows_are_judged_by_squared_error_and_never_ranked(fakes: ModuleType) -> None:
    given = fakes.make_input()
    table = given.predictions.table
    random = np.random.default_rng(4)
    flow = table["predicted"] + random.normal(0, 0.05, len(table))
    net = replace(given, predictions=replace(given.predictions, table=table.assign(actual=flow), binary=False))
    with pytest.raises(DoesNotApply, match="both ways"):
        answer("discrimination", net)
    finding = answer("benchmark", net)
    rows = table.assign(actual=flow)[given.split.test]
    error = np.average((rows["predicted"] - rows["actual"]) ** 2, weights=rows["weight"])
    assert finding.values["loss"] == pytest.approx(100 * np.sqrt(error))
    assert "ratio_by_count" not in answer("calibration", net).values
    assert answer("calibration", net).values["slope"] == pytest.approx(1.0, abs=0.2)


def test_models_that_differ_by_an_event_are_told_apart_by_it_where_the_flow_tells_nothing(fakes: ModuleType) -> None:
    given, rng = fakes.make_input(units=6_000), np.random.default_rng(4)
    events = given.predictions
    grown = np.exp(rng.normal(0, 0.5, len(events.table)))
    flow = events.table.assign(actual=1 - (1 - events.table["actual"]) * grown)
    net = replace(given, predictions=replace(events, table=flow, binary=False))
    finding = answer("benchmark", net)
    told = answer("benchmark", replace(net, predictions=replace(net.predictions, event=events)))
    alone = answer("benchmark", given)
    assert told.values["gain_on_benchmark_lower"] > 0 and told.in_words.startswith("Compared by payoff")
    assert finding.values["gain_on_benchmark"] < 0.1 * told.values["gain_on_benchmark"]
    for name in ("loss", "gain_on_benchmark", "gain_on_challenger_lower"):
        assert told.values[name] == alone.values[name]
    assert told.values["path_error"] == finding.values["path_error"], "the level is still that of the whole flow"
