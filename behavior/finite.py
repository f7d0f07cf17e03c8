"""Numbers that arithmetic can go on with: neither `nan` nor an infinity stands for anything in what a person writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

FINITE = "expected a finite number"
LEAVE_OUT = "Leave the key out where nothing is known"


def is_finite(value: object) -> bool:
    """Whether a value is a finite number; a flag is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def not_finite(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Path and value of every number of a document that is not finite."""
    if isinstance(content, Mapping):
        for key, one in content.items():
            yield from not_finite(one, (*path, key))
    elif isinstance(content, list):
        for at, one in enumerate(content):
            yield from not_finite(one, (*path, at))
    elif isinstance(content, int | float) and not isinstance(content, bool) and not is_finite(content):
        yield path, content
