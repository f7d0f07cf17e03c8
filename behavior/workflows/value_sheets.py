"""Balance sheets of a valuation: run-off, constant with its mix shift, dynamic with its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.engine.drivers import World
from behavior.engine.plan import CashFlows, Plan
from behavior.engine.positions import CASH
from behavior.errors import ContractFault, Fault
from behavior.measures.further_groups import Key, keys_of, with_groups
from behavior.measures.moving_sheets import (
    Sheet,
    constant_sheet,
    dynamic_sheet,
    groups_named,
    run_off_sheet,
    shifted_sheet,
)
from behavior.measures.nii import CONSTANT, DYNAMIC, RUN_OFF
from behavior.quantities import FloatArray
from behavior.workflows.sheet_checks import Known, plan_faults, shift_faults
from behavior.workflows.valuation import ValuationInputs, ValuationOptions


@dataclass(frozen=True, eq=False)
class Sheets:
    """Balance sheets by word, over the groups of `flows`.

    Parameters
    ----------
    flows : cash flows with groups of zeros for products that only the tables know. left : the balance sheet as it runs
        off, which a plan grows from. still : the constant one before any mix shift. Both whether asked for or not.
    """

    flows: CashFlows
    by_word: Mapping[str, Sheet]
    left: Sheet
    still: Sheet

    @property
    def interest(self) -> Mapping[str, FloatArray]:
        """Interest by word, (scenarios, groups, 61)."""
        return {word: sheet.interest for word, sheet in self.by_word.items()}


def sheet_words(inputs: ValuationInputs, options: ValuationOptions) -> tuple[str, ...]:
    """Words of the balance sheets to report: those asked for, with `dynamic` where a plan was given and none was.

    Raises
    ------
    ContractFault : `dynamic` without a plan, a mix shift without `constant`, or an unknown word.
    """
    asked = options.balance_sheets
    if asked is None:
        return (RUN_OFF, CONSTANT) if inputs.plan is None else (RUN_OFF, CONSTANT, DYNAMIC)
    faults = [
        Fault("balance sheets", f"expected {RUN_OFF}, {CONSTANT} or {DYNAMIC}", value=word)
        for word in asked
        if word not in (RUN_OFF, CONSTANT, DYNAMIC)
    ]
    if DYNAMIC in asked and inputs.plan is None:
        rule = "the dynamic balance sheet needs a plan of new business"
        faults.append(Fault("balance sheets", rule, hint="Give plan/1 (--plan), or leave `dynamic` out"))
    if inputs.mix_shift is not None and CONSTANT not in asked:
        rule = "a mix shift moves balances on the constant balance sheet"
        faults.append(Fault("balance sheets", rule, hint="Ask for `constant`, or leave --mix-shift out"))
    if faults:
        raise ContractFault(faults)
    return tuple(dict.fromkeys(asked))


def balance_sheets(
    inputs: ValuationInputs, world: World, plan: Plan, flows: CashFlows, further: Sequence[Key], words: tuple[str, ...]
) -> Sheets:
    """Interest and balances of every balance sheet asked for.

    further : groups of options, which have rows of zeros.

    Raises
    ------
    ContractFault : every row of the tables that does not fit the book.
    """
    opening = _opening(plan)
    _refuse(inputs, world, plan, opening)
    flows = with_groups(flows, further)
    business = inputs.plan if DYNAMIC in words else None
    named = groups_named(flows, constant_sheet(flows, _by_group(flows, opening)), business, inputs.mix_shift)
    flows = with_groups(flows, named)
    cash = _by_group(flows, opening)
    left, still = run_off_sheet(flows, cash), constant_sheet(flows, cash)
    found = {RUN_OFF: left, CONSTANT: still}
    if inputs.mix_shift is not None:
        found[CONSTANT] = shifted_sheet(flows, still, inputs.mix_shift, world)
    if business is not None:
        found[DYNAMIC] = dynamic_sheet(flows, left, still, business, world)
    return Sheets(flows, {word: found[word] for word in words}, left, still)


def _opening(plan: Plan) -> dict[Key, float]:
    """As-of balance of cash positions by group."""
    cash = plan.terms.book.instrument[plan.order] == CASH
    weight = np.where(cash, plan.positions.balance, 0.0)
    total = np.bincount(plan.positions.group, weights=weight, minlength=len(plan.groups))
    return dict(zip(keys_of(plan.groups), total.tolist(), strict=True))


def _by_group(flows: CashFlows, opening: Mapping[Key, float]) -> FloatArray:
    return np.asarray([opening.get(key, 0.0) for key in keys_of(flows.groups)], dtype=np.float64)


def _refuse(inputs: ValuationInputs, world: World, plan: Plan, opening: dict[Key, float]) -> None:
    curves = world.curves.curves
    known = Known(plan.terms.as_of, plan.scenarios, opening, list(curves.curves))
    faults = [] if inputs.plan is None else plan_faults(inputs.plan, known, inputs.places.get("plan"))
    faults += [] if inputs.mix_shift is None else shift_faults(inputs.mix_shift, known, inputs.places.get("mix_shift"))
    if faults:
        raise ContractFault(faults)
