"""From a project to a cycle's plan, and from a cycle's result to files."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import json
import os
import subprocess
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from behavior.assumptions.set import AssumptionSet
from behavior.errors import Fault, SpecFault
from behavior.io.files import write_atomically
from behavior.io.profiles import Profile
from behavior.io.settings import read_settings_file
from behavior.io.tables import CheckedTable
from behavior.io.writers import write_result
from behavior.measures.result import IrrbbResult
from behavior.panel.base import SourceFile
from behavior.workflows.checked_book import Against, checked_book
from behavior.workflows.cycle import CyclePlan, CycleResult
from behavior.workflows.regulatory_overlay import SLOTTINGS
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import require_market, value
from behavior.workflows.value_measures import Measures, with_measures
from behavior.workflows.value_words import EVERY, word_faults
from behavior.workflows.wiring import FURTHER, Project

RESULTS = "results"
"""Folder of the results in a project's output folder."""

OF_MEASURES = ("measures", "core_slotting")
"""Keys of a profile's ``[value]`` section that choose further measures."""

OBJECTS = ("scenarios", "buckets")
"""Options that no word, number or list of words stands for."""


def cycle_plan(project: Project, at: dt.datetime, warming: subprocess.Popen[bytes] | None = None) -> CyclePlan:
    """Read everything a profile names and say what to do with it.

    Parameters
    ----------
    at : date and time of the signatures. warming : compiles the engine's kernels; awaited before the valuation.

    Raises
    ------
    FaultyInput : every fault of the first input that has any, or of the profile's ``[value]`` section, and all that the
    book cannot be valued for. MarketDataError : there are no curves of the as-of date.
    """
    people = project.profile.approvals()
    options = valuation_options(project.profile)
    measures = further_measures(project.profile)
    inputs = valuation_inputs(project, options)
    require_market(inputs, options)

    def spend(assumptions: AssumptionSet) -> IrrbbResult:
        if warming is not None:
            warming.wait()
        return _value(project, measures, with_set(inputs, assumptions), options)

    return CyclePlan(
        name=project.profile.name,
        as_of=project.settings.as_of,
        value=spend,
        proposed_by=people.proposed_by,
        approved_by=people.approved_by,
        validated_by=people.validated_by,
        at=at,
        facts=facts_of(project),
    )


def facts_of(project: Project) -> dict[str, Any]:
    """What a report says of the profile: its file and digest, what it is about, and notes of the tables it names."""
    return {
        "profile": project.profile.file,
        "profile_digest": project.profile.digest,
        "about": project.profile.terms.about,
        "notes": [note for one in project.inputs().values() for note in one.notes],
    }


def value_project(project: Project, assumptions: AssumptionSet) -> IrrbbResult:
    """Value the project's book under a set, with the profile's options.

    Raises
    ------
    FaultyInput, AssumptionError, MarketDataError : as reading and valuing do.
    """
    measures, options = further_measures(project.profile), valuation_options(project.profile)
    return _value(project, measures, with_set(valuation_inputs(project, options), assumptions), options)


def valuation_inputs(project: Project, options: ValuationOptions) -> ValuationInputs:
    """What a valuation of the project's book reads, without an assumption set.

    Raises
    ------
    FaultyInput : every fault of a table, and of the book beside the others: what rows cannot be valued, what the market
        data lack.
    """
    given = project.inputs()
    tables: dict[str, Any] = {name: one.values() for name, one in given.items() if name != "book"}
    tables["book"] = checked_book(_as_read(project), _against(project, options, tables))
    return ValuationInputs(
        **tables,
        **dict(project.settings),
        sources={
            "profile": {"file": project.profile.file, "sha256": project.profile.digest},
            **_settings_source(project.profile),
            **{name: _described(one) for name, one in given.items()},
        },
    )


def _as_read(project: Project) -> CheckedTable:
    """The book as `checked_book` takes it; rows that are written in the profile come from the profile."""
    book, profile = project.book, project.profile
    sources = book.sources or (SourceFile(profile.file, profile.digest, len(book.table)),)
    return CheckedTable(book.table, book.place, sources, book.faults)


def _against(project: Project, options: ValuationOptions, tables: dict[str, Any]) -> Against:
    """What the project's book is held against."""
    return Against(
        project.settings.as_of,
        project.settings.reporting_currency,
        tables["curves"],
        schedule=tables.get("schedule"),
        schedule_place=project.inputs()["schedule"].place if "schedule" in tables else None,
        vols=tables.get("vols"),
        fx=tables.get("fx"),
        margins=options.margins,
        flat=options.extrapolation == "flat",
        limits=options.embedded_limits == "option",
    )


def with_set(inputs: ValuationInputs, assumptions: AssumptionSet) -> ValuationInputs:
    """What a valuation reads, with a set named among its sources."""
    sources = {**inputs.sources, "assumptions": {"id": assumptions.id, "sha256": assumptions.digest}}
    return dataclasses.replace(inputs, assumptions=assumptions, sources=sources)


def valuation_options(profile: Profile) -> ValuationOptions:
    """Options of the profile's ``[value]`` section, in the words of the command's options.

    Raises
    ------
    SpecFault : naming every key that is no option, and every value of the wrong type or word.
    """
    kinds = {name: kind for name, kind in get_type_hints(ValuationOptions).items() if name not in OBJECTS}
    faults: list[Fault] = []
    chosen: dict[str, Any] = {}
    for name, given in profile.value.items():
        if name in OF_MEASURES:
            continue
        if name not in kinds:
            near = difflib.get_close_matches(name, (*kinds, *OF_MEASURES), 1)
            hint = f"Did you mean `{near[0]}`?" if near else ""
            hint = f"Name the table in a section of its own, [{name}]" if name in FURTHER else hint
            faults.append(Fault(name, f"expected an option of a valuation: {', '.join(kinds)}", hint=hint))
            continue
        try:
            chosen[name] = TypeAdapter(kinds[name]).validate_json(json.dumps(given, default=str), strict=True)
        except ValidationError as error:
            rule = ", or ".join(dict.fromkeys(one["msg"] for one in error.errors()))
            faults.append(Fault(name, rule, value=str(given)))
    faults += word_faults(chosen)
    if faults:
        raise SpecFault([profile.fault(one.rule, "value", one.where, value=one.value, hint=one.hint) for one in faults])
    return ValuationOptions(**chosen)


def write_cycle(done: CycleResult, folder: Path) -> dict[str, str]:
    """Write results, reports and times; each file under a temporary name first.

    Returns
    -------
    What it is -> where it lies.
    """
    written = {"results": str(folder / RESULTS)}
    write_result(done.result, folder / RESULTS)
    for model in done.trained:
        place = folder / "reports" / f"{model.name}.html"
        write_atomically(place, model.report)
        written[f"validation report of {model.name}"] = str(place)
    treasury = folder / "reports" / "treasury.html"
    write_atomically(treasury, done.report)
    written["treasury report"] = str(treasury)
    write_atomically(folder / "stages.json", json.dumps(dict(done.seconds), indent=1))
    return written


def further_measures(profile: Profile) -> Measures:
    """The further measures that a profile asks for; without a word about them, all: each values the book again.

    ``core_slotting`` says how core deposits run off in those that cap them.

    Raises
    ------
    SpecFault : naming every word that is no measure.
    """
    names = tuple(profile.value.get("measures", EVERY))
    unknown = [str(name) for name in names if name not in EVERY]
    if unknown:
        rule = f"expected measures among {', '.join(EVERY)}"
        raise SpecFault([profile.fault(rule, "value", "measures", value=name) for name in unknown])
    slotting = profile.value.get("core_slotting")
    if slotting not in (None, *SLOTTINGS):
        rule = f"expected {' or '.join(SLOTTINGS)}"
        raise SpecFault([profile.fault(rule, "value", "core_slotting", value=str(slotting))])
    return Measures(names, slotting=slotting)


def _value(project: Project, measures: Measures, inputs: ValuationInputs, options: ValuationOptions) -> IrrbbResult:
    """The valuation with its further measures: what the treasury report shows; and where its profile lies."""
    result = with_measures(value(inputs, options), inputs, options, measures)
    profile = project.profile.path(project.profile.file)
    way = Path(os.path.relpath(profile, project.output / RESULTS)).as_posix()
    return dataclasses.replace(result, facts={**result.facts, "arguments": {"profile": way}})


def _settings_source(profile: Profile) -> dict[str, Any]:
    """The settings' file; settings that stand in the profile have its digest."""
    section = profile.require("settings")
    if "file" not in section:
        return {}
    source = read_settings_file(profile.path(str(section["file"])))[1]
    return {"settings": {"file": source.name, "sha256": source.digest}}


def _described(table: CheckedTable) -> dict[str, Any]:
    return {"files": [one.as_facts() for one in table.sources], "rows": len(table.table)}
