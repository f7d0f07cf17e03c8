"""Risk measures on paper: liquidity, durations, worth of behaviour, sensitivities, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.measures.eve import TOTAL
from behavior.measures.key_rates import EVE
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Block, Blocks, Paragraph, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.irrbb_blocks import extra_table, fact_of
from behavior.reporting.irrbb_tables import INTO, OUT, SHEETS, Money, amounts, bucket_words, of_sides, spaced
from behavior.reporting.tables import number

SIDES = {"assets": "assets", "liabilities": "liabilities", EVE: "economic value of equity"}
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


def liquidity_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Cash by bucket and its running sum, one picture and table a currency."""
    words = (
        "Cash of the base scenario: principal and interest when they are paid, behaviour included; redeposits as the "
        "engine's view of deposits counts them. It is not the liquidity coverage ratio's stress."
    )
    blocks: list[Block] = [Paragraph(words)]
    for currency, part in extra_table(result, "liquidity_gap").groupby("currency", sort=True):
        where = money.in_currency(currency)
        sums = part.groupby(["bucket", "side"], sort=False)["cash_flow"].sum().unstack("side").fillna(0.0)
        into, out = ((of_sides(sums, names) / money.unit).to_numpy() for names in (INTO, OUT))
        running = part.groupby("bucket", sort=False)["cumulative_gap"].last().reindex(sums.index) / money.unit
        labels = bucket_words(sums.index)
        data = pd.DataFrame({"bucket": labels, "comes in": into, "goes out": -out})
        title = f"Cash by bucket, {currency}"
        blocks.append(block_of(Exhibit("liquidity", title, "bars", data, "bucket", where.head("cash"))))
        table = pd.DataFrame({"bucket": labels, "comes in": into, "goes out": out})
        table["cumulative gap"] = running.to_numpy()
        blocks.append(amounts(where.head("Liquidity gap"), table))
    return tuple(blocks)


def duration_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Duration, convexity and DV01 by side and product, the duration gap, key rates."""
    data = extra_table(result, "durations")
    bumps, gaps = fact_of(result, "rate_bumps"), fact_of(result, "duration_gap")
    words = (
        f"Zero rates move by {bumps.get('bump_bp', 1):g} basis point both ways (key rates: "
        f"{bumps.get('key_rate_bump_bp', 0.01):g}, convexity: {bumps.get('convexity_bump_bp', 100):g}), "
        "and behaviour responds along each moved curve. DV01 is what one basis point down adds to economic value; "
        "durations are of the amount itself, liabilities as owed."
    )
    blocks: list[Block] = [Paragraph(words)]
    for currency, part in data.groupby("currency", sort=False):
        where = money.in_currency(currency)
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
    return amounts(f"Duration, convexity and DV01, {name}", table, others=forms)


def _label(side: str, product: str, both: bool) -> str:
    """Words for one item; a product of both sides says which."""
    if product == "all":
        return SIDES[side].capitalize()
    return product.replace("_", " ") + (f", {SIDES[side]}" if both else "")


def _key_rate_blocks(result: IrrbbResult, currency: str, name: str, money: Money) -> list[Block]:
    data = extra_table(result, "key_rate_durations")
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
    forms = {column: ",.2f" for column in table.columns if column.endswith("years")}
    note = (
        "Each key rate moves alone, falling off to its neighbours; the first and last hold for all tenors beyond. They "
        "add up to the effective duration but for thresholds in behaviour."
    )
    return [
        block_of(Exhibit("key_rates", title, "bars", picture, "key rate", label)),
        amounts(f"Key-rate durations, {name}", table, note, forms),
    ]


def behaviour_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Responding, frozen and standardised behaviour side by side, for EVE and each income measure."""
    data = extra_table(result, "behaviour_worth")
    words = (
        "Behaviour is the model's along each scenario's path, or held as in base, or that of base times the factors of "
        "the standardised framework; rates that the bank sets follow each scenario unless they are frozen too. "
        "Responding less frozen is what customers' response is worth: negative where it makes the scenario worse. "
        "Frozen less rates frozen too is what it costs or brings that the bank's own rates follow the market."
    )
    blocks: list[Block] = [Paragraph(words)]
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
        blocks.append(amounts(title, table))
    note = "Plain differences to base, before any rule on adding currencies and before the option add-on."
    return (*blocks, Paragraph(note, "note"))


def _measure_title(measure: str) -> str:
    if measure == EVE:
        return "Change of economic value"
    _, months, sheet = measure.split("_", 2)
    return f"Change of net interest income, {months} months, {SHEETS.get(sheet, sheet)} balance sheet"


def sensitivity_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Each assumption and factor: value in base and its change under each shock, ranked."""
    data = extra_table(result, "assumption_sensitivity")
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
    sheet = str(fact_of(result, "assumption_sensitivity").get("nii", "12 months"))
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
    return amounts(title, table, others={"times": ".1f"})


def option_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """The option add-on and Basel's whole change by scenario; nothing without options."""
    summary = result.facts.get("summary", {})
    kao = summary.get("automatic_options_kao", {}) if isinstance(summary, Mapping) else {}
    if not kao:
        return ()
    blocks: list[Block] = [
        Paragraph(
            "Caps, floors, swaptions and limits inside customer rates are in economic value at implied volatility. "
            "The add-on is what a quarter more volatility adds to the loss under each shocked curve; Basel's figure is "
            "the options' whole change, sold less bought. Both are losses where positive."
        )
    ]
    for currency, by_scenario in sorted(kao.items()):
        rows = result.eve_summary[result.eve_summary["currency"] == currency].set_index("scenario")
        table = pd.DataFrame({"scenario": spaced(pd.Series(list(by_scenario)))})
        where = money.in_currency(currency)
        table[where.head("add-on")] = (rows["option_add_on"].reindex(list(by_scenario)) / money.unit).to_numpy()
        table[where.head("whole change (KAO)")] = [float(value) / money.unit for value in by_scenario.values()]
        forms = dict.fromkeys(table.columns[1:], ",.2f")
        blocks.append(amounts(f"Automatic options, {currency}", table, others=forms))
    return tuple(blocks)
