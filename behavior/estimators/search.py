"""Optuna over a declared space: seeded and serial; the only module that knows optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module

from behavior.specs import Range, SearchSpec


@dataclass(frozen=True)
class SearchResult:
    """Best parameters, their loss, and every trial as (parameters, loss)."""

    best: Mapping[str, float | int]
    loss: float
    trials: tuple[tuple[Mapping[str, float | int], float], ...]


def search(
    loss_of: Callable[[Mapping[str, float | int]], float], spec: SearchSpec, first: Mapping[str, float | int]
) -> SearchResult:
    """Minimise `loss_of` over the space with a seeded tree-structured Parzen estimator, one trial after another.

    Parameters
    ----------
    first : parameters tried before any suggestion, so that a search never ends worse than no search.
    """
    if spec.trials == 0 or not spec.space:
        loss = loss_of(first)
        return SearchResult(dict(first), loss, ((dict(first), loss),))
    # On its first import it keeps the errors of optional libraries that it did not find, and with them the frames and
    # all variables of whoever called: on a stack of its own that is nothing, here it would be the rows to learn from.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(import_module, "optuna").result()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=spec.seed))
    study.enqueue_trial({name: _inside(first[name], one) for name, one in spec.space.items() if name in first})
    study.optimize(lambda trial: loss_of(_suggest(trial, spec, first)), n_trials=spec.trials)
    done = tuple(({**first, **trial.params}, float(trial.value)) for trial in study.trials if trial.value is not None)
    return SearchResult({**first, **study.best_params}, float(study.best_value), done)


def _suggest(trial: object, spec: SearchSpec, first: Mapping[str, float | int]) -> Mapping[str, float | int]:
    import optuna

    assert isinstance(trial, optuna.trial.BaseTrial)
    found: dict[str, float | int] = dict(first)
    for name, one in spec.space.items():
        if one.integer:
            found[name] = trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
        else:
            found[name] = trial.suggest_float(name, one.low, one.high, log=one.log)
    return found


def _inside(value: float | int, one: Range) -> float | int:
    """The nearest value of a dimension."""
    held = min(max(value, one.low), one.high)
    return round(held) if one.integer else float(held)
