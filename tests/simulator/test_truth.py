"""The stated truth is what the histories were drawn from, and its readings agree with one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from behavior.assumptions.check import set_faults
from behavior.assumptions.effects import Driver
from behavior.simulator import Laws, SimulatedBank, SimulatorSettings, simulate
from behavior.simulator.deposit_law import SEGMENTS, SpreadSensitiveLaw
from behavior.simulator.truth_tables import DECAY_MONTHS, SPREADS, decay_tables, payoff_table, true_assumption_set

INCENTIVE_EDGES = [-1, -0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.02, 1]
AGE_EDGES = [0, 6, 12, 24, 36, 60, 120, 400]


def _excess(actual: pd.Series, hazard: pd.Series, cells: list) -> pd.DataFrame:
    """Actual and expected events by cell, with the deviation in standard errors of the binomial sum."""
    frame = pd.DataFrame({"actual": actual, "expected": hazard, "variance": hazard * (1 - hazard)})
    found = frame.groupby(cells, observed=True).sum()
    found = found[found["expected"] >= 20]
    return found.assign(z=(found["actual"] - found["expected"]) / np.sqrt(found["variance"]))


def _assert_binomial(found: pd.DataFrame) -> None:
    """Every cell inside its interval at 99.9% over all cells together, and the sum of squares as a chi-square."""
    limit = stats.norm.ppf(1 - 0.0005 / len(found))
    assert found["z"].abs().max() < limit, found
    assert stats.chi2.sf((found["z"] ** 2).sum(), len(found)) > 1e-4, found


def test_payoffs_are_what_the_law_expects_by_age_and_incentive(bank: SimulatedBank) -> None:
    truth, months = bank.truth.loan_life.truth, bank.mortgages.tables["loan_months"]
    at_risk = ~months["status"].isin(["transferred", "matured"])
    rows = truth[at_risk]
    cells = [pd.cut(rows["age_months"], AGE_EDGES), pd.cut(rows["incentive"], INCENTIVE_EDGES)]
    found = _excess(months["status"][at_risk] == "prepaid", rows["payoff_hazard"], cells)
    assert len(found) > 35
    _assert_binomial(found)
    burnout = _excess(
        months["status"][at_risk] == "prepaid",
        rows["payoff_hazard"],
        [rows["product"], pd.cut(rows["months_in_the_money"], [-1, 0, 6, 12, 24, 48, 400])],
    )
    _assert_binomial(burnout)


def test_defaults_and_part_payments_are_what_the_law_expects(bank: SimulatedBank) -> None:
    truth, months = bank.truth.loan_life.truth, bank.mortgages.tables["loan_months"]
    at_risk = ~months["status"].isin(["transferred", "matured"])
    _assert_binomial(
        _excess(months["status"][at_risk] == "default", truth["default_hazard"][at_risk], [truth["product"][at_risk]])
    )
    open_rows = months["status"] == "open"
    paid = float(months["curtailment"][open_rows].sum())
    expected = float((truth["opening_balance"] * truth["curtailment_hazard"])[open_rows].sum())
    assert paid == pytest.approx(expected, rel=0.05)


def test_closures_and_migrations_are_what_the_law_expects(bank: SimulatedBank) -> None:
    truth = bank.truth.account_life.truth
    rows = truth[truth["event"] >= 0]
    cells = [rows["segment"], pd.cut(rows["spread"], [-1, 0.01, 0.02, 0.03, 1])]
    _assert_binomial(_excess(rows["event"] == 1, rows["closure"], cells))
    left = rows[rows["event"] != 1]
    cells = [left["segment"], pd.cut(left["spread"], [-1, 0.01, 0.02, 0.03, 1])]
    _assert_binomial(_excess(left["event"] == 2, left["migration"], cells))


def test_balances_decay_as_the_law_expects_before_credited_interest(bank: SimulatedBank) -> None:
    truth, months = bank.truth.account_life.truth, bank.deposits.tables["account_months"]
    before = months["balance"] - months["interest_credited"]
    # A successor of the same product carries the balance on, so its predecessor's last month is no outflow.
    usable = (truth["event"] >= 0) & (truth["event"] != 3) & (truth["opening_balance"] > 0) & before.notna()
    rows = truth[usable]
    surprise = before[usable] - rows["opening_balance"] * (1 - rows["decay"])
    found = pd.DataFrame({"segment": rows["segment"], "x": surprise, "balance": rows["opening_balance"]})
    by_month = found.groupby(["segment", rows["month"]])["x"].sum()
    for segment, sums in by_month.groupby(level=0):
        error = float(sums.std() * np.sqrt(len(sums)))
        assert abs(float(sums.sum())) < 4 * error, segment
        total = float(found.loc[found["segment"] == segment, "balance"].sum())
        assert abs(float(sums.sum())) / total < 0.002, segment


def test_rates_paid_follow_the_stated_law_exactly(bank: SimulatedBank) -> None:
    """An independent loop over months, against what the account rows show."""
    paths = bank.truth.paths
    months = bank.deposits.tables["account_months"].merge(
        bank.deposits.tables["accounts"][["account_id", "product", "customer_type"]], on="account_id"
    )
    for segment in SEGMENTS:
        fine = np.linspace(0.0, 0.08, 80_001)
        marginal = np.interp(fine, np.arange(6) / 100, segment.marginal)
        area = np.r_[0.0, np.cumsum((marginal[1:] + marginal[:-1]) / 2 * np.diff(fine))]
        target = segment.offset + np.interp(paths.short, fine, area)
        paid, path = target[0], [target[0]]
        for month in range(1, paths.months):
            rise = max(target[max(month - segment.delay_up, 0)] - paid, 0.0)
            fall = min(target[max(month - segment.delay_down, 0)] - paid, 0.0)
            paid = max(paid + segment.up * rise + segment.down * fall, 0.0)
            path.append(paid)
        mine = months[(months["product"] == segment.product) & (months["customer_type"] == segment.customer_type)]
        shown = mine.groupby("month")["rate_paid"].agg(["min", "max"])
        np.testing.assert_allclose(shown["min"], shown["max"], atol=0)
        expected = np.array(path)[np.searchsorted(paths.month_ends, shown.index.to_numpy().astype("datetime64[D]"))]
        np.testing.assert_allclose(shown["min"], expected, atol=1e-8)


def test_product_rates_are_the_balance_weighted_rates_of_accounts(bank: SimulatedBank) -> None:
    rates = bank.product_rates
    assert set(rates["product"]) == {"checking", "savings", "money_market"}
    wide = rates.pivot(index="month", columns="product", values="rate_paid")
    assert (wide["checking"] < wide["savings"]).mean() > 0.6
    assert (wide["savings"] < wide["money_market"]).all()


def test_survival_falls_and_the_lowest_balance_is_below_the_net_balance(bank: SimulatedBank) -> None:
    net, lowest = bank.truth.decay_survival(60), bank.truth.decay_survival(60, view="minimum_balance")
    assert (net.diff().dropna() <= 1e-12).all().all()
    assert (lowest.diff().dropna() <= 1e-12).all().all()
    assert (lowest.iloc[1:].to_numpy() < net.iloc[1:].to_numpy()).all()
    assert net.loc[12].between(0.7, 0.95).all() and net.loc[60].between(0.1, 0.8).all()


def test_without_noise_both_views_of_decay_are_one() -> None:
    quiet = tuple(replace(one, noise=1e-9, growth=-0.003, spread_growth=0.0, balance_spread=0.2) for one in SEGMENTS)
    laws = Laws(deposits=SpreadSensitiveLaw(quiet, young_growth=0.0), segments=quiet)
    settings = SimulatorSettings(loans=100, accounts=3_000, minimum_balance_paths=60)
    truth = simulate(settings, seed=11, laws=laws).truth
    net, lowest = truth.decay_survival(36), truth.decay_survival(36, view="minimum_balance")
    np.testing.assert_allclose(net, lowest, atol=0.02)


def test_higher_rates_mean_more_decay_and_higher_rates_paid(bank: SimulatedBank) -> None:
    truth = bank.truth
    base = truth.base_levels(60)
    up = np.r_[base[0], base[1:] + 0.02]
    assert (truth.decay_survival(60, up).loc[60] < truth.decay_survival(60).loc[60]).all()
    paid, shocked = truth.rate_paid(base), truth.rate_paid(up)
    np.testing.assert_array_equal(paid[0], truth.paid[-1])
    assert (shocked[60] > paid[60]).all()
    beta = truth.long_run_beta(0.02, 0.04)
    assert beta.between(0.05, 0.95).all()


def test_true_tables_hold_the_truth_at_their_nodes(bank: SimulatedBank) -> None:
    truth = bank.truth
    assert set_faults(true_assumption_set(truth, "2026-09-30.r1", bank.seed)) == []
    payoff = payoff_table(truth).curves[0]
    reading = payoff.at(12, {Driver.RATE_INCENTIVE: 0.01, Driver.MONTHS_IN_THE_MONEY: 24.0})
    expected = truth.payoff_surface("mortgage_fixed", [12], [0.01], [24])[0, 0, 0]
    assert float(reading.values) == pytest.approx(expected, abs=1e-8)
    withdrawal, migrated = decay_tables(truth)
    spread = float(SPREADS[3])
    for one, other in zip(withdrawal.curves, migrated.curves, strict=True):
        stays = 1 - (1 - one.at(DECAY_MONTHS, {Driver.RATE_SPREAD: spread}).values) * (
            1 - other.at(DECAY_MONTHS, {Driver.RATE_SPREAD: spread}).values
        )
        assert ((stays > 0) & (stays < 0.1)).all()


def test_truth_survives_a_change_of_law() -> None:
    """Any law that keeps the protocol can be put in; the rows then carry its hazards."""

    class Constant(SpreadSensitiveLaw):
        def closure(self, state):
            return np.full(state.age_months.size, 0.02)

    small = SimulatorSettings(loans=100, accounts=800)
    truth = simulate(small, seed=2, laws=Laws(deposits=Constant())).truth
    rows = truth.account_life.truth
    assert set(rows.loc[rows["event"] >= 0, "closure"]) == {0.02}
