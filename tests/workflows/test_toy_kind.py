"""The promise of adding files only: a kind dropped into a package of its own goes all the way to NII and EVE."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from typing import Any

import pandas as pd
import pytest

from behavior.cli import main
from behavior.errors import BehaviorError
from behavior.io.profiles import load_profile
from behavior.workflows.stages import Stages
from behavior.workflows.train import train
from behavior.workflows.wiring import Project

KIND = dedent('''
    """Early redemption of term deposits: a constant share a month, learnt from counts."""

    import json
    from dataclasses import dataclass

    import numpy as np
    import pandas as pd

    from behavior.assumptions.curve import AssumptionCurve
    from behavior.assumptions.effects import Effect, MonthMeaning
    from behavior.assumptions.segments import SegmentScheme
    from behavior.assumptions.set import AssumptionTable
    from behavior.contracts import Column, TableContract
    from behavior.kinds.base import FittedModel, ModelKind, Predictions
    from behavior.panel.base import Panel
    from behavior.quantities import Quantity

    TABLE = TableContract("redemption_history", 1, "redemptions", "Term deposits by month.", (
        Column("deposit_id", "text", "Deposit."),
        Column("month", "month", "Month."),
        Column("balance", "number", "Balance at the start of the month.", "currency units", minimum=0.0),
        Column("redeemed", "integer", "1 when it was redeemed early in the month.", minimum=0.0, maximum=1.0),
    ), key=("deposit_id", "month"))

    @dataclass(frozen=True)
    class Share:
        hazard: float

        def to_files(self):
            return {"share.json": json.dumps({"hazard": self.hazard})}

    def build_panel(history, rates, spec):
        rows = history.tables["redemptions"]
        return Panel(pd.DataFrame({
            "unit": rows["deposit_id"], "customer": rows["deposit_id"], "month": rows["month"],
            "weight": rows["balance"].astype(float), "product": "term_deposit",
            "event": rows["redeemed"].astype(float)}))

    def fit(panel, split, spec):
        hazard = float(panel.table["event"][split.train].mean())
        return FittedModel("redemption", spec, {"share": Share(hazard)}, facts={"hazard": hazard})

    def predict(fitted, panel):
        rows = panel.table
        hazard = fitted.estimators["share"].hazard
        table = rows[["unit", "customer", "month", "weight"]].assign(
            segment="term_deposit", cause="withdrawal", actual=rows["event"], predicted=hazard, challenger=hazard,
            benchmark=hazard, driver=np.nan, age_months=1)
        return Predictions(table, "redeemed in the month", "share a month", True)

    def export(fitted, context):
        values = np.full(120, fitted.estimators["share"].hazard)
        curve = AssumptionCurve(("term_deposit",), np.arange(1, 121), {}, values)
        return (AssumptionTable(
            "redemption", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, SegmentScheme(("product",)), (curve,),
            cause="withdrawal", month_meaning=MonthMeaning.SINCE_AS_OF),)

    def load(spec, files):
        return FittedModel("redemption", spec, {"share": Share(**json.loads(files["share/share.json"]))})

    KIND = ModelKind(
        name="redemption", summary="Early redemption of term deposits.", effect=Effect.RUNOFF,
        history_contract="redemption_history/1", tables=(TABLE,), drivers=(), month_meaning=MonthMeaning.SINCE_AS_OF,
        features=(), families=("constant",), build_panel=build_panel, fit=fit, predict=predict, export=export,
        look_up=lambda tables, fitted, panel: predict(fitted, panel), load=load,
        exhibits=lambda *given: (), explain=lambda *given: {})
''')

SPEC = """
[model]
kind = "redemption"
version = 1
owner = "ALM modelling"

[history]
contract = "redemption_history/1"

[estimator]
family = "constant"
"""

PROFILE = """
name = "toy"

[history.redemptions]
contract = "redemption_history/1"
tables.redemptions.file = "redemptions.csv"

[rates]
file = "rates.csv"

[curves]
file = "curves.csv"

[book]
file = "book.csv"

[settings]
as_of = 2026-09-30
reporting_currency = "USD"
tier1 = 100.0
book_equity = 100.0
index_roles = { short = "FEDFUNDS" }

[models.redemption]
folder = "model"
history = "redemptions"

[store]
folder = "assumptions"

[tracking]
folder = "tracking"
experiment = "toys"

[output]
folder = "out"

[approvals]
proposed_by = "Developer"
approved_by = "Model risk"

[value]
framework = "us_parallel"
"""

BOOK = """position_id,product,side,currency,balance,rate_type,rate,repayment,\
origination_date,maturity_date,payment_months
loan,loan,asset,USD,1000,fixed,0.05,bullet,2025-09-30,2029-09-30,12
deposit,term_deposit,liability,USD,900,fixed,0.02,bullet,2025-09-30,2028-09-30,12
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_registry: Callable[[Path], Path]) -> Path:
    """A package with one kind, declared by its entry point, beside a folder with a profile and its data."""
    package = tmp_path / "site"
    (package / "toy_kind-0.1.dist-info").mkdir(parents=True)
    (package / "toy_kind-0.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: toy-kind\nVersion: 0.1\n"
    )
    (package / "toy_kind-0.1.dist-info" / "entry_points.txt").write_text(
        "[behavior.kinds]\nredemption = toy_kind:KIND\n"
    )
    (package / "toy_kind.py").write_text(KIND)
    monkeypatch.syspath_prepend(str(package))
    home = tmp_path / "bank"
    (home / "model").mkdir(parents=True)
    (home / "model" / "spec.toml").write_text(SPEC)
    (home / "model" / "card.md").write_text("# Early redemption\n\n## Where not to use it\n\nCallable deposits.\n")
    (home / "profile.toml").write_text(PROFILE)
    (home / "book.csv").write_text(BOOK)
    (home / "curves.csv").write_text(
        "as_of,currency,index,months,zero_rate\n2026-09-30,USD,discount,1,0.03\n2026-09-30,USD,discount,120,0.035\n"
    )
    (home / "rates.csv").write_text("date,index,value\n2026-08-31,FEDFUNDS,0.03\n2026-09-30,FEDFUNDS,0.03\n")
    months = pd.date_range("2023-01-31", periods=24, freq="ME")
    rows = [
        {"deposit_id": f"d{unit}", "month": month.date(), "balance": 100.0, "redeemed": int(unit % 12 == age)}
        for unit in range(120)
        for age, month in enumerate(months)
        if unit % 12 >= age
    ]
    pd.DataFrame(rows).to_csv(home / "redemptions.csv", index=False)
    empty_registry(home / "tracking")
    return home


def test_a_kind_in_its_own_package_goes_all_the_way(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["cycle", "--profile", str(toy / "profile.toml"), "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    done = json.loads(printed.out)
    assert done["set"] == "2026-09-30.r1"
    learnt = pd.read_csv(toy / "assumptions" / done["set"] / "redemption.csv")["value"]
    assert 0.0 < learnt.iloc[0] < 1.0
    flows = pd.read_csv(toy / "out" / "results" / "cash_flows.csv")
    base = flows[(flows["scenario"] == "base") & (flows["product"] == "term_deposit")]
    assert base[base["month"] == "2026-10-31"]["withdrawal"].item() == pytest.approx(900 * learnt.iloc[0])
    nii = pd.read_csv(toy / "out" / "results" / "nii.csv")
    eve = pd.read_csv(toy / "out" / "results" / "eve.csv")
    assert {"loan", "term_deposit"} == set(nii["product"]) == set(eve["product"])
    assert (toy / "out" / "reports" / "redemption.html").is_file()
    first = (toy / "out" / "reports" / "treasury.html").read_text().split("<h2")[0]
    assert "curves of redemption: not known: no control totals of the ledger were given" in first
    with closing(sqlite3.connect(toy / "tracking" / "mlflow.db")) as kept:
        runs = kept.execute("select e.name, r.name from runs r join experiments e using (experiment_id)").fetchall()
    assert ("toys", "redemption") in runs
    (card,) = (toy / "tracking").rglob("card.html")
    assert "Callable deposits." in card.read_text() and "<dt>Version</dt><dd>1</dd>" in card.read_text()
    (record,) = Project(load_profile(toy / "profile.toml")).tracker().versions()
    logged = [json.loads(line)["at"] for line in (toy / "assumptions" / "log.jsonl").read_text().splitlines()]
    assert all(record.registered_at <= at for at in logged)  # nothing is signed before it is there


def test_a_registry_that_cannot_keep_a_version_is_refused_before_anything_is_learned(toy: Path) -> None:
    class Moved:
        def ready(self, experiment: str) -> None:
            raise BehaviorError(f"{experiment} was moved")

    project, stages = Project(load_profile(toy / "profile.toml")), Stages()
    with pytest.raises(BehaviorError, match="toys was moved"):
        train(project.request("redemption"), Moved(), project.drafts(), stages)
    assert not stages.seconds


def test_the_contract_of_the_kind_is_checked_like_any_other(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = toy / "redemptions.csv"
    broken.write_text(broken.read_text().replace("100.0", "-100.0", 1))
    assert main(["check", str(broken), "--as", "redemption_history/1"]) == 3
    said = capsys.readouterr()
    assert "line 2" in said.err + said.out and "`balance`" in said.err + said.out


def test_a_failed_gate_writes_everything_and_promotes_nothing(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = toy / "model" / "spec.toml"
    spec.write_text(spec.read_text() + '\n[gates]\n"calibration.ratio" = { min = 50.0 }\n')
    code = main(["cycle", "--profile", str(toy / "profile.toml"), "--json"])
    done = json.loads(capsys.readouterr().out)
    assert code == 4
    assert done["stamp"] == "DRAFT" and done["failed_gates"]
    assert done["models"][0]["alias"] == "challenger"  # as the registry has it
    assert json.loads((toy / "out" / "results" / "result.json").read_text())["stamp"] == "DRAFT"
    assert "DRAFT" in (toy / "out" / "reports" / "treasury.html").read_text()
    store = ["--store", str(toy / "assumptions")]
    assert main(["approve", done["set"], "--by", "Model risk", "--valid-from", "2026-09-30", *store]) == 4
    assert main(["validate", "redemption@1", "--profile", str(toy / "profile.toml")]) == 4
    # Nor is there a way around the gate: what a validation exports to look at is no draft to publish.
    exported = str(toy / "out" / "drafts" / "redemption.validated")
    ahead = ["publish", exported, "--id", "r9", "--proposed-by", "Ann", *store]
    capsys.readouterr()
    assert main(ahead) == 4
    assert "no gate was put to them" in capsys.readouterr().err


def test_a_version_is_checked_again_and_signed_by_someone_else(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = str(toy / "profile.toml")
    assert main(["train", "redemption", "--profile", profile]) == 0
    assert main(["validate", "redemption@1", "--profile", profile, "--sign", "--by", "developer"]) == 5
    assert "expected someone else" in capsys.readouterr().err
    assert not list(toy.rglob("*revalidated*"))  # refused before any check is rerun
    signing = ["validate", "redemption", "--profile", profile, "--sign", "--by", "Validator", "--note", "looks right"]
    assert main([*signing, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["validation_status"], said["same_data"]) == ("validated", True)
    assert said["data_digest"] == said["registered_data_digest"]
    page = Path(said["report"]).read_text()
    assert "<dt>Signed by</dt><dd>Validator, 20" in page and "looks right" in page
    assert "UNVALIDATED" not in page
    assert main(["validate", "redemption", "--profile", profile]) == 0
    assert "<dt>Signed by</dt><dd>Validator, 20" in Path(said["report"]).read_text()
    assert main(["validate", "redemption@²", "--profile", profile]) == 2
    # Given a place for what is written, a validator needs no right to write into the project.
    there, elsewhere = {one: one.stat().st_mtime_ns for one in toy.rglob("*")}, toy.parent / f"{toy.name}-validator"
    assert main(["validate", "redemption", "--profile", profile, "--out", str(elsewhere / "report.html")]) == 0
    assert {one: one.stat().st_mtime_ns for one in toy.rglob("*")} == there
    assert sorted(one.name for one in elsewhere.iterdir()) == ["drafts", "report.html"]


def test_a_quarter_that_is_trained_again_does_not_take_the_champions_place(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, text = toy / "profile.toml", PROFILE
    seen = []
    for day in ("2026-06-30", "2026-09-30", "2026-06-30"):
        profile.write_text(text.replace("as_of = 2026-09-30", f"as_of = {day}"))
        code = main(["train", "redemption", "--profile", str(profile), "--json"])
        said = json.loads(capsys.readouterr().out)
        seen.append((code, said["champion"], said["failed_gates"], "calibration.ratio" in said["figures"]))
    assert seen == [(0, True, [], True), (0, True, [], True), (0, False, [], True)]
    versions = Project(load_profile(profile)).tracker().versions("redemption")
    assert [(one.tags["as_of"], one.aliases) for one in versions] == [
        ("2026-06-30", ()),
        ("2026-09-30", ("champion",)),
        ("2026-06-30", ("challenger",)),
    ]
    # It passed its gates, so whoever validates it may sign it all the same.
    assert main(["validate", "redemption@3", "--profile", str(profile), "--sign", "--by", "Validator"]) == 0
    # All of it stands in one list, which asks for the registry alone.
    (toy / "redemptions.csv").unlink()
    capsys.readouterr()
    assert main(["models", "--profile", str(profile), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["versions"]
    assert [(one["version"], one["as_of"], one["alias"], one["validation"], one["signed_by"]) for one in listed] == [
        (1, "2026-06-30", "", "unvalidated", ""),
        (2, "2026-09-30", "champion", "unvalidated", ""),
        (3, "2026-06-30", "challenger", "validated", "Validator"),
    ]
    for name in ("data_digest", "spec_digest", "rates_digest", "files_digest", "developer", "registered_at", "run"):
        assert all(one[name] for one in listed), name
    assert listed[0]["registered_at"] <= listed[2]["registered_at"] <= listed[2]["signed_at"]
    assert main(["models", "redemption", "--profile", str(profile)]) == 0
    assert "Validator" in capsys.readouterr().out
    assert main(["models", "decay", "--profile", str(profile)]) == 3
    assert "it holds redemption" in capsys.readouterr().err
    profile.write_text(profile.read_text().replace('folder = "tracking"', 'folder = "elsewhere"'))
    assert main(["models", "--profile", str(profile)]) == 3
    assert "holds no registered version" in capsys.readouterr().err and not (toy / "elsewhere").exists()


def published(toy: Path, capsys: pytest.CaptureFixture[str], set_id: str, *more: str) -> tuple[int, Any, str]:
    """Exit code, JSON and warnings of publishing the toy's draft."""
    draft = str(toy / "out" / "drafts" / "redemption.draft")
    where = [] if "--profile" in more else ["--store", str(toy / "assumptions")]  # a profile names its own store
    code = main(["publish", draft, "--id", set_id, "--proposed-by", "developer", *where, *more, "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out), printed.err


def test_a_published_set_carries_the_signatures_of_the_registry(
    toy: Path, capsys: pytest.CaptureFixture[str], empty_registry: Callable[[Path], Path]
) -> None:
    profile = str(toy / "profile.toml")
    assert main(["train", "redemption", "--profile", profile]) == 0
    assert main(["validate", "redemption@1", "--profile", profile, "--sign", "--by", "Validator"]) == 0
    capsys.readouterr()
    code, said, warned = published(toy, capsys, "r1")
    assert (code, said["signatures_looked_up"], said["unvalidated"]) == (0, False, ["redemption"])
    assert "signatures were not looked up" in warned
    code, said, warned = published(toy, capsys, "r2", "--profile", profile)
    assert Path(said["folder"]) == toy / "assumptions" / "r2"
    assert (code, said["signatures_looked_up"], said["unvalidated"], warned) == (0, True, [], "")
    assert 'validation = "validated by Validator at ' in (toy / "assumptions" / "r2" / "manifest.toml").read_text()
    approve = ["approve", "r2", "--by", "Model risk", "--valid-from", "2026-09-30", "--store", str(toy / "assumptions")]
    assert main(approve) == 0
    assert "UNVALIDATED" not in capsys.readouterr().err
    # The registry of another profile counts from 1 again: its signature is on another model.
    other = toy / "other.toml"
    other.write_text((toy / "profile.toml").read_text().replace("tracking", "tracking2"))
    empty_registry(toy / "tracking2")
    code, said, _ = published(toy, capsys, "r3", "--profile", str(other))
    assert code == 3
    assert not (toy / "assumptions" / "r3").exists()


def test_a_version_is_not_signed_on_other_data(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile, history = str(toy / "profile.toml"), toy / "redemptions.csv"
    assert main(["train", "redemption", "--profile", profile]) == 0
    history.write_text(history.read_text().replace("100.0", "101.0", 1))
    capsys.readouterr()
    assert main(["validate", "redemption@1", "--profile", profile, "--json"]) == 0
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    assert (said["same_data"], said["validation_status"]) == (False, "unvalidated")
    page = Path(said["report"]).read_text()
    for digest in (said["data_digest"], said["registered_data_digest"]):
        assert digest in printed.err and digest in page
    assert "another history" in page
    assert main(["validate", "redemption@1", "--profile", profile, "--sign", "--by", "Validator", "--json"]) == 3
    refused = json.loads(capsys.readouterr().out)
    assert refused["error"] == "DigestMismatch"
    assert said["data_digest"] in refused["message"] and said["registered_data_digest"] in refused["message"]
    tags = Project(load_profile(profile)).tracker().record("redemption", 1).tags
    assert tags["validation_status"] == "unvalidated"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("rates.csv", "2026-08-31,FEDFUNDS,0.03", "2026-08-31,FEDFUNDS,0.04", "rates digest"),
        ("book.csv", "USD,900", "USD,901", "book digest"),
        ("profile.toml", "as_of = 2026-09-30", "as_of = 2026-08-31", "as of 2026-08-31, registered 2026-09-30"),
    ],
)
def test_a_version_is_not_signed_with_other_rates_book_or_date(
    toy: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, words: str
) -> None:
    profile, changed = str(toy / "profile.toml"), toy / file
    assert main(["train", "redemption", "--profile", profile]) == 0
    assert old in changed.read_text()
    changed.write_text(changed.read_text().replace(old, new))
    capsys.readouterr()
    assert main(["validate", "redemption@1", "--profile", profile, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["data_digest"] == said["registered_data_digest"]
    assert not said["same_data"] and words in said["made_with_other"][0]
    assert "with other inputs than the version was made with" in Path(said["report"]).read_text()
    assert main(["validate", "redemption@1", "--profile", profile, "--sign", "--by", "Validator"]) == 3
    assert words in capsys.readouterr().err
    changed.write_text(changed.read_text().replace(new, old))
    assert main(["validate", "redemption@1", "--profile", profile, "--sign", "--by", "Validator"]) == 0
