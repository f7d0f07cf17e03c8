"""The warning that is due where too much of an average life lies beyond the data."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from behavior.assumptions.curve import WARN_BEYOND, AverageLife
from behavior.assumptions.effects import View
from behavior.assumptions.readings import Acting, ReadingPoints, acting, read_at
from behavior.assumptions.set import AssumptionTable

MOST_NAMED = 12


def beyond_data_warnings(
    tables: Sequence[AssumptionTable],
    points: ReadingPoints | None = None,
    view: View | None = None,
    segments: Collection[str] | None = None,
) -> tuple[str, ...]:
    """One sentence a view of deposits that names the segments of which more than a quarter of the life is not data.

    A life is that of all causes that act on a segment together: of a cause alone it would be nobody's. It is one at the
    rates that it is read at, which the sentence says: at a book's own rates the same curves have other lives.

    Parameters
    ----------
    view : the view of deposits that matters, None = every one. segments : labels of those that matter, None = all.
    """
    where = points or ReadingPoints()
    found: dict[View | None, list[tuple[Acting, AverageLife]]] = {}
    for one in acting(tables, where):
        wanted = view is None or one.view in (None, view)
        if wanted and (segments is None or one.label in segments):
            life = one.average_life(where)
            if life.needs_warning:
                found.setdefault(one.view, []).append((one, life))
    return tuple(_sentence(view, lives, where) for view, lives in found.items())


def _sentence(view: View | None, lives: Sequence[tuple[Acting, AverageLife]], points: ReadingPoints) -> str:
    ranked = sorted(lives, key=lambda one: -one[1].share_beyond)
    named = [f"{one.label} ({life.share_beyond:.0%} of {life.years:.1f} years)" for one, life in ranked[:MOST_NAMED]]
    more = f" and {len(ranked) - MOST_NAMED} more" if len(ranked) > MOST_NAMED else ""
    read = f" in the view {view}" if view is not None else ""
    at = read_at((table for one, _ in ranked for table, _ in one.parts), points)
    words = f" Read at {at}, or the nearest to it that a curve has; at other rates the life is another." if at else ""
    return (
        f"More than {WARN_BEYOND:.0%} of the average life lies beyond the data{read}, where the curve is carried on "
        f"and, after its last month, the tail rule speaks: {', '.join(named)}{more}.{words}"
    )
