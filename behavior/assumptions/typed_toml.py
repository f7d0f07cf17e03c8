"""Typed values out of a TOML table; every fault is noted with its path, and reading goes on."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from behavior.errors import Fault
from behavior.finite import FINITE, is_finite

Word = TypeVar("Word", bound=StrEnum)


class TomlTable:
    """Takes typed values out of a TOML table and notes every fault with its path."""

    def __init__(self, raw: Mapping[str, Any], where: str, path: str, faults: list[Fault]) -> None:
        self.raw, self.where, self.path, self.faults = raw, where, path, faults

    def fault(self, key: str, rule: str, value: object = None, hint: str = "") -> None:
        """Note a fault of one key."""
        shown = None if value is None else repr(value)[:80]
        self.faults.append(Fault(self.where, rule, column=f"{self.path}.{key}", value=shown, hint=hint))

    def need(self, keys: tuple[str, ...]) -> None:
        """Note every key that is not there."""
        for key in keys:
            if key not in self.raw:
                self.fault(key, f"this key is needed; there are {', '.join(self.raw) or 'none'}")

    def misspelt(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Unknown keys; those close to a known one are faults."""
        unknown = [key for key in self.raw if key not in known]
        for key in unknown:
            near = difflib.get_close_matches(key, [name for name in known if name not in self.raw], 1, 0.8)
            if near:
                self.fault(key, "there is no such key", hint=f"Did you mean `{near[0]}`?")
        return tuple(f"{self.path}.{key}" for key in unknown)

    def text(self, key: str, default: str = "") -> str:
        """Text, or the default."""
        value = self.raw.get(key, default)
        if not isinstance(value, str):
            self.fault(key, "expected text in quotes", value)
            return default
        return value

    def word(self, key: str, kind: type[Word]) -> Word | None:
        """One of a closed list of words, or None."""
        if key not in self.raw:
            return None
        try:
            return kind(self.raw[key])
        except ValueError:
            self.fault(key, f"expected one of {', '.join(kind)}", self.raw[key])
            return None

    def whole(self, key: str, default: int) -> int:
        """A whole number, or the default."""
        value = self.raw.get(key, default)
        if not is_finite(value) or value != int(value):
            self.fault(key, "expected a whole number", value)
            return default
        return int(value)

    def number(self, key: str) -> float | None:
        """A finite number, or None."""
        value = self.raw.get(key)
        if value is not None and not is_finite(value):
            self.fault(key, FINITE, value)
            return None
        return None if value is None else float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or none."""
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fault(key, "expected a list of texts", value)
            return ()
        return tuple(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, or none."""
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(is_finite(one) for one in value):
            self.fault(key, "expected a list of numbers, each finite", value)
            return ()
        return tuple(float(one) for one in value)

    def inner(self, key: str) -> dict[str, Any]:
        """A table inside this one, or an empty one."""
        value = self.raw.get(key, {})
        if not isinstance(value, dict):
            self.fault(key, "expected a table in braces", value)
            return {}
        return value

    def words(self, key: str, kind: type[Word]) -> tuple[Word, ...]:
        """A list of words of a closed list, or none."""
        found: list[Word] = []
        for one in self.texts(key):
            try:
                found.append(kind(one))
            except ValueError:
                self.fault(key, f"expected some of {', '.join(kind)}", one)
        return tuple(found)
