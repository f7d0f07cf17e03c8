"""The benchmark's page: no interval that is nothing at all, no column without a figure, decimals that agree."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from behavior.benchmark.results import Answer
from behavior.reporting.benchmark_report import benchmark_report
from behavior.reporting.html import render


def page(facts: Mapping[str, object] | None = None, **columns: object) -> str:
    scores = pd.DataFrame(
        {"bucket": ["2009", "2010"], "value": [1.5, 127.4], "low": [0.25, 127.4], "high": [3.0, 127.4]}
        | {"cause": "closed", "score": "actual_over_expected", "weighting": "count", "slice": "vintage"}
        | {"model": "ours", "rows": [40, 1], **columns}
    )
    ours = pd.DataFrame({"model": ["ours"]})
    answer = Answer("one", "One question", "nmd_decay", "a protocol", scores, ours, (), "ours", facts=facts or {})
    return render(benchmark_report([answer], [], [], {}))


def rows_of(text: str) -> list[list[str]]:
    table = text.split("closed: actual over expected by vintage (count)")[1].split("</table>")[0]
    return [re.findall(r">([^<>]*)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]


def test_a_bucket_that_no_draw_moves_has_no_interval() -> None:
    assert rows_of(page(events=[3, 1], expected=[2.0, 0.01])) == [
        ["bucket", "value", "low", "high", "rows", "events", "expected"],
        ["2009", "1.50", "0.25", "3.00", "40", "3", "2.00"],
        ["2010", "127.40", "–", "–", "1", "1", "0.01"],
    ]


def test_a_column_without_a_figure_is_not_shown() -> None:
    assert rows_of(page(events=float("nan"), expected=float("nan")))[0] == ["bucket", "value", "low", "high", "rows"]


def test_counts_are_written_with_thousands() -> None:
    facts = {"rows judged": 101907, "forms chosen": {"s_curve_hazard": 2}}
    assert "rows judged: 101,907, forms chosen: s_curve_hazard (2)" in page(facts)
