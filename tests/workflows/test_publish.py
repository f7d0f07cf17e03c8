"""Publishing writes nothing before everything is known to be right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from behavior.assumptions.set import UNVALIDATED, AssumptionSet, AssumptionTable, Provenance
from behavior.errors import AssumptionError, DigestMismatch, FaultyInput, GateFailed, SetNotFound
from behavior.io.assumption_store import AssumptionStore
from behavior.tracking.base import ModelRecord
from behavior.workflows.publish import publish
from behavior.workflows.sign import curve_tags, with_signatures, without_signatures
from tests.assumption_examples import AS_OF, MONDAY, decay, example_set, flat_decay, target


def test_a_published_set_is_a_draft_with_its_proposer(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    written = publish([decay(), target()], "r1", AS_OF, "Ann", MONDAY, store, note="first")
    assert (written.stamp, written.digest) == ("DRAFT", store.read("r1").digest)
    assert store.status("r1").proposed_by == "Ann"
    assert publish([decay()], "r2", AS_OF, "Ann", MONDAY, store, supersedes="r1").supersedes == "r1"


def test_a_refused_set_leaves_nothing(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path / "store")
    with pytest.raises(AssumptionError, match="no proposer"):
        publish([decay()], "r1", AS_OF, " ", MONDAY, store)
    with pytest.raises(SetNotFound):
        publish([decay()], "r1", AS_OF, "Ann", MONDAY, store, supersedes="r0")
    with pytest.raises(FaultyInput, match="2 tables of one name"):
        publish([flat_decay(0.1), flat_decay(0.2)], "r1", AS_OF, "Ann", MONDAY, store)
    unfinished = flat_decay(0.1, provenance=Provenance(model="home"))
    with pytest.raises(GateFailed, match="tables of home without a registered version"):
        publish([decay(), unfinished], "r1", AS_OF, "Ann", MONDAY, store)
    assert not (tmp_path / "store").exists()


def test_a_signature_is_on_what_one_run_made() -> None:
    tags = {"validation_status": "validated", "validated_by": "Val", "validated_at": "today"}
    registry = SimpleNamespace(record=lambda name, version: ModelRecord(name, version, "run 1", {}, "", tags))
    ours, theirs = (
        flat_decay(0.1, provenance=Provenance(model="home", model_version=1, run=run, validation=UNVALIDATED))
        for run in ("run 1", "run 2")
    )
    (signed,) = with_signatures((ours,), registry)  # type: ignore[arg-type]
    assert signed.provenance.validation == "validated by Val at today"
    with pytest.raises(DigestMismatch, match="comes from run run 2 as home@1"):
        with_signatures((theirs,), registry)  # type: ignore[arg-type]


def _registered(table: AssumptionTable, **tags: str) -> SimpleNamespace:
    """A registry whose one version exported this table."""
    kept = {"gates": "passed", **curve_tags([table]), **tags}
    return SimpleNamespace(record=lambda name, version: ModelRecord(name, version, "run 1", {}, "", kept))


def test_a_signature_is_on_the_curves_that_were_exported(tmp_path: Path) -> None:
    signed = {"validation_status": "validated", "validated_by": "Val", "validated_at": "today"}
    made = flat_decay(0.1, provenance=Provenance(model="home", model_version=1, run="run 1"))
    registry = _registered(made, **signed)
    (read,) = AssumptionStore(tmp_path).propose(AssumptionSet("r1", AS_OF, (made,)), "Ann", MONDAY).tables
    (found,) = with_signatures((read,), registry)
    assert found.provenance.validation == "validated by Val at today"
    slower, later = flat_decay(0.05, provenance=made.provenance), replace(made, season=(2.0,) + (1.0,) * 11)
    for edited in (slower, later):
        with pytest.raises(DigestMismatch, match="neither its gates nor its signature are of them"):
            with_signatures((edited,), registry)


def test_the_registry_says_who_signed_and_which_gates_failed_not_the_draft() -> None:
    typed = Provenance(model="home", model_version=1, run="run 1", validation="validated by Val at today")
    made = flat_decay(0.1, provenance=typed)
    (found,) = with_signatures((made,), _registered(made, gates="failed: calibration, leakage"))
    assert (found.provenance.validation, found.provenance.failed_gates) == (UNVALIDATED, ("calibration", "leakage"))
    vendor = flat_decay(0.1)
    unasked = without_signatures((made, vendor))
    assert [table.provenance.validation for table in unasked] == [UNVALIDATED, vendor.provenance.validation]


def test_tables_of_two_models_of_a_kind_are_told_apart() -> None:
    from behavior.workflows.publish import with_unique_names

    first, *others = example_set().tables
    twins = [replace(first, provenance=Provenance(model=model)) for model in ("home", "abroad")]
    names = [table.name for table in with_unique_names([*twins, *others])]
    assert names == [f"home_{first.name}", f"abroad_{first.name}", *(table.name for table in others)]
