"""Does the default prepayment specification find resets and penalties in a bank that has contract columns alone?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Driver
from behavior.assumptions.spending import spent_hazard
from behavior.kinds.base import ExportContext
from behavior.panel.split import split_panel
from behavior.quantities import monthly_to_annual
from behavior.specs import parse_spec
from behavior.workflows.train import kind_of
from tests.recovery.refixing_bank import refixing_bank

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LAST_MONTHS = 36
MODELS = Path(__file__).resolve().parents[2] / "models"


@cache
def lived_and_looked_up(seed: int) -> pd.DataFrame:
    """The truth of every loan-month, and what the exported table gives for it, looked up as a book's rows are."""
    bank = refixing_bank(seed)
    spec = parse_spec((MODELS / "mortgage_prepayment" / "spec.toml").read_text(), "spec.toml")
    kind = kind_of(spec)
    panel = kind.build_panel(bank.mortgages, bank.rate_history, spec)
    fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
    as_of = panel.table["month"].max()
    payoff = kind.export(fitted, ExportContext(as_of, panel, bank.rate_history, None))[0]
    assert ("asset", "floating", "60") in [curve.segment for curve in payoff.curves]
    book = bank.truth.rename(columns={"fixation": "fixation_months"}).assign(side="asset", rate_type="floating")
    drivers = {
        Driver.RATE_INCENTIVE: book["incentive"].to_numpy(),
        Driver.MONTHS_IN_THE_MONEY: book["months_in_the_money"].to_numpy(),
    }
    months, calendar = book["age_months"].to_numpy(dtype=np.int64), pd.DatetimeIndex(book["month"]).month
    found, _ = spent_hazard(payoff, book, months, drivers, calendar)
    return bank.truth.assign(table=found)


@pytest.fixture(params=(1, 2))
def rows(request: pytest.FixtureRequest) -> pd.DataFrame:
    """Each bank in turn."""
    return lived_and_looked_up(int(request.param))


def surface_error(rows: pd.DataFrame) -> float:
    """Table less truth in CPR points: mean size over fixation x age x incentive x burnout cells, weighted by rows."""
    ages = np.digitize(rows["age_months"], [13, 25, 37, 61, 64, 91, 121, 124, 241])
    money = np.digitize(rows["months_in_the_money"], [1, 7, 19, 37])
    grouped = rows.groupby([rows["fixation"], ages, np.round(rows["incentive"] / 0.005), money])
    mean = grouped[["true", "table"]].mean()
    gap = np.abs(monthly_to_annual(mean["table"]) - monthly_to_annual(mean["true"]))
    return float(100 * np.average(gap, weights=grouped.size()))


def test_resets_and_penalties_are_found_in_the_history_and_after_it(rows: pd.DataFrame, record_property) -> None:
    known = rows["known"].to_numpy()
    late = known & (rows["month"] > rows.loc[known, "month"].max() - pd.DateOffset(months=LAST_MONTHS)).to_numpy()
    for name, mask, bar in (("inside", late, 1.0), ("after", ~known, 1.5)):
        part = rows[mask]
        error, ratio = surface_error(part), float(part["true"].sum() / part["table"].sum())
        record_property(f"surface_error_{name}", error)
        record_property(f"true_over_expected_{name}", ratio)
        print(f"\n{name}: surface {error:.2f} CPR points, true over expected {ratio:.3f}")
        assert error <= bar and ratio == pytest.approx(1.0, abs=0.15)


def test_the_months_after_a_reset_stand_out_at_the_age_of_each_fixation(rows: pd.DataFrame) -> None:
    for fixation, after in ((60, (61, 62, 63)), (120, (121, 122, 123))):
        own = rows[rows["fixation"] == fixation]
        peak = own[own["age_months"].isin(after)]["table"].mean()
        still = own[own["age_months"].between(fixation - 20, fixation - 3)]["table"].mean()
        assert peak == pytest.approx(0.08, rel=0.2) and peak > 10 * still
