"""Bars held against scores: a figure is put to its test, with its interval beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.hazard_scores import Score, interval_of, joint_of
from behavior.benchmark.protocols import Bar
from behavior.benchmark.resampling import value_and_interval
from behavior.benchmark.results import MET, MISSED, OPEN, Verdict, figure

LEAST_EVENTS = 5
Scores = Mapping[str, Sequence[Score]]


def judge_bar(data: str, bar: Bar, scores: Scores) -> Verdict:
    """The verdict on one bar from every model's scores of the bar's cause."""
    mine = _of(scores.get(OURS, ()), bar)
    if not mine:
        return Verdict(data, bar.words, f"no figure `{bar.score}` here", OPEN)
    found, met = _test_of(bar)(bar, mine, scores)
    return Verdict(data, bar.words, found, MET if met else MISSED)


def _of(scores: Sequence[Score], bar: Bar) -> list[Score]:
    wanted = (bar.score, bar.weighting, bar.slice)
    return [one for one in scores if (one.score, one.weighting, one.slice) == wanted]


def _test_of(bar: Bar) -> Callable[[Bar, list[Score], Scores], tuple[str, bool]]:
    if bar.rivals:
        return _most_folds if bar.most_folds_below else _below
    if bar.between is not None:
        return _between
    if bar.meets is not None:
        return _meets
    return _joint if bar.joint is not None else _at_most


def _below(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    words, verdicts = [], []
    for name in bar.rivals:
        others = _of(scores.get(name, ()), bar)
        if not others:
            words.append(f"{name} without a figure")
            verdicts.append(False)
            continue
        value, low, high = value_and_interval(mine[0].draws - others[0].draws)
        scale = max(abs(float(others[0].draws[0])), 1e-12)
        words.append(f"{name} {100 * value / scale:+z.2f}% ({100 * low / scale:+z.2f} to {100 * high / scale:+z.2f})")
        verdicts.append(low <= 0 if bar.not_behind else value < 0)
    met = any(verdicts) if bar.below_any else all(verdicts)
    return f"ours {mine[0].draws[0]:.4f}; ours less " + ", ".join(words), met


def _most_folds(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    """Folds in which ours is lower than each of the models named; on all folds that both answered."""
    own = {one.bucket: float(one.draws[0]) for one in mine}
    words, verdicts = [], []
    for name in bar.most_folds_below:
        theirs = {one.bucket: float(one.draws[0]) for one in _of(scores.get(name, ()), bar)}
        both = [fold for fold in own if fold in theirs]
        closer = sum(own[fold] < theirs[fold] for fold in both)
        words.append(f"{closer} of {len(both)} below {name}")
        verdicts.append(bool(both) and closer > len(both) / 2)
    return ", ".join(words), bool(verdicts) and all(verdicts)


def _between(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    assert bar.between is not None
    value, low, high = value_and_interval(mine[0].draws)
    return figure(value, low, high), bool(bar.between[0] <= value <= bar.between[1])


def _speaks(score: Score) -> bool:
    """Whether a bucket says anything: where fewer than five events were expected and fewer happened, it does not."""
    return not max(score.events, score.expected) < LEAST_EVENTS


def _unforeseen(scores: list[Score]) -> list[str]:
    """Buckets with events of which the model expected none: no ratio can be formed, and none is needed."""
    return [f"{one.bucket}: {one.events:.0f} events, none expected" for one in scores if one.expected <= 0]


def _meets(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    """Every bucket that says anything meets the bounds with its interval."""
    assert bar.meets is not None
    speaking = [one for one in mine if _speaks(one)]
    outside = _unforeseen(speaking)
    judged = len(outside)
    for one in speaking:
        value, low, high = interval_of(one)
        if not np.isfinite(value) or low != low:
            continue
        judged += 1
        if low > bar.meets[1] or high < bar.meets[0]:
            outside.append(f"{one.bucket}: {figure(value, low, high, '.2f')}")
    words = f"{judged - len(outside)} of {judged} buckets meet it"
    return words + ("; outside " + ", ".join(outside) if outside else ""), judged > 0 and not outside


def _joint(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    """Every bucket that says anything has 1 in a region that holds for all of them together."""
    assert bar.joint is not None
    speaking = [one for one in mine if _speaks(one)]
    outside = _unforeseen(speaking)
    known = [one for one in speaking if np.isfinite(one.draws[0])]
    if not known and not outside:
        return f"no bucket with {LEAST_EVENTS} events, expected or seen", False
    region = joint_of(known, bar.joint)
    outside += [
        f"{name}: {figure(value, low, high, '.2f')}" for name, value, low, high in region if low > 1 or high < 1
    ]
    words = ", ".join(f"{name} {value:.2f}" for name, value, _, _ in region)
    return words + ("; 1 lies outside in " + ", ".join(outside) if outside else ""), not outside


def _at_most(bar: Bar, mine: list[Score], scores: Scores) -> tuple[str, bool]:
    assert bar.at_most is not None
    value, low, high = value_and_interval(mine[0].draws)
    return figure(value, low, high), abs(value) <= bar.at_most
