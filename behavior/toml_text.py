"""TOML as a person wrote it: parsed, and every number in it finite."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from typing import Any

from behavior.errors import Fault, SpecFault

FINITE = "expected a finite number"


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The content of a TOML document; `where` names it in messages.

    Raises
    ------
    SpecFault : it is not TOML, with the line; or it holds `nan` or `inf`, each with its path.
    """
    try:
        content = tomllib.loads(text)
    except ValueError as error:
        raise SpecFault(
            [Fault(where, f"expected TOML in UTF-8 ({error})", hint="Correct the line it names")]
        ) from error
    faults = _not_finite(content, where, "$")
    if faults:
        raise SpecFault(faults)
    return content


def is_finite(value: object) -> bool:
    """Whether a value is a number that arithmetic can go on with; a flag is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _not_finite(content: object, where: str, path: str) -> list[Fault]:
    if isinstance(content, Mapping):
        return [fault for key, one in content.items() for fault in _not_finite(one, where, f"{path}.{key}")]
    if isinstance(content, list):
        return [fault for at, one in enumerate(content) for fault in _not_finite(one, where, f"{path}[{at}]")]
    if not isinstance(content, int | float) or isinstance(content, bool) or is_finite(content):
        return []
    return [Fault(where, FINITE, None, path, f"{content!r}"[:80], "Leave the key out where nothing is known")]
