"""Scenarios written by users as TOML.

::

    name = "House scenarios 2026"      # what results call the set
    source = "ALCO minutes, March 2026"
    framework = "bcbs_2024"            # optional: begin with its scenarios
    floor = "none"                     # optional: a rule or one level ≤ 0; the framework's own, else none
    aggregation = "sum"                # optional: basel, eu or sum

    [[scenarios]]
    name = "bear_steepener"
    ramp_months = 12                   # optional: grows evenly over so many months, then stays
    [scenarios.shifts]
    USD = { parallel_bp = 50, short_bp = -100, long_bp = 100, decay_years = 4 }
    EUR = { tenor_months = [3, 24, 120], bp = [0, 50, 100] }
    "*" = { parallel_bp = 25 }         # every other currency

    [[scenarios]]
    name = "policy_path"
    [scenarios.shifts_by_month]        # parallel, basis points in month 1, 2, …; the last stays
    USD = [25, 50, 75, 75, 100]
    [scenarios.index_values]           # decimals in month 1, 2, …; the last stays
    FEDFUNDS = [0.0525, 0.0525, 0.0500]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from behavior.errors import Fault, MarketDataError, SpecFault
from behavior.market.scenario_sets import BASE, Scenario, ScenarioSet, ramp, scenario_set
from behavior.market.shifts import BASIS_POINT, Shift
from behavior.toml_text import TomlText

SET_KEYS = frozenset({"name", "source", "framework", "floor", "aggregation", "scenarios"})
SCENARIO_KEYS = frozenset({"name", "source", "ramp_months", "shifts", "shifts_by_month", "index_values"})
SHIFT_KEYS = frozenset({"parallel_bp", "short_bp", "long_bp", "decay_years", "tenor_months", "bp"})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_number(item) for item in value)


class _Reader:
    """Reads one document and keeps every fault found on the way."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.faults: list[Fault] = []

    def fault(self, path: str, rule: str, value: Any = None, hint: str = "") -> None:
        shown = None if value is None else str(value)
        self.faults.append(Fault(f"{self.where} {path}", rule, value=shown, hint=hint))

    def known(self, path: str, found: Mapping[str, Any], allowed: frozenset[str]) -> None:
        for key in sorted(set(found) - allowed):
            self.fault(f"{path}.{key}", f"unknown key; there are {', '.join(sorted(allowed))}")

    def shift(self, path: str, found: Any) -> Shift | None:
        """One shift of one currency, or None with a fault noted."""
        if not isinstance(found, Mapping):
            self.fault(path, "expected a table such as { parallel_bp = 100 }", found)
            return None
        self.known(path, found, SHIFT_KEYS)
        sizes = {}
        for key in ("parallel_bp", "short_bp", "long_bp", "decay_years"):
            if key in found and not _is_number(found[key]):
                self.fault(f"{path}.{key}", "expected a number", found[key])
            elif key in found:
                sizes[key] = float(found[key])
        tenors, table = found.get("tenor_months"), found.get("bp")
        if (tenors is None) != (table is None) or (
            tenors is not None and not (_is_numbers(tenors) and _is_numbers(table))
        ):
            self.fault(path, "`tenor_months` and `bp` are lists of numbers and come together", found)
            return None
        try:
            shift = Shift(
                sizes.get("parallel_bp", 0.0) * BASIS_POINT,
                sizes.get("short_bp", 0.0) * BASIS_POINT,
                sizes.get("long_bp", 0.0) * BASIS_POINT,
                sizes.get("decay_years"),
            )
            if tenors is None or table is None:
                return shift
            return shift + Shift.at_tenors(tenors, [size * BASIS_POINT for size in table])
        except MarketDataError as error:
            self.fault(path, str(error).rstrip("."))
            return None

    def shifts(self, path: str, found: Mapping[str, Any]) -> dict[str, tuple[Shift, ...]]:
        """Shifts of one scenario by currency."""
        months = found.get("ramp_months")
        if months is not None and (not isinstance(months, int) or months < 1):
            self.fault(f"{path}.ramp_months", "expected a whole number of months ≥ 1", months)
            months = None
        paths: dict[str, tuple[Shift, ...]] = {}
        for currency, given in self.table(f"{path}.shifts", found.get("shifts", {})).items():
            shift = self.shift(f"{path}.shifts.{currency}", given)
            if shift is not None:
                paths[currency] = ramp(shift, months) if months else (shift,)
        for currency, sizes in self.table(f"{path}.shifts_by_month", found.get("shifts_by_month", {})).items():
            if not _is_numbers(sizes) or currency in paths:
                self.fault(f"{path}.shifts_by_month.{currency}", "a list of basis points, in one place only", sizes)
                continue
            paths[currency] = tuple(Shift(size * BASIS_POINT) for size in sizes)
        return paths

    def table(self, path: str, found: Any) -> Mapping[str, Any]:
        if isinstance(found, Mapping):
            return found
        self.fault(path, "expected a table", found)
        return {}

    def index_values(self, path: str, found: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
        """Index values by month of one scenario."""
        values: dict[str, tuple[float, ...]] = {}
        for index, numbers in self.table(f"{path}.index_values", found.get("index_values", {})).items():
            if not _is_numbers(numbers):
                self.fault(f"{path}.index_values.{index}", "expected a list of decimals, one a month", numbers)
            elif max(abs(number) for number in numbers) > 1:
                self.fault(f"{path}.index_values.{index}", "decimals a year, 5% is 0.05", numbers)
            else:
                values[index] = tuple(float(number) for number in numbers)
        return values

    def scenario(self, path: str, found: Any, source: str) -> Scenario:
        """One scenario; faults are noted."""
        content = self.table(path, found)
        self.known(path, content, SCENARIO_KEYS)
        name = content.get("name")
        if not isinstance(name, str) or not name or name == BASE:
            self.fault(f"{path}.name", "expected a name other than base, which is always there", name)
        shifts, values = self.shifts(path, content), self.index_values(path, content)
        if not shifts and not values:
            self.fault(path, "says nothing: needs shifts, shifts_by_month or index_values")
        return Scenario(str(name), shifts, values, str(content.get("source", source)))


def user_scenarios(text: str, currencies: Iterable[str], where: str = "scenarios.toml") -> ScenarioSet:
    """A scenario set from TOML, in the form that this module's docstring shows.

    Parameters
    ----------
    text : the document.
    currencies : of the book, for the framework that the document may begin with.
    where : name for messages.

    Raises
    ------
    SpecFault : listing every fault of the document with its path.
    """
    content = TomlText.read(text, where).raw
    reader = _Reader(where)
    reader.known("$", content, SET_KEYS)
    for key in ("name", "source"):
        if not isinstance(content.get(key), str) or not content[key]:
            reader.fault(f"$.{key}", "every scenario set names itself and its source", content.get(key))
    source = str(content.get("source", ""))
    given = content.get("scenarios", [])
    if not isinstance(given, list):
        reader.fault("$.scenarios", "expected [[scenarios]] tables", given)
        given = []
    found = [reader.scenario(f"$.scenarios[{position}]", entry, source) for position, entry in enumerate(given)]
    try:
        framework = content.get("framework")
        start = ScenarioSet((Scenario(BASE),)) if framework is None else scenario_set(framework, currencies)
        complete = ScenarioSet(
            (*start.scenarios, *found),
            str(content.get("name")),
            content.get("floor", start.floor),
            content.get("aggregation", start.aggregation),
            source,
            start.warnings,
        )
    except MarketDataError as error:
        reader.fault("$", str(error).rstrip("."))
    if reader.faults:
        raise SpecFault(reader.faults)
    return complete
