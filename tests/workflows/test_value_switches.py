"""Each choice of the contracts changes the number it should, by as much as a hand calculation says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve, Tail
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.errors import AssumptionError, ContractFault
from behavior.market.buckets import own_buckets
from behavior.market.scenario_sets import Scenario, ScenarioSet
from behavior.measures.result import IrrbbResult
from behavior.quantities import Quantity
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from tests.engine.simple import AS_OF, loan, runoff, table
from tests.workflows.test_value_engine import deposit, inputs

DAYS_TO_JUNE = 181


def curve_table(zeros: dict[int, float], index: str = "discount", currency: str = "USD") -> pd.DataFrame:
    rows = [
        {"as_of": AS_OF, "currency": currency, "index": index, "months": m, "zero_rate": z} for m, z in zeros.items()
    ]
    return pd.DataFrame(rows)


FLAT = curve_table({0: 0.03, 480: 0.03})
KINKED = {0: 0.01, 12: 0.04, 24: 0.02, 480: 0.02}


def bullet(months: int, rate: float, **terms: Any) -> dict[str, Any]:
    return loan(months, rate, **{"repayment": "bullet", **terms})


def run(options: dict[str, Any], *rows: dict[str, Any], **changed: Any) -> IrrbbResult:
    chosen = ValuationOptions(**{"framework": "us_parallel", **options})
    given = {"assumptions": None, "curves": FLAT, "book": table(*rows), **changed}
    return value(inputs(**given), chosen)


def values(result: IrrbbResult, product: str = "loan") -> pd.Series[float]:
    """Present value by scenario."""
    return result.eve[result.eve["product"] == product].set_index("scenario")["present_value"]


def flow(result: IrrbbResult, column: str, month: int, scenario: str = "base") -> float:
    rows = result.cash_flows[result.cash_flows["scenario"] == scenario]
    return float(rows[column].iloc[month - 1])


def interest(result: IrrbbResult, sheet: str, month: int, scenario: str = "base", product: str = "loan") -> float:
    rows = result.nii
    chosen = (rows["scenario"] == scenario) & (rows["balance_sheet"] == sheet) & (rows["product"] == product)
    return float(rows[chosen]["nii"].iloc[month - 1])


def test_a_clean_value_leaves_out_what_had_accrued() -> None:
    # Half-yearly coupons, the next in three months: three months of 6% on a million have accrued.
    row = bullet(3, 0.06, payment_months=6, origination_date=pd.Timestamp("2024-03-31"))
    dirty, clean = run({}, row), run({"price": "clean"}, row)
    np.testing.assert_allclose(values(clean) - values(dirty), -15_000.0, rtol=1e-9)
    np.testing.assert_allclose(clean.eve_summary["delta_eve"], dirty.eve_summary["delta_eve"], atol=1e-6)
    assert dirty.facts["summary"]["accrued_interest"]["USD"] == pytest.approx(15_000.0)
    both = run({"price": "clean", "margins": "calibrated"}, row)
    assert values(both)["base"] == pytest.approx(1e6, rel=1e-9)
    excluded = [run({"price": p, "margins": "excluded"}, {**row, "transfer_rate": 0.04}) for p in ("clean", "dirty")]
    np.testing.assert_allclose(values(excluded[0]) - values(excluded[1]), -10_000.0, rtol=1e-9)
    grown = {**row, "compounding_months": 1}
    for options, terms in (({}, grown), ({"margins": "excluded"}, {**row, "transfer_rate": 0.04})):
        dirty, clean = run(options, terms), run({**options, "price": "clean"}, terms)
        said = dirty.facts["summary"]["accrued_interest"]["USD"]
        np.testing.assert_allclose(values(dirty) - values(clean), said, rtol=1e-9)


def decay(**tables: tuple[float, View | None]) -> AssumptionSet:
    """Flat hazards of savings by cause; ``minimum`` stands for a second withdrawal curve."""
    made = []
    for name, (hazard, view) in tables.items():
        cause = "withdrawal" if name == "minimum" else name
        curve = AssumptionCurve(("savings",), np.arange(1, 61), {}, np.full(60, hazard), view=view)
        made.append((cause, curve))
    causes = dict.fromkeys(cause for cause, _ in made)
    return AssumptionSet(
        "decay",
        AS_OF,
        tuple(
            AssumptionTable(
                cause,
                Effect.RUNOFF,
                Quantity.MONTHLY_HAZARD,
                SegmentScheme(("product",)),
                tuple(curve for other, curve in made if other == cause),
                cause,
                MonthMeaning.SINCE_AS_OF,
            )
            for cause in causes
        ),
    )


def test_moves_into_other_products_count_or_are_censored() -> None:
    held = decay(withdrawal=(0.01, None), migrated=(0.02, None))
    counted, censored = (run({"migrated": word}, deposit(), assumptions=held) for word in ("counted", "censored"))
    assert flow(counted, "withdrawal", 1) == pytest.approx(8e5 * (1 - 0.99 * 0.98))
    assert flow(censored, "withdrawal", 1) == pytest.approx(8e5 * 0.01)
    assert "censored" in censored.facts["conventions"]["migrated"]
    assert run({}, deposit(), assumptions=held).facts["conventions"]["migrated"].startswith("counted")


def test_the_liquidity_view_reads_lowest_balances_and_censors_moves() -> None:
    held = decay(
        withdrawal=(0.01, View.WITH_REDEPOSITS),
        minimum=(0.04, View.MINIMUM_BALANCE),
        migrated=(0.02, View.WITH_REDEPOSITS),
    )
    plain = run({}, deposit(), assumptions=held)
    view = run({"deposit_view": "minimum_balance"}, deposit(), assumptions=held)
    counted = run({"deposit_view": "minimum_balance", "migrated": "counted"}, deposit(), assumptions=held)
    assert flow(plain, "withdrawal", 1) == pytest.approx(8e5 * (1 - 0.99 * 0.98))
    assert flow(view, "withdrawal", 1) == pytest.approx(8e5 * 0.04)
    assert flow(counted, "withdrawal", 1) == pytest.approx(8e5 * (1 - 0.96 * 0.98))
    assert view.facts["conventions"]["deposit_view"] == "minimum_balance"
    with pytest.raises(AssumptionError, match="no curve in the view `minimum_balance`"):
        only = decay(withdrawal=(0.01, View.WITH_REDEPOSITS))
        run({"deposit_view": "minimum_balance"}, deposit(), assumptions=only)


@pytest.mark.parametrize(
    ("tail", "hazard"), [(Tail.LARGER_OF_LAST_AND_MEAN, 0.02), (Tail.LAST_VALUE, 0.01), (Tail.MEAN_OF_LAST_24, 0.02)]
)
def test_the_hazard_beyond_the_last_month(tail: Tail, hazard: float) -> None:
    # 24 months with a mean of 2% that end at 1%.
    found = np.full(24, (24 * 0.02 - 0.01) / 23)
    found[-1] = 0.01
    result = run({"tail": tail}, deposit(), assumptions=runoff("savings", found, "withdrawal"))
    left = flow(result, "closing_balance", 24)
    assert flow(result, "withdrawal", 25) == pytest.approx(left * hazard)
    assert result.facts["conventions"]["beyond_last_month"].startswith(tail.value)


@pytest.mark.parametrize("word", ["linear", "log_linear", "pchip"])
def test_what_drivers_read_between_the_nodes(word: str) -> None:
    # A hazard equal to the short rate shows the forward that the driver saw in month 7.
    curve = AssumptionCurve(
        ("savings",), np.arange(1, 61), {Driver.RATE_LEVEL: np.array([0.0, 0.2])}, np.zeros((2, 60))
    )
    curve = replace(curve, values=np.repeat([[0.0], [0.2]], 60, axis=1))
    made = runoff("savings", np.zeros(60), "withdrawal")
    held = replace(made, tables=(replace(made.tables[0], curves=(curve,), drivers=(Driver.RATE_LEVEL,)),))
    options = {"driver_interpolation": word, "time": "month_grid"}
    result = run(options, deposit(), assumptions=held, curves=curve_table(KINKED))
    seen = flow(result, "withdrawal", 7) / flow(result, "closing_balance", 6)

    def exponent(months: int) -> float:
        share = months / 12
        if word == "linear":
            return (0.01 + 0.03 * share) * share
        # Log-linear: z t is straight between 0 and 0.04.
        return 0.04 * share

    by_hand = (math.exp(exponent(7) - exponent(6)) - 1) * 12
    if word == "pchip":
        assert abs(seen - by_hand) > 1e-3
        assert result.facts["conventions"]["driver_forwards"].startswith("monotone cubic")
    else:
        assert seen == pytest.approx(by_hand, rel=1e-9)
    # Cash flows themselves do not ask.
    assert values(result, "savings").notna().all()


def leg(side: str, rate: float, months: int, **terms: Any) -> dict[str, Any]:
    return bullet(months, rate, instrument="swap_leg", side=side, trade_id="one", product="swap", **terms)


def test_swap_legs_run_off_or_are_renewed() -> None:
    row = leg("receive", 0.05, 12, origination_date=pd.Timestamp("2024-12-31"))
    gone, renewed = (run({"derivatives": word}, row) for word in ("run_off", "renewed"))
    for result in (gone, renewed):
        assert interest(result, "constant", 12, product="swap") == pytest.approx(1e6 * 0.05 / 12)
    assert interest(gone, "constant", 13, product="swap") == 0.0
    # Two years again: 3% and the margin of 2% that today's leg has; a point more after a parallel shock of one.
    assert interest(renewed, "constant", 13, product="swap") == pytest.approx(1e6 * 0.05 / 12)
    assert interest(renewed, "constant", 13, "up_100", "swap") == pytest.approx(1e6 * 0.06 / 12)
    assert interest(renewed, "run_off", 13, product="swap") == 0.0
    assert "renewed" in renewed.facts["conventions"]["constant_balance_sheet"]


def test_a_forward_starting_leg_is_renewed_for_its_own_term() -> None:
    # Signed five years ago, it runs for six months from half a year on.
    dates = {"start_date": pd.Timestamp("2026-06-30"), "origination_date": pd.Timestamp("2020-12-31")}
    curves = curve_table({0: 0.03, 6: 0.03, 72: 0.05, 480: 0.05})
    result = run({"derivatives": "renewed", "time": "month_grid"}, leg("receive", 0.05, 12, **dates), curves=curves)
    margin = 0.05 - 0.03
    forward = (18 * (0.03 + 0.02 * 12 / 66) - 12 * (0.03 + 0.02 * 6 / 66)) / 6
    assert interest(result, "constant", 13, product="swap") == pytest.approx(1e6 * (forward + margin) / 12, rel=1e-9)


def test_a_swap_leg_needs_no_transfer_rate_where_margins_are_excluded() -> None:
    book = (leg("receive", 0.05, 24), bullet(24, 0.05, product="loan", transfer_rate=0.03))
    inside, out = run({"time": "month_grid"}, *book), run({"margins": "excluded", "time": "month_grid"}, *book)
    np.testing.assert_array_equal(values(out, "swap"), values(inside, "swap"))
    # Two points of the loan's interest are its margin.
    less = sum(1e6 * 0.02 / 12 * math.exp(-0.03 * month / 12) for month in range(1, 25))
    assert values(inside, "loan")["base"] - values(out, "loan")["base"] == pytest.approx(less, rel=1e-9)
    with pytest.raises(ContractFault, match="transfer rate") as caught:
        run({"margins": "excluded"}, leg("receive", 0.05, 24), bullet(24, 0.05, product="loan"))
    assert len(caught.value.faults) == 1


def test_notionals_of_swaps_are_exchanged_where_asked() -> None:
    plain, paid = (run({"exchange_notionals": flag}, leg("receive", 0.05, 12)) for flag in (False, True))
    assert values(paid, "swap")["base"] - values(plain, "swap")["base"] == pytest.approx(1e6 * math.exp(-0.03))


def test_default_is_left_out_unless_asked_for() -> None:
    held = runoff("loan", np.full(60, 0.02), "default")
    out, taken = (run({"include_default": flag}, bullet(24, 0.05), assumptions=held) for flag in (False, True))
    assert flow(out, "payoff", 1) == 0.0
    assert flow(taken, "payoff", 1) == pytest.approx(2e4)


def test_conventions_of_run_off_on_amortising_loans() -> None:
    held = runoff("loan", np.full(120, 0.01))
    rows = {
        word: run({"runoff_convention": word}, loan(120, 0.06), assumptions=held)
        for word in ("pool", "opening_balance", "constant_payment")
    }
    level = 1e6 * 0.005 / (1 - 1.005**-120)
    first = level - 5000.0
    assert flow(rows["pool"], "payoff", 1) == pytest.approx((1e6 - first) * 0.01)
    assert flow(rows["opening_balance"], "payoff", 1) == pytest.approx(1e6 * 0.01)
    left = (1e6 - first) * 0.99
    assert flow(rows["pool"], "scheduled", 2) == pytest.approx(level * 0.99 - left * 0.005)
    assert flow(rows["constant_payment"], "scheduled", 2) == pytest.approx(level - left * 0.005)


def test_time_and_interpolation_of_discounting() -> None:
    row = bullet(6, 0.0)
    exact, grid = run({}, row, curves=curve_table(KINKED)), run({"time": "month_grid"}, row, curves=curve_table(KINKED))
    t = DAYS_TO_JUNE / 365
    assert values(exact)["base"] == pytest.approx(1e6 * math.exp(-(0.01 + 0.03 * t) * t))
    assert values(grid)["base"] == pytest.approx(1e6 * math.exp(-(0.01 + 0.03 * 0.5) * 0.5))
    straight = run({"time": "month_grid", "interpolation": "log_linear"}, row, curves=curve_table(KINKED))
    assert values(straight)["base"] == pytest.approx(1e6 * math.exp(-0.04 * 0.5))


def test_the_path_of_rates_inside_a_scenario() -> None:
    row = bullet(
        24,
        0.05,
        rate_type="floating",
        index="discount",
        spread=0.0,
        reset_months=12,
        payment_months=12,
        next_reset_date=pd.Timestamp("2026-12-31"),
    )
    curves = curve_table({0: 0.02, 12: 0.02, 24: 0.03, 480: 0.03})
    forward, constant = (
        run({"rate_path": word, "time": "month_grid"}, row, curves=curves) for word in ("forward", "constant")
    )
    assert flow(forward, "interest", 24) == pytest.approx(1e6 * math.expm1(0.04))
    assert flow(constant, "interest", 24) == pytest.approx(1e6 * math.expm1(0.02))


def test_a_floor_holds_shocked_rates() -> None:
    row = bullet(12, 0.0)
    free, floored = run({}, row), run({"floor": 0.0}, row)
    assert values(free)["down_400"] == pytest.approx(1e6 * math.exp(0.01))
    assert values(floored)["down_400"] == pytest.approx(1e6)


def test_currencies_add_up_by_the_rule() -> None:
    # Dollars gain and euros lose by about the same when rates rise.
    rows = (bullet(12, 0.0), bullet(12, 0.0, currency="EUR", product="debt", side="liability"))
    curves = pd.concat([FLAT, curve_table({0: 0.03, 480: 0.03}, currency="EUR")])
    fx = pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 2.0})
    change = 1e6 * (math.exp(-0.04) - math.exp(-0.03))
    for rule, total in (("sum", -change), ("basel", change), ("eu", change + 0.5 * -2 * change)):
        result = run({"aggregation": rule}, *rows, curves=curves, fx=fx).eve_summary
        found = result[(result["scenario"] == "up_100") & (result["currency"] == "total")]["delta_eve"].iloc[0]
        assert found == pytest.approx(total, rel=1e-9), rule


def pass_through(share: float, speed: float) -> tuple[AssumptionTable, AssumptionTable]:
    """Target and speed of savings, the same at every level and both ways."""
    none = np.zeros(0, dtype=np.int64)
    scheme = SegmentScheme(("product",))
    target = AssumptionCurve(("savings",), none, {}, np.asarray(share))
    speeds = [AssumptionCurve(("savings",), none, {}, np.asarray(speed), way) for way in Direction]
    return (
        AssumptionTable("target", Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, scheme, (target,)),
        AssumptionTable("speed", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, scheme, tuple(speeds)),
    )


def test_what_earlier_moves_owe_passes_through_unless_it_is_left_out() -> None:
    tables = (*runoff("savings", np.full(60, 0.01), "withdrawal").tables, *pass_through(0.5, 0.2))
    rates = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-10-31", "2025-11-30", "2025-12-31"]),
            "index": "RATE",
            "value": [0.01, 0.01, 0.03],
        }
    )
    given: dict[str, Any] = {
        "assumptions": AssumptionSet("beta", AS_OF, tables),
        "rates": rates,
        "index_roles": {"short": "RATE"},
    }
    owed, without = (run({"pending": flag}, deposit(), **given) for flag in (True, False))
    # Two points up, half of it passes through, a fifth of that has: 0.8% is owed, a fifth of it is paid in month 1.
    extra = interest(without, "constant", 1, product="savings") - interest(owed, "constant", 1, product="savings")
    assert extra == pytest.approx(8e5 * 0.008 * 0.2 / 12, rel=1e-9)
    assert without.facts["conventions"]["pending_pass_through"] == "off"


@pytest.mark.parametrize(("ends", "old"), [("2025-12-31", False), ("2025-12-03", False), ("2025-11-30", True)])
def test_a_short_rate_that_ended_before_as_of_is_named(ends: str, old: bool) -> None:
    """Moves after it would be owed and are not known."""
    tables = (*runoff("savings", np.full(60, 0.01), "withdrawal").tables, *pass_through(0.5, 0.2))
    rates = pd.DataFrame({"date": pd.to_datetime(["2025-10-31", ends]), "index": "RATE", "value": [0.01, 0.03]})
    given: dict[str, Any] = {"rates": rates, "index_roles": {"short": "RATE"}}
    said = run({}, deposit(), assumptions=AssumptionSet("beta", AS_OF, tables), **given).facts["warnings"]
    assert any(f"since {ends}, when `RATE` ends" in one for one in said) is old


def test_deposits_owe_what_the_short_rate_of_their_own_currency_did_and_a_borrowed_one_is_named() -> None:
    curves = pd.concat([FLAT, curve_table({0: 0.03, 480: 0.03}, currency="EUR")])
    days = pd.to_datetime(["2025-10-31", "2025-11-30", "2025-12-31"])
    risen = pd.DataFrame({"date": days, "index": "RATE", "value": [0.01, 0.01, 0.03]})
    still = risen.assign(index="ESTR", value=[0.01, 0.01, 0.02])
    given: dict[str, Any] = {
        "assumptions": AssumptionSet("beta", AS_OF, pass_through(0.5, 0.2)),
        "curves": curves,
        "fx": pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 1.0}),
        "rates": pd.concat([risen, still]),
    }
    book = (deposit(), deposit(position_id="euro", currency="EUR"))

    def paid(currency: str, **roles: str) -> tuple[float, list[str]]:
        result = run({"uncovered": "overnight"}, *book, **given, index_roles={"short": "RATE", **roles})
        rows = result.nii
        own = rows[
            (rows["scenario"] == "base") & (rows["balance_sheet"] == "constant") & (rows["currency"] == currency)
        ]
        return -12 * float(own["nii"].iloc[0]), [words for words in result.facts["warnings"] if "Pending" in words]

    before, balance = deposit()["rate"], deposit()["balance"]
    dollars, warned = paid("USD")
    assert dollars == pytest.approx(balance * (before + 0.008 * 0.2), rel=1e-9)
    assert paid("EUR")[0] == dollars
    assert len(warned) == 1 and "in EUR is run over `RATE`" in warned[0] and "short_EUR" in warned[0]
    assert paid("EUR", short_EUR="ESTR") == (pytest.approx(balance * (before + 0.004 * 0.2), rel=1e-9), [])
    assert paid("USD", short_EUR="ESTR")[0] == dollars
    nothing, warned = paid("EUR", short_EUR="NONE")
    assert nothing == pytest.approx(balance * before, rel=1e-9) and "in EUR is taken as zero" in warned[0]


def test_behaviour_that_does_not_see_a_short_rate_given_by_month_is_named_whatever_else_is_in_the_book() -> None:
    told = ScenarioSet((Scenario("base"), Scenario("told", index_values={"RATE": (0.05,)})))
    given: dict[str, Any] = {
        "assumptions": AssumptionSet("beta", AS_OF, pass_through(0.5, 0.2)),
        "curves": pd.concat([FLAT, curve_table({0: 0.03, 480: 0.03}, currency="EUR")]),
        "fx": pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 1.0}),
    }
    euro = deposit(position_id="euro", currency="EUR")

    def paid(*rows: dict[str, Any], **roles: str) -> tuple[dict[str, float], list[str]]:
        options = {"uncovered": "overnight", "scenarios": told}
        result = run(options, *rows, **given, index_roles={"short": "RATE", **roles})
        own = result.nii[(result.nii["scenario"] == "told") & (result.nii["balance_sheet"] == "constant")]
        named = [words for words in result.facts["warnings"] if words.startswith("Scenarios give `RATE`")]
        return own.groupby("currency")["nii"].sum().to_dict(), named

    alone, warned = paid(euro)
    both, _ = paid(deposit(), euro)
    assert both["EUR"] == pytest.approx(alone["EUR"], rel=1e-12) and both["USD"] < both["EUR"]
    assert len(warned) == 1 and "behaviour in EUR" in warned[0] and "short_EUR" in warned[0]
    named, silent = paid(euro, short_EUR="RATE")
    assert named["EUR"] == pytest.approx(both["USD"], rel=1e-12) and silent == []


def test_buckets_of_ones_own() -> None:
    result = run({"buckets": own_buckets([6, 12])}, bullet(9, 0.05))
    assert result.facts["conventions"]["gap_buckets"] == "0-6M, 6-12M, >12M"
    assert result.gap.set_index("bucket")["repricing_amount"].to_dict() == {"0-6M": 0.0, "6-12M": 1e6, ">12M": 0.0}


def leaving_by_level() -> AssumptionTable:
    """1% of savings leaves each month at a short rate of 3%, 2% at 4%, linear between."""
    months, grid = np.arange(1, 121), np.asarray([0.0, 0.03, 0.04, 0.1])
    hazard = np.broadcast_to(np.asarray([0.01, 0.01, 0.02, 0.02])[:, None], (4, 120))
    curve = AssumptionCurve(("savings",), months, {Driver.RATE_LEVEL: grid}, np.array(hazard))
    terms = {"cause": "withdrawal", "month_meaning": MonthMeaning.SINCE_AS_OF, "drivers": (Driver.RATE_LEVEL,)}
    return AssumptionTable(
        "leaving", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, SegmentScheme(("product",)), (curve,), **terms
    )


def test_frozen_behaviour_keeps_customers_and_where_asked_the_banks_own_rates() -> None:
    given = {"assumptions": AssumptionSet("all", AS_OF, (leaving_by_level(), *pass_through(0.5, 1.0))), "rates": None}
    found = {
        word: run({"behaviour": word, "time": "month_grid"}, deposit(), **given)
        for word in ("model", "frozen", "frozen_rates")
    }
    left = {word: flow(one, "closing_balance", 12, "up_100") for word, one in found.items()}
    one_month = {shock: 12 * math.expm1((0.03 + shock) / 12) for shock in (0.0, 0.01)}
    faster = 0.01 + 0.01 * (one_month[0.01] - 0.03) / 0.01
    as_in_base = 8e5 * (1 - 0.01 - (one_month[0.0] - 0.03)) ** 12
    assert left["model"] == pytest.approx(8e5 * (1 - min(faster, 0.02)) ** 12, rel=1e-9)
    assert left["frozen"] == left["frozen_rates"] == flow(found["model"], "closing_balance", 12)
    assert left["frozen"] == pytest.approx(as_in_base, rel=1e-9)
    # At once half of the move is paid, on a balance that stays: one percent and half of the rise.
    moved = (one_month[0.01] - one_month[0.0]) / 2
    for word, rate in (("model", 0.01 + moved), ("frozen", 0.01 + moved), ("frozen_rates", 0.01)):
        paid = interest(found[word], "constant", 6, "up_100", "savings")
        assert -paid == pytest.approx(8e5 * rate / 12, rel=1e-9), word


def test_frozen_behaviour_draws_commitments_as_in_base() -> None:
    curve = AssumptionCurve(
        ("line",),
        np.arange(1, 121),
        {Driver.RATE_LEVEL: np.asarray([0.0, 0.2])},
        np.repeat([[0.0], [0.2]], 120, axis=1),
    )
    terms = {"month_meaning": MonthMeaning.SINCE_AS_OF, "drivers": (Driver.RATE_LEVEL,)}
    table_ = AssumptionTable(
        "draw", Effect.DRAWDOWN, Quantity.DRAWN_SHARE, SegmentScheme(("product",)), (curve,), **terms
    )
    line = bullet(24, 0.05, product="line", undrawn=1e5)
    model, frozen = (
        run({"behaviour": word, "time": "month_grid"}, line, assumptions=AssumptionSet("lines", AS_OF, (table_,)))
        for word in ("model", "frozen")
    )
    share = {shock: 12 * math.expm1((0.03 + shock) / 12) for shock in (0.0, 0.01)}
    assert flow(model, "drawn", 1, "up_100") == pytest.approx(1e5 * share[0.01], rel=1e-9)
    assert flow(frozen, "drawn", 1, "up_100") == pytest.approx(1e5 * share[0.0], rel=1e-9)
