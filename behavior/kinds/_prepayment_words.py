"""What is said of the market rate that a history's loans are compared with."""

from __future__ import annotations

from behavior.kinds._prepayment_panel import rules_of
from behavior.panel.base import Panel
from behavior.panel.loans import OLD_RATE
from behavior.specs import ModelSpec


def old_rates(panel: Panel) -> str:
    """What is said of rows whose market rate stood still for want of a quote; empty where none did."""
    counts = {reason: count for reason, count in panel.dropped.items() if reason.startswith(OLD_RATE)}
    if not counts:
        return ""
    parts = "; ".join(f"{count:,} {reason.removeprefix(OLD_RATE).strip()}" for reason, count in counts.items())
    return f"its history has holes or ends early: of {len(panel.table):,} rows the rate was last quoted, on {parts}"


def currencies_in_words(panel: Panel, spec: ModelSpec) -> str:
    """What is said of loans in several currencies, whose incentives all stand on one market rate; empty for one."""
    if "currency" not in panel.table:
        return ""
    counts = panel.table["currency"].value_counts()
    present = sorted(str(name) for name, count in counts.items() if count > 0 and str(name))
    silent = len(panel.table) - int(sum(counts[name] for name in present))
    if not present or len(present) + bool(silent) < 2:
        return ""
    unsaid = f" and {silent:,} loan-months that name no currency" if silent else ""
    return (
        f"loans in {', '.join(present)}{unsaid} are all compared with one market rate, `{rules_of(spec).market}`. "
        "Where a currency has a rate of its own, give it a history (`where`) and a model of its own, with that index "
        "as the option `market_rate` and segments that tell the currencies' loans apart"
    )
