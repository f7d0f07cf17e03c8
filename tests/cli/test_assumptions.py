"""The commands of a set's life, end to end, with their exit codes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.cli import main
from behavior.digests import sha256_of
from behavior.io.assumption_store import AssumptionStore
from behavior.io.set_folder import write_set
from tests.assumption_examples import decay, example_set, flat_decay, prepayment, speed, target
from tests.io.test_exchange import INCUMBENT


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_set(example_set("draft", tables=(prepayment(), decay())), tmp_path / "draft-a")
    write_set(example_set("draft", tables=(target(), speed())), tmp_path / "draft-b")
    (tmp_path / "incumbent.csv").write_text(INCUMBENT)
    return tmp_path


def called(capsys: pytest.CaptureFixture[str], words: str) -> tuple[int, Any]:
    code = main([*words.split(), "--json"])
    printed = capsys.readouterr().out
    return code, json.loads(printed)


def test_from_drafts_to_an_approved_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = called(capsys, "publish draft-a draft-b --id 2026-09-30.r1 --proposed-by Ann --note first")
    assert (code, said["status"], said["folder"]) == (0, "draft", "assumptions/2026-09-30.r1")
    code, said = called(capsys, "approve 2026-09-30.r1 --by ann --valid-from 2026-09-30")
    assert (code, said["error"]) == (5, "NotApproved")
    code, said = called(capsys, "approve 2026-09-30.r1 --by Bob --valid-from 2026-09-30 --valid-to 2027-03-31")
    assert (code, said["approved_by"], said["valid_to"]) == (0, "Bob", "2027-03-31")
    code, said = called(capsys, "assumptions list --on 2027-04-01")
    assert [row["id"] for row in said["sets"]] == ["2026-09-30.r1"]
    code, said = called(capsys, "assumptions verify")
    assert (code, said["problems"]) == (0, [])
    assert AssumptionStore(here / "assumptions").log()[0].note == "first"


def test_the_incumbent_comes_in_and_is_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = "assumptions import incumbent.csv --id v1 --as-of 2026-09-30 --proposed-by Ann --store sets"
    assert called(capsys, first)[0] == 0
    (here / "incumbent.csv").write_text(INCUMBENT.replace("0.4", "0.3"))
    assert called(capsys, first.replace("v1", "v2"))[0] == 0
    code, said = called(capsys, "assumptions diff v1 v2 --store sets")
    assert code == 0
    assert {row["measure"].split(" from")[0] for row in said["differences"]} == {
        "long-run beta at +100 bp",
        "long-run beta at -100 bp",
        "beta after 12 months at +100 bp",
        "largest change of a cell (1 differ)",
        "table text, sha256",
    }
    *figures, text = said["differences"]
    assert all(row["change"] == pytest.approx(-0.1) for row in figures)
    assert (text["segment"], text["change"]) == ("table repricing_target", None)
    code, said = called(capsys, "assumptions diff v1 sets/v1 --store sets --all")
    assert all(row["old"] == row["new"] for row in said["differences"])
    code, said = called(capsys, "assumptions show v1 --store sets --origin")
    assert said["origin"][0] == {"table": "runoff_payoff"}
    assert len(said["tables"]) == 4


def test_a_difference_that_no_figure_shows_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (curve, *others) = prepayment().curves
    seen = replace(curve, exposure_months=2.0 * np.asarray(curve.exposure_months))
    write_set(example_set("seen", tables=(replace(prepayment(), curves=(seen, *others)),)), here / "seen")
    write_set(example_set("first", tables=(prepayment(),)), here / "first")
    assert main(["assumptions", "diff", "first", "seen"]) == 0
    printed = capsys.readouterr().out
    assert "table text, sha256" in printed
    assert "(none)" not in printed
    # The same numbers in other words, such as another program writes them.
    shutil.copytree(here / "first", here / "other")
    text = (here / "first" / "prepayment.csv").read_text()
    (here / "other" / "prepayment.csv").write_text(text.replace(",0.0,", ",0.00,"))
    digests = [sha256_of((here / name / "prepayment.csv").read_bytes()) for name in ("first", "other")]
    manifest = here / "other" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(digests[0], digests[1]))
    assert main(["assumptions", "diff", "first", "other"]) == 0
    printed = capsys.readouterr().out
    assert f"prepayment: the same numbers, written differently (sha256 {digests[0][:12]}, then" in printed
    assert "(none)" not in printed
    assert called(capsys, "assumptions diff first other")[1]["rewritten"] == {"prepayment": digests}
    assert main(["assumptions", "diff", "first", "first"]) == 0
    printed = capsys.readouterr().out
    assert "(none)" in printed and "first -> first: " in printed
    shutil.copytree(here / "first", here / "copied")
    assert main(["assumptions", "diff", "first", "copied"]) == 0
    assert "first -> copied: " in capsys.readouterr().out, "sets of one id are told apart by where they lie"


def test_an_edited_set_is_found_and_its_file_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called(capsys, "publish draft-a --id r1 --proposed-by Ann")
    path = here / "assumptions" / "r1" / "decay.csv"
    path.write_text(path.read_text().replace("retail", "Retail", 1))
    code, said = called(capsys, "assumptions verify")
    assert code == 3
    assert "decay.csv" in said["problems"][0]
    code, said = called(capsys, "assumptions verify r1")
    assert code == 3
    assert main(["assumptions", "show", "r1"]) == 3
    assert "decay.csv" in capsys.readouterr().err
    code, said = called(capsys, "approve r1 --by Bob --valid-from 2026-09-30")
    assert (code, said["error"]) == (3, "DigestMismatch")


def test_a_faulty_import_leaves_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "incumbent.csv").write_text(INCUMBENT.replace("150", "x").replace("0.12", "12"))
    code, said = called(capsys, "assumptions import incumbent.csv --id v1 --as-of 2026-09-30 --proposed-by Ann")
    assert (code, len(said["faults"])) == (3, 2)
    assert not (here / "assumptions").exists()


def test_drafts_of_two_dates_need_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_set(example_set("late", as_of=example_set().as_of.replace(day=29), tables=(speed(),)), here / "late")
    code, said = called(capsys, "publish draft-a late --id r1 --proposed-by Ann")
    assert (code, "different dates" in said["message"]) == (2, True)
    assert called(capsys, "publish draft-a late --id r1 --proposed-by Ann --as-of 2026-09-30")[0] == 0
    code, said = called(capsys, "publish draft-a --id r1 --proposed-by Ann")
    assert (code, "written once" in said["message"]) == (3, True)
    code, said = called(capsys, "publish draft-a --id r2 --proposed-by Ann --supersedes r0")
    assert (code, said["error"]) == (3, "SetNotFound")
    assert not (here / "assumptions" / "r2").exists()


def test_a_retired_set_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called(capsys, "publish draft-a --id r1 --proposed-by Ann")
    code, said = called(capsys, "assumptions retire r1 --by Bob --from 2026-12-31 --note stale")
    assert (code, said["status"]) == (0, "retired")
    (row,) = called(capsys, "assumptions list")[1]["sets"]
    assert row["state"] == "retired"
    shown = called(capsys, "assumptions show r1")[1]
    keys = {*row, *(key for rows in (shown["tables"], shown["readings"]) for one in rows for key in one)}
    assert {"as_of", "proposed_by", "valid_from", "averaged_over", "held_at"} <= keys
    assert not [key for key in keys if " " in key], "a machine's keys are one word"


def test_an_approval_names_every_set_that_shares_a_day_with_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("now", "later", "vendor"):
        assert called(capsys, f"publish draft-a --id {name} --proposed-by Ann")[0] == 0
    called(capsys, "approve now --by Bob --valid-from 2026-01-01 --valid-to 2026-06-30")
    assert called(capsys, "approve later --by Bob --valid-from 2026-07-01")[1]["valid_too"] == []
    words = ["approve", "vendor", "--by", "Bob", "--valid-from", "2026-06-01", "--valid-to"]
    assert main([*words, "2026-06-30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid_too"] == ["now"]
    assert main([*words, "2026-09-30", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["valid_too"] == ["later", "now"]
    assert "later: valid on 2026-07-01 too" in printed.err and "now: valid on 2026-06-01 too" in printed.err


def test_people_see_tables(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "draft-a", "draft-b", "--id", "r1", "--proposed-by", "Ann"]) == 0
    assert "Next: behavior approve r1" in capsys.readouterr().out
    assert main(["assumptions", "list"]) == 0
    assert "r1" in capsys.readouterr().out
    assert main(["assumptions", "show", "r1", "--origin"]) == 0
    printed = capsys.readouterr().out
    assert "Origin of prepayment" in printed
    assert "average life from origination" in printed
    assert main(["assumptions", "diff", "r1", "draft-b"]) == 0
    assert "r1 -> draft" in capsys.readouterr().out


def test_an_approval_says_what_it_ends_and_where_it_ends_itself(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, older in (("r1", ""), ("r2", "--supersedes r1"), ("r3", "--supersedes r1")):
        assert called(capsys, f"publish draft-a --id {name} --proposed-by Ann {older}")[0] == 0
    assert called(capsys, "approve r1 --by Bob --valid-from 2026-01-01")[1]["ended"] == []
    code, said = called(capsys, "approve r2 --by Bob --valid-from 2026-07-01")
    assert (code, said["ended"], said["valid_to"]) == (0, ["r1"], None)
    assert main(["approve", "r3", "--by", "Bob", "--valid-from", "2026-04-01"]) == 0
    printed = capsys.readouterr().out
    assert "r1: valid until the day before 2026-04-01 only" in printed
    assert "It ends on 2026-06-30: a set that follows it is approved from the day after" in printed
    rows = called(capsys, "assumptions list --on 2026-05-01")[1]["sets"]
    assert [(row["state"], row["valid_from"], row["valid_to"]) for row in rows] == [
        ("superseded", "2026-01-01", "2026-03-31"),
        ("approved", "2026-07-01", ""),
        ("approved", "2026-04-01", "2026-06-30"),
    ]
    assert called(capsys, "publish draft-a --id vendor --proposed-by Ann")[0] == 0
    assert called(capsys, "approve vendor --by Bob --valid-from 2026-05-01")[1]["valid_too"] == ["r2", "r3"]
    code, said = called(capsys, "approve r2 --by Bob --valid-from 2026-08-01")
    assert (code, said["error"], "change nothing" in said["message"]) == (5, "NotApproved", True)


def test_an_import_into_a_broken_store_leaves_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "assumptions import incumbent.csv --id {} --as-of 2026-09-30 --proposed-by Ann"
    assert called(capsys, words.format("v1"))[0] == 0
    (here / "assumptions" / "log.head").unlink()
    code, said = called(capsys, words.format("v2"))
    assert (code, said["error"]) == (3, "DigestMismatch")
    assert not (here / "assumptions" / "v2").exists()
    assert called(capsys, "assumptions verify")[0] == 3


def test_a_life_beyond_the_data_is_said_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_set(example_set("slow", tables=(flat_decay(0.004),)), here / "slow")
    assert main(["assumptions", "show", "slow"]) == 0
    assert capsys.readouterr().out.count("lies beyond the data") == 1
    (words,) = called(capsys, "assumptions show slow")[1]["warnings"]
    assert "all (" in words
