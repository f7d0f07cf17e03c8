"""Does the default prepayment specification find the truth of banks it was not written around?"""

from __future__ import annotations

import numpy as np
import pytest

from behavior.quantities import monthly_to_annual

pytestmark = pytest.mark.slow
MISSED = {"probit": "six of seven cells, 86%: the bar asks for nine in ten"}


def test_surface_and_events_out_of_time(bank_name: str, lab, record_property) -> None:
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "mortgage_prepayment")
    late = lab.measures.prepayment_rows(bank, learnt, learnt.panel.rows(learnt.split.out_of_time))
    error = lab.measures.surface_error(late)
    record_property("surface_error_cpr_points", error)
    assert lab.measures.cell_shares(lab.measures.payoff_events(late), "table")[1] >= 5
    assert error <= 1.0
    assert abs(export_difference(late)) <= 0.1


def test_cells_of_true_expected_events(bank_name: str, lab, record_property, request) -> None:
    """Nine cells in ten within a tenth of what the law expects, or as many as the truth's own table reaches."""
    if bank_name in MISSED:
        request.applymarker(pytest.mark.xfail(strict=True, raises=AssertionError, reason=MISSED[bank_name]))
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "mortgage_prepayment")
    late = lab.measures.prepayment_rows(bank, learnt, learnt.panel.rows(learnt.split.out_of_time))
    events = lab.measures.payoff_events(late)
    share, cells = lab.measures.cell_shares(events, "table")
    reached, _ = lab.measures.cell_shares(events, "best")
    for name, value in (("cells", cells), ("share", share), ("best", reached)):
        record_property(name, value)
    assert share >= min(0.9, reached), f"{share:.1%} of {cells} cells; the truth's own table reaches {reached:.1%}"


def export_difference(rows) -> float:
    """Table less model, CPR points: signed mean over segment x month totals by balance."""
    parts = rows.assign(table=rows["table"] * rows["weight"], model=rows["model"] * rows["weight"])
    sums = parts.groupby(["product", "month"], observed=True)[["weight", "table", "model"]].sum()
    gap = monthly_to_annual(sums["table"] / sums["weight"]) - monthly_to_annual(sums["model"] / sums["weight"])
    return float(100 * np.average(gap, weights=sums["weight"]))
