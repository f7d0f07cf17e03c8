"""The example in data/ is what the simulator makes, and its page says what is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.engine.contracts import BOOK_TABLE
from behavior.io.assumption_store import AssumptionStore, load_assumptions
from behavior.io.bank_writer import settings_text
from behavior.io.settings import read_settings_file
from behavior.io.tables import read_table
from behavior.market.contracts import CURVES_TABLE, RATES_TABLE
from behavior.simulator import SimulatedBank
from behavior.simulator.example import example_book, example_curves, example_rates
from behavior.simulator.truth_tables import true_assumption_set

DATA = Path(__file__).resolve().parents[2] / "data"
SET = DATA / "assumptions" / "2026-09-30.r1"
TABLES = {
    "positions/book.csv": (BOOK_TABLE, example_book),
    "curves/nodes.csv": (CURVES_TABLE, example_curves),
    "curves/rates.csv": (RATES_TABLE, example_rates),
}


def page_rows() -> dict[str, list[str]]:
    lines = [line for line in (DATA / "README.md").read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_page_lists_every_file_with_its_rows() -> None:
    listed = page_rows()
    there = {
        str(path.relative_to(DATA))
        for path in DATA.rglob("*")
        if path.is_file()
        and path.suffix in (".csv", ".toml", ".parquet")
        and path.name != "manifest.toml"
        and not str(path.relative_to(DATA)).startswith("contracts/")
    }
    assert set(listed) == there
    for name, row in listed.items():
        if name.endswith(".csv"):
            assert int(row[0]) == len(pd.read_csv(DATA / name)), name
        assert all(row[1:]), f"{name}: an empty cell"


def test_the_period_of_the_rates_is_as_the_page_says() -> None:
    first, last = re.findall(r"\d{4}-\d{2}", page_rows()["curves/rates.csv"][1])
    dates = pd.read_csv(DATA / "curves/rates.csv")["date"]
    assert (dates.min()[:7], dates.max()[:7]) == (first, last)


@pytest.mark.parametrize("name", TABLES)
def test_tables_keep_their_contracts_and_are_what_the_simulator_makes(name: str, bank: SimulatedBank) -> None:
    contract, make = TABLES[name]
    read = read_table(DATA / name, contract)
    assert [str(fault) for fault in read.faults] == []
    made = make(bank)
    assert list(read.table.columns) == list(made.columns)
    for column in made.columns:
        if pd.api.types.is_numeric_dtype(made[column]):
            mine = read.table[column].to_numpy(dtype=float, na_value=np.nan)
            np.testing.assert_allclose(mine, made[column].to_numpy(dtype=float, na_value=np.nan), rtol=1e-6)
        elif pd.api.types.is_datetime64_any_dtype(made[column]):
            assert read.table[column].astype("datetime64[us]").equals(made[column].astype("datetime64[us]"))
        else:
            assert read.table[column].fillna("").tolist() == made[column].fillna("").tolist(), column


def test_the_book_keeps_the_banks_balances(bank: SimulatedBank) -> None:
    small = pd.read_csv(DATA / "positions/book.csv")
    for side in ("asset", "liability"):
        mine = small.loc[small["side"] == side].groupby("product")["balance"].sum()
        whole = bank.book.loc[bank.book["side"] == side].groupby("product")["balance"].sum()
        np.testing.assert_allclose(mine, whole, rtol=1e-9)


def test_settings_are_the_banks(bank: SimulatedBank) -> None:
    settings, _ = read_settings_file(DATA / "curves/settings.toml")
    assert settings.tier1 == pytest.approx(bank.settings["tier1"], rel=1e-6)
    assert settings.index_roles == bank.settings["index_roles"]
    assert "book_equity" in settings_text(bank)


def test_the_set_is_approved_untouched_and_the_truth(bank: SimulatedBank) -> None:
    assert AssumptionStore(DATA / "assumptions").verify() == ()
    held = load_assumptions(SET, on=bank.simulator.as_of)
    assert held.stamp == ""
    true = true_assumption_set(bank.truth, held.id, bank.seed)
    assert [table.name for table in held.tables] == [table.name for table in true.tables]
    for mine, theirs in zip(held.tables, true.tables, strict=True):
        curves = {(curve.segment, curve.direction): curve for curve in theirs.curves}
        for curve in mine.curves:
            np.testing.assert_allclose(curve.values, curves[curve.segment, curve.direction].values, atol=1e-7)


def test_the_example_is_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 300_000
