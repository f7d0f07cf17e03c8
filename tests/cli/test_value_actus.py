"""``behavior value`` on a file of ACTUS terms: contracts that are rows of a book, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from behavior.cli import main

LOAN: dict[str, Any] = {
    "contractType": "PAM",
    "contractID": "bond",
    "contractRole": "RPA",
    "currency": "USD",
    "statusDate": "2024-01-01",
    "initialExchangeDate": "2024-01-15",
    "maturityDate": "2028-01-15",
    "notionalPrincipal": 1000,
    "nominalInterestRate": 0.06,
    "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2024-07-15",
    "cycleOfInterestPayment": "P6ML1",
}
LINEAR = {
    **LOAN,
    "contractType": "LAM",
    "contractID": "linear",
    "cycleAnchorDateOfPrincipalRedemption": "2024-07-15",
    "cycleOfPrincipalRedemption": "P6ML1",
    "nextPrincipalRedemptionPayment": 125,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A market around the contracts."""
    (tmp_path / "curves.csv").write_text(
        "as_of,currency,index,months,zero_rate\n2026-01-31,USD,discount,1,0.03\n2026-01-31,USD,discount,240,0.03\n"
    )
    (tmp_path / "settings.toml").write_text(
        'as_of = 2026-01-31\nreporting_currency = "USD"\ntier1 = 100.0\nbook_equity = 100.0\n'
    )
    return tmp_path


def run(folder: Path, contracts: dict[str, Any]) -> int:
    (folder / "book.json").write_text(json.dumps({name: {"terms": terms} for name, terms in contracts.items()}))
    arguments = ["value", "book.json", "--curves", "curves.csv", "--settings", "settings.toml", "--out", "out"]
    paths = [
        str(folder / one) if one in ("book.json", "curves.csv", "settings.toml", "out") else one for one in arguments
    ]
    return int(main(paths))


def test_contracts_are_valued_as_a_book(folder: Path) -> None:
    assert run(folder, {"bond": LOAN, "linear": LINEAR}) == 0
    flows = pd.read_csv(folder / "out" / "cash_flows.csv")
    base = flows[flows["scenario"] == "base"].groupby("product")[["scheduled", "interest"]].sum()
    # Four half years of 30 on the bullet; 500 left in four parts and interest on 500, 375, 250 and 125.
    assert base.loc["PAM"].tolist() == pytest.approx([1000.0, 120.0])
    assert base.loc["LAM"].tolist() == pytest.approx([500.0, 0.03 * (500 + 375 + 250 + 125)])
    facts = json.loads((folder / "out" / "result.json").read_text())
    assert facts["inputs"]["book"]["file"] == "book.json"


def test_what_cannot_come_over_is_refused_by_its_term(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weekly = {**LOAN, "contractID": "weekly", "cycleOfInterestPayment": "P2WL1"}
    assert run(folder, {"bond": LOAN, "weekly": weekly}) == 3
    assert "cycleOfInterestPayment" in capsys.readouterr().err


SPARE = {
    "cycleAnchorDateOfRateReset": "2026-07-15",
    "cycleOfRateReset": "P6ML1",
    "marketObjectCodeOfRateReset": "SOFR",
    "rateSpread": 0.01,
    "statusDate": "2026-01-16",
}


def valued(folder: Path, content: object) -> int:
    """Value a file of any content."""
    (folder / "odd.json").write_text(json.dumps(content))
    asked = {"--curves": "curves.csv", "--settings": "settings.toml", "--out": "out"}
    options = [word for name, file in asked.items() for word in (name, str(folder / file))]
    return int(main(["value", str(folder / "odd.json"), *options]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([LOAN], ("odd.json", "this is a JSON list", "Lay the file out")),
        ({"bond": LOAN}, ("odd.json, bond", "the contract's `terms`", "Lay the file out")),
        ({"bond": 5}, ("odd.json, bond", "the contract's `terms`")),
        ({}, ("odd.json", "at least one contract")),
        ({"bond": {"terms": LOAN, "dataObserved": {"SOFR": [1]}}}, ("odd.json, bond", "dataObserved")),
        ({"bond": {"terms": {**LOAN, "maturityDate": "2025-01-15"}}}, ("at least one position", "are over")),
    ],
)
def test_a_file_of_another_shape_is_refused_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], content: object, words: tuple[str, ...]
) -> None:
    assert valued(folder, content) == 3
    told = capsys.readouterr().err
    assert all(word in told for word in words)


@pytest.mark.parametrize(
    ("term", "value"), [("nominalInterestRate", "nan"), ("nominalInterestRate", "inf"), ("notionalPrincipal", "-5")]
)
def test_numbers_that_say_nothing_are_refused_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str], term: str, value: str
) -> None:
    assert run(folder, {"bond": {**LOAN, term: value}, "much": {**LOAN, "contractID": "much", term: "much"}}) == 3
    told = capsys.readouterr().err
    assert f"bond, column `{term}`: found {value!r}" in told
    assert f"much, column `{term}`: found 'much'" in told


def test_an_index_after_as_of_is_the_curves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"2026-01-31,USD,SOFR,{months},0.04\n" for months in (1, 240))
    with (folder / "curves.csv").open("a") as file:
        file.write(rows)
    assert run(folder, {"floater": {**LOAN, **SPARE}}) == 0
    alone = (folder / "out" / "cash_flows.csv").read_text()
    observed = {"SOFR": {"data": [{"timestamp": "2026-07-15T00:00:00", "value": "0.09"}]}}
    assert valued(folder, {"floater": {"terms": {**LOAN, **SPARE}, "dataObserved": observed}}) == 0
    assert (folder / "out" / "cash_flows.csv").read_text() == alone
    earlier = {**LOAN, **SPARE, "statusDate": "2024-01-16", "cycleAnchorDateOfRateReset": "2025-01-15"}
    capsys.readouterr()
    assert run(folder, {"floater": earlier}) == 3
    told = capsys.readouterr().err
    assert all(word in told for word in ("floater", "SOFR", "by the as-of date", "dataObserved", "statusDate"))
