"""Facts of a fit are printed in full, each where a reader looks for it."""

from __future__ import annotations

from behavior.reporting.fit_tables import fit_tables


def test_facts_of_several_parts_are_a_table_a_row_each() -> None:
    laws = {f"segment {number}": {"rows": 144, "gain": 0.3, "flags": []} for number in range(40)}
    first, second = fit_tables({"rows": 1000, "laws_of": laws})
    assert first.data.to_numpy().tolist() == [["rows", "1,000"]]
    assert second.title == "The fit: laws of"
    assert list(second.data.columns) == ["of", "rows", "gain", "flags"]
    assert len(second.data) == 40
    assert second.data["flags"].unique().tolist() == ["none"]


def test_nothing_is_cut_and_nothing_is_empty() -> None:
    losses = {f"family_{number}": number / 7 for number in range(60)}
    nested = {"evaluations": 151, "parameters": {"lock_in": 0.61}}
    (table,) = fit_tables({"losses": losses, "thin": [], "failed": {}, "curve": nested, "search": [{"a": 1}, {"a": 2}]})
    found = dict(table.data.to_numpy().tolist())
    assert found["losses, family 59"] == "8.42857"
    assert found["thin"] == found["failed"] == "none"
    assert found["curve, parameters, lock in"] == "0.61"
    assert found["search"] == "2 entries, kept with the run"
