"""Profiles: all faults with their paths, absent files with their layout, histories tied out to the ledger."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.cli import main
from behavior.errors import ContractFault, SpecFault
from behavior.io.inputs import examine_profile, examine_table, rate_history, read_history
from behavior.io.profiles import Profile, load_profile, missing_files, read_settings
from behavior.io.settings import parse_settings, read_settings_file
from behavior.market.curves import CurveSet
from tests.io import door_cases as cases

PROFILE = """
name = "test"
[history.mortgage]
contract = "mortgage_history/1"
tables.loans.file = "bank/loans.csv"
tables.loan_months.file = "bank/months.csv"
control_totals.file = "bank/ledger.csv"
[rates]
file = "bank/rates.csv"
[curves]
file = "bank/curves.csv"
[book]
file = "bank/book.csv"
[settings]
as_of = 2022-03-31
reporting_currency = "USD"
tier1 = 100.0
book_equity = 120.0
index_roles = { short = "FEDFUNDS" }
[models.prepayment]
folder = "../models/prepayment"
history = "mortgage"
[store]
folder = "store"
[approvals]
proposed_by = "Model developer"
approved_by = "Model risk"
"""
LEDGER = """table,month,product,balance,rows,tolerance
loan_months,2020-02-29,,150000,2,0.01
loan_months,2020-03-31,,99900,1,1
"""


def _bank(folder: Path, profile: str = PROFILE, ledger: str = LEDGER) -> Profile:
    cases.put(folder / "bank", "loans.csv", cases.lines(cases.LOANS_HEADER, *cases.LOANS_ROWS))
    cases.put(folder / "bank", "months.csv", cases.lines(cases.MONTHS_HEADER, *cases.MONTHS_ROWS))
    cases.put(folder / "bank", "ledger.csv", ledger)
    cases.put(folder / "bank", "rates.csv", "date,index,value\n2022-02-28,FEDFUNDS,0.0008\n2022-03-31,FEDFUNDS,0.002\n")
    cases.put(folder / "bank", "curves.csv", cases.lines(cases.CURVE_HEADER, *cases.CURVE_ROWS))
    cases.put(folder / "bank", "book.csv", cases.book())
    return load_profile(cases.put(folder, "profile.toml", profile))


def test_a_role_whose_index_nothing_quotes_is_a_fault(tmp_path: Path) -> None:
    profile = PROFILE.replace('short = "FEDFUNDS"', 'short = "FEDFNDS", discounting = "discount"')
    _, faults = examine_profile(_bank(tmp_path, profile))
    assert [(fault.where, fault.column, fault.value) for fault in faults] == [
        ("profile.toml", "$.settings.index_roles.short", "FEDFNDS")
    ]
    assert "the rates or the curves, which have FEDFUNDS, discount" in faults[0].rule


def test_the_past_of_a_market_rate_that_a_history_is_learned_with_is_no_curves(tmp_path: Path) -> None:
    profile = PROFILE.replace('short = "FEDFUNDS"', 'mortgage = "discount"')
    _, faults = examine_profile(_bank(tmp_path, profile))
    assert [(fault.column, fault.value) for fault in faults] == [("$.settings.index_roles.mortgage", "discount")]
    assert "expected an index of the rates, which have FEDFUNDS" in faults[0].rule


def test_a_profile_reads_everything_it_names(tmp_path: Path) -> None:
    profile = _bank(tmp_path)
    assert missing_files(profile) == []
    history = read_history(profile, "mortgage")
    assert sorted(history.tables) == ["loan_months", "loans"]
    assert [(one.name, one.rows) for one in history.sources] == [("loans.csv", 2), ("months.csv", 5), ("ledger.csv", 2)]
    assert history.notes == ("loan_months: balance masked or missing in 1 of 5 rows",)
    assert examine_table(profile, "book").values()["balance"].sum() == 820_000.0
    curves = CurveSet.from_table(examine_table(profile, "curves").values(), read_settings(profile).as_of)
    assert curves.discounting("USD").zero_rate([1.0])[0] == pytest.approx(0.016, abs=1e-4)
    assert rate_history(profile).at("short", ["2022-03-31"]).tolist() == [0.002]
    assert read_settings(profile).tier1 == 100.0
    assert profile.folder_of("store") == (tmp_path / "store").resolve()
    assert profile.model_folder("prepayment") == (tmp_path.parent / "models" / "prepayment").resolve()
    rows, faults = examine_profile(profile)
    assert faults == []
    assert [row["input"] for row in rows] == ["history.mortgage", "rates", "curves", "book", "settings"]


def test_the_history_is_tied_out_to_the_ledger(tmp_path: Path) -> None:
    totals = read_history(_bank(tmp_path), "mortgage").control_totals
    assert totals is not None
    assert totals["held_balance"].tolist() == [150_000.0, 99_800.0]
    assert totals["difference"].tolist() == [0.0, -100.0]
    assert totals["reconciled"].tolist() == [True, False]
    fewer = read_history(_bank(tmp_path, ledger=LEDGER.replace("150000,2", "150000,3")), "mortgage").control_totals
    assert fewer is not None and fewer["reconciled"].tolist() == [False, False]


def test_all_faults_of_a_profile_with_their_paths(tmp_path: Path) -> None:
    text = PROFILE.replace('folder = "store"', 'folder = "store"\ncolour = "red"').replace(
        "tier1 = 100.0", "tier1 = -1.0"
    )
    text = text.replace('approved_by = "Model risk"', 'approved_by = "developer, MODEL"')
    with pytest.raises(SpecFault) as caught:
        _bank(tmp_path, text)
    found = {fault.column: fault.rule for fault in caught.value.faults}
    assert found["$.store.colour"] == "there is no such key; there are folder"
    assert "expected an approver other than the proposer" in found["$.approvals"]
    assert [fault.line for fault in caught.value.faults] == [25, 26, 17]
    assert found["$.settings.tier1"] == "expected more than 0"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1" + "0" * 400])
@pytest.mark.parametrize(
    "key", ["tier1", "book_equity", "limits.delta_eve_tier1", "new_business_margins.mortgage", "roles.short"]
)
def test_a_number_that_is_not_finite_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    text = f"as_of = 2026-09-30\nreporting_currency = 'USD'\n{key} = {value}\n"
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecFault) as caught:
        read_settings_file(tmp_path / "settings.toml")
    (fault,) = caught.value.faults
    assert (fault.where, fault.column, fault.rule) == ("settings.toml", f"$.{key}", "expected a finite number")
    assert fault.value is not None
    assert value.startswith(fault.value)


@pytest.mark.parametrize("share", [0.0, -0.15])
def test_a_limit_that_would_not_bind_is_refused(share: float) -> None:
    raw = {"as_of": dt.date(2026, 9, 30), "reporting_currency": "USD", "tier1": 1.0, "book_equity": 1.0}
    with pytest.raises(SpecFault, match=r"limits.delta_eve_tier1.*more than 0"):
        parse_settings({**raw, "limits": {"delta_eve_tier1": share}}, "settings.toml")


def test_limits_in_percent_would_never_bind_and_are_refused() -> None:
    raw = {"as_of": dt.date(2026, 9, 30), "reporting_currency": "USD", "tier1": 1.0, "book_equity": 1.0}
    limits = {"delta_eve_tier1": 15.0, "delta_nii_24_base": 5.0, "delta_nii_tier1": 1.0, "loss": 1e6}
    with pytest.raises(SpecFault, match=r"delta_eve_tier1 = 15, delta_nii_24_base = 5 looks like percent"):
        parse_settings({**raw, "limits": limits}, "settings.toml")
    fine = {"delta_nii_tier1": 1.0, "loss": 1e6}
    assert parse_settings({**raw, "limits": fine}, "settings.toml").limits == fine


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "tables.loans.file",
            "tables.lones.file",
            "expected the tables loans, loan_months of mortgage_history/1; not known: lones",
        ),
        (
            'history = "mortgage"',
            'history = "mortgages"',
            r"line \d+, key `\$.models.prepayment.history`: found 'mortgages': expected the name of a history, mo",
        ),
        ("mortgage_history/1", "mortgage_history/9", "expected a contract, one of book/1"),
        ('name = "test"', "name = test", "expected TOML in UTF-8"),
        ("tier1 = 100.0", "tier1 = nan", r"`\$.settings.tier1`: found 'nan': expected a finite number"),
    ],
)
def test_a_wrong_profile_says_what_was_expected(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(SpecFault, match=words):
        _bank(tmp_path, PROFILE.replace(old, new))


def test_absent_files_are_listed_with_the_layout_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases.put(tmp_path, "profile.toml", PROFILE)
    faults = missing_files(load_profile(path))
    assert [one.column for one in faults] == [
        "$.history.mortgage.tables.loans",
        "$.history.mortgage.tables.loan_months",
        "$.history.mortgage.control_totals",
        "$.rates",
        "$.curves",
        "$.book",
    ]
    assert faults[0].value == str((tmp_path / "bank" / "loans.csv").resolve())
    assert faults[0].rule == (
        "expected a CSV file in the layout of mortgage_history/1 `loans`: "
        "loan_id, origination_date, original_balance, original_term_months, original_rate"
    )
    assert main(["check", str(path)]) == 3
    assert "expected a CSV file in the layout of curves/1 `curves`: as_of, currency, index" in capsys.readouterr().out


def test_a_profile_is_checked_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _bank(tmp_path)
    cases.put(tmp_path / "bank", "months.csv", cases.lines(cases.MONTHS_HEADER, "L9,2020-02-29,1,0.03,1,open"))
    cases.put(tmp_path / "bank", "book.csv", cases.book(cases.BOOK_ROWS[0].replace("250000.00", "-1")))
    assert main(["check", str(tmp_path / "profile.toml")]) == 3
    out = capsys.readouterr().out
    assert "months.csv, line 2, column `loan_id`: found 'L9': expected a `loan_id` of the table `loans`" in out
    assert "book.csv, line 2, column `balance`: found '-1': expected 0 currency units or more" in out


def test_a_faulty_history_is_refused(tmp_path: Path) -> None:
    profile = _bank(tmp_path)
    cases.put(tmp_path / "bank", "months.csv", cases.lines(cases.MONTHS_HEADER, "L1,2020-02-29,1,3.5,1,open"))
    with pytest.raises(ContractFault, match=r"months\.csv, line 2, column `rate`: found '3\.5'"):
        read_history(profile, "mortgage")


def test_months_by_month_become_months_by_loan(tmp_path: Path) -> None:
    profile = _bank(tmp_path)
    first, second, third, fourth, fifth = cases.MONTHS_ROWS
    cases.put(tmp_path / "bank", "months.csv", cases.lines(cases.MONTHS_HEADER, first, fourth, second, fifth, third))
    months = read_history(profile, "mortgage").tables["loan_months"]
    assert months["loan_id"].tolist() == ["L1", "L1", "L1", "L2", "L2"]
    assert np.all(np.diff(months.groupby("loan_id").ngroup()) >= 0)


@pytest.mark.parametrize("section", ["store", "tracking", "output", "approvals"])
def test_a_section_that_is_needed_and_absent_is_named(tmp_path: Path, section: str) -> None:
    profile = load_profile(cases.put(tmp_path, "profile.toml", 'name = "bare"\n'))
    with pytest.raises(SpecFault, match=rf"expected a section \[{section}\]"):
        profile.require(section)


def test_the_page_on_profiles_names_every_section_step_and_layout() -> None:
    from behavior.io.column_terms import UNITS, ColumnMap
    from behavior.io.mapping_terms import TableMap
    from behavior.io.profiles import ProfileTerms
    from behavior.io.sources.registry import LAYOUTS

    page = (Path(__file__).resolve().parents[2] / "pipelines" / "profiles" / "README.md").read_text(encoding="utf-8")
    sections = [name for name in ProfileTerms.model_fields if name not in ("name", "about")]
    assert [name for name in sections if f"[{name}" not in page] == []
    columns = [field.alias or name for name, field in ColumnMap.model_fields.items() if name != "kind"]
    steps = [name for name in TableMap.model_fields if name != "note"]
    assert [name for name in (*columns, *steps, *UNITS, *LAYOUTS) if f"`{name}" not in page] == []


def test_every_step_stands_on_the_page_as_it_is_written() -> None:
    from behavior.io import column_terms as column
    from behavior.io import mapping_terms as terms

    page = (Path(__file__).resolve().parents[2] / "pipelines" / "profiles" / "README.md").read_text(encoding="utf-8")
    steps, columns = (_examples(page, heading) for heading in ("### Steps", "### Columns"))
    for example in steps:
        source = {"file": "extract.csv"} if not {"file", "rows", "parts"} & set(example) else {}
        terms.TableMap.model_validate({**source, **example})
    for example in columns:
        terms.TableMap.model_validate({"file": "extract.csv", "columns": example})
    written = set().union(*(_keys(one) for one in (*steps, *columns)))
    classes = (column.Condition, column.Case, column.Join, column.MonthsAfter, column.ColumnMap)
    for one in (*classes, terms.Melt, terms.Cumulate, terms.Aggregate, terms.Text, terms.TableMap):
        assert [name for name, field in one.model_fields.items() if (field.alias or name) not in written] == []


def _examples(page: str, heading: str) -> list[dict[str, Any]]:
    """The first cell of each line of a table under a heading, as TOML."""
    section = page.split(heading + "\n")[1].split("\n#")[0]
    cells = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert len(cells) > 5
    return [tomllib.loads(cell) for cell in cells]


def _keys(example: Any) -> set[str]:
    if isinstance(example, dict):
        return set(example).union(*(_keys(one) for one in example.values()))
    return set().union(*(_keys(one) for one in example)) if isinstance(example, list) else set()
