"""Neutral CSVs of vendors and committees: constants, speeds, vectors and betas become sets; every fault is listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Direction, Driver, MonthMeaning, View
from behavior.assumptions.matching import match_segments
from behavior.assumptions.readings import readings
from behavior.assumptions.set import AssumptionSet
from behavior.errors import FaultyInput
from behavior.io.exchange import import_set
from behavior.io.set_folder import read_set, write_set
from behavior.quantities import annual_to_monthly, psa_to_cpr
from tests.assumption_examples import AS_OF

INCUMBENT = """effect,cause,quantity,product,month,value
RUNOFF,payoff,PSA,mortgage,,150
RUNOFF,payoff,CPR,pooled,,0.06
RUNOFF,withdrawal,ANNUAL_DECAY,savings,,0.12
REPRICING,,BETA,savings,,0.4
"""


def bring(folder: Path, text: str, terms: str | None = None) -> AssumptionSet:
    path = folder / "incumbent.csv"
    path.write_text(text)
    if terms is None:
        return import_set(path, "v1", AS_OF)
    (folder / "terms.toml").write_text(terms)
    return import_set(path, "v1", AS_OF, folder / "terms.toml")


def faults(folder: Path, text: str, terms: str | None = None) -> str:
    with pytest.raises(FaultyInput) as caught:
        bring(folder, text, terms)
    return str(caught.value)


def test_psa_is_the_standard_ramp() -> None:
    # Quantitative 5.1: 100 PSA is 0.2% in month 1 and 6% from month 30; 150 PSA in month 5 is 1.5%; capped at 1.
    ages = np.array([1.0, 5.0, 30.0, 200.0])
    assert psa_to_cpr(np.full(4, 100.0), ages) == pytest.approx([0.002, 0.01, 0.06, 0.06])
    assert psa_to_cpr(np.full(4, 150.0), ages)[1] == pytest.approx(0.015)
    assert psa_to_cpr(np.full(4, 2000.0), ages)[-1] == 1.0


def test_simple_vendor_shapes_become_a_set(tmp_path: Path) -> None:
    found = bring(tmp_path, INCUMBENT)
    assert [table.name for table in found.tables] == [
        "runoff_payoff",
        "runoff_withdrawal",
        "repricing_target",
        "repricing_speed",
    ]
    payoff, decay, beta, speed = found.tables
    assert payoff.month_meaning is MonthMeaning.SINCE_ORIGINATION
    assert decay.month_meaning is MonthMeaning.SINCE_AS_OF
    assert payoff.curve(("mortgage",)).at(5).values == pytest.approx(0.00125868, abs=5e-9)
    assert payoff.curve(("pooled",)).at(300).values == pytest.approx(0.00514301, abs=5e-9)
    assert decay.curve(("savings",)).survival()[11] == pytest.approx(0.88)
    assert beta.curves[0].values == 0.4
    assert speed.curve(("savings",), Direction.UP).values == 1.0
    assert {one.measure: one.value for one in readings(found)}["half-life up"] == 0.0


def test_a_vector_by_month_and_driver_with_terms(tmp_path: Path) -> None:
    rows = [
        f"RUNOFF,payoff,CPR,fixed,0-100000,{incentive},{month},{0.05 + 10 * incentive + month / 1e4!r},100"
        for incentive in (0.0, 0.01)
        for month in range(1, 121)
    ]
    terms = """
    source = "vendor model 4.1"
    note = "the incumbent"
    bands = { balance_band = { column = "balance", edges = [100000, 250000] } }
    [tables.runoff_payoff]
    month_meaning = "SINCE_AS_OF"
    driver_index = "MORTGAGE30"
    driver_tenor_months = 120
    lag_months = 2
    season = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    """
    head = "effect,cause,quantity,product,balance_band,rate_incentive,month,value,exposure_months"
    found = bring(tmp_path, "\n".join([head, *rows]), terms)
    (table,) = found.tables
    assert found.note == "the incumbent"
    assert table.provenance.source == "vendor model 4.1"
    assert table.scheme.bands["balance_band"].edges == (100_000.0, 250_000.0)
    assert (table.terms.index, table.terms.lag_months) == ("MORTGAGE30", 2)
    assert table.month_meaning is MonthMeaning.SINCE_AS_OF
    value = table.curves[0].at(60, {Driver.RATE_INCENTIVE: 0.01}).values
    assert value == pytest.approx(annual_to_monthly(0.05 + 0.1 + 0.006))


def test_a_level_dependent_beta_with_its_own_speed(tmp_path: Path) -> None:
    text = """effect,quantity,product,direction,rate_level,value
REPRICING,MARGINAL_PASS_THROUGH,savings,,0.0,0.1
REPRICING,MARGINAL_PASS_THROUGH,savings,,0.05,0.6
REPRICING,MONTHLY_ADJUSTMENT,savings,up,,0.1
REPRICING,MONTHLY_ADJUSTMENT,savings,down,,0.3
"""
    found = bring(tmp_path, text, "[tables.repricing_speed]\ndelay_months = { up = 2 }\n")
    target, speed = found.tables
    assert target.drivers == (Driver.RATE_LEVEL,)
    assert speed.drivers == ()
    assert speed.delay_months == {Direction.UP: 2}
    assert speed.curve(("savings",), Direction.DOWN).values == 0.3


def test_columns_that_a_table_leaves_blank_are_not_its_segments(tmp_path: Path) -> None:
    text = """effect,cause,quantity,product,customer_type,value
RUNOFF,payoff,CPR,mortgage,,0.05
RUNOFF,withdrawal,ANNUAL_DECAY,,retail,0.1
"""
    payoff, decay = bring(tmp_path, text).tables
    assert (payoff.scheme.columns, decay.scheme.columns) == (("product",), ("customer_type",))


def test_all_faults_come_at_once_with_line_and_column(tmp_path: Path) -> None:
    text = INCUMBENT.replace(",150", ",fast").replace("0.12", "12").replace("0.4", "40").replace("0.06", "")
    found = faults(tmp_path, text)
    assert "4 faults found" in found
    assert "line 2, column `value`: found 'fast': expected a speed" in found
    assert "line 3, column `value`: found '': expected a share a year" in found
    assert "line 4, column `value`: found '12'" in found
    assert "line 5, column `value`: found '40'" in found


def test_unknown_words_are_refused(tmp_path: Path) -> None:
    found = faults(tmp_path, INCUMBENT.replace("RUNOFF,payoff,PSA", "RUN,payoff,SPEED"))
    assert "line 2, column `effect`: found 'RUN': expected one of RUNOFF, REPRICING, DRAWDOWN" in found
    assert "line 2, column `quantity`: found 'SPEED'" in found


def test_every_fault_is_listed_whatever_else_is_wrong(tmp_path: Path) -> None:
    text = """effect,cause,quantity,product,month,value
RUNOFF,payoff,PSA,m,,nan
RUNOFF,payoff,CPR,m,0,inf
RUNOFFF,payoff,CPR,m,,0.1
RUNOFF,payoff,CPR,m,,6
RUNOFF,payoff,CPRR,m,,x
DRAWDOWN,,CPR,n,,0.1
REPRICING,x,BETA,s,,0.3
RUNOFF,,PSA,s,,100
RUNOFF,payoff,CPR,m,,1,000
RUNOFF,withdrawal,MONTHLY_HAZARD,,,1.5
RUNOFF,withdrawal,MONTHLY_HAZARD,k,,0.01
"""
    found = faults(tmp_path, text, "sauce = 1\n")
    for words in (
        "14 faults found",
        "line 2, column `value`: found 'nan'",
        "line 3, column `value`: found 'inf'",
        "line 3, column `month`: found '0'",
        "line 4, column `effect`: found 'RUNOFFF'",
        "line 5, column `value`: found '6'",
        "line 6, column `quantity`: found 'CPRR': expected one of MONTHLY_HAZARD, CPR, PSA, ANNUAL_DECAY",
        "line 6, column `value`: found 'x': expected a number",
        "line 7, column `quantity`: found 'CPR': DRAWDOWN needs DRAWN_SHARE",
        "line 8, column `cause`: found 'x': REPRICING has no cause",
        "line 9, column `cause`: found '': RUNOFF needs a cause",
        "line 10: expected 6 comma-separated fields",
        "line 11, column `value`: found '1.5': expected a share in [0, 1]",
        "line 11, column `product`: found ''",
        "terms.toml, key `$.sauce`: there is no such key",
    ):
        assert words in found


VIEWS = """effect,cause,quantity,product,view,month,value
RUNOFF,withdrawal,ANNUAL_DECAY,savings,,,0.5
RUNOFF,withdrawal,ANNUAL_DECAY,checking,minimum_balance,,0.1
REPRICING,,BETA,savings,,,0.4
"""


def test_a_blank_view_speaks_for_every_view_after_writing_too(tmp_path: Path) -> None:
    written = write_set(bring(tmp_path, VIEWS), tmp_path / "set")
    found = read_set(tmp_path / "set")
    assert {(curve.segment, curve.view) for curve in found.table("runoff_withdrawal").curves} == {
        (("savings",), None),
        (("checking",), View.MINIMUM_BALANCE),
    }
    assert readings(found) == readings(written)
    rows = pd.DataFrame({"product": ["savings", "checking"]})
    for view, how in ((None, ["own", "none"]), (View.MINIMUM_BALANCE, ["own", "own"])):
        assert list(match_segments(rows, found.table("runoff_withdrawal"), view).how) == how


def test_the_terms_name_the_view_of_a_table_whose_rows_name_none(tmp_path: Path) -> None:
    terms = "[tables.runoff_withdrawal]\nview = 'minimum_balance'\n"
    for text in (INCUMBENT, VIEWS.replace("minimum_balance", "")):
        write_set(bring(tmp_path, text, terms), tmp_path / f"set {len(text)}")
        (found,) = {curve.view for curve in read_set(tmp_path / f"set {len(text)}").table("runoff_withdrawal").curves}
        assert found is View.MINIMUM_BALANCE
    assert "$.tables.runoff_withdrawal.view`: the CSV says this" in faults(tmp_path, VIEWS, terms)
    assert "expected with_redeposits or minimum_balance" in faults(tmp_path, INCUMBENT, terms.replace("minimum", "x"))
    two = "[tables.runoff_withdrawal]\nview = ['minimum_balance', 'with_redeposits']\n"
    assert "expected one view" in faults(tmp_path, INCUMBENT, two)


def test_a_segment_is_not_given_for_every_view_and_for_one(tmp_path: Path) -> None:
    found = faults(tmp_path, VIEWS.replace("checking", "savings"))
    assert "1 fault found" in found
    assert "line 2, column `view`: found '': a row without a view speaks for every view" in found


def test_a_constant_out_of_range_is_one_fault_not_one_a_month(tmp_path: Path) -> None:
    found = faults(tmp_path, "effect,cause,quantity,value\nRUNOFF,payoff,MONTHLY_HAZARD,1.5\n")
    assert "1 fault found" in found
    assert "line 2" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("effect,cause\nRUNOFF,payoff\n", "column `quantity`: expected this column; there are effect, cause"),
        ("", "the file is empty"),
        (
            "effect;cause;quantity;value\nRUNOFF;payoff;CPR;0,1\n",
            "line 1: expected commas between the fields; this file is",
        ),
        ("effect\tvalue\nRUNOFF\t1\n", "separated by tabs"),
        ("effect,cause,quantity,value\n", "expected at least one row below the header"),
        ("effect,cause,quantity,product,product,value\n", "column `product`: expected each column once"),
        ("effect,cause,quantity,effect,value\n", "column `effect`: expected each column once"),
        ("effect,cause,quantity,value,value\n", "column `value`: expected each column once"),
        (
            "effect,cause,quantity,value\nRUNOFF,../../evil,PSA,150\n",
            "line 2, column `cause`: found '../../evil': expected",
        ),
        ("effect,cause,quantity,value\nRUNOFF,..,PSA,150\n", "line 2, column `cause`: found '..': expected letters"),
        ("effect,quantity,direction,value\nREPRICING,BETA,up,0.4\n", "a pass-through is the same up and down"),
        ("effect,cause,quantity,month,value\nRUNOFF,payoff,CPR,1e9,0.1\n", "expected a whole month from 1 to 480"),
        ("effect,cause,quantity,value\nRUNOFF,payoff,CPR,1,000\n", "line 2: expected 4 comma-separated fields"),
        ("effect,cause,quantity,value\nRUNOFF,,CPR,0.1\n", "needs a cause"),
        ("effect,cause,quantity,month,value\nRUNOFF,payoff,CPR,1,0.1\n", "at least 120 months"),
        ("effect,quantity,value\nRUNOFF,MARGINAL_PASS_THROUGH,0.1\n", "RUNOFF needs MONTHLY_HAZARD"),
        ("effect,cause,quantity,product,value\nRUNOFF,payoff,CPR,a,0.1\nRUNOFF,payoff,CPR,a,0.2\n", "given before"),
        ("effect,cause,quantity,product,value\nRUNOFF,payoff,CPR,a,0.1\nRUNOFF,payoff,CPR,,0.2\n", "`pooled`"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in faults(tmp_path, text)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("sauce = 1\n", "`$.sauce`: there is no such key"),
        ("tables = 1\n", "`$.tables`: found '1': expected a table"),
        ("[tables]\nrunoff_payoff = 1\n", "`$.tables.runoff_payoff`: found '1': expected a table"),
        ("[tables.runoff_default]\nrecovery = 1\n", "no such table; there are runoff_payoff"),
        ("[tables.runoff_payoff]\nquantity = 'CPR'\n", "the CSV says this"),
        ("[tables.runoff_payoff]\nlag_month = 1\n", "Did you mean `lag_months`?"),
        ("[tables.runoff_payoff]\nseason = [1, 2]\n", "12 factors"),
        ("[tables.runoff_payoff]\nlag_months = inf\n", "lag_months`: found 'inf': expected a whole number"),
        ("[tables.runoff_payoff]\nin_the_money_above = nan\n", "above`: found 'nan': expected a finite number"),
        ("tables = \n", "expected TOML"),
    ],
)
def test_bad_terms_are_refused(tmp_path: Path, terms: str, words: str) -> None:
    assert words in faults(tmp_path, INCUMBENT, terms)
