"""Net interest income on paper: commercial margin, and what moves income in each year."""

from __future__ import annotations

import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Block, Blocks, Paragraph
from behavior.reporting.exhibits import block_of
from behavior.reporting.irrbb_blocks import extra_table
from behavior.reporting.irrbb_tables import SHEETS, Money, amounts, spaced

MARGIN_WORDS = (
    "Margins are earned on what is left of balances at today's margin, on renewed and new business at its own. The "
    "rest of income is what the bank earns on the transfer of rates, on derivatives, and on positions without a "
    "transfer rate."
)


def margin_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """Customer rate against transfer rate by product."""
    data = extra_table(result, "commercial_margin")
    blocks = []
    for currency, part in data.groupby("currency", sort=True):
        where = money.in_currency(currency)
        shown = part[part["share_with_transfer_rate"] > 0]
        table = pd.DataFrame({"product": spaced(shown["product"]), "side": shown["side"]}).reset_index(drop=True)
        table[where.head("balance")] = (shown["balance"] / money.unit).to_numpy()
        for column in ("customer_rate", "transfer_rate", "commercial_margin"):
            table[f"{column.replace('_', ' ')}, %"] = (100 * shown[column]).to_numpy()
        table[where.head("margin a year")] = (shown["margin_a_year"] / money.unit).to_numpy()
        rates = {name: ".2f" for name in table.columns if str(name).endswith(", %")}
        note = "Of the balances that have a transfer rate; margins are of today's balances."
        blocks.append(amounts(f"Margin by product, {currency}", table, note, rates))
    return (*blocks, *_margin_in_income(result, money))


def _margin_in_income(result: IrrbbResult, money: Money) -> Blocks:
    """How much of income is margin, by scenario; one table a balance sheet."""
    data = extra_table(result, "commercial_margin_summary")
    if data.empty:
        return ()
    blocks: list[Block] = [Paragraph(MARGIN_WORDS)]
    for sheet, rows in data.groupby("balance_sheet", sort=False):
        scenarios = list(dict.fromkeys(rows["scenario"]))
        table = pd.DataFrame({"scenario": spaced(pd.Series(scenarios))})
        for horizon in (12, 24):
            part = rows[rows["horizon_months"] == horizon].set_index("scenario").loc[scenarios]
            for column, head in (("nii", "income"), ("commercial_margin", "margin"), ("rest", "rest")):
                table[f"{horizon} months, {head}"] = (part[column] / money.unit).to_numpy()
        title = f"Commercial margin in net interest income, {SHEETS.get(str(sheet), str(sheet))} balance sheet"
        blocks.append(amounts(f"{title}, {money.name}", table))
    return tuple(blocks)


def driver_blocks(result: IrrbbResult, money: Money) -> Blocks:
    """What moves income in each year, by scenario, and by product in the worst scenario of the first."""
    data = extra_table(result, "income_drivers_summary")
    words = (
        "On the constant balance sheet, before any mix shift. Repricing is what is left of today's balances, by resets "
        "and by how fast behaviour takes them off; own rates are those that the bank sets, on balances that stay; new "
        "business is what is renewed at each scenario's rates."
    )
    heads = {"repricing": "repricing", "beta": "own rates", "new_business": "new business", "delta_nii": "change"}
    blocks: list[Block] = [Paragraph(words)]
    sums = data.groupby(["year", "scenario"], sort=False)[list(heads)].sum() / money.unit
    for year in dict.fromkeys(data["year"]):
        part = sums.loc[year].rename(columns=heads)
        table = pd.DataFrame({"scenario": spaced(pd.Series(part.index))}).join(part.reset_index(drop=True))
        title = f"Change of net interest income, year {year}, {money.name}"
        if year == 1:
            picture = table.drop(columns="change")
            blocks.append(block_of(Exhibit("drivers", title, "bars", picture, "scenario", money.head("change"))))
        blocks.append(amounts(title, table))
    first = sums.loc[data["year"].iloc[0], "delta_nii"]
    worst = str(first.idxmin())
    rows = data[(data["scenario"] == worst) & (data["year"] == data["year"].iloc[0])].reset_index(drop=True)
    table = pd.DataFrame({"product": spaced(rows["product"]), "side": rows["side"]})
    for column, head in heads.items():
        table[head] = rows[column] / money.unit
    title = f"By product, year 1, {worst.replace('_', ' ')}, {money.name}"
    return (*blocks, amounts(title, table))
