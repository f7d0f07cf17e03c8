"""Published rate series: Freddie Mac PMMS, FRED CSV, ECB data portal CSV, SNB data portal CSV, Treasury par yields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import faults_at
from behavior.errors import Fault, FaultyInput
from behavior.io.raw import RawTable, TextFormat
from behavior.io.sources.base import AS_PUBLISHED, Batch, Layout, published_bytes, read_published
from behavior.months import month_number
from behavior.quantities import BoolArray

PMMS = {"pmms30": "MORTGAGE30", "pmms15": "MORTGAGE15", "pmms51": "MORTGAGE_ARM51"}
# Parts of a series key of the flow MIR, in their order.
MIR_KEY = (
    "flow",
    "frequency",
    "area",
    "reporting_sector",
    "item",
    "maturity",
    "data_type",
    "amount",
    "sector",
    "currency",
    "coverage",
)
AGREED_RATE, DEPOSITS = "R", "L"
LONG = ("KEY", "TIME_PERIOD", "OBS_VALUE")
KEY_IN_NAME = re.compile(r"\(([\w.]+)\)\s*$")
"""The series key at the end of a column's name, where the portal writes one column a series."""
PERIODS = (12, 6, 3)
MOST_ABOVE = 100
AS_CSV = "Download the series as CSV, or name the layout that the file is in"
NOT_AVAILABLE = ("", ".", "N/A", "NA", "NaN", "ND")


def pmms(path: Path) -> Iterator[Batch]:
    """``date,pmms30,pmms30p,pmms15,...`` -> rates; points and margins are fees, not rates, and are left out."""
    raw = _raw(path, ("date",))
    columns = {name: index for name, index in PMMS.items() if name in raw.table}
    if not columns:
        raise FaultyInput([Fault(path.name, f"expected one of the columns {', '.join(PMMS)}", 1, hint=AS_PUBLISHED)])
    day = pd.to_datetime(raw.table["date"].str.strip(), format="%m/%d/%Y", errors="coerce")
    yield _wide(raw, dict.fromkeys(columns, day), "date", columns)


def fred(path: Path) -> Iterator[Batch]:
    """``observation_date`` (or ``DATE``) and one column a series -> rates; `VALUE` is the series of the file."""
    raw = _raw(path, ())
    head = str(raw.table.columns[0])
    if head.lower() not in ("observation_date", "date"):
        raise FaultyInput([Fault(path.name, "expected observation_date or DATE as first column", 1, head, hint=AS_CSV)])
    day = pd.to_datetime(raw.table[head].str.strip(), format="%Y-%m-%d", errors="coerce")
    names = [str(name) for name in raw.table.columns[1:]]
    if not names:
        raise FaultyInput([Fault(path.name, f"expected a column a series beside {head}", 1, hint=AS_CSV)])
    days = {name: _known_from(day, _filled(raw.table[name])) for name in names}
    yield _wide(raw, days, head, {name: path.stem if name == "VALUE" else name for name in names})


def _known_from(day: pd.Series, filled: BoolArray) -> pd.Series:
    """Averages are dated on their period's first day, but only known at its end, a month's, quarter's or year's.

    Dates are those of averages where all of a series are first days; a single one may be a day's beside other days.
    The period of a series is that of the gaps between its dates, or between the file's where it has too few to tell.
    """
    own = day[filled].dropna()
    if not bool(((own if len(own) > 1 else day.dropna()).dt.day == 1).all()):
        return day
    months = _months_of(own if len(own) > 2 else day.dropna())
    return day + pd.DateOffset(months=months - 1) + pd.offsets.MonthEnd(0)


def _months_of(days: pd.Series) -> int:
    """Months in a period: the longest of year, half year, quarter and month of which all gaps are made; one date, 1."""
    numbers = np.unique(month_number(days))
    gap = int(np.gcd.reduce(np.diff(numbers)))
    return next((months for months in PERIODS if gap and gap % months == 0), 1)


def ecb(path: Path) -> Iterator[Batch]:
    """Data portal CSV (KEY, ..., TIME_PERIOD, OBS_VALUE, or one column a series) -> rates, one index a series key."""
    raw = _ecb_raw(path)
    yield _long(raw, "TIME_PERIOD", raw.table["KEY"], "OBS_VALUE")


def _ecb_raw(path: Path) -> RawTable:
    """Either of the portal's two forms of CSV in the columns of the long one.

    The wide one is ``DATE,TIME PERIOD,<title> (<series key>)``; its dates are the last days of their periods.
    """
    raw = _raw(path, ())
    titles = {str(name): found.group(1) for name in raw.table.columns if (found := KEY_IN_NAME.search(str(name)))}
    if "DATE" in raw.table and titles:
        count = len(raw.table)
        cells = [raw.table[name] for name in titles]
        days = pd.concat([raw.table["DATE"]] * len(titles), ignore_index=True)
        keys = np.repeat(list(titles.values()), count)
        long = pd.DataFrame(dict(zip(LONG, (keys, days, pd.concat(cells, ignore_index=True)), strict=True)))
        raw = replace(raw, table=long, place=raw.place.take(np.tile(np.arange(count), len(titles))))
    return _having(path, raw, LONG)


def ecb_deposit_rates(path: Path) -> Iterator[Batch]:
    """Bank interest rate statistics (flow MIR) in the same CSV -> ``product_rates`` by country and kind of deposit.

    Only agreed rates (data type R) of deposits (items L...) are taken; volumes and loans are dropped and counted.
    """
    raw = _ecb_raw(path)
    parts = raw.table["KEY"].str.split(".", expand=True)
    if parts.shape[1] < len(MIR_KEY) or not bool((parts[0] == "MIR").all()):
        raise FaultyInput(
            [Fault(path.name, "expected series keys of the flow MIR (MIR.M.DE.B.L22...)", column="KEY", hint=AS_CSV)]
        )
    is_rate = (parts[MIR_KEY.index("data_type")] == AGREED_RATE).to_numpy(dtype=bool)
    is_deposit = parts[MIR_KEY.index("item")].str.startswith(DEPOSITS).to_numpy(dtype=bool)
    left_out = {
        "of volumes and other data that are no agreed rate": int((~is_rate).sum()),
        "of loans": int((is_rate & ~is_deposit).sum()),
    }
    rates = np.flatnonzero(is_rate & is_deposit)
    raw = replace(raw, table=raw.table.iloc[rates].reset_index(drop=True), place=raw.place.take(rates))
    batch = _long(raw, "TIME_PERIOD", raw.table["KEY"], "OBS_VALUE")
    key = batch.table["index"].str.split(".", expand=True).reindex(columns=range(len(MIR_KEY))).astype("str")
    key = key.set_axis(MIR_KEY, axis=1)
    table = pd.DataFrame(
        {
            # These say which deposit it is, and whether the rate is that of new business or of amounts outstanding.
            "product": key["item"] + "." + key["maturity"] + "." + key["sector"] + "." + key["coverage"],
            "month": batch.table["date"],
            "rate_paid": batch.table["value"],
            "averaging": "average",
            "region": key["area"],
            "currency": key["currency"],
        }
    )
    yield Batch(table, batch.lines, batch.faults, {reason: count for reason, count in left_out.items() if count})


def snb(path: Path) -> Iterator[Batch]:
    """Data portal CSV -> rates: lines on the cube, an empty line, then ``Date;D0;...;Value``; index = cube/codes."""
    lines = published_bytes(path).decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    rows = [next(csv.reader([line], delimiter=";"), []) for line in lines[:MOST_ABOVE]]
    head = next((i for i, row in enumerate(rows) if row and row[0] == "Date" and row[-1] == "Value"), None)
    raw = read_published(path, TextFormat(delimiter=";", skip_lines=head or 0))
    if head is None:
        hint = "Download the cube as CSV from the data portal"
        raise FaultyInput([Fault(path.name, "expected a line Date;D0;...;Value", hint=hint)])
    facts = {row[0]: row[1] for row in rows[:head] if len(row) > 1}
    codes = raw.table[[name for name in raw.table.columns if name.startswith("D") and name != "Date"]].fillna("")
    cube = facts.get("CubeId", path.stem)
    index = pd.Series([f"{cube}/{'.'.join(row)}" for row in codes.to_numpy()], index=codes.index, dtype="str")
    yield _long(raw, "Date", index, "Value")


def _raw(path: Path, needed: tuple[str, ...]) -> RawTable:
    return _having(path, read_published(path), needed)


def _having(path: Path, raw: RawTable, needed: tuple[str, ...]) -> RawTable:
    """A file with the columns needed; FaultyInput otherwise."""
    missing = tuple(
        Fault(
            path.name, f"expected this column; there are {', '.join(map(str, raw.table.columns))}", 1, name, hint=AS_CSV
        )
        for name in needed
        if name not in raw.table
    )
    if missing:
        raise FaultyInput((*raw.faults, *missing))
    return raw


def _period(cells: pd.Series) -> pd.Series:
    """Days, months (2020-01), quarters (2020-Q1), half-years (2020-S1) and years as the last day they speak of."""
    texts = cells.astype("str").str.strip()
    day = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    parts = texts.str.extract(r"^(\d{4})(?:-?(Q[1-4]|[SH][12])|-(0[1-9]|1[0-2]))?$")
    length = parts[1].str[0].map({"Q": 3, "S": 6, "H": 6})
    month = pd.to_numeric(parts[2]).fillna(pd.to_numeric(parts[1].str[1]) * length).fillna(12.0)
    written = (parts[0] + "-" + month.astype("int64").astype("str")).where(parts[0].notna())
    return day.fillna(pd.to_datetime(written, format="%Y-%m", errors="coerce") + pd.offsets.MonthEnd(0))


def _wide(raw: RawTable, days: Mapping[str, pd.Series], date_column: str, columns: Mapping[str, str]) -> Batch:
    """One column a series to rows, each with its own dates; percent to decimals; empty quotes are left out."""
    stacked = [_cells(raw, days[name], pd.Series(index, raw.table.index), name) for name, index in columns.items()]
    return _quotes(raw, pd.concat(stacked, ignore_index=True), date_column)


def _long(raw: RawTable, date_column: str, index: pd.Series, value_column: str) -> Batch:
    return _quotes(raw, _cells(raw, _period(raw.table[date_column]), index, value_column), date_column)


def _cells(raw: RawTable, day: pd.Series, index: pd.Series, column: str) -> pd.DataFrame:
    """Cells of one column, each with its day, the index it quotes and its row."""
    text = raw.table[column]
    return pd.DataFrame({"day": day, "index": index, "text": text, "row": raw.table.index, "column": column})


def _texts(cells: pd.Series) -> pd.Series:
    return cells.astype("str").str.strip().fillna("")


def _filled(cells: pd.Series) -> BoolArray:
    """Cells that hold a quote; shape (rows,)."""
    return np.asarray(~_texts(cells).isin(NOT_AVAILABLE), dtype=bool)


def _quotes(raw: RawTable, table: pd.DataFrame, date_column: str) -> Batch:
    text = _texts(table["text"])
    filled = _filled(text)
    value = pd.to_numeric(text.where(filled), errors="coerce").to_numpy(dtype=np.float64)
    rows = table["row"].to_numpy(dtype=np.int64)
    bad = ~np.isfinite(value) & filled
    undated = np.unique(rows[table["day"].isna().to_numpy() & filled])
    breaches = []
    for column in table["column"][bad].unique():
        own = bad & (table["column"] == column).to_numpy()
        hint = "A point before the decimals, and no other signs"
        breaches.append(Breach("expected a number (percent)", rows[own], str(column), hint, text[own].tolist()))
    if undated.size:
        shown = _texts(raw.table[date_column]).iloc[undated].tolist()
        breaches.append(Breach("expected a date of this layout", undated, date_column, AS_PUBLISHED, shown))
    keep = filled & ~bad & ~table["day"].isna().to_numpy()
    lines = raw.place.lines if raw.place.lines is not None else np.arange(1, len(raw.table) + 1)
    made = pd.DataFrame(
        {
            "date": table["day"][keep].astype("datetime64[us]"),
            "index": table["index"][keep].astype("str"),
            "value": value[keep] / 100.0,
        }
    ).reset_index(drop=True)
    order = np.lexsort((made["date"].to_numpy(), made["index"].to_numpy(dtype=str)))
    sorted_table = made.iloc[order].reset_index(drop=True)
    return Batch(sorted_table, lines[rows[keep]][order], (*raw.faults, *faults_at(raw.place, breaches)))


RATES = "rate_history/1:rates"
PERCENT = "every series is taken for a rate in percent: indices, amounts and exchange rates do not belong here"
LAYOUTS = (
    Layout(
        "freddie_mac_pmms",
        "Freddie Mac, Primary Mortgage Market Survey",
        RATES,
        ("columns ending in p are points and pmms51m, pmms51spread margins: fees, not rates", "blanks are no quotes"),
        pmms,
        whole=True,
    ),
    Layout(
        "fred",
        "Federal Reserve Bank of St. Louis, FRED",
        RATES,
        (
            PERCENT,
            "a point means no value",
            "averages are dated on the first day of their month, quarter or year and known at its end: the gaps of the "
            "dates say which; a single date on the first of a month is taken for a month",
            "a column VALUE, as older files have it, is the series that the file is named after",
        ),
        fred,
        whole=True,
    ),
    Layout(
        "ecb",
        "European Central Bank, data portal",
        RATES,
        (
            PERCENT,
            "both forms of CSV are read: one row an observation, or one column a series with its key in the name",
            "a month, quarter, half-year or year is dated on its last day",
            "observations without a value (OBS_STATUS M, L ...) are left out; provisional and estimated ones count",
        ),
        ecb,
        whole=True,
    ),
    Layout(
        "ecb_deposit_rates",
        "European Central Bank, bank interest rate statistics",
        "product_rate_history/1:product_rates",
        (
            "the product is item.maturity.sector.coverage of the series key (coverage: N new business, O amounts "
            "outstanding), the region its reference area",
            "only agreed rates (data type R) of deposits (items L...) are taken; the rest is dropped and counted",
        ),
        ecb_deposit_rates,
        whole=True,
    ),
    Layout(
        "snb",
        "Swiss National Bank, data portal",
        RATES,
        (
            PERCENT,
            "the first lines describe the cube",
            "a month, quarter or year is dated on its last day",
            "blanks are no values",
        ),
        snb,
        whole=True,
    ),
)
