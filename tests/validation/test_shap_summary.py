"""Attributions: they add up, rank the inputs and say the direction of each."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from behavior.validation import run_checks, shap_summary
from behavior.validation.base import Status
from behavior.validation.shap_summary import additivity_error, exhibits_of, importance


def test_contributions_that_do_not_add_up_block(fakes: ModuleType) -> None:
    given = fakes.make_input()

    def explain(fitted: Any, panel: Any) -> Any:
        one = fakes.attributions_of(panel.table)
        return {"payoff": replace(one, score=one.score + 1e-3)}

    findings = run_checks(replace(given, kind=replace(given.kind, explain=explain)))
    assert [one.check for one in findings.blocking] == ["shap_summary"]


def test_importance_ranks_and_tells_direction(fakes: ModuleType) -> None:
    one = fakes.attributions_of(fakes.make_input().panel.table)
    table = importance(one)
    assert table["feature"].tolist() == ["incentive", "age_months"]
    assert table["direction"].tolist() == ["raises", "raises"]
    assert additivity_error(one) < 1e-12


def test_a_name_has_levels_and_no_direction(fakes: ModuleType) -> None:
    """Places of a name's levels are no scale: its picture is a bar a level, called by its name."""
    plain = fakes.attributions_of(fakes.make_input().panel.table)
    place = plain.names.index("incentive")
    values = plain.values.copy()
    values[:, place] = (values[:, place] > 0).astype(float)
    one = replace(plain, values=values, levels={"incentive": ("out", "in")})
    assert importance(one).set_index("feature")["direction"].to_dict() == {
        "incentive": "by level",
        "age_months": "raises",
    }
    by_name = {exhibit.name: exhibit for exhibit in exhibits_of("payoff", one)}
    bars = by_name["shap_dependence_payoff_incentive"]
    assert bars.form == "bars" and bars.data["incentive"].tolist() == ["out", "in"]
    shades = by_name["shap_beeswarm_payoff"].data.set_index("feature")["value"]
    assert shades.loc["incentive"].isna().all() and shades.loc["age_months"].notna().all()


def test_a_dependence_says_what_its_feature_is_measured_in(fakes: ModuleType) -> None:
    one = fakes.attributions_of(fakes.make_input().panel.table)
    by_name = {exhibit.name: exhibit for exhibit in exhibits_of("payoff", one, {"incentive": "decimal a year"})}
    assert by_name["shap_dependence_payoff_incentive"].x_label == "incentive, decimal a year"
    assert by_name["shap_dependence_payoff_age_months"].x_label == "age_months"


def test_the_exact_shapley_vector(vectors: Any) -> None:
    """Interventional Shapley values of f = x1 x2 + 2 x3 by all orderings: the additivity that we assert holds on it."""
    import itertools
    import json

    from behavior.estimators.base import Attributions

    vector = json.loads((vectors / "quantitative" / "29_shapley_exact.json").read_text())
    point, background = np.asarray(vector["x"]), np.asarray(vector["background"])

    def worth(known: tuple[int, ...]) -> float:
        rows = background.copy()
        rows[:, list(known)] = point[list(known)]
        return float(np.mean(rows[:, 0] * rows[:, 1] + 2 * rows[:, 2]))

    shares = np.zeros(3)
    orders = list(itertools.permutations(range(3)))
    for order in orders:
        for place, feature in enumerate(order):
            shares[feature] += worth(order[: place + 1]) - worth(order[:place])
    one = Attributions(
        ("x1", "x2", "x3"),
        point[None, :],
        shares[None, :] / len(orders),
        worth(()),
        np.array([vector["f_x"]]),
        "identity",
    )
    assert one.contributions[0] == pytest.approx(vector["phi_interventional"], abs=1e-12)
    assert one.base == pytest.approx(vector["base_value"], abs=1e-12)
    assert additivity_error(one) < 1e-12
    wrong = replace(one, contributions=one.contributions + 0.1)
    assert additivity_error(wrong) == pytest.approx(0.3)


def test_attributions_of_nothing_say_so(fakes: ModuleType) -> None:
    given = fakes.make_input()
    assert shap_summary.run(given).status is Status.PASS

    def explain(fitted: Any, panel: Any) -> Any:
        one = fakes.attributions_of(panel.table)
        return {"payoff": replace(one, contributions=0 * one.contributions, score=np.full(len(one.score), one.base))}

    finding = shap_summary.run(replace(given, kind=replace(given.kind, explain=explain)))
    assert finding.in_words.endswith("No input moves the answer at all.") and "nan" not in finding.in_words
