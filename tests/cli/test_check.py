"""Bad input, as a person meets it: one clear message a fault, exit code 3, nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from behavior.cli import main
from tests.io import door_cases as cases

M1, M2, T1, S1 = cases.BOOK_ROWS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            cases.book().replace(",balance,", ",outstanding,"),
            "book.csv, column `balance`: required column of book/1 `book` is missing. Add it, or map it in the "
            "profile. Columns there: position_id, product, side, currency, outstanding, rate_type, rate, repayment, "
            "origination_date, maturity_date, payment_months",
            id="missing column",
        ),
        pytest.param(
            cases.book(M1.replace("0.0325", "3.25"), M2),
            "book.csv, line 2, column `rate`: found '3.25': expected decimal a year (3.25% is 0.0325), this looks like "
            "percent. Declare `percent` for this column in the profile, or divide by 100 (3.25% is 0.0325)",
            id="undeclared percent",
        ),
        pytest.param(
            cases.book(M1, M2, M1),
            "book.csv, line 4, column `position_id`: found 'M-1': duplicate key: an earlier row has the same one. "
            "Keep one row a key",
            id="duplicate key",
        ),
        pytest.param(
            cases.book(M1.replace("2049-03-31", "2009-03-31")),
            "book.csv, line 2, column `maturity_date`: found '2009-03-31': dates out of order: `maturity_date` must be "
            "after `origination_date`.",
            id="dates out of order",
        ),
        pytest.param(
            cases.book(M1, M2.replace("180000.00", "plenty")),
            "book.csv, line 3, column `balance`: found 'plenty': expected a number (currency units), not text. "
            "Leave unknown cells empty",
            id="balance in text",
        ),
        pytest.param(
            cases.book(M1.replace("250000.00", '"250,000.00"')),
            "book.csv, line 2, column `balance`: found '250,000.00': expected a plain number (currency units) without "
            "thousands separators. Write 1234.56, not 1,234.56, or say in a profile what a comma is: "
            "`text = { decimal = ',', thousands = '.' }`",
            id="thousands separators",
        ),
        pytest.param(
            cases.book(M1.replace("250000.00", "250,000.00"), M2),
            "book.csv, line 2: found 'M-1,mortgage,asset,USD,250,000.00,fixed,0.0325,annuity,2019-03-31,2049-03-31,1': "
            "expected 11 cells, found 12. Quote texts that hold the delimiter, or remove thousands separators",
            id="thousands separators without quotes",
        ),
        pytest.param(
            cases.book().replace(",", ";"),
            f"book.csv, line 1: found '{cases.BOOK_HEADER.replace(',', ';')}': expected commas between the columns, "
            "found semicolons. Export with commas and decimal points, or declare `text = { delimiter = ';' }` in a "
            "profile",
            id="semicolons",
        ),
        pytest.param(
            cases.book(M1, S1.replace("300000.00", "-300000.00")),
            "book.csv, line 3, column `balance`: found '-300000': expected 0 currency units or more.",
            id="negative balance",
        ),
        pytest.param(
            cases.book(M1.replace("asset", "assets")),
            "book.csv, line 2, column `side`: found 'assets': expected one of `asset`, `liability`, `receive`, `pay`. "
            "Map the extract's words with `values` in the profile",
            id="unknown word",
        ),
        pytest.param(
            "", "book.csv: expected a header line and rows, the file is empty. Is the export finished?", id="empty"
        ),
        pytest.param(
            cases.BOOK_HEADER + "\n",
            "book.csv: expected at least one row below the header. Is this the right extract?",
            id="header only",
        ),
        pytest.param(
            cases.book(T1.replace("2022-09-30", "30.09.2022")),
            "book.csv, line 2, column `maturity_date`: found '30.09.2022': expected an ISO date (2026-09-30). "
            "Give its `date_format` in the profile, or write it as 2026-09-30",
            id="date in another form",
        ),
        pytest.param(
            cases.book(T1.replace("2022-09-30", "")),
            "book.csv, line 2, column `maturity_date`: found '': required where `repayment` is `bullet`, `annuity`, "
            "`linear`, `interest_only`, `schedule`. Fill it in",
            id="bullet without maturity",
        ),
    ],
)
def test_a_bad_book_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    path = cases.put(tmp_path, "book.csv", text)
    assert main(["check", str(path), "--as", "book/1"]) == 3
    assert message in capsys.readouterr().out
    assert [one.name for one in tmp_path.iterdir()] == ["book.csv"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(
            (*cases.MONTHS_ROWS[:3], "L1,2020-05-31,0,0.03,4,open"),
            "months.csv, line 5, column `month`: found '2020-05-31': no month may follow the month of a loan's exit. "
            "Drop the rows after the exit, or set `drop_after_exit = true` in the profile",
            id="a month after the exit",
        ),
        pytest.param(
            ("L1,2020-02-29,100000,0.03,1,opened",),
            "months.csv, line 2, column `status`: found 'opened': expected one of `open`, `prepaid`, `matured`, "
            "`default`, `transferred`. Map the extract's words with `values` in the profile",
            id="unknown status",
        ),
        pytest.param(
            (cases.MONTHS_ROWS[1], cases.MONTHS_ROWS[0]),
            "months.csv, line 3, column `month`: found '2020-02-29': dates out of order: `month` must rise down the "
            "file within one `loan_id`. Sort the rows, or set `sort = true` for this table in the profile",
            id="months out of order",
        ),
        pytest.param(
            ("L1,2020-02-28,100000,0.03,1,open",),
            "months.csv, line 2, column `month`: found '2020-02-28': expected the last day of a month. "
            "Set `month_end = true` for this column in the profile",
            id="not a month end",
        ),
        pytest.param(
            ("L1,2020-02-29,100000,0.03,1,prepaid",),
            "months.csv, line 2, column `balance`: found '100000': expected balance 0 in the month of exit. "
            "Set the balance of the exit month to 0, or `balance_zero_at_exit = true` in the profile",
            id="balance at exit",
        ),
        pytest.param(
            ("L1,2020-02-29,100000,0.03,1.5,open",),
            "months.csv, line 2, column `age_months`: found '1.5': expected a whole number.",
            id="age in fractions",
        ),
    ],
)
def test_a_bad_history_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: tuple[str, ...], message: str
) -> None:
    path = cases.put(tmp_path, "months.csv", cases.lines(cases.MONTHS_HEADER, *rows))
    assert main(["check", str(path), "--as", "mortgage_history/1:loan_months"]) == 3
    assert message in capsys.readouterr().out


def test_a_curve_with_a_missing_tenor_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (cases.CURVE_ROWS[0], "2022-03-31,USD,discount,,0.016", cases.CURVE_ROWS[2])
    path = cases.put(tmp_path, "curves.csv", cases.lines(cases.CURVE_HEADER, *rows))
    assert main(["check", str(path), "--as", "curves/1"]) == 3
    assert "curves.csv, line 3, column `months`: found '': a value is required here." in capsys.readouterr().out


def test_good_tables_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text, contract in (
        ("book.csv", cases.book(), "book/1"),
        ("months.csv", cases.lines(cases.MONTHS_HEADER, *cases.MONTHS_ROWS), "mortgage_history/1:loan_months"),
        ("loans.csv", cases.lines(cases.LOANS_HEADER, *cases.LOANS_ROWS), "mortgage_history/1:loans"),
        ("curves.csv", cases.lines(cases.CURVE_HEADER, *cases.CURVE_ROWS), "curves/1"),
    ):
        assert main(["check", str(cases.put(tmp_path, name, text)), "--as", contract]) == 0
        assert "No faults found." in capsys.readouterr().out


def test_every_fault_is_listed_for_machines_and_in_the_rejects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [M1.replace("M-1", f"M-{i}").replace("0.0325", "3.25") for i in range(60)]
    path = cases.put(tmp_path, "book.csv", cases.book(*rows))
    rejects = tmp_path / "out" / "rejects.csv"
    assert main(["check", str(path), "--as", "book/1", "--json", "--rejects", str(rejects)]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [one["line"] for one in found["faults"]] == list(range(2, 62))
    listed = rejects.read_text(encoding="utf-8").splitlines()
    assert listed[0] == "file,line,column,value,rule,hint"
    assert len(listed) == 61
    assert listed[1].startswith("book.csv,2,rate,3.25,")


def test_people_see_some_examples_and_the_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [M1.replace("M-1", f"M-{i}").replace("0.0325", "3.25") for i in range(60)]
    path = cases.put(tmp_path, "book.csv", cases.book(*rows))
    assert main(["check", str(path), "--as", "book/1"]) == 3
    out = capsys.readouterr().out
    assert out.count("found '3.25'") == 5
    assert "book.csv, column `rate`: 55 more of 60" in out
    assert "60 faults found." in out


PROFILE = """name = "small"
[rates]
file = "rates.csv"
where = [{ column = "series", not = "TOTAL" }]
aggregate = { by = ["series"], date = "day", take = { quote = "last" } }
columns = { date = "day", index = "series", value = { from = "quote", unit = "percent" } }
"""


def test_what_a_profile_sets_aside_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases.put(tmp_path, "rates.csv", "day,series,quote\n2024-01-31,X,3\n2024-02-09,X,4\n2024-02-09,TOTAL,7\n")
    assert main(["check", str(cases.put(tmp_path, "small.toml", PROFILE))]) == 0
    out = capsys.readouterr().out
    assert "  rates: rates: 1 rows set aside by `where`" in out
    assert "  rates: rates: the last `day` is 2024-02-09: that month is there in part" in out


QUESTION = """name = "asked"
[history.loans]
contract = "mortgage_history/1"
tables.loans.file = "loans.csv"
tables.loan_months.file = "months.csv"
[benchmark.loans]
title = "Loans"
model = "model"
history = "loans"
protocol = { name = "later years", starts = [2020-01-31], window_months = 12 }
incumbent = { name = "150% PSA", psa = 1.5 }
"""
SPEC = (Path(__file__).resolve().parents[2] / "models/mortgage_prepayment_fannie/spec.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SPEC, "No faults found."),
        (None, "key `$.benchmark.loans.model`: found 'model': expected a model folder with a spec.toml"),
        (SPEC.replace("[split]", "[splits]"), "model/spec.toml, line "),
        (SPEC.replace('kind = "mortgage_prepayment"', 'kind = "x"'), "model/spec.toml, key `$.model.kind`: found 'x'"),
    ],
    ids=["good", "absent", "unknown section", "unknown kind"],
)
def test_the_model_that_a_question_is_asked_of_is_checked_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spec: str | None, message: str
) -> None:
    cases.put(tmp_path, "loans.csv", cases.lines(cases.LOANS_HEADER, *cases.LOANS_ROWS))
    cases.put(tmp_path, "months.csv", cases.lines(cases.MONTHS_HEADER, *cases.MONTHS_ROWS))
    if spec is not None:
        (tmp_path / "model").mkdir()
        cases.put(tmp_path / "model", "spec.toml", spec)
    code = main(["check", str(cases.put(tmp_path, "asked.toml", QUESTION))])
    out = capsys.readouterr().out
    assert message in out, out
    assert code == (0 if spec is SPEC else 3)


def test_usage_and_absent_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases.put(tmp_path, "book.csv", cases.book())
    assert main(["check", str(path)]) == 2
    assert "name its contract with --as" in capsys.readouterr().err
    assert main(["check", str(path), "--as", "boook/1"]) == 2
    assert "expected a contract, one of book/1, control_totals/1, curves/1" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "other.csv"), "--as", "book/1"]) == 3
    assert "other.csv: expected a file, there is none of that name. Files there: book.csv" in capsys.readouterr().err
