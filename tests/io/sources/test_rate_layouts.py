"""Published rate series on small files written in their layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.contracts import check
from behavior.errors import FaultyInput, SpecFault
from behavior.io.mapping import map_table
from behavior.io.mapping_terms import TableMap
from behavior.io.sources.registry import LAYOUTS, layout_of, read_whole
from behavior.io.sources.treasury import bootstrap
from behavior.market.contracts import CURVES_TABLE, RATES_TABLE
from behavior.panel.contracts import PRODUCT_RATES


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def _read(layout: str, path: Path) -> list[tuple[str, str, float]]:
    raw = read_whole(layout, path)
    assert raw.faults == ()
    assert check(raw.table, RATES_TABLE, raw.place) == []
    days = raw.table["date"].dt.strftime("%Y-%m-%d")
    return [
        (day, index, round(value, 12))
        for day, index, value in zip(days, raw.table["index"], raw.table["value"], strict=True)
    ]


def test_pmms(tmp_path: Path) -> None:
    head = "date,pmms30,pmms30p,pmms15,pmms15p,pmms51,pmms51p,pmms51m,pmms51spread"
    text = f"{head}\n4/2/1971,7.33, , , , , , , \n9/1/1991,9.24,1.9,8.92,1.8,,,,\n"
    assert _read("freddie_mac_pmms", _write(tmp_path / "pmms.csv", text)) == [
        ("1991-09-01", "MORTGAGE15", 0.0892),
        ("1971-04-02", "MORTGAGE30", 0.0733),
        ("1991-09-01", "MORTGAGE30", 0.0924),
    ]


@pytest.mark.parametrize("head", ["observation_date", "DATE"])
def test_fred_months_are_known_at_their_end(tmp_path: Path, head: str) -> None:
    text = f"{head},FEDFUNDS,SNDR\n2021-03-01,0.07,.\n2021-04-01,0.07,0.04\n"
    assert _read("fred", _write(tmp_path / "fred.csv", text)) == [
        ("2021-03-31", "FEDFUNDS", 0.0007),
        ("2021-04-30", "FEDFUNDS", 0.0007),
        ("2021-04-30", "SNDR", 0.0004),
    ]
    daily = f"{head},DGS10\n2021-03-01,1.45\n2021-03-02,1.42\n"
    assert [day for day, _, _ in _read("fred", _write(tmp_path / "daily.csv", daily))] == ["2021-03-01", "2021-03-02"]


@pytest.mark.parametrize(
    ("days", "ends"),
    [
        (["2020-01-01", "2020-04-01", "2020-10-01"], ["2020-03-31", "2020-06-30", "2020-12-31"]),
        (["2018-01-01", "2019-01-01", "2021-01-01"], ["2018-12-31", "2019-12-31", "2021-12-31"]),
        (["2020-01-01", "2020-07-01"], ["2020-06-30", "2020-12-31"]),
        (["2020-01-01", "2020-03-01", "2020-04-01"], ["2020-01-31", "2020-03-31", "2020-04-30"]),
        (["2020-01-01"], ["2020-01-31"]),
        (["2020-01-02"], ["2020-01-02"]),
    ],
    ids=["quarters", "years", "half years", "months with one missing", "one month", "one day"],
)
def test_fred_periods_are_known_at_their_end(tmp_path: Path, days: list[str], ends: list[str]) -> None:
    text = "\n".join(["observation_date,X", *(f"{day},1" for day in days)])
    assert [day for day, _, _ in _read("fred", _write(tmp_path / "fred.csv", text))] == ends


def test_fred_quarters_beside_months(tmp_path: Path) -> None:
    text = "observation_date,M,Q\n" + "".join(f"2020-{m:02}-01,1,{'2' if m % 3 == 1 else ''}\n" for m in range(1, 10))
    found = _read("fred", _write(tmp_path / "fred.csv", text))
    assert [day for day, index, _ in found if index == "Q"] == ["2020-03-31", "2020-06-30", "2020-09-30"]
    assert [day for day, index, _ in found if index == "M"][:3] == ["2020-01-31", "2020-02-29", "2020-03-31"]


def test_fred_months_beside_days(tmp_path: Path) -> None:
    """A month's average is not known on the month's first day because a daily series stands beside it."""
    rows = "2020-01-01,1,3\n2020-01-02,,3\n2020-01-15,,3\n2020-02-01,2,4\n"
    found = _read("fred", _write(tmp_path / "fred.csv", f"observation_date,M,D\n{rows}"))
    assert [day for day, index, _ in found if index == "M"] == ["2020-01-31", "2020-02-29"]
    assert [day for day, index, _ in found if index == "D"] == ["2020-01-01", "2020-01-02", "2020-01-15", "2020-02-01"]


def test_an_older_fred_file_names_its_series(tmp_path: Path) -> None:
    text = "DATE,VALUE\n2010-01-01,0.11\n2010-02-01,0.13\n"
    found = _read("fred", _write(tmp_path / "FEDFUNDS.csv", text))
    assert [(day, index) for day, index, _ in found] == [("2010-01-31", "FEDFUNDS"), ("2010-02-28", "FEDFUNDS")]


ECB = """KEY,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS,TITLE
MIR.M.DE.B.L22.F.R.A.2250.EUR.N,M,DE,2021-01,0.15,A,"Deposits, agreed maturity"
MIR.M.DE.B.L22.F.R.A.2250.EUR.N,M,DE,2021-02,,M,"Deposits, agreed maturity"
MIR.M.FR.B.L22.F.R.A.2250.EUR.N,M,FR,2021-01,0.60,A,"Deposits, agreed maturity"
"""


def test_ecb_series(tmp_path: Path) -> None:
    path = _write(tmp_path / "ecb.csv", ECB)
    assert _read("ecb", path) == [
        ("2021-01-31", "MIR.M.DE.B.L22.F.R.A.2250.EUR.N", 0.0015),
        ("2021-01-31", "MIR.M.FR.B.L22.F.R.A.2250.EUR.N", 0.006),
    ]
    policy = "KEY,TIME_PERIOD,OBS_VALUE\nFM.B.U2.EUR.4F.KR.DFR.LEV,2022-07-27,0\nFM.Q.X,2022-Q3,1\n"
    assert [one[0] for one in _read("ecb", _write(tmp_path / "policy.csv", policy))] == ["2022-07-27", "2022-09-30"]


def test_ecb_series_in_columns(tmp_path: Path) -> None:
    """The portal's other form of CSV: a column a series, its key at the end of the title."""
    text = """"DATE","TIME PERIOD","Deposit facility, level (FM.B.U2.EUR.4F.KR.DFR.LEV)","Overnight (MIR.M.DE.B.L21)"
"2024-05-31","2024May","","0.61"
"2024-06-12","12 Jun 2024","3.75",""
"2024-06-30","2024Jun","","x"
"""
    path = _write(tmp_path / "ecb.csv", text)
    raw = read_whole("ecb", path)
    assert raw.table["index"].tolist() == ["FM.B.U2.EUR.4F.KR.DFR.LEV", "MIR.M.DE.B.L21"]
    assert raw.table["value"].tolist() == pytest.approx([0.0375, 0.0061], abs=1e-15)
    assert raw.table["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-06-12", "2024-05-31"]
    assert [(fault.line, fault.value) for fault in raw.faults] == [(4, "x")]


def test_ecb_deposit_rates_by_country(tmp_path: Path) -> None:
    raw = read_whole("ecb_deposit_rates", _write(tmp_path / "mir.csv", ECB))
    assert raw.table["region"].tolist() == ["DE", "FR"]
    assert set(raw.table["product"]) == {"L22.F.2250.N"}
    assert set(raw.table["currency"]) == {"EUR"}
    assert check(raw.table, PRODUCT_RATES) == []
    with pytest.raises(FaultyInput, match="expected series keys of the flow MIR"):
        read_whole("ecb_deposit_rates", _write(tmp_path / "fm.csv", "KEY,TIME_PERIOD,OBS_VALUE\nFM.B,2021-01,1\n"))


def test_ecb_volumes_are_no_rates_and_new_business_is_apart(tmp_path: Path) -> None:
    series = {
        "F.R.A.2250.EUR.N": "0.15",
        "F.R.A.2250.EUR.O": "0.35",
        "F.B.A.2250.EUR.N": "15000",
        "F.B.A.2250.EUR.O": "x",
    }
    lines = [f"MIR.M.DE.B.L22.{key},2021-01,{value}" for key, value in series.items()]
    loan = "MIR.M.DE.B.A2C.A.R.A.2250.EUR.N,2021-01,1.30"
    path = _write(tmp_path / "mir.csv", "\n".join(["KEY,TIME_PERIOD,OBS_VALUE", *lines, loan]))
    raw = read_whole("ecb_deposit_rates", path)
    assert raw.faults == () and check(raw.table, PRODUCT_RATES, raw.place) == []
    assert raw.table[["product", "rate_paid"]].round(12).to_numpy().tolist() == [
        ["L22.F.2250.N", 0.0015],
        ["L22.F.2250.O", 0.0035],
    ]
    assert raw.place.lines is not None and raw.place.lines.tolist() == [2, 3]
    assert raw.notes[:2] == (
        "mir.csv: 2 rows of volumes and other data that are no agreed rate dropped",
        "mir.csv: 1 rows of loans dropped",
    )


def test_snb_cube(tmp_path: Path) -> None:
    text = (
        '"CubeId";"zikrepro"\n"PublishingDate";"2023-11-01 09:00"\n\n"Date";"D0";"Value"\n'
        '"2023-08";"SPE";"0.67"\n"2023-09";"SPE";"0.69"\n"2023-09";"M";""\n'
    )
    assert _read("snb", _write(tmp_path / "snb.csv", text, "utf-8-sig")) == [
        ("2023-08-31", "zikrepro/SPE", 0.0067),
        ("2023-09-30", "zikrepro/SPE", 0.0069),
    ]


def test_snb_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "snb.csv", "CubeId;Zürich\n\nDate;D0;Value\n2023-08;SPE;0.67\n", "latin-1")
    with pytest.raises(FaultyInput, match=r"snb\.csv, line 1: .*expected text in utf-8"):
        read_whole("snb", path)


def test_snb_lines_with_another_number_of_cells_are_named(tmp_path: Path) -> None:
    text = "CubeId;zikrepro\n\nDate;D0;Value\n2023-08;SPE;0.67\n2023-09;SPE\n\n2023-10;SPE;0.69;1\n2023-11;SPE;0.70\n"
    raw = read_whole("snb", _write(tmp_path / "snb.csv", text))
    assert raw.table["date"].dt.month.tolist() == [8, 11]
    assert [(one.line, one.rule, one.value) for one in raw.faults] == [
        (5, "expected 3 cells, found 2", "2023-09;SPE"),
        (7, "expected 3 cells, found 4", "2023-10;SPE;0.69;1"),
    ]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("snb", "CubeId;zikrepro\n\nDate;D0;Value\n"),
        ("ecb_deposit_rates", "KEY,TIME_PERIOD,OBS_VALUE\nMIR.M.DE.B.L22.F.B.A.2250.EUR.N,2021-01,15000\n"),
        ("fred", "DATE,X\n2020-01-01,.\n"),
    ],
)
def test_a_file_without_a_single_rate_has_no_rows(tmp_path: Path, layout: str, text: str) -> None:
    raw = read_whole(layout, _write(tmp_path / "file.csv", text))
    assert len(raw.table) == 0 and raw.faults == ()


TREASURY = """Date,"1 Mo","1.5 Month","3 Mo","6 Mo","1 Yr","2 Yr","10 Yr","30 Yr"
03/31/2022,0.17,0.2,0.52,1.06,1.63,2.28,2.32,2.44
03/30/2022,0.00,N/A,0.55,1.09,1.67,2.31,2.35,0.00
"""


def test_treasury_par_yields_as_indices(tmp_path: Path) -> None:
    found = _read("treasury_par_rates", _write(tmp_path / "ust.csv", TREASURY))
    assert ("2022-03-31", "UST_10Y", 0.0232) in found
    assert ("2022-03-30", "UST_3M", 0.0055) in found
    # 0.00 before a short tenor's first quote and beyond a year is no quote.
    assert not any(day == "2022-03-30" and index in ("UST_1M", "UST_30Y") for day, index, _ in found)
    real_zero = "Date,1 Mo\n12/01/20,0.10\n12/02/20,0.00\n"
    assert ("2020-12-02", "UST_1M", 0.0) in _read("treasury_par_rates", _write(tmp_path / "zero.csv", real_zero))


def test_the_archive_of_the_treasury_names_its_columns_in_small_letters(tmp_path: Path) -> None:
    year = _read("treasury_par_rates", _write(tmp_path / "ust.csv", TREASURY))
    head, rows = TREASURY.split("\n", 1)
    assert _read("treasury_par_rates", _write(tmp_path / "archive.csv", f"{head.lower()}\n{rows}")) == year


def test_treasury_zero_curves(tmp_path: Path) -> None:
    raw = read_whole("treasury_zero_curves", _write(tmp_path / "ust.csv", TREASURY))
    assert check(raw.table, CURVES_TABLE) == []
    last = raw.table[raw.table["as_of"] == pd.Timestamp("2022-03-31")]
    assert last["months"].tolist() == [1, 3, 6, 12, 24, 120, 360]
    assert last["zero_rate"].iloc[0] == pytest.approx(2 * np.log1p(0.0017 / 2))


@given(st.lists(st.floats(-0.005, 0.12), min_size=5, max_size=5))
def test_bootstrapped_curves_reprice_par_bonds(yields: list[float]) -> None:
    months = np.array([6, 12, 24, 60, 120])
    par = np.array(yields)
    zero = bootstrap(months, par)
    grid = np.arange(6, 121, 6)
    coupon = np.interp(grid, months, par) / 2
    factors: list[float] = []
    for c in coupon:
        factors.append((1 - c * sum(factors)) / (1 + c))
    for month, rate, quote in zip(months, zero, par, strict=True):
        n = month // 6
        # The bond of each quoted tenor is worth par on the factors, and the curve passes through them.
        assert quote / 2 * sum(factors[:n]) + factors[n - 1] == pytest.approx(1.0, abs=1e-12)
        assert np.exp(-rate * month / 12) == pytest.approx(factors[n - 1], abs=1e-12)


def test_a_flat_par_curve_is_a_flat_zero_curve() -> None:
    zero = bootstrap(np.array([1, 6, 12, 120, 360]), np.full(5, 0.04))
    np.testing.assert_allclose(zero, 2 * np.log(1.02), atol=1e-14)


# The Treasury publishes real yields in a file of the same form: as par yields they would be some 2% too low.
REAL_YIELDS = 'Date,"5 YR","7 YR","10 YR","20 YR","30 YR"\n01/03/2023,1.68,1.61,1.58,1.62,1.66\n'


@pytest.mark.parametrize(
    ("layout", "text", "words"),
    [
        ("freddie_mac_pmms", "week,pmms30\n", "column `date`: expected this column"),
        ("fred", "day,X\n2021-01-01,1\n", "expected observation_date or DATE as first column"),
        ("ecb", "KEY,TIME,OBS_VALUE\n", "column `TIME_PERIOD`: expected this column"),
        ("fred", "DATE\n2021-01-01\n", "expected a column a series beside DATE"),
        ("snb", "Date;Wert\n", "expected a line Date;D0;...;Value"),
        ("treasury_par_rates", "Date,Rate\n", "expected the columns Date, 1 Mo ... 30 Yr"),
        ("treasury_par_rates", REAL_YIELDS, "these are the columns of the real yields"),
        ("treasury_zero_curves", REAL_YIELDS, "these are the columns of the real yields"),
        ("treasury_par_rates", REAL_YIELDS.lower(), "these are the columns of the real yields"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, layout: str, text: str, words: str) -> None:
    with pytest.raises(FaultyInput, match=words.replace(".", r"\.")):
        read_whole(layout, _write(tmp_path / "file.csv", text))


def test_bad_quotes_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "pmms.csv", "date,pmms30\n4/2/1971,seven\n1971-04-09,7.31\n")
    assert [(one.line, one.column, one.value) for one in read_whole("freddie_mac_pmms", path).faults] == [
        (2, "pmms30", "seven"),
        (3, "date", "1971-04-09"),
    ]


def test_a_bad_cell_is_named_by_its_own_column_and_a_bad_date_once(tmp_path: Path) -> None:
    text = 'observation_date,DGS10,DGS2\n2024-01-02,3.95%,inf\n2024-13-02,3.9,4.0\n2024-01-04,"4,01",.\n'
    faults = read_whole("fred", _write(tmp_path / "fred.csv", text)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [
        (2, "DGS10", "3.95%"),
        (4, "DGS10", "4,01"),
        (2, "DGS2", "inf"),
        (3, "observation_date", "2024-13-02"),
    ]
    text = "KEY,TIME_PERIOD,OBS_VALUE\nFM.W.X,2024-W05,4.5\n"
    faults = read_whole("ecb", _write(tmp_path / "ecb.csv", text)).faults
    assert [(one.line, one.column, one.value) for one in faults] == [(2, "TIME_PERIOD", "2024-W05")]


def test_periods_of_the_ecb_end_on_their_last_day(tmp_path: Path) -> None:
    periods = ["2023", "2024-S1", "2024-H2", "2024-02", "2025-Q3", "2025Q4", "2025-12-05"]
    text = "KEY,TIME_PERIOD,OBS_VALUE\n" + "".join(f"K{i},{one},1\n" for i, one in enumerate(periods))
    found = _read("ecb", _write(tmp_path / "ecb.csv", text))
    days = ["2023-12-31", "2024-06-30", "2024-12-31", "2024-02-29", "2025-09-30", "2025-12-31", "2025-12-05"]
    assert [day for day, _, _ in found] == days


def test_a_quote_of_the_treasury_that_is_no_number_is_a_fault(tmp_path: Path) -> None:
    text = 'Date,1 Mo,2 Yr\n01/02/2024,N/A,"4,33"\n01/03/2024,,4.36\n01/04/2024,x,4.38\n'
    for layout in ("treasury_par_rates", "treasury_zero_curves"):
        raw = read_whole(layout, _write(tmp_path / "ust.csv", text))
        assert [(one.line, one.column, one.value) for one in raw.faults] == [(4, "1 Mo", "x"), (2, "2 Yr", "4,33")]


def test_a_profile_may_name_a_layout(tmp_path: Path) -> None:
    _write(tmp_path / "pmms.csv", "date,pmms30\n4/2/1971,7.33\n4/9/1971,7.31\n")
    source = TableMap.model_validate({"file": "pmms.csv", "layout": "freddie_mac_pmms"})
    mapped = map_table(source, RATES_TABLE, tmp_path, "rates")
    assert mapped.table["value"].round(6).tolist() == [0.0733, 0.0731]
    assert any("points" in note for note in mapped.notes)
    with pytest.raises(SpecFault, match="expected a layout, one of ecb, ecb_deposit_rates, fannie_mae_2020_loans"):
        layout_of("freddie")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_every_layout_names_its_publisher_contract_and_quirks(layout: object) -> None:
    from behavior.io.registry import table_of
    from behavior.io.sources.base import Layout

    assert isinstance(layout, Layout)
    assert layout.publisher and layout.quirks
    assert table_of(layout.contract).table == layout.contract.partition(":")[2]
