"""What the further tables of a valuation look like on paper: durations, gaps, behaviour, caps, sensitivities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Figure, Paragraph, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.irrbb_tables import SHEETS, Money, bucket_words, spaced
from behavior.reporting.tables import number

Blocks = tuple[Paragraph | Table | Figure, ...]
TOTAL = "total"
EVE = "eve"
SIDES = {"assets": "assets", "liabilities": "liabilities", EVE: "economic value of equity"}
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
MARGIN_WORDS = (
    "Margins are earned on what is left of balances at today's margin, on renewed and new business at its own. The "
    "rest of income is what the bank earns on the transfer of rates, on derivatives, and on positions without a "
    "transfer rate."
)
MODES = {
    "change_model": "responding",
    "change_frozen": "frozen",
    "change_frozen_rates": "rates frozen too",
    "change_standardised": "standardised",
    "response": "worth of responding",
    "rate_response": "worth of rates following",
}
ASSUMPTIONS = {
    "deposit_life": "life of deposits",
    "deposit_beta": "deposit beta",
    "prepayment": "prepayment speed",
    "early_redemption": "early redemption of term deposits",
    "drawdown": "drawdown of commitments",
    "volatility": "volatility of options",
}
TREATMENTS = {"nmd": "deposits without maturity", "prepayable": "prepayable loans", "term_deposit": "term deposits"}


def _table(result: IrrbbResult, name: str) -> pd.DataFrame:
    return (result.extra or {}).get(name, pd.DataFrame())


def _fact(result: IrrbbResult, name: str) -> Mapping[str, Any]:
    found = result.facts.get("measures", {})
    chosen = found.get(name, {}) if isinstance(found, Mapping) else {}
    return chosen if isinstance(chosen, Mapping) else {}


def _of(money: Money, currency: str) -> Money:
    return money if currency == TOTAL else money.in_currency(currency)


def _forms(table: pd.DataFrame, form: str, others: Mapping[str, str] | None = None) -> dict[str, str]:
    plain = {str(name): form for name in table.columns if pd.api.types.is_numeric_dtype(table[name])}
    return {**plain, **(others or {})}


def liquidity_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Cash by bucket and its running sum, one picture and table a currency."""
    words = (
        "Cash of the base scenario: principal and interest when they are paid, behaviour included; redeposits as the "
        "engine's view of deposits counts them. It is not the liquidity coverage ratio's stress."
    )
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
    for currency, part in _table(result, "liquidity_gap").groupby("currency", sort=True):
        where = _of(money, str(currency))
        sums = part.groupby(["bucket", "side"], sort=False)["cash_flow"].sum().unstack("side").fillna(0.0)
        none = pd.Series(0.0, index=sums.index)
        into = sum((sums[name] for name in ("asset", "receive") if name in sums), none) / money.unit
        out = sum((sums[name] for name in ("liability", "pay") if name in sums), none) / money.unit
        running = part.groupby("bucket", sort=False)["cumulative_gap"].last().reindex(sums.index) / money.unit
        labels = bucket_words(sums.index)
        data = pd.DataFrame({"bucket": labels, "comes in": np.asarray(into), "goes out": -np.asarray(out)})
        title = f"Cash by bucket, {currency}"
        blocks.append(block_of(Exhibit("liquidity", title, "bars", data, "bucket", where.head("cash"))))
        table = pd.DataFrame({"bucket": labels, "comes in": np.asarray(into), "goes out": np.asarray(out)})
        table["cumulative gap"] = running.to_numpy()
        blocks.append(Table(where.head("Liquidity gap"), table, formats=_forms(table, ",.1f")))
    return tuple(blocks)


def margin_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Customer rate against transfer rate by product."""
    data = _table(result, "commercial_margin")
    if not {"product", "customer_rate", "transfer_rate", "commercial_margin", "margin_a_year"} <= set(data):
        return ()
    blocks = []
    for currency, part in data.groupby("currency", sort=True):
        where = _of(money, str(currency))
        shown = part[part["share_with_transfer_rate"] > 0]
        table = pd.DataFrame({"product": spaced(shown["product"]), "side": shown["side"]}).reset_index(drop=True)
        table[where.head("balance")] = (shown["balance"] / money.unit).to_numpy()
        for column in ("customer_rate", "transfer_rate", "commercial_margin"):
            table[f"{column.replace('_', ' ')}, %"] = (100 * shown[column]).to_numpy()
        table[where.head("margin a year")] = (shown["margin_a_year"] / money.unit).to_numpy()
        rates = {name: ".2f" for name in table.columns if str(name).endswith(", %")}
        note = "Of the balances that have a transfer rate; margins are of today's balances."
        blocks.append(Table(f"Margin by product, {currency}", table, note, _forms(table, ",.1f", rates)))
    return (*blocks, *_margin_in_income(result, money))


def _margin_in_income(result: IrrbbResult, money: Money) -> Blocks:
    """How much of income is margin, by scenario; one table a balance sheet."""
    data = _table(result, "commercial_margin_summary")
    if data.empty:
        return ()
    blocks: list[Paragraph | Table | Figure] = [Paragraph(MARGIN_WORDS)]
    for sheet, rows in data.groupby("balance_sheet", sort=False):
        scenarios = list(dict.fromkeys(rows["scenario"]))
        table = pd.DataFrame({"scenario": spaced(pd.Series(scenarios))})
        for horizon in (12, 24):
            part = rows[rows["horizon_months"] == horizon].set_index("scenario").loc[scenarios]
            for column, head in (("nii", "income"), ("commercial_margin", "margin"), ("rest", "rest")):
                table[f"{horizon} months, {head}"] = (part[column] / money.unit).to_numpy()
        title = f"Commercial margin in net interest income, {SHEETS.get(str(sheet), str(sheet))} balance sheet"
        blocks.append(Table(f"{title}, {money.name}", table, formats=_forms(table, ",.1f")))
    return tuple(blocks)


def driver_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """What moves income in each year, by scenario, and by product in the worst scenario of the first."""
    data = _table(result, "income_drivers_summary")
    words = (
        "On the constant balance sheet, before any mix shift. Repricing is what is left of today's balances, by resets "
        "and by how fast behaviour takes them off; own rates are those that the bank sets, on balances that stay; new "
        "business is what is renewed at each scenario's rates."
    )
    heads = {"repricing": "repricing", "beta": "own rates", "new_business": "new business", "delta_nii": "change"}
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
    sums = data.groupby(["year", "scenario"], sort=False)[list(heads)].sum() / money.unit
    for year in dict.fromkeys(data["year"]):
        part = sums.loc[year].rename(columns=heads)
        table = pd.DataFrame({"scenario": spaced(pd.Series(part.index))}).join(part.reset_index(drop=True))
        title = f"Change of net interest income, year {year}, {money.name}"
        if year == 1:
            picture = table.drop(columns="change")
            blocks.append(block_of(Exhibit("drivers", title, "bars", picture, "scenario", money.head("change"))))
        blocks.append(Table(title, table, formats=_forms(table, ",.1f")))
    first = sums.loc[data["year"].iloc[0], "delta_nii"]
    worst = str(first.idxmin())
    rows = data[(data["scenario"] == worst) & (data["year"] == data["year"].iloc[0])].reset_index(drop=True)
    table = pd.DataFrame({"product": spaced(rows["product"]), "side": rows["side"]})
    for column, head in heads.items():
        table[head] = rows[column] / money.unit
    title = f"By product, year 1, {worst.replace('_', ' ')}, {money.name}"
    return (*blocks, Table(title, table, formats=_forms(table, ",.1f")))


def duration_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Duration, convexity and DV01 by side and product, the duration gap, key rates."""
    data = _table(result, "durations")
    bumps, gaps = _fact(result, "rate_bumps"), _fact(result, "duration_gap")
    words = (
        f"Zero rates move by {bumps.get('bump_bp', 1):g} basis point both ways (key rates: "
        f"{bumps.get('key_rate_bump_bp', 0.01):g}, convexity: {bumps.get('convexity_bump_bp', 100):g}), "
        "and behaviour responds along each moved curve. DV01 is what one basis point down adds to economic value; "
        "durations are of the amount itself, liabilities as owed."
    )
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
    for currency, part in data.groupby("currency", sort=False):
        where = _of(money, str(currency))
        name = "all currencies" if currency == TOTAL else str(currency)
        gap = gaps.get(str(currency))
        if gap:
            blocks.append(Paragraph(_gap_words(gap, name, where)))
        blocks += [_duration_table(part, name, where), *_key_rate_blocks(result, str(currency), name, where)]
    return tuple(blocks)


def _gap_words(gap: Mapping[str, Any], name: str, money: Money) -> str:
    loss = -float(gap["duration_gap"]) * float(gap["assets"]) * 0.01
    return (
        f"Duration gap, {name}: {number(gap['duration_gap'], '.2f')} years (assets "
        f"{number(gap['asset_duration'], '.2f')}, liabilities {number(gap['liability_duration'], '.2f')}): a rise of "
        f"100 basis points changes economic value by about {money.text(loss)} before convexity."
    )


def _duration_table(part: pd.DataFrame, name: str, money: Money) -> Table:
    both = set(part.loc[part["side"] == "assets", "product"]) & set(part.loc[part["side"] == "liabilities", "product"])
    labels = [_label(*item, item[1] in both) for item in zip(part["side"], part["product"], strict=True)]
    table = pd.DataFrame({"item": labels})
    table[money.head("present value")] = (part["present_value"] / money.unit).to_numpy()
    table["effective duration, years"] = part["effective_duration"].to_numpy()
    table["effective convexity, years²"] = part["effective_convexity"].to_numpy()
    table[money.finer.head("DV01")] = (part["dv01"] / money.finer.unit).to_numpy()
    forms = {"effective duration, years": ",.2f", "effective convexity, years²": ",.1f"}
    return Table(f"Duration, convexity and DV01, {name}", table, formats=_forms(table, ",.1f", forms))


def _label(side: str, product: str, both: bool) -> str:
    """Words for one item; a product of both sides says which."""
    if product == "all":
        return SIDES[side].capitalize()
    return product.replace("_", " ") + (f", {SIDES[side]}" if both else "")


def _key_rate_blocks(result: IrrbbResult, currency: str, name: str, money: Money) -> list[Paragraph | Table | Figure]:
    data = _table(result, "key_rate_durations")
    if data.empty:
        return []
    part = data[data["currency"] == currency]
    sides = [side for side in SIDES if side in set(part["side"])]
    dv01 = part.pivot(index="tenor_months", columns="side", values="key_rate_dv01")[sides] / money.finer.unit
    years = part.pivot(index="tenor_months", columns="side", values="key_rate_duration")[sides]
    tenors = [f"{months / 12:g}Y" if months % 12 == 0 else f"{months:g}M" for months in dv01.index]
    picture = pd.DataFrame({"key rate": tenors})
    table = pd.DataFrame({"key rate": [*tenors, "sum"]})
    for side in sides:
        picture[SIDES[side]] = dv01[side].to_numpy()
        column = years[side].to_numpy()
        table[f"{SIDES[side]}, years"] = [*column, column.sum()]
    for side in sides:
        column = dv01[side].to_numpy()
        table[money.finer.head(f"{SIDES[side]}, DV01")] = [*column, column.sum()]
    title = f"DV01 by key rate, {name}"
    label = f"{money.finer.name} a basis point down"
    forms = _forms(table, ",.1f", {column: ",.2f" for column in table.columns if str(column).endswith("years")})
    note = (
        "Each key rate moves alone, falling off to its neighbours; the first and last hold for all tenors beyond. They "
        "add up to the effective duration but for thresholds in behaviour."
    )
    return [
        block_of(Exhibit("key_rates", title, "bars", picture, "key rate", label)),
        Table(f"Key-rate durations, {name}", table, note, forms),
    ]


def behaviour_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Responding, frozen and standardised behaviour side by side, for EVE and each income measure."""
    data = _table(result, "behaviour_worth")
    words = (
        "Behaviour is the model's along each scenario's path, or held as in base, or that of base times the factors of "
        "the standardised framework; rates that the bank sets follow each scenario unless they are frozen too. "
        "Responding less frozen is what customers' response is worth: negative where it makes the scenario worse. "
        "Frozen less rates frozen too is what it costs or brings that the bank's own rates follow the market."
    )
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
    eve = data[data["measure"] == EVE]
    picture = pd.DataFrame({"scenario": spaced(eve["scenario"])})
    for column in [name for name in ("change_model", "change_frozen") if name in eve]:
        picture[MODES[column]] = (eve[column] / money.unit).to_numpy()
    title = "Change of economic value, behaviour responding and frozen"
    blocks.append(block_of(Exhibit("worth", title, "bars", picture, "scenario", money.head("change"))))
    for measure, part in data.groupby("measure", sort=False):
        table = pd.DataFrame({"scenario": spaced(part["scenario"])}).reset_index(drop=True)
        for column, head in MODES.items():
            if column in part:
                table[head] = (part[column] / money.unit).to_numpy()
        title = f"{_measure_title(str(measure))}, {money.name}"
        blocks.append(Table(title, table, formats=_forms(table, ",.1f")))
    note = "Plain differences to base, before any rule on adding currencies and before the option add-on."
    return (*blocks, Paragraph(note, "note"))


def _measure_title(measure: str) -> str:
    if measure == EVE:
        return "Change of economic value"
    _, months, sheet = measure.split("_", 2)
    return f"Change of net interest income, {months} months, {SHEETS.get(sheet, sheet)} balance sheet"


def sensitivity_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Each assumption and factor: value in base and its change under each shock, ranked."""
    data = _table(result, "assumption_sensitivity")
    if not {"factor", "effect_on_eve", "effect_on_delta_eve", "rank"} <= set(data):
        return ()
    names = list(dict.fromkeys(data["scenario"]))
    words = (
        "Each assumption is scaled on its own and the whole book valued again. The effect in base is on the value "
        "itself, under a shock on its change; the assumption that moves either most comes first. The bars are the "
        "largest effect on the value in any scenario, and the largest on its change."
    )
    largest = data.groupby("assumption", sort=False)[["effect_on_eve", "effect_on_delta_eve"]].agg(_largest)
    bars = pd.DataFrame({"assumption": [ASSUMPTIONS.get(str(name), str(name)) for name in largest.index]})
    bars["on value"] = (largest["effect_on_eve"] / money.unit).to_numpy()
    bars["on its change under a shock"] = (largest["effect_on_delta_eve"] / money.unit).to_numpy()
    title = "Largest effect of each assumption"
    picture = block_of(Exhibit("sensitivity", title, "bars", bars, "assumption", money.head("effect")))
    sheet = str(_fact(result, "assumption_sensitivity").get("nii", "12 months"))
    eve = _sensitivity_table(data, names, EVE, "Economic value of equity", money)
    nii = _sensitivity_table(data, names, "nii", f"Net interest income, {sheet.replace('_', '-')} balance sheet", money)
    return (Paragraph(words), picture, eve, *([nii] if data["nii"].notna().any() else []))


def _largest(values: pd.Series) -> float:
    """The value that is largest without its sign."""
    found = values.to_numpy(dtype=np.float64)
    return float(found[int(np.abs(found).argmax())])


def _sensitivity_table(data: pd.DataFrame, names: Sequence[str], what: str, title: str, money: Money) -> Table:
    rank = "rank" if what == EVE else "rank_nii"
    rows = data.sort_values(rank, kind="stable")
    keys = ["assumption", "factor"]
    base = rows[rows["scenario"] == names[0]].set_index(keys)
    table = pd.DataFrame({"assumption": [ASSUMPTIONS.get(str(name), str(name)) for name, _ in base.index]})
    table["times"] = [factor for _, factor in base.index]
    table[money.head("base")] = (base[what] / money.unit).to_numpy()
    table["effect in base"] = (base[f"effect_on_{what}"] / money.unit).to_numpy()
    for name in names[1:]:
        part = rows[rows["scenario"] == name].set_index(keys).loc[base.index]
        shown = name.replace("_", " ") + " bp"
        table[f"change, {shown}"] = (part[f"delta_{what}"] / money.unit).to_numpy()
        table[f"effect on it, {shown}"] = (part[f"effect_on_delta_{what}"] / money.unit).to_numpy()
    return Table(title, table, formats=_forms(table, ",.1f", {"times": ".1f"}))


def overlay_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Core shares and maturities as modelled and as capped, and economic value with and without the caps."""
    steps, eve = _table(result, "regulatory_overlay"), _table(result, "regulatory_overlay_eve")
    said = _fact(result, "regulatory_overlay")
    words = (
        "A step of its own, not in the figures above: where the core of a category is more than the rule allows, the "
        f"excess flows out on the first day; {CORE_WORDS[str(said.get('core_deposits', 'scaled'))]}. {OVERLAY_CORE}"
    )
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
    blocks += [Paragraph(str(line), "warning") for line in said.get("warnings", ())]
    table = pd.DataFrame({"category": spaced(steps["category"]), "currency": steps["currency"]})
    table[f"balance, {money.word or 'units'}"] = steps["balance"] / money.unit
    for column, head in (("modelled", "as modelled"), ("cap", "cap"), ("used", "used")):
        table[f"core, {head}, %"] = 100 * steps[f"core_share_{column}"]
    for column, head in (("modelled", "as modelled"), ("cap", "cap"), ("used", "used")):
        table[f"years, {head}"] = steps[f"years_{column}"]
    years = {name: ".2f" for name in table.columns if str(name).startswith("years")}
    source = f"Source of the caps: {said.get('source', '')}." if said.get("source") else ""
    blocks.append(Table("Deposits by category", table, source, _forms(table, ",.1f", years)))
    held = eve[eve["currency"] == TOTAL] if (eve["currency"] == TOTAL).any() else eve
    for currency, part in held.groupby("currency", sort=True):
        where = _of(money, str(currency))
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
        blocks.append(Table("Economic value with and without the caps", table, note, _forms(table, ",.1f")))
    return tuple(blocks)


def standardised_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The standardised framework: change by scenario beside frozen flows, the portfolios, the core of deposits."""
    eve, terms = _table(result, "standardised_eve"), _table(result, "standardised_terms")
    slots, said = _table(result, "standardised_slots"), _fact(result, "standardised")
    words = (
        "The same book by the framework's own rules: deposits without maturity as capped core and overnight rest, "
        "prepayment and redemption at base speed times the scenario's factor, floating rates to their next reset, "
        "every flow at the middle of its bucket."
    )
    blocks: list[Paragraph | Table | Figure] = [Paragraph(words)]
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
    own = result.eve_summary[result.eve_summary["currency"] == TOTAL].set_index("scenario")["eve"]
    for column, head in (
        ("eve", money.head("value")),
        ("delta_eve", "change"),
        ("delta_eve_frozen", "change, base flows"),
        ("response", "worth of the factors"),
    ):
        table[head] = (held[column] / money.unit).to_numpy()
    mine = own.reindex(held["scenario"])
    table["change, own models"] = ((mine - mine.iloc[0]) / money.unit).to_numpy()
    blocks.append(Table("By scenario, all currencies", table, formats=_forms(table, ",.1f")))
    blocks.append(_portfolio_table(terms, str(said.get("nmd_rule", ""))))
    core = slots[slots["treatment"] == "nmd"] if "treatment" in slots else slots
    if len(core):
        blocks.append(_core_table(core, money))
    return tuple(blocks)


def _portfolio_table(terms: pd.DataFrame, source: str) -> Table:
    table = pd.DataFrame({"portfolio": spaced(terms["product"]), "customers": spaced(terms["customer_type"])})
    table["treated as"] = [TREATMENTS.get(str(one), str(one)) for one in terms["treatment"]]
    table["reprices, %"] = 100 * terms["pass_through"]
    table["modelled life, years"] = terms["core_years"]
    table["base speed or ratio, %"] = 100 * terms["annual_rate"]
    note = (
        f"Read from the assumption set in base. Caps: {source}." if source else "Read from the assumption set in base."
    )
    return Table("Portfolios", table, note, _forms(table, ",.1f"))


def _core_table(core: pd.DataFrame, money: Money) -> Table:
    table = pd.DataFrame({"product": spaced(core["product"]), "category": spaced(core["category"])})
    table = table.reset_index(drop=True)
    for column, head in (("balance", "balance"), ("core_uncapped", "core uncapped"), ("core", "core used")):
        table[money.head(head) if column == "balance" else head] = (core[column] / money.unit).to_numpy()
    table["cap binds"] = [bool(one) for one in core["cap_binds"]]
    table["years used"] = core["years_used"].to_numpy()
    return Table("Core of deposits", table, STANDARDISED_CORE, _forms(table, ",.1f", {"years used": ".2f"}))


MEASURED = {"eve": "economic value", "nii_12": "12-month income", "nii_24": "24-month income"}


def limit_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The bank's own limits, the scenario that uses most of each, and how much."""
    data = _table(result, "limit_use")
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
    return (Table("", table, note, _forms(table, ",.1f")),)


def option_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The option add-on and Basel's whole change by scenario; nothing without options."""
    summary = result.facts.get("summary", {})
    kao = summary.get("automatic_options_kao", {}) if isinstance(summary, Mapping) else {}
    if not kao:
        return ()
    blocks: list[Paragraph | Table | Figure] = [
        Paragraph(
            "Caps, floors, swaptions and limits inside customer rates are in economic value at implied volatility. "
            "The add-on is what a quarter more volatility adds to the loss under each shocked curve; Basel's figure is "
            "the options' whole change, sold less bought. Both are losses where positive."
        )
    ]
    for currency, by_scenario in sorted(kao.items()):
        rows = result.eve_summary[result.eve_summary["currency"] == currency].set_index("scenario")
        table = pd.DataFrame({"scenario": spaced(pd.Series(list(by_scenario)))})
        where = _of(money, str(currency))
        table[where.head("add-on")] = (rows["option_add_on"].reindex(list(by_scenario)) / money.unit).to_numpy()
        table[where.head("whole change (KAO)")] = [float(value) / money.unit for value in by_scenario.values()]
        blocks.append(Table(f"Automatic options, {currency}", table, formats=_forms(table, ",.2f")))
    return tuple(blocks)
