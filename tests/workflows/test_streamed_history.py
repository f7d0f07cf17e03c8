"""A history that a profile streams gives the panel, the ledger's figures and the model of the history read whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.cli import main
from behavior.errors import ContractFault, SpecFault
from behavior.io.demo_project import write_demo
from behavior.io.inputs import examine_profile
from behavior.io.profiles import load_profile
from behavior.panel.base import Panel, StreamedHistory
from behavior.panel.split import split_panel
from behavior.simulator import SimulatorSettings, simulate
from behavior.specs import ModelSpec
from behavior.validation.tie_out import reconcile
from behavior.workflows.panels import Panels, panels_of
from behavior.workflows.train import kind_of
from behavior.workflows.wiring import Project


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("streamed")
    write_demo(simulate(SimulatorSettings(loans=900, accounts=200, minimum_balance_paths=2), seed=11), made)
    return made


def project(folder: Path, words: str = "") -> Project:
    """The demo's project, its histories streamed as `words` say."""
    text = (folder / "profile.toml").read_text()
    for name in ("mortgage", "deposits") if words else ():
        text = text.replace(f"[history.{name}]\n", f"[history.{name}]\nstream = {{ {words} }}\n")
    file = folder / f"{len(words)}.toml"
    file.write_text(text)
    return Project(load_profile(file))


def panels(project: Project, model: str) -> tuple[ModelSpec, Panels]:
    request = project.request(model)
    return request.spec, panels_of(kind_of(request.spec), request.history, request.rates, request.spec)


def plain(panel: Panel) -> pd.DataFrame:
    table = panel.table.sort_values(["unit", "month"]).reset_index(drop=True)
    return table.apply(lambda cells: cells.astype(object) if isinstance(cells.dtype, pd.CategoricalDtype) else cells)


def lean(spec: ModelSpec) -> ModelSpec:
    """One family and no search: what is compared is the data."""
    estimator = spec.estimator.model_copy(update={"family": "spline_hazard"})
    return spec.model_copy(update={"estimator": estimator})


def test_the_profiles_stream_gives_the_panel_and_the_model_of_the_whole(folder: Path) -> None:
    spec, streamed = panels(project(folder, "rows_at_once = 4000"), "mortgage_prepayment")
    _, whole = panels(project(folder), "mortgage_prepayment")
    assert streamed.panel is streamed.learning
    pd.testing.assert_frame_equal(plain(streamed.panel), plain(whole.panel), rtol=1e-12)
    kind, expected = kind_of(spec), []
    for one in (streamed, whole):
        fitted = kind.fit(one.learning, one.split, lean(spec))
        expected.append(kind.predict(fitted, whole.panel).table["predicted"])
    # House prices are means of a region's rows, added up in another order: the last digits may differ, no more.
    pd.testing.assert_series_equal(expected[0], expected[1], rtol=1e-8)


def test_accounts_in_a_stream_give_the_panel_of_the_whole(folder: Path) -> None:
    _, streamed = panels(project(folder, "rows_at_once = 4000"), "nmd_decay")
    _, whole = panels(project(folder), "nmd_decay")
    pd.testing.assert_frame_equal(plain(streamed.panel), plain(whole.panel), rtol=1e-12)


def test_the_ledger_is_tied_out_in_the_stream(folder: Path) -> None:
    streamed, whole = project(folder, "rows_at_once = 4000"), project(folder)
    for name in ("mortgage", "deposits"):
        one, two = streamed.history(name), whole.history(name)
        assert isinstance(one, StreamedHistory)
        assert {(source.name, source.digest, source.rows) for source in one.sources} == {
            (source.name, source.digest, source.rows) for source in two.sources
        }
        lines, others = reconcile(one), reconcile(two)
        assert lines["reconciled"].all() and len(lines) == len(others) > 0
        pd.testing.assert_frame_equal(lines, others, check_dtype=False, rtol=1e-9, atol=1e-6)
    rows, faults = examine_profile(streamed.profile)
    expected, _ = examine_profile(whole.profile)
    assert faults == []
    assert [(row["input"], row["rows"]) for row in rows[2:]] == [(row["input"], row["rows"]) for row in expected[2:]]


def test_a_sample_keeps_every_event_and_stands_for_all_months(folder: Path) -> None:
    spec, sampled = panels(project(folder, "rows_at_once = 4000, customers = 0.5"), "mortgage_prepayment")
    _, other = panels(project(folder, "rows_at_once = 70000, customers = 0.5"), "mortgage_prepayment")
    _, whole = panels(project(folder), "mortgage_prepayment")
    pd.testing.assert_frame_equal(plain(sampled.learning), plain(other.learning), rtol=1e-12)
    assert spec.export.refit  # the second fit learns from what the first one is not shown
    seen = sampled.split.train | sampled.split.validate
    learned, table = sampled.learning.table[seen], whole.panel.table[whole.split.train | whole.split.validate]
    for cause in ("payoff", "default"):
        assert learned[cause].sum() == table[cause].sum() > 0
        assert sampled.learning.table[cause].sum() == whole.panel.table[cause].sum() > table[cause].sum()
    events = int(((table["payoff"] + table["default"]) > 0).sum())
    share = (len(learned) - events) / (len(table) - events)
    assert share == pytest.approx(spec.estimator.fixed["sample_share"], rel=0.05)
    assert sampled.learning.cases[seen].sum() == pytest.approx(len(table), rel=0.02)
    assert sampled.learning.cases.sum() == pytest.approx(len(whole.panel.table), rel=0.02)
    assert whole.panel.cases.sum() == len(whole.panel.table)
    kept, everyone = set(sampled.panel.table["customer"]), whole.panel.table["customer"]
    assert 0.4 < len(kept) / everyone.nunique() < 0.6
    assert len(sampled.panel.table) == everyone.isin(kept).sum()


def test_customers_kept_and_customers_held_out_are_drawn_apart(folder: Path) -> None:
    spec, sampled = panels(project(folder, "rows_at_once = 4000, customers = 0.5"), "mortgage_prepayment")
    split = split_panel(sampled.panel, spec.split)
    held_out = sampled.panel.table["customer"][split.test | split.unseen_customers].nunique()
    wanted = spec.split.customer_share
    assert held_out / sampled.panel.table["customer"].nunique() == pytest.approx(wanted, rel=0.35)


def test_a_fit_on_cases_is_that_of_all_months_within_its_noise(folder: Path) -> None:
    spec, sampled = panels(project(folder, "rows_at_once = 4000, customers = 0.5"), "mortgage_prepayment")
    _, whole = panels(project(folder), "mortgage_prepayment")
    kind, lean_spec = kind_of(spec), lean(spec)
    found = []
    learned = whole.split.train | whole.split.validate
    events = whole.panel.table["payoff"].to_numpy()[learned]
    for one in (sampled, whole):
        fitted = kind.fit(one.learning, one.split, lean_spec)
        found.append(kind.predict(fitted, whole.panel).table["predicted"].to_numpy())
        assert fitted.facts["payoffs learned from"] == int(events.sum())
    assert found[0][learned].sum() == pytest.approx(events.sum(), rel=0.02)
    assert np.corrcoef(np.log(found[0]), np.log(found[1]))[0, 1] > 0.97


def test_a_kind_that_reads_the_whole_refuses_a_stream(folder: Path) -> None:
    with pytest.raises(SpecFault, match=r"without `stream` for deposit_beta.*mortgage_prepayment, nmd_decay"):
        panels(project(folder, "rows_at_once = 4000"), "deposit_beta")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rows_at_once = 0", "expected 1 or more"),
        ("customers = 0.0", "expected more than 0"),
        ("customers = 20", "expected 1 or less"),
        ("share = 0.2", "there is no such key; there are rows_at_once, customers"),
    ],
)
def test_values_of_a_stream_are_refused_with_their_path(folder: Path, words: str, says: str) -> None:
    with pytest.raises(SpecFault, match=says) as caught:
        project(folder, words)
    assert "$.history.mortgage.stream." in str(caught.value)


def test_only_parquet_in_the_contracts_form_is_streamed(folder: Path) -> None:
    text = (folder / "profile.toml").read_text().replace("[history.mortgage]\n", "[history.mortgage]\nstream = {}\n")
    for change in ("loan_months.csv", 'loan_months.parquet"\ntables.loan_months.sort = true\n#'):
        (folder / "other.toml").write_text(text.replace("loan_months.parquet", change))
        with pytest.raises(SpecFault, match="one Parquet file in the contract's own form"):
            load_profile(folder / "other.toml")


def test_rows_of_no_loan_are_a_fault(folder: Path, tmp_path: Path) -> None:
    streamed = project(folder, "rows_at_once = 4000")
    loans = pd.read_parquet(folder / "bank" / "loans.parquet")
    cut = tmp_path / "loans.parquet"
    loans.iloc[1:].to_parquet(cut, index=False)
    text = (folder / "profile.toml").read_text().replace("bank/loans.parquet", str(cut))
    text = text.replace("[history.mortgage]\n", "[history.mortgage]\nstream = {}\n")
    (folder / "cut.toml").write_text(text)
    with pytest.raises(ContractFault, match=r"of the table `loans`; of .* such rows"):
        Project(load_profile(folder / "cut.toml")).history("mortgage")
    assert streamed.history("mortgage").tables["loans"].shape[0] == len(loans)


@pytest.mark.slow
def test_the_command_trains_on_a_stream(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    versions = {}
    for words in ("", "rows_at_once = 4000", "rows_at_once = 4000, customers = 0.5"):
        made = project(folder, words)
        file = made.profile.folder / made.profile.file
        code = main(["train", "mortgage_prepayment", "--profile", str(file), "--json"])
        versions[words] = json.loads(capsys.readouterr().out)
        assert code in (0, 4)
        assert (folder / "reports" / "mortgage_prepayment.html").is_file()
    assert versions[""]["failed_gates"] == versions["rows_at_once = 4000"]["failed_gates"]
