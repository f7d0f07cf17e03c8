"""Planted leaks fail `behavior train` and `behavior benchmark`: nothing is registered, the message names the leak."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.demo_project import write_demo
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings

LEAKS = ("exit_month_balance", "future_rate", "record_length", "encoded_id")


@functools.cache
def bank():
    return simulate(small_settings(), seed=5)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small bank's project as `behavior demo` writes it."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(bank(), folder)
    return folder


def plant_in_loans(folder: Path, leak: str) -> None:
    """One more column in the extract that knows what it could not have known, and a specification that uses it."""
    loans = pd.read_parquet(folder / "bank" / "loans.parquet")
    months = pd.read_parquet(folder / "bank" / "loan_months.parquet")
    last = months.groupby("loan_id").tail(1).set_index("loan_id")
    gone = last["status"].eq("prepaid")
    if leak == "exit_month_balance":
        ahead = months["balance"].groupby(months["loan_id"]).shift(-1)
        at_exit = pd.Series(np.where(gone, 0.0, last["balance"]), last.index)
        months[leak] = ahead.where(ahead.notna(), months["loan_id"].map(at_exit).astype(float))
    elif leak == "future_rate":
        months[leak] = bank().rate_history.monthly("mortgage", (months["month"] + pd.offsets.MonthEnd(6)).to_numpy())
    elif leak == "record_length":
        loans[leak] = loans["loan_id"].map(last["age_months"]).astype(float)
    else:
        number = pd.Series(np.arange(len(last)), last.index)
        loans[leak] = loans["loan_id"].map(number + gone * (1_000_000 + last["age_months"] * 10_000)).astype(float)
    loans.to_parquet(folder / "bank" / "loans.parquet")
    months.to_parquet(folder / "bank" / "loan_months.parquet")
    use_also(folder / "models" / "mortgage_prepayment" / "spec.toml", leak)


def use_also(spec: Path, name: str) -> None:
    text = spec.read_text()
    assert "use = [" in text
    spec.write_text(text.replace("use = [", f'use = ["{name}", ', 1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("leak", LEAKS)
def test_training_on_a_leak_fails(demo: Path, tmp_path: Path, leak: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "project"
    shutil.copytree(demo, folder)
    plant_in_loans(folder, leak)
    assert main(["train", "mortgage_prepayment", "--profile", str(folder / "profile.toml")]) != 0
    said = capsys.readouterr().err
    assert leak in said and "nothing was fitted" in said
    assert not list(folder.glob("drafts/*")) and not list(folder.glob("reports/*"))


@pytest.mark.filterwarnings("ignore")
def test_an_account_number_that_encodes_the_outcome_fails(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(demo, folder)
    accounts = pd.read_parquet(folder / "bank" / "accounts.parquet")
    opened, closed = (pd.to_datetime(accounts[name]) for name in ("open_date", "close_date"))
    months = (closed.dt.year - opened.dt.year) * 12 + closed.dt.month - opened.dt.month
    accounts["account_number"] = months.fillna(0.0) * 100_000.0 + np.arange(len(accounts))
    accounts.to_parquet(folder / "bank" / "accounts.parquet")
    use_also(folder / "models" / "nmd_decay" / "spec.toml", "account_number")
    assert main(["train", "nmd_decay", "--profile", str(folder / "profile.toml")]) != 0
    assert "account_number" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_a_benchmark_with_a_leak_fails(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "project"
    shutil.copytree(demo, folder)
    plant_in_loans(folder, "record_length")
    words = ["benchmark", "--profile", str(folder / "profile.toml"), "--data", "simulated_prepayment", "--workers", "1"]
    assert main([*words, "--out", str(tmp_path / "out")]) != 0
    assert "record_length" in capsys.readouterr().err
    assert not (tmp_path / "out" / "bars.csv").exists()
