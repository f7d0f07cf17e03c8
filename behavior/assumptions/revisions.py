"""Ids of sets: an as-of date, a dot, letters and the number of the revision, as in ``2026-09-30.r1``."""

from __future__ import annotations

import re
from collections.abc import Iterable

REVISION = re.compile(r"(.+\.[A-Za-z]+)\d+")


def following(stem: str, taken: Iterable[str]) -> str:
    """The id after all that begin with a stem and end in a number: ``2026-09-30.r2`` after r1, r1 after none."""
    numbers = [one.removeprefix(stem) for one in taken if one.startswith(stem)]
    return f"{stem}{max((int(one) for one in numbers if one.isdecimal()), default=0) + 1}"


def next_free(set_id: str, taken: Iterable[str]) -> str:
    """The next revision of an id that is free; an id that names no revision is taken as its first."""
    found = REVISION.fullmatch(set_id)
    if found:
        return following(found[1], [*taken, set_id])
    return following(f"{set_id}.r", [*taken, f"{set_id}.r1"])


def by_number(set_id: str) -> list[tuple[int, str]]:
    """Sort key of an id, r9 before r10: its runs of digits as numbers, what stands between as text."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", set_id)]
