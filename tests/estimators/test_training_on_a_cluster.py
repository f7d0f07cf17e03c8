"""Trees grown on a cluster are scored beside those grown here, on the same rows by the same harness: never assumed."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark.hazard_models import WORDS
from behavior.benchmark.hazard_run import hazard_benchmark
from behavior.benchmark.protocols import Protocol, Question
from behavior.cli import main
from behavior.cli.learning import trees_on
from behavior.cluster import SchedulerError, connected
from behavior.estimators.boosted_hazard import BoostedHazard
from behavior.estimators.boosting import grown_on
from behavior.estimators.champion import load_hazard, log_loss
from behavior.estimators.spline_hazard import SplineHazard
from behavior.io.demo_project import write_demo
from behavior.kinds.mortgage_prepayment import KIND
from behavior.simulator import SimulatorSettings, simulate
from behavior.specs import Range, SearchSpec
from behavior.tracking.mlflow import MlflowTracker
from tests.benchmark.test_hazard_harness import SPEC, toy_panel
from tests.estimators.test_hazards import sample

SEARCH = SearchSpec(trials=2, space={"num_leaves": Range(low=4, high=9, integer=True)})


def boosted(**given: Any) -> BoostedHazard:
    roles = {"driver": "incentive", "age": "age_months", "burnout": "months_in_the_money"}
    return BoostedHazard(SplineHazard(**roles, most_rows=20_000), {"num_leaves": 7}, rounds=25, patience=4, **given)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    there = builtins.__import__

    def absent(name: str, *given: Any, **named: Any) -> Any:
        if name.split(".")[0] in ("dask", "distributed"):
            raise ImportError(name)
        return there(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(SchedulerError, match=r"alm-behavior\[distributed\]"), trees_on("tcp://127.0.0.1:9"):
        pass


def test_without_an_address_trees_grow_in_this_process() -> None:
    with trees_on(None) as words:
        assert words == "this process"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask is an optional extra")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        connected(cluster.scheduler_address) as found,
    ):
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_trees_of_a_cluster_are_as_good_as_those_of_this_process(client: Any) -> None:
    matrix, event, _ = sample(60_000, 1)
    test, happened, hazard = sample(60_000, 2)
    base = boosted().base
    assert base is not None
    base.fit(matrix, event, np.ones(len(event)))
    ones, validate = np.ones(len(event)), np.arange(len(event)) % 4 == 0
    losses, ratios = {}, {}
    for where, of in (("here", None), ("cluster", client)):
        model = boosted()
        model.base = base
        with grown_on(of):
            found = model.tune(matrix, event, ones, validate, SEARCH)
            assert len(found.trials) == 2 and model.rounds <= 25
            model.fit(matrix, event, ones)
        again = load_hazard(model.to_files())
        expected = again.predict_hazard(test)
        np.testing.assert_array_equal(expected, model.predict_hazard(test))
        losses[where] = log_loss(expected, happened, np.ones(len(happened)))
        ratios[where] = happened.sum() / expected.sum()
        assert ("trees grown on" in model.facts_) == (of is not None)
        assert_monotone(model, test)
    floor = log_loss(hazard, happened, np.ones(len(happened)))
    assert losses["cluster"] - floor < 1.25 * (losses["here"] - floor) + 2e-5
    assert ratios["cluster"] == pytest.approx(ratios["here"], rel=0.01)


def assert_monotone(model: BoostedHazard, matrix: Any) -> None:
    """The hazard never falls as the incentive rises, on the cluster as here."""
    values = np.repeat(matrix.values[:40], 60, axis=0)
    values[:, 0] = np.tile(np.linspace(-0.04, 0.04, 60), 40)
    steps = np.diff(model.score(matrix.with_values(values)).reshape(40, 60), axis=1)
    assert steps.min() >= -1e-9


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_harness_scores_both(client: Any) -> None:
    panel, spec = toy_panel(20_000), SPEC
    protocol = Protocol(window_months=12, customer_folds=2)
    question = Question(title="toy", model="toy", history="toy", protocol=protocol)
    answer = hazard_benchmark("toy", panel, KIND, spec, question, replicates=20, client=client)
    table = answer.scores[(answer.scores["cause"] == "payoff") & (answer.scores["slice"] == "")]
    found = table.pivot_table(index="model", columns=["score", "weighting"], values="value")
    assert {"boosted", "boosted_cluster"} <= set(found.index) and "boosted_cluster" in WORDS
    loss = found[("log_loss", "count")]
    assert loss["boosted_cluster"] == pytest.approx(loss["boosted"], rel=0.005)
    ratio = found[("actual_over_expected", "count")]
    assert ratio["boosted_cluster"] == pytest.approx(ratio["boosted"], rel=0.01)
    without = hazard_benchmark("toy", panel, KIND, spec, question, replicates=20)
    assert "boosted_cluster" not in set(without.scores["model"])
    pd.testing.assert_series_equal(
        answer.scores.loc[answer.scores["model"] == "boosted", "value"].reset_index(drop=True),
        without.scores.loc[without.scores["model"] == "boosted", "value"].reset_index(drop=True),
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_command_trains_on_a_cluster(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = write_demo(
        simulate(SimulatorSettings(loans=600, accounts=60, minimum_balance_paths=1), seed=11), tmp_path
    )
    spec = tmp_path / "models" / "mortgage_prepayment" / "spec.toml"
    spec.write_text(spec.read_text().replace('family = "best"', 'family = "boosted_hazard"'))
    words = ["train", "mortgage_prepayment", "--profile", str(profile), "--json"]
    said = []
    for more in ([], ["--scheduler", client.scheduler.address]):
        assert main([*words, *more]) in (0, 4)
        said.append(json.loads(capsys.readouterr().out))
    assert [one["trees_grown_on"] for one in said] == ["this process", "a Dask cluster of 2 workers"]
    registry = MlflowTracker(tmp_path / "tracking")
    here, there = (registry.record("mortgage_prepayment", one["version"]) for one in said)
    for record, one in zip((here, there), said, strict=True):
        assert record.tags["trees_grown_on"] == one["trees_grown_on"]
        assert record.files["payoff/booster.txt"].startswith("tree\n")
    assert here.files.keys() == there.files.keys()
    page = (tmp_path / "reports" / "mortgage_prepayment.html").read_text()
    assert "a Dask cluster of 2 workers" in page
