"""The champion of deposit beta: the structural law fitted to every series, drawn to its product where data are thin."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.assumptions.pass_through_path import PassThroughLaw
from behavior.errors import DidNotConverge, FittingError, TooFewEvents
from behavior.estimators.pass_through_bands import block_draws, error_draws, replicates
from behavior.estimators.pass_through_fit import (
    FitOptions,
    Prior,
    SeriesFit,
    delay_deviances,
    fit_series,
    noise,
    problem,
    weak_prior,
)
from behavior.estimators.pass_through_model import Design, Layout, design_of, errors_in_basis_points, targets
from behavior.estimators.pass_through_pool import LEAST_MEMBERS, Population, drawn_laws, population
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries, require_movement
from behavior.quantities import FloatArray

FORMAT = 1


@dataclass(frozen=True)
class SegmentLaw:
    """The law of one segment with its bands.

    Parameters
    ----------
    segment : labels, ``pooled`` for a fallback. parameters : shape (structural,). delays : months, (up, down).
    replicates : shape (draws, structural), laws that the data and the priors allow; empty without bands.
    level_months : shape (knots,), months of observation near each knot.
    direction_months : months in which the rate paid lay below (up) and above (down) its target.
    sigma : standard error of a one-step error, basis points; NaN for a fallback.
    facts : what a validator must know about the fit, JSON-able.
    """

    segment: tuple[str, ...]
    parameters: FloatArray
    delays: tuple[int, int]
    replicates: FloatArray
    level_months: FloatArray
    direction_months: tuple[float, float]
    sigma: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fitted:
    """One series on its way through the stages."""

    design: Design
    sigma: float
    deviance: dict[tuple[int, int], float]


class StructuralPassThrough:
    """Level-dependent target, speeds by direction, delays by direction; shrunk over series, with bootstrap bands.

    Parameters
    ----------
    options : how to fit. Learned: `layout_`, `laws_` (own segments first, then fallbacks), `facts_`.
    """

    family = "structural_pass_through"

    def __init__(self, options: FitOptions | None = None) -> None:
        self.options = options or FitOptions()

    def fit(self, series: Sequence[RateSeries]) -> Self:
        """Fit to all series at once.

        Raises
        ------
        TooFewEvents : when no series can carry a law. DidNotConverge : when none of those that can does.
        """
        able, thin = _able(series)
        levels = np.concatenate([one.levels_from(one.begin) for one in able])
        self.layout_ = self.options.layout(float(levels.min()), float(levels.max()))
        started = {one.unit: self._start(one) for one in able}
        delays = common_delays({unit: one.deviance for unit, one in started.items()}, self.options.delay_evidence)
        own: dict[str, SeriesFit] = {}
        failed: dict[str, str] = {}
        for unit, one in started.items():
            try:
                own[unit] = self._fit_one(one, delays[unit], weak_prior(self.layout_), None)
            except DidNotConverge as error:
                failed[unit] = str(error)
        if not own:
            raise DidNotConverge("; ".join(failed.values()))
        names = {one.unit: one.segment for one in able if one.unit in own}
        groups = populations(self.layout_, own, names)
        shrunk = {unit: self._shrink(started[unit], fit, groups, names[unit]) for unit, fit in own.items()}
        self.laws_ = self._laws({u: started[u] for u in own}, shrunk, names, groups)
        self.facts_: dict[str, Any] = {"thin": [one.unit for one in thin], "not converged": failed}
        return self

    def law(self, segment: tuple[str, ...]) -> PassThroughLaw:
        """The law of a segment, or of the most specific fallback that matches it."""
        found = self.segment_law(segment)
        return self.layout_.law(
            np.concatenate([np.zeros(self.layout_.structural.start), found.parameters]), found.delays
        )

    def segment_law(self, segment: tuple[str, ...]) -> SegmentLaw:
        """The segment's entry, else the fallback with the fewest pooled labels.

        Raises
        ------
        FittingError : when nothing matches.
        """
        matching = [
            law
            for law in self.laws_
            if all(label in (POOLED, wanted) for label, wanted in zip(law.segment, segment, strict=True))
        ]
        if not matching:
            raise FittingError(f"pass-through: no law for {segment} and no pooled one. Fit with more series.")
        return min(matching, key=lambda law: sum(label == POOLED for label in law.segment))

    def to_files(self) -> Mapping[str, str]:
        """The fitted laws as one JSON text; floats keep every digit."""
        content = {
            "format": FORMAT,
            "family": self.family,
            "options": asdict(self.options),
            "layout": {"knots": self.layout_.knots.tolist(), "monotone": self.layout_.monotone},
            "laws": [_law_content(law) for law in self.laws_],
            "facts": self.facts_,
        }
        return {"pass_through.json": json.dumps(content, indent=1, sort_keys=True, allow_nan=True)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> StructuralPassThrough:
        """The estimator that `to_files` wrote.

        Raises
        ------
        FittingError : when the text is of another family or format.
        """
        content = json.loads(files["pass_through.json"])
        if content.get("format") != FORMAT or content.get("family") != cls.family:
            raise FittingError(f"pass_through.json: found {content.get('family')!r}, expected {cls.family!r} format 1.")
        options = dict(content["options"])
        options["smoothing"] = tuple(options["smoothing"])
        model = cls(FitOptions(**options))
        model.layout_ = Layout(np.array(content["layout"]["knots"]), content["layout"]["monotone"])
        model.laws_ = tuple(_law_from(one) for one in content["laws"])
        model.facts_ = content["facts"]
        return model

    def _start(self, series: RateSeries) -> _Fitted:
        design = design_of(series, self.layout_, self.options.largest_delay, self.options.floor)
        prior = weak_prior(self.layout_)
        sigma = noise(self.layout_, design, prior, self.options.seed)
        return _Fitted(design, sigma, delay_deviances(self.layout_, design, prior, sigma, self.options))

    def _fit_one(
        self, one: _Fitted, delays: tuple[int, int], prior: Prior, smoothing: tuple[float, ...] | None
    ) -> SeriesFit:
        first = fit_series(self.layout_, one.design, self.options, delays, prior, one.sigma, smoothing)
        return fit_series(self.layout_, one.design, self.options, delays, prior, first.sigma, smoothing)

    def _shrink(
        self, one: _Fitted, fit: SeriesFit, groups: Mapping[tuple[str, ...], Population], segment: tuple[str, ...]
    ) -> tuple[SeriesFit, Prior, float]:
        group = _group_of(groups, segment)
        if group is None or group.members < LEAST_MEMBERS:
            return fit, weak_prior(self.layout_), fit.smoothing
        prior, loose = group.prior(), 1e3
        return self._fit_one(replace(one, sigma=fit.sigma), fit.delays, prior, (loose,)), prior, loose

    def _laws(
        self,
        started: Mapping[str, _Fitted],
        shrunk: Mapping[str, tuple[SeriesFit, Prior, float]],
        names: Mapping[str, tuple[str, ...]],
        groups: Mapping[tuple[str, ...], Population],
    ) -> tuple[SegmentLaw, ...]:
        spans = [(one.design.series.first_month, one.design.series) for one in started.values()]
        first = min(month + int(series.observed[0]) for month, series in spans)
        last = max(month + int(series.observed[-1]) for month, series in spans)
        calendar = block_draws(last - first + 1, self.options.block_months, self.options.replicates, self.options.seed)
        laws = []
        for number, (unit, (fit, prior, smoothing)) in enumerate(shrunk.items()):
            design = started[unit].design
            task = problem(self.layout_, design, np.array([fit.delays]), np.array([smoothing]), prior, fit.sigma)
            series = design.series
            errors = (
                -errors_in_basis_points(
                    self.layout_, design, fit.parameters[None, :], task.delays, series.rate_paid[:, None]
                )[0]
                / BASIS_POINTS
            )
            inflation = fit.sigma / max(float(np.sqrt(np.mean((errors * BASIS_POINTS) ** 2))), 1e-9)
            draws = error_draws(series.observed, series.first_month, (first, last), calendar)
            seed = self.options.seed + number
            again = replicates(self.layout_, task, fit, draws, (errors - errors.mean()) * inflation, seed)
            laws.append(_segment_law(self.layout_, design, fit, names[unit], again))
        fallbacks = [_fallback(self.layout_, key, group, laws, self.options) for key, group in groups.items()]
        return (*laws, *fallbacks)


def _able(series: Sequence[RateSeries]) -> tuple[list[RateSeries], list[RateSeries]]:
    able, thin = [], []
    for one in series:
        try:
            require_movement([one])
            able.append(one)
        except TooFewEvents:
            thin.append(one)
    if not able:
        require_movement(series)
    return able, thin


def common_delays(
    deviances: Mapping[str, Mapping[tuple[int, int], float]], evidence: float
) -> dict[str, tuple[int, int]]:
    """Delays of each series: those that suit all series together, unless its own gain by more than the evidence asked.

    Where delays fit alike (deviance within 1) the shorter ones stand.
    """
    pairs = sorted(next(iter(deviances.values())), key=lambda pair: (sum(pair), pair))
    total = {pair: sum(found[pair] for found in deviances.values()) for pair in pairs}
    shared = _shortest_of_best(pairs, total)
    chosen = {}
    for unit, found in deviances.items():
        best = _shortest_of_best(pairs, found)
        chosen[unit] = best if found[shared] - found[best] > evidence else shared
    return chosen


def _shortest_of_best(pairs: Sequence[tuple[int, int]], found: Mapping[tuple[int, int], float]) -> tuple[int, int]:
    least = min(found.values())
    return next(pair for pair in pairs if found[pair] <= least + 1.0)


def populations(
    layout: Layout, fits: Mapping[str, SeriesFit], names: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, ...], Population]:
    """Fallbacks by labels: everything pooled, and where segments have several columns each label of the first."""
    columns = len(next(iter(names.values())))
    groups = {(POOLED,) * columns: _population_of(layout, list(fits.values()))}
    if columns > 1:
        for label in sorted({name[0] for name in names.values()}):
            members = [fits[unit] for unit, name in names.items() if name[0] == label]
            groups[(label, *(POOLED,) * (columns - 1))] = _population_of(layout, members)
    return groups


def _population_of(layout: Layout, fits: list[SeriesFit]) -> Population:
    delays = [fit.delays for fit in fits]
    usual = max(sorted(set(delays)), key=delays.count)
    return population(layout, fits, usual)


def _group_of(groups: Mapping[tuple[str, ...], Population], segment: tuple[str, ...]) -> Population | None:
    own = groups.get((segment[0], *(POOLED,) * (len(segment) - 1))) if segment else None
    if own is not None and own.members >= LEAST_MEMBERS:
        return own
    return groups.get((POOLED,) * len(segment))


def _segment_law(
    layout: Layout, design: Design, fit: SeriesFit, segment: tuple[str, ...], again: FloatArray
) -> SegmentLaw:
    series = design.series
    seen = series.levels_from(series.begin)
    nearest = np.abs(seen[:, None] - layout.knots).argmin(axis=1)
    months = np.bincount(nearest, minlength=layout.knots.size).astype(np.float64)
    target = targets(layout, design, fit.parameters[None, :])[design.before :, 0]
    at_rows = target[series.observed - series.begin] if series.periods[0] == 1 else target[-series.observed.size :]
    gap = at_rows - series.rate_paid
    directions = (float(np.sum(gap > 1e-5)), float(np.sum(gap < -1e-5)))
    return SegmentLaw(
        segment=segment,
        parameters=fit.parameters[layout.structural],
        delays=fit.delays,
        replicates=again,
        level_months=months,
        direction_months=directions,
        sigma=fit.sigma,
        facts={
            "rows": fit.rows,
            "gain": float(fit.parameters[2]),
            "smoothing": fit.smoothing,
            "share of starts that agree": fit.starts_agreeing,
            "flags": [*fit.flags, *_unseen_flags(directions)],
            "condition": float(np.linalg.cond(fit.information + 1e-9 * np.eye(fit.information.shape[0]))),
        },
    )


def _unseen_flags(directions: tuple[float, float]) -> list[str]:
    return [
        f"the rate paid never had to move {name}: that speed rests on the other direction and on similar series"
        for name, months in zip(("up", "down"), directions, strict=True)
        if months == 0
    ]


def _fallback(
    layout: Layout, key: tuple[str, ...], group: Population, laws: Sequence[SegmentLaw], options: FitOptions
) -> SegmentLaw:
    members = [law for law in laws if all(label in (POOLED, own) for label, own in zip(key, law.segment, strict=True))]
    up, down = (sum(law.direction_months[side] for law in members) for side in (0, 1))
    return SegmentLaw(
        segment=key,
        parameters=group.centre,
        delays=group.delays,
        replicates=drawn_laws(layout, group, options.replicates, options.seed),
        level_months=np.sum([law.level_months for law in members], axis=0),
        direction_months=(up, down),
        sigma=float("nan"),
        facts={"members": group.members, "spread between members": group.spread.tolist()},
    )


def _law_content(law: SegmentLaw) -> dict[str, Any]:
    return {
        "segment": list(law.segment),
        "parameters": law.parameters.tolist(),
        "delays": list(law.delays),
        "replicates": law.replicates.tolist(),
        "level_months": law.level_months.tolist(),
        "direction_months": list(law.direction_months),
        "sigma": law.sigma,
        "facts": dict(law.facts),
    }


def _law_from(content: Mapping[str, Any]) -> SegmentLaw:
    return SegmentLaw(
        segment=tuple(content["segment"]),
        parameters=np.array(content["parameters"]),
        delays=(int(content["delays"][0]), int(content["delays"][1])),
        replicates=np.array(content["replicates"]),
        level_months=np.array(content["level_months"]),
        direction_months=(float(content["direction_months"][0]), float(content["direction_months"][1])),
        sigma=float(content["sigma"]),
        facts=content["facts"],
    )
