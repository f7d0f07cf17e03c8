"""``behavior value`` and ``behavior explain`` end to end on a small book in a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from behavior.cli import build_parser, main
from behavior.cli.value_inputs import read_options
from behavior.cli.valuing import CHOICES, FLAGS
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value_words import WORDS
from tests.workflows.test_value_engine import inputs

HEADER = (
    "position_id,product,side,currency,balance,rate_type,rate,repayment,origination_date,maturity_date,payment_months"
)
BOOK = f"""{HEADER}
L1,loan,asset,USD,1000000,fixed,0.05,annuity,2020-12-31,2030-12-31,1
L2,loan,asset,USD,400000,fixed,0.04,bullet,2022-12-31,2027-12-31,6
T1,term,liability,USD,900000,fixed,0.02,bullet,2025-06-30,2026-06-30,0
"""
CURVES = """as_of,currency,index,months,zero_rate
2025-12-31,USD,discount,1,0.03
2025-12-31,USD,discount,480,0.035
"""
SETTINGS = 'as_of = 2025-12-31\nreporting_currency = "USD"\ntier1 = 1e5\nbook_equity = 5e5\n'
PLAN = """product,currency,side,month,growth,term_months,payment_months,margin
term,USD,liability,2026-06-30,0.0,12,1,-0.01
"""
ASKED = ["--curves", "curves.csv", "--settings", "settings.toml", "--out", "out"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("book.csv", BOOK), ("curves.csv", CURVES), ("settings.toml", SETTINGS), ("plan.csv", PLAN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_option_swallows_the_book(folder: Path) -> None:
    assert main(["value", *ASKED, "--balance-sheet", "run_off", "book.csv"]) == 0
    assert set(pd.read_csv("out/nii_summary.csv")["balance_sheet"]) == {"run_off"}
    assert main(["value", *ASKED, "--balance-sheet", "run_off", "--balance-sheet", "constant", "book.csv"]) == 0
    assert set(pd.read_csv("out/nii_summary.csv")["balance_sheet"]) == {"run_off", "constant"}


def test_a_plan_brings_the_dynamic_balance_sheet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["value", "book.csv", *ASKED, "--plan", "plan.csv"]) == 0
    sheets = pd.read_csv("out/nii_summary.csv")["balance_sheet"].unique().tolist()
    assert sheets == ["run_off", "constant", "dynamic"]
    assert "dynamic" in capsys.readouterr().out
    facts = json.loads(Path("out/result.json").read_text(encoding="utf-8"))
    assert facts["inputs"]["plan"]["file"] == "plan.csv"
    assert facts["arguments"]["plan"] == "../plan.csv"
    (folder / "plan.csv").write_text(PLAN.replace("liability", "asset"), encoding="utf-8")
    assert main(["value", "book.csv", *ASKED, "--plan", "plan.csv"]) == 3
    assert "the book has this product on the other side" in capsys.readouterr().err


def options_of(*words: str) -> ValuationOptions:
    parsed = build_parser("value").parse_args(["value", "book.csv", *ASKED, *words])
    return read_options(parsed, inputs())


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_every_word_of_every_choice_reaches_the_valuation(name: str) -> None:
    assert getattr(options_of(), name) == WORDS[name][0] == getattr(ValuationOptions(), name)
    for word in WORDS[name]:
        assert getattr(options_of(f"--{name.replace('_', '-')}", word), name) == word


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--no-pending"], "pending", False),
        (["--migrated", "censored"], "migrated", "censored"),
        (["--floor", "-0.01"], "floor", -0.01),
        (["--floor", "none"], "floor", "none"),
        (["--aggregation", "eu"], "aggregation", "eu"),
        (["--cap-deposits"], "cap_deposits", True),
        (["--deposit-life-cap", "4.5"], "deposit_life_cap", 4.5),
        (["--balance-sheet", "constant,run_off"], "balance_sheets", ("constant", "run_off")),
        *[([f"--{name.replace('_', '-')}"], name, True) for name in FLAGS],
    ],
)
def test_every_other_option_reaches_the_valuation(words: list[str], field: str, value: Any) -> None:
    assert getattr(options_of(*words), field) == value
    assert getattr(ValuationOptions(), field) != value


@pytest.mark.parametrize("option", ["--floor", "--deposit-life-cap", "--buckets", "--key-tenors"])
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_numbers_are_finite(option: str, number: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["value", "book.csv", *ASKED, option, number])
    assert refused.value.code == 2
    assert f"argument {option}: found '{number}', expected" in capsys.readouterr().err


def test_the_help_shows_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["value", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name in CHOICES:
        assert f"(default {WORDS[name][0]})" in said


def test_a_cell_is_explained_from_the_folder_of_the_results(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["value", "book.csv", *ASKED]) == 0
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    capsys.readouterr()
    summary = pd.read_csv("../out/eve_summary.csv").set_index(["scenario", "currency"])
    assert main(["explain", "../out", "--scenario", "parallel_up", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reported"] == summary.loc[("parallel_up", "total"), "delta_eve"]
    assert told["tree"]["value"] == pytest.approx(told["reported"], rel=1e-12)
    asked = ["explain", "../out", "--scenario", "base", "--measure", "nii", "--currency", "USD", "--product", "term"]
    assert main([*asked, "--month", "5"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("nii, base, USD, term, constant, months 5 to 5: -1,500.000000")
    assert "└─ T1" in said
    assert main([*asked, "--position", "T9"]) == 3
    assert "the book has no such position_id" in capsys.readouterr().err
    (folder / "book.csv").write_text(BOOK.replace("1000000", "1000001"), encoding="utf-8")
    assert main(["explain", "../out", "--scenario", "base"]) == 3
    assert "book (book.csv) changed since the results were written" in capsys.readouterr().err


def test_rows_set_aside_stay_aside_when_told_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "book.csv").write_text(BOOK + BOOK.splitlines()[1].replace("L1", "L3").replace("0.05", "five"), "utf-8")
    assert main(["value", "book.csv", *ASKED, "--quarantine", "bad.csv"]) == 0
    (folder / "bad.csv").write_text("mine now", encoding="utf-8")
    assert main(["explain", "out", "--scenario", "parallel_up"]) == 0
    assert (folder / "bad.csv").read_text(encoding="utf-8") == "mine now"
    assert "delta_eve, parallel_up, total" in capsys.readouterr().out


def test_a_level_payment_runs_over_one_period_at_least(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = BOOK.splitlines()
    rows = [f"{line},{over}" for line, over in zip(lines, ("amortization_months", 6, 3, ""), strict=True)]
    rows[1] = rows[1].replace("2030-12-31,1,6", "2030-12-31,12,6")
    (folder / "book.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert main(["value", "book.csv", *ASKED]) == 3
    said = capsys.readouterr().err
    assert "line 2, column `amortization_months`: found '6': expected at least payment_months" in said
    assert "line 3" not in said  # a bullet has no level payment


@pytest.mark.parametrize("name", ["bad.csv", "bad.parquet"])
def test_a_row_set_aside_keeps_what_could_not_be_read(folder: Path, name: str) -> None:
    (folder / "book.csv").write_text(
        BOOK.replace("asset,USD,400000,fixed,0.04", "asset,USD,400000,fixed,four"), "utf-8"
    )
    assert main(["value", "book.csv", *ASKED, "--quarantine", name]) == 0
    aside = pd.read_csv(folder / name) if name.endswith("csv") else pd.read_parquet(folder / name)
    assert aside.loc[0, ["position_id", "rate", "balance"]].tolist() == ["L2", "four", 400000]
    assert "'four'" in aside.loc[0, "reasons"]


def test_a_cell_at_fault_is_named_once_and_as_it_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = BOOK.replace("asset,USD,400000,fixed,0.04", "asset,USD,400000,fixed,four").replace(
        "2026-06-30,0", "2025-11-30,0"
    )
    (folder / "book.csv").write_text(bad, encoding="utf-8")
    assert main(["value", "book.csv", *ASKED]) == 3
    said = capsys.readouterr().err
    assert "2 faults found" in said
    assert "line 3, column `rate`: found 'four'" in said
    assert "line 4, column `maturity_date`: found '2025-11-30': expected a date after the as-of date" in said


def test_margins_out_go_with_the_standardised_framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the framework puts in place of deposits is nobody's row: it asks for no transfer rate."""
    data = Path(__file__).resolve().parents[2] / "data"
    monkeypatch.chdir(tmp_path)
    given = {
        "--curves": data / "curves/nodes.csv",
        "--settings": data / "curves/settings.toml",
        "--rates": data / "curves/rates.csv",
        "--store": data / "assumptions",
        "--assumptions": "2026-09-30.r1",
        "--margins": "excluded",
        "--measures": "standardised",
        "--out": "out",
    }
    assert main(["value", str(data / "positions/book.csv"), *(str(one) for pair in given.items() for one in pair)]) == 0
    assert (tmp_path / "out" / "standardised_eve.csv").exists()


def test_own_scenarios_are_held_by_their_digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        'name = "house"\nsource = "test"\n[[scenarios]]\nname = "up"\n[scenarios.shifts]\nUSD = { parallel_bp = 50 }\n'
    )
    own = folder / "own.toml"
    own.write_text(text, encoding="utf-8")
    assert main(["value", "book.csv", *ASKED, "--scenarios", "own.toml"]) == 0
    kept = json.loads(Path("out/result.json").read_text(encoding="utf-8"))["inputs"]["scenarios"]
    assert kept == {"file": "own.toml", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert main(["explain", "out", "--scenario", "up"]) == 0
    own.write_text(text.replace("50", "75"), encoding="utf-8")
    capsys.readouterr()
    assert main(["explain", "out", "--scenario", "up"]) == 3
    assert "scenarios (own.toml) changed since the results were written" in capsys.readouterr().err


def test_the_folder_holds_the_last_result_alone(folder: Path) -> None:
    out = folder / "out"
    assert main(["value", "book.csv", *ASKED, "--measures", "durations", "--detail", "positions"]) == 0
    facts = json.loads((out / "result.json").read_text(encoding="utf-8"))
    first = {path.name for path in out.iterdir()}
    assert first == {"result.json", *facts["files"]}
    assert {"durations.csv", "key_rate_durations.csv", "cash_flows.parquet"} < first
    for name in ("notes.txt", "limit_use.csv"):
        (out / name).write_text("mine", encoding="utf-8")
    facts["files"] += ["../book.csv", "notes.txt"]
    (out / "result.json").write_text(json.dumps(facts), encoding="utf-8")
    assert main(["value", "book.csv", *ASKED]) == 0
    left = {path.name for path in out.iterdir()}
    now = json.loads((out / "result.json").read_text(encoding="utf-8"))["files"]
    assert left == {"result.json", *now, "notes.txt", "limit_use.csv"}
    assert not {"durations.csv", "key_rate_durations.csv", "cash_flows.parquet"} & left
    assert (folder / "book.csv").exists()


def test_the_treasury_report_needs_no_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["value", "book.csv", *ASKED, "--measures", "durations", "--report", "out/treasury.html"]) == 0
    text = (folder / "out" / "treasury.html").read_text(encoding="utf-8")
    assert "Economic value of equity" in text and "Net interest income" in text
    assert "treasury.html" in capsys.readouterr().out


FLOATERS = f"""{HEADER},index,spread,next_reset_date,reset_months
F1,loan,asset,USD,1000000,floating,0.05,annuity,2020-12-31,2030-12-31,1,discount,0.02,2026-03-31,3
F2,loan,asset,USD,500000,floating,0.05,annuity,2020-12-31,2028-12-31,3,discount,0.02,2026-06-30,6
"""


@pytest.mark.parametrize("book", [BOOK, FLOATERS, "\n".join(BOOK.splitlines()[:1] + BOOK.splitlines()[-1:]) + "\n"])
def test_every_measure_and_the_report_of_books_that_have_little(folder: Path, book: str) -> None:
    """No behaviour, one rate type, one repayment, one side: tables without rows keep their columns."""
    (folder / "book.csv").write_text(book, encoding="utf-8")
    assert main(["value", "book.csv", *ASKED, "--measures", "all", "--report", "treasury.html"]) == 0
    assert "Standardised framework" in (folder / "treasury.html").read_text(encoding="utf-8")
    for name in ("standardised_terms.csv", "standardised_slots.csv"):
        assert pd.read_csv(folder / "out" / name).columns[0] == "product"
    assert (pd.read_csv(folder / "out" / "standardised_eve.csv")["eve"] != 0).any()
