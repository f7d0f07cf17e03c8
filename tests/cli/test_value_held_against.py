"""A book held against its schedule, its market data and itself: every fault at once, at its own file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.test_value_errors import CAP, FLOATER, LOAN, curves, value, vols

LEG = LOAN | {"instrument": "swap_leg", "repayment": "bullet", "trade_id": "T", "origination_date": None}
PAY = LEG | {"position_id": "pay", "side": "pay"}
RECEIVE = LEG | {"position_id": "receive", "side": "receive"}


def faults(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["faults"]
    return found


@pytest.mark.parametrize("column", ["origination_date", "start_date"])
@pytest.mark.parametrize("side", ["asset", "liability"])
def test_a_balance_that_has_not_begun_is_refused(
    column: str, side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = LOAN | {"position_id": "late", "side": side, column: "2026-10-01"}
    assert value(tmp_path, [LOAN, late], curves()) == 3
    (fault,) = faults(capsys)
    assert (fault["line"], fault["column"]) == (3, column)
    assert "on or before the as-of date 2026-09-30" in fault["rule"]
    legs = [PAY | {column: "2026-10-01"}, RECEIVE | {column: "2026-10-01"}]
    commitment = late | {"balance": 0.0, "undrawn": 1e5}
    assert value(tmp_path, [*legs, commitment], curves()) == 0


def test_rows_of_a_schedule_are_named_in_their_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explicit = LOAN | {"position_id": "explicit", "repayment": "schedule"}
    rows = [("explicit", "2030-01-31"), ("explicit", "2030-01-15"), ("nobody", "2030-01-31"), ("one", "2030-01-31")]
    table = pd.DataFrame(rows, columns=["position_id", "date"]).assign(principal=100.0)
    table.to_csv(tmp_path / "schedule.csv", index=False)
    given = ("--schedule", str(tmp_path / "schedule.csv"))
    assert value(tmp_path, [LOAN, explicit], curves(), *given) == 3
    found = {(one["where"], one["line"], one["column"], one["value"]) for one in faults(capsys)}
    assert found == {
        ("schedule.csv", 3, "date", "2030-01-15"),
        ("schedule.csv", 4, "position_id", "nobody"),
        ("schedule.csv", 5, "position_id", "one"),
    }
    table.iloc[:2].to_csv(tmp_path / "schedule.csv", index=False)
    aside = tmp_path / "bad.csv"
    assert value(tmp_path, [LOAN, explicit], curves(), *given, "--quarantine", str(aside)) == 0
    assert "schedule.csv, line 3, column `date`" in pd.read_csv(aside)["reasons"].item()


def test_a_trade_is_set_aside_whole_and_a_lone_leg_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aside = tmp_path / "bad.csv"
    broken = RECEIVE | {"maturity_date": "2020-01-31"}
    assert value(tmp_path, [LOAN, PAY, broken], curves(), "--quarantine", str(aside)) == 0
    found = pd.read_csv(aside).set_index("position_id")["reasons"]
    assert "receive (line 4) is set aside" in found["pay"]
    assert "maturity_date" in found["receive"]
    words = "1 swap leg shares its trade_id with no other row and is valued alone: pay."
    assert words not in capsys.readouterr().out
    assert value(tmp_path, [LOAN, PAY], curves()) == 0
    said = capsys.readouterr().out
    assert words in said


def test_what_the_market_lacks_is_named_beside_bad_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        LOAN | {"balance": "1,000"},
        LOAN | {"position_id": "strange", "currency": "XXX"},
        FLOATER | {"position_id": "lost", "index": "NOPE"},
    ]
    assert value(tmp_path, rows, curves()) == 3
    found = [f"{one['where']}: {one['rule']}. {one['hint']}" for one in faults(capsys)]
    assert len(found) == 4
    assert found[1].startswith("curves: no discount curve for XXX") and "strange (line 3)" in found[1]
    assert found[2].startswith("fx: no exchange rate from XXX to USD") and "strange (line 3)" in found[2]
    assert found[3].startswith("curves: no curve for USD `NOPE`") and "lost (line 4)" in found[3]


def test_volatilities_in_another_unit_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind, high in (("normal", 85.0), ("normal", 0.85), ("lognormal", 25.0)):
        vols().assign(kind=kind, value=high).to_csv(tmp_path / "vols.csv", index=False)
        assert value(tmp_path, [CAP], curves(), "--vols", str(tmp_path / "vols.csv")) == 3
        assert {(one["where"], one["column"]) for one in faults(capsys)} == {("vols.csv", "value")}
    for own, words in ((85.0, "85 bp is 0.0085"), (0.85, "it is read as normal")):
        assert value(tmp_path, [CAP | {"volatility": own}], curves()) == 3
        (fault,) = faults(capsys)
        assert (fault["line"], fault["column"]) == (2, "volatility")
        assert words in fault["rule"]
    vols().to_csv(tmp_path / "vols.csv", index=False)
    assert value(tmp_path, [CAP | {"volatility": 0.85}], curves(), "--vols", str(tmp_path / "vols.csv")) == 0


def test_a_missing_tenor_is_named_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vols().assign(strike=None).iloc[[0, 1, 2]].to_csv(tmp_path / "vols.csv", index=False)
    assert value(tmp_path, [CAP], curves(), "--vols", str(tmp_path / "vols.csv")) == 3
    (fault,) = faults(capsys)
    assert fault["line"] == 4
    assert fault["value"] == "2026-09-30, USD, SOFR, lognormal: expiry 60, no tenor 60"
