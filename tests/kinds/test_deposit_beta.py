"""Deposit beta from history to tables and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.check import table_faults
from behavior.assumptions.effects import POOLED, Direction, Driver, Effect
from behavior.errors import FittingError, SpecFault
from behavior.kinds._beta_exhibits import readings_exhibit
from behavior.kinds._beta_export import law_from_tables, speed_parts
from behavior.kinds._beta_learning import fit_options
from behavior.kinds._beta_panel import SHORT_RATES, build_beta_panel, pieces_of_panel, series_of_panel
from behavior.kinds.base import ExportContext
from behavior.kinds.deposit_beta import KIND
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.quantities import Quantity
from behavior.specs import parse_spec
from behavior.workflows.learned import learn, load
from tests.estimators.pass_through_cases import Truth, logistic, policy_rate, ramp

SPEC = """
[model]
kind = "deposit_beta"
version = 1
owner = "tests"
[history]
contract = "{contract}"
[segments]
by = {by}
[split]
customer_share = 0.0
[estimator]
family = "structural_pass_through"
[estimator.fixed]
largest_delay = 2
replicates = 30
starts = 4
{more}
"""
MONTHS = 150
ENDS = pd.date_range("2010-01-31", periods=MONTHS, freq="ME")
TRUTHS = {
    "savings": Truth(logistic(0.1, 0.5), 0.15, 0.30, 2, 1, shock=5e-5),
    "money_market": Truth(ramp(0.3, 6.0), 0.25, 0.35, 0, 0, shock=5e-5),
    "checking": Truth(ramp(0.02, 2.0), 0.20, 0.30, 2, 1, shock=2e-5),
}


def spec_of(contract="product_rate_history/1", by='["product"]', more=""):
    return parse_spec(SPEC.format(contract=contract, by=by, more=more), "spec.toml")


def rate_table(levels, name="SHORT"):
    return pd.DataFrame({"date": ENDS[: levels.size], "index": name, "value": levels})


@pytest.fixture(scope="module")
def market():
    levels = policy_rate(MONTHS, 11)
    return levels, RateHistory.from_table(rate_table(levels), {"short": "SHORT"})


@pytest.fixture(scope="module")
def products(market):
    levels, _ = market
    parts = [
        pd.DataFrame({"product": name, "month": ENDS, "rate_paid": truth.simulate(levels, number), "balance": 1e6})
        for number, (name, truth) in enumerate(TRUTHS.items())
    ]
    return CustomerHistory("product_rate_history/1", {"product_rates": pd.concat(parts, ignore_index=True)})


@pytest.fixture(scope="module")
def trained(products, market):
    spec = spec_of()
    panel = KIND.build_panel(products, market[1], spec)
    split = split_panel(panel, spec.split)
    fitted = KIND.fit(panel, split, spec)
    context = ExportContext(ENDS[-1], panel, market[1])
    return spec, panel, split, fitted, KIND.export(fitted, context)


def test_panel_holds_what_led_there_and_nothing_later(trained, market):
    _, panel, _, _, _ = trained
    levels = market[0]
    rows = panel.table[panel.table["unit"] == "savings"].reset_index(drop=True)
    assert rows["short_rate"].to_numpy() == pytest.approx(levels)
    assert rows.loc[60, SHORT_RATES[5]] == levels[55]
    changed = levels.copy()
    changed[100:] += 0.01
    other = RateHistory.from_table(rate_table(changed), {"short": "SHORT"})
    history = CustomerHistory(
        "product_rate_history/1", {"product_rates": panel.table[["product", "month", "rate_paid"]]}
    )
    again = KIND.build_panel(history, other, spec_of()).table
    early = (again["month"] < ENDS[100]).to_numpy()
    assert again.loc[early, list(SHORT_RATES)].equals(panel.table.loc[early, list(SHORT_RATES)])


def test_balance_weighted_over_accounts(market):
    rates = market[1]
    accounts = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "product": "savings", "customer_type": ["retail", "retail", "wholesale"]}
    )
    rows = [
        {"account_id": account, "month": month, "balance": balance, "rate_paid": rate}
        for month in ENDS[:24]
        for account, balance, rate in (("a", 100.0, 0.01), ("b", 300.0, 0.02), ("c", 50.0, 0.03))
    ]
    months = pd.DataFrame(rows)
    months.loc[months["account_id"].eq("b") & months["month"].eq(ENDS[3]), "balance"] = np.nan
    months.loc[months["account_id"].eq("b") & months["month"].eq(ENDS[4]), "balance"] = -5.0
    history = CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": months})
    spec = spec_of("deposit_history/1", '["product", "customer_type"]')
    panel = KIND.build_panel(history, rates, spec)
    retail = panel.table[panel.table["customer_type"] == "retail"].reset_index(drop=True)
    assert retail.loc[0, "rate_paid"] == pytest.approx((100 * 0.01 + 300 * 0.02) / 400)
    assert retail.loc[[3, 4], "rate_paid"].to_numpy() == pytest.approx(0.01)
    assert retail.loc[0, "weight"] == 400 and retail.loc[0, "exposure"] == 2
    assert panel.dropped["account-months without a positive balance"] == 2


def accounts_paying(products, types):
    """One account a product and type, each paying its product's rate and a little of its own; types may be absent."""
    rates = products.tables["product_rates"].pivot(index="month", columns="product", values="rate_paid")
    names = [f"{number}" for number in range(len(types))]
    accounts = pd.DataFrame(
        {"account_id": names, "product": [one for one, _ in types], "customer_type": [two for _, two in types]}
    )
    parts = [
        pd.DataFrame({"account_id": name, "month": ENDS, "balance": 100.0, "rate_paid": rates[product].to_numpy()})
        for name, (product, _) in zip(names, types, strict=True)
    ]
    return accounts, pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("column", ["absent", "empty"])
def test_accounts_whose_customer_type_nobody_knows_have_a_law_by_product(products, market, column):
    accounts, months = accounts_paying(products, [("savings", None), ("savings", None), ("checking", None)])
    accounts = accounts.drop(columns="customer_type") if column == "absent" else accounts
    history = CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": months})
    spec = spec_of("deposit_history/1", '["product", "customer_type"]')
    panel = KIND.build_panel(history, market[1], spec)
    fitted = KIND.fit(panel, split_panel(panel, spec.split), spec)
    tables = KIND.export(fitted, ExportContext(ENDS[-1], panel, market[1], pd.DataFrame()))
    assert not [fault for table in tables for fault in table_faults(table)]
    segments = [curve.segment for curve in tables[0].curves]
    assert sorted(segments) == [("checking", POOLED), (POOLED, POOLED), ("savings", POOLED)]
    by_product = spec_of("deposit_history/1", '["product"]')
    alone = KIND.build_panel(history, market[1], by_product)
    plain = KIND.export(KIND.fit(alone, split_panel(alone, by_product.split), by_product), None)[0]
    for one in plain.curves:
        own = next(curve for curve in tables[0].curves if curve.segment == (*one.segment, POOLED))
        np.testing.assert_array_equal(own.values, one.values)
    assert fitted.facts["segment columns that the history does not have, pooled"] == "customer_type"


def test_accounts_that_do_not_say_their_customer_type_are_the_pooled_law_of_their_product(products, market):
    types = [("savings", "retail"), ("savings", None), ("savings", ""), ("checking", "retail")]
    accounts, months = accounts_paying(products, types)
    history = CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": months})
    spec = spec_of("deposit_history/1", '["product", "customer_type"]')
    panel = KIND.build_panel(history, market[1], spec)
    assert set(panel.table["unit"]) == {"savings / retail", f"savings / {POOLED}", "checking / retail"}
    fitted = KIND.fit(panel, split_panel(panel, spec.split), spec)
    tables = KIND.export(fitted, ExportContext(ENDS[-1], panel, market[1], pd.DataFrame()))
    assert not [fault for table in tables for fault in table_faults(table)]
    laws = {curve.segment: curve.values for curve in tables[0].curves}
    np.testing.assert_allclose(laws[("savings", POOLED)], laws[("savings", "retail")], atol=1e-9)


def test_a_segment_of_which_no_account_carries_a_rate_is_named(market):
    """It has no law of its own, and nothing else of the report would know it by name."""
    accounts = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "product": ["savings", "savings", "checking"], "customer_type": "retail"}
    )
    rows = [
        {"account_id": account, "month": month, "balance": 100.0, "rate_paid": rate}
        for month in ENDS[:24]
        for account, rate in (("a", 0.01), ("b", np.nan), ("c", np.nan))
    ]
    history = CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": pd.DataFrame(rows)})
    dropped = KIND.build_panel(history, market[1], spec_of("deposit_history/1", '["product", "customer_type"]')).dropped
    words = "account-months of segments without any rate paid, read from pooled laws: checking / retail"
    assert dropped["account-months without a rate paid"] == 48 and dropped[words] == 24
    assert sum("without any rate" in why for why in dropped) == 1


def test_rates_of_two_currencies_follow_each_its_own_short_rate(market):
    """The laws are those of each currency learned alone; one short rate for both is refused, balances are not added."""
    levels = market[0]
    other = policy_rate(MONTHS, 5)[::-1]
    both = pd.concat([rate_table(levels), rate_table(other, "OTHER")])
    truth = TRUTHS["money_market"]

    def history(*currencies):
        accounts, months = [], []
        for number, (currency, path) in enumerate((("USD", levels), ("EUR", other))):
            if currency in currencies:
                accounts.append({"account_id": currency, "product": "savings", "currency": currency})
                paid = truth.simulate(path, number)
                months.append(pd.DataFrame({"account_id": currency, "month": ENDS, "balance": 9.0, "rate_paid": paid}))
        tables = {"accounts": pd.DataFrame(accounts), "account_months": pd.concat(months, ignore_index=True)}
        return CustomerHistory("deposit_history/1", tables)

    spec = spec_of("deposit_history/1")
    with pytest.raises(FittingError, match=r"EUR and USD would follow one short rate.*`short_EUR` for EUR"):
        KIND.build_panel(history("USD", "EUR"), RateHistory.from_table(both, {"short": "SHORT"}), spec)
    named = RateHistory.from_table(both, {"short": "SHORT", "short_EUR": "OTHER"})
    panel = KIND.build_panel(history("USD", "EUR"), named, spec)
    for currency, role in (("USD", "SHORT"), ("EUR", "OTHER")):
        alone = KIND.build_panel(history(currency), RateHistory.from_table(both, {"short": role}), spec)
        own = panel.table[panel.table["currency"] == currency].reset_index(drop=True)
        columns = ["month", "rate_paid", *SHORT_RATES]
        pd.testing.assert_frame_equal(own[columns], alone.table[columns])


def test_segments_that_are_not_there_and_settings_that_do_not_exist(products, market):
    with pytest.raises(SpecFault, match="customer_type"):
        KIND.build_panel(products, market[1], spec_of(by='["product", "customer_type"]'))
    with pytest.raises(SpecFault) as caught:
        fit_options(spec_of(more="knots = 3\nspeed = 2"))
    assert len(caught.value.faults) == 2


def test_rows_without_a_current_short_rate_are_dropped_and_counted(products):
    stopped = RateHistory.from_table(rate_table(policy_rate(MONTHS, 11)[:100]), {"short": "SHORT"})
    panel = KIND.build_panel(products, stopped, spec_of())
    assert panel.table["month"].max() <= ENDS[101]
    assert panel.dropped["rows before or after the months in which the short rate is known"] == 3 * (MONTHS - 102)
    with pytest.raises(FittingError, match="no rate paid"):
        old = RateHistory.from_table(rate_table(np.array([0.01, 0.01])).assign(date=ENDS[:2] - pd.DateOffset(years=9)))
        KIND.build_panel(products, old, spec_of(more='\n[options]\nindex = "SHORT"'))


def test_finds_the_truth_and_the_unseen_cycle(trained, market):
    _, panel, split, fitted, tables = trained
    levels = market[0]
    low, high = float(levels.min()), float(levels[: int(0.75 * MONTHS)].max())
    for name, truth in TRUTHS.items():
        law = law_from_tables(tables, (name,))
        assert float(law.target_change(low, high)) / (high - low) == pytest.approx(truth.long_run(low, high), abs=0.03)
        assert (law.delay_up, law.delay_down) == (truth.delay_up, truth.delay_down)
    table = KIND.predict(fitted, panel).table[split.test]
    error = {
        name: np.sqrt(np.mean((table[name] - table["actual"]) ** 2))
        for name in ("predicted", "challenger", "benchmark")
    }
    assert error["predicted"] < 0.25 * min(error["challenger"], error["benchmark"])


def test_tables_keep_the_rules_and_say_what_was_seen(trained):
    _, _, _, fitted, tables = trained
    assert [fault for table in tables for fault in table_faults(table)] == []
    target, *speeds = tables
    assert target.effect is Effect.REPRICING and target.quantity is Quantity.MARGINAL_PASS_THROUGH
    assert {curve.segment for curve in target.curves} == {*((name,) for name in TRUTHS), (POOLED,)}
    for curve in target.curves:
        assert np.all(np.diff(curve.values) >= -1e-12) and np.all((curve.values >= 0) & (curve.values <= 1))
        assert np.all(curve.lower <= curve.values) and np.all(curve.values <= curve.upper)
        grid, exposure = curve.driver_grids[Driver.RATE_LEVEL], curve.exposure_months
        assert exposure[0] == 0 and exposure[-1] == 0 and exposure.max() > 0
        outside = grid > fitted.estimators["pass_through"].layout_.knots[-1]
        assert np.ptp(curve.values[outside]) == 0
    # Products whose delays differ are in different tables; the fallback comes after them.
    assert len(speeds) == 3
    assert all(POOLED not in curve.segment for table in speeds[:2] for curve in table.curves)
    assert {curve.segment for curve in speeds[2].curves} == {(POOLED,)}
    assert all(set(table.delay_months) == {Direction.UP, Direction.DOWN} for table in speeds)


def test_tables_say_what_the_model_says(trained):
    _, panel, _, fitted, tables = trained
    model, table = KIND.predict(fitted, panel).table, KIND.look_up(tables, fitted, panel).table
    assert list(model["unit"]) == list(table["unit"]) == list(panel.table["unit"])
    assert np.nanmax(np.abs(model["predicted"] - table["predicted"])) * 1e4 < 1e-6
    # The first row of a series has nothing before it to be foretold from.
    assert model["predicted"].isna().sum() == len(TRUTHS)


def test_read_back_is_the_same_model(trained):
    spec, panel, _, fitted, _ = trained
    again = KIND.load(spec, fitted.files())
    assert again.files() == fitted.files()
    pd.testing.assert_frame_equal(KIND.predict(again, panel).table, KIND.predict(fitted, panel).table)


def test_the_fit_is_said_in_months_and_a_row_a_segment(trained):
    _, _, _, fitted, _ = trained
    facts = fitted.facts
    assert pd.Period(facts["trained to"], "M").year >= 2000
    assert "trained_to" not in facts
    assert set(TRUTHS) <= set(facts["laws of segments"])
    assert all(row["months"] > 0 for row in facts["laws of segments"].values())
    again = KIND.load(fitted.spec, fitted.files()).facts
    assert again["laws of segments"] == facts["laws of segments"]
    assert again["trained to"] == facts["trained to"]


def test_explanation_adds_up_to_the_prediction(trained):
    _, panel, split, fitted, _ = trained
    found = KIND.explain(fitted, panel.rows(split.test))["pass_through"]
    assert found.base + found.contributions.sum(axis=1) == pytest.approx(found.score, abs=1e-12)
    assert len(found.names) == found.contributions.shape[1] == found.values.shape[1]


def test_exhibits_hold_numbers(trained):
    _, panel, split, fitted, _ = trained
    found = {one.name: one for one in KIND.exhibits(fitted, panel, split, KIND.predict(fitted, panel))}
    assert {"pass_through_path", "target_by_level", "half_lives", "cycle_betas"} <= set(found)
    assert {"rolling_betas", "error_correction", "replicating_portfolio"} <= set(found)
    assert "names no market rates" in found["replicating_portfolio"].note
    assert {"savings_lower", "savings_upper"} <= set(found["target_by_level"].data.columns)
    assert "no" in set(found["cycle_betas"].data["seen by the fit"])
    assert all(len(one.data) for one in found.values())


def test_a_product_whose_months_all_came_after_training_is_named_beside_the_laws(trained):
    model = trained[3].estimators["pass_through"]
    known = [law.segment for law in model.laws_]
    assert "Without a law" not in readings_exhibit(model, known).note
    assert "read from a pooled one: opened lately." in readings_exhibit(model, [*known, ("opened lately",)]).note


def test_a_long_gap_makes_pieces_and_a_missing_quarter_does_not(trained):
    _, panel, _, _, _ = trained
    one = panel.table[panel.table["unit"] == "savings"].reset_index(drop=True)
    held = one[(one.index < 40) | (one.index >= 60)]
    pieces = pieces_of_panel(held, ["product"])
    assert [piece.observed.size for piece in pieces] == [40, 90]
    assert {piece.source for piece in pieces} == {"savings"}
    quarters = one.iloc[2::3].assign(period_months=3)
    assert len(pieces_of_panel(quarters[quarters["month"].dt.month != 12], ["product"])) == 1
    assert series_of_panel(held, ["product"])[0].observed.size == 130


def test_one_pair_of_delays_is_one_table(trained):
    laws = trained[3].estimators["pass_through"].laws_
    alike = [law for law in laws if law.delays == laws[0].delays]
    assert speed_parts(alike) == [alike]


def test_the_panel_is_that_of_the_accounts_and_not_of_the_file(market):
    generator = np.random.default_rng(5)
    months = np.repeat(ENDS[:24], 40)
    account = np.tile([f"A{number:02d}" for number in range(40)], 24)
    rows = pd.DataFrame(
        {
            "account_id": account,
            "month": months,
            "balance": generator.lognormal(9, 2, months.size),
            "rate_paid": generator.uniform(0, 0.03, months.size),
        }
    )
    accounts = pd.DataFrame({"account_id": sorted(set(account)), "product": "savings", "open_date": ENDS[0]})
    panels = [
        build_beta_panel(
            CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": shuffled}),
            market[1],
            spec_of("deposit_history/1"),
        ).table
        for shuffled in (rows, *(rows.sample(frac=1.0, random_state=seed) for seed in range(3)))
    ]
    for other in panels[1:]:
        pd.testing.assert_frame_equal(panels[0], other, check_exact=True)


RISE_AT_THE_END = np.interp(np.arange(MONTHS), [0, 8, 24, 114, 132, 149], [0.04, 0.04, 0.002, 0.002, 0.045, 0.045])


@pytest.fixture(scope="module")
def learned_twice():
    """A long zero-rate period with the rise, and a product, that came after it: judged without them, exported with."""
    rates = RateHistory.from_table(rate_table(RISE_AT_THE_END), {"short": "SHORT"})
    truths = {**TRUTHS, "opened_late": Truth(logistic(0.4, 0.8), 0.3, 0.3)}
    parts = [
        pd.DataFrame({"product": name, "month": ENDS, "rate_paid": truth.simulate(RISE_AT_THE_END, number)}).iloc[
            118 if name == "opened_late" else 0 :
        ]
        for number, (name, truth) in enumerate(truths.items())
    ]
    history = CustomerHistory("product_rate_history/1", {"product_rates": pd.concat(parts, ignore_index=True)})
    spec = spec_of(more="[export]\nrefit = true")
    panel = KIND.build_panel(history, rates, spec)
    split = split_panel(panel, spec.split)
    return truths, rates, panel, split, learn(KIND, panel, split, spec)


def test_what_is_exported_has_seen_the_last_rise_and_what_is_judged_has_not(learned_twice):
    truths, _, panel, split, learned = learned_twice
    judged, exported = (one.estimators["pass_through"] for one in (learned.judged, learned.exported))
    months = month_number(panel.table["month"])
    assert (
        exported.facts_["trained_to"]
        == months.max()
        > judged.facts_["trained_to"]
        == months[split.train | split.validate].max()
    )
    assert ("opened_late",) not in [law.segment for law in judged.laws_]
    assert judged.segment_law(("opened_late",)).segment == (POOLED,)
    assert exported.segment_law(("opened_late",)).segment == ("opened_late",)
    low, high = float(RISE_AT_THE_END.min()), float(RISE_AT_THE_END.max())
    for name, truth in truths.items():
        off = {
            which: abs(float(model.law((name,)).target_change(low, high)) / (high - low) - truth.long_run(low, high))
            for which, model in (("judged", judged), ("exported", exported))
        }
        assert off["exported"] < 0.03
        assert name != "opened_late" or off["judged"] > 0.1
    facts = learned.facts()
    assert facts["trained to, exported model"] == str(np.datetime64(int(months.max()), "M")) != facts["trained to"]
    assert "opened_late" in facts["laws of segments, exported model"]


def test_both_models_start_their_paths_where_the_judged_one_stopped_learning(learned_twice):
    """Learned again from the same rows it is the same model, prediction by prediction, with the same challengers."""
    _, _, panel, split, learned = learned_twice
    before = KIND.predict(learned.judged, panel).table
    same = KIND.refit(learned.judged, panel, split, learned.judged.spec)
    pd.testing.assert_frame_equal(KIND.predict(same, panel).table, before, check_exact=True)
    after = KIND.predict(learned.exported, panel).table
    pd.testing.assert_frame_equal(after[["challenger", "benchmark"]], before[["challenger", "benchmark"]])
    late = split.test & (panel.table["unit"] == "savings").to_numpy()
    anchor = panel.table[~split.test & (panel.table["unit"] == "savings").to_numpy()].iloc[-1]
    for table in (before, after):
        first = table[late].iloc[0]
        assert abs(first["predicted"] - anchor["rate_paid"]) < 0.001, "a path from the last rate that was known"
    found = {
        one.name: one for one in KIND.exhibits(learned.exported, panel, split, KIND.predict(learned.judged, panel))
    }
    assert f"again at {anchor['month']:%Y-%m}" in found["pass_through_path"].note
    assert set(found["cycle_betas"].data["seen by the fit"]) == {"yes"}


def test_a_version_keeps_both_models(learned_twice):
    _, rates, panel, _, learned = learned_twice
    back = load(KIND, learned.judged.spec, dict(learned.files()))
    assert back.refitted
    for mine, again in ((learned.judged, back.judged), (learned.exported, back.exported)):
        pd.testing.assert_frame_equal(KIND.predict(again, panel).table, KIND.predict(mine, panel).table)
        context = ExportContext(ENDS[-1], panel, rates)
        for one, other in zip(KIND.export(mine, context), KIND.export(again, context), strict=True):
            assert one.resting_rates == other.resting_rates
            for curve, same in zip(one.curves, other.curves, strict=True):
                np.testing.assert_array_equal(curve.values, same.values)
                np.testing.assert_array_equal(curve.lower, same.lower)
    assert dict(back.files()) == dict(learned.files())
    tables = [
        curve.values for model in (learned.judged, learned.exported) for curve in KIND.export(model, context)[0].curves
    ]
    assert any(not np.array_equal(tables[0], other) for other in tables[1:])
