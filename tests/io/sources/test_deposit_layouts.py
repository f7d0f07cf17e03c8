"""PKDD'99 tables and US call reports on small files written in their layouts."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from behavior.contracts import check, check_between
from behavior.errors import FaultyInput
from behavior.io.inputs import read_history
from behavior.io.profiles import load_profile, missing_files
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


def test_a_day_ends_with_the_balance_that_the_days_around_it_say(tmp_path: Path) -> None:
    """The published file does not keep a day's order: here interest comes first and stands last, as it often does."""
    text = """"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"
701;2;930726;"VYDAJ";"VYBER";10300.00;38880.50;"";"";""
632;2;930731;"VYDAJ";"VYBER";14.60;39068.90;"SLUZBY";"";""
3530487;2;930731;"PRIJEM";"";203.00;39083.50;"UROK";"";""
428;2;930805;"VYDAJ";"PREVOD NA UCET";7266.00;31802.90;"SIPO";"QR";13943797
11;9;930730;"PRIJEM";"VKLAD";500.00;1500.00;"";"";""
10;9;930730;"PRIJEM";"VKLAD";1000.00;1000.00;"";"";""
12;9;930801;"VYDAJ";"VYBER";200.00;1300.00;"";"";""
13;9;930831;"VYDAJ";"VYBER";14.60;1285.40;"SLUZBY";"";""
"""
    table = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", text)).table
    held = table.set_index(["account_id", "month"])["balance"].round(2)
    assert held.loc["2"].tolist() == [39068.90, 31802.90]
    assert held.loc["9"].tolist() == [1500.00, 1285.40]
    moved = (table["credits"] + table["interest_credited"] - table["debits"]).set_axis(held.index)
    assert (held - held.groupby("account_id").shift() - moved).dropna().abs().max() < 0.15


def test_a_cut_transaction_file_names_its_last_line(tmp_path: Path) -> None:
    raw = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", TRANS + "7;576;9304"))
    assert [(one.line, one.rule) for one in raw.faults] == [(8, "expected 10 fields, found 3")]


def _schedules(folder: Path, quarter: str, interest: dict[str, float], average: dict[str, float]) -> None:
    for schedule, items in (("RI", interest), ("RCK", average)):
        names, values = "\t".join(items), "\t".join(f"{value:.10g}" for value in items.values())
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


def _quarters(folder: Path, figures: dict[str, tuple[dict[str, float], dict[str, float]]]) -> Path:
    for quarter, (interest, average) in figures.items():
        _schedules(folder, quarter, interest, average)
    return folder


def test_a_merger_cuts_every_series_of_the_bank(tmp_path: Path) -> None:
    # The year to date starts again with the merger: the difference of the third quarter would be a rate of -0.67%.
    folder = _quarters(
        tmp_path,
        {
            "03312022": ({"RIAD0093": 10, "RIADHK03": 5}, {"RCONB563": 4000, "RCONHK16": 1000}),
            "06302022": ({"RIAD0093": 20, "RIADHK03": 10}, {"RCONB563": 4100, "RCONHK16": 1000}),
            "09302022": ({"RIAD0093": 5, "RIADHK03": 12}, {"RCONB563": 9000, "RCONHK16": 1100}),
            "12312022": ({"RIAD0093": 50, "RIADHK03": 18}, {"RCONB563": 9100, "RCONHK16": 1100}),
        },
    )
    raw = read_whole("ffiec_schedules", folder)
    for product, last in (("savings", 45 / 9100 * 4), ("time_deposits_small", 6 / 1100 * 4)):
        one = raw.table[raw.table["product"] == product]
        assert one["institution"].tolist() == ["37", "37", "37/2"]
        assert one["month"].dt.month.tolist() == [3, 6, 12]
        assert one["rate_paid"].tolist()[-1] == pytest.approx(last)
    assert any("2 rows of a quarter in which a merger mixes two banks dropped" in note for note in raw.notes)
    assert check(raw.table, PRODUCT_RATES) == []


def test_one_small_product_that_grows_is_no_merger(tmp_path: Path) -> None:
    folder = _quarters(
        tmp_path,
        {
            "03312022": ({"RIAD0093": 10, "RIADHK04": 1}, {"RCONB563": 4000, "RCONHK17": 100}),
            "06302022": ({"RIAD0093": 20, "RIADHK04": 4}, {"RCONB563": 4100, "RCONHK17": 200}),
            "09302022": ({"RIAD0093": 30, "RIADHK04": 6}, {"RCONB563": 4100, "RCONHK17": 210}),
        },
    )
    table = read_whole("ffiec_schedules", folder).table
    assert table.loc[table["product"] == "savings", "institution"].tolist() == ["37", "37", "37"]
    assert table.loc[table["product"] == "time_deposits_large", "institution"].tolist() == ["37", "37/2"]


@pytest.mark.parametrize("acquired", [20220401, 20220515], ids=["a quarter's first day", "a day within it"])
def test_a_quarter_of_push_down_accounting_is_no_difference_of_two_years_to_date(tmp_path: Path, acquired: int) -> None:
    """Rates rise, so that the interest since the acquisition is above that of the quarter before: no sign says so."""
    paid = {"03312022": (10, 0), "06302022": (12, acquired), "09302022": (26, acquired), "12312022": (42, acquired)}
    averages = {"RCONB563": 4000.0}
    for quarter, (interest, day) in paid.items():
        _schedules(tmp_path, quarter, {"RIAD0093": float(interest), "RIAD9106": float(day)}, averages)
    raw = read_whole("ffiec_schedules", tmp_path)
    assert raw.table["month"].dt.month.tolist() == [3, 9, 12]
    assert raw.table["rate_paid"].tolist() == pytest.approx([0.01, 0.014, 0.016], abs=1e-15)
    assert set(raw.table["institution"]) == {"37"}  # the same customers, under the same name
    assert any("1 rows of a quarter in which push-down accounting" in note for note in raw.notes)


def test_interest_below_zero_is_no_rate(tmp_path: Path) -> None:
    paid = {"03312022": 10, "06302022": 20, "09302022": 15, "12312022": 40}
    _quarters(tmp_path, {day: ({"RIAD0093": amount}, {"RCONB563": 4000}) for day, amount in paid.items()})
    raw = read_whole("ffiec_schedules", tmp_path)
    assert raw.table["month"].dt.month.tolist() == [3, 6, 12]
    assert any("1 rows with interest below zero (a year to date that starts again) dropped" in one for one in raw.notes)


def test_figures_of_a_schedule_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    _schedules(tmp_path, "03312022", {"RIAD0093": 10}, {"RCONB563": 4000})
    path = tmp_path / "FFIEC CDR Call Schedule RCK 03312022.txt"
    _write(path, path.read_text(encoding="utf-8").replace("4000", '"4,000"'))
    assert [(one.where, one.line, one.column, one.value) for one in read_whole("ffiec_schedules", tmp_path).faults] == [
        (path.name, 3, "RCONB563", "4,000")
    ]


def test_every_file_that_is_read_is_in_the_digest(tmp_path: Path) -> None:
    for quarter, paid in (("03312022", 10), ("06302022", 20)):
        _schedules(tmp_path, quarter, {"RIAD0093": paid}, {"RCONB563": 4000})
    named = tmp_path / "FFIEC CDR Call Schedule RI 03312022.txt"
    before = read_whole("ffiec_schedules", named).source.digest
    assert read_whole("ffiec_schedules", tmp_path).source.digest == before
    _schedules(tmp_path, "06302022", {"RIAD0093": 20}, {"RCONB563": 4100})
    assert read_whole("ffiec_schedules", named).source.digest != before
    account = _write(tmp_path / "account.asc", ACCOUNT)
    alone = read_whole("pkdd99_account", account).source.digest
    _write(tmp_path / "disp.asc", DISP)
    assert alone == sha256(account.read_bytes()).hexdigest()
    assert read_whole("pkdd99_account", account).source.digest != alone


def test_a_profile_may_name_the_folder(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    _schedules(tmp_path / "calls", "03312022", {"RIAD0093": 10}, {"RCONB563": 4000})
    text = """name = "calls"
[history.rates]
contract = "product_rate_history/1"
tables.product_rates = { file = "calls", layout = "ffiec_schedules" }
"""
    profile = load_profile(_write(tmp_path / "profile.toml", text))
    assert missing_files(profile) == []
    assert len(read_history(profile, "rates").tables["product_rates"]) == 1
    other = load_profile(_write(tmp_path / "other.toml", text.replace("ffiec_schedules", "fdic_financials")))
    with pytest.raises(FaultyInput, match="expected a file, this is a folder"):
        read_history(other, "rates")


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


def test_a_balance_is_no_mean_over_a_gap(tmp_path: Path) -> None:
    rows = "628,20210630,300,40000\n628,20220331,100,50000\n628,20220630,300,52000\n"
    raw = read_whole("fdic_financials", _write(tmp_path / "fdic.csv", "CERT,REPDTE,EDEPDOM,DEPIDOM\n" + rows))
    assert raw.table["month"].dt.strftime("%Y-%m").tolist() == ["2022-06"]


def test_bad_cells_of_fdic_financials_are_named(tmp_path: Path) -> None:
    text = (
        'CERT,REPDTE,EDEPDOM,DEPIDOM\n628,2022-03-31,100,40000\n628,20220631,300,42000\n628,20220930,600,"4,000"\n'
        "628,,900,44000\n,20220930,900,44000\n"
    )
    raw = read_whole("fdic_financials", _write(tmp_path / "fdic.csv", text))
    assert sorted((one.line or 0, one.column, one.value) for one in raw.faults) == [
        (3, "REPDTE", "20220631"),
        (4, "DEPIDOM", "4,000"),
        (5, "REPDTE", ""),
        (6, "CERT", ""),
    ]


def test_a_bank_stands_once_in_a_quarter(tmp_path: Path) -> None:
    rows = "628,20220331,100,40000\n628,20220630,300,42000\n628,2022-06-30,300,42000\n"
    raw = read_whole("fdic_financials", _write(tmp_path / "fdic.csv", "CERT,REPDTE,EDEPDOM,DEPIDOM\n" + rows))
    assert [(one.line, one.column, one.value) for one in raw.faults] == [(4, "CERT", "628")]
    _schedules(tmp_path, "03312022", {"RIAD0093": 10}, {"RCONB563": 4000})
    path = tmp_path / "FFIEC CDR Call Schedule RI 03312022.txt"
    _write(path, path.read_text(encoding="utf-8") + "37\t11\n")
    again = read_whole("ffiec_schedules", tmp_path)
    assert [(one.where, one.line, one.column) for one in again.faults] == [(path.name, 4, "IDRSSD")]
    assert len(again.table) == 1


def test_a_merger_is_seen_in_the_balances_at_the_ends(tmp_path: Path) -> None:
    # The mean of the quarter's ends grows by 30% only; the end grows by 60%.
    rows = ["628,20211231,400,40000", "628,20220331,100,40000", "628,20220630,300,64000", "628,20220930,600,64000"]
    table = read_whole(
        "fdic_financials", _write(tmp_path / "fdic.csv", "\n".join(["CERT,REPDTE,EDEPDOM,DEPIDOM", *rows]))
    ).table
    assert table["institution"].tolist() == ["628", "628/2"]
    assert table["month"].dt.month.tolist() == [3, 9]
    assert table["rate_paid"].tolist() == pytest.approx([100 / 40_000 * 4, 300 / 64_000 * 4])


def test_a_pkdd_table_without_its_header_is_refused(tmp_path: Path) -> None:
    for layout, name, text in (("pkdd99_account", "account.asc", ACCOUNT), ("pkdd99_trans", "trans.asc", TRANS)):
        path = _write(tmp_path / name, text.split("\n", 1)[1])
        with pytest.raises(FaultyInput, match=r"line 1: .*expected the names of the columns in the first line"):
            read_whole(layout, path)


def test_a_transaction_is_counted_once(tmp_path: Path) -> None:
    raw = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", TRANS + TRANS.splitlines()[2] + "\n"))
    assert [(one.line, one.column, one.value) for one in raw.faults] == [(8, "trans_id", "2")]


def test_no_money_leaves_with_a_cell_that_is_empty_or_odd(tmp_path: Path) -> None:
    rows = [
        '10;;930501;"VYDAJ";"";1;1;"";""',
        '11;576;;"VYDAJ";"";1;1;"";""',
        '12;576;930501;"VYDAJ";"";;;"";""',
        '13;576;930501;"STORNO";"";1;1;"";""',
    ]
    text = TRANS + "".join(f"{row};\n" for row in rows)
    faults = read_whole("pkdd99_trans", _write(tmp_path / "trans.asc", text)).faults
    assert sorted((one.line or 0, one.column, one.value) for one in faults) == [
        (8, "account_id", ""),
        (9, "date", ""),
        (10, "amount", ""),
        (10, "balance", ""),
        (11, "type", "STORNO"),
    ]


def test_broken_lines_of_the_owners_are_told(tmp_path: Path) -> None:
    _write(tmp_path / "disp.asc", DISP + "4603;4604\n")
    faults = read_whole("pkdd99_account", _write(tmp_path / "account.asc", ACCOUNT)).faults
    assert [str(one).split(":")[0] for one in faults] == ["disp.asc, line 5"]


def test_a_day_that_ends_no_quarter_is_a_fault(tmp_path: Path) -> None:
    text = "CERT,REPDTE,EDEPDOM,DEPIDOM\n1,20230331,10,1000\n1,20230629,20,1000\n"
    faults = read_whole("fdic_financials", _write(tmp_path / "fdic.csv", text)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [(3, "REPDTE", "20230629")]
    for day in ("13312023", "03302023"):
        folder = tmp_path / day
        folder.mkdir()
        _write(folder / f"FFIEC CDR Call Schedule RI {day}.txt", "IDRSSD\n")
        with pytest.raises(FaultyInput, match="expected the last day of a quarter"):
            read_whole("ffiec_schedules", folder)
