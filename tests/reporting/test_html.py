"""What every report owes its reader: one file, nothing outside, the same bytes, the stamp on top, figures as given."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.features.prepayment import FEATURES
from behavior.kinds.base import Exhibit
from behavior.reporting.charts import Tidy, draw
from behavior.reporting.document import Document, Figure, Paragraph, Section, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.reporting.model_card import model_card, parse_card
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


def test_page_one_of_the_treasury_report_tells_what_does_not_reconcile(fakes: ModuleType) -> None:
    curves = fakes.make_set()
    page = render(irrbb_report(fakes.make_result(), curves, {})).split("Economic value of equity</h2>")[0]
    assert "not stated in the set" in page and "the book: not compared with a ledger" in page
    tables = [replace(one, provenance=replace(one.provenance, unreconciled="1,000 off")) for one in curves.tables]
    page = render(irrbb_report(fakes.make_result(), replace(curves, tables=tuple(tables)), {}))
    assert ": 1,000 off; the book" in page.split("Economic value of equity</h2>")[0]


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


@pytest.mark.parametrize("held", [["USD"], ["EUR", "USD"]])
def test_balances_covered_are_in_the_reporting_currency(fakes: ModuleType, held: list[str]) -> None:
    result = fakes.make_result()
    eve = pd.concat([result.eve.assign(currency=one) for one in held])
    words = "Of EUR 640.0 million that behaves"
    document = irrbb_report(replace(result, eve=eve), None, {})
    section = next(one for one in document.sections if one.title == "What the behaviour rests on")
    assert words in " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def test_the_printed_table_is_the_result(fakes: ModuleType) -> None:
    result = fakes.make_result()
    document = irrbb_report(result, None, {})
    section = next(one for one in document.sections if one.title == "Economic value of equity")
    table = next(block for block in section.blocks if isinstance(block, Table) and "scenario" in block.data)
    total = result.eve_summary[result.eve_summary["currency"] == "total"]
    assert table.data["EVE, EUR million"].tolist() == pytest.approx((total["eve"] / 1e6).tolist())
    assert table.data["change"].tolist() == pytest.approx((total["delta_eve"] / 1e6).tolist())
    assert table.data["% of Tier 1"].tolist() == pytest.approx((100 * total["delta_eve_pct_tier1"]).tolist())
    assert "option add-on" not in table.data


def test_page_one_names_the_products_behind_the_worst_change_largest_first(fakes: ModuleType) -> None:
    result = fakes.make_result()
    document = irrbb_report(result, None, {})
    page = render(document).split("Economic value of equity</h2>")[0]
    table = next(
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table) and block.title == "By product, in base and in the worst scenario"
    )
    change = next(name for name in table.data if name.startswith("change, ") and "%" not in name)
    moved = table.data.groupby("product")[change].sum()
    largest = moved.abs().idxmax()
    assert f"stand most of all {largest} EUR {number(moved[largest], ',.1f')}" in page
    only_base = replace(
        result,
        eve=result.eve[result.eve["scenario"] == "base"],
        eve_summary=result.eve_summary[result.eve_summary["scenario"] == "base"],
    )
    assert "Behind the change" not in render(irrbb_report(only_base, None, {}))


def test_products_and_gap_add_up_to_the_result(fakes: ModuleType) -> None:
    result = fakes.make_result()
    tables = {
        block.title: block.data
        for section in irrbb_report(result, None, {}).sections
        for block in section.blocks
        if isinstance(block, Table)
    }
    products = tables["By product, in base and in the worst scenario"]
    base = result.eve[result.eve["scenario"] == "base"]["present_value"].sum()
    assert products["base value, million"].sum() == pytest.approx(base / 1e6)
    worst = result.eve[result.eve["scenario"] == "parallel_up"]["present_value"].sum()
    assert products["change, parallel up"].sum() == pytest.approx((worst - base) / 1e6)
    gap = tables["Repricing gap, EUR million"]
    running = (gap["asset"] - gap["liability"]).cumsum()
    assert gap["cumulative gap"].tolist() == pytest.approx(running.tolist())


def test_income_is_printed_for_every_balance_sheet_and_horizon(fakes: ModuleType) -> None:
    from dataclasses import replace

    result = fakes.make_result()
    later = result.nii_summary[result.nii_summary["horizon_months"] == 24].assign(horizon_months=36)
    longer = replace(result, nii_summary=pd.concat([result.nii_summary, later], ignore_index=True))
    section = next(one for one in irrbb_report(longer, None, {}).sections if one.title == "Net interest income")
    tables = {block.title: block.data for block in section.blocks if isinstance(block, Table)}
    assert list(tables) == [
        "Run-off balance sheet",
        "Run-off balance sheet, further years",
        "Constant balance sheet",
        "Constant balance sheet, further years",
    ]
    for sheet, title in (("run_off", "Run-off balance sheet"), ("constant", "Constant balance sheet")):
        own = result.nii_summary[result.nii_summary["balance_sheet"] == sheet]
        for horizon in (12, 24):
            rows = own[own["horizon_months"] == horizon]
            table = tables[title]
            assert table[f"{horizon} months, EUR million"].tolist() == pytest.approx((rows["nii"] / 1e6).tolist())
            assert table[f"{horizon} months, change"].tolist() == pytest.approx((rows["delta_nii"] / 1e6).tolist())
            shares = (100 * rows["delta_nii_pct_tier1"]).tolist()
            assert table[f"{horizon} months, % of Tier 1"].tolist() == pytest.approx(shares)
    assert "36 months, change" in tables["Run-off balance sheet, further years"]


def test_gains_that_a_framework_does_not_count_are_told_apart(fakes: ModuleType) -> None:
    from dataclasses import replace

    result = fakes.make_result()
    summary = result.eve_summary.copy()
    total = summary["currency"] == "total"
    for column in ("delta_eve", "delta_eve_after_options", "delta_eve_pct_base", "delta_eve_pct_tier1"):
        summary.loc[total, column] = summary.loc[total, column].clip(upper=0.0)
    document = irrbb_report(replace(result, eve_summary=summary), None, {})
    section = next(one for one in document.sections if one.title == "Economic value of equity")
    table = next(block for block in section.blocks if isinstance(block, Table) and "scenario" in block.data)
    assert table.data["difference to base"].tolist() == pytest.approx([move / 1e6 for move in fakes.MOVES])
    assert table.data["change counted"].tolist() == pytest.approx([min(move, 0.0) / 1e6 for move in fakes.MOVES])
    assert "gains count in part" in table.note


def test_without_tier_1_nothing_is_tested_against_it(fakes: ModuleType) -> None:
    text = render(irrbb_report(fakes.make_result(tier1=None), None, {}))
    assert "Outlier tests" not in text
    assert "% of base EVE" in text


def test_further_tables_become_sections(fakes: ModuleType) -> None:
    from dataclasses import replace

    extra = {
        "something_new": pd.DataFrame({"scenario": ["parallel_up"], "value": [1.0]}),
        "empty": pd.DataFrame({"a": []}),
    }
    document = irrbb_report(replace(fakes.make_result(), extra=extra), None, {})
    titles = [section.title for section in document.sections]
    assert "Something new" in titles
    assert "Empty" not in titles


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


@pytest.mark.parametrize("name", ["sav $0-$100k $ $5_6", "nmd_$0_$50k", "a_$10k_to_$25k", "savings $0-$100k", r"a\$b"])
@pytest.mark.parametrize("form", ["lines", "bars"])
def test_amounts_in_names_are_no_formulas(name: str, form: str) -> None:
    data = pd.DataFrame({name: [name, "b"], f"{name} c": [1.0, 2.0], f"{name} d": [2.0, 3.0]})
    svg = draw(Exhibit("e", name, form, data, name, name))
    assert svg.count(f">{name}</text>") >= 2
    assert f">{name} c</text>" in svg


forms = st.sampled_from(["lines", "bars", "scatter"])
values = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=30)


@given(forms, values)
@settings(max_examples=25, deadline=None)
def test_any_figures_can_be_drawn(form: str, given_: list[float]) -> None:
    data = pd.DataFrame({"x": np.arange(float(len(given_))), "y": given_})
    svg = draw(Exhibit("e", "t", form, data, "x", "y"))
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert "http://" not in svg.replace("http://www.w3.org/", "")


@pytest.mark.parametrize("form", ["lines", "bars"])
def test_bands_and_gaps_are_drawn(form: str) -> None:
    data = pd.DataFrame(
        {"x": ["a", "b", "c"], "y": [1.0, np.nan, 3.0], "y_lower": [0.5, np.nan, 2.0], "y_upper": [2.0, np.nan, 4.0]}
    )
    assert draw(Exhibit("e", "t", form, data, "x", "y")).startswith("<svg")


def test_month_ends_are_drawn_at_their_own_months_tick() -> None:
    months = pd.date_range("2026-01-31", "2026-06-30", freq="ME")
    svg = draw(Exhibit("e", "t", "lines", pd.DataFrame({"month": months, "y": np.arange(6.0)})))
    words = re.findall(r">([^<>\n]+)</text>", svg)
    assert words[:6] == ["2026", "Feb", "Mar", "Apr", "May", "Jun"]


@pytest.mark.parametrize("form", ["lines", "bars", "beeswarm"])
@pytest.mark.parametrize("letters", [5, 60, 130])
def test_a_name_of_any_length_leaves_room_for_the_picture(form: str, letters: int) -> None:
    name = "Übergröße " * (letters // 10) + "x" * 5
    places = pd.DataFrame({"segment": [f"{name}{k}" for k in range(12)], name: 1.0, f"{name}2": range(12)})
    points = pd.DataFrame({"feature": [name] * 3, "value": [1.0, 2.0, 3.0], "contribution": [1.0, 2.0, 3.0]})
    text = draw(Exhibit("one", "One", form, points if form == "beeswarm" else places, "x", "y"))
    assert "bergröße" in text or letters < 10
    assert ("…" in text) == (letters > 44)


def test_long_names_that_begin_and_end_alike_are_told_apart() -> None:
    long = "Tagesgeld „Übergröße“ / Gewerbekunden und Kleinstunternehmer {} / in Nordrhein-Westfalen und Umgebung"
    data = pd.DataFrame({"segment": [long.format(k) for k in range(40)], "actual": 1.0})
    drawn = re.findall(r">(…\d+…)<", draw(Exhibit("one", "One", "bars", data)))
    assert drawn == [f"…{k}…" for k in range(40)]


def test_lines_are_told_apart_without_their_colours() -> None:
    """On a grey print the second, third and fourth colour are one; what happened is no line of a model."""
    data = pd.DataFrame({"x": np.arange(30.0)} | {name: np.arange(30.0) for name in "abcdefgh"})
    dashes = re.findall(r"stroke-dasharray: ([^;]+);", draw(Exhibit("one", "One", "lines", data)))
    assert len(set(dashes)) == 7  # the first is whole
    alone = data[["x", "a"]].rename(columns={"a": "predicted"})
    assert "stroke-dasharray" not in draw(Exhibit("one", "One", "lines", alone))


def test_a_picture_is_told_to_those_who_cannot_see_it() -> None:
    path = pd.DataFrame({"month": pd.date_range("2024-01-31", periods=24, freq="ME"), "left": np.linspace(100, 54, 24)})
    path.loc[3, "left"] = np.nan
    block = block_of(Exhibit("one", "Run-off", "lines", path, "month", "% of balance"))
    assert isinstance(block, Figure)
    assert "24 points. In % of balance. left: first 100 at 2024-01-31, last 54 at 2025-12-31" in block.alt
    bars = pd.DataFrame({"segment": ["checking", "savings"], "beta": [0.1, 0.4], "beta_lower": 0.0, "beta_upper": 1.0})
    few = block_of(Exhibit("two", "Betas", "bars", bars, "segment"))
    assert isinstance(few, Figure)
    assert few.alt == "Betas: beta by segment, 2 points. beta: 0.1000 at checking, 0.4000 at savings."


def test_an_empty_exhibit_says_so() -> None:
    block = block_of(Exhibit("e", "Nothing", "lines", pd.DataFrame({"x": [], "y": []}), "x", "y"))
    assert isinstance(block, Table)
    assert block.note == "No row to draw."
    listed = block_of(Exhibit("e", "Nothing", "table", pd.DataFrame(), note="What it would be."))
    assert isinstance(listed, Table)
    assert listed.note == "No row to show. What it would be."


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


@pytest.mark.parametrize(
    ("ticks", "texts"),
    [([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]), ([-1000.0, 0.0, 1000.0], ["−1,000", "0", "1,000"]), ([1.0], ["1"])],
)
def test_ticks_share_their_decimals(ticks: list[float], texts: list[str]) -> None:
    assert Tidy().format_ticks(ticks) == texts


def test_a_card_keeps_its_words() -> None:
    title, sections = parse_card(
        "# Deposits\n\nFirst\nline.\n\n## Where not to use it\n\n- one *strong*\n  more\n- two\n"
    )
    assert title == "Deposits"
    assert [section.title for section in sections] == ["About", "Where not to use it"]
    assert [block.text for block in sections[1].blocks if isinstance(block, Paragraph)] == [
        "– one strong more",
        "– two",
    ]


def test_bold_words_that_begin_a_paragraph_head_a_section() -> None:
    text = "# Beta\n\n**Purpose.** Rates as `SWAP_2Y` has them,\n*paid* or not.\n\nMore.\n\n**Limits.** None.\n\n"
    _, sections = parse_card(f"{text}| must | found |\n|---|---|\n| `log_loss` below | **met** |\n")
    assert [section.title for section in sections] == ["Purpose", "Limits"]
    said = [block.text for block in sections[0].blocks if isinstance(block, Paragraph)]
    assert said == ["Rates as SWAP_2Y has them, paid or not.", "More."]
    (table,) = (block for block in sections[1].blocks if isinstance(block, Table))
    assert table.data.to_dict("list") == {"must": ["log_loss below"], "found": ["met"]}


def test_every_card_is_read() -> None:
    for card in sorted((Path(__file__).resolve().parents[2] / "models").glob("*/card.md")):
        title, sections = parse_card(card.read_text())
        assert title and len(sections) >= 2, card
        assert all(section.title != "About" for section in sections[1:]), card


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


def test_of_several_bands_the_legend_names_lines_alone() -> None:
    data = pd.DataFrame({"x": [1.0, 2.0], "own": [1.0, 2.0], "own_lower": [0.5, 1.5], "own_upper": [1.5, 2.5]})
    assert "own, band" in draw(Exhibit("one", "One", "lines", data))
    several = data.assign(other=data["own"], other_lower=data["own_lower"], other_upper=data["own_upper"])
    text = draw(Exhibit("two", "Two", "lines", several))
    assert "other" in text and "band" not in text


def test_ticks_of_next_to_nothing_differ() -> None:
    assert Tidy().format_ticks([-2e-9, 0.0, 2e-9]) == ["−2.0e−09", "0", "2.0e−09"]


def test_months_are_marked_whole() -> None:
    months = pd.DataFrame({"month": np.arange(1, 20), "actual": np.linspace(98.0, 72.0, 19)})
    picture = draw(Exhibit("cohort", "Run-off", "lines", months, "months since the first", "percent"))
    assert ">2.5<" not in picture and ">17.5<" not in picture and ">10<" in picture
    by_half = months.assign(month=0.5 + months["month"] / 8)
    halves = draw(Exhibit("spread", "By spread", "lines", by_half, "spread", "percent"))
    assert ">1.5<" in halves, "what is measured in halves keeps them"
