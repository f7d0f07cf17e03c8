"""Tables and pictures of a valuation, in amounts a reader can hold in the head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.market.scenario_sets import BASE
from behavior.measures.eve import TOTAL
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Table
from behavior.reporting.tables import number, spoken

SHEETS = {"run_off": "run-off"}
TWO_YEARS = 24
PRODUCT = ("currency", "side", "product")
NAMED = 3
"""Products that the summary names."""
UNITS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


@dataclass(frozen=True)
class Money:
    """Currency and unit in which a report shows amounts."""

    currency: str
    unit: float
    word: str

    @classmethod
    def of(cls, result: IrrbbResult, currency: str) -> Money:
        """The unit in which the largest base value has two to four digits before the point."""
        total = result.eve_summary["eve"].abs().max() if len(result.eve_summary) else 0.0
        unit, word = next(((unit, word) for unit, word in UNITS if total >= 10 * unit), (1.0, ""))
        return cls(currency, unit, word)

    def in_currency(self, currency: object) -> Money:
        """The same unit of one currency's amounts; totals stay in the reporting currency."""
        return self if currency == TOTAL else replace(self, currency=str(currency))

    @property
    def finer(self) -> Money:
        """The unit a thousand times smaller, for what one basis point does."""
        unit = max(self.unit / 1e3, 1.0)
        return replace(self, unit=unit, word=dict(UNITS).get(unit, ""))

    @property
    def name(self) -> str:
        """``USD million``."""
        return " ".join(part for part in (self.currency, self.word) if part) or "currency units"

    def head(self, what: str) -> str:
        """A column heading with its unit."""
        return f"{what}, {self.name}"

    def text(self, amount: Any) -> str | None:
        """An amount with its unit, or None where there is none."""
        if amount is None or not np.isfinite(float(amount)):
            return None
        figure = number(float(amount) / self.unit, ",.1f")
        return " ".join(part for part in (self.currency, figure, self.word) if part)


def bucket_words(names: Iterable[Any]) -> list[str]:
    """Buckets as people write them: ``1M-3M``, ``>20Y``."""
    return [str(name).replace("GT_", ">").replace("_", "-") for name in names]


def spaced(names: pd.Series) -> pd.Series:
    """Scenario and product names as words."""
    return names.astype(str).map(spoken)


def amounts(title: str, table: pd.DataFrame, note: str = "", others: Mapping[str, str] | None = None) -> Table:
    """A table whose numbers have one decimal, but for the columns that have a format among `others`."""
    plain = {str(name): ",.1f" for name in table.columns if pd.api.types.is_numeric_dtype(table[name])}
    return Table(title, table, note, {**plain, **(others or {})})


def eve_table(rows: pd.DataFrame, title: str, money: Money) -> Table:
    """EVE by scenario with its change, the option add-on and the shares."""
    table = pd.DataFrame({"scenario": spaced(rows["scenario"])})
    base = rows.loc[rows["scenario"] == BASE, "eve"]
    plain = rows["eve"] - (float(base.iloc[0]) if len(base) else np.nan)
    # Where the framework counts gains in part or not at all, its change is not the difference of the values.
    counted = bool((plain - rows["delta_eve"]).abs().max() > 1e-6 * rows["eve"].abs().max())
    if counted:
        rows = rows.assign(plain=plain)
    heads = {
        "eve": money.head("EVE"),
        **({"plain": "difference to base"} if counted else {}),
        "delta_eve": "change counted" if counted else "change",
        "option_add_on": "option add-on",
        "delta_eve_after_options": "change after add-on",
    }
    for column, head in heads.items():
        if column == "option_add_on" and not (rows[column].fillna(0) != 0).any():
            continue
        table[head] = rows[column] / money.unit
    table["% of base"] = 100 * rows["delta_eve_pct_base"]
    table["% of Tier 1"] = 100 * rows["delta_eve_pct_tier1"]
    if "option add-on" not in table:
        table = table.drop(columns="change after add-on")
    note = (
        "A loss is negative; the add-on is a loss where positive."
        if "option add-on" in table
        else "A loss is negative."
    )
    note += " Changes are in the same unit as EVE."
    if counted:
        note += (
            " The change counted follows the framework's rule for adding currencies, under which gains count in part "
            "or not at all; the shares use it."
        )
    return amounts(title, table.reset_index(drop=True), note)


def eve_picture(result: IrrbbResult) -> Exhibit:
    """Change of EVE by scenario as a share of Tier 1 (of base EVE where Tier 1 is not known)."""
    total = result.eve_total[result.eve_total["scenario"] != BASE]
    of_tier1 = total["delta_eve_pct_tier1"].notna().all()
    share = total["delta_eve_pct_tier1"] if of_tier1 else total["delta_eve_pct_base"]
    unit = "% of Tier 1" if of_tier1 else "% of base EVE"
    data = pd.DataFrame({"scenario": spaced(total["scenario"])})
    plain = total["eve"] - _base_value(result)
    if (plain - total["delta_eve"]).abs().max() > 1e-6 * total["eve"].abs().max():
        # The scale that turns the counted change into its share turns the plain one into its own.
        scale = (share / total["delta_eve_after_options"]).replace([np.inf, -np.inf], np.nan).median()
        data["difference to base"] = 100 * plain * scale
        data["counted by the framework"] = 100 * share
    else:
        data["change of EVE"] = 100 * share
    data = data.reset_index(drop=True)
    return Exhibit("eve", "Change of economic value by scenario", "bars", data, "scenario", unit)


def _base_value(result: IrrbbResult) -> float:
    found = result.eve_total.loc[result.eve_total["scenario"] == BASE, "eve"]
    return float(found.iloc[0]) if len(found) else float("nan")


def nii_picture(result: IrrbbResult) -> list[Exhibit]:
    """Change of 12-month NII by scenario, one bar a balance-sheet assumption."""
    summary = result.nii_summary
    year = summary[(summary["horizon_months"] == 12) & (summary["scenario"] != BASE)]
    if year.empty:
        return []
    of_tier1 = year["delta_nii_pct_tier1"].notna().all()
    column = "delta_nii_pct_tier1" if of_tier1 else "delta_nii_pct_base"
    wide = _wide(year, column)
    data = pd.DataFrame({"scenario": spaced(pd.Series(wide.index))})
    for sheet in wide.columns:
        data[SHEETS.get(str(sheet), str(sheet)) + " balance sheet"] = 100 * wide[sheet].to_numpy()
    title = "Change of 12-month net interest income by scenario"
    return [Exhibit("nii", title, "bars", data, "scenario", "% of Tier 1" if of_tier1 else "% of base NII")]


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    order, sheets = (list(dict.fromkeys(rows[name])) for name in ("scenario", "balance_sheet"))
    return rows.pivot(index="scenario", columns="balance_sheet", values=column).loc[order, sheets]


def nii_tables(result: IrrbbResult, sheet: str, money: Money) -> tuple[Table, ...]:
    """NII by scenario for one balance-sheet assumption: the first two years in full, what lies beyond more briefly."""
    horizons = sorted(int(one) for one in result.nii_summary["horizon_months"].unique())
    parts = ([one for one in horizons if one <= TWO_YEARS], [one for one in horizons if one > TWO_YEARS])
    return tuple(_nii_table(result, sheet, money, part) for part in parts if part)


def _nii_table(result: IrrbbResult, sheet: str, money: Money, horizons: list[int]) -> Table:
    rows = result.nii_summary[result.nii_summary["balance_sheet"] == sheet]
    order = list(dict.fromkeys(rows["scenario"]))
    table = pd.DataFrame({"scenario": spaced(pd.Series(order))})
    for horizon in horizons:
        part = rows[rows["horizon_months"] == horizon].set_index("scenario").loc[order]
        table[f"{horizon} months, {money.name}"] = (part["nii"] / money.unit).to_numpy()
        table[f"{horizon} months, change"] = (part["delta_nii"] / money.unit).to_numpy()
        if horizon <= TWO_YEARS:
            table[f"{horizon} months, % of base"] = (100 * part["delta_nii_pct_base"]).to_numpy()
            table[f"{horizon} months, % of Tier 1"] = (100 * part["delta_nii_pct_tier1"]).to_numpy()
    further = ", further years" if min(horizons) > TWO_YEARS else ""
    note = "A loss of income is negative. Changes are against base, in the same unit as income."
    title = f"{SHEETS.get(sheet, sheet).capitalize()} balance sheet{further}"
    return amounts(title, table, note)


def nii_path(result: IrrbbResult, money: Money) -> list[Exhibit]:
    """Monthly NII by scenario, one picture a balance-sheet assumption and currency."""
    found = []
    for (sheet, currency), part in result.nii.groupby(["balance_sheet", "currency"], sort=False):
        by_month = part.groupby(["scenario", "month"], sort=False)["nii"].sum().unstack("scenario")
        order = list(dict.fromkeys(part["scenario"]))
        data = (by_month[order] / money.unit).reset_index()
        data.columns = pd.Index(["month", *(str(name).replace("_", " ") for name in order)])
        words = SHEETS.get(str(sheet), str(sheet))
        title = f"Monthly net interest income, {words} balance sheet, {currency}"
        where = money.in_currency(currency)
        x_label = "month after the valuation date" if pd.api.types.is_numeric_dtype(data["month"]) else "month"
        found.append(Exhibit(f"nii_path_{sheet}_{currency}", title, "lines", data, x_label, where.head("a month")))
    return found


def product_table(result: IrrbbResult, money: Money) -> Table:
    """Present value by product in base and its change in the worst scenario of the total, per currency."""
    worst, base, change = _product_changes(result)
    table = base.reset_index()[list(PRODUCT)].assign(product=lambda rows: spaced(rows["product"]))
    unit = money.word or "units"
    table[f"base value, {unit}"] = base.to_numpy() / money.unit
    if worst != BASE:
        table[f"change, {worst.replace('_', ' ')}"] = change.to_numpy() / money.unit
        with np.errstate(divide="ignore", invalid="ignore"):
            table["change, % of value"] = 100 * change.to_numpy() / np.abs(base.to_numpy())
    note = (
        "Amounts in the row's currency; liabilities are negative values, so a fall in what they are worth is positive."
    )
    formats = {str(name): ",.1f" for name in table.columns[3:]}
    return Table("By product, in base and in the worst scenario", table, note, formats)


def behind_words(result: IrrbbResult, money: Money) -> str:
    """Which products the worst change of economic value comes from, largest first; empty where only base was valued."""
    worst, _, change = _product_changes(result)
    moved = change.groupby(level=["currency", "product"], sort=True).sum().rename("amount").reset_index()
    moved = moved[moved["amount"] != 0]
    if worst == BASE or moved.empty:
        return ""
    first = moved.sort_values("amount", key=lambda amounts: -amounts.abs(), kind="stable").head(NAMED)
    said = [
        f"{spoken(str(row['product']))} {money.in_currency(str(row['currency'])).text(row['amount'])}"
        for row in first.to_dict("records")
    ]
    return f" Behind the change of economic value stand most of all {', '.join(said)}."


def _product_changes(result: IrrbbResult) -> tuple[str, pd.Series, pd.Series]:
    """The worst scenario of the total, and by currency, side and product the base value and its change there."""
    shocked = result.eve_total[result.eve_total["scenario"] != BASE]
    lowest = int(shocked["delta_eve_after_options"].to_numpy().argmin()) if len(shocked) else 0
    worst = str(shocked["scenario"].iloc[lowest]) if len(shocked) else BASE
    value = result.eve.groupby(["scenario", *PRODUCT], sort=True)["present_value"].sum()
    base = value.xs(BASE, level="scenario")
    return worst, base, value.xs(worst, level="scenario").reindex(base.index) - base


INTO, OUT = ("asset", "receive"), ("liability", "pay")


def of_sides(sides: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """The sum of the named sides, one column each, of which some may be absent."""
    return sides.reindex(columns=list(names), fill_value=0.0).sum(axis=1)


def _sides(rows: pd.DataFrame) -> pd.DataFrame:
    order = list(dict.fromkeys(rows["bucket"]))
    rows = rows[rows.groupby("side")["repricing_amount"].transform(lambda part: part.abs().max()) > 0]
    sums = rows.groupby(["bucket", "side"], sort=False)["repricing_amount"].sum().unstack("side").reindex(order)
    return sums.fillna(0.0)


def gap_pictures(result: IrrbbResult, money: Money) -> list[Exhibit]:
    """What reprices by bucket, and the cumulative gap; one pair of pictures a currency."""
    found = []
    for currency, part in result.gap.groupby("currency", sort=True):
        sides = _sides(part)
        labels = bucket_words(sides.index)
        # Liabilities point the other way, whichever sign the table gives them.
        held, owed = (of_sides(sides.abs(), names).to_numpy() / money.unit for names in (INTO, OUT))
        data = pd.DataFrame({"bucket": labels, "assets": held, "liabilities": -owed})
        where = money.in_currency(currency)
        title = f"What reprices when, {currency}: assets and received legs one way, liabilities and paid legs the other"
        found.append(Exhibit(f"gap_{currency}", title, "bars", data, "bucket", where.head("repricing amount")))
        running = pd.DataFrame({"bucket": labels, "cumulative gap": _running(part, sides) / money.unit})
        title = f"Cumulative gap, {currency}"
        found.append(Exhibit(f"gap_running_{currency}", title, "lines", running, "up to", where.head("cumulative gap")))
    return found


def _running(part: pd.DataFrame, sides: pd.DataFrame) -> np.ndarray:
    """The cumulative gap is the bucket's, written on each of its rows."""
    return part.groupby("bucket", sort=False)["cumulative_gap"].last().reindex(sides.index).to_numpy(np.float64)


def gap_tables(result: IrrbbResult, money: Money) -> tuple[Table, ...]:
    """Repricing amounts by side and the cumulative gap, one table a currency."""
    found = []
    for currency, part in result.gap.groupby("currency", sort=True):
        sides = _sides(part)
        where = money.in_currency(currency)
        table = pd.DataFrame({"bucket": bucket_words(sides.index)})
        for side in sides.columns:
            table[str(side)] = sides[side].to_numpy() / money.unit
        table["cumulative gap"] = _running(part, sides) / money.unit
        found.append(amounts(where.head("Repricing gap"), table))
    return tuple(found)


SHARES = {
    "share_clamped": "beyond the curve's rates",
    "share_extrapolated": "beyond the curve's months",
    "share_without_burnout": "without a burnout count",
}


def coverage_shares(coverage: pd.DataFrame, money: Money) -> str:
    """How much of the behaving balance has its own curve, and how much is held or extended; each balance once.

    A position with several causes has a row for each curve; it counts once, by the weakest of them.
    """
    parts = coverage.groupby(["product", "segment"], sort=False).agg(
        balance=("balance", "max"),
        how=("how", lambda ways: min(ways, key=_weakness)),
        **{column: (column, "max") for column in SHARES if column in coverage},
    )
    behaving = parts[parts["how"] != "none"]
    total = float(behaving["balance"].sum())
    contractual = float(parts.loc[parts["how"] == "none", "balance"].sum())
    rest = f"{money.text(contractual)} more, derivatives included, has no behaviour and flows as contracted."
    if total <= 0:
        return f"No position behaves. {rest}"
    by_way = behaving.groupby("how")["balance"].sum() / total
    ways = [f"{100 * float(by_way[way]):.1f}% {WAYS[way]}" for way in WAYS if way in by_way]
    held = [
        f"{100 * float((behaving['balance'] * behaving[column].fillna(0)).sum() / total):.1f}% {name}"
        for column, name in SHARES.items()
        if column in behaving
    ]
    return (
        f"Of {money.text(total)} that behaves, {', '.join(ways)}. By balance and month, curves are read "
        f"{', '.join(held)}. {rest}"
    )


WAYS = {
    "own": "has curves of its own segment",
    "pooled": "uses a pooled curve",
    "overnight": "has no curve and goes to the first day",
}


def _weakness(way: str) -> int:
    return {"overnight": 0, "pooled": 1, "own": 2}.get(way, 3)


def coverage_table(coverage: pd.DataFrame, money: Money) -> Table:
    """One row a product, segment and curve; what has no behaviour is left to the sentence above."""
    behaving = coverage[coverage["how"] != "none"]
    table = behaving[["product", "curve", "how"]].copy()
    for name in ("product", "curve"):
        table[name] = spaced(table[name])
    balance = money.head("balance")
    table[balance] = behaving["balance"] / money.unit
    for column, name in SHARES.items():
        if column in behaving:
            table[f"{name}, %"] = 100 * behaving[column]
    table = table.sort_values(balance, ascending=False, ignore_index=True, kind="stable")
    note = "A position with several causes stands once for each of its curves."
    return Table("Curves used", table, note, {str(name): ",.1f" for name in table.columns[3:]})
