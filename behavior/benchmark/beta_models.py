"""The models of rates paid that are set against each other: fitted by one call and asked for the same path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.benchmark.beta_protocols import Fold
from behavior.errors import BehaviorError
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_boosted import BoostedPassThrough
from behavior.estimators.pass_through_correction import ErrorCorrection
from behavior.estimators.pass_through_fit import FitOptions
from behavior.estimators.pass_through_series import RateSeries
from behavior.estimators.pass_through_static import ConstantBeta, cycles, matched
from behavior.kinds._beta_export import resting_rates
from behavior.kinds._beta_paths import PathModel, law_path, recursive_path
from behavior.quantities import FloatArray

Model = Callable[[Fold], PathModel]

CHAMPION = "structural law"
LAST_CYCLE = "last cycle's beta"
SYMMETRIC = "symmetric error correction"
AS_TABLES = "error correction as tables"
BOOSTED = "boosted, monotone"
POOLED_CONSTANT = "pooled constant beta"
INCUMBENT = "incumbent"


def models(options: FitOptions) -> dict[str, Model]:
    """Our law, challengers and incumbents by name.

    Error correction stands there twice: whole, and as the target and speed that an assumption set could hold of it.
    """
    return {
        CHAMPION: lambda fold: structural(fold, options),
        "logistic law": lambda fold: structural(fold, replace(options, form="logistic")),
        "asymmetric error correction": lambda fold: recursive_path(_corrected(fold.training, True), options.floor),
        SYMMETRIC: lambda fold: recursive_path(_corrected(fold.training, False), options.floor),
        AS_TABLES: lambda fold: law_path(_corrected(fold.training, False).law, options.floor, lambda segment: None),
        BOOSTED: lambda fold: recursive_path(BoostedPassThrough().fit(fold.training), options.floor),
        "constant beta, least squares": lambda fold: recursive_path(
            ConstantBeta("least_squares").fit(fold.training), options.floor
        ),
        POOLED_CONSTANT: lambda fold: recursive_path(_OneBeta(_pooled_beta(fold)), options.floor),
        LAST_CYCLE: lambda fold: recursive_path(_last_cycle(fold), options.floor),
    }


def incumbent(betas: Mapping[str, float], floor: float) -> Model:
    """What the bank uses today: a beta by the first segment label, or one for all under the empty name."""
    return lambda fold: recursive_path(_OneBeta(betas.get("", float("nan")), betas), floor)


class _OneBeta:
    """Rate paid = today's + beta x change of the short rate, the same beta for every series or label."""

    def __init__(self, beta: float, by_label: Mapping[str, float] | None = None) -> None:
        self.one, self.by_label = beta, by_label or {}

    def path(self, segment: tuple[str, ...], levels: FloatArray, start: float, begin: int, floor: float) -> FloatArray:
        beta = self.by_label.get(segment[0], self.one) if segment else self.one
        return np.asarray(np.maximum(start + beta * (levels[begin + 1 :] - levels[begin]), min(floor, start)))


def _pooled_beta(fold: Fold) -> float:
    """One least-squares beta for every series that may be learnt from."""
    fitted = ConstantBeta("least_squares").fit(fold.training)
    return fitted.beta((POOLED,) * len(fold.training[0].segment))


def structural(fold: Fold, options: FitOptions) -> PathModel:
    """The law as treasury gets it: target and speeds, pending from the history of the short rate."""
    return _law_path(StructuralPassThrough(options).fit(fold.training), options)


def pooled_structural(series: Sequence[RateSeries], options: FitOptions) -> Model:
    """The same for folds that leave out whole segments: each is fitted once, the fallback anew for every fold."""
    fitted = StructuralPassThrough(replace(options, replicates=1)).fit(series)

    def model(fold: Fold) -> PathModel:
        kept = {one.segment for one in fold.training}
        return _law_path(fitted.pooled_without(lambda segment: segment not in kept), options)

    return model


def _law_path(fitted: StructuralPassThrough, options: FitOptions) -> PathModel:
    return law_path(fitted.law, options.floor, resting_rates(fitted).get)


def _corrected(training: Sequence[RateSeries], asymmetric: bool) -> ErrorCorrection:
    try:
        return ErrorCorrection(asymmetric).fit(training)
    except BehaviorError:
        if not asymmetric:
            raise
        return ErrorCorrection(False).fit(training)


def _last_cycle(fold: Fold) -> ConstantBeta:
    """The beta a bank would carry: of the last move before; where nothing moved before, of the moves after."""
    known = [one for one in fold.earlier if one.observed.size > 2 and cycles(matched(one)[0])]
    return ConstantBeta("last_cycle").fit(known or fold.training)
