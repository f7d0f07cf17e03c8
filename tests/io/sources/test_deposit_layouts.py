"""PKDD'99 tables and US call reports on small files written in their layouts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from behavior.contracts import check, check_between
from behavior.errors import FaultyInput
from behavior.io.sources.registry import read_whole
from behavior.panel.contracts import ACCOUNT_MONTHS, ACCOUNTS, DEPOSIT_HISTORY, PRODUCT_RATES

ACCOUNT = """"account_id";"district_id";"frequency";"date"
576;55;"POPLATEK MESICNE";930101
3818;74;"POPLATEK TYDNE";930215
"""
DISP = """"disp_id";"client_id";"account_id";"type"
692;692;576;"OWNER"
693;700;576;"DISPONENT"
4601;4602;3818;"OWNER"
"""
TRANS = """"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"
1;576;930101;"PRIJEM";"VKLAD";900.00;900.00;"";"";""
2;576;930111;"PRIJEM";"PREVOD Z UCTU";6207.00;7107.00;"DUCHOD";"YZ";30300313
3;576;930131;"PRIJEM";"";20.10;7127.10;"UROK";"";""
4;576;930130;"VYDAJ";"VYBER";30.00;7077.00;"";"";""
5;3818;930215;"PRIJEM";"VKLAD";100.00;100.00;"";"";""
6;576;930405;"VYBER";"VYBER";8000.00;-872.90;"";"";""
"""


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_pkdd_accounts_and_their_owners(tmp_path: Path) -> None:
    _write(tmp_path / "disp.asc", DISP)
    table = read_whole("pkdd99_account", _write(tmp_path / "account.asc", ACCOUNT)).table
    assert table["open_date"].tolist() == [pd.Timestamp("1993-01-01"), pd.Timestamp("1993-02-15")]
    assert table["customer_id"].tolist() == ["692", "4602"]
    assert check(table, ACCOUNTS) == []


def test_pkdd_transactions_become_months(tmp_path: Path) -> None:
    raw = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", TRANS))
    assert raw.faults == ()
    table = raw.table
    first = table[table["account_id"] == "576"].reset_index(drop=True)
    assert first["month"].dt.strftime("%Y-%m").tolist() == ["1993-01", "1993-02", "1993-03", "1993-04"]
    # The line of the 31st stands before that of the 30th; the day decides which balance is the month's.
    assert first["balance"].tolist() == [7127.10, 7127.10, 7127.10, -872.90]
    assert first["interest_credited"].tolist() == [20.10, 0.0, 0.0, 0.0]
    assert first["credits"].tolist() == [7107.0, 0.0, 0.0, 0.0]
    assert first["debits"].tolist() == [30.0, 0.0, 0.0, 8000.0]
    second = table[table["account_id"] == "3818"]
    assert second["balance"].tolist() == [100.0, 100.0, 100.0]
    assert check(table, ACCOUNT_MONTHS) == []
    accounts = read_whole("pkdd99_account", _write(tmp_path / "account.asc", ACCOUNT)).table
    assert check_between({"accounts": accounts, "account_months": table}, DEPOSIT_HISTORY) == []


def test_a_cut_transaction_file_names_its_last_line(tmp_path: Path) -> None:
    raw = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", TRANS + "7;576;9304"))
    assert [(one.line, one.rule) for one in raw.faults] == [(8, "expected 10 fields, found 3")]


def _schedules(folder: Path, quarter: str, interest: dict[str, float], average: dict[str, float]) -> None:
    for schedule, items in (("RI", interest), ("RCK", average)):
        names, values = "\t".join(items), "\t".join(f"{value:g}" for value in items.values())
        words = "\t".join("description" for _ in items)
        text = f'"IDRSSD"\t{names}\n\t{words}\n37\t{values}\n'
        _write(folder / f"FFIEC CDR Call Schedule {schedule} {quarter}.txt", text)


def test_call_reports_give_quarterly_rates(tmp_path: Path) -> None:
    year_to_date = {"03312022": 10, "06302022": 30, "12312022": 100, "03312023": 50}
    for quarter, paid in year_to_date.items():
        _schedules(tmp_path, quarter, {"RIAD0093": paid, "RIADHK03": 5}, {"RCONB563": 4000, "RCONHK16": 1000})
    raw = read_whole("ffiec_schedules", tmp_path)
    savings = raw.table[raw.table["product"] == "savings"]
    assert savings["month"].dt.strftime("%Y-%m-%d").tolist() == ["2022-03-31", "2022-06-30", "2023-03-31"]
    assert savings["rate_paid"].tolist() == pytest.approx([0.01, 0.02, 0.05], abs=1e-15)
    assert set(savings["balance"]) == {4_000_000.0}
    assert "rows without the quarter before or without balance dropped" in raw.notes[0]
    assert check(raw.table, PRODUCT_RATES) == []


def test_a_merger_cuts_the_series(tmp_path: Path) -> None:
    for quarter, paid, held in (
        ("03312022", 10, 4000),
        ("06302022", 20, 4100),
        ("09302022", 60, 9000),
        ("12312022", 100, 9100),
    ):
        _schedules(tmp_path, quarter, {"RIAD0093": paid}, {"RCONB563": held})
    table = read_whole("ffiec_schedules", tmp_path).table
    assert table["institution"].tolist() == ["37", "37", "37/2", "37/2"]
    assert check(table, PRODUCT_RATES) == []


def test_schedules_belong_together(tmp_path: Path) -> None:
    _write(tmp_path / "FFIEC CDR Call Schedule RI 03312022.txt", '"IDRSSD"\tRIAD0093\n\tx\n37\t1\n')
    with pytest.raises(FaultyInput, match="expected this file beside schedule RI"):
        read_whole("ffiec_schedules", tmp_path)
    with pytest.raises(FaultyInput, match="expected files named"):
        read_whole("ffiec_schedules", tmp_path.parent)


def test_fdic_financials(tmp_path: Path) -> None:
    text = "CERT,REPDTE,EDEPDOM,DEPIDOM\n628,20220331,100,40000\n628,20220630,300,42000\n628,20220930,600,44000\n"
    table = read_whole("fdic_financials", _write(tmp_path / "fdic.csv", text)).table
    assert table["rate_paid"].tolist() == pytest.approx([200 / 41_000 * 4, 300 / 43_000 * 4])
    assert check(table, PRODUCT_RATES) == []
    with pytest.raises(FaultyInput, match="column `EDEPDOM`: expected this column"):
        read_whole("fdic_financials", _write(tmp_path / "other.csv", "CERT,REPDTE,DEPIDOM\n1,20220331,1\n"))
