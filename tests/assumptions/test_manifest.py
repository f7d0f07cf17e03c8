"""Sets written by others: only the needed keys, every fault named, nothing guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.assumptions.effects import Direction, Driver, MonthMeaning, View
from behavior.assumptions.manifest import MANIFEST, parse_manifest
from behavior.assumptions.pass_through_path import RestingRate
from behavior.digests import sha256_of
from behavior.errors import FaultyInput
from behavior.io.set_folder import read_set

DECAY = "customer_type,month,value\n" + "".join(f"retail,{month},0.01\n" for month in range(1, 121))
BETA = "product,rate_level,value\nsavings,0.0,0.2\nsavings,0.04,0.5\n"
SPEED = "product,direction,value\nsavings,up,0.1\nsavings,down,0.25\n"


def hand_written(folder: Path, files: dict[str, str], entries: dict[str, str], top: str = "") -> Path:
    folder.mkdir()
    lines = [top or 'id = "2026-09-30.h1"\nas_of = 2026-09-30\nformat = 1\n']
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
        lines += ["[[curves]]", f'file = "{name}"', f'sha256 = "{sha256_of(text.encode())}"', entries[name]]
    (folder / MANIFEST).write_text("\n".join(lines))
    return folder


RUNOFF = (
    'effect = "RUNOFF"\ncause = "withdrawal"\nquantity = "MONTHLY_HAZARD"\nmonth_meaning = "SINCE_AS_OF"\n'
    'segments = ["customer_type"]\n'
)
TARGET = 'effect = "REPRICING"\nquantity = "MARGINAL_PASS_THROUGH"\ndrivers = ["RATE_LEVEL"]\nsegments = ["product"]\n'
ADJUSTMENT = (
    'effect = "REPRICING"\nquantity = "MONTHLY_ADJUSTMENT"\nsegments = ["product"]\ndelay_months = { up = 2 }\n'
)


def test_needed_keys_are_enough(tmp_path: Path) -> None:
    folder = hand_written(
        tmp_path / "set",
        {"decay.csv": DECAY, "beta.csv": BETA, "speed.csv": SPEED},
        {"decay.csv": RUNOFF, "beta.csv": TARGET, "speed.csv": ADJUSTMENT},
    )
    found = read_set(folder)
    decay, beta, speed = found.tables
    assert decay.month_meaning is MonthMeaning.SINCE_AS_OF
    assert decay.curve(("retail",)).at([1, 120, 400]).values.tolist() == [0.01, 0.01, 0.01]
    assert beta.curves[0].driver_grids[Driver.RATE_LEVEL].tolist() == [0.0, 0.04]
    assert speed.delay_months == {Direction.UP: 2}
    assert speed.curve(("savings",), Direction.DOWN).values == 0.25
    assert speed.curve(("savings",), Direction.DOWN).at().values == 0.25


def test_the_printed_manifest_is_read_key_by_key() -> None:
    manifest = parse_manifest(
        """
        id         = "2026-09-30.r1"
        as_of      = 2026-09-30
        format     = 1
        supersedes = "2026-06-30.r2"
        [[curves]]
        file = "mortgage_prepayment.csv"
        sha256 = "ABCD"
        effect = "RUNOFF"
        cause = "payoff"
        quantity = "MONTHLY_HAZARD"
        month_meaning = "SINCE_ORIGINATION"
        drivers = ["RATE_INCENTIVE", "MONTHS_IN_THE_MONEY"]
        driver_index = "MORTGAGE30"
        driver_tenor_months = 120
        lag_months = 1
        in_the_money_above = 0.005
        segments = ["product", "balance_band"]
        bands = { balance_band = { column = "balance", edges = [100000, 250000] } }
        season = [0.85, 0.86, 0.98, 1.02, 1.08, 1.12, 1.10, 1.10, 1.02, 1.00, 0.95, 0.92]
        averaged_over = { book = "sha256 0f", covariates = ["credit_score", "ltv"], macros = "held" }
        recovery = 0.6
        view = "minimum_balance"
        delay_months = 3
        resting_rates = [{ segment = ["savings", "0-100000"], level = 0.03, rate = -0.001 }]
        model = "mortgage_prepayment"
        model_version = 7
        spec_digest = "aa"
        data_digest = "bb"
        code_version = "1.4.0"
        author = "someone"
        """
    )
    entry = manifest.entries[0]
    table = entry.heading
    assert (manifest.supersedes, entry.file, entry.sha256) == ("2026-06-30.r2", "mortgage_prepayment.csv", "abcd")
    assert table.drivers == (Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY)
    assert (table.terms.index, table.terms.tenor_months, table.terms.lag_months) == ("MORTGAGE30", 120, 1)
    assert table.terms.in_the_money_above == 0.005
    assert table.scheme.bands["balance_band"].labels == ("0-100000", "100000-250000", "250000+")
    assert table.season is not None
    assert table.season[5] == 1.12
    assert table.averaged_over["covariates"] == "credit_score, ltv"
    assert table.recovery == 0.6
    assert entry.view is View.MINIMUM_BALANCE
    assert table.delay_months == {Direction.UP: 3, Direction.DOWN: 3}
    assert table.resting_rates == {("savings", "0-100000"): RestingRate(0.03, -0.001)}
    assert (table.provenance.model, table.provenance.model_version) == ("mortgage_prepayment", 7)
    assert manifest.unknown == ("$.curves[0].author",)


def test_every_fault_of_a_manifest_is_named() -> None:
    with pytest.raises(FaultyInput) as caught:
        parse_manifest(
            'as_of = "2026-09-30"\nformat = 2\n[[curves]]\nfile = "../x.csv"\neffect = "RUN_OFF"\nlag_month = 1\n'
            'quantity = "HAZARD"\nseason = "none"\n'
        )
    found = str(caught.value)
    for words in (
        "`$.id`: this key is needed",
        "`$.as_of`: found",
        "reads format 1",
        "`$.curves[0].sha256`: this key is needed",
        "in the set's own folder",
        "expected one of RUNOFF, REPRICING, DRAWDOWN",
        "Did you mean `lag_months`?",
        "`$.curves[0].quantity`",
        "expected a list of numbers",
    ):
        assert words in found
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cause = 1", "`$.curves[0].cause`: found '1': expected text in quotes"),
        ("lag_months = 1.5", "`$.curves[0].lag_months`: found '1.5': expected a whole number"),
        ("driver_tenor_months = true", "`$.curves[0].driver_tenor_months`: found 'True': expected a whole number"),
        ('recovery = "all"', "`$.curves[0].recovery`"),
        ('drivers = "RATE_LEVEL"', "expected a list of texts"),
        ('drivers = ["RATE_LEVELS"]', "expected some of RATE_INCENTIVE"),
        ('view = "net"', "expected with_redeposits or minimum_balance"),
        ("bands = 1", "expected a table in braces"),
        ('bands = { x = { column = "y" } }', "`$.curves[0].bands.x.edges`: this key is needed"),
        ("delay_months = { sideways = 1 }", "`$.curves[0].delay_months.sideways`: expected up or down"),
        ('month_meaning = "SINCE"', "expected one of SINCE_AS_OF"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(line: str, words: str) -> None:
    kept = "\n".join(one for one in RUNOFF.splitlines() if one.split(" ")[0] != line.split(" ")[0])
    text = f'id = "r1"\nas_of = 2026-09-30\nformat = 1\n[[curves]]\nfile = "x.csv"\nsha256 = "0"\n{kept}\n{line}\n'
    with pytest.raises(FaultyInput) as caught:
        parse_manifest(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["id = ", 'id = "a b"\nas_of = 2026-09-30\nformat = 1\ncurves = 1\n'])
def test_no_manifest_at_all_is_refused(text: str) -> None:
    with pytest.raises(FaultyInput, match=r"manifest\.toml"):
        parse_manifest(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DECAY.replace("retail,7,0.01", "retail,7,1.01"), "line 8, column `value`: found '1.01': expected a share in"),
        (DECAY.replace("retail,7,0.01", "retail,7,nan"), "line 8, column `value`: found 'nan': expected a number"),
        (DECAY.replace("retail,7,0.01", "retail,7,"), "line 8, column `value`: found ''"),
        (DECAY.replace("retail,7,0.01", 'retail,7,"0,01"'), "line 8, column `value`: found '0,01'"),
        (DECAY.replace("retail,7,0.01", "retail,7,0.01,5"), "line 8: expected 3 comma-separated fields"),
        (DECAY.replace("retail,7,0.01", "retail,6,0.01"), "line 8: segment retail: this cell of the grid was given"),
        (DECAY.replace("retail,7,0.01\n", ""), None),
        (DECAY.replace("retail,7,0.01", "retail,7.5,0.01"), "expected a whole month"),
        (DECAY.replace("retail,7,0.01", ",7,0.01"), "write `pooled` for a fallback"),
        (DECAY.replace("retail,120,0.01\n", ""), "at least 120 months"),
        (DECAY.replace("customer_type", "type"), "column `customer_type`: expected this column; there are type, month"),
        (DECAY.replace(",", ";"), "separated by semicolons"),
        ("", "the file is empty"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(tmp_path: Path, text: str, words: str | None) -> None:
    folder = hand_written(tmp_path / "set", {"decay.csv": text}, {"decay.csv": RUNOFF})
    if words is None:
        # A month that is left out is no fault: the curve is linear between its months.
        assert read_set(folder).tables[0].curves[0].at(7).values == pytest.approx(0.01)
        return
    with pytest.raises(FaultyInput) as caught:
        read_set(folder)
    assert words in str(caught.value)
    assert "decay.csv" in str(caught.value)


def test_all_tables_faults_come_at_once(tmp_path: Path) -> None:
    folder = hand_written(
        tmp_path / "set",
        {"decay.csv": DECAY.replace("0.01", "-0.01"), "beta.csv": BETA.replace("0.5", "50"), "speed.csv": SPEED},
        {"decay.csv": RUNOFF, "beta.csv": TARGET, "speed.csv": ADJUSTMENT},
    )
    with pytest.raises(FaultyInput) as caught:
        read_set(folder)
    assert len(caught.value.faults) == 121
    assert "40% is 0.4" in str(caught.value)


def test_a_ragged_grid_says_which_cell_is_missing(tmp_path: Path) -> None:
    text = "product,rate_incentive,month,value\n" + "".join(
        f"fixed,{incentive},{month},0.01\n" for incentive in (-0.01, 0.01) for month in range(1, 121)
    )
    entry = RUNOFF.replace("customer_type", "product") + 'drivers = ["RATE_INCENTIVE"]\n'
    folder = hand_written(tmp_path / "set", {"p.csv": text.replace("fixed,0.01,33,0.01\n", "")}, {"p.csv": entry})
    with pytest.raises(FaultyInput, match=r"1 of 240 cells of the grid are missing, the first at \(0.01, 33\)"):
        read_set(folder)


def test_a_view_in_the_manifest_serves_the_whole_file(tmp_path: Path) -> None:
    entry = RUNOFF + 'view = "minimum_balance"\n'
    folder = hand_written(tmp_path / "set", {"decay.csv": DECAY}, {"decay.csv": entry})
    assert read_set(folder).tables[0].curves[0].view is View.MINIMUM_BALANCE


def test_line_ends_and_marks_of_other_systems_are_read(tmp_path: Path) -> None:
    text = "\ufeff" + DECAY.replace("\n", "\r\n")
    folder = hand_written(tmp_path / "set", {"decay.csv": text}, {"decay.csv": RUNOFF})
    assert np.array_equal(read_set(folder).tables[0].curves[0].values, np.full(120, 0.01))
