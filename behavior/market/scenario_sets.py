"""Scenarios: what happens to every curve of every currency, as data; the base case is always the first.

A scenario is instantaneous (one shift today, which stays) or a path by month (ramps: the shift that the curve has as it
is seen in month m), and may give the values of an index by month. How curves answer under it is in
`behavior.market.scenarios`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from behavior.errors import MarketDataError
from behavior.market.floors import floor_rule
from behavior.market.regulation import parameters
from behavior.market.shifts import BASIS_POINT, ZERO_SHIFT, Shift
from behavior.market.shocks import FRAMEWORKS, US_FRAMEWORKS, shock_sizes, six_shifts, unlisted_warning

BASE = "base"
ALL_CURRENCIES = "*"


@dataclass(frozen=True)
class Scenario:
    """One state of the world.

    Parameters
    ----------
    name : unique in its set; ``base`` is the unshocked one.
    shifts : currency -> shifts by month: one shift acts at once and stays; of several, the m-th is the shift of the
        curve as seen in month m, and the last one stays. ``*`` stands for every currency not named.
    index_values : index -> its value in month 1, 2, …, decimals; the last one stays.
    source : where the scenario comes from.
    """

    name: str
    shifts: Mapping[str, tuple[Shift, ...]] = field(default_factory=dict)
    index_values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    source: str = ""

    def shifts_of(self, currency: str) -> tuple[Shift, ...]:
        """Shifts of a currency by month; one zero shift where the scenario says nothing of it."""
        return self.shifts.get(currency) or self.shifts.get(ALL_CURRENCIES) or (ZERO_SHIFT,)


def ramp(shift: Shift, months: int) -> tuple[Shift, ...]:
    """Shifts by month that grow evenly: the m-th of `months` is m / months of the whole.

    Raises
    ------
    MarketDataError : fewer than one month.
    """
    if months < 1:
        raise MarketDataError(f"ramp: {months} months; expected at least 1.")
    return tuple(shift * (month / months) for month in range(1, months + 1))


@dataclass(frozen=True)
class ScenarioSet:
    """Scenarios to value together; base first.

    Parameters
    ----------
    scenarios : shape (scenarios,), base at index 0.
    framework : ``bcbs_2016``, …, or what the user calls the set.
    floor : name of the floor rule, or one level for all tenors; the framework's own by default.
    aggregation : how changes add over currencies: ``basel``, ``eu`` or ``sum``.
    source : act, article or page.
    warnings : sentences that every report of the set must show.
    """

    scenarios: tuple[Scenario, ...]
    framework: str = "user"
    floor: str | float = "none"
    aggregation: str = "sum"
    source: str = ""
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        if not names or names[0] != BASE:
            raise MarketDataError(f"scenario set: the first scenario is {names[:1]}, expected `base`.")
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise MarketDataError(f"scenario set: {repeated} occur more than once; names must be unique.")
        base = self.scenarios[0]
        if base.index_values or not all(shift.is_zero for path in base.shifts.values() for shift in path):
            raise MarketDataError(
                "scenario set: `base` must not shift anything. Give the shifted scenario another name."
            )
        floor_rule(self.floor)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order, base first."""
        return tuple(scenario.name for scenario in self.scenarios)

    def __len__(self) -> int:
        return len(self.scenarios)

    def with_scenarios(self, further: Iterable[Scenario]) -> ScenarioSet:
        """The set with scenarios added at the end."""
        return replace(self, scenarios=(*self.scenarios, *further))

    def only(self, names: Sequence[str]) -> ScenarioSet:
        """The set with base and the named scenarios, in its own order.

        Raises
        ------
        MarketDataError : a name that the set lacks.
        """
        unknown = sorted(set(names) - set(self.names))
        if unknown:
            raise MarketDataError(
                f"scenario set {self.framework}: no scenario {unknown}; there are {list(self.names)}."
            )
        kept = tuple(scenario for scenario in self.scenarios if scenario.name in {BASE, *names})
        return replace(self, scenarios=kept)


def scenario_set(framework: str, currencies: Iterable[str]) -> ScenarioSet:
    """The scenarios of a framework for the currencies of a book.

    Parameters
    ----------
    framework : ``bcbs_2016`` (d368), ``bcbs_2024`` (d578), ``eu_2024_856``, ``us_parallel``, ``us_ramps`` or
        ``us_shapes``.
    currencies : ISO codes; one without a published size takes the rule for such currencies and a warning is kept.

    Raises
    ------
    MarketDataError : no such framework.
    """
    if framework not in FRAMEWORKS:
        raise MarketDataError(f"framework: found {framework!r}, expected one of {', '.join(FRAMEWORKS)}.")
    if framework in US_FRAMEWORKS:
        return _united_states(framework)
    wanted = sorted(set(currencies))
    content = parameters(framework)
    shifts = {currency: six_shifts(shock_sizes(framework, currency), content) for currency in wanted}
    source = content.provenance.source
    names = [name for name, weights in content["scenarios"].values.items() if isinstance(weights, Mapping)]
    shocked = [
        Scenario(name, {currency: (shifts[currency][name],) for currency in wanted}, source=source) for name in names
    ]
    warning = unlisted_warning(framework, wanted)
    use = content["use"]
    return ScenarioSet(
        (Scenario(BASE, source=source), *shocked),
        framework,
        use["floor"],
        use["aggregation"],
        source,
        (warning,) if warning else (),
    )


def _united_states(framework: str) -> ScenarioSet:
    content = parameters("us_parallel")
    if framework == "us_parallel":
        table = content["parallel_bp"]
        paths: dict[str, tuple[Shift, ...]] = {
            name: (Shift(size * BASIS_POINT),) for name, size in table.values.items()
        }
    elif framework == "us_shapes":
        table = content["shapes"]
        tenors = table["tenor_months"]
        paths = {
            name: (Shift.at_tenors(tenors, [size * BASIS_POINT for size in sizes]),)
            for name, sizes in table.values.items()
            if name != "tenor_months"
        }
    else:
        table = content["ramps"]
        paths = {name: ramp(Shift(size * BASIS_POINT), months) for name, (size, months) in table.values.items()}
    source = table.provenance.source
    shocked = [Scenario(name, {ALL_CURRENCIES: path}, source=source) for name, path in paths.items()]
    use = content["use"]
    return ScenarioSet((Scenario(BASE, source=source), *shocked), framework, use["floor"], use["aggregation"], source)
