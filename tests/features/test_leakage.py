"""Planted leaks are caught and fail the run; honest features pass."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.errors import SpecFault
from behavior.features.base import compute_features
from behavior.features.foresight import future_alignment
from behavior.features.leakage import LeakFound, find_leaks
from behavior.features.separation import Units, area_under_curve
from behavior.kinds.base import ModelKind
from behavior.kinds.mortgage_prepayment import KIND
from behavior.kinds.nmd_decay import KIND as DECAY
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.quantities import FloatArray
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from behavior.specs import ModelSpec
from tests.spec_examples import spec_of


def spec_with(*extra: str, kind: ModelKind = KIND, family: str = "s_curve_hazard") -> ModelSpec:
    use = [kind.features[0].name, "age_months", "month_of_year", *filter(None, extra)]
    return spec_of(kind.name, kind.history_contract, family, f"[features]\nuse = {use}")


@cache
def bank():
    return simulate(small_settings(), seed=5)


def planted(column: str) -> CustomerHistory:
    """The small bank's loans with one more column that knows the outcome."""
    tables = dict(bank().mortgages.tables)
    loans, months = tables["loans"].copy(), tables["loan_months"].copy()
    last = months.groupby("loan_id").tail(1).set_index("loan_id")
    rows = months.groupby("loan_id").size()
    ended = last["status"].eq("prepaid")
    exit_balance = np.where(ended, 0.0, last["balance"])
    numbers = pd.Series(np.arange(len(last)), index=last.index)
    planted_columns = {
        "record_length": rows + last["age_months"] - rows,
        "encoded_id": numbers + np.where(ended, 1_000_000 + last["age_months"] * 10_000, 0),
        "id_of_who_paid": numbers + np.where(ended, 1_000_000, 0),
        "last_balance": pd.Series(exit_balance, index=last.index),
    }
    if column in planted_columns:
        loans[column] = loans["loan_id"].map(planted_columns[column]).astype(float)
    if column == "prefix_of_who_paid":
        loans[column] = np.where(loans["loan_id"].map(ended), "P", "K")
    if column == "exit_month_balance":
        # A month's own end balance, written so that the month before shows it.
        shown = months["balance"].where(months["status"] != "prepaid", 0.0)
        months[column] = shown.groupby(months["loan_id"]).shift(-1)
        own = pd.Series(exit_balance, index=last.index).reindex(months["loan_id"]).to_numpy()
        months[column] = months[column].where(months[column].notna(), own)
    if column == "future_rate":
        rates = bank().rate_history
        ahead = months["month"] + pd.offsets.MonthEnd(6)
        months[column] = rates.monthly("mortgage", ahead.to_numpy())
    return CustomerHistory("mortgage_history/1", {**tables, "loans": loans, "loan_months": months})


LEAKS = [
    "exit_month_balance", "record_length", "encoded_id", "id_of_who_paid", "prefix_of_who_paid", "last_balance",
    "future_rate",
]  # fmt: skip


@pytest.mark.parametrize("column", LEAKS)
def test_planted_leak_fails_the_run(column: str) -> None:
    spec = spec_with(column)
    panel = KIND.build_panel(planted(column), bank().rate_history, spec)
    with pytest.raises(LeakFound, match=column):
        KIND.fit(panel, split_panel(panel, spec.split), spec)


def test_identifier_is_refused_whatever_it_says() -> None:
    spec = spec_with("unit")
    panel = KIND.build_panel(bank().mortgages, bank().rate_history, spec)
    with pytest.raises(LeakFound, match="identifier"):
        KIND.fit(panel, split_panel(panel, spec.split), spec)


def test_the_month_itself_is_no_feature() -> None:
    spec = spec_with("month")
    panel = KIND.build_panel(bank().mortgages, bank().rate_history, spec)
    with pytest.raises(SpecFault, match="expected no calendar"):
        KIND.fit(panel, split_panel(panel, spec.split), spec)


@pytest.mark.parametrize("column", ["", "vintage", "rate_at_the_start"])
def test_honest_features_pass(column: str) -> None:
    """Who came earlier had longer to leave, and a rate known when the month begins is no future."""
    spec = spec_with(column)
    tables = dict(bank().mortgages.tables)
    loans, months = tables["loans"].copy(), tables["loan_months"].copy()
    loans["vintage"] = loans["origination_date"].dt.year * 12.0 + loans["origination_date"].dt.month
    months["rate_at_the_start"] = bank().rate_history.monthly("mortgage", months["month"].to_numpy())
    history = CustomerHistory("mortgage_history/1", {**tables, "loans": loans, "loan_months": months})
    panel = KIND.build_panel(history, bank().rate_history, spec)
    assert KIND.fit(panel, split_panel(panel, spec.split), spec).facts["payoffs"] > 0


DISGUISED = [
    "record_length_noisy", "record_length_by_year", "file_sorted_by_exit", "last_update", "last_update_date",
    "next_balance_noisy", "next_balance_band", "rate_of_next_year", "rate_ahead_in_quarters", "mean_rate_of_next_year",
    "last_digit", "last_letter", "reason_of_few", "score_of_few",
]  # fmt: skip
TABLES = {"mortgage_prepayment": ("loans", "loan_months"), "nmd_decay": ("accounts", "account_months")}


def leavers(units: pd.DataFrame, months: pd.DataFrame) -> np.ndarray:
    """Whether each unit is seen to leave by the event that its kind learns, shape (units,)."""
    if "status" in months:
        return units["loan_id"].isin(months.loc[months["status"] == "prepaid", "loan_id"]).to_numpy()
    return (units["close_date"].notna() & units["successor_id"].isna()).to_numpy()


def disguised(kind: ModelKind, leak: str) -> CustomerHistory:
    """The small bank's history with one more column that knows the outcome, but not to the digit."""
    rng, history = np.random.default_rng(1), bank().mortgages if kind is KIND else bank().deposits
    units, months = (history.tables[name].copy() for name in TABLES[kind.name])
    key = units.columns[0]
    last = months.groupby(key)["month"].max().reindex(units[key])
    number = (last.dt.year * 12 + last.dt.month).to_numpy(dtype=float)
    length = months.groupby(key).size().reindex(units[key]).to_numpy(dtype=float)
    # Who stays was last written to at some time in the last ten years, so that the date alone says nothing of that.
    touched = number - np.where(last == last.max(), rng.integers(0, 121, len(units)), 0)
    left = leavers(units, months)
    few = rng.random(len(units)) < 0.2
    ahead = {"rate_of_next_year": 12, "rate_ahead_in_quarters": 6}
    balance = months["balance"].fillna(0.0).groupby(months[key]).shift(-1).fillna(0.0)
    of_units = {
        "record_length_noisy": length + 6.0 * rng.standard_normal(len(units)),
        "record_length_by_year": np.array([f"{years:02.0f} years" for years in length // 12], dtype=object),
        "file_sorted_by_exit": pd.Series(number + rng.random(len(units))).rank().to_numpy(),
        "last_update": touched,
        "last_digit": rng.permutation(len(units)) * 10.0 + np.where(left, 7, rng.integers(0, 7, len(units))),
        "last_letter": np.array([f"{number:06d}-{'XA'[int(left[number])]}" for number in range(len(units))], object),
        "reason_of_few": np.where(left & few, "moved", ""),
        "last_update_date": ((touched - 1 - 1970 * 12).astype(int)).astype("datetime64[M]").astype("datetime64[us]"),
    }
    if leak in of_units:
        units[leak] = of_units[leak]
    elif leak in ahead:
        role = "mortgage" if kind is KIND else "short"
        rate = bank().rate_history.monthly(role, (months["month"] + pd.offsets.MonthEnd(ahead[leak])).to_numpy())
        months[leak] = rate if leak == "rate_of_next_year" else np.round(rate * 400.0) / 400.0
    elif leak == "mean_rate_of_next_year":
        role = "mortgage" if kind is KIND else "short"
        rates = [
            bank().rate_history.monthly(role, (months["month"] + pd.offsets.MonthEnd(k)).to_numpy())
            for k in range(1, 13)
        ]
        months[leak] = np.mean(rates, axis=0)
    elif leak == "score_of_few":
        knows = months[key].map(pd.Series(left & few, units[key].to_numpy())).to_numpy()
        left_to_go = months.groupby(key).cumcount(ascending=False).to_numpy()
        months[leak] = np.where(knows, 1.0 / (1.0 + left_to_go), 0.3 * rng.random(len(months)))
    elif leak == "next_balance_noisy":
        months[leak] = balance * np.exp(0.3 * rng.standard_normal(len(months)))
    else:
        months[leak] = np.digitize(balance, [1.0, 5e4, 2e5]).astype(float)
    return CustomerHistory(history.contract, dict(zip(TABLES[kind.name], (units, months), strict=True)))


@pytest.mark.parametrize("kind", [KIND, DECAY], ids=lambda kind: kind.name)
@pytest.mark.parametrize("leak", DISGUISED)
def test_disguised_leak_fails_the_run(kind: ModelKind, leak: str) -> None:
    """Noisy, in bands, as a category, a date, an order of rows: a renewed account's own number moves none of them."""
    spec = spec_with(leak, kind=kind, family="spline_hazard")
    panel = kind.build_panel(disguised(kind, leak), bank().rate_history, spec)
    with pytest.raises(LeakFound, match=leak):
        kind.fit(panel, split_panel(panel, spec.split), spec)


def in_every_month(kind: ModelKind, columns: dict[str, np.ndarray]) -> CustomerHistory:
    """The small bank's history with columns of its units repeated in their months, as a flat extract has them."""
    history = bank().mortgages if kind is KIND else bank().deposits
    units, months = (history.tables[name].copy() for name in TABLES[kind.name])
    key = units.columns[0]
    for name, values in columns.items():
        months[name] = months[key].map(pd.Series(values, units[key].to_numpy())).astype(float)
    return CustomerHistory(history.contract, dict(zip(TABLES[kind.name], (units, months), strict=True)))


@pytest.mark.parametrize("kind", [KIND, DECAY], ids=lambda kind: kind.name)
@pytest.mark.parametrize("leak", ["record_length", "encoded_id", "last_digit", "mark_of_few"])
def test_a_leak_that_stands_in_every_month_fails_the_run(kind: ModelKind, leak: str) -> None:
    """What a month says is known from the next on, so that no loan has it in its first: it is read in the second."""
    rng, history = np.random.default_rng(1), bank().mortgages if kind is KIND else bank().deposits
    units, months = (history.tables[name] for name in TABLES[kind.name])
    key, count, left = units.columns[0], len(units), leavers(units, months)
    length = months.groupby(key).size().reindex(units[key]).to_numpy(dtype=float)
    planted_columns = {
        "record_length": length,
        "encoded_id": rng.permutation(count) + 1e6 * left,
        "last_digit": rng.permutation(count) * 10.0 + np.where(left, 7, rng.integers(0, 7, count)),
        "mark_of_few": np.where(left & (rng.random(count) < 0.2), 1.0, 0.0),
    }
    spec = spec_with(leak, kind=kind, family="spline_hazard")
    panel = kind.build_panel(in_every_month(kind, {leak: planted_columns[leak]}), bank().rate_history, spec)
    with pytest.raises(LeakFound, match=leak):
        kind.fit(panel, split_panel(panel, spec.split), spec)


@pytest.mark.parametrize("kind", [KIND, DECAY], ids=lambda kind: kind.name)
def test_honest_columns_of_every_month_are_not_refused(kind: ModelKind) -> None:
    """A number, a grade, and a year's mean, which nobody has in the first year: leaving before it is no leak of it."""
    rng, history = np.random.default_rng(2), bank().mortgages if kind is KIND else bank().deposits
    count = len(history.tables[TABLES[kind.name][0]])
    told = in_every_month(kind, {"number": rng.permutation(count), "grade": rng.integers(0, 5, count)})
    months = told.tables[TABLES[kind.name][1]]
    units = months.columns[0]
    rolling = months.groupby(units)["balance"].rolling(12).mean()
    months["mean_of_a_year"] = rolling.reset_index(level=0, drop=True)
    names = ("number", "grade", "mean_of_a_year")
    spec = spec_with(*names, kind=kind, family="spline_hazard")
    panel = kind.build_panel(told, bank().rate_history, spec)
    matrix = compute_features(panel, kind.features, spec.features.use)
    event = panel.table["payoff" if kind is KIND else "closed"].to_numpy()
    assert matrix.names[-3:] == names
    assert find_leaks(panel, matrix, event, np.ones(len(event), dtype=bool), (), kind.features, 1) == []


def made_units(begins: FloatArray, hazard: FloatArray, last: int, rng: np.random.Generator) -> Units:
    """Units that come in a month and leave at a hazard of their own, or are still there in the last month."""
    gone = begins + rng.geometric(hazard) - 1
    left, begins = gone <= last, begins.astype(np.int64)
    ends, nobody = np.minimum(gone, last).astype(np.int64), np.zeros(len(begins), dtype=np.int64)
    owner, half = np.arange(len(begins)), rng.random(len(begins)) < 0.5
    return Units(owner, left.astype(float), nobody, ends == last, begins, ends, np.ones(len(begins), bool), half)


@pytest.mark.parametrize("seed", range(10))
def test_money_that_came_at_once_and_is_all_gone_is_no_leak_and_a_mark_on_leavers_is(seed: int) -> None:
    """Both values hold leavers alone. Of the first none is left because all came long ago and leave quickly."""
    rng = np.random.default_rng(seed)
    begins = np.concatenate([rng.integers(0, 180, 2_000), rng.integers(20, 26, 60)]).astype(float)
    campaign = np.arange(len(begins)) >= 2_000
    units = made_units(begins, np.where(campaign, 0.05, 0.01), 180, rng)
    assert units.ever[campaign].mean() > 0.99
    quick = campaign & (units.ever > 0)
    assert units.all_leave(quick.astype(float)) < 0.5
    some = (units.ever > 0) & ~campaign & (rng.random(len(begins)) < 0.08)
    assert units.all_leave(np.where(some, 1.0, 0.0)) > 5.0


@pytest.mark.parametrize("seed", range(10))
def test_a_branch_that_was_closed_is_no_leak(seed: int) -> None:
    """All its units leave within a year: its number says nothing of when, or whether, any other does."""
    rng = np.random.default_rng(seed)
    begins = rng.integers(0, 60, 2_000).astype(float)
    branch = np.arange(len(begins)) < 80
    closing = (rng.integers(90, 102, len(begins)) - begins + 1.0).astype(np.int64)
    units = made_units(begins, np.full(len(begins), 0.005), 180, rng)
    ends = np.where(branch, np.minimum(units.ends, begins.astype(np.int64) + closing - 1), units.ends)
    units = replace(units, ends=ends, ever=np.where(branch, 1.0, units.ever), stayed=units.stayed & ~branch)
    assert units.all_leave(branch.astype(float)) == 0.0


@pytest.mark.parametrize("column", ["close_date", "successor_id"])
def test_what_the_contract_records_of_an_exit_is_no_feature(column: str) -> None:
    spec = spec_with(column, kind=DECAY, family="spline_hazard")
    panel = DECAY.build_panel(bank().deposits, bank().rate_history, spec)
    with pytest.raises(LeakFound, match=column):
        DECAY.fit(panel, split_panel(panel, spec.split), spec)


@pytest.mark.parametrize("kind", [KIND, DECAY], ids=lambda kind: kind.name)
def test_honest_strong_features_are_not_refused(kind: ModelKind) -> None:
    """A warning that foretells four exits in five, market rates of today, when a unit came and under which number."""
    rng, history = np.random.default_rng(2), bank().mortgages if kind is KIND else bank().deposits
    units, months = (history.tables[name].copy() for name in TABLES[kind.name])
    key = units.columns[0]
    left = months["month"] == months.groupby(key)["month"].transform("max")
    soon = left.groupby(months[key]).shift(-1, fill_value=False) & (rng.random(len(months)) < 0.8)
    months["warning"] = (soon | (rng.random(len(months)) < 0.01)).astype(float)
    months["swap"] = bank().rate_history.monthly("SWAP_5Y", months["month"].to_numpy())
    units["came"] = months.groupby(key)["month"].min().reindex(units[key]).to_numpy()
    units["number"] = np.arange(len(units), dtype=float)
    told = CustomerHistory(history.contract, dict(zip(TABLES[kind.name], (units, months), strict=True)))
    spec = spec_with("warning", "swap", "came", "number", kind=kind, family="spline_hazard")
    panel = kind.build_panel(told, bank().rate_history, spec)
    matrix = compute_features(panel, kind.features, spec.features.use)
    event = panel.table["payoff" if kind is KIND else "closed"].to_numpy()
    everything = np.ones(len(event), dtype=bool)
    assert matrix.names[-4:] == ("warning", "swap", "came", "number")
    assert find_leaks(panel, matrix, event, everything, (), kind.features, 1) == []


def aligned(market: FloatArray, series: FloatArray) -> float:
    """Foresight of a series that one unit shows, beside its market rate of the same months."""
    size = len(series)
    return future_alignment(series, np.zeros(size, dtype=np.int64), np.arange(size), market[:size], 0)


PATHS = {
    "decade": lambda t, rng: 0.03 + 0.02 * np.sin(2 * np.pi * t / 120),
    "six_years": lambda t, rng: 0.03 + 0.02 * np.sin(2 * np.pi * t / 72),
    "ramps": lambda t, rng: np.interp(t, [0, 40, 70, 100, 180], [0.05, 0.01, 0.01, 0.055, 0.03]),
    "steps": lambda t, rng: 0.005 + 0.0075 * rng.integers(0, 7, 20)[(t // 25).astype(int)],
    "walk": lambda t, rng: 0.03 + np.cumsum(0.001 * rng.standard_normal(len(t))),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("months", [36, 96, 160])
def test_a_spread_to_the_rate_that_was_is_no_foresight(path: str, months: int) -> None:
    """A market that turns smoothly foretells itself, and so does what is known of it today."""
    market = PATHS[path](np.arange(200.0), np.random.default_rng(3))
    for lag in (3, 9):
        paid = np.concatenate([np.full(lag, market[0]), market[:-lag]])
        for share in (0.4, 0.8, 1.0):
            assert aligned(market, (market - share * paid)[:months]) == 0.0


@pytest.mark.parametrize("seed", range(10))
def test_a_rate_that_another_follows_within_the_month_is_no_foresight(seed: int) -> None:
    """A posted rate takes up two thirds of a treasury rate's move a month late."""
    rng = np.random.default_rng(seed)
    treasury = PATHS["walk"](np.arange(161.0), rng)
    moves = np.diff(treasury, prepend=treasury[0])
    posted = np.cumsum(0.33 * moves + 0.67 * np.roll(moves, 1) + 0.0002 * rng.standard_normal(len(moves)))
    assert aligned(posted, treasury) == 0.0


def test_next_half_years_rate_in_quarters_of_a_point_is_foresight_on_most_paths() -> None:
    """Rounding takes most of a month's move away; what is left agrees with no other month's."""
    found = []
    for seed in range(20):
        market = PATHS["walk"](np.arange(200.0), np.random.default_rng(seed)) * 2.0
        found.append(aligned(market, (np.round(market * 400.0) / 400.0)[6:166]) > 0.0)
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("path", ["ramps", "steps", "walk"])
def test_the_rate_of_next_year_is_foresight_wherever_the_market_can_surprise(path: str) -> None:
    market = PATHS[path](np.arange(200.0), np.random.default_rng(3))
    for ahead in (1, 3, 6, 12):
        assert aligned(market, market[ahead : ahead + 160]) > 0.99


def test_area_under_curve_counts_ties_half() -> None:
    score = np.array([0.1, 0.25, 0.35, 0.4, 0.55, 0.6, 0.7, 0.72, 0.8, 0.95])
    event = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 1.0])
    assert area_under_curve(score, event) == pytest.approx(0.8)
    assert area_under_curve(np.ones(10), event) == 0.5
