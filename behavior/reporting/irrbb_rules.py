"""Rules on paper: caps on deposits, the standardised framework, the bank's own limits."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from behavior.measures.eve import TOTAL
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Block, Blocks, Paragraph, Table
from behavior.reporting.irrbb_blocks import extra_table, fact_of
from behavior.reporting.irrbb_tables import Money, amounts, spaced
from behavior.reporting.tables import number

CORE_WORDS = {
    "scaled": "where it lives longer than allowed, its run-off times are scaled",
    "uniform": "the core runs off evenly, with the average life as modelled or, where that is longer, as allowed",
}
OVERLAY_CORE = (
    "Core as modelled is here what the modelled run-off acts on: the whole balance, or the book's `stable_share` less "
    "the part that its `pass_through` says reprices. The standardised framework means another thing by core: what does "
    "not reprice in the long run by the assumption set's own beta."
)
STANDARDISED_CORE = (
    "Core uncapped is the part that does not reprice in the long run, by the book's `pass_through` or else by the beta "
    "of the assumption set, within the book's stable part where it names one. Core runs off evenly over twice its "
    "years unless the result says otherwise; the rest is overnight."
)
TREATMENTS = {"nmd": "deposits without maturity", "prepayable": "prepayable loans", "term_deposit": "term deposits"}


def overlay_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Core shares and maturities as modelled and as capped, and economic value with and without the caps."""
    steps, eve = extra_table(result, "regulatory_overlay"), extra_table(result, "regulatory_overlay_eve")
    said = fact_of(result, "regulatory_overlay")
    words = (
        "A step of its own, not in the figures above: where the core of a category is more than the rule allows, the "
        f"excess flows out on the first day; {CORE_WORDS[str(said.get('core_deposits', 'scaled'))]}. {OVERLAY_CORE}"
    )
    blocks: list[Block] = [Paragraph(words)]
    blocks += [Paragraph(str(line), "warning") for line in said.get("warnings", ())]
    table = pd.DataFrame({"category": spaced(steps["category"]), "currency": steps["currency"]})
    table[f"balance, {money.word or 'units'}"] = steps["balance"] / money.unit
    for column, head in (("modelled", "as modelled"), ("cap", "cap"), ("used", "used")):
        table[f"core, {head}, %"] = 100 * steps[f"core_share_{column}"]
    for column, head in (("modelled", "as modelled"), ("cap", "cap"), ("used", "used")):
        table[f"years, {head}"] = steps[f"years_{column}"]
    years = {name: ".2f" for name in table.columns if str(name).startswith("years")}
    source = f"Source of the caps: {said.get('source', '')}." if said.get("source") else ""
    blocks.append(amounts("Deposits by category", table, source, years))
    held = eve[eve["currency"] == TOTAL] if (eve["currency"] == TOTAL).any() else eve
    for currency, part in held.groupby("currency", sort=True):
        where = money.in_currency(currency)
        table = pd.DataFrame({"scenario": spaced(part["scenario"])}).reset_index(drop=True)
        for column, head in (
            ("eve_uncapped", where.head("value uncapped")),
            ("eve_capped", where.head("value capped")),
            ("delta_uncapped", "change uncapped"),
            ("delta_capped", "change capped"),
            ("effect_on_delta", "effect of the caps on the change"),
        ):
            table[head] = (part[column] / money.unit).to_numpy()
        note = "Without options; plain differences, before any rule on adding currencies."
        blocks.append(amounts("Economic value with and without the caps", table, note))
    return tuple(blocks)


def standardised_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The standardised framework: change by scenario beside frozen flows, the portfolios, the core of deposits."""
    eve, terms = extra_table(result, "standardised_eve"), extra_table(result, "standardised_terms")
    slots, said = extra_table(result, "standardised_slots"), fact_of(result, "standardised")
    words = (
        "The same book by the framework's own rules: deposits without maturity as capped core and overnight rest, "
        "prepayment and redemption at base speed times the scenario's factor, floating rates to their next reset, "
        "every flow at the middle of its bucket."
    )
    blocks: list[Block] = [Paragraph(words)]
    blocks += [Paragraph(str(line), "warning") for line in said.get("warnings", ())]
    test = said.get("outlier_test")
    if isinstance(test, Mapping) and test.get("worst_scenario"):
        outcome = "an outlier" if test.get("outlier") else "inside the limit"
        share = number(100 * float(test["share_of_tier1"]), "+.1f")
        worst = str(test["worst_scenario"]).replace("_", " ")
        blocks.append(
            Paragraph(
                f"Worst scenario: {worst}, {money.text(test['change'])}, {share}% "
                f"of Tier 1 against a limit of {number(-100 * float(test['limit']), '.0f')}%: {outcome}."
            )
        )
    held = eve[eve["currency"] == TOTAL]
    table = pd.DataFrame({"scenario": spaced(held["scenario"])}).reset_index(drop=True)
    own = result.eve_total.set_index("scenario")["eve"]
    for column, head in (
        ("eve", money.head("value")),
        ("delta_eve", "change"),
        ("delta_eve_frozen", "change, base flows"),
        ("response", "worth of the factors"),
        ("delta_eve_after_options", "counted in the test"),
    ):
        table[head] = (held[column] / money.unit).to_numpy()
    mine = own.reindex(held["scenario"])
    table["change, own models"] = ((mine - mine.iloc[0]) / money.unit).to_numpy()
    note = "Plain sums; the test counts changes after the option add-on, over currencies by the framework's rule."
    blocks.append(amounts("By scenario, all currencies", table, note))
    if len(terms):
        blocks.append(_portfolio_table(terms, str(said.get("nmd_rule", ""))))
    core = slots[slots["treatment"] == "nmd"] if "treatment" in slots else slots
    if len(core):
        blocks.append(_core_table(core, money))
    return tuple(blocks)


def _portfolio_table(terms: pd.DataFrame, source: str) -> Table:
    table = pd.DataFrame({"portfolio": spaced(terms["product"]), "customers": spaced(terms["customer_type"])})
    table["currency"] = terms["currency"].to_numpy()
    table["treated as"] = [TREATMENTS.get(str(one), str(one)) for one in terms["treatment"]]
    table["reprices, %"] = 100 * terms["pass_through"]
    table["modelled life, years"] = terms["core_years"]
    table["base speed or ratio, %"] = 100 * terms["annual_rate"]
    note = (
        f"Read from the assumption set in base. Caps: {source}." if source else "Read from the assumption set in base."
    )
    return amounts("Portfolios", table, note)


def _core_table(core: pd.DataFrame, money: Money) -> Table:
    table = pd.DataFrame({"product": spaced(core["product"]), "category": spaced(core["category"])})
    table["currency"] = core["currency"].to_numpy()
    table = table.reset_index(drop=True)
    head = f"balance, {money.word or 'units'}"
    for column, name in (("balance", head), ("core_uncapped", "core uncapped"), ("core", "core used")):
        table[name] = (core[column] / money.unit).to_numpy()
    table["cap binds"] = [bool(one) for one in core["cap_binds"]]
    table["years used"] = core["years_used"].to_numpy()
    return amounts("Core of deposits", table, STANDARDISED_CORE, {"years used": ".2f"})


MEASURED = {"eve": "economic value", "nii_12": "12-month income", "nii_24": "24-month income"}


def limit_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The bank's own limits, the scenario that uses most of each, and how much."""
    data = extra_table(result, "limit_use")
    words = {"tier1": "Tier 1", "base": "base"}
    table = pd.DataFrame({"limit on the fall of": [MEASURED.get(str(one), str(one)) for one in data["measure"]]})
    table["as a share of"] = [words.get(str(one), str(one)) for one in data["of"]]
    table["worst scenario"] = spaced(data["scenario"]).to_numpy()
    table[money.head("change")] = (data["change"] / money.unit).to_numpy()
    table["share, %"] = (100 * data["share"]).to_numpy()
    table["limit, %"] = (100 * data["limit_share"]).to_numpy()
    table["used, %"] = (100 * data["used"]).to_numpy()
    table["status"] = data["status"].to_numpy()
    note = "Limits of the settings, set by the bank. Economic value after the option add-on, income on a constant "
    note += "balance sheet where there is one. Near: more than 80% used."
    return (amounts("", table, note),)
