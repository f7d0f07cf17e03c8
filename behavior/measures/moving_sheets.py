"""Interest of balance sheets that move: a plan of new business (``dynamic``), and shifts of mix (``constant``).

The tables are ``plan/1`` and ``mix_shift/1``; their contract pages say every convention. All business here begins on
month bounds, as-of + k months, so that month k + 1 is the first that it earns in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.engine import layout
from behavior.engine.drivers import World
from behavior.engine.layout import NII_MONTHS
from behavior.engine.plan import CashFlows
from behavior.measures.further_groups import Key, keys_of
from behavior.measures.new_business import Business, Pricing
from behavior.months import month_of
from behavior.quantities import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Sheet:
    """A balance sheet by group, amounts unsigned in the group's currency.

    Parameters
    ----------
    interest : (scenarios, groups, 61), by month, month 0 unused. balance : same shape, cash balances at the end of
    each month, 0 = as-of.
    """

    interest: FloatArray
    balance: FloatArray


def run_off_sheet(flows: CashFlows, opening: FloatArray) -> Sheet:
    """The book as it runs off. opening : (groups,) as-of balances of cash positions."""
    # Without cash flows nobody knows what is left of the balances.
    balance = np.full(flows.income.shape, np.nan if flows.flows.shape[2] == 0 else 0.0)
    held = flows.flows[:, :, 1 : NII_MONTHS + 1, layout.CLOSING]
    balance[:, :, 1 : held.shape[2] + 1] = held
    balance[:, :, 0] = opening
    cash = np.asarray([side in ("asset", "liability") for side in flows.groups.side], dtype=np.bool_)
    balance[:, ~cash] = 0.0
    return Sheet(flows.income, balance)


def constant_sheet(flows: CashFlows, opening: FloatArray) -> Sheet:
    """The book with every balance kept."""
    balance = np.broadcast_to(opening[None, :, None], flows.constant.shape)
    return Sheet(flows.constant, np.array(balance))


def acting_rows(table: pd.DataFrame, names: Sequence[str], same: Sequence[str]) -> BoolArray:
    """Which rows act in which scenario, (scenarios, rows): those that name it take the place of those that name none.

    same : columns whose rows stand for each other.
    """
    named = (
        table["scenario"].astype(object) if "scenario" in table else pd.Series(None, index=table.index, dtype=object)
    )
    blank = named.isna().to_numpy()
    keys = pd.Series(pd.MultiIndex.from_frame(table[list(same)]).to_flat_index(), index=table.index)
    found = np.zeros((len(names), len(table)), dtype=np.bool_)
    for number, name in enumerate(names):
        own = (named == name).to_numpy()
        found[number] = own | (blank & ~keys.isin(set(keys[own])).to_numpy())
    return found


def months_after(table: pd.DataFrame, world: World) -> IntArray:
    """The month k after as-of that holds each row's day."""
    return month_of(world.curves.curves.as_of, table["month"].to_numpy())


def dynamic_sheet(
    flows: CashFlows, run_off: Sheet, constant: Sheet, plan: pd.DataFrame, world: World, priced: type[Pricing] = Pricing
) -> Sheet:
    """The run-off balance sheet with the new business of a plan beside it; priced : what of its rates is counted."""
    table = plan.reset_index(drop=True)
    places = {key: g for g, key in enumerate(keys_of(flows.groups))}
    month = months_after(table, world)
    active = acting_rows(table.assign(month=month), flows.scenarios, ("product", "currency", "side", "month"))
    pricing = priced(world, constant.interest, constant.balance[0, :, 0])
    interest, balance = run_off.interest.copy(), run_off.balance.copy()
    keys = list(zip(table["currency"], table["side"], table["product"], strict=True))
    for key in sorted(set(keys)):
        g = places[key]
        rows = np.asarray([place for place, one in enumerate(keys) if one == key])
        rows = rows[np.argsort(month[rows], kind="stable")]
        business = [Business.of(table.iloc[row], g, int(month[row])) for row in rows]
        amounts = taken_up(business, active[:, rows], run_off.balance[:, g])
        for one, amount in zip(business, amounts.T, strict=True):
            interest[:, g] += amount[:, None] * pricing.interest(one)
            balance[:, g, one.month : one.end] += amount[:, None]
    return Sheet(interest, balance)


def taken_up(business: Sequence[Business], active: BoolArray, run_off: FloatArray) -> FloatArray:
    """Amount of each piece of business of one product, (scenarios, pieces), in the order of their months.

    run_off : (scenarios, 61), balance of the product's positions at each month's end.
    """
    found = np.zeros(active.shape)
    for number, one in enumerate(business):
        k = one.month
        if np.isnan(one.growth):
            found[:, number] = np.where(active[:, number], one.volume, 0.0)
            continue
        before = [amount for other, amount in zip(business, found.T, strict=True) if other.month < k <= other.end]
        still = [amount for other, amount in zip(business, found.T, strict=True) if other.month < k < other.end]
        opening = run_off[:, k - 1] + np.sum(before, axis=0)
        left = run_off[:, k] + np.sum(still, axis=0)
        wanted = np.maximum((1.0 + one.growth) * opening - left, 0.0)
        found[:, number] = np.where(active[:, number], wanted, 0.0)
    return found


def shifted_sheet(
    flows: CashFlows, constant: Sheet, shifts: pd.DataFrame, world: World, priced: type[Pricing] = Pricing
) -> Sheet:
    """The constant balance sheet with balances moved between products; priced : what of their rates is counted."""
    table = shifts.reset_index(drop=True)
    month = months_after(table, world)
    same = ("currency", "from_product", "month")
    active = acting_rows(table.assign(month=month), flows.scenarios, same)
    pricing = priced(world, constant.interest, constant.balance[0, :, 0])
    interest, balance = constant.interest.copy(), constant.balance.copy()
    sources = source_groups(flows, constant)
    places = {key: g for g, key in enumerate(keys_of(flows.groups))}
    for row in range(len(table)):
        cells = table.iloc[row]
        source = sources[str(cells["currency"]), str(cells["from_product"])]
        side = flows.groups.side[source]
        target = places[str(cells["currency"]), side, str(cells["to_product"])]
        one = replace(Business.of(cells, target, int(month[row])), renews=True)
        share = np.where(active[:, row], float(cells["share"]), 0.0)
        amount = share * constant.balance[:, source, 0]
        interest[:, source, one.month + 1 :] -= share[:, None] * constant.interest[:, source, one.month + 1 :]
        interest[:, target] += amount[:, None] * pricing.interest(one)
        balance[:, source, one.month :] -= amount[:, None]
        balance[:, target, one.month :] += amount[:, None]
    return Sheet(interest, balance)


def source_groups(flows: CashFlows, constant: Sheet) -> Mapping[tuple[str, str], int]:
    """Group of cash positions of each currency and product that has a balance."""
    return {
        (currency, product): g
        for g, (currency, side, product) in enumerate(keys_of(flows.groups))
        if side in ("asset", "liability") and constant.balance[0, g, 0] > 0
    }


def groups_named(flows: CashFlows, constant: Sheet, plan: pd.DataFrame | None, shifts: pd.DataFrame | None) -> set[Key]:
    """Groups that the tables name."""
    found: set[Key] = set()
    if plan is not None:
        found |= set(zip(plan["currency"], plan["side"], plan["product"], strict=True))
    if shifts is not None:
        sources = source_groups(flows, constant)
        named = zip(shifts["currency"], shifts["from_product"], shifts["to_product"], strict=True)
        found |= {(money, flows.groups.side[sources[money, source]], target) for money, source, target in named}
    return found
