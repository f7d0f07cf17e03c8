"""What contracts end is set aside: terms that honestly decide who leaves are no leak, and leaks beside them are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from behavior.features import leakage
from behavior.features.base import FeatureMatrix, compute_features
from behavior.features.contract_ends import ContractEnds
from behavior.features.decay import FEATURES
from behavior.features.leakage import LeakFound, find_leaks, refuse_leaks
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray

Law = Callable[[IntArray, IntArray, int], FloatArray]
"""Share of each of two products that leaves, by age, product and calendar month."""

MONTHS, USED = 120, ("age_months", "product", "log_balance")
LAWS: dict[str, Law] = {
    "notice_of_one_year": lambda age, product, month: np.where(product == 1, np.where(age >= 12, 0.97, 0.002), 0.002),
    "leaves_in_the_second_year": lambda age, product, month: np.where((product == 1) & (age > 12), 0.18, 0.003),
    "fixed_for_two_or_five_years": lambda age, product, month: np.where(age == 24 + 36 * product, 0.9, 0.003),
    "promotion_ends": lambda age, product, month: np.where((product == 1) & (month == 80), 0.95, 0.001),
    "everything_moves": lambda age, product, month: np.where(month == 80, 0.95, 0.001) + 0.0 * age,
    "decades": lambda age, product, month: np.full(len(age), 0.005),
}


def lived(law: Law, seed: int, units: int = 2_000) -> tuple[Panel, FloatArray]:
    """A panel of two products, entered all along, and whether each month ended in a closure."""
    rng = np.random.default_rng(seed)
    entry, product = rng.integers(-60, MONTHS - 2, units), rng.integers(0, 2, units)
    size, alive, rows = rng.normal(8.0, 1.0, units), np.ones(units, dtype=bool), []
    for month in range(-59, MONTHS):
        age = month - entry
        gone = alive & (age >= 1) & (rng.random(units) < law(age, product, month))
        here = np.flatnonzero(alive & (age >= 1) & (month >= 0))
        rows.append(pd.DataFrame({"place": here, "number": month, "age_months": age[here], "closed": gone[here]}))
        alive &= ~gone
    table = pd.concat(rows).sort_values(["place", "number"], ignore_index=True)
    place = table["place"].to_numpy()
    return Panel(
        pd.DataFrame(
            {
                "unit": place,
                "month": pd.date_range("2015-01-31", periods=MONTHS, freq="ME")[table["number"]],
                "age_months": table["age_months"].astype(float),
                "market_rate": 0.02,
                "weight": np.exp(size[place]),
                "product": np.array(["savings", "other"], dtype=object)[product[place]],
            }
        )
    ), table["closed"].to_numpy(dtype=float)


@pytest.mark.parametrize(("units", "set_aside"), [(50, 0), (300, 300)])
def test_a_rare_term_has_no_end_of_its_own(units: int, set_aside: int) -> None:
    """A fifth of a product closes at age 10 beside 10,000 that stay: below a hundredth of the rows it is no end."""
    age = np.concatenate([np.repeat(np.arange(1.0, 21.0), 500), np.full(units, 10.0)])
    rare = np.arange(len(age)) >= 10_000
    table = {
        "unit": np.arange(len(age)),
        "month": pd.date_range("2020-01-31", periods=20, freq="ME")[age.astype(int) - 1],
        "age_months": age,
        "market_rate": 0.02,
        "weight": 1.0,
        "product": np.where(rare, "notice", "savings"),
    }
    ends = ContractEnds.of(Panel(pd.DataFrame(table)), rare & (np.arange(len(age)) % 5 == 0))
    assert ends.rows.sum() == set_aside


def with_column(panel: Panel, event: FloatArray, name: str) -> Panel:
    """The panel with a column of the bank's own."""
    table, rng = panel.table.copy(), np.random.default_rng(7)
    unit = table["unit"]
    length = unit.groupby(unit).transform("size").to_numpy(dtype=float)
    left = pd.Series(event).groupby(unit).transform("max").to_numpy()
    opened = -table["age_months"] + 12.0 * table["month"].dt.year + table["month"].dt.month
    own = {
        "record_length": length,
        "number_of_who_left": unit + 10_000.0 * left,
        "months_left": length - unit.groupby(unit).cumcount() - 1.0 + rng.integers(0, 3, len(unit)),
        "opened": opened.to_numpy(),
        "planned_end": np.where(table["product"] == "other", opened + 12.0, np.nan),
        "agreed_months": np.where(table["product"] == "other", 12.0, 0.0),
    }
    return Panel(table.assign(**{name: own[name]}))


def leaks_of(panel: Panel, event: FloatArray, own: tuple[str, ...] = ()) -> list[str]:
    matrix = matrix_of(panel, own)
    return [leak.feature for leak in find_leaks(panel, matrix, event, np.ones(len(event), bool), (), FEATURES)]


def matrix_of(panel: Panel, own: tuple[str, ...]) -> FeatureMatrix:
    return compute_features(panel, FEATURES, (*USED, *own))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_terms_that_end_contracts_are_no_leak(law: str, seed: int) -> None:
    panel, event = lived(LAWS[law], seed)
    for name in ("opened", "planned_end", "agreed_months"):
        assert leaks_of(with_column(panel, event, name), event, (name,)) == []


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("leak", ["record_length", "number_of_who_left", "months_left"])
def test_a_leak_beside_terms_that_end_contracts_is_found(law: str, leak: str) -> None:
    panel, event = lived(LAWS[law], 4)
    assert leaks_of(with_column(panel, event, leak), event, (leak,)) == [leak]


@pytest.mark.parametrize("law", LAWS)
def test_ends_are_the_months_in_which_those_of_a_term_leave_together(law: str) -> None:
    panel, event = lived(LAWS[law], 5)
    ends = ContractEnds.of(panel, event)
    assert (event[ends.rows].sum() > 0.5 * event.sum()) == (law != "decades")
    assert event[~ends.rows].mean() < 0.012, "what is left is the law's low share"
    assert (ends.terms.max() > 0) == (law != "decades")


def test_a_contract_column_overwritten_when_customers_left_is_refused() -> None:
    panel, event = lived(LAWS["decades"], 6)
    left = pd.Series(event).groupby(panel.table["unit"]).transform("max").to_numpy() > 0
    panel = Panel(panel.table.assign(product=np.where(left, "closed", panel.table["product"])))
    with pytest.raises(LeakFound, match="product"):
        refuse_leaks(panel, matrix_of(panel, ()), event, np.ones(len(event), bool), (), FEATURES)


def test_a_strong_feature_of_the_contract_is_said_and_not_refused() -> None:
    panel, event = lived(lambda age, product, month: np.where(product == 1, 0.05, 0.0001) + 0.0 * age, 7)
    said = refuse_leaks(panel, matrix_of(panel, ()), event, np.ones(len(event), bool), (), FEATURES)
    assert "`product`" in said["strong features in words"]


def test_a_history_under_two_names_is_no_leak() -> None:
    """Twins in both halves of a table would tell each other's exits, whatever the feature."""
    panel, event = lived(LAWS["decades"], 8, 300)
    again = panel.table.assign(unit=panel.table["unit"] + 10_001)
    both = Panel(pd.concat([panel.table, again], ignore_index=True))
    assert leaks_of(both, np.tile(event, 2)) == []


@pytest.mark.parametrize("share", [2, 3, 4])
def test_a_thinned_panel_is_judged_as_a_whole_one(monkeypatch: pytest.MonkeyPatch, share: int) -> None:
    panel, event = lived(LAWS["decades"], 9)
    monkeypatch.setattr(leakage, "MOST_ROWS", len(event) // share)
    assert leaks_of(with_column(panel, event, "months_left"), event, ("months_left",)) == ["months_left"]
