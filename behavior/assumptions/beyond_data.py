"""The warning that is due where too much of an average life rests on the tail rule instead of data."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from behavior.assumptions.compare import ReadingPoints, acting
from behavior.assumptions.curve import WARN_BEYOND, AverageLife
from behavior.assumptions.effects import View
from behavior.assumptions.set import AssumptionTable

MOST_NAMED = 12


def beyond_data_warnings(
    tables: Sequence[AssumptionTable],
    points: ReadingPoints | None = None,
    view: View | None = None,
    segments: Collection[str] | None = None,
) -> tuple[str, ...]:
    """One sentence a view of deposits that names the segments of which more than a quarter of the life is not data.

    A life is that of all causes that act on a segment together: of a cause alone it would be nobody's.

    Parameters
    ----------
    view : the view of deposits that matters, None = every one. segments : labels of those that matter, None = all.
    """
    where = points or ReadingPoints()
    found: dict[View | None, list[tuple[str, AverageLife]]] = {}
    for one in acting(tables, where):
        wanted = view is None or one.view in (None, view)
        if wanted and (segments is None or one.label in segments):
            life = one.average_life(where)
            if life.needs_warning:
                found.setdefault(one.view, []).append((one.label, life))
    return tuple(_sentence(view, lives) for view, lives in found.items())


def _sentence(view: View | None, lives: Sequence[tuple[str, AverageLife]]) -> str:
    ranked = sorted(lives, key=lambda one: -one[1].share_beyond)
    named = [f"{name} ({life.share_beyond:.0%} of {life.years:.1f} years)" for name, life in ranked[:MOST_NAMED]]
    more = f" and {len(ranked) - MOST_NAMED} more" if len(ranked) > MOST_NAMED else ""
    read = f" in the view {view}" if view is not None else ""
    return (
        f"More than {WARN_BEYOND:.0%} of the average life lies beyond the data{read}, where the tail rule speaks: "
        f"{', '.join(named)}{more}."
    )
