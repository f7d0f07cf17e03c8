"""`behavior train MODEL_FOLDER --profile P`: fit, check, report and register one model."""

from __future__ import annotations

import argparse

from behavior.cli.output import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and where its data are."""
    parser.add_argument(
        "model", metavar="MODEL_FOLDER", help="folder with spec.toml, or the model's name in the profile"
    )
    parser.add_argument("--profile", required=True, metavar="FILE", help="profile that says where things are")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="grow boosted trees on this Dask cluster (default here)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Train, then say what was found, what may be promoted and where everything lies."""
    from dataclasses import replace

    from behavior.cli.learning import model_rows, require_learning_libraries, trees_on
    from behavior.errors import DONE, GATE_FAILED
    from behavior.io.files import write_atomically
    from behavior.io.profiles import load_profile
    from behavior.workflows.stages import Stages
    from behavior.workflows.train import train, version_of
    from behavior.workflows.train_all import report_of
    from behavior.workflows.wiring import Project

    require_learning_libraries()
    project = Project(load_profile(arguments.profile))
    project.require_writable("output", "tracking")
    stages = Stages(console.progress)
    name = project.model_named(arguments.model)
    with trees_on(arguments.scheduler) as grown_on:
        request = replace(project.request(name), grown_on=grown_on)
        model = train(request, project.tracker(), project.drafts(), stages)
    report = report_of(project, name)
    write_atomically(report, model.report)
    console.table(f"{name}@{model.record.version}", model_rows([version_of(model, stages.seconds)]))
    console.table(
        "Findings",
        [{"check": one.check, "status": str(one.status), "in words": one.in_words} for one in model.findings.findings],
    )
    for fact, words in model.fitted.facts.items():
        if fact.endswith(" in words"):
            console.say(f"\n{fact.removesuffix(' in words')}: {words}")
    console.say(f"\nreport: {report}\ndraft curves: {project.drafts().path(model.draft.id)}")
    console.result(
        {
            "model": name,
            "version": model.record.version,
            "champion": model.champion,
            "failed_gates": [one.check for one in model.findings.blocking],
            "figures": model.findings.metrics(),
            "trees_grown_on": grown_on,
            "report": str(report),
            "draft": str(project.drafts().path(model.draft.id)),
            "seconds": stages.seconds,
        }
    )
    return GATE_FAILED if model.findings.blocking else DONE
