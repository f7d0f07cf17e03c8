"""Publishing writes nothing before everything is known to be right."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from behavior.assumptions.set import UNVALIDATED, Provenance
from behavior.errors import AssumptionError, DigestMismatch, FaultyInput, GateFailed, SetNotFound
from behavior.io.assumption_store import AssumptionStore
from behavior.tracking.base import ModelRecord
from behavior.workflows.publish import publish
from behavior.workflows.sign import with_signatures
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


def test_tables_of_two_models_of_a_kind_are_told_apart() -> None:
    from dataclasses import replace

    from behavior.assumptions.set import Provenance
    from behavior.workflows.publish import with_unique_names

    first, *others = example_set().tables
    twins = [replace(first, provenance=Provenance(model=model)) for model in ("home", "abroad")]
    names = [table.name for table in with_unique_names([*twins, *others])]
    assert names == [f"home_{first.name}", f"abroad_{first.name}", *(table.name for table in others)]
