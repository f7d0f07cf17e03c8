"""A profile's book valued as a cycle does it: its plan and mix shift, its results told again, its treasury report."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import Tail
from behavior.cli import main
from behavior.errors import BehaviorError, SpecFault
from behavior.io.assumption_store import AssumptionStore
from behavior.io.demo_project import write_demo
from behavior.io.inputs import examine_profile
from behavior.io.profiles import load_profile
from behavior.io.writers import write_result
from behavior.kinds._beta_panel import build_beta_panel
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from behavior.workflows.plan import RESULTS, cycle_plan, valuation_options, value_project
from behavior.workflows.profile_check import asked_later
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value_words import WORDS
from behavior.workflows.wiring import Project, model_spec
from tests.cli.test_value import BOOK, CURVES, PLAN, SETTINGS
from tests.engine.simple import runoff
from tests.spec_examples import spec_text

PROFILE = """
name = "small"
book.file = "book.csv"
curves.file = "curves.csv"
rates.file = "rates.csv"
settings.file = "settings.toml"
plan.file = "plan.csv"
mix_shift.file = "mix.csv"
store.folder = "store"
output.folder = "out"
approvals.proposed_by = "Ann"
[value]
framework = "us_parallel"
measures = ["limits"]
"""
SAVINGS = "S1,savings,liability,USD,300000,administered,0.01,none,2024-12-31,,1\n"
FILES = {
    "profile.toml": PROFILE,
    "book.csv": BOOK + SAVINGS,
    "curves.csv": CURVES,
    "settings.toml": SETTINGS,
    "rates.csv": "date,index,value\n2025-12-31,FEDFUNDS,0.03\n",
    "plan.csv": PLAN,
    "mix.csv": "currency,from_product,to_product,month,share,term_months\nUSD,savings,term,2026-03-31,0.2,12\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assumptions = runoff("savings", np.full(120, 0.008), "withdrawal")
    AssumptionStore(tmp_path / "store").propose(assumptions, "Ann", dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_profiles_plan_and_mix_shift_reach_the_report_and_its_results_are_told_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(load_profile("profile.toml"))
    assumptions = project.store().load("simple", project.settings.as_of, allow_draft=True)
    result = value_project(project, assumptions)
    assert result.facts["conventions"]["mix_shift"].startswith("on the constant balance sheet")
    report = render(irrbb_report(result, assumptions, {}))
    for sheet in ("run_off", "constant", "dynamic"):
        assert sheet in set(result.nii_summary["balance_sheet"])
        assert sheet.replace("_", "-") in report or sheet.replace("_", " ") in report
    write_result(result, project.output / RESULTS)
    asked = ["explain", "out", "--scenario", "up_200", "--measure", "delta_nii", "--balance-sheet", "dynamic"]
    assert main([*asked, "--json"]) == 0, capsys.readouterr().err
    told = json.loads(capsys.readouterr().out)
    rows = result.nii_summary.set_index(["scenario", "balance_sheet", "horizon_months"])
    assert told["reported"] == pytest.approx(rows.loc[("up_200", "dynamic", 12), "delta_nii"], rel=1e-12)
    assert told["tree"]["value"] == pytest.approx(told["reported"], rel=1e-9)
    (folder / "plan.csv").write_text(PLAN.replace("-0.01", "-0.02"), encoding="utf-8")
    (folder / "settings.toml").write_text(SETTINGS.replace("1e5", "2e5"), encoding="utf-8")
    assert main(asked) == 3
    said = capsys.readouterr().err
    assert "settings (settings.toml), plan (plan.csv) changed since the results were written" in said


def test_a_result_that_was_stopped_while_it_was_written_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of two valuations side by side must not be read as one: ``result.json`` goes first and comes last."""
    project = Project(load_profile("profile.toml"))
    result = value_project(project, project.store().load("simple", project.settings.as_of, allow_draft=True))
    written = write_result(result, folder / "out")
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    assert {path.name for path in written} == set(before) >= {"result.json", "eve.csv"}
    replace, seen = Path.replace, list[str]()

    def stopped(path: Path, target: Path) -> Path:
        seen.append(target.name)
        if len(seen) == len(before) // 2:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_result(result, folder / "out")
    assert not (folder / "out" / "result.json").exists()
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    write_result(result, folder / "out")
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"plan.csv"', '"gone.csv"', ("$.plan", "gone.csv", "plan/1")),
        ('"mix.csv"', '"gone.csv"', ("$.mix_shift", "gone.csv", "mix_shift/1")),
    ],
)
def test_a_table_that_is_not_there_is_named_before_anything_runs(
    folder: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    (folder / "profile.toml").write_text(PROFILE.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecFault) as caught:
        Project(load_profile("profile.toml"))
    for word in words:
        assert word in str(caught.value)


def test_a_table_among_the_options_is_sent_to_its_own_section(folder: Path) -> None:
    (folder / "profile.toml").write_text(PROFILE + 'plan = "plan.csv"\n', encoding="utf-8")
    with pytest.raises(SpecFault, match=r"\$\.value\.plan.*\[plan\]"):
        valuation_options(load_profile("profile.toml"))


def test_every_option_of_a_profile_that_is_none_is_named_at_once(folder: Path) -> None:
    wrong = 'price = "cleann"\nmargins = "out"\ntail = "none"\ncap_deposits = "yes"\ninterpolation = 3\nsize = 1\n'
    (folder / "profile.toml").write_text(PROFILE + wrong, encoding="utf-8")
    with pytest.raises(SpecFault) as caught:
        valuation_options(load_profile("profile.toml"))
    assert {fault.column for fault in caught.value.faults} == {
        f"$.value.{line.split(' = ')[0]}" for line in wrong.splitlines()
    }
    assert "expected one of dirty, clean" in str(caught.value)
    right = 'price = "clean"\ntail = "last_value"\ncap_deposits = true\ndeposit_life_cap = 4\nfloor = -0.01\n'
    (folder / "profile.toml").write_text(PROFILE + right, encoding="utf-8")
    found = valuation_options(load_profile("profile.toml"))
    assert (found.price, found.tail, found.cap_deposits) == ("clean", Tail.LAST_VALUE, True)
    assert (found.deposit_life_cap, found.floor) == (4.0, -0.01)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_no_valuation_takes_a_word_that_it_does_not_know(name: str) -> None:
    with pytest.raises(SpecFault, match=f"{name}.*'unheard-of'.*{WORDS[name][0]}"):
        ValuationOptions(**{name: "unheard-of"})


def test_a_profile_without_them_keeps_to_its_book(folder: Path) -> None:
    bare = "\n".join(line for line in PROFILE.splitlines() if not line.startswith(("plan", "mix_shift")))
    (folder / "profile.toml").write_text(bare, encoding="utf-8")
    project = Project(load_profile("profile.toml"))
    result = value_project(project, project.store().load("simple", project.settings.as_of, allow_draft=True))
    assert set(result.nii_summary["balance_sheet"]) == {"run_off", "constant"}
    assert isinstance(result.nii, pd.DataFrame)


def test_check_names_what_a_cycle_would_stop_at_later(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main(["check", "profile.toml"]) == 0
    wrong = PROFILE.replace('measures = ["limits"]', 'measures = ["limitz"]\nbalence_sheet = "constant"')
    wrong += """
[history.loans]
contract = "mortgage_history/1"
tables.loans.file = "loans.csv"
tables.loan_months.file = "months.csv"
[models.prepayment]
folder = "models/prepayment"
history = "loans"
"""
    (folder / "profile.toml").write_text(wrong)
    (folder / "loans.csv").write_text(
        "loan_id,origination_date,original_balance,original_term_months,original_rate\nL,2020-01-01,100,360,0.03\n"
    )
    (folder / "months.csv").write_text("loan_id,month,balance,rate,age_months,status\nL,2020-02-29,99,0.03,1,open\n")
    capsys.readouterr()
    assert main(["check", "profile.toml", "--json"]) == 3
    found = {(one["column"], one["line"]) for one in json.loads(capsys.readouterr().out)["faults"]}
    lines = wrong.splitlines()
    assert found == {
        ("$.value.balence_sheet", lines.index('balence_sheet = "constant"') + 1),
        ("$.value.measures", lines.index('measures = ["limitz"]') + 1),
        ("$.models.prepayment.folder", lines.index('folder = "models/prepayment"') + 1),
        ("$.tracking", None),
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("book.csv", "2025-06-30,2026-06-30", "2025-06-30,2025-09-30", "2025-09-30"),
        ("book.csv", "USD,300000", "EUR,300000", "no discount curve for EUR"),
        ("curves.csv", "2025-12-31", "2025-11-30", "no curve as of 2025-12-31"),
    ],
)
def test_what_no_set_could_value_is_said_before_anything_is_learned(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, words: str
) -> None:
    assert main(["check", "profile.toml"]) == 0, capsys.readouterr().out
    (folder / file).write_text(FILES[file].replace(old, new), encoding="utf-8")
    with pytest.raises(BehaviorError, match=words):
        cycle_plan(Project(load_profile("profile.toml")), dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    assert main(["check", "profile.toml"]) == 3
    assert words in capsys.readouterr().out


MODELS = """
[history.deposits]
contract = "deposit_history/1"
tables.accounts.file = "a.csv"
tables.account_months.file = "b.csv"
[models.decay]
folder = "decay"
history = "deposits"
"""
SPEC = spec_text("nmd_decay", "deposit_history/1", "best")


def test_a_model_learns_from_a_history_of_its_own_contract_only(folder: Path) -> None:
    (folder / "decay").mkdir()
    (folder / "profile.toml").write_text(PROFILE + MODELS, encoding="utf-8")
    (folder / "decay" / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert model_spec(load_profile("profile.toml"), "decay").model.kind == "nmd_decay"
    (folder / "decay" / "spec.toml").write_text(SPEC.replace("deposit_", "mortgage_"), encoding="utf-8")
    with pytest.raises(SpecFault, match=r"models\.decay\.history.*mortgage_history/1.*this is deposit_history/1"):
        model_spec(load_profile("profile.toml"), "decay")


def test_check_names_a_rate_that_a_specification_asks_for_and_nobody_has(tmp_path: Path) -> None:
    """By an index of the rate history, by a role, or by a role that each currency has of its own."""
    write_demo(simulate(small_settings(), seed=5), tmp_path)
    spec = tmp_path / "models" / "deposit_beta" / "spec.toml"
    whole = spec.read_text()
    settings = tmp_path / "bank" / "settings.toml"
    settings.write_text(settings.read_text().replace("[index_roles]", '[index_roles]\nsight_EUR = "SOFR"', 1))
    for index, faults in (("short", 0), ("SOFR", 0), ("sight", 0), ("shrot", 1)):
        spec.write_text(whole.replace('index = "short"', f'index = "{index}"'))
        _, found = asked_later(load_profile(tmp_path / "profile.toml"))
        assert [(one.column, one.value) for one in found] == [("$.options.index", index)] * faults


def test_check_names_currencies_that_would_share_a_rate_as_training_does(tmp_path: Path) -> None:
    """Each has a role of its own, or the check says what training would stop at; betas only where rates are paid."""
    write_demo(simulate(small_settings(), seed=5), tmp_path)
    bank, profile = tmp_path / "bank", load_profile(tmp_path / "profile.toml")
    accounts, months = (pd.read_parquet(bank / f"{name}.parquet") for name in ("accounts", "account_months"))
    other = np.arange(len(accounts)) % 2 == 0
    accounts.assign(currency=np.where(other, "USD", "EUR")).to_parquet(bank / "accounts.parquet")

    def found() -> list[tuple[str, str | None]]:
        return [
            (one.where.partition("/")[0], one.value) for one in asked_later(profile, examine_profile(profile)[0])[1]
        ]

    both = [("nmd_decay", "short"), ("deposit_beta", "short")]
    assert found() == both
    with pytest.raises(BehaviorError, match="EUR and USD would"):
        project = Project(profile)
        build_beta_panel(project.history("deposits"), project.rates, model_spec(profile, "deposit_beta"))
    unpaid = months["account_id"].isin(accounts["account_id"][other])
    months.assign(rate_paid=months["rate_paid"].mask(unpaid)).to_parquet(bank / "account_months.parquet")
    assert found() == both[:1]
    settings = bank / "settings.toml"
    settings.write_text(settings.read_text().replace("[index_roles]", '[index_roles]\nshort_USD = "SOFR"', 1))
    assert found() == []
