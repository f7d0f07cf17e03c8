"""Gather the drafts of a profile's models into one assumption set, as its proposer. Approval is someone else's."""

from __future__ import annotations

from behavior.cli.jobs import run_job


def main(profile: str) -> int:
    """Publish the next revision of the profile's as-of date as a draft."""
    import datetime as dt

    from behavior.cli.output import Console
    from behavior.errors import DONE
    from behavior.io.profiles import load_profile
    from behavior.workflows.cycle import next_revision, set_in_force
    from behavior.workflows.publish import publish
    from behavior.workflows.sign import with_signatures
    from behavior.workflows.wiring import Project

    project = Project(load_profile(profile))
    project.require_writable("store")
    store, as_of = project.store(), project.settings.as_of
    drafts = [project.drafts().read(f"{name}.draft") for name in project.profile.models]
    tables = tuple(table for draft in drafts for table in draft.tables)
    signed = with_signatures(tables, project.tracker())
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    supersedes = set_in_force(store.validity(), as_of)
    set_id = next_revision(store.ids(), as_of)
    written = publish(signed, set_id, as_of, project.developer(), at, store, supersedes)
    Console().say(f"{written.id}, a draft of {project.developer()}, in {store.folder}; someone else approves it")
    return DONE


if __name__ == "__main__":
    raise SystemExit(run_job(main))
