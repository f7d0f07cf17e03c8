"""What the market data lacks: each valuation says what to supply, exits with 3 and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from behavior.cli import main

SETTINGS = 'as_of = 2026-09-30\nreporting_currency = "USD"\ntier1 = 1e6\nbook_equity = 1e6\n'
LOAN: dict[str, Any] = {
    "position_id": "one",
    "product": "loan",
    "side": "asset",
    "instrument": "cash",
    "currency": "USD",
    "balance": 1e6,
    "rate_type": "fixed",
    "rate": 0.04,
    "repayment": "annuity",
    "origination_date": "2020-01-31",
    "maturity_date": "2040-01-31",
    "payment_months": 1,
}
FLOATER = LOAN | {"rate_type": "floating", "index": "SOFR", "spread": 0.01, "reset_months": 3}
CAP = LOAN | {
    "instrument": "cap",
    "side": "receive",
    "rate_type": None,
    "rate": None,
    "repayment": None,
    "index": "SOFR",
    "strike": 0.035,
    "payment_months": 3,
    "origination_date": None,
    "maturity_date": "2031-09-30",
}
SWAPTION = CAP | {"instrument": "swaption", "option_type": "payer", "expiry_date": "2028-09-30", "reset_months": 3}


def curves(zero: float = 0.03, last: int = 480, sofr: int | None = 480) -> pd.DataFrame:
    ends = {"discount": last} | ({} if sofr is None else {"SOFR": sofr})
    rows = [("2026-09-30", "USD", index, m, zero) for index, end in ends.items() for m in (0, 12, 60, end)]
    return pd.DataFrame(rows, columns=["as_of", "currency", "index", "months", "zero_rate"])


def vols(index: str = "SOFR") -> pd.DataFrame:
    rows = [("2026-09-30", "USD", index, e, t, "lognormal", 0.0, 0.2) for e in (1, 60) for t in (3, 60)]
    return pd.DataFrame(
        rows, columns=["as_of", "currency", "index", "expiry_months", "tenor_months", "kind", "shift", "value"]
    )


def value(folder: Path, rows: list[dict[str, Any]], held: pd.DataFrame, *more: str) -> int:
    """Run the command on rows and curves in a folder that holds nothing else."""
    pd.DataFrame(rows).to_csv(folder / "book.csv", index=False)
    held.to_csv(folder / "curves.csv", index=False)
    (folder / "settings.toml").write_text(SETTINGS)
    given = ["--curves", str(folder / "curves.csv"), "--settings", str(folder / "settings.toml")]
    words = [*given, "--extrapolation", "refuse", *more]
    return main(["value", str(folder / "book.csv"), *words, "--out", str(folder / "out"), "--json"])


@pytest.mark.parametrize(
    ("row", "held", "surface", "words"),
    [
        (LOAN, curves(last=120), None, "USD: the discount curve ends at 120 months, 1 position pays later"),
        (LOAN, curves(last=120), None, "add tenors up to 160 months; or run with --extrapolation flat"),
        (FLOATER, curves(sofr=120), None, "USD: the `SOFR` curve ends at 120 months, 1 position fixes later"),
        (FLOATER, curves(sofr=None), None, "no curve for USD `SOFR`; held: USD discount. Add its rows to curves/1"),
        (CAP, curves(sofr=None), vols(), "no curve for USD `SOFR`; held: USD discount. Add its rows to curves/1"),
        (CAP, curves(), None, "none for USD `SOFR`. Supply vols/1 (--vols) or a `volatility` in each row"),
        (CAP, curves(), vols("EURIBOR"), "none for USD `SOFR`; held: USD EURIBOR. Add its rows to vols/1"),
        (SWAPTION, curves(), None, "none for USD `SOFR`. Supply vols/1 (--vols) or a `volatility` in each row"),
        (CAP, curves(-0.01), vols(), "options on USD `SOFR`: lognormal volatility"),
        (CAP, curves(-0.01), vols(), "is not above zero under base ("),
        (SWAPTION, curves(-0.01), vols(), "Supply normal volatilities, or a shift larger by at least"),
        (FLOATER | {"cap": 0.06}, curves(-0.01), vols(), "options on USD `SOFR`: lognormal volatility"),
        (LOAN | {"currency": "EUR"}, curves(), None, "no discount curve for EUR as of 2026-09-30; curves/1 holds USD"),
    ],
)
def test_the_error_says_what_to_supply(
    row: dict[str, Any],
    held: pd.DataFrame,
    surface: pd.DataFrame | None,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = []
    if surface is not None:
        surface.to_csv(tmp_path / "vols.csv", index=False)
        more = ["--vols", str(tmp_path / "vols.csv")]
    assert value(tmp_path, [row], held, *more) == 3
    assert words in json.loads(capsys.readouterr().out)["message"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (LOAN | {"start_date": "2040-01-31"}, "maturity_date", "must be after `start_date`"),
        (LOAN | {"cap": 0.02, "floor": 0.03}, "cap", "must not be below `floor`"),
        (LOAN | {"repayment": "linear", "payment_cap": 0.1}, "payment_cap", "only a level payment can be capped"),
        (SWAPTION | {"expiry_date": "2031-10-31"}, "maturity_date", "must be after `expiry_date`"),
        (SWAPTION | {"start_date": "2028-08-31"}, "start_date", "must not be before `expiry_date`"),
        (SWAPTION | {"expiry_date": "2026-09-30"}, "expiry_date", "It has expired: leave it out"),
        (SWAPTION | {"expiry_date": "2024-09-30", "maturity_date": "2026-09-30"}, "maturity_date", "It has matured"),
        (CAP | {"maturity_date": "2026-09-30"}, "maturity_date", "It has matured: leave it out"),
        (CAP | {"instrument": "floor", "maturity_date": "2026-08-31"}, "maturity_date", "It has matured: leave it out"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_or_set_aside(
    row: dict[str, Any], column: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [LOAN, row | {"position_id": "odd", "volatility": 0.01}]
    assert value(tmp_path, rows, curves()) == 3
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert (fault["line"], fault["column"]) == (3, column)
    assert words in f"{fault['rule']}. {fault['hint']}"
    aside = tmp_path / "bad.csv"
    assert value(tmp_path, rows, curves(), "--quarantine", str(aside)) == 0
    reason = pd.read_csv(aside)["reasons"].item()
    assert reason.startswith(f"{column}: ")
    assert reason.endswith(fault["rule"])


@pytest.mark.parametrize(("day", "code"), [("2036-09-30", 0), ("2036-10-01", 3), ("2036-10-31", 3)])
def test_a_curve_reaches_to_the_day_of_its_last_tenor(
    day: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert value(tmp_path, [LOAN | {"maturity_date": day}], curves(last=120)) == code
    said = capsys.readouterr().out
    assert ("add tenors up to 121 months" in said) == (code == 3)


def test_a_book_of_options_alone_is_valued(tmp_path: Path) -> None:
    rows = [
        CAP | {"position_id": "cap", "volatility": 0.008},
        SWAPTION | {"position_id": "swaption", "volatility": 0.009, "side": "pay"},
    ]
    assert value(tmp_path, rows, curves()) == 0
    out = tmp_path / "out"
    eve = pd.read_csv(out / "eve.csv")
    assert set(eve["side"]) == {"receive", "pay"}
    base = eve[eve["scenario"] == "base"].set_index("side")["present_value"]
    assert base["receive"] > 0 > base["pay"]
    total = pd.read_csv(out / "eve_summary.csv").query("currency == 'total' and scenario == 'base'")
    assert total["eve"].item() == pytest.approx(base.sum())
    assert pd.read_csv(out / "nii_summary.csv")["nii"].eq(0).all()
    assert pd.read_csv(out / "gap.csv")["repricing_amount"].eq(0).all()
    assert (pd.read_csv(out / "cash_flows.csv").select_dtypes("number") >= 0).all(axis=None)


def test_the_faults_of_every_file_are_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(SETTINGS.replace("tier1 = 1e6", "tier1 = -1"), encoding="utf-8")
    curves(zero=3.0).to_csv("curves.csv", index=False)
    pd.DataFrame([LOAN | {"side": "assets"}]).to_csv("book.csv", index=False)
    asked = ["--curves", "curves.csv", "--settings", "settings.toml", "--out", "out"]
    assert main(["value", "book.csv", *asked]) == 3
    said = capsys.readouterr().err
    for place in (
        "settings.toml, line ",
        "key `$.tier1`: found '-1': expected more than 0",
        "curves.csv, line 2, column `zero_rate`",
        "book.csv, line 2, column",
    ):
        assert place in said
    assert not Path("out").exists()
