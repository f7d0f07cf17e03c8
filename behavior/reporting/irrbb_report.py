"""The report that treasury takes to its committee: what NII and EVE do under each scenario, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from behavior.assumptions.set import AssumptionSet
from behavior.market.scenario_sets import BASE
from behavior.measures.aggregation import OutlierTest, outlier_test
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Block, Blocks, Document, Paragraph, Section, Table
from behavior.reporting.exhibits import blocks_of
from behavior.reporting.irrbb_extras import extra_sections
from behavior.reporting.irrbb_tables import (
    SHEETS,
    Money,
    behind_words,
    coverage_shares,
    coverage_table,
    eve_picture,
    eve_table,
    gap_pictures,
    gap_tables,
    nii_path,
    nii_picture,
    nii_tables,
    product_table,
)
from behavior.reporting.set_pictures import readings_tables, set_exhibits
from behavior.reporting.set_spent import spent
from behavior.reporting.tables import number

STAMPS = {
    "DRAFT": "The assumption set is not approved for use: these figures are for review, not for reporting.",
    "NOT IN FORCE": "The assumption set does not stand on this date: these figures are to compare with, not to report.",
    "UNVALIDATED": "The set is approved, but a validator has not signed every model of it: champions by gates alone.",
}


def irrbb_report(result: IrrbbResult, assumptions: AssumptionSet | None, facts: Mapping[str, Any]) -> Document:
    """NII, EVE, gap and behaviour of one valuation.

    Parameters
    ----------
    assumptions : the set that was spent, for its curves and origins; None leaves the pictures out.
    facts : added to, and before, those of the result: ``title``, ``bank``, ``tier1``, ``book_equity``,
        ``reporting_currency``, ``as_of``, ``transferred`` (sequence), ``approved_by``, ``notes`` (sequence).

    Convention: a loss is negative; percentages of Tier 1 are changes over Tier 1.
    """
    known = {**result.facts, **facts}
    money = Money.of(result, str(known.get("reporting_currency", "")))
    sections = [
        Section("Summary", _summary(result, known, money)),
        Section("Economic value of equity", _eve(result, known, money)),
        Section("Net interest income", _nii(result, money)),
        Section("Repricing gap", (*blocks_of(gap_pictures(result, money)), *gap_tables(result, money))),
        *extra_sections(result, money),
        Section("Behaviour used", _behaviour(result, assumptions, known)),
        Section("What the behaviour rests on", _coverage(result, money)),
        Section("Conventions", _conventions(known)),
        Section("Inputs and digests", _inputs(known, assumptions)),
    ]
    title = str(known.get("title") or "Interest rate risk in the banking book")
    as_of = known.get("as_of", "")
    subtitle = " · ".join(str(part) for part in (known.get("bank"), f"as of {as_of}" if as_of else "") if part)
    return Document(
        title, subtitle, tuple(sections), _stamp(result, known), _first_facts(result, assumptions, known, money)
    )


def _stamp(result: IrrbbResult, known: Mapping[str, Any]) -> str:
    words = [result.stamp] if result.stamp else []
    if known.get("illustrative"):
        words.append("ILLUSTRATIVE")
    return " · ".join(words)


def _first_facts(
    result: IrrbbResult, assumptions: AssumptionSet | None, known: Mapping[str, Any], money: Money
) -> Mapping[str, str]:
    base = result.eve_total[result.eve_total["scenario"] == BASE]
    shown = {
        "Economic value of equity, base": money.text(base["eve"].iloc[0]) if len(base) else None,
        "Book equity": money.text(known.get("book_equity")),
        "Tier 1": money.text(known.get("tier1")),
        "Reporting currency": known.get("reporting_currency"),
        "Scenarios": known.get("framework"),
        "Assumption set": assumptions.id if assumptions is not None else known.get("assumptions"),
        "Approved by": known.get("approved_by"),
        "Unreconciled balance": _unreconciled(assumptions),
    }
    return {name: str(value) for name, value in shown.items() if value not in (None, "")}


def _unreconciled(assumptions: AssumptionSet | None) -> str:
    """What the ledger does not explain: of the histories that the curves were learned from, and of the book."""
    said: dict[str, dict[str, None]] = {}
    for table in () if assumptions is None else assumptions.tables:
        origin = table.provenance
        words = origin.unreconciled or "not stated in the set"
        said.setdefault(words, {})[origin.model or origin.source or table.name] = None
    parts = [f"curves of {', '.join(models)}: {words}" for words, models in said.items()]
    return "; ".join(
        [*parts, "the book: not compared with a ledger; its balances as valued stand under Inputs and digests"]
    )


def _summary(result: IrrbbResult, known: Mapping[str, Any], money: Money) -> Blocks:
    blocks: list[Block] = []
    if result.stamp:
        blocks.append(Paragraph(STAMPS.get(result.stamp, result.stamp), "stamp"))
    if known.get("about"):
        blocks.append(Paragraph(str(known["about"]), "note"))
    blocks += [Paragraph(_worst_words(result, money) + behind_words(result, money))]
    tests = _tests(result, known)
    if tests:
        blocks.append(_tests_table(tests, money))
    blocks += [Paragraph(str(line), "warning") for line in _lines(known.get("transferred"))]
    blocks += blocks_of([eve_picture(result), *nii_picture(result)])
    blocks += [Paragraph(str(line), "warning") for line in _lines(known.get("warnings"))]
    return tuple(blocks)


def _lines(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _worst_words(result: IrrbbResult, money: Money) -> str:
    shocked = result.eve_total[result.eve_total["scenario"] != BASE]
    if shocked.empty:
        return "Only the base scenario was valued."
    worst = _lowest(shocked, "delta_eve_after_options")
    words = (
        f"Economic value changes most for the worse under {worst['scenario'].replace('_', ' ')}: "
        f"{money.text(worst['delta_eve_after_options'])}"
    )
    if pd.notna(worst["delta_eve_pct_tier1"]):
        words += f", {number(100 * worst['delta_eve_pct_tier1'], '+.1f')}% of Tier 1"
    summary = result.nii_summary
    year = summary[(summary["horizon_months"] == 12) & (summary["scenario"] != BASE)]
    for sheet in year["balance_sheet"].unique():
        part = year[year["balance_sheet"] == sheet]
        low = _lowest(part, "delta_nii")
        name = low["scenario"].replace("_", " ")
        words += f"; the worst 12-month net interest income, {SHEETS.get(sheet, sheet)} balance sheet, under {name}: "
        words += str(money.text(low["delta_nii"]))
    return words + "."


def _lowest(rows: pd.DataFrame, column: str) -> Mapping[str, Any]:
    return dict(rows.iloc[int(rows[column].to_numpy().argmin())])


def _tests(result: IrrbbResult, known: Mapping[str, Any]) -> list[OutlierTest]:
    tier1 = known.get("tier1")
    if not tier1:
        return []
    total = result.eve_total
    european = str(known.get("framework", "")).startswith("eu")
    name = "eu_eve" if european else "bcbs_eve"
    found = [outlier_test(name, total["scenario"].tolist(), total["delta_eve_after_options"], float(tier1))]
    summary = result.nii_summary
    year = summary[(summary["horizon_months"] == 12) & (summary["balance_sheet"] == "constant")]
    if len(year):
        found.append(outlier_test("eu_nii", year["scenario"].tolist(), _still(year, known), float(tier1)))
    return [one for one in found if one.scenario]


def _still(year: pd.DataFrame, known: Mapping[str, Any]) -> pd.Series:
    """Change of income on balances that stay: what a mix shift moves is left out of the test."""
    summary = known.get("summary", {})
    before = summary.get("nii_12_months_constant_before_mix_shift") if isinstance(summary, Mapping) else None
    if not before:
        return year["delta_nii"]
    return year["scenario"].map(before) - float(before[BASE])


def _tests_table(tests: Iterable[OutlierTest], money: Money) -> Table:
    words = {"bcbs_eve": "EVE, Basel", "eu_eve": "EVE, EU", "eu_nii": "12-month NII, constant balance sheet, EU"}
    rows = [
        {
            "test": words.get(one.test, one.test),
            "worst scenario": one.scenario.replace("_", " "),
            money.head("change"): one.change / money.unit,
            "share of Tier 1, %": 100 * one.share,
            "limit, %": -100 * one.limit,
            "outcome": "outlier" if one.outlier else "inside the limit",
        }
        for one in tests
    ]
    missing = sorted({name for one in tests for name in one.missing})
    note = "Sources: " + "; ".join(dict.fromkeys(one.provenance.source for one in tests)) + "."
    if missing:
        note += f" Scenarios of the tests that were not valued: {', '.join(missing)}."
    return Table("Outlier tests", pd.DataFrame(rows), note)


def _eve(result: IrrbbResult, known: Mapping[str, Any], money: Money) -> Blocks:
    total = result.eve_total
    base = total.loc[total["scenario"] == BASE, "eve"]
    blocks: list[Block] = []
    if len(base) and known.get("book_equity") is not None:
        gap = float(base.iloc[0]) - float(known["book_equity"])
        words = (
            f"The base value stands {money.text(abs(gap))} {'above' if gap >= 0 else 'below'} book equity: market "
            "value against book value, margins and behaviour included; neither is the other's error."
        )
        blocks.append(Paragraph(words))
    blocks.append(eve_table(total, "By scenario, all currencies", money))
    by_currency = result.eve_summary[result.eve_summary["currency"] != "total"]
    if by_currency["currency"].nunique() > 1:
        for currency, part in by_currency.groupby("currency", sort=True):
            blocks.append(eve_table(part, f"By scenario, {currency}", money.in_currency(currency)))
    return (*blocks, product_table(result, money))


def _nii(result: IrrbbResult, money: Money) -> Blocks:
    sheets = [str(sheet) for sheet in result.nii_summary["balance_sheet"].unique()]
    tables = [table for sheet in sheets for table in nii_tables(result, sheet, money)]
    return (*tables, *blocks_of(nii_path(result, money)))


def _behaviour(result: IrrbbResult, assumptions: AssumptionSet | None, known: Mapping[str, Any]) -> Blocks:
    if assumptions is None:
        return (Paragraph("The assumption set was not handed to this report.", "note"),)
    balances = result.coverage.groupby("segment")["balance"].max().to_dict() if len(result.coverage) else {}
    moved = [
        Paragraph(f"{table.name.replace('_', ' ')}: transferred. {table.provenance.transferred}", "warning")
        for table in assumptions.tables
        if table.provenance.transferred
    ]
    used = spent(assumptions, result.coverage, _deposit_view(known))
    pictures = blocks_of(set_exhibits(used.drawn, {str(name): float(one) for name, one in balances.items()}))
    said = [Paragraph(used.words, "note")] if used.words else []
    return (*moved, *said, *pictures, *readings_tables(used.read, used.points, used.causes_left_out))


def _deposit_view(known: Mapping[str, Any]) -> str:
    chosen = known.get("conventions")
    return str(chosen.get("deposit_view", "")) if isinstance(chosen, Mapping) else ""


def _coverage(result: IrrbbResult, money: Money) -> Blocks:
    if result.coverage.empty:
        return (Paragraph("No position behaves: every flow is contractual."),)
    return (Paragraph(coverage_shares(result.coverage, money)), coverage_table(result.coverage, money))


def _conventions(known: Mapping[str, Any]) -> Blocks:
    chosen = known.get("conventions")
    if not isinstance(chosen, Mapping) or not chosen:
        return (Paragraph("The result names no conventions.", "note"),)
    rows = [{"convention": str(name).replace("_", " "), "choice": _text(value)} for name, value in chosen.items()]
    return (Table("Choices that the figures depend on", pd.DataFrame(rows)),)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    return str(value)


def _input_rows(name: str, what: Any) -> list[dict[str, str]]:
    """One row a file that an input was read from; anything else in words."""
    if not isinstance(what, Mapping):
        return [{"input": name, "what": _text(what)}]
    files = what["files"] if isinstance(what.get("files"), list | tuple) else [what]
    found = []
    for one in files:
        rest = {key: value for key, value in one.items() if key not in ("file", "id", "sha256", "rows")}
        words = [str(one.get("file", one.get("id", ""))), *([_text(rest)] if rest else [])]
        rows = f"{one['rows']:,}" if one.get("rows") else ""
        found.append({"input": name, "what": ", ".join(words), "rows": rows, "sha256": str(one.get("sha256", ""))})
    return found


def _inputs(known: Mapping[str, Any], assumptions: AssumptionSet | None) -> Blocks:
    rows: list[dict[str, str]] = []
    given = known.get("inputs")
    if isinstance(given, Mapping):
        rows = [row for name, value in given.items() for row in _input_rows(str(name), value)]
    elif given:
        rows = [{"input": str(number), "what": _text(value)} for number, value in enumerate(given, start=1)]
    blocks: list[Block] = [Table("Inputs", pd.DataFrame(rows).fillna(""))] if rows else []
    summary = known.get("summary")
    if isinstance(summary, Mapping) and summary.get("balances_valued"):
        note = "In the currency of the rows, unsigned; notionals of derivatives. To be held against the ledger."
        blocks.append(Table("Balances as valued", pd.DataFrame(summary["balances_valued"]), note))
    if assumptions is not None:
        origins = [
            {
                "curves": table.name,
                "model": table.provenance.model or table.provenance.source or "entered by hand",
                "version": str(table.provenance.model_version or ""),
                "validation": table.provenance.validation,
                "specification sha256": table.provenance.spec_digest,
                "data sha256": table.provenance.data_digest,
            }
            for table in assumptions.tables
        ]
        blocks.append(Table(f"Origin of the curves in {assumptions.id}", pd.DataFrame(origins)))
    rest = [Paragraph(str(line), "note") for line in _lines(known.get("notes"))]
    return (*blocks, *rest) or (Paragraph("The result names no inputs.", "note"),)
