"""Event schedules of the ACTUS standard's own test contracts: dates, kinds, payoffs and states of every event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.engine.actus import CONTRACT_TYPES, contract_events
from behavior.errors import SpecFault
from behavior.io.sources.actus import contract_of, read_actus

SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "actus"
NUMBERS = ("payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest")


def names() -> list[tuple[str, str]]:
    """Every contract of the supported types, (file, contract)."""
    return [
        (kind, name)
        for kind in sorted(CONTRACT_TYPES)
        if (SHARED / f"actus-tests-{kind.lower()}.json").is_file()
        for name in json.loads((SHARED / f"actus-tests-{kind.lower()}.json").read_text())
    ]


def held(vectors: Path, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((vectors / "actus" / f"actus-tests-{kind.lower()}.json").read_text())
    return found


def test_every_supported_type_has_contracts_to_be_held_to(vectors: Path) -> None:
    counts = {kind: len(held(vectors, kind)) for kind in CONTRACT_TYPES}
    assert all(counts.values())
    assert sum(counts.values()) == len(names()) == 138


@pytest.mark.parametrize(("kind", "name"), names())
def test_event_schedule(vectors: Path, kind: str, name: str) -> None:
    contract = contract_of(name, held(vectors, kind)[name])
    found = contract_events(contract.terms, contract.observed, contract.horizon)
    shown = [(str(event.time)[:10], event.kind) for event in found]
    assert shown == [(row["eventDate"][:10], row["eventType"]) for row in contract.expected]
    numbers = [(event.payoff, event.notional, event.rate, event.accrued) for event in found]
    expected = [[float(row[column]) for column in NUMBERS] for row in contract.expected]
    np.testing.assert_allclose(numbers, expected, rtol=1e-6, atol=1e-6)
    assert {row["currency"] for row in contract.expected} <= {contract.terms.currency}


def test_files_are_read_whole(vectors: Path) -> None:
    found = read_actus(vectors / "actus" / "actus-tests-pam.json")
    assert set(found) == set(held(vectors, "PAM"))


@pytest.mark.parametrize("kind", ["stk", "com", "futur", "optns", "fxout", "ceg", "cec"])
def test_other_contract_types_are_refused_by_name(vectors: Path, kind: str) -> None:
    with pytest.raises(SpecFault, match=f"contractType`: found '{kind.upper()}'"):
        read_actus(vectors / "actus" / f"actus-tests-{kind}.json")
