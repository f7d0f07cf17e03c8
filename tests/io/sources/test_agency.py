"""Agency loan files on small ones written in their layouts: every quirk once."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.contracts import check, check_between
from behavior.errors import FaultyInput
from behavior.io.mapping import map_table
from behavior.io.mapping_terms import TableMap
from behavior.io.sources import base
from behavior.io.sources.agency import FANNIE, FREDDIE_ORIGINATION, FREDDIE_SERVICING
from behavior.io.sources.registry import batches, read_whole
from behavior.panel.contracts import LOAN_MONTHS, LOANS, MORTGAGE_HISTORY


def _row(names: tuple[str, ...], count: int, **values: str) -> str:
    cells = [values.get(name, "") for name in names]
    return "|".join([*cells, *[""] * (count - len(cells))])


def _origination(loan: str, **values: str) -> str:
    known = {
        "credit_score": "751",
        "first_payment_date": "201903",
        "occupancy": "P",
        "dti": "35",
        "upb": "200000",
        "ltv": "80",
        "rate": "4.375",
        "channel": "R",
        "amortization_type": "FRM",
        "state": "CA",
        "property_type": "SF",
        "purpose": "N",
        "term": "360",
    }
    return _row(FREDDIE_ORIGINATION, 32, **{**known, "loan_sequence_number": loan, **values})


def _servicing(
    loan: str,
    month: str,
    age: int | str,
    upb: str,
    code: str = "",
    rate: str = "4.375",
    left: int = 300,
    modification: str = "",
) -> str:
    return _row(
        FREDDIE_SERVICING,
        32,
        loan_sequence_number=loan,
        reporting_period=month,
        current_upb=upb,
        delinquency="0",
        loan_age=str(age),
        remaining_months=str(left),
        modification=modification,
        zero_balance_code=code,
        current_rate=rate,
    )


FREDDIE = [
    _servicing("F1", "201902", 0, "200000"),
    _servicing("F1", "201903", 1, "200000"),
    _servicing("F1", "201904", 2, "199000"),
    _servicing("F1", "201905", 3, "0", "01"),
    _servicing("F1", "201906", 4, "0", "01"),
    _servicing("F2", "201903", 1, "150000"),
    _servicing("F2", "201904", 2, "0", "09"),
    _servicing("F3", "201903", 1, "90000"),
    _servicing("F3", "201904", 2, "0", "96"),
    _servicing("F4", "201903", 359, "900", left=1),
    _servicing("F4", "201904", 360, "0", "01", left=0),
    _servicing("F5", "201905", 3, "80000"),
    _servicing("F5", "201906", 4, "0", "01"),
]


def _write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_freddie_mac_origination(tmp_path: Path) -> None:
    rows = [
        _origination("F1"),
        _origination("F2", credit_score="9999", ltv="999", dti="999", occupancy="9", purpose="9"),
    ]
    raw = read_whole("freddie_mac_origination", _write(tmp_path / "orig.txt", rows))
    assert raw.faults == ()
    table = raw.table
    assert table["origination_date"].tolist() == [pd.Timestamp("2019-02-01")] * 2
    assert table["original_rate"].tolist() == [0.04375] * 2
    assert table["ltv"].tolist()[0] == 0.8
    assert table["purpose"].tolist()[0] == "refinance"
    assert table.loc[1, ["credit_score", "ltv", "dti", "occupancy", "purpose"]].isna().all()
    assert check(table, LOANS) == []


def test_freddie_mac_servicing(tmp_path: Path) -> None:
    raw = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", FREDDIE))
    assert raw.faults == ()
    table = raw.table
    assert check(table, LOAN_MONTHS) == []
    found = {loan: rows["status"].tolist() for loan, rows in table.groupby("loan_id")}
    assert found == {
        "F1": ["open", "open", "prepaid"],
        "F2": ["open", "default"],
        "F3": ["open", "transferred"],
        "F4": ["open", "matured"],
        "F5": ["open"],
    }
    assert raw.notes[:3] == (
        "svcg.txt: 2 rows of the release's last month dropped",
        "svcg.txt: 1 rows before age 1 dropped",
        "freddie_mac_servicing: balances of a loan's first six months are rounded to thousands, or 0 in older "
        "releases, which counts as missing: no curtailment can be read from them",
    )
    assert raw.place.lines is not None
    assert raw.place.lines.tolist() == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("masked", ["0", "0.00"])
def test_balances_masked_in_older_releases_are_missing(tmp_path: Path, masked: str) -> None:
    """Older releases of Freddie Mac write 0 for a loan's first six months: it is open, and its balance is not known."""
    rows = [
        _servicing("F1", "201903", 1, masked),
        _servicing("F1", "201904", 2, "199000.21"),
        _servicing("F1", "201905", 3, masked, "01"),
        _servicing("F2", "201906", 1, masked),
    ]
    table = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", rows)).table
    assert table["status"].tolist() == ["open", "open", "prepaid"]
    np.testing.assert_array_equal(table["balance"], [np.nan, 199000.21, 0.0])


@pytest.mark.parametrize("layout", ["freddie_mac_servicing", "freddie_mac_origination"])
def test_fields_put_at_the_end_by_a_later_release_change_nothing(tmp_path: Path, layout: str) -> None:
    lines = FREDDIE if layout == "freddie_mac_servicing" else [_origination("F1"), _origination("F2")]
    plain = read_whole(layout, _write(tmp_path / "plain.txt", lines))
    later = read_whole(layout, _write(tmp_path / "later.txt", [line + "|812|N" for line in lines]))
    assert later.faults == ()
    pd.testing.assert_frame_equal(later.table, plain.table)


def test_rows_after_an_exit_are_dropped_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*FREDDIE, _servicing("F2", "201905", 3, "0", "09"), _servicing("F9", "201907", 5, "1000")]
    path = _write(tmp_path / "svcg.txt", rows)
    whole = read_whole("freddie_mac_servicing", path)
    monkeypatch.setattr(base, "BATCH_BYTES", 400)
    parts = list(batches("freddie_mac_servicing", path))
    assert len(parts) >= 3
    joined = pd.concat([part.table for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole.table)
    assert np.concatenate([part.lines for part in parts]).tolist() == whole.place.lines.tolist()  # type: ignore[union-attr]
    assert "2 rows after the exit dropped" in " ".join(whole.notes)


MODIFIED = [
    _servicing("M1", "201902", 0, "200000"),
    _servicing("M2", "201903", "", "150000"),
    _servicing("M1", "201903", 1, "199000"),
    _servicing("M2", "201904", 41, "150000"),
    _servicing("M1", "201904", 2, "198000"),
    _servicing("M1", "201905", 0, "210000", modification="Y"),
    _servicing("M1", "201906", 1, "209000", modification="P"),
    _servicing("M2", "201906", 0, "160000", modification="Y"),
    _servicing("M1", "201907", 2, "208000", modification="P"),
    _servicing("M1", "201908", 3, "207000", modification="P"),
]


@pytest.mark.parametrize("batch_bytes", [1 << 24, 250])
def test_a_modification_does_not_make_a_loan_young(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    # The published age counts from the modification on; the loan is as old as before, and its months have no hole.
    monkeypatch.setattr(base, "BATCH_BYTES", batch_bytes)
    path = _write(tmp_path / "svcg.txt", MODIFIED)
    assert len(list(batches("freddie_mac_servicing", path))) >= (1 if batch_bytes > 250 else 3)
    raw = read_whole("freddie_mac_servicing", path)
    first, second = (raw.table[raw.table["loan_id"] == loan] for loan in ("M1", "M2"))
    assert first["month"].dt.strftime("%Y-%m").tolist() == ["2019-03", "2019-04", "2019-05", "2019-06", "2019-07"]
    assert first["age_months"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert first["modification"].fillna("").tolist() == ["", "", "Y", "P", "P"]
    # An age that is not published stays empty, in whatever batch it stands; the loan is counted from its first one.
    assert second["age_months"].fillna(-1).tolist() == [-1.0, 41.0, 43.0]
    assert any("age is counted by the calendar" in note for note in raw.notes)
    assert check(first.reset_index(drop=True), LOAN_MONTHS) == []


def _fannie(
    loan: str,
    month: str,
    upb: str,
    code: str = "",
    rate: str = "4.375",
    fields: int = 110,
    originated: str = "122016",
    term: str = "360",
    left: str = "",
) -> str:
    return _row(
        FANNIE,
        fields,
        loan_id=loan,
        reporting_period=month,
        channel="R",
        original_rate="4.375",
        current_rate=rate,
        original_upb="158000",
        current_upb=upb,
        original_term=term,
        origination_date=originated,
        remaining_months=left,
        ltv="80",
        dti="41",
        credit_score="",
        purpose="C",
        property_type="PU",
        occupancy="I",
        state="TX",
        amortization_type="FRM",
        delinquency="00",
        zero_balance_code=code,
        unscheduled_principal="60.00" if not code else "",
    )


@pytest.mark.parametrize("fields", [108, 110, 113])
def test_fannie_mae_combined_file(tmp_path: Path, fields: int) -> None:
    rows = [
        _fannie("A", "012017", "0.00", fields=fields),
        _fannie("A", "022017", "157500.12", fields=fields),
        _fannie("A", "032017", "0.00", "01", rate="", fields=fields),
        _fannie("B", "022017", "0.00", fields=fields),
        _fannie("B", "032017", "99000.00", fields=fields),
        _fannie("B", "042017", "98000.00", fields=fields),
    ]
    path = _write(tmp_path / "2017Q1.csv", rows)
    loans, months = read_whole("fannie_mae_2020_loans", path).table, read_whole("fannie_mae_2020_months", path)
    assert loans["loan_id"].tolist() == ["A", "B"]
    assert loans["dti"].tolist() == [0.41, 0.41]
    table = months.table
    assert table["age_months"].tolist() == [1.0, 2.0, 3.0, 2.0, 3.0]
    assert table["balance"].isna().tolist() == [True, False, False, True, False]
    assert table["status"].tolist() == ["open", "open", "prepaid", "open", "open"]
    assert table["rate"].tolist() == [0.04375] * 5
    assert table["curtailment"].tolist()[:2] == [60.0, 60.0]
    assert check(loans, LOANS) == [] and check(table, LOAN_MONTHS) == []
    assert check_between({"loans": loans, "loan_months": table}, MORTGAGE_HISTORY) == []


def test_a_modified_loan_leaves_at_its_last_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the original rate a modified loan's payoff alone would stand at a high incentive, and no month before it."""
    rows = [
        _fannie("M", "012018", "150000.00", rate="6.5"),
        _fannie("M", "032018", "0.00", "01", rate=""),
        _fannie("M", "022018", "160000.00", rate="2"),
        _fannie("N", "012018", "90000.00", rate=""),
        _fannie("N", "022018", "0.00", "01", rate=""),
        _fannie("O", "042018", "90000.00"),
    ]
    monkeypatch.setattr(base, "BATCH_BYTES", 500)
    table = read_whole("fannie_mae_2020_months", _write(tmp_path / "2018Q1.csv", rows)).table
    assert table["rate"].tolist() == [0.065, 0.02, 0.02, 0.04375, 0.04375]


@pytest.mark.parametrize(
    ("left", "status"),
    [
        (["118", "117", ""], "prepaid"),  # a modification moved the end
        (["2", "1", "0"], "matured"),
        (["118", "117", "0"], "prepaid"),  # what a row without a loan publishes says nothing
        (["", "", ""], "matured"),  # by the term of origination
    ],
)
def test_a_loan_matures_at_the_end_it_published_last(tmp_path: Path, left: list[str], status: str) -> None:
    cells = [
        ("012017", "150000.00", "", "4.375", left[0]),
        ("022017", "149000.00", "", "2.0", left[1]),
        ("032017", "0.00", "01", "", left[2]),
    ]
    rows = [
        _fannie("M", month, upb, code, rate=rate, originated="122001", term="180", left=months)
        for month, upb, code, rate, months in cells
    ]
    rows.append(_fannie("O", "042017", "90000.00"))
    table = read_whole("fannie_mae_2020_months", _write(tmp_path / "2001Q4.csv", rows)).table
    assert table["status"].tolist() == ["open", "open", status]


def test_archives_are_read_in_place(tmp_path: Path) -> None:
    text = "\n".join(FREDDIE) + "\n"
    with gzip.open(tmp_path / "svcg.txt.gz", "wt") as file:
        file.write(text)
    with zipfile.ZipFile(tmp_path / "svcg.zip", "w") as archive:
        archive.writestr("historical_data_time_2019Q1.txt", text)
    plain = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", FREDDIE)).table
    for name in ("svcg.txt.gz", "svcg.zip"):
        pd.testing.assert_frame_equal(read_whole("freddie_mac_servicing", tmp_path / name).table, plain)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "perf.txt", ["a|b|c"])
    with pytest.raises(FaultyInput, match=r"perf\.txt, line 1: expected 108 or more fields separated by '\|', found 3"):
        read_whole("fannie_mae_2020_months", path)
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    with pytest.raises(FaultyInput, match="the file is empty"):
        read_whole("freddie_mac_origination", tmp_path / "empty.txt")


def test_bad_cells_and_cut_lines_are_named(tmp_path: Path) -> None:
    rows = [_servicing("F1", "201903", 1, "many"), _servicing("F1", "2019-04", 2, "1"), "F1|2019", FREDDIE[1]]
    faults = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", rows)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [
        (3, None, "F1|2019"),
        (1, "current_upb", "many"),
        (2, "reporting_period", "2019-04"),
    ]


@pytest.mark.parametrize("batch_bytes", [60, 200, 1 << 24])
def test_broken_and_blank_lines_keep_the_numbers_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    monkeypatch.setattr(base, "BATCH_BYTES", batch_bytes)
    broken, blank = {5, 6, 40, 41, 77, 120, 121, 122, 199, 200}, 150
    lines = [f"{i}|x|y" if i in broken else "" if i == blank else f"{i}|x{i}" for i in range(1, 201)]
    path = _write(tmp_path / "rows.txt", lines)
    read = list(base.text_batches(path, ("line", "word"), "|"))
    assert sorted(fault.line or 0 for _, _, faults in read for fault in faults) == sorted(broken)
    found = [(int(cell), int(line)) for table, at, _ in read for cell, line in zip(table["line"], at, strict=True)]
    assert found == [(line, line) for line in range(1, 201) if line not in broken and line != blank]


@pytest.mark.parametrize("batch_bytes", [250, 1 << 24])
def test_rows_in_any_order_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int) -> None:
    monkeypatch.setattr(base, "BATCH_BYTES", batch_bytes)
    rows = [*FREDDIE, *MODIFIED]
    sorted_rows = read_whole("freddie_mac_servicing", _write(tmp_path / "a.txt", rows))
    turned = read_whole("freddie_mac_servicing", _write(tmp_path / "b.txt", rows[::-1]))
    by = ["loan_id", "month"]
    one, two = (raw.table.sort_values(by, ignore_index=True) for raw in (sorted_rows, turned))
    pd.testing.assert_frame_equal(one, two)
    assert {note.partition(": ")[2] for note in sorted_rows.notes} == {note.partition(": ")[2] for note in turned.notes}


@pytest.mark.parametrize("code", ["1", "1.0", "9", "99", "X"])
def test_a_code_that_nobody_publishes_is_not_guessed_at(tmp_path: Path, code: str) -> None:
    rows = [_servicing("F1", "201903", 1, "0", code), FREDDIE[-1]]
    faults = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", rows)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [(1, "zero_balance_code", code)]
    assert "one of 01, 02, 03" in faults[0].rule
    rows = [_fannie("A", "022017", "0.00", code), _fannie("B", "042017", "1.00")]
    faults = read_whole("fannie_mae_2020_months", _write(tmp_path / "q.csv", rows)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [(1, "zero_balance_code", code)]


def test_a_header_is_one_fault(tmp_path: Path) -> None:
    for layout, names, count, row in (
        ("freddie_mac_servicing", FREDDIE_SERVICING, 32, FREDDIE[0]),
        ("freddie_mac_origination", FREDDIE_ORIGINATION, 32, _origination("F1")),
        ("fannie_mae_2020_loans", FANNIE, 108, _fannie("A", "012017", "0.00", fields=108)),
        ("fannie_mae_2020_months", FANNIE, 108, _fannie("A", "012017", "0.00", fields=108)),
    ):
        header = "|".join([*names, *(f"further_{i}" for i in range(count - len(names)))])
        path = _write(tmp_path / "file.txt", [header, row])
        with pytest.raises(FaultyInput, match=r"file\.txt, line 1.*without a header.*Remove the header line") as found:
            read_whole(layout, path)
        assert len(found.value.faults) == 1


def test_bytes_that_are_no_text_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "svcg.txt"
    path.write_bytes("\n".join([*FREDDIE, _servicing("Fé", "201903", 1, "1")]).encode("latin-1"))
    with pytest.raises(FaultyInput, match=r"svcg\.txt, line 14: .*expected text in utf-8"):
        read_whole("freddie_mac_servicing", path)


def test_archives_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(FREDDIE).encode())
    for name, content in (("a.txt.gz", whole[:40]), ("b.txt.gz", b"text|text"), ("c.ZIP", b"PK and no more")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FaultyInput, match="expected a whole archive"):
            read_whole("freddie_mac_servicing", tmp_path / name)


def test_marks_of_byte_order_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = read_whole("freddie_mac_servicing", _write(tmp_path / "svcg.txt", FREDDIE)).table
    (tmp_path / "w.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*FREDDIE, ""]).encode())
    pd.testing.assert_frame_equal(read_whole("freddie_mac_servicing", tmp_path / "w.txt").table, plain)


def test_a_release_of_one_month_says_why_nothing_is_left(tmp_path: Path) -> None:
    _write(tmp_path / "svcg.txt", [_servicing("F1", "201903", 1, "1000")])
    source = TableMap.model_validate({"file": "svcg.txt", "layout": "freddie_mac_servicing"})
    mapped = map_table(source, LOAN_MONTHS, tmp_path, "loan_months")
    assert [fault.rule for fault in mapped.faults] == [
        "expected at least one row that counts (svcg.txt: 1 rows of the release's last month dropped)"
    ]


def test_spaces_of_older_releases_are_no_codes(tmp_path: Path) -> None:
    rows = [_servicing("M1", f"2019{month:02}", month - 1, "210000", modification=" ") for month in (2, 3, 4)]
    path = tmp_path / "time.txt"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert read_whole("freddie_mac_servicing", path).table["modification"].isna().all()
