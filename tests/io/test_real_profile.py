"""The profile of the public data sets: every mapped table keeps its contract, and the quirks are where they belong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from behavior.io.inputs import examine_profile, examine_table, rate_history, read_history
from behavior.io.profiles import Profile, load_profile, missing_files, read_settings
from behavior.market.curves import CurveSet

PROFILES = Path(__file__).resolve().parents[2] / "pipelines" / "profiles"


@pytest.fixture(scope="module")
def real(real_data: Path) -> Profile:
    assert real_data.is_dir()
    return load_profile(PROFILES / "real.toml")


@pytest.mark.parametrize("name", sorted(path.stem for path in PROFILES.glob("*.toml")))
def test_every_profile_parses(name: str) -> None:
    profile = load_profile(PROFILES / f"{name}.toml")
    assert profile.name == name
    assert profile.approvals().proposed_by != profile.approvals().approved_by


def test_absent_data_are_explained(tmp_path: Path) -> None:
    faults = missing_files(load_profile(PROFILES / "real.toml", folder=tmp_path / "own" / "pipelines" / "profiles"))
    found = {fault.column: str(fault) for fault in faults}
    assert "Parquet file with the columns loan_id, orig_date, orig_upb" in found["$.history.mortgage.tables.loans"]
    assert "Fannie Mae Single-Family Loan Performance Data" in found["$.history.mortgage.tables.loans"]
    assert "columns CURRENCY, DATE, MONTHS, VALUE" in found["$.curves.parts.treasury"]


@pytest.mark.shared
def test_every_table_keeps_its_contract(real: Profile) -> None:
    rows, faults = examine_profile(real)
    assert faults == []
    assert {str(row["input"]): row["rows"] for row in rows}["history.mortgage"] == 504 + 20_880


@pytest.mark.shared
def test_fannie_quirks(real: Profile) -> None:
    months = read_history(real, "mortgage").tables["loan_months"]
    assert months["status"].value_counts().to_dict() == {"open": 20_479, "prepaid": 395, "default": 3, "transferred": 3}
    left = months["status"] != "open"
    assert (months.loc[left, "balance"] == 0).all()
    assert not (months.loc[~left, "balance"] == 0).any()
    assert months["balance"].isna().sum() == 2_934
    assert months["rate"].between(0.02, 0.10).all()
    assert months["age_months"].min() == 1


@pytest.mark.shared
def test_berka_interest_is_apart_from_credits(real: Profile) -> None:
    history = read_history(real, "deposits")
    months = history.tables["account_months"].sort_values(["account_id", "month"])
    assert history.tables["accounts"]["close_date"].isna().all()
    assert (months["balance"] < 0).sum() == 9
    flows = months["credits"] + months["interest_credited"] - months["debits"]
    opening = months.groupby("account_id")["balance"].shift()
    moved = (months["balance"] - opening - flows)[opening.notna()]
    # Cash withdrawals by card (VYBER) are debits of the extract too, so balances move by exactly these flows.
    assert moved.abs().max() < 1e-6
    assert (months["credits"] > -1e-9).all()


@pytest.mark.shared
def test_rates_paid_are_decimals_with_their_periods(real: Profile) -> None:
    swiss = read_history(real, "savings_rates").tables["product_rates"]
    assert swiss["rate_paid"].max() < 0.02
    banks = read_history(real, "us_bank_rates").tables["product_rates"]
    assert set(banks["period_months"]) == {3}
    assert set(banks["averaging"]) == {"average"}
    assert banks["institution"].nunique() == 6
    assert not (banks["month"].dt.month == 12).any()


@pytest.mark.shared
def test_the_market_of_the_valuation_date(real: Profile) -> None:
    rates = rate_history(real)
    assert rates.at("mortgage", ["2022-03-31"]).tolist() == [0.0467]
    # March's average of the funds rate is only known at the end of March.
    assert rates.at("short", ["2022-03-30", "2022-03-31"]).tolist() == [0.0008, 0.002]
    curves = CurveSet.from_table(examine_table(real, "curves").values(), read_settings(real).as_of)
    assert curves.discounting("USD").zero_rate([10.0])[0] == pytest.approx(0.023066, abs=1e-4)


@pytest.mark.shared
def test_the_book_is_the_loans_then_open_and_illustrative_deposits(real: Profile) -> None:
    book = examine_table(real, "book").values()
    settings = read_settings(real)
    sums = book.groupby("side")["balance"].sum()
    assert (book["product"] == "mortgage").sum() == 102
    assert sums["asset"] - sums["liability"] == pytest.approx(settings.book_equity, abs=0.01)
    assert book.loc[book["side"] == "liability", "position_id"].str.startswith("illustrative-").all()
    maturity = book.loc[book["product"] == "mortgage", "maturity_date"]
    assert (maturity > pd.Timestamp(settings.as_of)).all()
