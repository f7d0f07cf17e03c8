"""The benchmark as one self-contained page: both tables of bars, then every question with figures and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from behavior.benchmark.results import Answer
from behavior.reporting.document import Document, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.tables import spoken

KEPT_SLICES = ("year", "incentive", "spread", "age", "segment", "vintage", "fold")
BESIDE = ("value", "low", "high", "expected")
SHOWN = ("bucket", "value", "low", "high", "rows", "events", "expected")
HOW = (
    "Every model is fitted on the same rows and scored by the same code on the same rows, which it has not seen. "
    "Figures stand with 90% intervals by resampling customers (banks, products) and six-month blocks of calendar "
    "time, each drawn as a whole; a bucket that is the same in every draw has none. Absolute errors grow when a "
    "sample is drawn again: their intervals say how far draws lie apart, about the error itself. A bucket without "
    "an event has a Poisson bound. The incumbent is what the bank says it uses, or the plain stand-in of its "
    "kind, and then says so."
)


def benchmark_report(
    answers: Sequence[Answer],
    truth_bars: Sequence[Mapping[str, str]],
    data_bars: Sequence[Mapping[str, str]],
    truth_tables: Mapping[str, pd.DataFrame],
    quick: bool = False,
) -> Document:
    """The document; `quick` puts a stamp on every page, because a shortened run is no evidence."""
    bars = []
    if truth_bars:
        bars.append(Table("Simulated bank, the truth being known", pd.DataFrame(list(truth_bars))))
    if data_bars:
        bars.append(Table("Data, out of time and on unseen customers", pd.DataFrame(list(data_bars))))
    winners = pd.DataFrame([{"data": one.title, "closest": one.winner} for one in answers])
    first = Section("Summary", (Paragraph(HOW), *bars, Table("Who is closest", winners)))
    truth = Section(
        "The simulated bank's truth", tuple(Table(name, one.round(4)) for name, one in truth_tables.items())
    )
    sections = [first, *(_section(one) for one in answers)]
    if truth_tables:
        sections.append(truth)
    return Document(
        "Benchmark of behavioural models",
        "against every baseline, on data and where the truth is known",
        tuple(sections),
        stamp="SHORTENED RUN" if quick else "",
        facts={"Questions": str(len(answers)), "Figures with a bar to meet": str(len(truth_bars) + len(data_bars))},
    )


def _section(answer: Answer) -> Section:
    words = [Paragraph(one, "note") for one in answer.notes]
    facts = ", ".join(f"{name}: {_in_words(value)}" for name, value in answer.facts.items())
    blocks = (
        Paragraph(answer.protocol, lead="Protocol"),
        *words,
        Paragraph(facts, lead="Facts"),
        Paragraph(answer.winner, lead="Closest"),
        Table("Models", answer.summary.fillna("")),
        *blocks_of(answer.exhibits),
    )
    return Section(answer.title, blocks, (Section("By bucket", _by_bucket(answer)),))


def _in_words(value: object) -> str:
    """A fact as a reader's words: of counts by name, each name with its count."""
    if isinstance(value, Mapping):
        return " and ".join(f"{name} ({count})" for name, count in value.items())
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _by_bucket(answer: Answer) -> tuple[Table, ...]:
    """Our figures by bucket; every model's are in the table of scores beside this report."""
    own = answer.scores[(answer.scores["model"] == "ours") & answer.scores["slice"].isin(KEPT_SLICES)]
    found = []
    for (cause, score, weighting, name), rows in own.groupby(["cause", "score", "weighting", "slice"], sort=False):
        title = f"{spoken(str(cause))}: {spoken(str(score))} by {name} ({weighting})"
        shown = rows[[one for one in SHOWN if one in rows]].dropna(axis=1, how="all").reset_index(drop=True)
        found.append(Table(title, _with_intervals(shown), formats=dict.fromkeys(BESIDE, ",.2f")))
    return tuple(found)


def _with_intervals(shown: pd.DataFrame) -> pd.DataFrame:
    """Rows without an interval that is nothing at all: a bucket of one customer is the same in every draw."""
    if not {"low", "high"} <= set(shown):
        return shown
    return shown.assign(**{end: shown[end].mask(shown["low"] == shown["high"]) for end in ("low", "high")})
