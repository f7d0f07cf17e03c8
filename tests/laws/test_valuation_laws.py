"""Laws of a whole valuation over random books with options, plans and segments: what must hold whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from behavior.assumptions.effects import Effect
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.market.scenarios import Scenario, ScenarioSet, Shift, ramp
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from tests.engine.random_features import featured_case

FEATURES = (("moving", "segments"), ("options", "switches"), ("framework",), ("paths", "options"), ("calibrated",))
CASES = st.tuples(st.integers(0, 10**6), st.sampled_from(FEATURES))
STILL_CASES = CASES.filter(lambda case: "moving" not in case[1])
OTHER_SIDE = {"asset": "liability", "liability": "asset", "receive": "pay", "pay": "receive"}
MONEY = ("balance", "undrawn")
FEW = settings(max_examples=3, deadline=None)
Tables = dict[str, pd.DataFrame]


def drawn(case: tuple[int, tuple[str, ...]]) -> tuple[ValuationInputs, ValuationOptions]:
    """A random valuation; whole units of payment and caps on deposits are no linear matter and left out."""
    inputs, options, _ = featured_case(case[0], 7, *case[1])
    book = inputs.book.drop(columns="rounding", errors="ignore")
    return replace(inputs, book=book), replace(options, cap_deposits=False, deposit_life_cap=None)


def tables_of(inputs: ValuationInputs, options: ValuationOptions) -> Tables:
    return dict(value(inputs, options).tables())


def agree(one: Tables, two: Tables, inputs: ValuationInputs, *names: str) -> None:
    """Tables hold the same rows, in any order, to 1e-9 of the largest balance."""
    scale = float(inputs.book["balance"].max()) + 1.0
    for name in names:
        numbers = [column for column in one[name] if pd.api.types.is_float_dtype(one[name][column])]
        keys = [column for column in one[name] if column not in numbers]
        a, b = (tables[name].set_index(keys)[numbers].sort_index() for tables in (one, two))
        pd.testing.assert_index_equal(a.index, b.index, check_names=False)
        np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), rtol=1e-7, atol=1e-9 * scale, err_msg=name)


def summed(parts: list[pd.DataFrame], money: dict[str, str] | None = None) -> pd.DataFrame:
    """Rows of the same keys added up, running sums left out; money : currency -> what it counts as."""
    table = pd.concat(parts, ignore_index=True).drop(columns="cumulative_gap", errors="ignore")
    if money and "currency" in table:
        table["currency"] = table["currency"].replace(money)
    keys = [column for column in table if not pd.api.types.is_float_dtype(table[column])]
    return table.groupby(keys, as_index=False, sort=False).sum()


def turned(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None else table.iloc[::-1].reset_index(drop=True)


@FEW
@given(CASES)
def test_the_order_of_rows_tables_and_curves_does_not_matter(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)
    held = inputs.assumptions
    assert held is not None
    back = [replace(table, curves=table.curves[::-1]) for table in held.tables[::-1]]
    names = ("book", "curves", "rates", "fx", "vols", "schedule", "plan", "mix_shift")
    other = replace(
        inputs,
        assumptions=AssumptionSet(held.id, held.as_of, tuple(back)),
        **{name: turned(getattr(inputs, name)) for name in names},
    )
    one, two = tables_of(inputs, options), tables_of(other, options)
    agree(one, two, inputs, "eve", "eve_summary", "nii", "nii_summary", "gap", "cash_flows")


@FEW
@given(CASES)
def test_a_position_in_two_halves_is_the_position(case: tuple[int, tuple[str, ...]]) -> None:
    # Bands of size are left out: half a balance may lie in another.
    inputs, options = drawn((case[0], tuple(name for name in case[1] if name != "segments")))
    half = inputs.book.assign(**{name: inputs.book[name] / 2 for name in MONEY if name in inputs.book})
    rest = half.assign(position_id=half["position_id"].astype(str) + " again")
    schedule = inputs.schedule
    if schedule is not None:
        schedule = schedule.assign(principal=schedule["principal"] / 2)
        again = schedule.assign(position_id=schedule["position_id"].astype(str) + " again")
        schedule = pd.concat([schedule, again], ignore_index=True)
    halves = replace(inputs, book=pd.concat([half, rest], ignore_index=True), schedule=schedule)
    one, two = tables_of(inputs, options), tables_of(halves, options)
    agree(one, two, inputs, "eve", "eve_summary", "nii", "nii_summary", "gap", "cash_flows", "coverage")


@FEW
@given(STILL_CASES)
@example((346, ("paths", "options")))  # a currency with deposits in one part alone
def test_books_add_up(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)

    def part(rows: slice) -> Tables:
        book = inputs.book.iloc[rows].reset_index(drop=True)
        schedule = inputs.schedule
        if schedule is not None:
            schedule = schedule[schedule["position_id"].isin(book["position_id"])]
        return tables_of(replace(inputs, book=book, schedule=schedule), options)

    whole, first, second = tables_of(inputs, options), part(slice(0, 3)), part(slice(3, None))
    for name in ("eve", "nii", "gap"):
        both = {name: summed([first[name], second[name]])}
        agree({name: summed([whole[name]])}, both, inputs, name)


@FEW
@given(CASES)
def test_what_the_bank_holds_another_owes(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)
    plan = None if inputs.plan is None else inputs.plan.assign(side=inputs.plan["side"].map(OTHER_SIDE))
    other = replace(inputs, book=inputs.book.assign(side=inputs.book["side"].map(OTHER_SIDE)), plan=plan)
    one, two = tables_of(inputs, options), tables_of(other, options)
    eve = two["eve"].assign(side=two["eve"]["side"].map(OTHER_SIDE), present_value=-two["eve"]["present_value"])
    swapped = {"interest_income": "interest_expense", "interest_expense": "interest_income"}
    nii = two["nii"].rename(columns=swapped).assign(nii=-two["nii"]["nii"])[one["nii"].columns]
    agree(one, {"eve": eve, "nii": nii}, inputs, "eve", "nii")


def in_dollars(inputs: ValuationInputs, second: str) -> ValuationInputs:
    """The book in dollars, every second row in a currency of that name with the dollar's curves and worth a dollar."""
    money = np.where(np.arange(len(inputs.book)) % 2, "USD", second)
    curves, vols, fx = inputs.curves, inputs.vols, inputs.fx
    assert fx is not None
    curves = pd.concat([curves, curves[curves["currency"] == "USD"].assign(currency="XTS")], ignore_index=True)
    if vols is not None:
        vols = pd.concat([vols, vols[vols["currency"] == "USD"].assign(currency="XTS")], ignore_index=True)
    fx = pd.concat([fx.iloc[[0]].assign(currency=name, rate=1.0) for name in ("USD", "XTS")], ignore_index=True)
    fx = fx[fx["currency"] != inputs.reporting_currency]
    roles = dict(inputs.index_roles)
    if short := roles.get("short"):
        roles |= {"short_USD": short, "short_XTS": short}  # a scenario's short rate by month is each one's own
    book = inputs.book.assign(currency=money)
    return replace(inputs, book=book, curves=curves, vols=vols, fx=fx, index_roles=roles)


@FEW
@given(st.tuples(st.integers(0, 10**6), st.sampled_from((("options", "switches"), ("paths", "options")))))
def test_a_currency_like_another_is_the_other(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)
    assert options.scenarios is not None
    same = [replace(one, shifts={**one.shifts, "XTS": one.shifts_of("USD")}) for one in options.scenarios.scenarios]
    options = replace(options, scenarios=replace(options.scenarios, scenarios=tuple(same), aggregation="sum"))
    alone, mixed = tables_of(in_dollars(inputs, "USD"), options), tables_of(in_dollars(inputs, "XTS"), options)
    for name in ("eve", "nii", "gap"):
        as_one = {name: summed([mixed[name]], {"XTS": "USD"})}
        agree({name: summed([alone[name]])}, as_one, inputs, name)
    totals = [{"eve_summary": one["eve_summary"].query("currency == 'total'")} for one in (alone, mixed)]
    agree(totals[0], totals[1], inputs, "eve_summary")
    agree(alone, mixed, inputs, "nii_summary")


@FEW
@given(STILL_CASES)
def test_no_shock_in_any_form_is_the_base(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)
    nothing: dict[str, tuple[Shift, ...]] = {
        "at once": (Shift(0.0),),
        "as a ramp": ramp(Shift(0.0), 6),
        "by tenor": (Shift.at_tenors([3, 24], [0.0, 0.0]),),
    }
    still = [Scenario(name, {"*": shifts}) for name, shifts in nothing.items()]
    found = tables_of(inputs, replace(options, scenarios=ScenarioSet((Scenario("base"), *still)), behaviour="model"))
    for name in ("eve", "nii", "nii_summary", "cash_flows"):
        table = found[name]
        base, *others = (table[table["scenario"] == one].drop(columns="scenario") for one in ("base", *nothing))
        for other in others:
            agree({name: base}, {name: other}, inputs, name)


@FEW
@given(STILL_CASES)
def test_behaviour_that_never_acts_is_none(case: tuple[int, tuple[str, ...]]) -> None:
    inputs, options = drawn(case)
    options = replace(options, behaviour="model", deposit_view="with_redeposits")
    dated = replace(inputs, book=inputs.book[inputs.book["repayment"] != "none"].reset_index(drop=True))
    held = inputs.assumptions
    assert held is not None
    rates = tuple(table for table in held.tables if table.effect is Effect.REPRICING)

    def idle(table: AssumptionTable) -> AssumptionTable:
        return replace(table, curves=tuple(replace(one, values=np.zeros_like(one.values)) for one in table.curves))

    calm = tuple(idle(table) for table in held.tables if table.effect is not Effect.REPRICING)
    with_idle, without = (replace(held, tables=tables) for tables in ((*calm, *rates), rates))
    one = tables_of(replace(dated, assumptions=with_idle), options)
    two = tables_of(replace(dated, assumptions=without if rates else None), options)
    agree(one, two, inputs, "eve", "nii", "gap", "cash_flows")
