"""ACTUS contracts that become book rows: the engine's flows are the standard's own events, month by month."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.contracts import check
from behavior.engine.contracts import BOOK_TABLE, SCHEDULE_TABLE
from behavior.errors import SpecFault
from behavior.io.sources.actus import ActusContract, contract_of, read_actus
from behavior.io.sources.actus_book import actus_book
from behavior.months import month_of
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value

AS_OF = {"lax": dt.date(2021, 4, 15), "swppv": dt.date(2015, 8, 20), "clm": dt.date(2015, 8, 20)}
KINDS = ("pam", "ann", "lam", "nam", "lax", "ump", "csh", "swppv", "swaps")


def contracts(vectors: Path, kind: str) -> dict[str, ActusContract]:
    return read_actus(vectors / "actus" / f"actus-tests-{kind}.json")


def day(kind: str) -> dt.date:
    return AS_OF.get(kind, dt.date(2013, 4, 15))


def coming_over(vectors: Path, kind: str) -> dict[str, Any]:
    """Contracts that come over, with their rows."""
    found = {}
    for name, contract in contracts(vectors, kind).items():
        try:
            found[name] = actus_book([contract], day(kind))
        except SpecFault as error:
            assert all(fault.column for fault in error.faults)
    return found


def expected_flows(contract: ActusContract, as_of: dt.date) -> pd.DataFrame:
    """The standard's own principal and interest after as-of, by month, positive."""
    rows = [
        {
            "month": int(month_of(as_of, row["eventDate"][:10])),
            "scheduled" if row["eventType"] in ("PR", "MD") else "interest": abs(float(row["payoff"])),
        }
        for row in contract.expected
        if row["eventDate"][:10] > str(as_of) and row["eventType"] in ("PR", "MD", "IP")
    ]
    table = pd.DataFrame(rows, columns=["month", "scheduled", "interest"]).fillna(0.0)
    return table.groupby("month", as_index=False)[["scheduled", "interest"]].sum()


def test_many_contracts_come_over(vectors: Path) -> None:
    counts = {kind: len(coming_over(vectors, kind)) for kind in KINDS}
    assert sum(counts.values()) >= 40
    assert min(counts[kind] for kind in ("pam", "ann", "lam", "lax", "swppv", "swaps")) >= 2


@pytest.mark.parametrize("kind", ["pam", "ann", "lam", "lax"])
def test_engine_flows_are_the_events_of_fixed_contracts(vectors: Path, kind: str) -> None:
    as_of = day(kind)
    made = {
        name: found
        for name, found in coming_over(vectors, kind).items()
        if len(found.book) and (found.book["rate_type"] == "fixed").all()
    }
    assert len(made) >= 2
    book = pd.concat([found.book.assign(product=name, position_id=name) for name, found in made.items()])
    schedule = pd.concat([found.schedule.assign(position_id=name) for name, found in made.items()], ignore_index=True)
    assert check(book.reset_index(drop=True), BOOK_TABLE) == []
    if len(schedule):
        assert check(schedule.reset_index(drop=True), SCHEDULE_TABLE) == []
    rows = [
        {
            "as_of": pd.Timestamp(as_of),
            "currency": currency,
            "index": "discount",
            "months": float(months),
            "zero_rate": 0.03,
        }
        for currency in book["currency"].unique()
        for months in (1, 480)
    ]
    fx = pd.DataFrame({"as_of": pd.Timestamp(as_of), "currency": book["currency"].unique(), "rate": 1.0})
    fx["reporting_currency"] = "XXX"
    inputs = ValuationInputs(
        book.reset_index(drop=True),
        pd.DataFrame(rows),
        as_of,
        "XXX",
        1000.0,
        1000.0,
        fx=fx,
        schedule=schedule if len(schedule) else None,
    )
    flows = value(inputs, ValuationOptions(framework="us_parallel")).cash_flows
    base = flows[flows["scenario"] == "base"]
    base = base.assign(month=month_of(as_of, base["month"]))
    for name in made:
        expected = expected_flows(contracts(vectors, kind)[name], as_of)
        mine = base[base["product"] == name].set_index("month")[["scheduled", "interest"]]
        mine = mine.abs()
        found = mine.reindex(expected["month"], fill_value=0.0).to_numpy(dtype=np.float64)
        np.testing.assert_allclose(found, expected[["scheduled", "interest"]], rtol=1e-6, atol=1e-6, err_msg=name)
        assert float(mine.sum().sum()) == pytest.approx(float(expected[["scheduled", "interest"]].sum().sum()))


def test_swaps_come_over_as_two_legs(vectors: Path) -> None:
    found = actus_book([contracts(vectors, "swppv")["swppv08"]], day("swppv"))
    assert found.book["instrument"].tolist() == ["swap_leg", "swap_leg"]
    assert found.book["side"].tolist() == ["pay", "receive"]
    assert found.book["trade_id"].nunique() == 1
    floating = found.book.iloc[1]
    assert (floating["index"], floating["spread"], floating["reset_months"]) == ("USD_Treasury", 0.025, 6)
    assert str(floating["next_reset_date"])[:10] == "2016-01-01"
    two = actus_book([contracts(vectors, "swaps")["swaps02"]], day("swaps"))
    assert two.book["side"].tolist() == ["liability", "asset"]


def test_caps_and_floors_come_over_as_options(vectors: Path) -> None:
    book = actus_book(contracts(vectors, "capfl").values(), day("capfl")).book
    assert book["instrument"].tolist() == ["floor", "cap", "floor", "cap", "floor"]
    assert book["side"].tolist() == ["receive"] * 3 + ["pay"] * 2
    assert book["strike"].tolist() == pytest.approx([0.02, 0.07, 0.02, 0.07, 0.02])
    assert check(book, BOOK_TABLE) == []
    assert (book["rate"] == 0.1).all()


def test_what_does_not_come_over_is_named_contract_by_contract(vectors: Path) -> None:
    held = contracts(vectors, "pam")
    with pytest.raises(SpecFault) as caught:
        actus_book([held["pam12"], held["pam01"], held["pam17"], held["pam22"], held["pam18"]], day("pam"))
    found = {(fault.where, fault.column) for fault in caught.value.faults}
    assert found == {
        ("pam12", "terminationDate"),
        ("pam17", "cycleOfInterestPayment"),
        ("pam22", "rateMultiplier"),
        ("pam18", "capitalizationEndDate"),
    }
    with pytest.raises(SpecFault, match="statusDate"):
        actus_book([held["pam01"]], "2010-01-01")
    assert actus_book([held["pam01"]], "2020-01-01").book.empty


def test_cash_comes_over_without_a_rate() -> None:
    terms = {
        "contractType": "CSH",
        "contractID": "c",
        "contractRole": "RPA",
        "currency": "USD",
        "statusDate": "2020-01-01",
    }
    book = actus_book([contract_of("c", {"terms": {**terms, "notionalPrincipal": 5}})], "2020-06-30").book
    assert (book["balance"].iloc[0], book["repayment"].iloc[0], book["rate"].iloc[0]) == (5.0, "none", 0.0)
