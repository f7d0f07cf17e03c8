"""Value a profile's book under an approved set: NII, EVE, gap and the treasury report."""

from __future__ import annotations

from behavior.cli.jobs import run_job


def main(profile: str, set_id: str) -> int:
    """Load the set as of the settings' date, value the book, write results and report."""
    from behavior.cli.output import Console
    from behavior.errors import DONE
    from behavior.io.files import write_atomically
    from behavior.io.profiles import load_profile
    from behavior.io.writers import write_result
    from behavior.reporting.html import render
    from behavior.reporting.irrbb_report import irrbb_report
    from behavior.workflows.plan import RESULTS, facts_of, value_project
    from behavior.workflows.wiring import Project

    project = Project(load_profile(profile))
    project.require_writable("output")
    assumptions = project.store().load(set_id, project.settings.as_of)
    result = value_project(project, assumptions)
    write_result(result, project.output / RESULTS)
    report = render(irrbb_report(result, assumptions, facts_of(project)))
    write_atomically(project.output / "reports" / "treasury.html", report)
    Console().say(f"results and treasury report of {set_id} in {project.output}")
    return DONE


if __name__ == "__main__":
    raise SystemExit(run_job(main))
