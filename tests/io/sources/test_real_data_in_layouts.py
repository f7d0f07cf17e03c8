"""Real data, written in their publishers' layouts and read again: every cell is the one that plain arithmetic gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.io.inputs import read_history
from behavior.io.profiles import load_profile
from behavior.io.sources.agency import FANNIE, FREDDIE_SERVICING
from behavior.io.sources.registry import read_whole

pytestmark = pytest.mark.shared
PROFILE = Path(__file__).resolve().parents[3] / "pipelines" / "profiles" / "real.toml"


def _plain(cells: pd.Series, form: str = "{!r}") -> pd.Series:
    """Cells as a publisher writes them: nothing for what is missing."""
    return cells.map(form.format if cells.dtype.kind == "f" else str).where(cells.notna(), "")


def _rates(layout: str, path: Path) -> pd.Series:
    raw = read_whole(layout, path)
    assert raw.faults == ()
    return raw.table.set_index(["index", "date"])["value"].sort_index()


def _same(found: pd.Series, expected: Mapping[str, pd.Series]) -> None:
    """Rates found are those expected, in percent by day, series by series; no more and no fewer."""
    wanted = pd.concat({name: cells.dropna() / 100.0 for name, cells in expected.items()}, names=["index", "date"])
    wanted = wanted.sort_index()
    assert found.index.equals(wanted.index.set_names(found.index.names))
    np.testing.assert_allclose(found.to_numpy(), wanted.to_numpy(), rtol=0, atol=1e-15)


def test_mortgage_rates_of_the_survey(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "rates_pmms_weekly" / "pmms.parquet")
    names = {
        "frm30": "pmms30",
        "frm30_points": "pmms30p",
        "frm15": "pmms15",
        "frm15_points": "pmms15p",
        "arm51": "pmms51",
    }
    written = pd.DataFrame({new: _plain(table[old]).replace("", " ") for old, new in names.items()})
    days = table["week"].map(lambda day: f"{day.month}/{day.day}/{day.year}")
    written.assign(date=days)[["date", *names.values()]].to_csv(tmp_path / "pmms.csv", index=False)
    table = table.set_index("week")
    expected = {"MORTGAGE30": table["frm30"], "MORTGAGE15": table["frm15"], "MORTGAGE_ARM51": table["arm51"]}
    _same(_rates("freddie_mac_pmms", tmp_path / "pmms.csv"), expected)


def test_par_yields_of_the_treasury(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "rates_ust_daily" / "ust_par_yields.parquet").drop(columns="BC_30YEARDISPLAY")
    table["date"] = pd.to_datetime(table["date"])
    table = table.set_index("date").rename(columns=lambda name: name.removeprefix("BC_"))
    heads = {name: name.replace("MONTH", " Mo").replace("YEAR", " Yr") for name in table}
    written = table.rename(columns=heads).sort_index(ascending=False)
    written.index = written.index.strftime("%m/%d/%Y")
    written.map("{:.2f}".format).rename_axis("Date").to_csv(tmp_path / "ust.csv")
    found = _rates("treasury_par_rates", tmp_path / "ust.csv")
    # Beyond a year 0.00 means not quoted; a bill may yield 0.00, but not before it is first quoted.
    expected = {f"UST_{name.replace('MONTH', 'M').replace('YEAR', 'Y')}": cells for name, cells in table.items()}
    expected = {
        name: cells.where(cells.ne(0) | (cells.ne(0).cummax() & name.endswith(("M", "_1Y"))))
        for name, cells in expected.items()
    }
    _same(found, expected)


def test_monthly_series_of_fred(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "rates_fred_monthly" / "fred_interest_rates.parquet")
    written = table.drop(columns="date").apply(_plain).replace("", ".")
    written.insert(0, "observation_date", table["date"].dt.strftime("%Y-%m-%d"))
    written.to_csv(tmp_path / "fred.csv", index=False)
    ends = table.set_index(table["date"] + pd.offsets.MonthEnd(0)).drop(columns="date")
    _same(_rates("fred", tmp_path / "fred.csv"), {str(name): cells for name, cells in ends.items()})


def test_a_cube_of_the_swiss_national_bank(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "deposit_rates_snb" / "snb_savings.parquet")
    codes = {"SPE": "savings_rate_pct", "LZ": "policy_rate_pct"}
    lines = [
        f'"{m}";"{c}";"{v}"'
        for c, name in codes.items()
        for m, v in zip(table["month"], _plain(table[name]), strict=True)
    ]
    head = ['\ufeff"CubeId";"zikrepro"', '"PublishingDate";"2023-11-01 09:00"', "", '"Date";"D0";"Value"']
    (tmp_path / "snb.csv").write_text("\r\n".join([*head, *lines, ""]), encoding="utf-8", newline="")
    months = table.set_index(pd.to_datetime(table["month"]) + pd.offsets.MonthEnd(0))
    _same(_rates("snb", tmp_path / "snb.csv"), {f"zikrepro/{code}": months[name] for code, name in codes.items()})


def test_bank_rates_of_the_ecb(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "deposit_rates_ecb" / "ecb_mir_bsi_country_monthly.parquet")
    table = table[table["flow"] == "MIR"].reset_index(drop=True)
    keys = "MIR." + table["series_key"].str.removeprefix("MIR.")
    written = {"KEY": keys, "FREQ": "M", "TIME_PERIOD": table["period"], "OBS_VALUE": _plain(table["value"], "{!r}")}
    pd.DataFrame(written).assign(OBS_STATUS="A", TITLE="Deposits, agreed").to_csv(tmp_path / "mir.csv", index=False)
    raw = read_whole("ecb_deposit_rates", tmp_path / "mir.csv")
    parts = keys.str.split(".", expand=True)
    taken = parts[6].eq("R") & parts[4].str.startswith("L") & table["value"].notna()
    assert raw.faults == () and len(raw.table) == taken.sum() > 1_000
    assert raw.place.lines is not None
    rows = raw.place.lines - 2  # each row of the result says which line it came from
    np.testing.assert_allclose(raw.table["rate_paid"], table["value"].iloc[rows] / 100.0, rtol=0, atol=1e-15)
    assert raw.table["region"].tolist() == parts[2].iloc[rows].tolist()
    assert raw.table["product"].tolist() == parts[[4, 5, 8, 10]].iloc[rows].agg(".".join, axis=1).tolist()
    assert raw.table["month"].dt.strftime("%Y-%m").tolist() == table["period"].iloc[rows].tolist()


def test_transactions_of_the_discovery_challenge(real_data: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(real_data / "deposits_berka" / "trans_199301_199403.parquet")
    money = {name: table[name].map("{:.2f}".format) for name in ("amount", "balance")}
    words = {name: '"' + table[name].fillna("").astype(str) + '"' for name in ("type", "operation", "k_symbol", "bank")}
    written = table.assign(date=table["date"].dt.strftime("%y%m%d"), account="", **money, **words)
    lines = written.astype(str).agg(";".join, axis=1)
    head = ";".join(f'"{name}"' for name in table.columns)
    (tmp_path / "trans.asc").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    raw = read_whole("pkdd99_trans", tmp_path / "trans.asc")
    assert raw.faults == ()
    found = raw.table.set_index(["account_id", "month"]).sort_index()
    table["account_id"] = table["account_id"].astype(str)
    table["month"] = table["date"] + pd.offsets.MonthEnd(0)
    interest, credit = table["k_symbol"].eq("UROK").fillna(False), table["type"].eq("PRIJEM")
    flows = {"interest_credited": interest & credit, "credits": credit & ~interest, "debits": ~credit}
    for name, rows in flows.items():
        sums = table["amount"].where(rows.astype(bool), 0.0).groupby([table["account_id"], table["month"]]).sum()
        np.testing.assert_allclose(found[name], sums.reindex(found.index).fillna(0.0), atol=1e-6)
    # The last day's balance is one of its transactions', and moves from month to month by the flows, to two tenths. The
    # data end within the day of 31 March 1994, so that the last month lacks some of them.
    last = table.groupby(["account_id", "month"])["date"].transform("max") == table["date"]
    ends = table[last].groupby(["account_id", "month"])["balance"].agg(set)
    assert all(found["balance"][key] in ends[key] for key in ends.index)
    moved = found["balance"] - found.groupby("account_id")["balance"].shift()
    away = (moved - found["credits"] - found["interest_credited"] + found["debits"]).abs().dropna()
    assert away[away.index.get_level_values("month") < "1994-03-31"].max() < 0.25


def _agency_rows(real_data: Path) -> pd.DataFrame:
    folder = real_data / "mortgage_fannie_sample"
    months, loans = (pd.read_parquet(folder / f"{name}.parquet") for name in ("loan_months", "loans"))
    return months.merge(loans, on="loan_id", suffixes=("", "_of_loan"))


def _written(path: Path, names: tuple[str, ...], count: int, cells: Mapping[str, pd.Series]) -> Path:
    table = pd.DataFrame({name: cells.get(name, "") for name in names}, index=next(iter(cells.values())).index)
    further = pd.DataFrame("", table.index, [f"further_{i}" for i in range(count - len(names))])
    pd.concat([table, further], axis=1).to_csv(path, sep="|", index=False, header=False)
    return path


def _agrees_with_the_profile(found: pd.DataFrame, left_out: int) -> None:
    """The months are those that the profile's own mapping makes of the same sample, less the release's last month."""
    own = read_history(load_profile(PROFILE), "mortgage").tables["loan_months"]
    both = own.merge(found, on=["loan_id", "month"], suffixes=("", "_read"))
    assert len(both) == len(found) == len(own) - left_out
    for name in ("balance", "rate", "age_months"):
        np.testing.assert_allclose(both[f"{name}_read"], both[name], rtol=0, atol=1e-12, err_msg=name)
    assert both["status_read"].tolist() == both["status"].tolist()


def test_months_of_fannie_mae(real_data: Path, tmp_path: Path) -> None:
    rows = _agency_rows(real_data)
    cells = {
        "loan_id": rows["loan_id"],
        "reporting_period": rows["period"].dt.strftime("%m%Y"),
        "original_rate": rows["orig_rate"].map("{:.3f}".format),
        "current_rate": _plain(rows["interest_rate"], "{:.3f}"),
        "current_upb": _plain(rows["current_upb"], "{:.2f}"),
        "original_term": rows["orig_term"],
        "origination_date": rows["orig_date"].dt.strftime("%m%Y"),
        "loan_age": _plain(rows["loan_age_reported"]),
        "remaining_months": _plain(rows["rem_months_legal"]),
        "zero_balance_code": rows["zero_balance_code"].fillna(""),
    }
    raw = read_whole("fannie_mae_2020_months", _written(tmp_path / "q.csv", FANNIE, 110, cells))
    assert raw.faults == ()
    assert raw.notes[:2] == (
        "q.csv: 106 rows of the release's last month dropped",
        "q.csv: 66 rows before age 1 dropped",
    )
    _agrees_with_the_profile(raw.table, 106)


def test_the_same_months_as_freddie_mac_would_publish_them(real_data: Path, tmp_path: Path) -> None:
    rows = _agency_rows(real_data)
    age = (
        (rows["period"].dt.year - rows["orig_date"].dt.year) * 12 + rows["period"].dt.month - rows["orig_date"].dt.month
    )
    cells = {
        "loan_sequence_number": rows["loan_id"],
        "reporting_period": rows["period"].dt.strftime("%Y%m"),
        "current_upb": _plain(rows["current_upb"], "{:.2f}"),
        "loan_age": age,
        "remaining_months": rows["orig_term"] - age,
        "zero_balance_code": rows["zero_balance_code"].fillna(""),
        "current_rate": _plain(rows["interest_rate"], "{:.3f}"),
    }
    raw = read_whole("freddie_mac_servicing", _written(tmp_path / "time.txt", FREDDIE_SERVICING, 32, cells))
    assert raw.faults == ()
    _agrees_with_the_profile(raw.table, 106)
