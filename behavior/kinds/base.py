"""What a model kind is: everything the platform needs to know to take a behaviour from history to curves.

A kind is one file in this folder (or an entry point in the group ``behavior.kinds``) that ends in
``KIND = ModelKind(...)``. Nothing else in the platform names a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable
from behavior.contracts import TableContract
from behavior.estimators.base import Attributions
from behavior.features.base import Feature
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel, PanelSplit
from behavior.specs import ModelSpec

CHALLENGER = "challenger."


@dataclass(frozen=True)
class FittedModel:
    """A fitted model as values and text.

    Parameters
    ----------
    kind : name of its kind.
    spec : the specification it was fitted under.
    estimators : fitted estimators by role (``closure``, ``balance``, ``payoff`` ...), each with `to_files`.
    challengers : the plain challenger and the empirical benchmark, by name, each by role.
    facts : what the report prints about the fit (rows, events, chosen parameters, search log), JSON-able.
    keeps_challengers : whether challengers are stored beside the champion, for a kind whose `load` reads them back.
    """

    kind: str
    spec: ModelSpec
    estimators: Mapping[str, Any]
    challengers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    keeps_challengers: bool = False

    def files(self) -> Mapping[str, str]:
        """All text files, ``<role>/<file>`` -> content; what the registry stores and hashes.

        Challengers lie beside the champion under ``challenger.<name>.<role>/<file>``: a version checked again is
        benchmarked again. One that is an estimator of the model itself is stored once.
        """
        found: dict[str, str] = {}
        for role, estimator in self.estimators.items():
            for name, text in estimator.to_files().items():
                found[f"{role}/{name}"] = text
        own = {id(one) for one in self.estimators.values()}
        for challenger, roles in self.challengers.items() if self.keeps_challengers else ():
            for role, estimator in roles.items():
                if id(estimator) not in own:
                    for name, text in estimator.to_files().items():
                        found[f"{CHALLENGER}{challenger}.{role}/{name}"] = text
        return found


@dataclass(frozen=True)
class Predictions:
    """Actual against expected on the rows of a panel, in the form every check and picture reads.

    `table` has one row a panel row: `unit`, `customer`, `month`, `segment` (text), `cause`, `weight` (balance),
    `actual`, `predicted`, then one column a challenger (`challenger`, `benchmark`), `driver` (the kind's economic
    driver, decimal a year; NaN where none), `age_months`. For hazards `actual` is 0/1 or the share of balance that
    left; for rates it is the rate paid in decimals a year.

    `event` holds the 0/1 event by whose hazard alone the columns differ, where `actual` is a flow of which that event
    is only a part: rows and columns as in `table`. None = `actual` is all there is.
    """

    table: pd.DataFrame
    target: str
    unit: str
    binary: bool
    event: Predictions | None = None


@dataclass(frozen=True)
class Exhibit:
    """A picture or table that only this kind can make, as data; reporting draws it.

    `form` is ``lines`` (x column first, then one series a column), ``bars``, ``table`` or ``scatter``; columns named
    `<series>_lower`/`<series>_upper` are bands. `formats` are those of a table's columns, where what fits the size of
    each column's own figures would part columns that are read side by side.
    """

    name: str
    title: str
    form: str
    data: pd.DataFrame
    x_label: str = ""
    y_label: str = ""
    note: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportContext:
    """What export may see besides the fit: the as-of book for averaging, and rates up to as-of.

    Parameters
    ----------
    as_of : valuation month end (pandas Timestamp).
    book : positions in ``book/1`` columns, or None: then covariates are averaged over the last panel month.
    """

    as_of: pd.Timestamp
    panel: Panel
    rates: RateHistory
    book: pd.DataFrame | None = None


@dataclass(frozen=True)
class ModelKind:
    """Declarations and functions of a kind; all functions are pure and take the seed from the spec.

    `panels` gives the panel of each part of a history as it is in the panel of the whole, None for a kind that needs
    the whole at once. `case_events` are the targets of which a fit must see every event, where it can learn from a
    sample of the other months (`Panel.cases`); none where it needs every month of a customer. `landmark` is the month
    end from which `look_up` counts months on, for a kind whose curves speak of the accounts of one month; None for
    one whose curves hold for any book. `refit` learns a judged model again from everything before it is exported: with
    the choices that were judged, and without screens and challengers, which are the judged model's; None for a kind
    that is exported as it was judged. `beside` gives a fitted model as it predicts beside another, from the same month
    on, for a kind whose predictions start again from what was seen; None for one that predicts row by row.
    """

    name: str
    summary: str
    effect: Effect
    history_contract: str
    tables: tuple[TableContract, ...]
    drivers: tuple[Driver, ...]
    month_meaning: MonthMeaning | None
    features: tuple[Feature, ...]
    families: tuple[str, ...]
    build_panel: Callable[[CustomerHistory, RateHistory, ModelSpec], Panel]
    fit: Callable[[Panel, PanelSplit, ModelSpec], FittedModel]
    predict: Callable[[FittedModel, Panel], Predictions]
    export: Callable[[FittedModel, ExportContext], tuple[AssumptionTable, ...]]
    look_up: Callable[[tuple[AssumptionTable, ...], FittedModel, Panel], Predictions]
    load: Callable[[ModelSpec, Mapping[str, str]], FittedModel]
    exhibits: Callable[[FittedModel, Panel, PanelSplit, Predictions], tuple[Exhibit, ...]]
    explain: Callable[[FittedModel, Panel], Mapping[str, Attributions]]
    panels: Callable[[Iterable[CustomerHistory], RateHistory, ModelSpec], Iterator[Panel]] | None = None
    case_events: tuple[str, ...] = ()
    landmark: Callable[[FittedModel], pd.Timestamp] | None = None
    refit: Callable[[FittedModel, Panel, PanelSplit, ModelSpec], FittedModel] | None = None
    beside: Callable[[FittedModel, FittedModel], FittedModel] | None = None
    further_contracts: tuple[str, ...] = ()

    @property
    def histories(self) -> tuple[str, ...]:
        """Every contract whose histories the kind learns from."""
        return (self.history_contract, *self.further_contracts)


def all_kinds() -> Mapping[str, ModelKind]:
    """Every kind by name: this folder's modules, then the entry-point group ``behavior.kinds``."""
    import importlib
    import pkgutil
    from importlib.metadata import entry_points

    import behavior.kinds as folder

    found: dict[str, ModelKind] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        if module.name == "base" or module.name.startswith("_"):
            continue
        kind = getattr(importlib.import_module(f"behavior.kinds.{module.name}"), "KIND", None)
        if isinstance(kind, ModelKind):
            found[kind.name] = kind
    for entry in entry_points(group="behavior.kinds"):
        kind = entry.load()
        found[kind.name] = kind
    return found
