"""Account-months at risk, worked by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.features.base import compute_features
from behavior.features.decay import FEATURES
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.landmarks import balance_grid

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

RULES = DepositPanelRules()


def build(accounts: list[dict[str, object]], *parts: pd.DataFrame, rules: DepositPanelRules = RULES):
    return build_deposit_panel(small.deposits(small.accounts(accounts), *parts), small.market(), rules)


def test_opening_month_is_not_at_risk_and_the_closing_month_carries_the_event() -> None:
    panel = build(
        [{"account_id": "a", "close_date": pd.Timestamp("2015-04-20")}],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 80.0, 0.0]),
    )
    assert panel.table["age_months"].tolist() == [1, 2, 3]
    assert panel.table["weight"].tolist() == [100.0, 90.0, 80.0]
    assert panel.table["closed"].tolist() == [0, 0, 1]


def test_late_entry_gives_its_opening_balance_and_keeps_its_age() -> None:
    late, early = (
        small.account_rows("a", "2017-01-31", [100.0, 90.0]),
        small.account_rows("b", "2015-01-31", [9.0, 9.0]),
    )
    panel = build([{"account_id": "a"}, {"account_id": "b"}], late, early)
    own = panel.table[panel.table["unit"] == "a"]
    assert own["age_months"].tolist() == [25]
    assert own["weight"].tolist() == [100.0]
    assert panel.dropped["opening months: not yet at risk"] == 1
    assert panel.dropped["first months of late entries: they only give the opening balance"] == 1


def test_decay_is_before_credited_interest_recorded_or_estimated() -> None:
    recorded = build([{"account_id": "a"}], small.account_rows("a", "2015-01-31", [100.0, 101.0], interest=5.0))
    assert recorded.table["balance_before_interest"].tolist() == [96.0]
    guessed = build([{"account_id": "a"}], small.account_rows("a", "2015-01-31", [1200.0, 1201.0], interest=None))
    assert guessed.table["balance_before_interest"].tolist() == [1200.0]
    assert guessed.dropped["months whose credited interest was estimated from the rate paid"] == 1


def test_interest_charged_on_a_deposit_is_no_withdrawal() -> None:
    recorded = small.account_rows("a", "2015-01-31", [100.0, 90.0, 80.0, 0.5]).assign(interest_credited=-1.0)
    table = build([{"account_id": "a"}], recorded).table
    assert table["balance_before_interest"].tolist() == [91.0, 81.0, 1.5]
    rows = small.account_rows("a", "2015-01-31", [1200.0, 1199.0], interest=None).assign(rate_paid=-0.01)
    assert build([{"account_id": "a"}], rows).table["balance_before_interest"].tolist() == [1200.0]


def test_lowest_balances_leave_charged_interest_out_and_the_last_coin_does_not_raise_what_follows() -> None:
    charged = small.account_rows("a", "2015-01-31", [100.0, 99.0, 98.01]).assign(interest_credited=[0.0, -1.0, -0.99])
    grid = balance_grid(build([{"account_id": "a"}], charged).table)
    np.testing.assert_allclose(grid.balance[0], 100.0, rtol=1e-12)
    drawn = small.account_rows("a", "2015-01-31", [100.0, 0.01, 50.0]).assign(interest_credited=[0.0, -1.0, 0.0])
    grid = balance_grid(build([{"account_id": "a"}], drawn).table)
    np.testing.assert_allclose(grid.balance[0], [100.0, 0.01 / 0.99, 50.0 / 0.99], rtol=1e-12)


def test_dust_to_the_end_closes_in_its_first_month_and_reopened_is_no_closure() -> None:
    gone = build([{"account_id": "a"}], small.account_rows("a", "2015-01-31", [100.0, 50.0, 0.5, 0.2, 0.0, 0.0]))
    assert gone.table["closed"].tolist() == [0, 1]
    back = build([{"account_id": "a"}], small.account_rows("a", "2015-01-31", [100.0, 0.5, 0.2, 0.0, 70.0]))
    assert back.table["closed"].sum() == 0
    assert len(back.table) == 4


@pytest.mark.parametrize(
    ("end", "closed"), [([1.0] * 3, [0, 1]), ([1.0] * 2, [0, 0, 0]), ([1.01] * 3, [0, 0, 0, 0])], ids=str
)
def test_dust_is_at_or_below_its_bound_for_as_many_months_as_the_rule_says(end: list[float], closed: list[int]) -> None:
    rules = DepositPanelRules(dust=1.0, dust_months=3)
    rows = small.account_rows("a", "2015-01-31", [100.0, 50.0, *end])
    assert build([{"account_id": "a"}], rows, rules=rules).table["closed"].tolist() == closed


def test_closings_that_no_date_records_are_counted_amounts_in_another_unit_show_there() -> None:
    """Amounts in thousands put small accounts below a unit of currency: they are told from balances alone."""
    accounts = [{"account_id": "a"}, {"account_id": "b"}, {"account_id": "c", "close_date": pd.Timestamp("2015-06-20")}]
    held = {"a": [4000.0, 50.0, 0.5, 0.2, 0.0, 0.0], "b": [4000.0] + [900.0] * 5, "c": [4000.0, 50.0] + [0.0] * 4}

    def told(scale: float) -> int:
        rows = [small.account_rows(name, "2015-01-31", [scale * one for one in held[name]]) for name in held]
        return build(accounts, *rows).dropped["accounts closed by their balance alone, at or below 1 to the end"]

    assert told(1.0) == 1
    assert told(0.001) == 2


def test_accounts_used_again_after_standing_empty_are_counted() -> None:
    held = {
        "a": [100.0, 0.5, 0.2, 0.0, 70.0, 0.0, 0.0, 60.0],
        "b": [100.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0],
        "c": [0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0],
    }
    rows = [small.account_rows(name, "2015-01-31", one) for name, one in held.items()]
    dropped = build([{"account_id": name} for name in held], *rows).dropped
    assert dropped["times that an account stood empty and was used again, after 3 months at least"] == 2
    assert dropped["accounts closed by their balance alone, at or below 1 to the end"] == 1


def test_a_successor_of_the_same_product_continues_the_account() -> None:
    panel = build(
        [
            {"account_id": "a", "close_date": pd.Timestamp("2015-03-10"), "successor_id": "b"},
            {"account_id": "b"},
        ],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-03-31", [88.0, 80.0]),
    )
    assert panel.table["unit"].unique().tolist() == ["a"]
    assert panel.table["balance_before_interest"].tolist() == [90.0, 88.0, 80.0]
    assert panel.table[["closed", "migrated"]].to_numpy().sum() == 0


def test_a_move_into_another_product_has_its_own_cause() -> None:
    panel = build(
        [
            {"account_id": "a", "close_date": pd.Timestamp("2015-03-10"), "successor_id": "b"},
            {"account_id": "b", "product": "money_market", "open_date": pd.Timestamp("2015-03-10")},
        ],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-03-31", [88.0, 80.0]),
    )
    first = panel.table[panel.table["unit"] == "a"]
    assert first["migrated"].tolist() == [0, 1]
    assert first["closed"].tolist() == [0, 0]


def test_a_change_of_product_inside_an_account_is_a_move() -> None:
    rows = small.account_rows("a", "2015-01-31", [100.0, 90.0, 85.0, 80.0])
    rows["product"] = ["savings", "savings", "money_market", "money_market"]
    table = build([{"account_id": "a"}], rows).table
    old = table[table["product"] == "savings"]
    assert old["migrated"].tolist() == [0, 1]
    assert old["balance_before_interest"].tolist() == [90.0, 0.0]
    new = table[table["product"] == "money_market"]
    assert new["weight"].tolist() == [85.0]


def test_overdrafts_are_outside_and_masked_balances_are_missing() -> None:
    panel = build([{"account_id": "a"}], small.account_rows("a", "2015-01-31", [100.0, -40.0, 60.0, np.nan, 50.0]))
    assert panel.table["weight"].tolist() == [100.0, 0.0, 60.0, 0.0]
    assert panel.table["balance_before_interest"].tolist()[:2] == [0.0, 60.0]
    assert panel.table["overdrawn"].tolist() == [0, 1, 0, 0]
    assert panel.table["balance_known"].tolist() == [1, 1, 0, 0]


def test_closing_month_without_a_row_is_added() -> None:
    panel = build(
        [{"account_id": "a", "close_date": pd.Timestamp("2015-03-10")}, {"account_id": "b"}],
        small.account_rows("a", "2015-01-31", [100.0, 90.0]),
        small.account_rows("b", "2015-01-31", [10.0, 10.0, 10.0, 10.0]),
    )
    assert panel.table[panel.table["unit"] == "a"]["closed"].tolist() == [0, 1]


def test_closures_and_growth_of_a_cohort_are_those_of_the_vector(quantitative: Path) -> None:
    """A cohort with the vector's totals; a closing month's row may still show what was paid out in it."""
    held = {
        "a": [50.0, 40.0],
        "b": [300.0, 310.0, 0.0],
        "c": [200.0, 200.0, 190.0, 185.0],
        "d": [100.0, 100.0, 95.0, 92.0],
        "e": [80.0, 80.0, 70.0, 68.0],
    }
    closes = {"a": pd.Timestamp("2015-02-15"), "b": pd.Timestamp("2015-03-15")}
    owners = [{"account_id": name, "close_date": closes.get(name, pd.NaT)} for name in held]
    table = build(owners, *(small.account_rows(name, "2015-01-31", one) for name, one in held.items())).table
    expected = pd.read_csv(quantitative / "33_attrition_decomposition.csv")
    for (_, month), row in zip(table.groupby("month"), expected.itertuples(), strict=True):
        before, after = month["weight"].to_numpy(), month["balance_before_interest"].to_numpy()
        gone = month["closed"].to_numpy() == 1
        assert (len(month), gone.sum()) == (row.open_accounts_begin, row.closed_accounts)
        assert (before.sum(), after.sum()) == (row.cohort_balance_begin, row.cohort_balance_end)
        found = [
            gone.mean(),
            before[gone].sum() / before.sum(),
            after[~gone].sum() / before[~gone].sum() - 1,
            1 - after.sum() / before.sum(),
        ]
        wanted = [
            row.account_attrition,
            row.balance_weighted_closure,
            row.survivor_balance_growth,
            row.total_balance_decay,
        ]
        assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_identity_holds_on_any_panel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts, owners = [], []
    for number in range(40):
        length = int(rng.integers(3, 20))
        closes = rng.random() < 0.5
        balances = list(rng.uniform(50, 1000, length)) + ([0.0] if closes else [])
        end = small.ends("2015-01-31", length + 1)[-1] if closes else pd.NaT
        owners.append({"account_id": f"a{number}", "close_date": end})
        parts.append(small.account_rows(f"a{number}", "2015-01-31", balances, interest=1.0))
    table = build(owners, *parts).table
    for _, month in table.groupby("month"):
        before, after = month["weight"].to_numpy(), month["balance_before_interest"].to_numpy()
        gone = month["closed"].to_numpy() == 1
        closure = before[gone].sum() / before.sum()
        growth = after[~gone].sum() / before[~gone].sum() - 1 if (~gone).any() else 0.0
        assert (1 - closure) * (1 + growth) == pytest.approx(after.sum() / before.sum(), abs=1e-12)


def test_idle_months_count_from_the_last_movement_before_the_month_and_interest_is_none() -> None:
    rows = small.account_rows("a", "2015-01-31", [100.0] * 18, interest=1.0)
    paid_in = np.zeros(18)
    paid_in[[1, 15]] = 10.0
    rows = rows.assign(credits=paid_in, debits=np.nan)
    table = build([{"account_id": "a"}], rows).table
    assert table["idle_months"].tolist() == [1, *range(1, 15), 1, 2]
    assert table["dormant"].tolist() == [0.0] * 13 + [1.0, 1.0, 0.0, 0.0]
    gapped = build([{"account_id": "a"}], rows.drop(rows.index[5])).table
    assert gapped["idle_months"].tolist() == [1, 1, 2, 3, *range(5, 15), 1, 2]
    unknown = build([{"account_id": "a"}], rows.drop(columns=["credits", "debits"])).table
    assert unknown[["idle_months", "dormant"]].isna().all(axis=None)


def test_idle_months_are_used_only_where_movements_are_known() -> None:
    rows = small.account_rows("a", "2015-01-31", [100.0] * 6)
    use = ("age_months", "idle_months")
    without = compute_features(build([{"account_id": "a"}], rows), FEATURES, use)
    with_them = compute_features(build([{"account_id": "a"}], rows.assign(credits=0.0)), FEATURES, use)
    assert without.names == ("age_months",)
    assert with_them.names == use and with_them.values[:, 1].tolist() == [1, 2, 3, 4, 5]
