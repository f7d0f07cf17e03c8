"""The champion of deposit beta: the structural law fitted to every series, drawn to its product where data are thin."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.assumptions.pass_through_path import NO_FLOOR, PassThroughLaw
from behavior.errors import DidNotConverge, FittingError, TooFewEvents
from behavior.estimators.pass_through_bands import block_draws, replicates
from behavior.estimators.pass_through_departures import departures
from behavior.estimators.pass_through_fit import (
    FitOptions,
    SeriesFit,
    choice_of_delays,
    delay_deviances,
    doubt_of,
    fit_series,
    noise,
    shortest_of_best,
)
from behavior.estimators.pass_through_identified import bound_flags, enough_rows, is_still, not_told
from behavior.estimators.pass_through_impact import beside, evidence_of_impact, fit_with_impact, shrunk_with_impact
from behavior.estimators.pass_through_laws import Labels, SegmentLaw, fallback, group_key, populations, with_unseen
from behavior.estimators.pass_through_model import Design, Layout, LogisticLayout, design_of
from behavior.estimators.pass_through_pool import LEAST_MEMBERS, Population
from behavior.estimators.pass_through_problem import Prior, problem, weak_prior
from behavior.estimators.pass_through_seen import (
    apart_flags,
    direction_months,
    level_months,
    speed_errors,
    untold_flags,
)
from behavior.estimators.pass_through_series import RateSeries, pieces_of, require_movement
from behavior.quantities import FloatArray

FORMAT = 1


@dataclass(frozen=True)
class _Started:
    """One segment on its way through the stages: its pieces, and the deviance of every pair of delays."""

    names: tuple[str, ...]
    layout: Layout
    designs: tuple[Design, ...]
    sigma: float
    deviance: dict[tuple[int, int], float]


class StructuralPassThrough:
    """Level-dependent target, speeds by direction, delays by direction; shrunk over series, with bootstrap bands.

    Parameters
    ----------
    options : how to fit. Learned: `layout_`, `laws_` (own segments first, then fallbacks), `own_`, `facts_`.
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
        able, short = enough_rows(self.layout_, pieces_of(able))
        started = {segment: self._start(members) for segment, members in pieces_of(able).items()}
        delays = common_delays({key: one.deviance for key, one in started.items()}, self.options.delay_evidence)
        own: dict[Labels, SeriesFit] = {}
        failed: dict[str, str] = {}
        for segment, begun in started.items():
            try:
                own[segment] = self._fit_one(begun, delays[segment])
            except DidNotConverge as error:
                failed[" / ".join(segment)] = str(error)
        if len(started) < LEAST_MEMBERS:
            # Nothing to be drawn to: what its own months cannot tell is not known.
            unsure = {
                key: not_told(fit, [design.series for design in started[key].designs]) for key, fit in own.items()
            }
            failed |= {" / ".join(key): why for key, why in unsure.items() if why}
            own = {key: fit for key, fit in own.items() if not unsure[key]}
        if not own:
            raise DidNotConverge("; ".join(failed.values()))
        self.own_ = own
        groups = populations(self.layout_, own)
        shrunk = {segment: self._shrink(started[segment], fit, groups, segment) for segment, fit in own.items()}
        against = evidence_of_delays({key: one.deviance for key, one in started.items()}, delays)
        self.laws_ = self._laws({segment: started[segment] for segment in own}, shrunk, groups, against)
        self.facts_: dict[str, Any] = {"thin": [one.unit for one in (*thin, *short)], "not converged": failed}
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

    def pooled_without(self, left_out: Callable[[Labels], bool]) -> StructuralPassThrough:
        """The fallbacks alone, from the segments that are not left out: what is known of a bank or product never seen.

        Raises
        ------
        FittingError : when nothing is left, or the model was read from text and its own fits are gone.
        """
        kept = {segment: fit for segment, fit in getattr(self, "own_", {}).items() if not left_out(segment)}
        if not kept:
            raise FittingError("pass-through: no segment is left to learn from. Leave out fewer, or fit again.")
        model = StructuralPassThrough(replace(self.options, replicates=0))
        model.layout_ = self.layout_
        groups = populations(self.layout_, kept)
        model.laws_ = tuple(fallback(self.layout_, key, group, (), model.options) for key, group in groups.items())
        model.facts_ = {"segments": [" / ".join(segment) for segment in kept]}
        return model

    def to_files(self) -> Mapping[str, str]:
        """The fitted laws as one JSON text; floats keep every digit."""
        content = {
            "format": FORMAT,
            "family": self.family,
            "options": asdict(self.options),
            "layout": {
                "knots": self.layout_.knots.tolist(),
                "monotone": self.layout_.monotone,
                "largest_marginal": self.layout_.largest_marginal,
            },
            "laws": [law.as_json() for law in self.laws_],
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
        held = content["layout"]
        form = LogisticLayout if model.options.form == "logistic" else Layout
        model.layout_ = form(np.array(held["knots"]), held["monotone"], largest_marginal=held["largest_marginal"])
        model.laws_ = tuple(SegmentLaw.from_json(one) for one in content["laws"])
        model.facts_ = content["facts"]
        return model

    def _start(self, members: Sequence[RateSeries]) -> _Started:
        names = list(dict.fromkeys(one.source or one.unit for one in members))
        layout = replace(self.layout_, sources=tuple(names.index(one.source or one.unit) for one in members))
        # On its floor a rate that never moves would suit any target below it; without one it says that its beta is 0.
        floor = NO_FLOOR if is_still(members) else self.options.floor
        designs = tuple(
            design_of(one, layout, self.options.largest_delay, floor, piece) for piece, one in enumerate(members)
        )
        prior = weak_prior(layout)
        sigma = noise(layout, designs, prior, self.options.seed)
        return _Started(
            tuple(names), layout, designs, sigma, delay_deviances(layout, designs, prior, sigma, self.options)
        )

    def _fit_one(self, one: _Started, delays: tuple[int, int]) -> SeriesFit:
        """From many starts, and once more with the noise and the design effect that this shows."""
        nothing = replace(weak_prior(one.layout), usual=False)
        prior = weak_prior(
            one.layout, doubt_of(fit_series(one.layout, one.designs, self.options, delays, nothing, one.sigma))
        )
        first = fit_series(one.layout, one.designs, self.options, delays, prior, one.sigma)
        again = fit_series(
            one.layout, one.designs, self.options, delays, prior, first.sigma, None, first.effect, first.parameters
        )
        alone = replace(again, starts_agreeing=first.starts_agreeing, flags=(*first.flags, *again.flags))
        if evidence_of_impact(one.layout, one.designs, self.options, alone) <= self.options.impact_evidence:
            return alone
        return fit_with_impact(one.layout, one.designs, self.options, alone)

    def _shrink(
        self, one: _Started, fit: SeriesFit, groups: Mapping[Labels, Population], segment: Labels
    ) -> tuple[SeriesFit, Prior, float]:
        key = group_key(groups, segment)
        if key is None or groups[key].members < LEAST_MEMBERS:
            return fit, weak_prior(self.layout_, fit.doubt), fit.smoothing
        prior, loose = groups[key].prior(), 1e3
        if fit.fast is not None:
            return shrunk_with_impact(one.layout, one.designs, self.options, fit.fast, prior, loose), prior, loose
        drawn = fit_series(
            one.layout, one.designs, self.options, fit.delays, prior, fit.sigma, (loose,), fit.effect, fit.parameters
        )
        return replace(drawn, starts_agreeing=fit.starts_agreeing, flags=fit.flags), prior, loose

    def _laws(
        self,
        started: Mapping[Labels, _Started],
        shrunk: Mapping[Labels, tuple[SeriesFit, Prior, float]],
        groups: Mapping[Labels, Population],
        against: Mapping[Labels, Mapping[tuple[int, int], float]],
    ) -> tuple[SegmentLaw, ...]:
        series = [design.series for one in started.values() for design in one.designs]
        first = min(one.first_month + int(one.observed[0]) for one in series)
        last = max(one.first_month + int(one.observed[-1]) for one in series)
        options = self.options
        calendar = block_draws(last - first + 1, options.block_months, options.replicates, options.seed)
        laws = []
        for number, (segment, (fit, prior, smoothing)) in enumerate(shrunk.items()):
            one, free = started[segment], fit.fast or fit
            layout = one.layout if fit.fast is None else beside(one.layout)
            task = problem(
                layout, one.designs, np.array([fit.delays]), np.array([smoothing]), prior, free.sigma, free.effect
            )
            again = np.zeros((0, fit.structural.size))
            if options.replicates:
                told = against[segment] if fit.fast is None else None
                again = replicates(layout, task, free, (first, last), calendar, options.seed + number, told)
            laws.append(_segment_law(one, fit, segment, again, options))
        laws = [with_unseen(law, laws, groups) for law in laws]
        wider = {key: group for key, group in groups.items() if key not in started}
        fallbacks = [fallback(self.layout_, key, group, laws, options) for key, group in wider.items()]
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
    deviances: Mapping[Labels, Mapping[tuple[int, int], float]], evidence: float
) -> dict[Labels, tuple[int, int]]:
    """Delays of each segment: those that suit all together, unless its own gain by more than the evidence asked.

    Where delays fit alike (deviance within 1) the shorter ones stand.
    """
    pairs = next(iter(deviances.values()))
    shared = shortest_of_best({pair: sum(found[pair] for found in deviances.values()) for pair in pairs})
    return {segment: choice_of_delays(found, shared, evidence) for segment, found in deviances.items()}


def evidence_of_delays(
    deviances: Mapping[Labels, Mapping[tuple[int, int], float]], chosen: Mapping[Labels, tuple[int, int]]
) -> dict[Labels, Mapping[tuple[int, int], float]]:
    """Deviance by delays that speaks for each segment's: those that chose alike speak together."""
    found: dict[Labels, Mapping[tuple[int, int], float]] = {}
    for segment, own in deviances.items():
        alike = [other for key, other in deviances.items() if chosen[key] == chosen[segment]]
        found[segment] = {pair: sum(other[pair] for other in alike) for pair in own}
    return found


def _segment_law(one: _Started, fit: SeriesFit, segment: Labels, again: FloatArray, options: FitOptions) -> SegmentLaw:
    months = direction_months(one.layout, one.designs, fit)
    levels = dict(zip(one.names, fit.levels, strict=True))
    return SegmentLaw(
        segment=segment,
        parameters=fit.structural,
        delays=fit.delays,
        replicates=again,
        level_months=level_months(one.layout, one.designs),
        direction_months=months,
        sigma=fit.sigma,
        levels=levels,
        facts={
            "rows": fit.rows,
            "series": len(one.designs),
            "gain": fit.gain,
            "posted step": max(design.step for design in one.designs),
            "smoothing": fit.smoothing,
            "design effect": fit.effect.tolist(),
            "share of starts that agree": fit.starts_agreeing,
            "flags": [
                *fit.flags,
                *untold_flags(months, speed_errors(fit)),
                *bound_flags(one.layout, fit.parameters, [design.series for design in one.designs]),
                *apart_flags(levels, one.designs, options.floor),
                *departures(one.layout, one.designs, fit, options),
            ],
            "impact": [] if fit.fast is None else fit.fast.parameters[beside(one.layout).impacts].tolist(),
            "condition": float(np.linalg.cond(fit.information + 1e-9 * np.eye(fit.information.shape[0]))),
        },
    )
