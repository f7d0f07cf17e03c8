"""What every report owes its reader: one file, nothing outside, the same bytes, the stamp on top, figures as given."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType

import pandas as pd
import pytest

from behavior.assumptions.effects import Effect
from behavior.features.prepayment import FEATURES
from behavior.kinds.base import Exhibit
from behavior.reporting.charts import draw
from behavior.reporting.document import Document, Paragraph, Section, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.reporting.model_card import model_card
from behavior.reporting.tables import cells, number, titled
from behavior.reporting.validation_report import _plain, validation_report
from behavior.reporting.validation_subject import identity
from behavior.specs import Gate
from behavior.validation import run_checks


class Reader(HTMLParser):
    """References, identifiers and open tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.names: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.references.append(value or "")
            if name == "id":
                self.names.append(value or "")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def pages(fakes: ModuleType) -> dict[str, str]:
    given_ = fakes.make_input(missing=1000.0)
    findings = run_checks(given_, {"calibration.slope": Gate(min=5.0)})
    facts = {
        "model": "mortgage_prepayment",
        "developer": "A. Developer",
        "transferred": "Learned from loans of another bank.",
        "validation_status": "unvalidated",
        "spec_digest": "ab" * 32,
        "libraries": {"numpy": "2.4.6"},
        "limitations": ["Fourteen months carry little."],
    }
    exhibits = given_.kind.exhibits(given_.fitted, given_.panel, given_.split, given_.predictions)
    validation = validation_report(given_, findings, exhibits, given_.explained_test, facts)
    return {
        "validation": render(validation),
        "irrbb": render(
            irrbb_report(fakes.make_result(), fakes.make_set(), {"transferred": ["Beta of another bank."]})
        ),
        "card": render(
            model_card("# A model\n\nWhat it is.\n\n## Limits\n\n- Not for arrears\n", findings, exhibits, facts)
        ),
    }


@pytest.mark.parametrize("name", ["validation", "irrbb", "card"])
def test_a_report_needs_nothing_outside_itself(pages: dict[str, str], name: str) -> None:
    reader = read(pages[name])
    assert reader.references
    assert all(reference.startswith("#") for reference in reader.references)
    assert not re.search(r"url\((?!#)", pages[name])
    assert "@import" not in pages[name]
    assert reader.tags.isdisjoint({"script", "link", "iframe", "object", "embed", "form", "img"})


@pytest.mark.parametrize("name", ["validation", "irrbb", "card"])
def test_every_reference_has_one_target(pages: dict[str, str], name: str) -> None:
    reader = read(pages[name])
    assert len(reader.names) == len(set(reader.names))
    assert {reference[1:] for reference in reader.references} <= set(reader.names)


@pytest.mark.parametrize("name", ["validation", "irrbb", "card"])
def test_no_compliance_is_claimed(pages: dict[str, str], name: str) -> None:
    assert not re.search(r"compliant|complies with", pages[name])


def test_the_same_input_gives_the_same_bytes(fakes: ModuleType) -> None:
    result, curves = fakes.make_result(), fakes.make_set()
    assert render(irrbb_report(result, curves, {})) == render(irrbb_report(result, curves, {}))
    (exhibit,) = fakes.make_kind(False).exhibits(None, None, None, None)
    assert draw(exhibit) == draw(exhibit)


def test_stamps_stand_on_top(pages: dict[str, str], fakes: ModuleType) -> None:
    top = pages["validation"].split("<h1>")[0]
    assert "UNVALIDATED" in top
    assert "GATE FAILED" in top
    assert "DRAFT" in pages["irrbb"].split("<h1>")[0]
    assert '@top-center { content: "DRAFT"' in pages["irrbb"]
    approved = render(irrbb_report(fakes.make_result(stamp=""), fakes.make_set(), {}))
    assert 'class="stamp"' not in approved.split("<h1>")[0]


def test_page_one_tells_identity_gates_and_what_does_not_reconcile(pages: dict[str, str]) -> None:
    first = pages["validation"].split("Identity and scope</h2>")[0]
    for words in (
        "A. Developer",
        "Unreconciled balance",
        "1,000 in the latest month",
        "calibration.slope",
        "at least 5",
    ):
        assert words in first
    assert "Learned from loans of another bank." in first


@pytest.mark.parametrize(
    ("required", "failed", "outcome"), [(False, [], "open: does not apply"), (True, ["tie_out"], "fail")]
)
def test_a_gate_on_a_ledger_that_was_not_given_is_printed(
    fakes: ModuleType, required: bool, failed: list[str], outcome: str
) -> None:
    given_ = fakes.make_input()
    given_ = replace(given_, history=replace(given_.history, control_totals=None))
    findings = run_checks(given_, {"tie_out.unreconciled_share": Gate(max=0.001, required=required)})
    assert [one.check for one in findings.blocking] == failed
    page = render(validation_report(given_, findings, (), {}, {}))
    assert "no control totals of the ledger were given" in page and f">{outcome}<" in page


def test_every_finding_is_printed_with_its_five_headings(pages: dict[str, str], fakes: ModuleType) -> None:
    findings = run_checks(fakes.make_input())
    for heading in ("Purpose.", "Mechanism.", "Signs of high risk.", "Strengths.", "Limitations."):
        assert pages["validation"].count(f"<strong>{heading}</strong>") == len(findings.findings)


def test_a_validator_reads_how_much_depends_on_the_model_and_how_to_check_it_again(pages: dict[str, str]) -> None:
    text = pages["validation"]
    exposure = re.search(r"exposure</th><td>([\d,]+) of balance at the start of [\d-]+ in [\d,]+ units", text)
    assert exposure is not None and float(exposure[1].replace(",", "")) > 0
    assert "behavior validate mortgage_prepayment@" in text


def test_what_a_model_speaks_of_is_said_with_the_day_of_its_balances(fakes: ModuleType) -> None:
    """Rates paid are weighed by what is held at the month's end; series without a balance have none."""
    given_ = fakes.make_input()
    rates = replace(given_, kind=replace(given_.kind, effect=Effect.REPRICING))
    unknown = replace(rates, panel=replace(given_.panel, table=given_.panel.table.assign(weight=1.0)))
    said = {}
    for name, one in {"held": given_, "paid": rates, "unknown": unknown}.items():
        table = identity(one)[0]
        assert isinstance(table, Table)
        said[name] = dict(table.data.itertuples(index=False, name=None))["exposure"]
    assert " of balance at the start of " in said["held"] and " of balance at the end of " in said["paid"]
    assert said["unknown"].endswith(", without balances") and "segments" not in said["unknown"]


def test_a_setting_stands_there_as_it_is_written() -> None:
    """A seed with thousands, or a flag as another language writes it, could not be copied back."""
    written = ["20260930", "true", "0.25", "1e-07", "best"]
    assert [_plain(one) for one in (20260930, True, 0.25, 1e-07, "best")] == written


def test_every_feature_that_is_used_is_listed_with_its_direction(fakes: ModuleType) -> None:
    """Columns of the history that a specification reads as they stand stand beside the kind's own features."""
    given_ = fakes.make_input()
    spec = given_.fitted.spec
    used = spec.features.model_copy(update={"use": ("incentive", "branch", "weight", "in_no_table")})
    panel = replace(given_.panel, table=given_.panel.table.assign(branch="north"))
    fitted = replace(given_.fitted, spec=spec.model_copy(update={"features": used}))
    kind = replace(given_.kind, features=FEATURES)
    listed = identity(replace(given_, kind=kind, panel=panel, fitted=fitted))[1]
    assert isinstance(listed, Table)
    assert listed.data["feature"].tolist() == ["incentive", "branch", "weight"]
    assert listed.data["unit"].tolist()[1:] == ["level", "as in the history"]
    assert listed.data["expected effect"].tolist() == ["raises (constrained)", "free", "free"]
    assert listed.data["meaning"].iloc[1] == "a column of the history"


def test_guidance_is_a_cross_walk_from_data(pages: dict[str, str]) -> None:
    text = pages["validation"]
    assert "Guidance: SR 26-2" in text
    assert "replaces SR 11-7" in text
    assert "asserts no compliance" not in text.split("Guidance: SR 26-2</h2>")[0]
    titles = set(re.findall(r'<span class="number">[\d.]+</span>([^<]+)</h2>', text))
    for row in re.findall(r"</th><td>[^<]+</td><td>([^<]+)</td>", text.split("Where the evidence stands")[1]):
        assert set(row.split(", ")) <= titles


def test_treasury_sees_equity_tests_and_shares(pages: dict[str, str]) -> None:
    text = pages["irrbb"]
    for words in (
        "Book equity",
        "EUR 80.0 million",
        "Tier 1",
        "EUR 72.0 million",
        "outlier",
        "37.5% uses a pooled curve",
        "EUR 640.0 million that behaves",
    ):
        assert words in text
    assert "Beta of another bank." in text
    assert "12" * 32 in text


def test_words_from_outside_cannot_become_markup() -> None:
    nasty = "<script>alert(1)</script>"
    table = Table(nasty, pd.DataFrame({nasty: [nasty]}), nasty)
    text = render(Document(nasty, nasty, (Section(nasty, (Paragraph(nasty), table)),), nasty, {nasty: nasty}))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_words_in_a_picture_cannot_become_markup() -> None:
    data = pd.DataFrame({"x": [1.0, 2.0], '"><script>': [1.0, 2.0], "b": [2.0, 3.0]})
    exhibit = Exhibit("e", 'A "title" <b>', "lines", data, "<i>", "<u>")
    text = render(Document("T", "", (Section("S", (block_of(exhibit),)),)))
    assert read(text).tags.isdisjoint({"script", "b", "i", "u"})


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(-1234.5, ",.1f", "−1,234.5"), (-0.0001, ".2f", "0.00"), (float("nan"), ".2f", "–"), (float("inf"), ".2f", "–")],
)
def test_numbers_read_as_people_write_them(value: float, form: str, text: str) -> None:
    assert number(value, form) == text


def test_cells_fit_their_column() -> None:
    table = pd.DataFrame(
        {
            "count": [1, 2000],
            "share": [0.01234, 0.5],
            "flag": [True, False],
            "day": pd.to_datetime(["2024-01-31", None]),
            "word": ["a", None],
        }
    )
    assert cells(table, {"share": ".1%"}) == [
        ["1", "1.2%", "yes", "2024-01-31", "a"],
        ["2,000", "50.0%", "no", "–", "–"],
    ]


def test_long_tables_fold_and_say_how_long_they_are() -> None:
    table = Table("Months", pd.DataFrame({"month": range(40)}))
    text = render(Document("T", "", (Section("S", (table,)),)))
    assert "<summary>Months (40 rows)</summary>" in text


def test_a_list_without_room_is_counted_and_its_entries_stay_whole() -> None:
    names = [f"feature_{number:03d}" for number in range(100)]
    shown = _plain(names)
    told, _, rest = shown.partition(" and ")
    assert told.split(", ") == names[: len(told.split(", "))]
    assert rest == f"{100 - len(told.split(', '))} more" and len(told) <= 600
    assert _plain(names[:3]) == "feature_000, feature_001, feature_002"
    assert _plain({"a": 1, "b": [1, 2]}) == "a 1, b 1, 2"
    assert _plain([]) == "" and _plain(["x" * 700]) == "x" * 700


def test_a_wide_table_is_set_closer_and_what_is_folded_is_printed() -> None:
    wide = Table("Wide", pd.DataFrame({f"column {place}": [1.0] for place in range(12)}))
    plain = Table("Long", pd.DataFrame({"month": ["2026-01"] * 40, "value": range(40)}))
    page = render(Document("A page", "", (Section("One", (wide, plain)),)))
    assert page.count('<table class="wide">') == 1
    assert "<details>" in page and "details::details-content { content-visibility: visible" in page
    assert '<th scope="row" class="short">2026-01</th>' in page


def test_a_row_is_named_by_its_first_words_and_a_folded_table_by_its_title() -> None:
    """A screen reader says the head of the row with each cell; a first column of numbers names nothing."""
    words = Table("Lives", pd.DataFrame({"segment": ["a"] * 40, "years": range(40)}))
    numbers = Table("Shocks", pd.DataFrame({"shock, bp": [-100.0, 100.0], "change": [1.0, 2.0]}))
    page = render(Document("A page", "", (Section("One", (words, numbers)),)))
    assert page.count('scope="row"') == 40 and '<table aria-label="Lives">' in page


def test_a_page_keeps_its_own_colours_in_a_dark_browser() -> None:
    """Darkened by the browser, the words of a picture would be pale on its pale ground."""
    assert "color-scheme: only light" in render(Document("A page", "", ()))


def test_names_are_written_as_people_write_them() -> None:
    assert [titled(name) for name in ("nmd_decay", "deposit_beta", "shap_summary")] == [
        "NMD decay",
        "Deposit beta",
        "SHAP summary",
    ]
