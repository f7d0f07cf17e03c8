"""What the commands that train models share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from behavior.errors import UsageError
from behavior.tracking.folder import ALIASES

if TYPE_CHECKING:
    from behavior.workflows.train import TrainedVersion

LEARNING_LIBRARIES = ("sklearn", "lightgbm", "optuna", "mlflow", "markdown_it")


def require_learning_libraries() -> None:
    """Refuse early, and say what to install.

    Raises
    ------
    UsageError : when a learning library is missing; a bare install has none of them.
    """
    missing = []
    for name in LEARNING_LIBRARIES:
        try:
            found = find_spec(name) is not None
        except ValueError:
            found = False
        if not found:
            missing.append(name)
    if missing:
        raise UsageError(
            f"training needs {', '.join(missing)}, which a bare install leaves out. "
            'Install them: pip install "alm-behavior[fit]"'
        )


@contextmanager
def trees_on(scheduler: str | None) -> Iterator[str]:
    """Grow boosted trees on the cluster whose scheduler answers at an address for as long as the block lasts.

    Gives the place in words: ``this process`` without an address.
    """
    if scheduler is None:
        yield "this process"
        return
    from behavior.cluster import connected, workers_of
    from behavior.estimators.boosting import grown_on

    with connected(scheduler) as client, grown_on(client):
        yield f"a Dask cluster of {workers_of(client)} workers"


def model_rows(models: Sequence[TrainedVersion]) -> list[dict[str, object]]:
    """One row a model: version, gates and who may use it."""
    return [
        {
            "model": model.name,
            "version": model.version,
            "gates": "failed: " + ", ".join(model.failed_gates) if model.failed_gates else "passed",
            "alias": ALIASES[model.champion],
            "curves": sum(len(table.curves) for table in model.draft.tables),
            "transferred": model.draft.tables[0].provenance.transferred if model.draft.tables else "",
        }
        for model in models
    ]
