"""The difference of two sets: what each says in treasury's language, side by side, and every term of their tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from behavior.assumptions.compare_tables import paired_tables, table_changes
from behavior.assumptions.readings import LEFT_OUT, ReadingPoints, SetReading, acting, readings
from behavior.assumptions.set import AssumptionSet, AssumptionTable


@dataclass(frozen=True)
class Difference:
    """One figure or term in two sets; None where a set does not have it. Words have no change.

    `moved` is by how much the reading's `share` changed; infinite where one set alone has it, 0 for what has no share.
    """

    effect: str
    cause: str
    segment: str
    measure: str
    unit: str
    old: float | str | None
    new: float | str | None
    moved: float = 0.0

    @property
    def curve(self) -> tuple[str, str, str]:
        """What behaves so: effect, cause and segment."""
        return (self.effect, self.cause, self.segment)

    @property
    def in_words(self) -> bool:
        """Whether it is words that differ or agree, not numbers."""
        return isinstance(self.old, str) or isinstance(self.new, str)

    @property
    def change(self) -> float | None:
        """New minus old, where both are there and are numbers."""
        if isinstance(self.old, str) or isinstance(self.new, str) or self.old is None or self.new is None:
            return None
        # Two infinite half-lives are the same.
        return 0.0 if self.old == self.new else self.new - self.old


@dataclass(frozen=True)
class SetComparison:
    """All figures and terms of two sets side by side, in the new set's order, those of the old set alone last."""

    differences: tuple[Difference, ...]

    def changed(self, tolerance: float = 1e-12) -> tuple[Difference, ...]:
        """Differences that are more than rounding, with what only one of the sets has."""
        return tuple(
            one
            for one in self.differences
            if (one.old != one.new if one.change is None else not abs(one.change) <= tolerance)
        )

    def most_moved(self) -> tuple[Difference, ...]:
        """The figure of each curve whose share moved most, the largest move first; what did not move is left out."""
        found: dict[tuple[str, str, str], Difference] = {}
        for one in self.differences:
            if one.moved > found.get(one.curve, one).moved or one.curve not in found:
                found[one.curve] = one
        return tuple(sorted((one for one in found.values() if one.moved > 0.0), key=lambda one: -one.moved))

    def in_order(self, rows: Sequence[Difference]) -> tuple[Difference, ...]:
        """Rows by curve, the curve that moved most first; a curve's own rows, and what did not move, as they stand."""
        place = {one.curve: number for number, one in enumerate(self.most_moved())}
        return tuple(sorted(rows, key=lambda one: place.get(one.curve, len(place))))


def compare(old: AssumptionSet, new: AssumptionSet, points: ReadingPoints | None = None) -> SetComparison:
    """Two sets side by side: read at the same points, then term by term, then their tables' text.

    Whatever differs between the texts of two tables is a difference, if only that of their digests.
    """
    # What one cause does alone in one set stands beside what several do together in the other.
    where = points or ReadingPoints()
    together = {
        (one.label, one.view) for held in (old, new) for one in acting(held.tables, where) if len(one.parts) > 1
    }
    before, after = ({_paired(one): one for one in readings(held, where, together)} for held in (old, new))
    rows = [
        Difference(
            *one.key, one.unit, before[key].value if key in before else None, one.value, _moved(before.get(key), one)
        )
        for key, one in after.items()
    ]
    rows += [
        Difference(*one.key, one.unit, one.value, None, _moved(one, None))
        for key, one in before.items()
        if key not in after
    ]
    rows += [one for pair in paired_tables(old.tables, new.tables) for one in _terms(*pair)]
    return SetComparison(tuple(rows))


def _paired(one: SetReading) -> tuple[str, ...]:
    """A reading's key with one name for all causes that count, whether the set has default, which does not, or not."""
    return tuple(part.replace(LEFT_OUT, "") for part in one.key)


def _moved(old: SetReading | None, new: SetReading | None) -> float:
    """By how much what a figure means on the one scale for all changed."""
    shares = [one.share for one in (old, new) if one is not None and one.share is not None]
    return abs(shares[1] - shares[0]) if len(shares) == 2 else float("inf") if shares else 0.0


def _terms(old: AssumptionTable | None, new: AssumptionTable | None) -> Iterator[Difference]:
    for table in (new, old):
        if table is not None:
            for one in table_changes(old, new):
                segment = one.segment or f"table {table.name}"
                yield Difference(str(table.effect), table.cause, segment, one.name, one.unit, one.old, one.new)
            return
