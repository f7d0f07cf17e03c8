"""A signature comes after the report it is put under: the page says it anew, and nothing else of it changes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import BehaviorError
from behavior.reporting.document import Document, Paragraph, Section
from behavior.reporting.html import render, restate
from behavior.reporting.signature import signature
from behavior.tracking.base import ModelRecord
from behavior.workflows.sign import signed_report

AT = dt.datetime(2026, 10, 5, 9, 30, tzinfo=dt.UTC).isoformat()
SIGNED = {"validation_status": "validated", "validated_by": "Vera", "validated_at": AT, "validation_note": "ok <b>"}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
statuses = st.dictionaries(words, words, max_size=3)


def page(stamp: str, status: dict[str, str]) -> str:
    return render(Document("Title", "sub", (Section("One", (Paragraph("text"),)),), stamp, {"Model": "m"}, status))


@given(words, statuses, words, statuses)
def test_a_page_restated_is_the_page_that_would_have_been_made(
    stamp: str, status: dict[str, str], later: str, said: dict[str, str]
) -> None:
    assert restate(page(stamp, status), later, said) == page(later, said)


def test_only_a_page_of_ours_is_restated() -> None:
    with pytest.raises(BehaviorError, match="page stamp"):
        restate("<html></html>", "", {})


def test_a_signature_says_who_when_and_with_which_note() -> None:
    record = ModelRecord("m", 1, "run", {}, "", SIGNED)
    found = signed_report(page("UNVALIDATED", signature({})), record)
    assert "UNVALIDATED" not in found and "unvalidated" not in found
    assert "<dt>Registered as</dt><dd>m@1, run run</dd>" in found
    assert "<dt>Signed by</dt><dd>Vera, 2026-10-05 09:30 UTC</dd>" in found
    assert "ok &lt;b&gt;" in found


def test_an_unsigned_version_is_so_as_of_its_report() -> None:
    assert signature({}) == {"Status": "unvalidated when this report was written"}
