"""What a person wrote in TOML, as strict words: every fault with its line, its key, plain words and the keys known."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from behavior.errors import Fault, FaultyInput, SpecFault
from behavior.finite import FINITE, LEAVE_OUT, not_finite

Words = TypeVar("Words", bound=BaseModel)
Path = tuple[str | int, ...]

PLAIN = {
    "missing": "this key is needed",
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "date_type": "expected a date such as 2026-09-30",
    "date_parsing": "expected a date such as 2026-09-30",
    "date_from_datetime_parsing": "expected a date such as 2026-09-30",
    "date_from_datetime_inexact": "expected a date such as 2026-09-30, without a time",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected {ge:g} or more",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected {le:g} or less",
    "literal_error": "expected {expected}",
    "string_pattern_mismatch": "expected text of the pattern {pattern}",
    "model_type": "expected a table",
    "dict_type": "expected a table",
    "tuple_type": "expected a list in brackets",
    "list_type": "expected a list in brackets",
}
"""The checker's own kinds of fault in a reader's words."""


@dataclass(frozen=True)
class TomlText:
    """A TOML file as read.

    Parameters
    ----------
    where : its name in messages. text : as written; "" where only the content is known, and no fault has a line then.
    raw : its content.
    """

    where: str
    text: str
    raw: Mapping[str, Any]

    @classmethod
    def read(cls, data: bytes | str, where: str) -> TomlText:
        """A file's bytes or text.

        Raises
        ------
        SpecFault : when it is not TOML, with the line, or holds numbers that are not finite, each with its path.
        """
        try:
            text = data if isinstance(data, str) else data.decode("utf-8")
            found = cls(where, text, tomllib.loads(text))
        except ValueError as error:
            hint = "Correct the line it names"
            raise SpecFault([Fault(where, f"expected TOML in UTF-8 ({error})", hint=hint)]) from error
        faults = [
            Fault(where, FINITE, found.line_of(path), dotted(path), f"{value!r}"[:80], LEAVE_OUT)
            for path, value in not_finite(found.raw)
        ]
        if faults:
            raise SpecFault(faults)
        return found

    def words(self, model: type[Words], under: Path = ()) -> Words:
        """The content, or the table under a path, as the words of a model.

        Raises
        ------
        SpecFault : naming every fault with its line and path (``$.search.trials``).
        """
        try:
            return model.model_validate(_at(self.raw, under))
        except ValidationError as error:
            raise SpecFault(self._faults(error, model, under)) from error

    def line_of(self, path: Path) -> int | None:
        """Line on which a key is written, counted from 1; of what it stands in where it is not written at all."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None

    @cached_property
    def _lines(self) -> dict[Path, int]:
        lines: dict[Path, int] = {}
        for path, line in _written(self.text):
            lines.setdefault(path, line)
        return lines

    def _faults(self, error: ValidationError, model: type[BaseModel], under: Path) -> list[Fault]:
        """One fault a key, however many forms of it were tried."""
        found: dict[Path, list[ErrorDetails]] = {}
        for one in error.errors():
            found.setdefault(under + _path_of(one, _at(self.raw, under)), []).append(one)
        wrong = {path: self._nearest(path, model, under) for path, ones in found.items() if _is_unknown(ones[0])}
        # A key that is missing because it is misspelt is told once, where it is misspelt.
        meant = {(*path[:-1], near) for path, near in wrong.items() if near}
        return [
            self._unknown(path, wrong[path], model, under) if path in wrong else self._fault(path, ones)
            for path, ones in found.items()
            if path in wrong or path not in meant or ones[0]["type"] != "missing"
        ]

    def _fault(self, path: Path, ones: list[ErrorDetails]) -> Fault:
        rules = list(dict.fromkeys(map(_rule, ones)))
        rule = ", or ".join([rules[0], *(one.removeprefix("expected ") for one in rules[1:])])
        value = None if ones[0]["type"] == "missing" else _shown(_at(self.raw, path))
        return Fault(self.where, rule, self.line_of(path), dotted(path), value)

    def _unknown(self, path: Path, near: str, model: type[BaseModel], under: Path) -> Fault:
        known = (names[0] for names in _keys(_inside(model, path[len(under) : -1])))
        hint = f"Did you mean `{near}`?" if near else ""
        rule = f"there is no such key; there are {', '.join(known)}"
        return Fault(self.where, rule, self.line_of(path), dotted(path), hint=hint)

    def _nearest(self, path: Path, model: type[BaseModel], under: Path) -> str:
        """The key that a misspelt one may stand for, "" where none is near; not one that is written beside it."""
        beside = _at(self.raw, path[:-1])
        free = [names for names in _keys(_inside(model, path[len(under) : -1])) if not set(names) & set(beside)]
        return (*difflib.get_close_matches(str(path[-1]), [one for names in free for one in names], 1), "")[0]


def dotted(path: Path) -> str:
    """A path as messages have it: ``$.search.trials``."""
    return "$." + ".".join(map(str, path))


def _written(text: str) -> Iterator[tuple[Path, int]]:
    """Every key as written, with its line. A statement ends with the first line up to which it is TOML by itself."""
    table: Path = ()
    arrays: dict[Path, int] = {}
    statement, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        statement, first = (f"{statement}\n{line}", first) if statement else (line, number)
        try:
            raw = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            table = _table(raw, arrays)
            yield table, first
        else:
            yield from ((table + path, first) for path in _paths(raw))
        statement = ""


def _table(header: Any, arrays: dict[Path, int]) -> Path:
    """Path of a table by its header alone; each header of an array of tables opens the next one of them."""
    path: Path = ()
    while header:
        ((key, header),) = header.items()
        path = (*path, key)
        if isinstance(header, list):
            arrays[path] = arrays.get(path, -1) + 1
            header = header[0]
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _paths(raw: Any, path: Path = ()) -> Iterator[Path]:
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(raw, dict):
        inner = raw.items()
    elif isinstance(raw, list):
        inner = enumerate(raw)
    for key, value in inner:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _at(raw: Any, path: Path) -> Any:
    """What stands under a path, None where nothing does."""
    for part in path:
        try:
            raw = None if isinstance(raw, str) else raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _path_of(one: ErrorDetails, raw: Any) -> Path:
    """Where a fault is in the file: its checker also names the forms that it tried, which nobody wrote."""
    path: Path = ()
    for part in one["loc"]:
        inside = _at(raw, (part,))
        if inside is not None:
            path, raw = (*path, part), inside
    return (*path, one["loc"][-1]) if one["type"] == "missing" else path


def _is_unknown(one: ErrorDetails) -> bool:
    return one["type"] == "extra_forbidden"


def _rule(one: ErrorDetails) -> str:
    said = one.get("ctx", {})
    error = said.get("error")
    if isinstance(error, FaultyInput):
        return "; ".join(fault.rule for fault in error.faults)
    if one["type"] == "value_error":
        return str(error)
    return PLAIN[one["type"]].format(**said) if one["type"] in PLAIN else one["msg"]


def _shown(value: object) -> str | None:
    """A value as messages have it; a whole table or list says nothing there."""
    return None if isinstance(value, dict | list) else str(value)[:80]


def _keys(model: type[BaseModel] | None) -> list[tuple[str, ...]]:
    """Names of each key of a model, the one to be told first."""
    fields = {} if model is None else model.model_fields
    return [_names(name, field) for name, field in fields.items() if not field.exclude]


def _names(name: str, field: FieldInfo) -> tuple[str, ...]:
    if isinstance(field.validation_alias, AliasChoices):
        return tuple(str(one) for one in field.validation_alias.choices)
    return (field.alias or name,)


def _inside(annotation: Any, path: Path) -> type[BaseModel] | None:
    """The model that stands under a path of another, None where keys are free there."""
    for one in _forms(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            if not path:
                return one
            inner = [field for name, field in one.model_fields.items() if path[0] in _names(name, field)]
            if inner:
                return _inside(inner[0].annotation, path[1:])
        elif path and get_origin(one) in (dict, tuple, list):
            arguments = get_args(one)
            return _inside(arguments[1] if get_origin(one) is dict else arguments[0], path[1:])
    return None


def _forms(annotation: Any) -> Iterator[Any]:
    """The forms that a value may have."""
    if get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _forms(one)
    elif get_origin(annotation) is Annotated:
        yield from _forms(get_args(annotation)[0])
    else:
        yield annotation
