"""Does the default prepayment specification find the truth of banks it was not written around?"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_surface_and_events_out_of_time(bank_name: str, lab, record_property) -> None:
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "mortgage_prepayment")
    rows = lab.measures.prepayment_rows(bank, learnt)
    late = rows[rows["test"]]
    error = lab.measures.surface_error(late)
    share, cells = lab.measures.cell_shares(late)
    reached, _ = lab.measures.cell_shares(late, "best")
    for name, value in (("surface_error_cpr_points", error), ("cells", cells), ("share", share), ("best", reached)):
        record_property(name, value)
    assert cells >= 5
    assert error <= 1.0
    assert share >= min(0.9, reached)


def test_exported_table_is_the_model(bank_name: str, lab) -> None:
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "mortgage_prepayment")
    rows = lab.measures.prepayment_rows(bank, learnt)
    late = rows[rows["test"]]
    totals = late.assign(table=late["table"] * late["weight"], model=late["model"] * late["weight"])
    sums = totals.groupby(["product", "month"])[["table", "model", "weight"]].sum()
    gap = 100 * 12 * ((sums["table"] - sums["model"]) / sums["weight"])
    assert abs(float(gap.mean())) <= 0.25
