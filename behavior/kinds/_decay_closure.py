"""The closure hazard of decay: a lean smooth hazard in age and spread, weighted between counts and balances.

The engine spends balances, so a hazard that large accounts do not share is the wrong one for it; weights by balance
alone would throw half of the events away. Rows weigh by the square root of their balance within the segment. The shape
is leaner than the one of loans: the spread of a segment moves along few cycles, and its last stretch is where curves
are read, so that every knot there would be fitted to a handful of months.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from behavior.estimators.account_ages import ages_within
from behavior.estimators.bands import Blocks, carrier_of, with_block_covariance
from behavior.estimators.basis import knots_of
from behavior.estimators.champion import SURE, Champion, Roles, choose_champion, make_hazard, saved_in_errors
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_pace import CUMULATED, LEAST, Pace, pace_term, variance_of_pace
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.quantities import BoolArray, FloatArray, IntArray
from behavior.specs import EstimatorSpec, ModelSpec

SPREAD_SHARES = np.array([0.01, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97])
COARSE_SHARES = np.array([0.02, 0.35, 0.65, 0.97])
OWN_AGES = (12.0, 30.0, 60.0, 120.0, 240.0)
"""Months since opening at which segments' closures may part from what all have in common."""
SIZE_SHARES = np.array([0.05, 0.5, 0.95])
SPREAD_STEP = 0.003
LEAST_SHARE, MOST_SHARE = 0.01, 100.0
PACE_PASSES = 2


class ClosureHazard(SplineHazard):
    """Smooth in age, by segment too; rising with the spread, more or less so by segment and size; falling with what has
    been cumulated where the matrix has it. `make_closure` has it learn how rough each term may be, and so how far a
    segment goes its own way beside what its product and its customer type do.

    Stored and read as the spline hazard that it is: only the choice of terms differs.
    """

    def _terms(self, matrix: FeatureMatrix) -> tuple[Term, ...]:
        terms: list[Term] = []
        for name in matrix.names:
            terms += [] if name == CUMULATED else self._own_terms(matrix, name)
        groups = [name for name in self.interacts if name in matrix.levels]
        ages = ages_within(column_of(matrix, self.age), OWN_AGES)
        if len(ages) > 1:
            terms += [Term("product", self.age, ages, name, (), len(matrix.levels[name])) for name in groups]
        for one, other in combinations(groups, 2):
            codes = tuple(float(code) for code in range(len(matrix.levels[one])))
            terms.append(Term("pair", one, codes, other, (), len(matrix.levels[other])))
            if len(ages) > 1:
                terms.append(Term("product", self.age, ages, *_crossed(matrix, one, other)))
        if self.driver in matrix.names:
            terms += self._rising(matrix, groups)
        terms += pace_term(matrix)
        return tuple(term for term in terms if term.form != "smooth" or len(term.knots) > 1)

    def _own_terms(self, matrix: FeatureMatrix, name: str) -> list[Term]:
        found = super()._own_terms(matrix, name)
        if name != self.age:
            return found
        ages = ages_within(column_of(matrix, name))  # not at quantiles, which leave out ages between waves of opening
        return [replace(term, knots=ages) if term.form == "smooth" else term for term in found]

    def _rising(self, matrix: FeatureMatrix, groups: list[str]) -> list[Term]:
        values = column_of(matrix, self.driver)
        fine = tuple(knots_of(values, SPREAD_SHARES, SPREAD_STEP))
        coarse = tuple(knots_of(values, COARSE_SHARES, SPREAD_STEP))
        if len(fine) < 2:
            return []
        found = [Term("rising", self.driver, fine)]
        found += [Term("rising", self.driver, fine, name, (), len(matrix.levels[name])) for name in groups]
        for one, other in combinations(groups, 2) if len(coarse) > 1 else ():
            found.append(Term("rising", self.driver, coarse, *_crossed(matrix, one, other)))
        for name in self.interacts:
            if name in matrix.levels or name not in matrix.names:
                continue
            knots = tuple(knots_of(column_of(matrix, name), SIZE_SHARES, 1e-9))
            if len(knots) > 1 and len(coarse) > 1:
                found.append(Term("rising", self.driver, coarse, name, knots))
        return found


def _crossed(matrix: FeatureMatrix, one: str, other: str) -> tuple[str, tuple[float, ...], int, str, int]:
    """The levels of two features crossed, as a term has them."""
    return one, (), len(matrix.levels[one]), other, len(matrix.levels[other])


def balance_weights(balance: FloatArray, codes: IntArray) -> FloatArray:
    """Square root of each row's balance over its segment's mean, of mean 1 in every segment; shape (rows,)."""
    place = np.where(codes < 0, codes.max(initial=0) + 1, codes)
    count = np.maximum(np.bincount(place), 1)
    mean = np.bincount(place, balance) / count
    relative = np.clip(balance / np.maximum(mean, 1e-12)[place], LEAST_SHARE, MOST_SHARE)
    root = np.sqrt(relative)
    return np.asarray(root / (np.bincount(place, root) / count)[place])


def make_closure(family: str, roles: Roles, spec: EstimatorSpec) -> Any:
    """An unfitted hazard of a family; the spline is decay's own."""
    made = make_hazard(family, roles, spec)
    if not isinstance(made, SplineHazard):
        return made
    return ClosureHazard(
        made.driver,
        made.age,
        made.burnout,
        made.interacts,
        smooth=made.smooth,
        cross=made.cross,
        learns_smoothness=True,
        sample_share=made.sample_share,
        most_rows=made.most_rows,
        seed=made.seed,
    )


def calm(table: pd.DataFrame) -> BoolArray:
    """Account-months that do not begin overdrawn, shape (rows,): a negative balance is no deposit that could leave."""
    return np.asarray(table["overdrawn"].to_numpy() == 0)


@dataclass(frozen=True)
class ClosureRows:
    """The calm rows before the test, from which closures are learned.

    Parameters
    ----------
    learning : which of the panel's rows they are. event, weight, validate, blocks : of these rows alone, in order.
    """

    learning: BoolArray
    event: FloatArray
    weight: FloatArray
    validate: BoolArray
    blocks: Blocks

    @classmethod
    def of(cls, panel: Panel, split: PanelSplit, codes: IntArray) -> ClosureRows:
        """Those of a panel; `codes` are the places of all rows' segments."""
        table = panel.table
        learning = (split.train | split.validate) & calm(table)
        return cls(
            learning,
            table["closed"].to_numpy()[learning],
            balance_weights(table["weight"].to_numpy()[learning], codes[learning]),
            split.validate[learning],
            Blocks.of(table["customer"], month_number(table["month"])).rows(learning),
        )


def learn_closure(
    matrix: FeatureMatrix,
    learned_from: ClosureRows,
    roles: Roles,
    spec: ModelSpec,
    paced: Callable[[Any], FeatureMatrix],
) -> tuple[Champion, Any]:
    """The champion closure hazard, and the hazard whose errors its bands carry.

    Errors are by customers' half-years. The second is the champion itself, or the spline where a champion has none.
    `paced` is the matrix with what has been cumulated by a given hazard: trees are held against the spline that has it.
    """
    rows, customer = rows_of(matrix, learned_from.learning), learned_from.blocks.customer
    event, weight, validate = learned_from.event, learned_from.weight, learned_from.validate
    found = choose_champion(rows, event, weight, validate, roles, spec.estimator, spec.search, make_closure, customer)
    if found.family != "spline_hazard" and "spline_hazard" in found.candidates:
        wide = rows_of(paced(found.candidates["spline_hazard"]), learned_from.learning)
        train = ~validate
        smooth = make_closure("spline_hazard", roles, spec.estimator)
        smooth.fit(rows_of(wide, train), event[train], weight[train])
        chosen = found.candidates[found.family].predict_hazard(rows_of(rows, validate))
        hazards = (smooth.predict_hazard(rows_of(wide, validate)), chosen)
        surplus = saved_in_errors(hazards, event[validate], weight[validate], customer[validate])
        facts = {**found.facts, f"gain of {found.family} over the spline, in its standard errors": round(surplus, 2)}
        found = replace(found, facts=facts)
        if surplus < SURE:
            model = make_closure("spline_hazard", roles, spec.estimator).fit(rows, event, weight)
            found = replace(found, model=model, family="spline_hazard", facts={**facts, **model.facts_})
    speaker = found.model
    if not hasattr(carrier_of(speaker), "sensitivities"):
        speaker = make_closure("spline_hazard", roles, spec.estimator).fit(rows, event, weight)
    with_block_covariance(speaker, rows, event, weight, learned_from.blocks)
    return found, speaker


def learn_pace(
    champion: Champion,
    plain: FeatureMatrix,
    panel: Panel,
    learned_from: ClosureRows,
    roles: Roles,
    pace: Pace,
) -> tuple[Champion, FeatureMatrix, Pace] | None:
    """The smooth champion fitted again on a matrix with what has been cumulated, and that matrix and its maker.

    None where pace plays no part. What was to be expected of an account depends on its pace in turn: it is cumulated by
    the champion first, and then by the hazard that this gave.
    """
    event, weight, found = learned_from.event, learned_from.weight, None
    for _ in range(PACE_PASSES):
        matrix = pace(plain, panel)
        rows = rows_of(matrix, learned_from.learning)
        model = make_closure("spline_hazard", roles, pace.spec.estimator).fit(rows, event, weight)
        variance = variance_of_pace(model, rows)
        if variance < LEAST:
            break
        found, pace = (model, rows, variance, matrix, pace), replace(pace, first=model)
    if found is None:
        return None
    model, rows, variance, matrix, pace = found
    with_block_covariance(model, rows, event, weight, learned_from.blocks)
    facts = {**champion.facts, **model.facts_, "variance of accounts' pace": round(variance, 3)}
    return replace(champion, model=model, facts=facts), matrix, pace
