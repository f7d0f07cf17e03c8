"""What the commands under a profile would stop at later, beyond the tables it names: told by `behavior check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from behavior.benchmark.protocol_rules import require_answerable
from behavior.errors import Fault, FaultyInput, Gathered, MarketDataError
from behavior.io.files import read_bytes
from behavior.io.inputs import rate_history
from behavior.io.profiles import Profile
from behavior.market.history import RateHistory, role_in
from behavior.specs import ModelSpec, parse_spec
from behavior.workflows.plan import further_measures, valuation_inputs, valuation_options
from behavior.workflows.request import SPEC_FILE
from behavior.workflows.train import kind_of
from behavior.workflows.value import require_market
from behavior.workflows.wiring import Project, missing_models, model_spec

TRAINING = ("rates", "settings", "output", "tracking", "approvals")
"""Sections that training a model reads besides its history."""

RATE_OPTIONS = ("index", "market_rate")
"""Options of a specification that name a rate."""

HELD_AGAINST = {"deposit_beta": "index", "nmd_decay": "market_rate"}
"""Option by which a kind names the rate beside which it reads deposits, each currency its own; without it `short`."""


def asked_later(
    profile: Profile, examined: Sequence[Mapping[str, Any]] = ()
) -> tuple[list[dict[str, object]], list[Fault]]:
    """The profile's models and options of the valuation, one row each as `examine_profile` has them, and all faults.

    Parameters
    ----------
    examined : the rows of `examine_profile`, which say what currencies a history holds.
    """
    rows: list[dict[str, object]] = []
    faults: list[Fault] = []
    if profile.models:
        missing = missing_models(profile)
        named = _spec_faults(profile, {fault.value for fault in missing}, examined)
        found = [*_missing_sections(profile), *missing, *named]
        rows.append(_row("models", len(profile.models), found))
        faults += found
    if profile.terms.benchmark:
        found = _question_faults(profile)
        rows.append(_row("benchmark", len(profile.terms.benchmark), found))
        faults += found
    if profile.value:
        found = _value_faults(profile)
        rows.append(_row("value", len(profile.value), found))
        faults += found
    found = _valuing_faults(profile)
    if found:
        rows.append(_row("book, to be valued", 1, found))
        faults += found
    return rows, faults


def _row(name: str, count: int, faults: list[Fault]) -> dict[str, object]:
    return {"input": name, "rows": count, "files": "", "faults": len(faults)}


def _missing_sections(profile: Profile) -> list[Fault]:
    absent = [name for name in TRAINING if getattr(profile.terms, name) is None]
    return [profile.fault(f"expected a section [{name}], which training a model needs", name) for name in absent]


def _spec_faults(profile: Profile, missing: set[str | None], examined: Sequence[Mapping[str, Any]]) -> list[Fault]:
    gathered, rates = Gathered(), _rates(profile)
    held = {str(one["input"]): one.get("currencies", {}) for one in examined}
    for name in profile.models:
        with gathered:
            if str(profile.model_folder(name)) not in missing:
                spec = model_spec(profile, name)
                kind_of(spec, f"{profile.model_folder(name).name}/{SPEC_FILE}")
                gathered.faults += _rate_faults(name, spec, rates)
                currencies = held.get(f"history.{profile.models[name].history}", {})
                gathered.faults += _currency_faults(name, spec, rates, currencies)
    return list(dict.fromkeys(gathered.faults))


def _rates(profile: Profile) -> RateHistory | None:
    """The rate history and its roles; None where there is none, or where it has faults of its own, told elsewhere."""
    if profile.terms.rates is None or profile.terms.settings is None:
        return None
    try:
        return rate_history(profile)
    except (FaultyInput, MarketDataError):
        return None


def _rate_faults(model: str, spec: ModelSpec, rates: RateHistory | None) -> list[Fault]:
    """Rates that a specification names and that are neither an index of the rate history nor a role of the settings."""
    if rates is None:
        return []
    named = {key: str(spec.options[key]) for key in RATE_OPTIONS if key in spec.options}
    known = {*rates.values, *(role for role in rates.roles if rates.has(role))}
    rule = f"expected an index of the rate history or a role of the settings ({', '.join(sorted(known))})"
    return [
        Fault(f"{model}/{SPEC_FILE}", rule, column=f"$.options.{key}", value=one)
        for key, one in named.items()
        if one not in known and not any(role.startswith(f"{one}_") for role in known)
    ]


def _currency_faults(
    model: str, spec: ModelSpec, rates: RateHistory | None, currencies: Mapping[str, bool]
) -> list[Fault]:
    """Deposits of two currencies beside one rate, which training refuses; for betas, those that a rate is paid on."""
    option = HELD_AGAINST.get(spec.model.kind)
    if rates is None or option is None:
        return []
    role = str(spec.options.get(option, "short"))
    held = [one for one, paid in currencies.items() if paid or spec.model.kind != "deposit_beta"]
    shared = rates.sharing(role, held) if rates.has(role) else []
    if not shared:
        return []
    rule = f"expected a rate of its own for each currency, `{role}` would be that of {' and '.join(shared)}"
    hint = (
        f"Name each in the settings (index_roles: `{role_in(role, shared[0])}` for {shared[0]}), or keep one currency"
        " with `where` in the profile and give each a model of its own."
    )
    return [Fault(f"{model}/{SPEC_FILE}", rule, column=f"$.options.{option}", value=role, hint=hint)]


def _question_faults(profile: Profile) -> list[Fault]:
    """What is wrong with the profile's questions, the models they are asked of and what the bank uses today."""
    gathered = Gathered()
    for name, question in profile.terms.benchmark.items():
        vendor = question.incumbent.file
        if vendor and not profile.path(vendor).is_file():
            rule = "expected a CSV file with the assumption that the bank uses today"
            gathered.faults.append(profile.fault(rule, "benchmark", name, "incumbent", "file", value=vendor))
        file = profile.path(question.model) / SPEC_FILE
        if not file.is_file():
            rule = f"expected a model folder with a {SPEC_FILE}"
            gathered.faults.append(profile.fault(rule, "benchmark", name, "model", value=question.model))
            continue
        called = f"{file.parent.name}/{SPEC_FILE}"
        with gathered:
            kind = kind_of(parse_spec(read_bytes(file).decode("utf-8"), called), called)
            require_answerable(name, kind.name, question)
    return list(dict.fromkeys(gathered.faults))


def _valuing_faults(profile: Profile) -> list[Fault]:
    """What a valuation would refuse the book for beside its market data, where its inputs have no faults."""
    try:
        project, options = Project(profile), valuation_options(profile)
        for one in project.inputs().values():
            one.values()
    except FaultyInput:
        return []
    try:
        require_market(valuation_inputs(project, options), options)
    except FaultyInput as error:
        return list(error.faults)
    except MarketDataError as error:
        return [profile.fault(str(error).rstrip("."), "curves")]
    return []


def _value_faults(profile: Profile) -> list[Fault]:
    gathered = Gathered()
    for read in (valuation_options, further_measures):
        with gathered:
            read(profile)
    return gathered.faults
