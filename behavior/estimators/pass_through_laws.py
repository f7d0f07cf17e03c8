"""The law of each segment with its bands, and the fallbacks that stand for segments without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.estimators.pass_through_fit import FitOptions, SeriesFit
from behavior.estimators.pass_through_model import Layout
from behavior.estimators.pass_through_pool import LEAST_MEMBERS, Population, drawn_laws, population
from behavior.estimators.pass_through_seen import members_flags, unseen_flags
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class SegmentLaw:
    """The law of one segment with its bands.

    Parameters
    ----------
    segment : labels, ``pooled`` for a fallback. parameters : shape (structural,). delays : months, (up, down).
    replicates : shape (draws, structural), laws that the data and the priors allow; empty without bands.
    level_months : shape (knots,), months of observation near each knot.
    direction_months : months in which the rate paid had to move up and down: it stood below, above the target that the
        direction saw.
    sigma : standard error of a one-step error, basis points; NaN for a fallback.
    levels : target of each source at the middle knot, decimal a year.
    facts : what a validator must know about the fit, JSON-able.
    """

    segment: tuple[str, ...]
    parameters: FloatArray
    delays: tuple[int, int]
    replicates: FloatArray
    level_months: FloatArray
    direction_months: tuple[float, float]
    sigma: float
    levels: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The law as plain values."""
        return {
            "segment": list(self.segment),
            "parameters": self.parameters.tolist(),
            "delays": list(self.delays),
            "replicates": self.replicates.tolist(),
            "level_months": self.level_months.tolist(),
            "direction_months": list(self.direction_months),
            "sigma": self.sigma,
            "levels": dict(self.levels),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SegmentLaw:
        """What `as_json` gave."""
        return cls(
            segment=tuple(content["segment"]),
            parameters=np.array(content["parameters"]),
            delays=(int(content["delays"][0]), int(content["delays"][1])),
            replicates=np.array(content["replicates"]),
            level_months=np.array(content["level_months"]),
            direction_months=(float(content["direction_months"][0]), float(content["direction_months"][1])),
            sigma=float(content["sigma"]),
            levels=content["levels"],
            facts=content["facts"],
        )


Labels = tuple[str, ...]


def populations(layout: Layout, fits: Mapping[Labels, SeriesFit]) -> dict[Labels, Population]:
    """Fallbacks by labels: everything pooled, and where segments have several columns each label of the first."""
    columns = len(next(iter(fits)))
    groups = {(POOLED,) * columns: _population_of(layout, list(fits.values()))}
    if columns > 1:
        for label in sorted({segment[0] for segment in fits}):
            members = [fit for segment, fit in fits.items() if segment[0] == label]
            groups[(label, *(POOLED,) * (columns - 1))] = _population_of(layout, members)
    return groups


def _population_of(layout: Layout, fits: list[SeriesFit]) -> Population:
    delays = [fit.delays for fit in fits]
    usual = max(sorted(set(delays)), key=delays.count)
    return population(layout, fits, usual)


def group_key(groups: Mapping[Labels, Population], segment: Labels) -> Labels | None:
    """Labels of the group that a segment belongs to: its first label's where that has members enough, else all."""
    own = (segment[0], *(POOLED,) * (len(segment) - 1)) if segment else None
    if own is not None and own in groups and groups[own].members >= LEAST_MEMBERS:
        return own
    whole = (POOLED,) * len(segment)
    return whole if whole in groups else None


def with_unseen(law: SegmentLaw, laws: Sequence[SegmentLaw], groups: Mapping[Labels, Population]) -> SegmentLaw:
    """The law with words for directions never seen; only a group that it was drawn to can stand in for them."""
    key = group_key(groups, law.segment)
    drawn = key is not None and groups[key].members >= LEAST_MEMBERS
    similar = [other for other in _members(key, laws) if other is not law] if key is not None and drawn else []
    unseen = unseen_flags(law.direction_months, _summed_months(similar))
    return replace(law, facts={**law.facts, "flags": [*law.facts["flags"], *unseen]})


def _members(key: Labels, laws: Sequence[SegmentLaw]) -> list[SegmentLaw]:
    return [law for law in laws if all(label in (POOLED, own) for label, own in zip(key, law.segment, strict=True))]


def _summed_months(laws: Sequence[SegmentLaw]) -> tuple[float, float]:
    return sum(law.direction_months[0] for law in laws), sum(law.direction_months[1] for law in laws)


def fallback(
    layout: Layout, key: tuple[str, ...], group: Population, laws: Sequence[SegmentLaw], options: FitOptions
) -> SegmentLaw:
    """The law that stands for every segment of a group: its centre, with bands from the spread between members."""
    members = _members(key, laws)
    return SegmentLaw(
        segment=key,
        parameters=group.centre,
        delays=group.delays,
        replicates=drawn_laws(layout, group, options.replicates, options.seed),
        level_months=np.sum([np.zeros(layout.knots.size), *(law.level_months for law in members)], axis=0),
        direction_months=_summed_months(members),
        sigma=float("nan"),
        facts={
            "members": group.members,
            "spread between members": group.spread.tolist(),
            "flags": members_flags([law.facts["flags"] for law in members]),
        },
    )
